"""The benchmark's patients: thousands of names that sound like a town's, always the same."""

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from clinic.patients import rules as patient_rules
from tests.bench.load import Row, Step
from tests.bench.sizes import NOW, Size

GIVEN = (
    "Aaron Adam Ahmed Aisha Aleksandra Ali Alice Amira Amélie Ana Andrea Anna Anton Ayşe Beatriz"
    " Bilal Björn Carla Carlos Caroline Chiara Clara Daniel Daria David Denis Dilek Elena Elif Emil"
    " Emma Emre Fatima Felix Finn Florian Frida Gabriel Georg Giulia Greta Hana Hannah Hassan Helena"
    " Henry Hugo Ibrahim Ida Ines Ingrid Isabel Ivan Jakob Jan Jana Joana Johanna Jonas José Julia"
    " Jürgen Karim Katarzyna Kemal Khalid Lars Laura Layla Lena Leo Leyla Liam Lina Luca Lucía Luis"
    " Magdalena Maja Malik Marek Maria Mariam Marko Marta Mateo Matthias Maya Mehmet Mia Michał Milan"
    " Mohammed Murat Mustafa Nadia Nadine Natalia Nicolas Nils Nina Noor Olga Oliver Omar Oskar Paul"
    " Paula Pavel Peter Petra Philipp Piotr Rania Raúl Robert Rosa Sabine Samir Samira Sara Sebastian"
    " Selin Simon Sofia Sophie Stefan Svenja Tarek Teresa Theo Thomas Tim Tobias Tomáš Valentina Vera"
    " Viktor Yasmin Youssef Yusuf Zeynep Zoé"
).split()
_BEGINNINGS = (
    "Acker Alt Amman Bach Bauer Berg Birk Blum Born Brand Braun Breit Brück Buch Busch Eber Eck Eich"
    " Falken Feld Fried Fuchs Garten Gold Grün Hafer Hart Hasel Heide Hein Hoch Holz Kirch Klein Knob"
    " Kreuz Lang Lerch Linden Loh Mark Meier Mittel Mühl Neu Nieder Ober Oster Pfeiffer Rauch Rein"
    " Rosen Roth Sander Schäfer Schild Schön Schwarz Sommer Stein Stern Stolz Tann Vogel Wagner Wald"
    " Weber Wein Weiß Wester Winter Wolf Zimmer"
).split()
_ENDINGS = (
    "er mann stein berg feld bach meister hauer schmidt bauer reich hardt wald inger ling ke ler ner"
    " hoff brecht"
).split()
_OTHERS = (
    "Abdulrahman Aziz Aydın Ben-Salem Çelik Costa Dąbrowski Demir Duarte El-Sayed Farouk Fernández"
    " Ferreira García Grant Haddad Horvat Ivanova Jansen Kaya Khan Kovács Kowalski Kılıç López Mansour"
    " Marković Müller Nasser Nguyen Nilsson Novák O'Brien Okoye Olsen Öztürk Petrov Popescu Rahimi"
    " Rossi Salem Santos Silva Smith Şahin Taylor Yılmaz van-der-Berg"
).split()
PHONE = "+4930{:07d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """One patient as the tables need it."""

    id: int
    family_name: str
    given_name: str
    sex: str
    birth_date: dt.date
    phone: str
    file_number: str


class People:
    """All patients of a size."""

    def __init__(self, size: Size) -> None:
        self.count = size.patients

    def all(self) -> Iterator[Somebody]:
        """Yield everybody in the order of their ids."""
        dice = random.Random(1)
        for n in range(1, self.count + 1):
            yield Somebody(
                id=n,
                family_name=_family(dice),
                given_name=dice.choice(GIVEN),
                sex=dice.choice(("female", "male")),
                birth_date=dt.date(1942, 1, 1) + dt.timedelta(days=dice.randrange(23_000)),
                phone=PHONE.format(n * 7_919 % 10_000_000),
                file_number=patient_rules.file_number_of(n),
            )

    def steps(self) -> list[Step]:
        """Return the patients and what they are found under."""
        people = Step(
            table="patient",
            columns=(
                "id", "location_id", "public_id", "file_number", "family_name", "given_name", "sex",
                "birth_date", "phone", "email", "address", "language", "note", "status",
                "search_text", "created_at", "version",
            ),
            count=self.count,
            rows=self._rows,
        )  # fmt: skip
        keys = Step(
            table="patient_search_key",
            columns=("kind", "key", "patient_id"),
            count=sum(1 for _ in self._keys()),
            rows=self._keys,
        )
        return [people, keys]

    def _rows(self) -> Iterator[Row]:
        for one in self.all():
            yield (
                one.id, 1, str(uuid.UUID(int=one.id)), one.file_number, one.family_name,
                one.given_name, one.sex, one.birth_date, one.phone, "", "", "en", "", "active",
                _found_under(one).text, NOW, 1,
            )  # fmt: skip

    def _keys(self) -> Iterator[Row]:
        for one in self.all():
            for kind, key in sorted(_found_under(one).keys):
                yield kind.value, key, one.id


def _family(dice: random.Random) -> str:
    if dice.random() < 0.25:
        return dice.choice(_OTHERS)
    name = dice.choice(_BEGINNINGS) + dice.choice(_ENDINGS)
    return f"{name}-{dice.choice(_OTHERS)}" if dice.random() < 0.1 else name


def _found_under(one: Somebody) -> patient_rules.SearchKeys:
    return patient_rules.search_keys(
        family_name=one.family_name,
        given_name=one.given_name,
        phone=one.phone,
        file_number=one.file_number,
    )
