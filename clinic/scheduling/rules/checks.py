"""What a visit remembers of its latest check, and what it takes to stop a booking."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clinic.safety.rules.passage import is_released
from clinic.safety.rules.screening import visit_decision
from clinic.safety.values import Decision, Outcome, Passage, ReceptionStatus, Screening

REASON_LENGTH = 10
"""Characters that a reason for booking ahead has at least, as for a release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The cached copy on the visit: what stands once releases are taken off."""

    decision: Decision | None
    """None when nothing could be checked: never to be read as clear."""
    is_released: bool
    clear_on: dt.date | None


def remembered(screening: Screening, releases: Collection[str]) -> Remembered:
    """Return what a visit keeps of its latest check.

    An unknown that refuses nothing (a notice, an efficacy row) asks for nothing on the board.
    """
    standing = [
        f for f in screening.findings if not is_released(f, releases) and not f.never_refuses
    ]
    return Remembered(
        decision=visit_decision(standing, screening.plan) if screening.is_checked else None,
        is_released=any(is_released(f, releases) for f in screening.findings),
        clear_on=screening.earliest_clear_on,
    )


Marks = frozenset[tuple[str, str]]
"""(fingerprint, decision) of each finding: two checks of a day with the same marks say the same."""


def marks_of(screening: Screening) -> Marks:
    """Return what tells a check from another of the same day."""
    return frozenset((f.fingerprint, f.decision.value) for f in screening.findings)


def marks_of_kept(findings: Iterable[Mapping[str, Any]]) -> Marks:
    """Return the same of the findings of a kept check, as `plain` wrote them."""
    return frozenset((f["fingerprint"], f["decision"]) for f in findings)


def risk(decision: Decision | None) -> int:
    """Return the place of a remembered decision, 0 for the least; unchecked is like a question."""
    return (Decision.ASK if decision is None else decision).rank


def is_worse(before: Decision | None, now: Decision | None) -> bool:
    """Tell whether a visit stands worse than before; a check that is gone makes it worse."""
    return risk(now) > risk(before)


def may_book(passage: Passage, recheck_reason: str) -> bool:
    """Tell whether a booking goes through: freely, or ahead with a written reason."""
    if passage.outcome is Outcome.REASON:
        return len(recheck_reason.strip()) >= REASON_LENGTH
    return passage.outcome is not Outcome.REFUSED


def can_release_all(passage: Passage) -> bool:
    """Tell whether a physician could release everything that stands in the way."""
    return bool(passage.in_the_way) and set(passage.in_the_way) == set(passage.releasable)


_RECEPTION: dict[Decision | None, ReceptionStatus] = {
    None: ReceptionStatus.NOT_CHECKED,
    Decision.ALLOW: ReceptionStatus.CLEAR,
    Decision.WARN: ReceptionStatus.CLEAR,
    Decision.ASK: ReceptionStatus.QUESTIONS,
    Decision.REVIEW: ReceptionStatus.REVIEW,
    Decision.DEFER: ReceptionStatus.LATER,
    Decision.BLOCK: ReceptionStatus.STOP,
}


def reception_status(decision: Decision | None) -> ReceptionStatus:
    """Return the one word that reception may see of a cached decision."""
    return _RECEPTION[decision]


LEVELS: dict[ReceptionStatus, str] = {
    ReceptionStatus.STOP: "stop",
    ReceptionStatus.LATER: "defer",
    ReceptionStatus.REVIEW: "review",
    ReceptionStatus.QUESTIONS: "ask",
    ReceptionStatus.CLEAR: "clear",
    ReceptionStatus.NOT_CHECKED: "unknown",
}
"""How the design system draws each word."""
