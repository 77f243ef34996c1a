"""What a condition says: true, false or unknown, until when, because of what."""

import datetime as dt
from functools import lru_cache
from typing import NamedTuple

from clinic.core.text import N_
from clinic.core.zones import Zone
from clinic.safety.rules.known import Known
from clinic.safety.values import Fact, Message, Missing, MissingKind, PlannedTreatment

Values = tuple[tuple[str, str | int | dt.date], ...]
# What follows are named tuples: a check makes a hundred of them, at a third of the time.


class Question(NamedTuple):
    """What a condition is asked about: one day, one plan, one zone or ingredient of it."""

    known: Known
    on: dt.date
    plan: PlannedTreatment
    zone: Zone | None = None
    ingredient: str | None = None


class Hit(NamedTuple):
    """One fact (or the birth date, without a fact) that speaks for a finding, with its sum."""

    fact: Fact | None
    until: dt.date | None
    arithmetic: Message
    values: Values


class Verdict(NamedTuple):
    """True, False or None for unknown; with a True, the date from which time alone ends it."""

    value: bool | None
    until: dt.date | None = None
    hits: tuple[Hit, ...] = ()
    missing: tuple[Missing, ...] = ()


ABSENT = Verdict(False)


def both(verdicts: list[Verdict]) -> Verdict:
    """Return Kleene's conjunction: one False decides, else one unknown."""
    value: bool | None = True
    for verdict in verdicts:
        if verdict.value is False:
            return ABSENT
        if verdict.value is None:
            value = None
    hits = tuple(hit for verdict in verdicts for hit in verdict.hits)
    missing = tuple(m for v in verdicts if v.value is None or value for m in v.missing)
    ends = [verdict.until for verdict in verdicts if verdict.until is not None]
    return Verdict(value, min(ends) if ends and value else None, hits, missing)


def either(verdicts: list[Verdict]) -> Verdict:
    """Return Kleene's disjunction: one True decides, else one unknown."""
    true = [verdict for verdict in verdicts if verdict.value]
    if true:
        ends = [verdict.until for verdict in true]
        known_ends = [end for end in ends if end is not None]
        return Verdict(
            True,
            max(known_ends) if len(known_ends) == len(ends) else None,
            tuple(hit for verdict in true for hit in verdict.hits),
            tuple(m for verdict in true for m in verdict.missing),
        )
    unknown = [verdict for verdict in verdicts if verdict.value is None]
    if not unknown:
        return ABSENT
    return Verdict(
        None,
        None,
        tuple(hit for verdict in unknown for hit in verdict.hits),
        tuple(m for verdict in unknown for m in verdict.missing),
    )


def negation(verdict: Verdict) -> Verdict:
    """Return Kleene's negation; what was used no longer speaks for anything."""
    if verdict.value is None:
        return verdict
    return ABSENT if verdict.value else Verdict(True)


def days_between(earlier: dt.date, later: dt.date) -> int:
    """Return the calendar days from one date to the other."""
    return later.toordinal() - earlier.toordinal()


def days_after(day: dt.date, days: int) -> dt.date:
    """Return the date so many days later; the last date there is, instead of an overflow."""
    ordinal = day.toordinal() + days
    return dt.date.fromordinal(min(max(ordinal, 1), dt.date.max.toordinal()))


def called(fact: Fact, name: str) -> str:
    """Return how to name a fact: as it was written down, else by its concept."""
    return fact.label or name or fact.code


@lru_cache(maxsize=1024)
def ask_group(group: str, last_on: dt.date | None, zone: Zone | None = None) -> Missing:
    """Return a question group as what is missing, with the day of its last answer."""
    if last_on is None:
        message = Message(msgid=N_("Not asked yet."))
    else:
        message = Message(
            msgid=N_("Last answered on %(date)s, too long before the visit or not certain."),
            values=(("date", last_on),),
        )
    return Missing(kind=MissingKind.QUESTION, code=group, message=message, zone=zone)


@lru_cache(maxsize=1024)
def ask_result(code: str, name: str, valid_days: int, last_on: dt.date | None) -> Missing:
    """Return a laboratory result as what is missing."""
    values: Values = (("name", name), ("days", valid_days))
    msgid = N_("%(name)s: no result yet; at most %(days)s days old on the day of the visit.")
    if last_on is not None:
        values = (*values, ("date", last_on))
        msgid = N_(
            "%(name)s: the last result of %(date)s does not count;"
            " at most %(days)s days old on the day of the visit."
        )
    return Missing(
        kind=MissingKind.EVIDENCE, code=code, message=Message(msgid=msgid, values=values)
    )


def ask_record(field: str, msgid: str) -> Missing:
    """Return a field of the patient's record as what is missing."""
    return Missing(kind=MissingKind.RECORD, code=field, message=Message(msgid=msgid))
