"""Reading visits: one of them, what is held when, courses, histories."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Service
from clinic.catalog.values import Modality, ResourceKind
from clinic.consents import queries as consent_queries
from clinic.consents import rules as consent_rules
from clinic.consents.values import ConsentKind
from clinic.core import clock
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.patients.models import Patient
from clinic.patients.values import full_name
from clinic.safety.models import ScreeningRecord
from clinic.safety.rules.banner import planned_zones
from clinic.safety.values import History, PlannedTreatment
from clinic.scheduling.course_values import CourseCard
from clinic.scheduling.models import Appointment, AppointmentEvent, Course, Occupancy, Resource
from clinic.scheduling.rules import planning
from clinic.scheduling.values import (
    LANES,
    AppointmentStatus,
    CourseStatus,
    Held,
    Span,
    VisitAction,
)

NO_VISIT = N_("There is no such visit")
LONGEST = dt.timedelta(hours=8)
"""No service is longer (a CHECK of the table): bounds every search for overlaps by an index."""
_BY_KEY = sa.select(Appointment).where(Appointment.form_key == sa.bindparam("form_key"))
ConsentVersion = Callable[[Modality, int, dt.date], str | None]
_CONSENTS = {Modality.PRP: ConsentKind.PRP, Modality.MESOTHERAPY: ConsentKind.MESOTHERAPY}


def get(db: Session, appointment_id: int) -> Appointment:
    """Return a visit without what it holds; raises NotFound."""
    found = db.get(Appointment, appointment_id)
    if found is None:
        raise NotFound(NO_VISIT)
    return found


def lock_visit(db: Session, appointment_id: int) -> Appointment:
    """Return a visit while its patient's record is held until the end of the transaction.

    Everything that bears on one patient queues there: facts, bookings, steps. Raises NotFound.
    """
    held = db.scalar(
        sa.select(Patient.id)
        .join(Appointment, Appointment.patient_id == Patient.id)
        .where(Appointment.id == appointment_id)
        .with_for_update(of=Patient, key_share=True)
    )
    if held is None:
        raise NotFound(NO_VISIT)
    visit = db.get_one(Appointment, appointment_id, populate_existing=True)
    # The record was merged into another one while this waited: that one is to be held.
    return visit if visit.patient_id == held else lock_visit(db, appointment_id)


def by_form_key(db: Session, form_key: str) -> Appointment | None:
    """Return the visit that a form with this one-time key already made."""
    return db.scalar(_BY_KEY, {"form_key": form_key})


def patient_name(db: Session, appointment_id: int) -> str:
    """Return "Given Family" of whose visit it is; raises NotFound."""
    row = db.execute(
        sa.select(Patient.given_name, Patient.family_name)
        .join(Appointment, Appointment.patient_id == Patient.id)
        .where(Appointment.id == appointment_id)
    ).one_or_none()
    if row is None:
        raise NotFound(NO_VISIT)
    return full_name(row.given_name, row.family_name)


class Named(NamedTuple):
    """A person, room or device in use, as lists need it."""

    id: int
    kind: ResourceKind
    name: str
    device_type: str
    account_id: int | None = None
    """Of somebody who signs in."""


class Offered(NamedTuple):
    """A service that can be booked, without its parts."""

    id: int
    name: str
    modality: Modality
    duration_min: int
    ingredients: Sequence[str]

    @classmethod
    def of(cls, row: Service) -> "Offered":
        """Return a service that was read as a row."""
        return cls(row.id, row.name, row.modality, row.duration_min, row.ingredients)


_IN_USE = (
    sa.select(Resource.id, Resource.kind, Resource.name, Resource.device_type, Resource.account_id)
    .where(Resource.location_id == sa.bindparam("location"), Resource.is_active)
    .order_by(Resource.sort, Resource.name, Resource.id)
)
_OFFERED = (
    sa.select(Service.id, Service.name, Service.modality, Service.duration_min, Service.ingredients)
    .where(Service.is_active)
    .order_by(Service.name, Service.id)
)


def resources(db: Session, location_id: int) -> list[Named]:
    """Return the people, rooms and devices in use at a place, in the order of the board."""
    return [Named(*row) for row in db.execute(_IN_USE, {"location": location_id})]


def offered(db: Session) -> list[Offered]:
    """Return the services that can be booked, by name; one statement."""
    return [Offered(*row) for row in db.execute(_OFFERED)]


def names_of(db: Session, ids: Iterable[int]) -> dict[int, str]:
    """Return {id: name} of resources, also of those no longer in use."""
    rows = db.execute(sa.select(Resource.id, Resource.name).where(Resource.id.in_(list(ids))))
    return {row.id: row.name for row in rows}


# Made once, as the other statements that every booking asks.
_HELD = (
    sa.select(
        Occupancy.resource_id,
        Occupancy.lane,
        Occupancy.starts_at,
        Occupancy.ends_at,
        Occupancy.held_slot_id,
        Occupancy.expires_at,
        Patient.given_name,
        Patient.family_name,
    )
    .outerjoin(Appointment, Appointment.id == Occupancy.appointment_id)
    .outerjoin(Patient, Patient.id == Appointment.patient_id)
    .where(
        Occupancy.resource_id.in_(sa.bindparam("ids", expanding=True)),
        Occupancy.lane.in_(LANES),
        Occupancy.is_active,
        Occupancy.starts_at > sa.bindparam("since"),
        Occupancy.starts_at < sa.bindparam("end"),
        Occupancy.ends_at > sa.bindparam("start"),
        sa.or_(
            Occupancy.held_slot_id.is_not(None),
            Occupancy.appointment_id != sa.bindparam("but"),
        ),
    )
    .order_by(Occupancy.starts_at)
)
_HELD_BY_PATIENT = (
    sa.select(Appointment.starts_at, Appointment.ends_at, Service.name)
    .join(Service, Service.id == Appointment.service_id)
    .where(
        Appointment.patient_id == sa.bindparam("patient_id"),
        Appointment.occupies,
        Appointment.starts_at > sa.bindparam("since"),
        Appointment.starts_at < sa.bindparam("end"),
        Appointment.ends_at > sa.bindparam("start"),
        Appointment.id != sa.bindparam("but"),
    )
    .order_by(Appointment.starts_at)
)


def _in_span(span: Span, but: int | None) -> dict[str, object]:
    """Bind a span; `since` bounds by the index what may still reach into it."""
    return {"since": span.start - LONGEST, "start": span.start, "end": span.end, "but": but or 0}


def held(
    db: Session, ids: Iterable[int], span: Span, *, but: int | None = None
) -> Mapping[int, list[Held]]:
    """Return {resource: what is held in a span}, in any lane, without visit `but`."""
    now = clock.now()
    return {
        resource_id: [held for held in found if not held.is_over(now)]
        for resource_id, found in occupied(db, ids, span, but=but).items()
    }


def occupied(
    db: Session, ids: Iterable[int], span: Span, *, but: int | None = None
) -> Mapping[int, list[Held]]:
    """Return {resource: what occupies it in a span}, also offers that have run out meanwhile."""
    rows = db.execute(_HELD, {"ids": list(ids), **_in_span(span, but)})
    found: dict[int, list[Held]] = {}
    for row in rows:
        found.setdefault(row.resource_id, []).append(
            Held(
                span=Span(start=row.starts_at, end=row.ends_at),
                who="" if row.held_slot_id else short_name(row.given_name, row.family_name),
                lane=row.lane,
                held_slot_id=row.held_slot_id,
                expires_at=row.expires_at,
            )
        )
    return found


def held_by_patient(
    db: Session, patient_id: int, span: Span, *, but: int | None = None
) -> Sequence[tuple[Span, str]]:
    """Return (span, service) of a patient's own visits in a span, without visit `but`."""
    rows = db.execute(_HELD_BY_PATIENT, {"patient_id": patient_id, **_in_span(span, but)})
    return [(Span(start=row.starts_at, end=row.ends_at), row.name) for row in rows]


