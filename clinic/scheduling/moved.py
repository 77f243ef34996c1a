"""For when visits were booked first that were moved since: told by their history, kept nowhere."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.scheduling import history
from clinic.scheduling.models import AppointmentEvent
from clinic.scheduling.values import VisitAction


def first_of(befores: Iterable[Mapping[str, Any]], now: dt.datetime) -> dt.datetime | None:
    """Return for when a visit was booked first, of what its moves left, the oldest first.

    In wall time, as `now` is. None where it was never moved, or stands there again.
    """
    was = next(filter(None, map(history.place, befores)), None)
    return was.starts_local if was is not None and was.starts_local != now else None


def firsts(db: Session, visits: Mapping[int, dt.datetime]) -> dict[int, dt.datetime]:
    """Return {visit: for when it was booked first} of those that stand elsewhere now.

    `visits` says when each begins, in wall time. One statement; none without visits.
    """
    if not visits:
        return {}
    rows = db.execute(
        sa.select(AppointmentEvent.appointment_id, AppointmentEvent.before)
        .where(
            AppointmentEvent.appointment_id.in_(visits),
            AppointmentEvent.action == VisitAction.MOVE,
        )
        .order_by(AppointmentEvent.id)
    )
    moves: dict[int, list[Mapping[str, Any]]] = {}
    for id_, before in rows:
        moves.setdefault(id_, []).append(before)
    found = {id_: first_of(befores, visits[id_]) for id_, befores in moves.items()}
    return {id_: was for id_, was in found.items() if was is not None}
