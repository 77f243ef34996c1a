"""Times, moves and steps that the tests of the desk ask for."""

import datetime as dt

from clinic.scheduling.models import Course
from clinic.scheduling.values import (
    MoveAppointment,
    StepVisit,
)


def at(hour, minute=0, day=24):
    return dt.datetime(2026, 11, day, hour, minute)


def a_move(visit, **changes):
    fields = {
        "appointment_id": visit.id,
        "version": visit.version,
        "starts_local": visit.starts_local,
        "practitioner_id": visit.practitioner_id,
        "room_id": visit.room_id,
        **changes,
    }
    return MoveAppointment(**fields)


def a_step(visit, **changes):
    return StepVisit(appointment_id=visit.id, version=visit.version, **changes)


def a_course(desk, **changes):
    fields = {
        "patient_id": desk.alice.id,
        "service_id": desk.prp.id,
        "sessions_planned": 3,
        "interval_days": 28,
        "started_on": dt.date(2026, 11, 1),
        **changes,
    }
    course = Course(**fields)
    desk.db.add(course)
    desk.db.flush()
    return course
