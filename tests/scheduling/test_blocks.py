"""Blocking time: what it keeps out, what it hits, and moving all of that or none."""

import datetime as dt
import html
import re

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.core.errors import Invalid, NotFound, StaleEdit
from clinic.scheduling import blocks, damage, service, timetables
from clinic.scheduling.blocks import BlockedAlready
from clinic.scheduling.closing import BlockKind, LayBlock, Placed
from clinic.scheduling.damage import InBlock, NotMoved
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.models import Block, Occupancy
from clinic.scheduling.values import CancelAppointment, CancelReason
from tests import factories

TUESDAY = dt.date(2026, 11, 24)
REASON = "She comes in for this one"


def at(hour, minute=0, day=TUESDAY):
    return dt.datetime.combine(day, dt.time(hour, minute))


def lay(desk, *resources, kind=BlockKind.LEAVE, starts=None, ends=None, role=Role.RECEPTIONIST):
    wish = LayBlock(
        kind=kind,
        resource_ids=tuple(r.id for r in resources or (desk.physician,)),
        starts_local=starts or at(0),
        ends_local=ends or at(0, day=TUESDAY + dt.timedelta(days=1)),
    )
    return blocks.lay(desk.db, desk.actor(role), wish)


def hits(desk, block, role=Role.RECEPTIONIST):
    actor = desk.actor(role)
    table = timetables.timetable(
        desk.db, actor.location_id, actor.zone, since=dt.date(2026, 11, 23)
    )
    return damage.damage(desk.db, actor, table, in_block(desk, block))


def in_block(desk, block):
    return InBlock(block=blocks.card(desk.db, desk.actor(), block.id))


def placed(hit, option=0):
    to = hit.options[option]
    return Placed(
        appointment_id=hit.id,
        version=hit.version,
        starts_local=to.starts_local,
        practitioner_id=to.practitioner_id,
        room_id=to.room_id,
    )


def lanes(desk, visit):
    desk.db.expire_all()
    return {row.lane for row in desk.held(visit)}


def a_second_physician(desk):
    return factories.a_resource(
        desk.db,
        location=desk.world.location,
        kind=ResourceKind.PRACTITIONER,
        name="Dr Haddad",
        sort=9,
    )


# ---- laying ----


def test_nothing_is_booked_into_a_block_and_it_is_audited(desk):
    block = lay(desk)
    with pytest.raises(SlotTaken, match="Dr Weber is on leave until 2026-11-24"):
        desk.book()
    line = desk.db.scalars(sa.select(AuditEvent).where(AuditEvent.action == "block.laid")).one()
    assert line.entity_id == str(block.id)
    assert line.detail["of"] == ["Dr Weber"]


def test_what_stands_in_it_keeps_its_time_in_a_lane_aside(desk):
    visit = desk.book()
    lay(desk)
    assert {(h.resource_id, h.lane) for h in desk.held(visit)} == {
        (desk.physician.id, 111),
        (desk.room.id, 1),
    }
    with pytest.raises(SlotTaken):
        desk.book(patient_id=desk.bob().id)


def test_the_time_of_a_visit_that_leaves_it_is_blocked_the_same_second(desk):
    visit = desk.book()
    lay(desk)
    wish = CancelAppointment(
        appointment_id=visit.id, version=visit.version, reason=CancelReason.CLINIC
    )
    service.cancel(desk.db, desk.actor(), wish)
    with pytest.raises(SlotTaken, match="on leave"):
        desk.book(patient_id=desk.bob().id)


def test_a_visit_overbooked_into_it_stands_beside_both(desk):
    desk.book()
    lay(desk)
    other = desk.book(
        Role.NURSE, patient_id=desk.bob().id, room_id=desk.room_2.id, overbook_reason=REASON
    )
    assert {h.lane for h in desk.held(other)} == {101, 1}


