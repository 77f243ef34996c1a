"""From a lot to who was treated with it."""

import csv
import io
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog import queries as catalog_queries
from clinic.catalog.values import LotState
from clinic.chart.queries import trace as queries
from clinic.chart.views.trace import safe
from clinic.core.access import Role
from clinic.core.zones import Zone
from clinic.followup.models import SideEffect
from clinic.followup.values import SideEffectKind
from clinic.treatments.values import Content, LotAmount
from tests import factories
from tests.counting import statements
from tests.treatments.conftest import TODAY, chair, some_sites

__all__ = ["chair"]


@pytest.fixture
def treated(chair):
    """A signed session with the kit and 1 mL of the vitamins, and a bruise after it."""
    chair.alice.phone = "+4930123456"
    session = chair.signed(
        chair.whole(lots=(LotAmount(lot_id=chair.vitamins.id, amount_ul=1_000),))
    )
    chair.db.add(
        SideEffect(
            patient_id=chair.alice.id,
            session_id=session.id,
            lot_id=chair.vitamins.id,
            reported_by_id=chair.actor().id,
            kind=SideEffectKind.BRUISING,
            grade=2,
            onset_on=TODAY,
            description="",
            red_flags=[],
            reported_at=session.started_at,
        )
    )
    chair.db.flush()
    return session


def test_a_trace_names_patient_zones_amount_and_side_effects(chair, treated):
    (one,) = queries.trace(chair.db, chair.actor(), chair.vitamins.id)

    assert (one.session_id, one.on, one.amount_ul) == (treated.id, TODAY, 1_000)
    assert (one.patient_id, one.phone) == (chair.alice.id, "+4930123456")
    assert one.zones == (Zone.VERTEX,)
    assert [(e.kind, e.grade, e.is_of_lot) for e in one.effects] == [
        (SideEffectKind.BRUISING, 2, True)
    ]
    (kit,) = queries.trace(chair.db, chair.actor(), chair.kit.id)
    assert [e.is_of_lot for e in kit.effects] == [False]
    assert queries.trace(chair.db, chair.actor(), chair.lidocaine.id) == []


def test_sessions_of_another_place_are_counted_and_not_shown(chair, treated):
    there = replace(chair.actor(), location_id=factories.a_location(chair.db).id)

    assert queries.trace(chair.db, there, chair.kit.id) == []
    assert queries.elsewhere(chair.db, there, chair.kit.id) == 1
    assert queries.elsewhere(chair.db, chair.actor(), chair.kit.id) == 0


def test_a_trace_takes_three_statements(chair, treated):
    with statements(chair.db.connection()) as seen:
        queries.trace(chair.db, chair.actor(), chair.kit.id)

    assert len(seen) == 3


def test_the_page_stops_the_lot_in_one_press(world, chair, treated):
    nurse = world.as_role(Role.NURSE)
    page = nurse.get(f"/lots/{chair.vitamins.id}/trace").get_data(as_text=True)

    assert "Okoye" in page
    assert "Bruis" in page
    assert f'action="/lots/{chair.vitamins.id}/stop"' in page
    done = nurse.post(
        f"/lots/{chair.vitamins.id}/stop", {"how": "quarantine", "reason": "Looked into"}
    )
    assert done.status_code == 303
    chair.db.expire_all()
    assert catalog_queries.lot(chair.db, chair.vitamins.id).state is LotState.QUARANTINE


def test_the_file_is_read_by_a_spreadsheet_and_leaves_a_trace(world, chair, treated):
    answer = world.as_role(Role.PHYSICIAN).get(f"/lots/{chair.vitamins.id}/trace.csv")

    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    head, row = csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff")))
    assert dict(zip(head, row, strict=True)) | {"Patient": "", "By": "", "File number": ""} == {
        "Lot": "V-3",
        "Session on": "2026-11-23",
        "Service": "PRP",
        "By": "",
        "State": "signed",
        "File number": "",
        "Patient": "",
        "Born": chair.alice.birth_date.isoformat(),
        "Phone": "'+4930123456",
        "E-mail": "",
        "Amount used, mL": "1",
        "Zones": "Vertex",
        "Side effects": "Bruising 2",
    }
    last = chair.db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert (last.action, last.detail) == ("trace.exported", {"rows": 1})


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-x", "@SUM(A1)", "\tx"])
def test_no_cell_is_a_formula(cell):
    assert safe(cell) == f"'{cell}"
    assert safe(f"a{cell}") == f"a{cell}"


def test_the_file_says_what_was_given_outside_of_the_limits(world, chair):
    lots = (LotAmount(lot_id=chair.lidocaine.id, amount_ul=11_701),)
    given = Content(lots=lots, weight_g=52_000, weight_on=TODAY, sites=some_sites(3))
    chair.abort(chair.prepared(), given, "anaesthetic@amount_1")

    answer = world.as_role(Role.PHYSICIAN).get(f"/lots/{chair.lidocaine.id}/trace.csv")

    assert "signed, given outside of the limits" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("role", "page", "file"),
    [
        (Role.RECEPTIONIST, 403, 403),
        (Role.ADMINISTRATOR, 403, 403),
        (Role.NURSE, 200, 403),
        (Role.PHYSICIAN, 200, 200),
    ],
)
def test_who_may_trace(world, chair, treated, role, page, file):
    visitor = world.as_role(role)

    assert visitor.get(f"/lots/{chair.kit.id}/trace").status_code == page
    assert visitor.get(f"/lots/{chair.kit.id}/trace.csv").status_code == file
    assert visitor.get("/lots/999999/trace").status_code == (404 if page == 200 else 403)
