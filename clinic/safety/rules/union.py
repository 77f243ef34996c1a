"""What is known of one person from several records: nothing that one of them says is lost."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clinic.safety.rules.known import key
from clinic.safety.values import Fact, FactKind, FactSource, FactState

_DENIED_BY_CODE = frozenset({FactKind.SIDE_EFFECT})
"""Kinds whose "absent" closes its own code only (decision 0005)."""
_NOT_DENIED = frozenset({FactKind.HAIR, FactKind.LAB, FactKind.VITAL, FactKind.STAGE})
"""Kinds of which the newest statement is the truth, or the "absent" is the finding."""


class Told(NamedTuple):
    """One fact, under which record and when it was written down."""

    record: int
    at: dt.datetime
    fact: Fact


def united(told: Sequence[Told], joined_at: dt.datetime) -> tuple[Fact, ...]:
    """Return the facts that count of somebody whose records were joined at an instant.

    Who answered on one record was not asked about the other one. So what a record denied or
    confirmed before it was joined does not count where another record says something of its own:
    the questions are asked once more, and nothing that was said is silenced. What a physician had
    closed on a record stays closed there. Hair is the other way round: there the "absent" is the
    finding, and another record's "there is hair" does not end it. Values that were measured are
    one person's: the newest counts, whichever record holds it.
    """
    before = [each for each in told if each.at <= joined_at]
    silenced = {id(each) for each in _silenced(before)}
    return tuple(each.fact for each in told if id(each) not in silenced)


def _silenced(before: Sequence[Told]) -> Iterator[Told]:
    for each in before:
        others = [other.fact for other in before if other.record != each.record]
        if each.fact.kind is FactKind.HAIR:
            if each.fact.state is FactState.PRESENT and any(_is_bald(o, each.fact) for o in others):
                yield each
        elif each.fact.kind is FactKind.REVIEW:
            if any(_is_said(other) for other in others):
                yield each
        elif each.fact.state is FactState.ABSENT and any(_is_against(o, each.fact) for o in others):
            yield each
            yield from (own for own in before if own.record == each.record and _closed(own, each))


def _is_said(fact: Fact) -> bool:
    """Tell whether a fact says that something is there, or may be, of what is asked about."""
    return (
        fact.state is not FactState.ABSENT
        and fact.kind not in _NOT_DENIED
        and fact.kind not in {FactKind.REVIEW, FactKind.TREATMENT}
    )


def _is_against(other: Fact, denial: Fact) -> bool:
    if other.kind is not denial.kind or not _is_said(other):
        return False
    return other.code == denial.code or denial.kind not in _DENIED_BY_CODE


def _is_bald(other: Fact, hair: Fact) -> bool:
    return (
        other.kind is FactKind.HAIR
        and other.state is FactState.ABSENT
        and (other.zone is None or hair.zone is None or other.zone is hair.zone)
    )


def _closed(own: Told, denial: Told) -> bool:
    """Tell whether a physician ended this open record on the record it stands on."""
    fact, by = own.fact, denial.fact
    return (
        by.source is FactSource.PHYSICIAN
        and fact.state is not FactState.ABSENT
        and (fact.kind, fact.code) == (by.kind, by.code)
        and fact.ended_on is None
        and (by.zone is None or by.zone is fact.zone)
        and key(by) > key(fact)
    )
