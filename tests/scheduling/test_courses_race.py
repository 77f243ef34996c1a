"""Sixteen desks plan courses over the same times at once: each gets all of its plan, or nothing."""

import datetime as dt

import sqlalchemy as sa

from clinic.catalog.values import CoursePattern, ResourceKind
from clinic.locations.models import Location
from clinic.scheduling import courses
from clinic.scheduling.course_values import Pick, PlanCourse
from clinic.scheduling.models import Appointment
from tests import factories
from tests.scheduling.test_race import DESKS, OVERLAPS, a_clinic, all_at_once, real

__all__ = ["real"]
WEEKLY = CoursePattern(sessions=3, interval_days=7, tolerance_days=2, least_days=6)
FIRST = dt.datetime(2026, 11, 24, 10, 0)


def test_courses_across_two_physicians_never_wait_for_each_other(real):
    """Half begin with the one physician, half with the other, in one room: one of them wins."""
    actor, wish, patients = a_clinic(real)
    with real.write() as db, db.begin():
        other = factories.a_resource(
            db,
            location=db.get_one(Location, actor.location_id),
            kind=ResourceKind.PRACTITIONER,
        ).id
        begun = [
            courses.plan(
                db,
                actor,
                PlanCourse(
                    patient_id=patient,
                    picks=(),
                    form_key="",
                    service_id=wish.service_id,
                    pattern=WEEKLY,
                ),
            ).id
            for patient in patients
        ]
    people = (wish.practitioner_id, other)
    # Ids rise from the one physician over the room to the other: whoever takes them one after the
    # other in two orders would wait for somebody who waits for them.

    def plan(db, desk):
        picks = tuple(
            Pick(
                number=n + 1,
                starts_local=FIRST + dt.timedelta(weeks=n),
                practitioner_id=people[(desk + n) % 2],
            )
            for n in range(3)
        )
        return courses.plan(
            db,
            actor,
            PlanCourse(
                patient_id=patients[desk],
                picks=picks,
                form_key=f"{desk:02}" * 12,
                course_id=begun[desk],
            ),
        )

    results = all_at_once(real, plan)

    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["Course", *["RowRefused"] * (DESKS - 1)]
    with real.read() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 3
        assert db.scalar(OVERLAPS) == 0
