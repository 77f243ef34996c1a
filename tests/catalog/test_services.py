"""Services: their parts, what is refused at which field, what booked visits keep."""

import datetime as dt
import html
import re

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog import queries
from clinic.catalog.models import Service
from clinic.catalog.rules import offers
from clinic.catalog.values import Modality, ResourceKind, Segment
from clinic.core.access import Role
from clinic.scheduling import moving
from clinic.scheduling.values import MoveAppointment
from tests import factories
from tests.scheduling.conftest import TOMORROW_10, a_desk

A = Role.ADMINISTRATOR
ROOM, PERSON, NURSE = ResourceKind.ROOM, ResourceKind.PRACTITIONER, ResourceKind.NURSE


def part(seq: int, kind: ResourceKind, begins: int, length: int, device: str = "") -> Segment:
    return Segment(seq=seq, kind=kind, device_type=device, offset_min=begins, length_min=length)


def said(*parts: Segment) -> list[tuple[int, str, str]]:
    return [(m.seq, m.at, m.sentence) for m in offers.mistakes(parts)]


# ---- the rule ----


def test_the_length_is_the_end_of_the_last_part():
    assert offers.duration_min([part(1, ROOM, 0, 65), part(2, PERSON, 30, 25)]) == 65
    assert offers.duration_min([]) == 0


def test_what_is_on_the_list_of_a_new_clinic_is_without_mistake():
    for offer in offers.DEFAULT_OFFERS:
        assert offers.mistakes(offer.segments) == []
        assert offers.duration_min(offer.segments) == offer.duration_min


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((part(1, ROOM, 0, 0), part(2, PERSON, 0, 5)), (1, "length", offers.TOO_SHORT)),
        ((part(1, ROOM, 0, 7), part(2, PERSON, 0, 5)), (1, "length", offers.OFF_GRID)),
        ((part(1, ROOM, 3, 10), part(2, PERSON, 0, 5)), (1, "from", offers.OFF_GRID)),
        ((part(1, ROOM, 0, 10), part(2, PERSON, 400, 85)), (2, "length", offers.TOO_LONG)),
        (
            (part(1, ROOM, 0, 10), part(2, PERSON, 0, 10), part(3, PERSON, 5, 10)),
            (3, "from", offers.SAME_TWICE),
        ),
        ((part(1, ROOM, 0, 10), part(2, NURSE, 0, 10)), (0, "", offers.NO_PRACTITIONER)),
        ((part(1, PERSON, 0, 10),), (0, "", offers.NO_ROOM)),
        ((part(1, PERSON, 5, 10), part(2, ROOM, 5, 10)), (1, "from", offers.NO_BEGINNING)),
    ],
)
def test_each_mistake_is_said_at_its_part(parts, expected):
    assert expected in said(*parts)


def test_two_devices_of_different_kinds_may_be_held_at_once():
    parts = (
        part(1, ROOM, 0, 10),
        part(2, PERSON, 0, 10),
        part(3, ResourceKind.DEVICE, 0, 10, "centrifuge"),
        part(4, ResourceKind.DEVICE, 0, 10, "laser"),
    )
    assert offers.mistakes(parts) == []


# ---- the pages ----

NEW = {
    "name": "Review",
    "modality": "consultation",
    "sessions_planned": "1",
    "interval_days": "28",
    "tolerance_days": "7",
    "least_days": "14",
    "booster_days": "",
    "what_1": "room",
    "from_1": "0",
    "length_1": "20",
    "what_2": "practitioner",
    "from_2": "0",
    "length_2": "15",
    "rows": "6",
}