def short_name(given: str, family: str) -> str:
    """Return "L. Demir" of Leyla Demir."""
    return f"{given[:1]}. {family}" if given else family


# ---- courses and plans ----


_OPEN_COURSES = (
    sa.select(
        Course.id,
        Course.service_id,
        Course.sessions_planned,
        Course.interval_days,
        Course.booster_days,
        Appointment.course_number,
        Appointment.status,
    )
    .outerjoin(Appointment, (Appointment.course_id == Course.id) & Appointment.occupies)
    .where(Course.patient_id == sa.bindparam("patient_id"), Course.status == CourseStatus.ACTIVE)
    .order_by(Course.started_on.desc(), Course.id.desc())
)


def open_course(db: Session, patient_id: int, service_id: int | None = None) -> CourseCard | None:
    """Return a patient's newest active course, of one service or any, that has sessions left.

    The next number is the lowest that no visit holds, after the last one done. One statement.
    """
    held: dict[int, dict[int, bool]] = {}
    courses = {}
    for row in db.execute(_OPEN_COURSES, {"patient_id": patient_id}):
        # Asked of the database, the service would lure SQLite to its index: half of all courses.
        if service_id is None or row.service_id == service_id:
            courses[row.id] = row
            numbers = held.setdefault(row.id, {})
            if row.course_number is not None:
                numbers[row.course_number] = row.status is AppointmentStatus.DONE
    for row in courses.values():
        number = planning.next_number(
            held[row.id], row.sessions_planned + (row.booster_days is not None)
        )
        if number is not None:
            return CourseCard(
                id=row.id,
                service_id=row.service_id,
                next_number=number,
                sessions_planned=row.sessions_planned,
                interval_days=row.interval_days,
            )
    return None