def test_taken_away_the_time_is_free_and_what_was_aside_is_back(desk):
    visit = desk.book()
    block = lay(desk)
    blocks.lift(desk.db, desk.actor(), block.id, block.version)
    assert lanes(desk, visit) == {1}
    assert desk.db.scalars(sa.select(Block)).all() == []
    assert desk.db.scalars(sa.select(Occupancy).where(Occupancy.block_id.is_not(None))).all() == []
    assert desk.book(starts_local=at(11), patient_id=desk.bob().id).id


def test_between_two_blocks_a_visit_stays_aside_until_both_are_gone(desk):
    visit = desk.book()
    early = lay(desk, starts=at(8), ends=at(10, 15))
    late = lay(desk, starts=at(10, 15), ends=at(12), kind=BlockKind.MEETING)
    blocks.lift(desk.db, desk.actor(), early.id, early.version)
    assert lanes(desk, visit) == {1, 111}
    blocks.lift(desk.db, desk.actor(), late.id, late.version)
    assert lanes(desk, visit) == {1}


def test_a_block_over_a_block_of_the_same_one_is_refused_with_the_other(desk):
    lay(desk, ends=at(0, day=dt.date(2027, 1, 13)))
    with pytest.raises(BlockedAlready, match="Dr Weber is on leave until 2027-01-12"):
        lay(desk, desk.physician, kind=BlockKind.MEETING, starts=at(9), ends=at(10))


def test_stale_or_gone_it_is_not_taken_away(desk):
    block = lay(desk)
    with pytest.raises(StaleEdit):
        blocks.lift(desk.db, desk.actor(), block.id, block.version + 1)
    with pytest.raises(NotFound):
        blocks.lift(desk.db, desk.actor(), block.id + 1, 1)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"starts": at(10), "ends": at(9)}, "ends_on"),
        ({"starts": at(10), "ends": at(10)}, "ends_on"),
        ({"starts": at(10, 7)}, "starts"),
        ({"starts": at(8, day=dt.date(2026, 11, 22))}, "starts_on"),
        ({"ends": at(8, day=dt.date(2029, 11, 22))}, "ends_on"),
        ({"kind": BlockKind.MAINTENANCE}, "kind"),
    ],
)
def test_a_block_that_cannot_be_is_refused_at_its_field(desk, wish, field):
    with pytest.raises(Invalid) as refused:
        lay(desk, **wish)
    assert refused.value.field == field


def test_in_the_night_that_loses_an_hour_nothing_lies_in_the_missing_one(desk):
    night = dt.date(2027, 3, 28)
    with pytest.raises(Invalid):
        lay(desk, starts=at(2, 15, night), ends=at(2, 45, night))
    block = lay(desk, starts=at(1, 30, night), ends=at(3, 30, night))
    assert block.ends_at - block.starts_at == dt.timedelta(hours=1)


def test_of_the_hour_that_comes_twice_both_are_blocked(desk):
    night = dt.date(2027, 10, 31)
    block = lay(desk, starts=at(2, 0, night), ends=at(3, 0, night))
    assert block.ends_at - block.starts_at == dt.timedelta(hours=2)


# ---- what it hits ----


def test_each_visit_is_offered_another_time_and_no_two_the_same(desk):
    desk.book()
    desk.book(starts_local=at(10, 30), patient_id=desk.bob().id)
    found = hits(desk, lay(desk))
    assert [hit.starts_local for hit in found.hits] == [at(10), at(10, 30)]
    first = [hit.options[0] for hit in found.hits]
    assert first[0].starts_local != first[1].starts_local
    assert all(
        option.starts_local.date() != TUESDAY for hit in found.hits for option in hit.options
    )


def test_the_same_time_with_somebody_else_comes_first(desk):
    other = a_second_physician(desk)
    desk.book()
    hit = hits(desk, lay(desk)).hits[0]
    assert (hit.options[0].starts_local, hit.options[0].practitioner_id) == (at(10), other.id)


def test_a_room_that_is_closed_gives_its_visits_to_the_other(desk):
    desk.book()
    block = lay(desk, desk.room, kind=BlockKind.CLOSURE)
    hit = hits(desk, block).hits[0]
    assert (hit.options[0].starts_local, hit.options[0].room_id) == (at(10), desk.room_2.id)


