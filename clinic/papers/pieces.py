"""What several papers say in the same words: whose it is, and how to reach the clinic."""

import re

from babel.numbers import get_decimal_symbol

from clinic.core import clock
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.papers.sheet import Head, apart
from clinic.papers.values import Whose
from clinic.safety.values import Message
from clinic.web.formats import fdate, fdatetime, ltr, phone, sentence
from clinic.web.words import language, translate

BORN = N_("born %(day)s")
FILE = N_("file %(number)s")
_POINT, _NUMBER = re.compile(r"(?<=\d)\.(?=\d)"), re.compile(r"\d+\.\d+( %)?")
PRINTED = N_("Printed %(when)s. Later changes are not on this page.")


def decimals(text: str) -> str:
    """Write numbers that were made with a point as the language of the paper writes them."""
    return _POINT.sub(get_decimal_symbol(language().locale), text)


def plain(thousandths: int | None) -> str:
    """Write thousandths, isolated; empty for None."""
    return "" if thousandths is None else ltr(decimals(show_thousandths(thousandths)))


def amount(thousandths: int | None, unit: str) -> str:
    """Write thousandths with their unit, isolated; empty for None."""
    if thousandths is None:
        return ""
    return ltr(f"{decimals(show_thousandths(thousandths))} {unit}")


def told(message: Message) -> str:
    """Write a sentence whose numbers were made with a point; a lot's number stays as it is."""
    values = tuple(
        (name, decimals(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value)
        if name != "lot"
        else (name, value)
        for name, value in message.values
    )
    return sentence(message._replace(values=values))


def head_of(whose: Whose, title: str, *, mark: str = "") -> Head:
    """Return the head and foot of a paper."""
    born = translate(BORN, day=fdate(whose.born)) if whose.born else ""
    file = translate(FILE, number=apart(whose.file_number))
    about = " · ".join(one for one in (apart(whose.patient), born, file) if one)
    printed = translate(PRINTED, when=fdatetime(clock.now()))
    return Head(
        clinic=whose.clinic,
        address=whose.address,
        phone=phone(whose.phone),
        title=title,
        about=f"{about}\n{printed}",
        mark=mark,
    )


def patient_pairs(whose: Whose) -> list[tuple[str, str]]:
    """Return who it is about, as names and values."""
    return [
        (translate(N_("Patient")), apart(whose.patient)),
        (translate(N_("Date of birth")), fdate(whose.born, "long")),
        (translate(N_("File number")), apart(whose.file_number)),
    ]
