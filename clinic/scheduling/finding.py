"""The next opening: what was asked for, for whom, and the first times that meet it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import Invalid, NotFound
from clinic.core.text import N_
from clinic.patients import queries as patient_queries
from clinic.scheduling import distances, openings, picked, queries
from clinic.scheduling.desk import Choices
from clinic.scheduling.finding_forms import FindForm
from clinic.scheduling.models import Appointment
from clinic.scheduling.openings import Wish
from clinic.scheduling.picked import Picked
from clinic.scheduling.queries import Offered
from clinic.scheduling.rules import promise
from clinic.scheduling.values import NamedOpening

LONGEST = dt.timedelta(days=366)
OVER = N_("This day is over")
TURNED = N_("The last day lies before the first")
TOO_LONG = N_("At most a year at a time, please")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the page of the next opening shows beside its form."""

    offers: Sequence[NamedOpening]
    """Empty as well when nothing was asked for yet."""
    service: Offered | None
    picked: Picked | None
    visit_id: int | None
    """The visit that is to be moved there, where it is not a new one."""
    offers_from: dt.date | None
    """First day on which it may be, where that is later than asked for and may be told."""
    is_stopped: bool
    """Whether the check would refuse it on every day that may be told."""


def prepared(db: Session, actor: Actor, form: FindForm) -> None:
    """Fill in what follows from a visit that is to be moved, or from the patient's open course."""
    if form.appointment_id.data is not None:
        visit = queries.get(db, form.appointment_id.data)
        if visit.location_id != actor.location_id:
            raise NotFound(queries.NO_VISIT)
        form.patient_id.data = visit.patient_id
        form.service_id.data = str(visit.service_id)
        if not form.is_sent:
            form.practitioner_id.data = str(visit.practitioner_id)
    if form.patient_id.data is not None and form.service_id.chosen() is None:
        course = queries.open_course(db, form.patient_id.data)
        if course is not None:
            form.service_id.data = str(course.service_id)


def found(db: Session, actor: Actor, form: FindForm, offered: Choices) -> Found:
    """Search as a validated form says; raises NotFound, Invalid at the field that cannot be.

    A patient's course and the check of the first day set the earliest day, where it may be told.
    """
    service = offered.service(form.service_id.chosen())
    who = _who(db, actor, form, service)
    later = who.offers_from if who else None
    is_stopped = who is not None and who.is_stopped and later is None
    offers: Sequence[NamedOpening] = ()
    if service is not None and not is_stopped:
        ask = form.ask(today=clock.today(actor.zone), ahead=openings.AHEAD)
        _refuse(ask.since, ask.until, actor)
        if later is not None:
            ask = replace(ask, since=max(ask.since, later), until=max(ask.until, later))
        wish = Wish(
            service=catalog_queries.service(db, service.id),
            patient_id=form.patient_id.data,
            practitioner_id=form.practitioner_id.chosen(),
            but=form.appointment_id.data,
            days=_days(db, actor, form.appointment_id.data),
        )
        offers = openings.find(db, actor, offered.table, wish, ask)
    return Found(
        offers=offers,
        service=service,
        picked=who,
        visit_id=form.appointment_id.data,
        offers_from=later,
        is_stopped=is_stopped,
    )


def _days(db: Session, actor: Actor, visit_id: int | None) -> tuple[dt.date, dt.date] | None:
    """Return on which days a visit that moves keeps its distance to the others of its course."""
    visit = db.get(Appointment, visit_id) if visit_id else None
    is_here = visit is not None and visit.location_id == actor.location_id
    return distances.days_of(db, visit) if visit is not None and is_here else None


def _refuse(since: dt.date, until: dt.date, actor: Actor) -> None:
    today = clock.today(actor.zone)
    if since < today:
        raise Invalid(OVER, field="since")
    if since > today + promise.LATEST:
        raise Invalid(promise.TOO_LATE, field="since")
    if until < since:
        raise Invalid(TURNED, field="until")
    if until - since > LONGEST:
        raise Invalid(TOO_LONG, field="until")
    if until > today + promise.LATEST:
        raise Invalid(promise.TOO_LATE, field="until")


def _who(db: Session, actor: Actor, form: FindForm, service: Offered | None) -> Picked | None:
    if form.patient_id.data is None:
        return None
    patient = patient_queries.get(db, form.patient_id.data, location_id=actor.location_id)
    course = queries.open_course(db, patient.id, service.id if service else None)
    today = clock.today(actor.zone)
    return picked.card(
        db,
        actor,
        patient,
        course=course,
        course_service=service.name if service else "",
        service=service,
        on=max(form.since.data or today, today),
    )
