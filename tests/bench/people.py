"""The benchmark's patients: thousands of names that sound like a town's, always the same."""

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clinic.patients import rules as patient_rules
from tests.bench.load import Row, Step
from tests.bench.sizes import NOW, Size

_NAMES = Path(__file__).with_name("names.txt").read_text(encoding="utf-8").split("\n\n")
_GIVEN, _BEGINNINGS, _ENDINGS, _FAMILY = (part.split() for part in _NAMES)
"""Given names; beginnings and endings of German family names; family names from elsewhere."""
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
                given_name=dice.choice(_GIVEN),
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
        return dice.choice(_FAMILY)
    name = dice.choice(_BEGINNINGS) + dice.choice(_ENDINGS)
    return f"{name}-{dice.choice(_FAMILY)}" if dice.random() < 0.1 else name


def _found_under(one: Somebody) -> patient_rules.SearchKeys:
    return patient_rules.search_keys(
        family_name=one.family_name,
        given_name=one.given_name,
        phone=one.phone,
        file_number=one.file_number,
    )
