"""What comes after a session: offered at check-out, planned anew when one was moved or fell out."""

import datetime as dt
import re

import sqlalchemy as sa

from clinic.catalog.values import ResourceKind
from clinic.core import clock
from clinic.safety.values import FactKind
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus, CourseStatus
from tests import factories
from tests.scheduling.conftest import without_audit
from tests.scheduling.test_courses_due import TODAY, R, a_course, a_session, text


def test_at_check_out_the_next_session_is_one_press_away(desk):
    course = a_course(desk)
    visit = a_session(desk, course, 1, 0, ended_at=clock.now())
    visitor = desk.world.as_role(R)

    page = text(visitor.get(f"/appointments/{visit.id}"))
    form = page.split('id="next"')[1].split("<form")[1].split("</form>")[0]
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    answer = visitor.post("/appointments", sent)

    assert answer.status_code == 303
    made = desk.db.scalars(sa.select(Appointment).order_by(Appointment.id.desc())).first()
    assert made is not None
    assert (made.course_number, made.starts_local.date()) == (2, TODAY + dt.timedelta(days=28))
    assert made.practitioner_id == desk.physician.id
    assert 'id="next"' not in text(visitor.get(f"/appointments/{visit.id}"))


def test_what_the_check_refuses_is_not_offered_at_check_out(desk):
    course = a_course(desk)
    visit = a_session(desk, course, 1, 0)
    desk.knows(FactKind.CONDITION, "haemophilia")

    page = text(desk.world.as_role(R).get(f"/appointments/{visit.id}"))

    assert "No time in its days can be booked from here." in page
    assert "aemophilia" not in page


def test_a_moved_or_cancelled_session_offers_to_plan_the_rest(desk):
    course = a_course(desk)
    visits = [
        a_session(desk, course, n, -1 - 28 * (n - 1), status=AppointmentStatus.BOOKED)
        for n in (1, 2, 3)
    ]
    visitor = desk.world.as_role(R)
    assert "do not follow" not in text(visitor.get(f"/appointments/{visits[1].id}"))

    desk.cancel(visits[1])
    page = text(visitor.get(f"/appointments/{visits[1].id}"))

    assert "2 sessions still to come do not follow as planned any more." in page
    plan = text(visitor.get(f"/courses/{course.id}/plan"))
    assert plan.count("stays") == 2
    assert "1 session will be booked" in plan


def test_what_moved_far_takes_the_rest_with_it_in_one_confirm(desk):
    course = a_course(desk)
    first, second = (
        a_session(desk, course, n, -1 - 28 * (n - 1), status=AppointmentStatus.BOOKED)
        for n in (1, 2)
    )
    factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.ROOM, name="Room 3"
    )
    visitor = desk.world.as_role(R)
    seen = f"{first.id}:{first.version},{second.id}:{second.version}"
    row = f"2026-12-14T10:00|{desk.physician.id}|{desk.room.id}|"
    base = {"form_key": "f" * 24, "seen": seen, "row-1": row, "row-2": "", "row-3": ""}

    shown = visitor.post(
        f"/courses/{course.id}/plan",
        base | {"other": "1", "date-1": "2026-12-14", "time-1": "10:00"},
    )
    shown = visitor.get(shown.location)
    assert "1 session will be booked, 2 sessions will be moved" in text(shown)
    rows = {
        f"row-{n}": text(shown).split(f'name="row-{n}" value="')[1].split('"')[0] for n in (1, 2, 3)
    }
    answer = visitor.post(f"/courses/{course.id}/plan", base | rows | {"confirm": "1"})

    assert answer.status_code == 303
    for visit in (first, second):
        desk.db.refresh(visit)
    assert first.starts_local == dt.datetime(2026, 12, 14, 10)
    assert second.starts_local.date() == dt.date(2027, 1, 11)
    assert "moved" in text(visitor.get(f"/courses/{course.id}"))


def test_planning_a_course_that_is_over_or_changed_is_a_clear_refusal(desk):
    course = a_course(desk)
    a_session(desk, course, 1, -1, status=AppointmentStatus.BOOKED)
    visitor = desk.world.as_role(R)
    row = f"2026-12-22T10:00|{desk.physician.id}|{desk.room.id}|"
    wish = {"confirm": "1", "form_key": "f" * 24, "seen": "", "row-1": row}

    stale = visitor.post(f"/courses/{course.id}/plan", wish)
    assert stale.status_code == 409
    assert row in text(stale)
    course.status = CourseStatus.COMPLETED
    desk.db.flush()
    over = visitor.post(f"/courses/{course.id}/plan", wish)
    assert over.status_code == 409


def test_the_course_stands_in_the_booking_form_with_its_number(desk):
    course = a_course(desk)
    a_session(desk, course, 1, 28)

    page = text(desk.world.as_role(R).get(f"/appointments/new?patient_id={desk.alice.id}"))

    assert "2 of 3" in page
    assert f'<option selected value="{desk.prp.id}"' in page


def test_a_page_of_a_done_visit_reads_the_same_however_long_the_course(desk, statements):
    visitor = desk.world.as_role(R)

    def read(sessions):
        course = a_course(desk, desk.bob(), sessions_planned=sessions)
        visit = a_session(desk, course, 1, course.id)
        statements.clear()
        assert visitor.get(f"/appointments/{visit.id}").status_code == 200
        return len(without_audit(statements))

    read(2)
    assert read(2) == read(20)
