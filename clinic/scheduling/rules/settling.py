"""Whether a coming visit has become worse by itself, since when, and through which facts."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from clinic.safety.values import Decision, MissingKind, Moment
from clinic.scheduling.rules.checks import risk

RISKS = (Decision.BLOCK, Decision.DEFER, Decision.REVIEW, Decision.ASK)
"""What a visit may remember that somebody has to settle, the worst first."""
TO_DECIDE = RISKS[:3]
"""What waits for a physician; a question waits for whoever sees the patient next."""


class Event(NamedTuple):
    """One kept check of a visit, or one release for it."""

    at: dt.datetime
    screening_id: int | None
    """None: a release."""
    moment: Moment | None
    on: dt.date | None
    decision: Decision | None
    """None of a check: nothing could be checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """When a visit became worse, from what, and the two checks that say so."""

    at: dt.datetime
    before: Decision | None
    screening_id: int
    screening_id_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One fact that a check found and the one before did not."""

    label: str
    """As it was written down; empty where only the concept is known."""
    code: str
    recorded_by: str
    recorded_on: dt.date


def turn_of(events: Iterable[Event], on: dt.date) -> Turn | None:
    """Return how a visit became worse, if its last change was for the worse and nobody's act.

    Only checks of the visit's own day count: a move that was refused was checked for another one.
    What a physician released stood no longer in the way, until a check came after it.
    """
    risk_now, decision_now, last_id = -1, None, 0
    turn: Turn | None = None
    for event in sorted(events, key=lambda e: (e.at, e.screening_id is None, e.screening_id or 0)):
        if event.screening_id is None:
            if last_id:
                risk_now, decision_now, turn = Decision.WARN.rank, Decision.WARN, None
            continue
        if event.on != on:
            continue
        now = risk(event.decision)
        if last_id and now != risk_now:
            is_turn = now > risk_now and event.moment is Moment.RECHECK
            turn = (
                Turn(
                    at=event.at,
                    before=decision_now,
                    screening_id=event.screening_id,
                    screening_id_before=last_id,
                )
                if is_turn
                else None
            )
        risk_now, decision_now, last_id = now, event.decision, event.screening_id
    return turn


def causes(before: Sequence[Any], now: Sequence[Any], found: Sequence[Any]) -> tuple[Cause, ...]:
    """Return the facts behind the strongest findings that the check before did not know.

    All three as a kept check holds them: its facts before, its facts now, its findings now. Empty
    when no fact is new: then a rule, a paper or the visit's day has changed.
    """
    known = [fact for fact in before if isinstance(fact, Mapping)]
    strongest = max((Decision(f["decision"]).rank for f in found), default=0)
    used = dict.fromkeys(
        place for f in found if Decision(f["decision"]).rank == strongest for place in f["used"]
    )
    return tuple(
        Cause(
            label=now[place]["label"],
            code=now[place]["code"],
            recorded_by=now[place]["recorded_by"],
            recorded_on=dt.date.fromisoformat(now[place]["recorded_on"]),
        )
        for place in used
        if now[place] not in known
    )


def reasons(found: Sequence[Any], released: Iterable[str], decision: Decision) -> tuple[str, ...]:
    """Return the names of the findings that make the decision, each once; marked for translation.

    `found` as a kept check holds them. A zone or an ingredient that is barred is behind a stronger
    word where nothing else is left to treat: then whatever stands is named.
    """
    given = set(released)
    standing = [f for f in found if f["fingerprint"] not in given or f["releasable"] == "nobody"]
    named = [f["name"] for f in standing if f["decision"] == decision.value]
    return tuple(dict.fromkeys(named or [f["name"] for f in standing]))


def is_for_the_day(
    found: Sequence[Any], released: Iterable[str], validity: Mapping[str, int], days_ahead: int
) -> bool:
    """Tell whether only answers are missing that, given today, would be too old on the day.

    `found` as a kept check holds them, `validity` the days for which a group's answers count. Who
    was ill or took a painkiller is asked when the patient comes: until then nobody can settle it.
    """
    given = set(released)
    missing = [
        need
        for f in found
        if f["decision"] == Decision.ASK.value and f["fingerprint"] not in given
        for need in f["missing"]
    ]
    return bool(missing) and all(
        need["kind"] == MissingKind.QUESTION.value
        and validity.get(need["code"], days_ahead) < days_ahead
        for need in missing
    )
