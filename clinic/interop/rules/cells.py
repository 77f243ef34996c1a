"""Reading single cells: dates, sexes, texts that must fit. Each refuses with a reason. Pure."""

import datetime as dt
import re

from clinic.core import walltime
from clinic.core.text import N_
from clinic.interop.values import LineRefused, Row
from clinic.patients.values import Sex

EARLIEST = dt.date(1900, 1, 1)
_SEXES = {
    "": Sex.UNKNOWN,
    "unknown": Sex.UNKNOWN,
    "u": Sex.UNKNOWN,
    "f": Sex.FEMALE,
    "female": Sex.FEMALE,
    "w": Sex.FEMALE,
    "weiblich": Sex.FEMALE,
    "m": Sex.MALE,
    "male": Sex.MALE,
    "männlich": Sex.MALE,
    "o": Sex.OTHER,
    "other": Sex.OTHER,
    "d": Sex.OTHER,
    "divers": Sex.OTHER,
    "x": Sex.OTHER,
}
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_LOCAL = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", re.ASCII)


def text(row: Row, column: str, *, most: int, is_required: bool = False) -> str:
    """Return the text of a cell; refuses what is missing or too long to keep."""
    cell = row[column]
    if is_required and not cell:
        raise LineRefused(N_("%(column)s is empty"), column=column)
    if len(cell) > most:
        raise LineRefused(
            N_("%(column)s is longer than %(most)s characters"), column=column, most=most
        )
    return cell


def sex(row: Row, column: str) -> Sex:
    """Return the sex; refuses a word that is not known."""
    try:
        return _SEXES[row[column].casefold()]
    except KeyError:
        raise LineRefused(
            N_("%(column)s must be female, male, other or unknown"), column=column
        ) from None


def day(row: Row, column: str, *, today: dt.date) -> dt.date | None:
    """Return a day written as ISO or day first, None when empty; refuses what cannot be."""
    cell = row[column]
    if not cell:
        return None
    iso, local = _ISO.fullmatch(cell), _LOCAL.fullmatch(cell)
    if iso is None and local is None:
        raise LineRefused(
            N_("%(column)s is no date such as 1985-04-12 or 12.4.1985"), column=column
        )
    parts = iso.groups() if iso else (local.groups()[::-1] if local else ())
    try:
        found = dt.date(*(int(part) for part in parts))
    except ValueError:
        raise LineRefused(N_("%(column)s is a day that does not exist"), column=column) from None
    return _bounded(found, column, today)


def moment(row: Row, column: str, *, zone: str) -> dt.date | None:
    """Return the clinic's day of an ISO date or instant, None when empty."""
    cell = row[column]
    if not cell:
        return None
    try:
        if len(cell) == len("1985-04-12"):
            found = dt.date.fromisoformat(cell)
        else:
            instant = dt.datetime.fromisoformat(cell)
            found = walltime.to_local(instant, zone).date() if instant.tzinfo else instant.date()
    except (ValueError, OverflowError):
        raise LineRefused(
            N_("%(column)s is no date such as 1985-04-12 or 1985-04-12T09:30:00Z"), column=column
        ) from None
    if found < EARLIEST:
        raise LineRefused(N_("%(column)s lies before 1900"), column=column)
    return found


def past(row: Row, column: str, *, zone: str, today: dt.date) -> dt.date:
    """Return the clinic's day of a date or instant that must be there and not in the future."""
    found = moment(row, column, zone=zone)
    if found is None:
        raise LineRefused(N_("%(column)s is empty"), column=column)
    return _bounded(found, column, today)


def _bounded(found: dt.date, column: str, today: dt.date) -> dt.date:
    if found < EARLIEST:
        raise LineRefused(N_("%(column)s lies before 1900"), column=column)
    if found > today:
        raise LineRefused(N_("%(column)s lies in the future"), column=column)
    return found
