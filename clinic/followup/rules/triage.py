"""What a reported side effect asks for: how fast, which facts to keep, which lot to hold back."""

from dataclasses import dataclass

from clinic.core.text import N_
from clinic.followup.rules.terms import EMERGENCY_FLAGS, TERMS
from clinic.followup.values import SideEffectKind, Urgency

_STOPS_NEXT_FROM = 2
"""Grade from which an open side effect stops the next booking (clinical.md `open_ae`, DD)."""
FIRST = {
    Urgency.EMERGENCY: N_("Call the emergency number first, then a physician."),
    Urgency.SAME_DAY: N_("A physician must see this today."),
    Urgency.ROUTINE: N_("No physician needed today. Ask again at the next call."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What to do now, and what later visits must know."""

    urgency: Urgency
    stops_next: bool
    """Whether the next booking is refused until a physician has closed it."""
    hides_grade: bool
    """A red flag counts as the worse grade whatever was ticked."""
    holds_lots: bool
    is_remembered: bool
    """Whether later visits must know of it, when it is closed too."""


def assess(
    *,
    kind: SideEffectKind,
    grade: int,
    red_flags: tuple[str, ...],
    days_since: int,
    seen_before: bool,
) -> Triage:
    """Judge one report; `days_since` is from onset, `seen_before` tells of the same kind before.

    Sources: clinical.md section 5, columns "same-day physician" and "next-visit flag" (design
    defaults, CTCAE grades).
    """
    term = TERMS[kind]
    is_long = term.long_after_days is not None and days_since > term.long_after_days
    if term.is_emergency or EMERGENCY_FLAGS.intersection(red_flags) or grade >= 4:
        urgency = Urgency.EMERGENCY
    elif red_flags or grade >= term.physician_from or is_long:
        urgency = Urgency.SAME_DAY
    else:
        urgency = Urgency.ROUTINE
    repeated = kind in {SideEffectKind.BRUISING, SideEffectKind.HAEMATOMA} and seen_before
    remembers = bool(term.history) and (grade >= term.history_from or repeated)
    return Triage(
        urgency=urgency,
        stops_next=grade >= _STOPS_NEXT_FROM or bool(red_flags),
        hides_grade=bool(red_flags),
        holds_lots=term.quarantines_lot,
        is_remembered=remembers,
    )
