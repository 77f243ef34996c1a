"""Checking visits as the product does: from the number of a visit to what it is to remember."""

from collections.abc import Sequence

import sqlalchemy as sa

from clinic.catalog.models import Service
from clinic.catalog.values import Modality
from clinic.core.engine import Sessions
from clinic.safety.values import Decision, History, PlannedTreatment
from clinic.scheduling import checking, recheck
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.models import Appointment, Course
from clinic.scheduling.rules.checks import Remembered, remembered
from tests.bench.staff import INJECTIONS


def plan_of_prp(history: History) -> PlannedTreatment:
    """Return the plan of a PRP for somebody, as booking makes it."""
    return scheduling_queries.plan_of(
        Modality.PRP, history, consent_version="1.0", interval_days=None, ingredients=()
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
        gathered = recheck.gather(db, recheck.of_ids(db, ids))
    found = [each.known.decision for each in recheck.decide(gathered)]
    assert len(found) == len(ids)
    return found


def any_treatments(sessions: Sessions, count: int) -> list[recheck.OpenVisit]:
    """Return treatments of as many visits as asked for, the newest; past ones stand for coming."""
    with sessions.read() as db:
        rows = db.execute(
            sa.select(
                Appointment.id,
                Appointment.patient_id,
                Appointment.starts_local,
                Appointment.service_id,
                Service.modality,
                Course.interval_days,
                Service.ingredients,
            )
            .join(Service, Service.id == Appointment.service_id)
            .outerjoin(Course, Course.id == Appointment.course_id)
            .where(Service.id == INJECTIONS)
            .order_by(Appointment.id.desc())
            .limit(count)
        ).all()
    nothing = Remembered(decision=None, is_released=False, clear_on=None)
    return [
        recheck.OpenVisit(id_, who, at.date(), service, modality, days, ingredients, nothing)
        for id_, who, at, service, modality, days, ingredients in rows
    ]


def screen_batch(sessions: Sessions, visits: Sequence[recheck.OpenVisit]) -> int:
    """Gather and decide as the nightly run does: by the thousand; return how many have news."""
    found = 0
    for start in range(0, len(visits), recheck.LOOKED_AT):
        with sessions.read() as db:
            gathered = recheck.gather(db, visits[start : start + recheck.LOOKED_AT])
            found += len(recheck.news(db, list(recheck.decide(gathered))))
    return found


def nightly(sessions: Sessions) -> recheck.Summary:
    """Look at the visits of the next days as the nightly run does, and write nothing."""
    with sessions.read() as db:
        ids = recheck.coming(db)
    return recheck.run(sessions.read, lambda _ids: [], ids)