def text_of(answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


def error_at(answer, field: str) -> str:
    found = re.search(
        rf'id="{field}-err">.*?<span>([^<]*)</span></span>', text_of(answer), re.DOTALL
    )
    return found[1] if found else ""


def test_a_new_service_can_be_booked_with_its_parts(world, db):
    answer = world.as_role(A).post("/clinic/services/new", NEW)

    assert answer.status_code == 303
    made = next(card for card in queries.service_cards(db) if card.name == "Review")
    assert (made.duration_min, made.modality) == (20, Modality.CONSULTATION)
    assert [(p.kind, p.offset_min, p.length_min) for p in made.segments] == [
        (ROOM, 0, 20),
        (PERSON, 0, 15),
    ]
    line = db.scalars(sa.select(AuditEvent).where(AuditEvent.action == "service.added")).one()
    assert line.detail["parts"] == "room 0+20, practitioner 0+15"
    page = text_of(world.as_role(A).get("/clinic/services"))
    assert "Review" in page
    assert 'viewBox="0 0 20 10"' in page


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"length_2": "0"}, "length_2", "at least five minutes"),
        ({"length_2": "7"}, "length_2", "steps of five"),
        ({"length_2": "-5"}, "length_2", "Enter a number"),
        ({"length_2": "999"}, "length_2", "from 0 to 480"),
        ({"length_2": "ten"}, "length_2", "number"),
        ({"length_2": ""}, "length_2", "fill this in"),
        ({"what_2": ""}, "what_2", "fill this in"),
        ({"what_2": "janitor"}, "what_2", "one of the list"),
        ({"from_2": "480"}, "length_2", "8 hours"),
        ({"name": " "}, "name", "fill this in"),
        ({"sessions_planned": "0"}, "sessions_planned", "from 1 to 60"),
        ({"tolerance_days": "28"}, "tolerance_days", "Less than the days between"),
        ({"least_days": "29"}, "least_days", "At most the days between"),
        ({"booster_days": "13"}, "booster_days", "Not sooner than the least days"),
        (
            {"what_3": "practitioner", "from_3": "10", "length_3": "10"},
            "from_3",
            "Part 2 holds the same",
        ),
    ],
)
def test_bad_parts_are_refused_at_their_field_and_stay_typed(world, changes, field, sentence):
    answer = world.as_role(A).post("/clinic/services/new", NEW | changes)

    assert answer.status_code == 422
    assert sentence in error_at(answer, field)
    assert 'value="20"' in text_of(answer)


def test_a_service_without_practitioner_or_room_is_refused(world):
    answer = world.as_role(A).post("/clinic/services/new", NEW | {"what_2": "nurse"})

    assert answer.status_code == 422
    assert "Add a part of the practitioner" in text_of(answer)


def test_a_name_is_given_once(world):
    admin = world.as_role(A)
    admin.post("/clinic/services/new", NEW)

    answer = admin.post("/clinic/services/new", NEW)

    assert answer.status_code == 422
    assert "on the list already" in error_at(answer, "name")


def test_more_rows_come_without_a_script_and_keep_what_was_typed(world):
    admin = world.as_role(A)
    first = text_of(admin.get("/clinic/services/new"))
    more = admin.post("/clinic/services/new", NEW | {"more": "1", "name": "Half a na"})

    assert first.count('name="what_') == 6
    assert more.status_code == 200
    assert text_of(more).count('name="what_') == 9
    assert "Half a na" in text_of(more)


@pytest.fixture
def desk(world, db):
    return a_desk(world, db)


def form_of(row: Service, **changes) -> dict[str, str]:
    sent = {
        "version": str(row.version),
        "name": row.name,
        "sessions_planned": str(row.sessions_planned),
        "interval_days": str(row.interval_days),
        "tolerance_days": str(row.tolerance_days),
        "least_days": str(row.least_days),
        "booster_days": str(row.booster_days or ""),
        "is_active": "y",
        "rows": "6",
    }
    for n, p in enumerate(row.segments, 1):
        sent |= {
            f"what_{n}": p.device_type or p.kind.value,
            f"from_{n}": str(p.offset_min),
            f"length_{n}": str(p.length_min),
        }
    return sent | changes


def test_booked_visits_keep_their_parts_and_a_moved_one_takes_the_new(world, desk, db):
    visit = desk.book()
    before = [(row.starts_at, row.ends_at) for row in desk.held(visit)]
    longer = form_of(desk.consultation, length_1="45", length_2="45")

    answer = world.as_role(A).post(f"/clinic/services/{desk.consultation.id}", longer)
    db.expire_all()

    assert answer.status_code == 303
    assert desk.consultation.duration_min == 45
    assert [(row.starts_at, row.ends_at) for row in desk.held(visit)] == before
    moving.move(
        db,
        desk.actor(),
        MoveAppointment(
            appointment_id=visit.id,
            version=visit.version,
            starts_local=TOMORROW_10 + dt.timedelta(hours=1),
            practitioner_id=desk.physician.id,
        ),
    )
    assert visit.ends_at - visit.starts_at == dt.timedelta(minutes=45)
    assert {row.ends_at - row.starts_at for row in desk.held(visit)} == {dt.timedelta(minutes=45)}


