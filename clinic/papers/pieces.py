"""What several papers say in the same words: whose it is, and how to reach the clinic."""

from clinic.core import clock
from clinic.core.text import N_
from clinic.papers.sheet import Head, apart
from clinic.papers.values import Whose
from clinic.web.formats import fdate, fdatetime, phone
from clinic.web.words import translate

BORN = N_("born %(day)s")
FILE = N_("file %(number)s")
PRINTED = N_("Printed %(when)s. Later changes are not on this page.")


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
