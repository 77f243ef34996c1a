"""What was given although it stands outside of a limit: nobody takes it out of the patient again.

Before the injection each of these refuses. Afterwards the record must be able to say it: a
physician ticks what was given all the same and writes why, and it is signed as outside of limits.
"""

import hashlib
from collections.abc import Iterable

from clinic.core.text import N_
from clinic.treatments.values import Breach, Content

LATE = frozenset({"to_injection", "mixed_too_old", "open_too_long", "vial_gone"})
"""Time went over it. Also a whole session may be signed so."""
MOVING = LATE | {"to_injection_unusual", "mixed_unusual"}
"""Their minutes run on while a page is read: what was shown stands for a quarter of an hour."""
_RUNNING = frozenset({"minutes", "value"})
_QUARTER = 15
STOPPED = frozenset({"antisepsis_barred", "lot_barred", "lot_unusable", "zone_barred"})
"""A whole session may be signed so when it was kept while nothing stood against it yet."""
TOO_MUCH = frozenset(
    {
        "dose",
        "anaesthetic",
        "anaesthetics_together",
        "strength_unknown",
        "amount_unknown",
        "weight_missing",
        "weight_on_missing",
        "weight_too_old",
        "total",
        "each",
        "depth",
        "points",
    }
)
"""Too much, or nobody can tell whether it was: only a session that is broken off says so."""


FORMER = (
    N_("From %(least)s to %(most)s points, please"),
    N_("Injected in all: from %(least)s to %(most)s mL, please"),
    N_("Point %(points)s: from %(least)s to %(most)s mL each, please"),
    N_("Point %(points)s: a depth of %(least)s to %(most)s mm, please"),
)
"""Sentences without the value: what was signed in them is read in every language for ever."""


def given(refused: Iterable[Breach]) -> tuple[Breach, ...]:
    """Return those refusals that can be true of what was given; all others are slips of the pen."""
    return tuple(breach for breach in refused if breach.code in LATE | STOPPED | TOO_MUCH)


def signable(breach: Breach, content: Content, kept: Content) -> bool:
    """Tell whether a whole session may be signed with it; `kept` is what the draft held before."""
    if breach.code in LATE:
        return True
    return breach.code in STOPPED and _was_kept(breach, content, kept)


def seen(breaches: Iterable[Breach]) -> str:
    """Return the mark of a list of breaches: what a page has shown, and nothing else, is ticked.

    Another value, dose, zone or reason is another mark, be it worse or better.
    """
    return " ".join(sorted({_mark(breach) for breach in breaches}))


def is_seen(breaches: Iterable[Breach], marks: str) -> bool:
    """Tell whether a page of these marks has shown every one of the breaches."""
    return {_mark(breach) for breach in breaches} <= set(marks.split())


def _mark(breach: Breach) -> str:
    mark = f"{breach.code}@{breach.field}"
    if not breach.values:
        return mark
    moves = breach.code in MOVING
    values = "|".join(
        f"{name}={int(value) // _QUARTER if moves and name in _RUNNING else value}"
        for name, value in breach.values
    )
    return f"{mark}#{hashlib.sha256(values.encode()).hexdigest()[:16]}"


def _was_kept(breach: Breach, content: Content, kept: Content) -> bool:
    if breach.code == "zone_barred":
        return dict(breach.values)["zone"] in {site.zone for site in kept.sites}
    if breach.code == "antisepsis_barred":
        return content.antisepsis is kept.antisepsis
    kind, _, row = breach.field.partition("_")
    if kind != "lot":
        return True  # Kit and activator are kept on the card of blood and PRP.
    chosen = content.lots[int(row) - 1]
    return (chosen.lot_id, chosen.vial_id) in {(lot.lot_id, lot.vial_id) for lot in kept.lots}
