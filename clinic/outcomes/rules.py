"""What photographs may be used for, how long a removed one stays, and which can be compared."""

import datetime as dt
from collections.abc import Iterable, Sequence

from clinic.consents.values import Scope
from clinic.core.text import N_
from clinic.core.zones import Zone
from clinic.outcomes.values import (
    HAIR_NAMES,
    LIGHT_NAMES,
    PARTING_NAMES,
    Conditions,
    Differs,
    PhotographDay,
    PhotographView,
    Shot,
)

DISTANCE = (5, 200)
"""Least and most centimetres between camera and head that can be typed."""
MAGNIFICATION = (5, 400)
"""Least and most magnification of trichoscopy that can be typed."""
NEARLY_CM = 5
"""Centimetres by which two distances may differ and still be called the same (design default)."""
NEARLY_PERCENT = 10
"""Percentage points by which brightness may differ and be called the same (design default)."""
NEARLY_SHAPE = 0.05
"""Part by which width to height may differ and be called the same (design default)."""
GRACE = dt.timedelta(days=30)
"""How long the files of a removed picture stay, so that a removal can be taken back."""
FILES_LAST = GRACE + dt.timedelta(days=1)
"""How long the files themselves stay: a day longer than a removal can be taken back."""
ORPHAN_AFTER = dt.timedelta(hours=1)
"""Age from which a file without a row belongs to nobody who is just writing it."""
MANY_ORPHANS = 10
"""More pictures without a row than kills leave behind: an older database was put in their place."""
MOST_OF_PATIENT = 500
"""Pictures of one patient that are kept (FI-02: a quota for each patient)."""
NOT_NOTED = N_("not noted")
YES, NO = N_("yes"), N_("no")


def usable(shot: Shot, use: Scope, agreed: Iterable[Scope]) -> bool:
    """Tell whether a picture may be used for something: it and the patient must both allow it."""
    return shot.is_kept and use in shot.uses and {Scope.PHOTO_RECORD, use} <= set(agreed)


def may_restore(removed_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Tell whether a removal can still be taken back."""
    return removed_at is not None and now - removed_at < GRACE


def is_file_over(removed_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Tell whether the files of a removed picture go."""
    return removed_at is not None and now - removed_at >= FILES_LAST


def differences(
    before: Shot, after: Shot, *, percents: tuple[int, int] | None = None
) -> list[Differs]:
    """Return in what two pictures differ that would make hair look other than it is.

    Empty when they can be compared. What one of them does not say counts as a difference.
    `percents` is how bright each of them is, where that was measured.
    """
    one, other = before.conditions, after.conditions
    rows = [
        Differs(what=what, before=first, after=second)
        for (what, first), (_, second) in zip(_said(one), _said(other), strict=True)
        if first != second
    ]
    if _near(one.distance_cm, other.distance_cm):
        rows = [row for row in rows if row.what != DISTANCE_NAME]
    if percents and abs(percents[0] - percents[1]) > NEARLY_PERCENT:
        dark, light = (f"{percent} %" for percent in percents)
        rows.append(Differs(what=N_("Brightness of the picture"), before=dark, after=light))
    first, second = before.width / before.height, after.width / after.height
    if abs(first - second) > NEARLY_SHAPE * first:
        shapes = (f"{shot.width} × {shot.height}" for shot in (before, after))
        was, became = shapes
        rows.append(Differs(what=N_("Shape of the picture"), before=was, after=became))
    return rows


DISTANCE_NAME = N_("Distance")


def _said(of: Conditions) -> tuple[tuple[str, str], ...]:
    return (
        (N_("Hair"), HAIR_NAMES[of.hair]),
        (N_("Parting"), PARTING_NAMES[of.parting]),
        (N_("Lighting"), LIGHT_NAMES[of.light]),
        (DISTANCE_NAME, f"{of.distance_cm} cm" if of.distance_cm else NOT_NOTED),
        (N_("Magnification"), f"{of.magnification} ×" if of.magnification else NOT_NOTED),
        (N_("Product in the hair"), YES if of.has_product else NO),
        (N_("Chin and forehead rested"), YES if of.is_fixed else NO),
    )


def conditions(of: Conditions) -> list[tuple[str, str]]:
    """Return what a picture says of itself, as (name, words); what is not noted is left out."""
    return [(what, said) for what, said in _said(of) if said != NOT_NOTED]


def _near(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= NEARLY_CM


def reference(shots: Sequence[Shot], view: PhotographView, zone: Zone | None) -> Shot | None:
    """Return the first picture of a view: the one that all later ones are laid over."""
    found = [shot for shot in shots if shot.is_kept and shot.place == (view, zone)]
    return min(found, key=lambda shot: (shot.taken_at, shot.id), default=None)


def last_conditions(
    shots: Sequence[Shot], view: PhotographView, zone: Zone | None
) -> Conditions | None:
    """Return how the newest picture of a view was taken, else the newest of the same kind."""
    is_close = view is PhotographView.TRICHOSCOPY
    kept = sorted(
        (shot for shot in shots if shot.is_kept),
        key=lambda shot: (shot.place == (view, zone), shot.taken_at, shot.id),
    )
    alike = [shot for shot in kept if (shot.view is PhotographView.TRICHOSCOPY) == is_close]
    return alike[-1].conditions if alike else None


def pair(
    shots: Sequence[Shot], before_key: str | None, after_key: str | None
) -> tuple[Shot, Shot] | None:
    """Return the two pictures to compare, the earlier one first; None where there are not two.

    Unless told, the first and the newest of what is given. `shots` are of one view.
    """
    ordered = sorted(shots, key=lambda shot: (shot.taken_at, shot.id))
    if len(ordered) < 2:
        return None
    by_key = {shot.key: shot for shot in ordered}
    before = by_key.get(before_key or "", ordered[0])
    after = by_key.get(after_key or "", ordered[-1])
    if before is after:
        after = ordered[-1] if before is not ordered[-1] else ordered[-2]
    return (before, after) if ordered.index(before) < ordered.index(after) else (after, before)


def days(
    taken: Iterable[tuple[dt.datetime, PhotographView]], zone: dt.tzinfo
) -> list[PhotographDay]:
    """Return the days of the clinic's own zone on which pictures were taken, newest first."""
    found: dict[dt.date, list[tuple[dt.datetime, PhotographView]]] = {}
    for at, view in sorted(taken, reverse=True):
        found.setdefault(at.astimezone(zone).date(), []).append((at, view))
    return [
        PhotographDay(
            at=min(at for at, _ in shots),
            on=on,
            count=len(shots),
            views=tuple(view for view in PhotographView if view in {seen for _, seen in shots}),
        )
        for on, shots in found.items()
    ]


def neighbours(shots: Sequence[Shot], shown: tuple[Shot, Shot]) -> dict[str, tuple[Shot, Shot]]:
    """Return the pairs that one step leads to: the earlier or the later picture by one date."""
    ordered = sorted(shots, key=lambda shot: (shot.taken_at, shot.id))
    one, other = (ordered.index(shot) for shot in shown)
    steps = {
        "before_back": (one - 1, other),
        "before_on": (one + 1, other),
        "after_back": (one, other - 1),
        "after_on": (one, other + 1),
    }
    return {
        name: (ordered[first], ordered[second])
        for name, (first, second) in steps.items()
        if 0 <= first < second < len(ordered)
    }
