"""The invented people of the demo clinic. Nobody here exists."""

import datetime as dt
import random
from dataclasses import dataclass

from clinic.patients.values import Sex


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One invented patient."""

    given: str
    family: str
    sex: Sex
    born: dt.date
    phone: str
    language: str


_F, _M = Sex.FEMALE, Sex.MALE
_NAMES: tuple[tuple[str, str, Sex, str], ...] = (
    ("Samuel", "Okoye", _M, "en"), ("Karim", "Nasser", _M, "ar"), ("Marta", "Keller", _F, "de"),
    ("Amira", "Haddad", _F, "ar"), ("Thomas", "Brunner", _M, "de"), ("Leyla", "Demir", _F, "de"),
    ("Ines", "Duarte", _F, "en"), ("Paul", "Neumann", _M, "de"), ("Rania", "Mansour", _F, "ar"),
    ("Oliver", "Grant", _M, "en"), ("Nadia", "Salem", _F, "ar"), ("Yusuf", "Demir", _M, "de"),
    ("Clara", "Vogt", _F, "de"), ("Eva", "Lindner", _F, "de"), ("Bilal", "Aziz", _M, "en"),
    ("Viktor", "Braun", _M, "de"), ("Sara", "Nilsson", _F, "en"), ("Omar", "Farouk", _M, "ar"),
    ("Anton", "Weiss", _M, "de"), ("Dalia", "Kassem", _F, "ar"), ("Greta", "Olsen", _F, "en"),
    ("Peter", "Lang", _M, "de"), ("Mona", "Rahimi", _F, "en"), ("Julia", "Stein", _F, "de"),
    ("Felix", "Huber", _M, "de"), ("Miriam", "Hartmann", _F, "de"), ("Hana", "Sato", _F, "en"),
    ("Lukas", "Schäfer", _M, "de"), ("María Luisa", "García Vega", _F, "en"),
    ("Seán", "O’Brien", _M, "en"), ("Elif", "Yılmaz", _F, "de"), ("Mehmet", "Öztürk", _M, "de"),
    ("Zofia", "Kowalska", _F, "en"), ("Jürgen", "Müller", _M, "de"), ("Noor", "Haddad", _F, "ar"),
    ("Ibrahim", "Saleh", _M, "ar"), ("Chiara", "Ricci", _F, "en"), ("Dario", "Conti", _M, "en"),
    ("Anneke", "de Vries", _F, "en"), ("Emil", "Novák", _M, "en"), ("Layla", "Said", _F, "ar"),
    ("Frida", "Berg", _F, "en"), ("Tariq", "Mahmoud", _M, "ar"), ("Lena", "Fischer", _F, "de"),
    ("Marco", "Silva", _M, "en"), ("Petra", "Wolf", _F, "de"), ("Hassan", "Darwish", _M, "ar"),
    ("Ida", "Larsen", _F, "en"), ("Jonas", "Koch", _M, "de"), ("Salma", "Khalil", _F, "ar"),
    ("David", "Cohen", _M, "en"), ("Nina", "Popova", _F, "en"), ("Murat", "Kaya", _M, "de"),
    ("Carla", "Moreno", _F, "en"), ("Stefan", "Vogel", _M, "de"), ("Yasmin", "Aziz", _F, "ar"),
    ("Erik", "Lund", _M, "en"), ("Helena", "Costa", _F, "en"), ("Adam", "Nowak", _M, "en"),
    ("Fatima", "Zahra", _F, "ar"), ("Georg", "Bauer", _M, "de"), ("Alma", "Hansen", _F, "en"),
    ("Rashid", "Hamdan", _M, "ar"), ("Sofie", "Maes", _F, "en"), ("Tim", "Becker", _M, "de"),
    ("Aylin", "Şahin", _F, "de"), ("Leo", "Martin", _M, "en"), ("Olga", "Ivanova", _F, "en"),
    ("Kofi", "Mensah", _M, "en"), ("Ruth", "Adler", _F, "de"), ("Pablo", "Núñez", _M, "en"),
    ("Lina", "Haas", _F, "de"), ("Jamal", "Idris", _M, "ar"), ("Vera", "Simon", _F, "de"),
    ("Niklas", "Roth", _M, "de"), ("Sahar", "Moradi", _F, "en"), ("Bruno", "Keller", _M, "de"),
    ("Ella", "Winter", _F, "de"), ("Aaron", "Levi", _M, "en"), ("Mina", "Park", _F, "en"),
    ("Hugo", "Laurent", _M, "en"), ("Tessa", "Brandt", _F, "de"),
)  # fmt: skip


def faces() -> list[Face]:
    """Return everybody, with birth dates and phones that are the same at each call."""
    dice = random.Random(20)  # noqa: S311 - invented data, not a secret
    first = dt.date(1962, 1, 1)
    return [
        Face(
            given=given,
            family=family,
            sex=sex,
            born=first + dt.timedelta(days=dice.randrange(15_000)),
            phone=f"+4930555{n:04d}",
            language=language,
        )
        for n, (given, family, sex, language) in enumerate(_NAMES, 101)
    ]
