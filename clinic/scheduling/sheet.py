"""The day on paper, for when the machine is down: who comes when, whom to call, what holds."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.catalog.models import Service
from clinic.core import walltime
from clinic.core.access import Role
from clinic.locations.models import Location
from clinic.patients.models import Patient
from clinic.patients.values import full_name
from clinic.safety import queries as safety_queries
from clinic.safety.models import ScreeningRecord
from clinic.safety.rules.passage import CLINICAL_ROLES, is_released
from clinic.safety.rules.redaction import STATUS_NAMES, for_reception
from clinic.safety.values import Decision, Truth
from clinic.scheduling import queries
from clinic.scheduling.models import Appointment, Course, Resource
from clinic.scheduling.values import AppointmentStatus

_GONE = (
    AppointmentStatus.CANCELLED,
    AppointmentStatus.NO_SHOW,
    AppointmentStatus.ENTERED_IN_ERROR,
)
_Practitioner, _Room = aliased(Resource), aliased(Resource)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """One visit on paper; holds are worded for the role the sheet is for, in English."""

    practitioner: str
    start: str
    end: str
    room: str
    patient: str
    born: str
    file_number: str
    phone: str
    service: str
    holds: tuple[str, ...]


def lines(db: Session, location: Location, on: dt.date, role: Role) -> list[SheetLine]:
    """Return the visits of a day by practitioner and time; three statements."""
    start, end = walltime.day_bounds(on, location.zone)
    rows = db.execute(
        sa.select(
            Appointment.id,
            Appointment.starts_local,
            Appointment.ends_at,
            Appointment.course_number,
            Course.sessions_planned,
            _Practitioner.name.label("practitioner"),
            _Room.name.label("room"),
            Patient.given_name,
            Patient.family_name,
            Patient.birth_date,
            Patient.file_number,
            Patient.phone,
            Service.name.label("service"),
            Service.modality,
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(_Practitioner, _Practitioner.id == Appointment.practitioner_id)
        .join(_Room, _Room.id == Appointment.room_id)
        .outerjoin(Course, Course.id == Appointment.course_id)
        .where(
            Appointment.location_id == location.id,
            Appointment.starts_at >= start,
            Appointment.starts_at < end,
            Appointment.status.not_in(_GONE),
        )
        .order_by(_Practitioner.sort, _Practitioner.name, Appointment.starts_at)
    ).all()
    treated = [row.id for row in rows if row.modality.is_treatment]
    checks = queries.latest_checks(db, treated) if treated else {}
    released = safety_queries.released_of(db, treated) if treated else {}
    return [
        SheetLine(
            practitioner=row.practitioner,
            start=row.starts_local.strftime("%H:%M"),
            end=walltime.to_local(row.ends_at, location.zone).strftime("%H:%M"),
            room=row.room,
            patient=full_name(row.given_name, row.family_name),
            born=row.birth_date.isoformat() if row.birth_date else "",
            file_number=row.file_number,
            phone=row.phone,
            service=row.service + _nth(row.course_number, row.sessions_planned),
            holds=_holds(role, checks, released, row.id) if row.modality.is_treatment else (),
        )
        for row in rows
    ]


def _holds(
    role: Role,
    checks: Mapping[int, ScreeningRecord],
    released: Mapping[int, frozenset[str]],
    appointment_id: int,
) -> tuple[str, ...]:
    record = checks.get(appointment_id)
    screening = safety_queries.screening_of(record) if record else None
    given = released.get(appointment_id, frozenset())
    if role not in CLINICAL_ROLES:
        said = for_reception(screening, given)
        return (STATUS_NAMES[said.status], *said.sentences)
    if screening is None or not screening.is_checked:
        return ("Not checked",)
    found = [f for f in screening.findings if f.truth is Truth.PRESENT]
    missing = [f for f in screening.findings if f.truth is Truth.UNKNOWN]
    return (
        *(
            f"{_word(f.decision) if not is_released(f, given) else 'Released'}: {f.message}"
            for f in found
        ),
        *(
            (f"Not known yet: {', '.join(dict.fromkeys(f.name for f in missing))}",)
            if missing
            else ()
        ),
    )


def _word(decision: Decision) -> str:
    return {
        Decision.BLOCK: "Stop",
        Decision.DEFER: "Not yet",
        Decision.REVIEW: "Physician review",
        Decision.ASK: "Ask",
    }.get(decision, "Caution")


def written(
    location: Location, on: dt.date, role: Role, found: Sequence[SheetLine], printed: dt.datetime
) -> str:
    """Return the sheet as text for a page of 100 columns."""
    now = walltime.to_local(printed, location.zone)
    text = [
        f"{location.name}: visits of {on:%A, %d %B %Y} ({on.isoformat()}), for the {role.value}",
        f"Printed {now:%Y-%m-%d %H:%M} {location.zone}. Later changes are not on this page.",
    ]
    if location.emergency_phone:
        text.append(f"Emergency phone: {location.emergency_phone}")
    if not found:
        text += ["", "No visits."]
    last = ""
    for line in found:
        if line.practitioner != last:
            text += ["", line.practitioner, "=" * len(line.practitioner)]
            last = line.practitioner
        born = f", born {line.born}" if line.born else ""
        text += [
            f"[ ] {line.start}-{line.end}  {line.patient}{born}, file {line.file_number}",
            f"    {line.service} in {line.room}. Phone: {line.phone or 'none'}",
            *(f"    ! {hold}" for hold in line.holds),
        ]
    return "\n".join(text) + "\n"


def _nth(number: int | None, planned: int | None) -> str:
    """Return " 2/3" of a session of a course, " +" of its booster; empty of any other visit."""
    if number is None or planned is None:
        return ""
    return " +" if number > planned else f" {number}/{planned}"
