"""Who waits: put on the list, changed, taken off; what is refused, at which field."""

import datetime as dt
import html

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.errors import Invalid, NotFound, StaleEdit
from clinic.patients.values import PatientStatus
from clinic.scheduling.models import Occupancy
from clinic.scheduling.rules.asking import PartOfDay
from clinic.scheduling.service import NotBookable
from clinic.waiting import service
from clinic.waiting.models import WaitingEntry
from clinic.waiting.queries import entries
from clinic.waiting.rules import wishes as wish_rules
from clinic.waiting.service import WaitsAlready
from clinic.waiting.values import ChangeEntry, Ending, Priority
from tests import factories
from tests.conftest import NOW
from tests.scheduling.moments import at
from tests.waiting.conftest import TODAY, wishes


def text_of(page):
    return html.unescape(page.get_data(as_text=True))


def a_form(desk, **changes):
    fields = {
        "patient_id": desk.alice.id,
        "service_id": desk.consultation.id,
        "practitioner_id": "",
        "part_of_day": "morning",
        "from_on": "2026-11-23",
        "until_on": "2026-12-20",
        "notice_hours": "2",
        "priority": "usual",
        "note": "Works next door",
        **changes,
    }
    return {name: str(value) for name, value in fields.items()}


def kept(desk):
    return desk.db.scalars(sa.select(WaitingEntry)).all()


