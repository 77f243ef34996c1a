"""Why a visit was flagged."""

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.safety import service
from clinic.safety.values import FactKind, Moment
from tests.safety.conftest import PRP, TODAY, TOMORROW


def text(response):
    return response.get_data(as_text=True)


@pytest.fixture
def check(world, db, patient, known):
    """A kept check that found a painkiller."""
    known(FactKind.MEDICATION, "nsaid", label="Ibuprofen 400 mg", ended_on=TODAY)
    return service.screen_for(
        db,
        world.actor(Role.NURSE),
        patient_id=patient.id,
        plan=PRP,
        on=TOMORROW,
        moment=Moment.BOOKING,
    ).record


@pytest.mark.parametrize("role", [Role.NURSE, Role.PHYSICIAN])
def test_why_flagged_shows_facts_arithmetic_rule_and_source(world, check, role):
    page = text(world.as_role(role).get(f"/screenings/{check.id}"))

    assert "Ibuprofen 400 mg: last on Nov 23, 2026. Days before the visit: 1" in page
    assert "the rule asks for 2. Clear on Nov 25, 2026" in page
    assert f"recorded by {world.accounts[Role.PHYSICIAN].name}" in page
    assert "nsaid_recent" in page
    assert "Leach 2024" in page
    assert "A physician, for one visit, with a written reason" in page
    assert "Booking" in page


def test_what_was_kept_stays_although_the_fact_is_in_error(world, db, check, patient):
    from clinic.safety.values import MarkFactError

    service.mark_error(
        db,
        world.actor(Role.NURSE),
        MarkFactError(fact_id=check.facts[0]["id"], reason="other patient"),
    )

    assert "Ibuprofen 400 mg" in text(world.as_role(Role.NURSE).get(f"/screenings/{check.id}"))


def test_opening_a_check_leaves_one_trace(world, db, check, patient):
    world.as_role(Role.NURSE).get(f"/screenings/{check.id}")

    line = db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (line.action, line.patient_id) == ("screening.opened", patient.id)


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.RECEPTIONIST, 403), (Role.ADMINISTRATOR, 403), (Role.NURSE, 200)],
)
def test_a_check_is_for_clinicians(world, check, role, status):
    assert world.as_role(role).get(f"/screenings/{check.id}").status_code == status


@pytest.mark.parametrize("url", ["/screenings/999999", "/screenings/0", "/screenings/x"])
def test_an_unknown_check_is_not_found(world, url):
    assert world.as_role(Role.NURSE).get(url).status_code == 404
