"""The pages of courses: planned in a preview, confirmed at once, the list of calls."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.locations.models import OpeningDay
from clinic.safety.values import FactKind, FactSource
from clinic.scheduling import course_queries
from clinic.scheduling.models import Appointment, Course
from clinic.scheduling.values import AppointmentStatus, CourseStatus
from tests import factories
from tests.scheduling.conftest import without_audit

R, D = Role.RECEPTIONIST, Role.PHYSICIAN
ROW = re.compile(r'name="row-(\d+)" value="([^"]*)"')
LEVEL = re.compile(r'class="plan-row is-(\w+)" id="session-(\d+)"')


@pytest.fixture
def desk(desk):
    """A PRP course is three sessions, a week apart, two days more or less."""
    desk.prp.sessions_planned, desk.prp.interval_days = 3, 7
    desk.prp.tolerance_days, desk.prp.least_days = 2, 6
    factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER, name="Dr Haddad"
    )
    desk.db.flush()
    return desk


def text(answer):
    return answer.get_data(as_text=True)


def rows(answer):
    """Return {number: what stands in its hidden field} of a preview."""
    return {int(number): value for number, value in ROW.findall(text(answer))}


def levels(answer):
    return {int(number): level for level, number in LEVEL.findall(text(answer))}


def form(desk, **changes):
    return {
        "service_id": desk.prp.id,
        "form_key": "f" * 24,
        "first_from": "2026-11-24",
        "first_until": "2026-11-27",
        **changes,
    }


def url(desk):
    return f"/patients/{desk.alice.id}/courses"


def sent(answer):
    return {f"row-{number}": value for number, value in rows(answer).items()}


def pressed(desk, fields, role=R):
    """Press a button of the plan and look at the page that it leads to."""
    return desk.world.as_role(role).post(url(desk), fields, follow_redirects=True)


def preview(desk, role=R, **changes):
    answer = pressed(desk, form(desk, preview="1", **changes), role)
    assert answer.status_code == 200, text(answer)
    return answer


def confirm(desk, answer, role=R, **changes):
    wish = form(desk, confirm="1", **sent(answer)) | changes
    return desk.world.as_role(role).post(url(desk), wish)


def visits(desk):
    return desk.db.scalars(sa.select(Appointment).order_by(Appointment.starts_at)).all()


def a_course(desk, **changes):
    fields = {
        "patient_id": desk.alice.id,
        "service_id": desk.prp.id,
        "started_on": dt.date(2026, 11, 16),
        "sessions_planned": 3,
        "interval_days": 7,
        "tolerance_days": 2,
        "least_days": 6,
        **changes,
    }
    course = Course(**fields)
    desk.db.add(course)
    desk.db.flush()
    return course


def a_visit(desk, course, number, at, **changes):
    fields = {"status": AppointmentStatus.DONE, **changes}
    return factories.an_appointment(
        desk.db,
        location=desk.world.location,
        patient=desk.alice,
        service=desk.prp,
        practitioner=desk.physician,
        room=desk.room,
        starts_local=at,
        course_id=course.id,
        course_number=number,
        **fields,
    )


# ---- planning ----


def test_a_whole_course_is_previewed_and_confirmed_at_once(desk):
    shown = preview(desk, weekdays=["1", "3"], earliest="15", practitioner_id=desk.physician.id)

    assert levels(shown) == {1: "green", 2: "green", 3: "green"}
    picked = [dt.datetime.fromisoformat(value.split("|")[0]) for value in rows(shown).values()]
    assert all(at.weekday() in {1, 3} and at.time() >= dt.time(15) for at in picked)
    assert visits(desk) == []

    answer = confirm(desk, shown)

    assert answer.status_code == 303
    assert [v.starts_local for v in visits(desk)] == picked
    assert {v.practitioner_id for v in visits(desk)} == {desk.physician.id}
    assert [v.course_number for v in visits(desk)] == [1, 2, 3]


def test_the_numbers_of_one_service_are_never_planned_for_another(desk):
    shown = preview(desk)
    answer = confirm(desk, shown, sessions_planned="9", numbers_of=str(desk.prp.id + 1))

    assert (rows(answer), visits(desk)) == ({}, [])
    assert re.search(r'name="sessions_planned"[^>]*value="3"', answer.text)


def test_somebody_was_faster_and_only_that_row_turns_red(desk):
    shown = preview(desk, practitioner_id=desk.physician.id)
    at = dt.datetime.fromisoformat(rows(shown)[2].split("|")[0])
    desk.book(patient_id=desk.bob().id, starts_local=at, room_id=desk.room_2.id)

    answer = confirm(desk, shown, practitioner_id=desk.physician.id)

    assert answer.status_code == 409
    assert rows(answer) == rows(shown)
    assert levels(answer) == {1: "green", 2: "red", 3: "green"}
    assert "Dr Weber is taken until" in text(answer)
    assert [v.patient_id for v in visits(desk)] != [desk.alice.id]
    assert len(visits(desk)) == 1
    assert desk.db.scalar(sa.select(sa.func.count()).select_from(Course)) == 0


def test_what_fails_in_the_middle_books_nothing(desk):
    """The preview saw it free; at the booking itself the second session is taken."""
    shown = preview(desk, practitioner_id=desk.physician.id)
    first, second = rows(shown)[1], rows(shown)[2]

    answer = confirm(desk, shown, **{"row-1": first, "row-2": second, "row-3": first})

    assert answer.status_code == 409
    assert visits(desk) == []
    assert levels(answer)[3] == "red"
    assert "before is not before this one" in text(answer)


def test_a_row_goes_to_the_next_free_day_and_back(desk):
    shown = preview(desk)
    base = form(desk, **sent(shown))

    later = pressed(desk, base | {"later": "2"})
    back = pressed(desk, form(desk, **sent(later)) | {"earlier": "2"})

    def day(answer, n):
        return rows(answer)[n][:10]

    assert day(later, 1) == day(shown, 1)
    assert day(later, 2) > day(shown, 2)
    assert day(back, 2) == day(shown, 2)
    assert levels(later)[2] == "green"


def test_rows_after_a_change_stay_while_they_fit_and_follow_when_they_do_not(desk):
    shown = preview(desk)
    wish = form(desk, **sent(shown))
    second = dt.date.fromisoformat(rows(shown)[2][:10])

    one = pressed(desk, wish | {"later": "2"})
    far = pressed(desk, wish | {"other": "2", "date-2": str(second + dt.timedelta(days=4))})

    assert rows(one)[3] == rows(shown)[3]
    moved = dt.date.fromisoformat(rows(far)[3][:10])
    assert 5 <= (moved - second - dt.timedelta(days=4)).days <= 9
    assert levels(far)[2] == "amber"
    assert "6 to 9 are planned" in text(far)


@pytest.mark.parametrize(
    ("typed", "level", "said"),
    [
        ({"date-2": "2026-12-06", "time-2": "10:00"}, "red", "closed"),
        ({"date-2": "2026-12-01", "time-2": "21:00"}, "red", "opens again"),
        ({"date-2": "2026-12-01", "time-2": "10:07"}, "red", "five minutes"),
        ({"date-2": "2026-11-20", "time-2": "10:00"}, "red", "past"),
        ({"date-2": "2026-11-25", "time-2": "10:00"}, "red", "before"),
    ],
)
def test_another_date_says_what_is_wrong_with_it(desk, typed, level, said):
    shown = preview(desk)

    answer = pressed(desk, form(desk, **sent(shown)) | {"other": "2"} | typed)

    assert answer.status_code == 200
    assert levels(answer)[2] == level
    row = text(answer).split('id="session-2"')[1].split("</li>\n")[0]
    assert said in row.lower()


def test_a_public_holiday_is_said_by_its_name(desk):
    desk.db.add(
        OpeningDay(
            location_id=desk.world.location.id,
            day=dt.date(2026, 12, 1),
            name="Founding day",
            times=[],
        )
    )
    desk.db.flush()
    shown = preview(desk)

    answer = pressed(
        desk,
        form(desk, **sent(shown)) | {"other": "2", "date-2": "2026-12-01", "time-2": "10:00"},
    )

    assert levels(answer)[2] == "red"
    assert "Founding day" in text(answer)
    assert all(not value.startswith("2026-12-01") for value in rows(shown).values())


def test_a_plan_may_end_before_a_row(desk):
    shown = preview(desk)

    cut = pressed(desk, form(desk, **sent(shown)) | {"cut": "3"})
    answer = confirm(desk, cut)

    assert list(rows(cut)) == [1, 2]
    assert answer.status_code == 303
    course = desk.db.scalars(sa.select(Course)).one()
    assert [v.course_number for v in visits(desk)] == [1, 2]
    assert course_queries.page(desk.db, desk.actor(), course.id).without_visit == [3]


def test_reception_learns_no_hidden_day_and_no_reason(desk):
    desk.knows(FactKind.CONDITION, "haemophilia", label="Haemophilia A")
    shown = preview(desk)

    assert set(levels(shown).values()) == {"red"}
    assert "aemophilia" not in text(shown)
    assert "Do not treat" in text(shown)

    refused = confirm(desk, shown)

    assert refused.status_code == 409
    assert visits(desk) == []
    assert "aemophilia" not in text(refused)


def test_a_hidden_end_is_not_found_by_planning_across_it(desk):
    """A cancer of the scalp stops PRP until 16 February 2027, and the desk must not learn it."""
    desk.settle()
    desk.knows(
        FactKind.CONDITION,
        "scalp_cancer",
        ended_on=dt.date(2026, 8, 20),
        noted_on=dt.date(2026, 8, 20),
        source=FactSource.LETTER,
    )
    days = {"first_from": "2027-02-16", "first_until": "2027-02-20"}

    told, known = preview(desk, R, **days), preview(desk, Role.NURSE, **days)

    assert set(levels(told).values()) == {"red"}
    assert "red" not in levels(known).values()
    assert confirm(desk, told, **days).status_code == 409
    assert visits(desk) == []


def test_a_plan_goes_round_days_that_may_be_named(desk):
    desk.took_ibuprofen()

    shown = preview(desk, first_from="2026-11-24")

    assert rows(shown)[1][:10] == "2026-11-25"
    assert set(levels(shown).values()) == {"green"}


def test_a_physician_reads_what_refuses(desk):
    desk.knows(FactKind.CONDITION, "haemophilia")

    shown = preview(desk, D)

    assert set(levels(shown).values()) == {"red"}
    assert "leeding" in text(shown)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"interval_days": "5"}, "At least 6 days"),
        ({"tolerance_days": "7"}, "Less than the days between two"),
        ({"sessions_planned": "0"}, "from 1 to 60"),
        ({"earliest": "25"}, "Enter a time"),
        ({"first_until": "2026-11-20"}, "The last day lies before the first"),
        ({"first_until": "2027-11-20"}, "At most 90 days"),
        ({"service_id": "x"}, "one of the list"),
        ({"weekdays": ["9"]}, "one of the list"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_stays_typed(desk, typed, field):
    answer = pressed(desk, form(desk, latest="16:45") | typed)

    assert answer.status_code == 422
    assert field in text(answer)
    assert "16:45" in text(answer)


def test_rows_that_are_not_ours_are_planned_anew(desk):
    answer = pressed(desk, form(desk, later="1", **{"row-1": "2026-99-99T10:00|1||", "row-2": "x"}))

    assert answer.status_code == 200
    refused = pressed(desk, form(desk, confirm="1", **{"row-1": "2026-99-99T10:00|1||"}))
    assert refused.status_code == 409
    assert visits(desk) == []


def test_a_plan_reads_as_much_however_many_sessions(desk, statements):
    def read(**changes):
        statements.clear()
        preview(desk, **changes)
        return len([s for s in without_audit(statements) if s.startswith("SELECT")])

    assert read(sessions_planned="2") == read(sessions_planned="12")


@pytest.mark.parametrize(
    "path", ["/appointments/{visit}", "/board?date=2026-11-27", "/courses/{id}"]
)
def test_the_session_after_the_last_is_called_the_booster(desk, path):
    course = a_course(desk, booster_days=182)
    visit = a_visit(desk, course, 4, dt.datetime(2026, 11, 27, 10), status=AppointmentStatus.BOOKED)

    page = text(desk.world.as_role(R).get(path.format(visit=visit.id, id=course.id)))

    assert "booster" in page
    assert "4 of 3" not in page
    assert "4/3" not in page


def test_booking_leads_to_planning_the_whole_course(desk):
    visitor = desk.world.as_role(R)
    url = f"/appointments/new?patient_id={desk.alice.id}&service_id={desk.prp.id}"

    before = text(visitor.get(url))
    course = a_course(desk)
    after = text(visitor.get(url))

    assert f"/patients/{desk.alice.id}/courses/new?service_id={desk.prp.id}" in before
    assert f"/courses/{course.id}/plan" in after


def test_a_course_begins_without_dates_and_waits_on_the_list(desk):
    visitor = desk.world.as_role(R)

    answer = visitor.post(url(desk), form(desk, begin="1", sessions_planned="5"))

    assert answer.status_code == 303
    course = desk.db.scalars(sa.select(Course)).one()
    assert (course.sessions_planned, course.status) == (5, CourseStatus.ACTIVE)
    assert "Leyla Demir" in text(visitor.get("/courses-to-call"))
    again = visitor.post(url(desk), form(desk, begin="1", form_key="g" * 24))
    assert again.status_code == 409
    assert "under way already" in text(again)
