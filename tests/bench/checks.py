"""Checking visits as the product does: from the number of a visit to what it is to remember."""

from collections.abc import Sequence

import sqlalchemy as sa

from clinic.catalog.models import Service
from clinic.catalog.values import Modality
from clinic.core.engine import Sessions
from clinic.safety import queries as safety_queries
from clinic.safety.values import Decision, History, PlannedTreatment
from clinic.scheduling import checking
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.models import Appointment, Course
from clinic.scheduling.rules.checks import remembered


def plan_of_prp(history: History) -> PlannedTreatment:
    """Return the plan of a PRP for somebody, as booking makes it."""
    return scheduling_queries.plan_of(
        Modality.PRP, history, consent_version="1.0", interval_days=None
    )


def screen_one(sessions: Sessions, appointment_id: int) -> Decision | None:
    """Check one visit for its day, as each of its steps does."""
    with sessions.read() as db:
        visit = scheduling_queries.get(db, appointment_id)
        screening, released = checking.check(db, visit, visit.starts_local.date())
        return remembered(screening, released).decision


def screen_many(sessions: Sessions, ids: Sequence[int]) -> list[Decision | None]:
    """Check many visits at once, as a change of facts does with all of one patient's."""
    with sessions.read() as db:
        rows = db.execute(
            sa.select(
                Appointment.id,
                Appointment.patient_id,
                Appointment.starts_local,
                Service.modality,
                Course.interval_days,
            )
            .join(Service, Service.id == Appointment.service_id)
            .outerjoin(Course, Course.id == Appointment.course_id)
            .where(Appointment.id.in_(ids))
        ).all()
        histories = safety_queries.histories(db, [row.patient_id for row in rows])
        version_of = scheduling_queries.consent_versions(db)
        released = safety_queries.released_of(db, ids)
    found = []
    for visit_id, patient_id, starts_local, modality, interval_days in rows:
        history, on = histories[patient_id], starts_local.date()
        plan = scheduling_queries.plan_of(
            modality,
            history,
            consent_version=version_of(modality, on),
            interval_days=interval_days,
        )
        screening = safety_queries.check(db, history, plan, on)
        found.append(remembered(screening, released.get(visit_id, frozenset())).decision)
    assert len(found) == len(ids)
    return found