def test_days_that_the_check_refuses_are_not_offered(desk):
    desk.settle()
    visit = desk.book(service_id=desk.prp.id, starts_local=at(10))
    block = lay(desk)
    assert hits(desk, block).hits[0].options
    desk.knows("condition", "platelet_dysfunction", noted_on=dt.date(2026, 11, 23))
    assert hits(desk, block).hits[0].options == ()
    assert hits(desk, block).hits[0].id == visit.id


def test_the_page_costs_the_same_however_many_it_hits(desk, statements):
    block = lay(desk)
    for number, hour in enumerate((8, 9)):
        desk.book(
            Role.NURSE,
            starts_local=at(hour),
            patient_id=desk.bob(family_name=f"One {number}").id,
            overbook_reason=REASON,
        )
    desk.db.expire_all()
    statements.clear()
    hits(desk, block)
    few = len(statements)
    for number, hour in enumerate(range(10, 17)):
        desk.book(
            Role.NURSE,
            starts_local=at(hour),
            patient_id=desk.bob(family_name=f"Two {number}").id,
            overbook_reason=REASON,
        )
    desk.db.expire_all()
    statements.clear()
    assert len(hits(desk, block).hits) == 9
    assert len(statements) == few


# ---- moving all ----


def test_all_are_moved_in_one_go(desk):
    visits = [
        desk.book(starts_local=at(9 + n), patient_id=desk.bob(family_name=f"No {n}").id)
        for n in range(3)
    ]
    block = lay(desk)
    found = hits(desk, block).hits
    everything = list(map(placed, found))
    assert damage.move_all(desk.db, desk.actor(), in_block(desk, block), everything, reason="x")
    assert hits(desk, block).count == 0
    for visit, hit in zip(visits, found, strict=True):
        assert visit.starts_local == hit.options[0].starts_local
        assert desk.history(visit) == ["book", "move"]
        assert lanes(desk, visit) == {1}


def test_whatever_cannot_be_moved_is_named_and_nothing_is(desk):
    one, other = desk.book(), desk.book(starts_local=at(11), patient_id=desk.bob().id)
    block = lay(desk)
    found = hits(desk, block).hits
    to = found[1].options[0]
    desk.book(starts_local=to.starts_local, patient_id=desk.bob(family_name="Third").id)
    before = (one.starts_local, other.starts_local)
    everything = list(map(placed, found))
    with pytest.raises(NotMoved) as refused, desk.db.begin_nested():
        damage.move_all(desk.db, desk.actor(), in_block(desk, block), everything, reason="x")
    assert set(refused.value.why) == {other.id}
    assert "is taken until" in str(refused.value.why[other.id])
    desk.db.expire_all()
    assert (one.starts_local, other.starts_local) == before


def test_a_visit_that_was_moved_meanwhile_or_is_not_in_it_is_named(desk):
    desk.book()
    block = lay(desk)
    hit = hits(desk, block).hits[0]
    elsewhere = desk.book(starts_local=at(10, day=dt.date(2026, 11, 26)), patient_id=desk.bob().id)
    stale = Placed(**{**_fields(placed(hit)), "version": 99})
    strange = Placed(**{**_fields(placed(hit)), "appointment_id": elsewhere.id})
    with pytest.raises(NotMoved) as refused, desk.db.begin_nested():
        damage.move_all(desk.db, desk.actor(), in_block(desk, block), [stale, strange], reason="x")
    assert set(refused.value.why) == {hit.id, elsewhere.id}


def _fields(one):
    return {name: getattr(one, name) for name in Placed.__dataclass_fields__}


# ---- pages ----


def text(answer):
    return html.unescape(answer.get_data(as_text=True))


