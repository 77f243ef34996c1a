"""What stands beside a move: why it was refused, which times are free instead."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.core.errors import ClinicError, Invalid
from clinic.scheduling import desk, distances, openings, queries
from clinic.scheduling.desk import Choices
from clinic.scheduling.distances import TooNear
from clinic.scheduling.forms import TimedForm
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.models import Appointment
from clinic.scheduling.openings import Wish
from clinic.scheduling.queries import Offered
from clinic.scheduling.timetables import Timetable
from clinic.scheduling.values import MoveAppointment, NamedOpening, Refused

OF_THE_TIME = frozenset({"start", "second_hour"})
"""Fields whose refusal another time mends: an hour that does not exist, one that comes twice."""


def around_move(
    db: Session,
    actor: Actor,
    form: TimedForm,
    offered: Choices,
    appointment_id: int,
    *,
    error: ClinicError | None,
    refused: Refused | None,
    later: dt.date | None = None,
) -> dict[str, object]:
    """Gather what the page that moves a visit shows: why it was refused, what is free instead.

    `later` is the first day that it may be moved to, where its own is too early.
    """
    visit = queries.get(db, appointment_id)
    wish = replace(
        _wish(db, visit),
        practitioner_id=form.practitioner_id.chosen(),
        room_id=form.room_id.chosen(),
    )
    refusal = desk.explained(db, actor, refused, visit.patient_id)
    is_instead = isinstance(error, (SlotTaken, TooNear))
    wished = desk.instant_of(actor, form) if is_instead else None
    offers: Sequence[NamedOpening] = ()
    if wished is not None:
        offers = openings.near(db, actor, offered.table, wish, wished)
    elif refusal is None or refusal.offers_from:
        since = (refusal.offers_from if refusal else form.date.data) or clock.today(actor.zone)
        offers = openings.next_free(db, actor, offered.table, wish, since=since)
    return {
        "refusal": refusal,
        "offers": offers,
        "offers_from": refusal.offers_from if refusal else None if is_instead else later,
        "is_instead": is_instead or refusal is not None,
        "may_overbook": desk.may_overbook(actor, error),
        "may_go_nearer": desk.may_go_nearer(actor, error),
        "service": Offered.of(wish.service),
    }


def instead(
    db: Session,
    actor: Actor,
    table: Timetable,
    wish: MoveAppointment,
    refused: ClinicError | Refused,
) -> Sequence[NamedOpening]:
    """Return the next openings for a visit that could not be moved where somebody wished it.

    With whom it was wished for first. None where no other time would mend it, or where the first
    day on which it could be must not be told.
    """
    visit = queries.get(db, wish.appointment_id)
    practitioner_id, room_id = wish.practitioner_id, wish.room_id or visit.room_id
    found = replace(_wish(db, visit), practitioner_id=practitioner_id, room_id=room_id)
    if isinstance(refused, Refused):
        since = refused.passage.offers_from
        return openings.next_free(db, actor, table, found, since=since) if since else ()
    is_of_time = isinstance(refused, Invalid) and refused.field in OF_THE_TIME
    if not (is_of_time or isinstance(refused, (SlotTaken, TooNear))):
        return ()
    wished = walltime.to_utc_forward(wish.starts_local, actor.zone)
    return openings.near(db, actor, table, found, wished)


def may_with_reason(actor: Actor, refused: ClinicError | Refused) -> bool:
    """Tell whether this person may move it there all the same, with a reason."""
    return desk.may_overbook(actor, refused) or desk.may_go_nearer(actor, refused)


def _wish(db: Session, visit: Appointment) -> Wish:
    return Wish(
        service=catalog_queries.service(db, visit.service_id),
        patient_id=visit.patient_id,
        but=visit.id,
        days=distances.days_of(db, visit),
    )