def test_somebody_is_put_on_the_list_and_stands_there(world, desk):
    visitor = world.as_role(Role.RECEPTIONIST)
    page = text_of(visitor.get(f"/waiting-list/new?patient_id={desk.alice.id}"))
    assert "Leyla Demir" in page
    assert 'value="2027-01-22"' in page, "sixty days from today"

    answer = visitor.post("/waiting-list", a_form(desk))

    assert (answer.status_code, answer.location) == (303, "/waiting-list")
    shown = text_of(visitor.get("/waiting-list"))
    assert "Leyla Demir waits now." in shown
    for words in ("Consultation", "Mornings, before 12:00", "needs 2 h notice", "Works next door"):
        assert words in shown, words
    (entry,) = kept(desk)
    assert (entry.weekdays, entry.created_at) == (127, NOW)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"service_id": ""}, "Please fill this in"),
        ({"service_id": 99999}, "no such service"),
        ({"practitioner_id": 99999}, "Choose one of the list"),
        ({"until_on": "2026-11-22", "from_on": "2026-11-20"}, "This day is over"),
        ({"from_on": "2026-12-24"}, "before the first one"),
        ({"until_on": "2028-01-01"}, "a year at most"),
        ({"until_on": "31.02.2027"}, "There is no such day"),
        ({"notice_hours": "3"}, "Choose one of the list"),
        ({"part_of_day": "night"}, "Choose one of the list"),
        ({"note": "x" * 301}, "At most 300 characters"),
        ({"visit_id": 99999}, "would be given up"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(world, desk, change, said):
    answer = world.as_role(Role.RECEPTIONIST).post("/waiting-list", a_form(desk, **change))

    assert 400 <= answer.status_code < 500, answer.status_code
    shown = text_of(answer)
    assert said in shown
    if "no such service" not in said and "note" not in change:
        assert "Works next door" in shown
    assert not kept(desk)


def test_nobody_waits_twice_for_one_service(world, desk, waiting):
    entry = waiting.wait()

    answer = world.as_role(Role.RECEPTIONIST).post("/waiting-list", a_form(desk))

    assert answer.status_code == 409
    assert "waits for this service already" in text_of(answer)
    with pytest.raises(WaitsAlready):
        waiting.wait()
    page = world.as_role(Role.RECEPTIONIST).get(
        f"/waiting-list/new?patient_id={desk.alice.id}&service_id={desk.consultation.id}"
    )
    assert page.location == f"/waiting-list/{entry.id}/edit"
    assert waiting.wait(service_id=desk.prp.id), "for another service they may"


def test_a_record_that_is_not_in_use_does_not_wait(desk, waiting):
    desk.alice.status = PatientStatus.DECEASED
    desk.db.flush()

    with pytest.raises(NotBookable):
        waiting.wait()


def test_nobody_is_called_about_a_patient_who_has_died(desk, waiting):
    entry = waiting.wait()
    desk.alice.status = PatientStatus.DECEASED
    desk.db.flush()

    assert entries.listed(desk.db, desk.actor()) == []
    with pytest.raises(NotBookable):
        waiting.offer(entry)


def test_patients_and_entries_of_another_place_are_not_found(world, desk, waiting):
    entry = waiting.wait()
    stranger = factories.a_patient(desk.db, location=factories.a_location(desk.db))
    with pytest.raises(NotFound):
        waiting.wait(stranger.id)
    entry.location_id = stranger.location_id
    desk.db.flush()
    visitor = world.as_role(Role.RECEPTIONIST)

    assert visitor.get(f"/waiting-list/{entry.id}/edit").status_code == 404
    assert visitor.post(f"/waiting-list/{entry.id}", a_form(desk, version=1)).status_code == 404
    removal = visitor.post(f"/waiting-list/{entry.id}/removal", {"version": "1"})
    assert removal.status_code == 404


def test_the_visit_given_up_is_the_patients_own_and_of_the_service(desk, waiting):
    own, others = desk.book(), desk.book(patient_id=desk.bob().id, starts_local=at(11))

    with pytest.raises(Invalid):
        waiting.wait(visit_id=others.id)
    with pytest.raises(Invalid):
        waiting.wait(visit_id=own.id, service_id=desk.prp.id)
    assert waiting.wait(visit_id=own.id).visit_id == own.id


def test_wishes_are_changed_and_a_stale_page_is_shown_what_is(world, desk, waiting):
    entry = waiting.wait()
    visitor = world.as_role(Role.NURSE)
    page = visitor.get(f"/waiting-list/{entry.id}/edit")
    assert page.status_code == 200
    fields = a_form(desk, version=entry.version, priority="soon")

    answer = visitor.post(f"/waiting-list/{entry.id}", {**fields, "days": ["1", "3"]})

    desk.db.refresh(entry)
    assert answer.status_code == 303
    assert (entry.weekdays, entry.priority) == (0b1010, Priority.SOON)
    shown = text_of(visitor.get("/waiting-list"))
    assert "Tuesday, Thursday" in shown
    assert "As soon as possible" in shown
    stale = visitor.post(f"/waiting-list/{entry.id}", {**fields, "note": "Typed anew"})
    assert stale.status_code == 409
    assert "Somebody else has changed this entry" in text_of(stale)
    assert "Typed anew" in text_of(stale)


def test_the_service_of_an_entry_stays(desk, waiting):
    entry = waiting.wait()
    wish = ChangeEntry(
        entry_id=entry.id, version=entry.version, wishes=wishes(desk, service_id=desk.prp.id)
    )

    with pytest.raises(Invalid):
        service.change(desk.db, desk.actor(), wish)


def test_who_is_taken_off_frees_what_was_offered(world, desk, waiting):
    entry = waiting.wait()
    waiting.offer(entry)
    visitor = world.as_role(Role.RECEPTIONIST)

    answer = visitor.post(f"/waiting-list/{entry.id}/removal", {"version": str(entry.version)})

    desk.db.refresh(entry)
    assert answer.status_code == 303
    assert entry.ended_as is Ending.REMOVED
    held = sa.select(sa.func.count()).select_from(Occupancy)
    assert desk.db.scalar(held.where(Occupancy.held_slot_id.is_not(None))) == 0
    assert "Leyla Demir waits no more" in text_of(visitor.get("/waiting-list"))
    again = visitor.post(f"/waiting-list/{entry.id}/removal", {"version": str(entry.version)})
    assert again.status_code == 409
    assert waiting.wait(), "and may wait anew"


def test_a_wish_is_over_by_itself_after_its_last_day(desk, waiting, clock):
    waiting.wait(until_on=TODAY)
    assert len(entries.listed(desk.db, desk.actor())) == 1

    clock(NOW + dt.timedelta(days=1))

    assert entries.listed(desk.db, desk.actor()) == []


def test_the_urgent_stand_first_then_who_waits_longest(desk, waiting, clock):
    first = waiting.wait()
    clock(NOW + dt.timedelta(minutes=1))
    second, urgent = (
        waiting.wait(desk.bob().id),
        waiting.wait(desk.bob().id, priority=Priority.SOON),
    )

    listed = [card.id for card in entries.listed(desk.db, desk.actor())]

    assert listed == [urgent.id, first.id, second.id]


def test_the_list_is_two_statements_however_many_wait(desk, waiting, statements):
    for _ in range(4):
        waiting.wait(desk.bob().id)
    statements.clear()

    entries.listed(desk.db, desk.actor())

    assert len(statements) == 2


def test_each_act_is_one_line_of_the_audit_trail(desk, waiting):
    entry = waiting.wait()
    wish = wishes(desk, part_of_day=PartOfDay.EVENING)
    changed = ChangeEntry(entry_id=entry.id, version=entry.version, wishes=wish)
    service.change(desk.db, desk.actor(), changed)
    desk.db.flush()
    service.remove(desk.db, desk.actor(), entry.id, entry.version)

    lines = desk.db.execute(
        sa.select(AuditEvent.action, AuditEvent.patient_id).order_by(AuditEvent.id)
    ).all()
    assert [tuple(line) for line in lines[-3:]] == [
        ("waiting.added", desk.alice.id),
        ("waiting.changed", desk.alice.id),
        ("waiting.removed", desk.alice.id),
    ]


def test_a_form_without_a_patient_or_a_version_is_out_of_date(world, desk, waiting):
    entry = waiting.wait()
    visitor = world.as_role(Role.RECEPTIONIST)

    assert visitor.post("/waiting-list", a_form(desk, patient_id="x")).status_code == 422
    assert (
        visitor.post(f"/waiting-list/{entry.id}/removal", {"version": "x\x00"}).status_code == 422
    )
    assert visitor.get("/waiting-list/new").location == "/patients?pick=1&next=/waiting-list/new"
    assert visitor.get("/waiting-list/new?patient_id=999999").status_code == 404


def test_removing_at_an_old_version_is_stale(desk, waiting):
    entry = waiting.wait()

    with pytest.raises(StaleEdit):
        service.remove(desk.db, desk.actor(), entry.id, entry.version + 1)


@pytest.mark.parametrize(
    ("starts", "notice_h", "change", "fits"),
    [
        (at(11, 45), 24, {"part_of_day": PartOfDay.MORNING}, True),
        (at(12), 24, {"part_of_day": PartOfDay.MORNING}, False),
        (at(12), 24, {"part_of_day": PartOfDay.AFTERNOON}, True),
        (at(17), 24, {"part_of_day": PartOfDay.AFTERNOON}, False),
        (at(17), 24, {"part_of_day": PartOfDay.EVENING}, True),
        (at(10), 24, {"weekdays": 0b10}, True),
        (at(10), 24, {"weekdays": 0b1111101}, False),
        (at(10), 4, {"notice_hours": 4}, True),
        (at(10), 3, {"notice_hours": 4}, False),
        (at(10), 24, {"from_on": dt.date(2026, 11, 25)}, False),
        (at(10), 24, {"until_on": dt.date(2026, 11, 24)}, True),
        (at(10), 24, {"until_on": dt.date(2026, 11, 23)}, False),
    ],
)
def test_a_time_meets_the_wishes_or_not(desk, starts, notice_h, change, fits):
    wish = wishes(desk, **change)

    assert wish_rules.suits(wish, starts, dt.timedelta(hours=notice_h)) is fits