def test_the_desk_blocks_a_leave_sees_what_it_hits_and_moves_all(world, desk):
    visit = desk.book()
    reception = world.as_role(Role.RECEPTIONIST)
    sent = {
        "kind": "leave",
        "resource_ids": [str(desk.physician.id)],
        "starts_on": "2026-11-24",
        "ends_on": "2026-11-25",
    }
    answer = reception.post("/blocks", sent)
    assert answer.status_code == 303
    shown = text(reception.get(answer.location))
    assert "Leyla Demir" in shown
    assert "One visit stands in it" in shown
    fields = dict(re.findall(r'name="(version_\d+)" value="(\d+)"', shown))
    chosen = re.search(r'<option value="([^"]+)" selected', shown).group(1)
    moved = reception.post(f"{answer.location}/moves", {**fields, f"to_{visit.id}": chosen})
    assert moved.status_code == 303
    assert "No visit stands in it" in text(reception.get(answer.location))
    desk.db.expire_all()
    assert visit.starts_local.date() == dt.date(2026, 11, 26)


def test_what_cannot_be_moved_is_said_at_its_line_with_what_was_chosen(world, desk):
    visit = desk.book()
    block = lay(desk)
    reception = world.as_role(Role.RECEPTIONIST)
    to = f"2026-11-25T07:00|{desk.physician.id}|{desk.room.id}|"
    sent = {f"to_{visit.id}": to, f"version_{visit.id}": str(visit.version)}
    answer = reception.post(f"/blocks/{block.id}/moves", sent)
    assert answer.status_code == 409
    assert "The clinic is closed then" in text(answer)
    assert "Nothing was moved" in text(answer)


@pytest.mark.parametrize(
    "sent", [{}, {"to_x": "y"}, {"to_1": "soon", "version_1": "1"}, {"to_1": "", "version_1": ""}]
)
def test_an_odd_list_moves_nothing(world, desk, sent):
    block = lay(desk)
    answer = world.as_role(Role.RECEPTIONIST).post(f"/blocks/{block.id}/moves", sent)
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"starts_on": "2026-11-22"}, "This lies in the past"),
        ({"ends_on": "2026-11-23"}, "It must end later than it begins"),
        ({"starts": "10:00", "ends": "09:00"}, "It must end later than it begins"),
        ({"resource_ids": []}, "Choose at least one"),
        ({"resource_ids": ["999"]}, "Choose one of the list"),
        ({"kind": "party"}, "Choose one of the list"),
        ({"kind": "maintenance"}, "maintenance for rooms and devices"),
        ({"starts": "25:00"}, "Enter a time"),
        ({"starts_on": "2027-03-28", "starts": "02:30", "ends": "04:00"}, "02:30 does not exist"),
        ({"starts_on": "2027-03-28", "starts": "01:00", "ends": "02:30"}, "02:30 does not exist"),
    ],
)
def test_a_bad_block_is_said_at_its_field(world, desk, changes, said):
    sent = {
        "kind": "leave",
        "resource_ids": [str(desk.physician.id)],
        "starts_on": "2026-11-24",
        **changes,
    }
    answer = world.as_role(Role.RECEPTIONIST).post("/blocks", sent)
    assert answer.status_code == 422
    assert said in text(answer).replace("\u2066", "").replace("\u2069", "")
    assert desk.db.scalars(sa.select(Block)).all() == []


def test_an_administrator_blocks_but_sees_no_patient(world, desk):
    desk.book()
    block = lay(desk)
    shown = text(world.as_role(Role.ADMINISTRATOR).get(f"/blocks/{block.id}"))
    assert "One visit stands in it. The desk moves it." in shown
    assert "Demir" not in shown


def test_a_block_is_seen_on_the_board_and_taken_away(world, desk):
    block = lay(desk)
    reception = world.as_role(Role.RECEPTIONIST)
    shown = text(reception.get("/board?date=2026-11-24"))
    assert "Leave" in shown
    assert f"practitioner_id={desk.physician.id}" not in shown, "no free time is offered in it"
    answer = reception.post(f"/blocks/{block.id}/removal", {"version": str(block.version)})
    assert answer.status_code == 303
    shown = text(reception.get("/board?date=2026-11-24"))
    assert f"practitioner_id={desk.physician.id}" in shown
