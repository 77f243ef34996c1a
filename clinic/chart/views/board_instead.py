"""What the board says of a visit that was not moved: why, and which times one press can have."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from clinic.core.errors import ClinicError
from clinic.scheduling import alternatives, desk
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.values import MoveAppointment, NamedOpening, Refused
from clinic.web import discreet
from clinic.web.access import actor
from clinic.web.database import read

_UNDO = {"board.place": "unplace"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """Why a visit was not moved, and what is free instead."""

    who: str
    said: str
    appointment_id: int
    version: int
    offers: Sequence[NamedOpening]
    action: str
    """Where the pressed time is sent: to where the refused one was sent."""
    by_hand: str
    """The page that moves it, with the wished time."""
    with_reason: bool
    """Whether that page takes it all the same, with a reason."""
    undo: str
    """What takes it back once it is there."""


def instead(
    wish: MoveAppointment,
    said_no: ClinicError | Refused,
    said: str,
    *,
    on: dt.date,
    same: Mapping[str, Any],
) -> Instead | None:
    """Return what to say instead of a refused move; None where no other time mends it.

    `same` leads back to the board as it was shown, on a day.
    """
    db, who = read(), actor()
    table = desk.choices(db, who, since=on).table
    offers = alternatives.instead(db, who, table, wish, said_no)
    if not offers:
        return None
    visit = scheduling_queries.get(db, wish.appointment_id)
    wished = NamedOpening(
        starts_local=wish.starts_local,
        practitioner_id=wish.practitioner_id,
        practitioner="",
        room_id=wish.room_id or visit.room_id,
        room="",
    )
    return Instead(
        who=discreet.named(scheduling_queries.patient_name(db, visit.id)),
        said=said,
        appointment_id=visit.id,
        version=visit.version,
        offers=offers,
        action=url_for(request.endpoint or "", **same),
        by_hand=url_for(
            "scheduling.edit",
            appointment_id=visit.id,
            fill=wished.key,
            next=url_for("board.index", **same),
        ),
        with_reason=alternatives.may_with_reason(who, said_no),
        undo=_UNDO.get(request.endpoint or "", "unmove"),
    )
