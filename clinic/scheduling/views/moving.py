"""What the pages share that list visits which cannot stay, and move all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, request

from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Conflict
from clinic.core.text import N_
from clinic.scheduling import block_forms, damage, desk, guard, timetables
from clinic.scheduling.closing import Placed
from clinic.scheduling.damage import Cause, NotMoved
from clinic.scheduling.guard import SlotTaken
from clinic.web.access import actor
from clinic.web.database import read
from clinic.web.words import translate, words_of

MOVED = N_("All of them were moved: %(count)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Where the sent page wants its visits to be."""

    placed: list[Placed]
    chosen: dict[int, str]
    """{visit: time as its button carries it}, to show it again."""


def shown(
    cause: Cause,
    what: str,
    *,
    chosen: Mapping[int, str] | None = None,
    why: Mapping[int, ClinicError] | None = None,
    **which: str,
) -> dict[str, Any]:
    """Return what `scheduling/_moves.html` takes; whoever books nothing sees but a count."""
    db, who = read(), actor()
    hits = None
    if who.may(Permission.APPOINTMENT_BOOK):
        table = timetables.timetable(db, who.location_id, who.zone, since=clock.today(who.zone))
        hits = damage.damage(db, who, table, cause)
        looks.listed(what, (hit.id for hit in hits.hits), **which)
    return {
        "hits": hits,
        "count": hits.count if hits else len(cause.hit(db)),
        "chosen": chosen or {},
        "why": {id_: why_not(error) for id_, error in (why or {}).items()},
    }


def why_not(error: ClinicError) -> str:
    """Return the words of a refused move: of a time that is not free everything in its way."""
    if isinstance(error, SlotTaken) and error.clashes:
        return " · ".join(
            translate(message, **values) for message, values in map(guard.words_of, error.clashes)
        )
    return words_of(error)


def sent() -> Sent:
    """Read the sent list; what is none of our buttons is left out."""
    found = block_forms.chosen(request.form)
    placed = (_placed(visit, raw, version) for visit, (raw, version) in found.items())
    return Sent(
        placed=[one for one in placed if one is not None],
        chosen={visit: raw for visit, (raw, _version) in found.items()},
    )


def _placed(visit: int, raw: str, version: str) -> Placed | None:
    offered = desk.offered_time(raw)
    if offered is None or not (version.isascii() and version.isdigit()):
        return None
    return Placed(
        appointment_id=visit,
        version=int(version),
        starts_local=offered.starts_local,
        practitioner_id=offered.practitioner_id or 0,
        room_id=offered.room_id,
        second_hour=offered.second_hour,
    )


def refused(error: Conflict) -> Mapping[int, ClinicError]:
    """Say that nothing was moved; return why each that could not be moved could not."""
    flash(words_of(error), "bad")
    return error.why if isinstance(error, NotMoved) else {}


def said(count: int) -> None:
    """Say that they were moved."""
    flash(translate(MOVED, count=count), "ok")