def plan_for(
    db: Session,
    what: Appointment | Service,
    history: History,
    *,
    on: dt.date | None = None,
    interval_days: int | None = None,
) -> PlannedTreatment:
    """Return what is to be done in a visit, or in one of a service `on` a day, as planned so far.

    Zones are those with a recorded look at the hair, else the usual three. One statement for
    a service, three for a visit.
    """
    if isinstance(what, Appointment):
        service = db.get_one(Service, what.service_id)
        on = what.starts_local.date() if on is None else on
        if interval_days is None and what.course_id is not None:
            interval_days = db.get_one(Course, what.course_id).interval_days
    else:
        service = what
    version = None
    kind = _CONSENTS.get(service.modality)
    if kind is not None and on is not None:
        version = consent_queries.version_in_force(db, kind, on=on, service_id=service.id)
    return plan_of(
        service.modality,
        history,
        consent_version=version,
        interval_days=interval_days,
        ingredients=service.ingredients,
    )


def plan_of(
    modality: Modality,
    history: History,
    *,
    consent_version: str | None,
    interval_days: int | None,
    ingredients: Iterable[str],
) -> PlannedTreatment:
    """Return the plan of a modality for somebody with this history."""
    if not modality.is_treatment:
        return PlannedTreatment(modality=modality)
    return PlannedTreatment(
        modality=modality,
        zones=planned_zones(history),
        ingredients=frozenset(ingredients),
        consent_version=consent_version,
        interval_days=interval_days,
    )


def consent_versions(db: Session) -> ConsentVersion:
    """Return a function of (modality, service, day): the version to be signed; one statement."""
    texts = consent_queries.texts(db)

    def version(modality: Modality, service_id: int, on: dt.date) -> str | None:
        kind = _CONSENTS.get(modality)
        text = kind and consent_rules.applying(texts, kind, on=on, service_id=service_id)
        return text.version_name if text else None

    return version


# ---- what happened to visits ----


def latest_checks(db: Session, appointment_ids: Collection[int]) -> dict[int, ScreeningRecord]:
    """Return {visit: its newest check}; one statement."""
    newest = (
        sa.select(sa.func.max(ScreeningRecord.id))
        .where(ScreeningRecord.appointment_id.in_(appointment_ids))
        .group_by(ScreeningRecord.appointment_id)
    )
    rows = db.scalars(sa.select(ScreeningRecord).where(ScreeningRecord.id.in_(newest)))
    return {row.appointment_id: row for row in rows if row.appointment_id is not None}


def events(db: Session, appointment_id: int) -> Sequence[AppointmentEvent]:
    """Return what happened to a visit, newest first."""
    return db.scalars(
        sa.select(AppointmentEvent)
        .where(AppointmentEvent.appointment_id == appointment_id)
        .order_by(AppointmentEvent.id.desc())
    ).all()


def ended_at(db: Session, appointment_id: int) -> dt.datetime | None:
    """Return when a visit was last cancelled or noted as a no-show; None when never."""
    return db.scalar(
        sa.select(sa.func.max(AppointmentEvent.at)).where(
            AppointmentEvent.appointment_id == appointment_id,
            AppointmentEvent.action.in_([VisitAction.CANCEL, VisitAction.NO_SHOW]),
        )
    )
