"""The ledger of rules: how often each fires, is released, and what followed; which are noisy."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from clinic.safety.values import Decision

FIRES_OFTEN = 20
"""Visits from which a rule may be called noisy. A design default."""
RELEASED_PERCENT = 90
"""Of the visits on which it fired. A design default."""
GRADE = 2
"""Side effects from this grade on count as something that followed."""


class Count(NamedTuple):
    """Visits whose last check has one rule, by what it asked for at its strongest."""

    code: str
    decision: Decision
    visits: int
    released: int
    treated: int
    harmed: int
    """Treated, and a side effect of grade 2 or more was reported of that session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why physicians released findings of a rule, in the same words so often."""

    text: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One rule over the last twelve months, in visits."""

    code: str
    name: str
    by_decision: tuple[tuple[Decision, int], ...]
    """The strongest first; without what could only not be ruled out."""
    asked: int
    """Visits on which it could not be ruled out."""
    refused: int
    """Bookings that were refused while it deferred or stopped: there is no visit of these."""
    released: int
    treated: int
    harmed: int
    reasons: tuple[Reason, ...]
    """The most frequent first; none for who is no clinician."""

    @property
    def fired(self) -> int:
        """Return on how many visits it was found."""
        return sum(visits for _, visits in self.by_decision)

    @property
    def is_noisy(self) -> bool:
        """Tell whether it fires often, is released nearly always, and nothing followed."""
        return (
            self.fired >= FIRES_OFTEN
            and self.released * 100 >= self.fired * RELEASED_PERCENT
            and self.harmed == 0
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All rules that were met in the last twelve months, and those that never were."""

    lines: tuple[LedgerLine, ...]
    """By how often they fired."""
    silent: tuple[tuple[str, str], ...]
    """(code, name) of rules in force that met nobody."""
    visits: int
    """Visits of the twelve months that were checked."""


def lines(
    counts: Iterable[Count],
    refused: dict[str, int],
    names: dict[str, str],
    reasons: dict[str, tuple[Reason, ...]],
) -> tuple[LedgerLine, ...]:
    """Return a line a rule, the most frequent first; a rule without a name goes by its code."""
    by_code: dict[str, list[Count]] = {code: [] for code in refused}
    for count in counts:
        by_code.setdefault(count.code, []).append(count)
    made = [
        _line(code, found, refused.get(code, 0), names, reasons) for code, found in by_code.items()
    ]
    return tuple(
        sorted(made, key=lambda line: (-line.fired - line.refused, -line.asked, line.code))
    )


def _line(
    code: str,
    found: list[Count],
    refused: int,
    names: dict[str, str],
    reasons: dict[str, tuple[Reason, ...]],
) -> LedgerLine:
    present = [count for count in found if count.decision is not Decision.ASK]
    return LedgerLine(
        code=code,
        name=names.get(code, code),
        by_decision=tuple(
            (count.decision, count.visits)
            for count in sorted(present, key=lambda count: -count.decision.rank)
        ),
        asked=sum(count.visits for count in found if count.decision is Decision.ASK),
        refused=refused,
        released=sum(count.released for count in present),
        treated=sum(count.treated for count in present),
        harmed=sum(count.harmed for count in present),
        reasons=reasons.get(code, ()),
    )
