"""The administrator's view of the trail: what it shows, how it is narrowed, what looking leaves."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.audit import service
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from tests.conftest import NOW
from tests.counting import statements

pytestmark = pytest.mark.unapproved


def text(response) -> str:
    return response.get_data(as_text=True)


@pytest.fixture
def admin(world):
    return world.as_role(Role.ADMINISTRATOR)


def rows(page: str) -> list[str]:
    """Return the row numbers on the page."""
    return re.findall(r'<td class="n ltr">(\d+)</td>', page)


def test_the_newest_row_stands_first_and_looking_leaves_one(admin, world, db):
    for n in range(3):
        service.record(db, world.actor(Role.NURSE), "patient.opened", "patient", n, patient_id=n)

    page = text(admin.get("/audit-trail"))

    shown = [int(number) for number in rows(page)]
    assert len(shown) == 3
    assert shown == sorted(shown, reverse=True)
    assert "The newest 3 rows are unchanged" in page
    last = db.scalar(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1))
    assert (last.action, last.detail["count"]) == ("audit_event.listed", 3)


def test_rows_are_in_words_with_old_and_new(admin, world, db):
    service.record(
        db,
        world.actor(Role.ADMINISTRATOR),
        "account.changed",
        "account",
        7,
        detail={"changes": {"role": ["nurse", "<b>physician</b>"]}},
    )
    service.record(db, None, "account.sign_in_refused", "account", "abc", name="nobody")
    service.record(db, None, "odd_thing.was_done", "odd_thing")

    page = text(admin.get("/audit-trail"))

    assert "<td>changed</td>" in page
    assert "Person" in page
    assert "<del><bdi>nurse</bdi></del>" in page
    assert "<ins><bdi>&lt;b&gt;physician&lt;/b&gt;</bdi></ins>" in page
    assert "Nobody signed in" in page
    assert "The system itself" in page
    assert "was done" in page


def test_it_is_narrowed_to_a_person_a_patient_a_day(admin, world, db, clock):
    nurse, physician = world.actor(Role.NURSE), world.actor(Role.PHYSICIAN)
    midnight = dt.datetime(2026, 11, 22, 23, 0, tzinfo=dt.UTC)  # in Berlin
    for moment, actor, patient in (
        (midnight - dt.timedelta(seconds=1), nurse, 3),
        (midnight, nurse, 4),
        (NOW, physician, 3),
    ):
        clock(moment)
        service.record(db, actor, "patient.opened", "patient", patient, patient_id=patient)
    first = db.scalar(sa.select(sa.func.min(AuditEvent.id)))

    def found(query: str) -> list[int]:
        return [int(number) - first for number in rows(text(admin.get(f"/audit-trail?{query}")))]

    assert found(f"person={nurse.id}") == [1, 0]
    assert found("patient=3") == [2, 0]
    assert found("day=2026-11-22") == [0]
    assert found(f"day=2026-11-23&person={nurse.id}") == [1]
    assert found(f"day=2026-11-23&person={nurse.id}&patient=3") == []


def test_old_rows_are_reached_page_by_page(admin, db):
    for n in range(230):
        service.record(db, None, "test.done", "test", n)
    seen: list[str] = []
    url = "/audit-trail?patient="
    while url:
        page = text(admin.get(url))
        seen += rows(page)
        older = re.search(r'href="([^"]*before=[^"]*)"', page)
        url = older[1].replace("&amp;", "&") if older else ""

    assert len(seen) == len(set(seen)) == 230


@pytest.mark.parametrize(
    "query",
    ["person=999999", "patient=x", "patient=0", "day=tomorrow", "day=9999-12-31", "before=x"],
)
def test_what_cannot_be_asked_is_said_at_its_field(admin, query):
    answer = admin.get(f"/audit-trail?{query}")

    assert answer.status_code == 422
    assert 'role="alert"' in text(answer)


def test_nothing_found_says_so(admin):
    assert "Nothing was recorded here" in text(admin.get("/audit-trail?patient=77"))


def test_a_broken_chain_is_said_on_top(admin, world, db, connection):
    for n in range(3):
        service.record(db, None, "test.done", "test", n)
    second = db.scalars(sa.select(AuditEvent.id).order_by(AuditEvent.id)).all()[1]
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TRIGGER trg_audit_event_no_update")
    else:
        connection.exec_driver_sql("DROP TRIGGER trg_audit_event_append_only ON audit_event")
    connection.exec_driver_sql(f"UPDATE audit_event SET actor_name='x' WHERE id={second}")

    page = text(admin.get("/audit-trail"))
    assert f"The chain is broken at row {second}" in page
    assert "are unchanged" not in page
    checked = admin.post("/audit-trail/check", follow_redirects=True)
    assert text(checked).count(f"The chain is broken at row {second}") == 2


def test_a_check_on_request_is_recorded(admin, db):
    service.record(db, None, "test.done", "test")

    answer = admin.post("/audit-trail/check")

    assert answer.status_code == 303
    last = db.scalar(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1))
    assert last.action == "audit_event.checked"
    assert "the chain is whole" in text(admin.get("/audit-trail"))


def test_the_history_of_a_patient_says_who_looked_and_leaves_a_look(admin, world, db):
    nurse = world.actor(Role.NURSE)
    for _ in range(2):
        service.record(db, nurse, "patient.opened", "patient", 3, patient_id=3)

    page = text(admin.get("/audit-trail/patients/3"))

    assert nurse.name in page
    assert '<td class="n ltr">2</td>' in page
    last = db.scalar(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1))
    assert (last.action, last.patient_id) == ("patient_audit.opened", 3)
    assert "Nobody has opened this record" in text(admin.get("/audit-trail/patients/4"))


def test_only_the_administrator_reads_it(world):
    for role in (Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN):
        for url in ("/audit-trail", "/audit-trail/patients/3"):
            assert world.as_role(role).get(url).status_code == 403


def test_what_was_refused_to_somebody_is_in_it(world, db):
    world.as_role(Role.RECEPTIONIST).get("/audit-trail/patients/3?x=secret")

    event = db.scalar(sa.select(AuditEvent))
    assert (event.action, event.entity, event.patient_id) == ("access.denied", "audit.patient", 3)
    assert event.actor_id == world.accounts[Role.RECEPTIONIST].id
    assert event.detail == {"method": "GET", "patient_id": "3"}


def test_a_stranger_who_is_sent_to_sign_in_leaves_nothing(world, db):
    world.stranger().get("/audit-trail")

    assert db.scalar(sa.select(AuditEvent)) is None


def test_a_refusal_stands_even_when_it_cannot_be_kept(world, db, connection):
    import sqlite3

    from sqlalchemy.exc import OperationalError

    visitor = world.as_role(Role.NURSE)
    visitor.token()

    def refuse(_connection, _cursor, statement, *_rest):
        if statement.startswith("INSERT INTO audit_event"):
            raise OperationalError("x", {}, sqlite3.OperationalError("database is locked"))

    sa.event.listen(connection, "before_cursor_execute", refuse)
    try:
        assert visitor.get("/audit-trail").status_code == 403
    finally:
        sa.event.remove(connection, "before_cursor_execute", refuse)


def test_a_page_asks_few_questions_however_long_the_trail_is(admin, world, db, connection):
    def asked() -> int:
        with statements(connection) as seen:
            admin.get("/audit-trail")
        return len(seen)

    admin.get("/audit-trail")
    few = asked()
    for n in range(150):
        service.record(db, world.actor(Role.NURSE), "test.done", "test", n)

    assert asked() == few <= 9


def test_a_poll_leaves_no_row(app, world, db):
    from clinic.audit import looks
    from clinic.web.access import polled, public

    @app.get("/page")
    @public
    def page() -> str:
        looks.opened("patient", 3, patient_id=3)
        return ""

    @app.get("/look")
    @public
    @polled
    def look() -> str:
        looks.opened("patient", 3, patient_id=3)
        looks.listed("patient", [1, 2])
        return ""

    world.as_role(Role.NURSE).get("/look", headers={"X-Background": "1"})
    assert db.scalar(sa.select(AuditEvent)) is None

    world.as_role(Role.NURSE).get("/look")
    opened, listed = db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id))
    assert (opened.action, opened.patient_id) == ("patient.opened", 3)
    assert (listed.action, listed.detail["count"]) == ("patient.listed", 2)

    # Anybody can send the header: only what a page asks for by itself is quiet.
    world.as_role(Role.NURSE).get("/page", headers={"X-Background": "1"})
    wanted = sa.select(sa.func.count()).where(AuditEvent.action == "patient.opened")
    assert db.scalar(wanted) == 2