def test_who_was_slower_keeps_what_was_typed(world, desk):
    admin, sent = world.as_role(A), form_of(desk.consultation)
    assert admin.post(f"/clinic/services/{desk.consultation.id}", sent | {"length_1": "40"})

    late = admin.post(
        f"/clinic/services/{desk.consultation.id}", sent | {"name": "Talk", "length_1": "35"}
    )

    assert late.status_code == 409
    shown = text_of(late)
    assert "in the meantime" in shown
    assert 'value="Talk"' in shown
    assert 'value="35"' in shown
    version = re.search(r'name="version"[^>]*value="(\d+)"', shown)[1]
    again = admin.post(
        f"/clinic/services/{desk.consultation.id}",
        sent | {"name": "Talk", "length_1": "35", "version": version},
    )
    assert again.status_code == 303


def test_a_change_of_parts_alone_moves_the_version_on(world, desk, db):
    before = desk.consultation.version
    world.as_role(A).post(
        f"/clinic/services/{desk.consultation.id}", form_of(desk.consultation, length_1="35")
    )
    db.expire_all()

    assert desk.consultation.version == before + 1
    line = db.scalars(sa.select(AuditEvent).where(AuditEvent.action == "service.changed")).one()
    assert line.detail["changes"]["parts"] == [
        "room 0+30, practitioner 0+30",
        "room 0+35, practitioner 0+30",
    ]


def test_a_service_out_of_use_is_offered_no_more(world, desk):
    sent = form_of(desk.consultation)
    del sent["is_active"]

    answer = world.as_role(A).post(f"/clinic/services/{desk.consultation.id}", sent)

    assert answer.status_code == 303
    booking = text_of(world.as_role(Role.RECEPTIONIST).get("/appointments/new"))
    assert "Consultation · 30 min" not in booking
    assert "PRP · 60 min" in booking
    assert "Out of use" in text_of(world.as_role(A).get("/clinic/services"))


def test_an_unknown_service_is_not_found(world):
    assert world.as_role(A).get("/clinic/services/999999").status_code == 404


def test_the_list_costs_the_same_however_many_services(world, db, desk):
    for _ in range(3):
        factories.a_service(db)
    assert world.as_role(A).get("/clinic/services").status_code == 200


def test_a_mesotherapy_says_what_it_injects_and_is_found_so_again(world, desk, db):
    url = f"/clinic/services/{desk.mesotherapy.id}"
    sent = form_of(desk.mesotherapy) | {"ingredients": ["lidocaine", "biotin"]}

    answer = world.as_role(A).post(url, sent)
    db.expire_all()

    assert answer.status_code == 303
    assert desk.mesotherapy.ingredients == ["biotin", "lidocaine"]
    line = db.scalars(sa.select(AuditEvent).where(AuditEvent.action == "service.changed")).one()
    assert line.detail["changes"]["ingredients"] == ["", "biotin, lidocaine"]
    page = text_of(world.as_role(A).get(url))
    ticked = re.findall(r'<input[^>]*checked[^>]*name="ingredients"[^>]*value="(\w+)"', page)
    assert ticked == ["lidocaine", "biotin"]
    assert "Biotin, Lidocaine" in text_of(world.as_role(A).get("/clinic/services"))


@pytest.mark.parametrize(("service", "sent"), [("prp", "lidocaine"), ("mesotherapy", "arsenic")])
def test_only_a_mesotherapy_plans_what_is_on_the_list(world, desk, db, service, sent):
    row = getattr(desk, service)

    answer = world.as_role(A).post(
        f"/clinic/services/{row.id}", form_of(row) | {"ingredients": [sent]}
    )
    db.expire_all()

    assert answer.status_code == 422
    assert error_at(answer, "ingredients")
    assert row.ingredients == []


def test_a_prp_is_not_asked_what_it_injects(world, desk):
    page = text_of(world.as_role(A).get(f"/clinic/services/{desk.prp.id}"))

    assert 'name="ingredients"' not in page
