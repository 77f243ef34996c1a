"""A rule's journey: drafted by the administrator, tried out and approved by the physician."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from clinic.catalog.models import Service
from clinic.catalog.values import Modality, ResourceKind
from clinic.core.access import Role
from clinic.safety import service as safety
from clinic.safety.values import FactKind, FactSource, RecordFact
from clinic.scheduling import recheck
from clinic.scheduling.models import Appointment, Resource
from tests import factories
from tests.browser.conftest import Clinic, axe_violations
from tests.conftest import NOW

pytestmark = [pytest.mark.browser]
TODAY = NOW.date()


@pytest.fixture
def visit(clinic: Clinic) -> int:
    """Tomorrow's visit of somebody who took ibuprofen three days before it."""
    with clinic.sessions.write() as db, db.begin():
        place = db.scalars(sa.select(factories.Location)).one()
        doctor, room = (
            db.scalars(sa.select(Resource).where(Resource.kind == kind)).first()
            for kind in (ResourceKind.PRACTITIONER, ResourceKind.ROOM)
        )
        prp = db.scalars(sa.select(Service).where(Service.modality == Modality.PRP)).first()
        patient = factories.a_patient(db, location=place, family_name="Okoye")
        last = TODAY - dt.timedelta(days=2)
        safety.record_fact(
            db,
            None,
            RecordFact(
                patient_id=patient.id,
                kind=FactKind.MEDICATION,
                code="nsaid",
                label="Ibuprofen 400 mg",
                ended_on=last,
                noted_on=last,
                source=FactSource.PHYSICIAN,
            ),
        )
        db.refresh(prp, ["segments"])
        made = factories.an_appointment(
            db, location=place, patient=patient, service=prp, practitioner=doctor, room=room
        )
        return made.id


def decision_of(clinic: Clinic, visit: int) -> str | None:
    with clinic.sessions.read() as db:
        found = db.get_one(Appointment, visit).decision
        return found.value if found else None


def tries_everything(page: Page) -> None:
    page.get_by_role("button", name="Try all of it").click()
    expect(page.locator("[data-progress]")).to_have_text("14 of 14", timeout=60_000)


def test_a_rule_is_drafted_tried_out_approved_and_turns_a_visit(
    clinic: Clinic, people, visit: int
) -> None:
    with clinic.sessions.write() as db, db.begin():
        recheck.recheck(db, None, [visit])
    assert decision_of(clinic, visit) != "defer"

    administrator = people(clinic.url)
    administrator.signs_in(clinic.logins[Role.ADMINISTRATOR])
    page = administrator.goes_to("/safety/rules")
    page.get_by_role("link", name="Painkiller (NSAID) lately").click()
    expect(page.get_by_label("Waiting time", exact=True)).to_have_value("2")
    page.get_by_label("Waiting time", exact=True).fill("5")
    page.get_by_label("Reason").fill("Two large bruises this autumn.")
    page.get_by_role("button", name="Keep the draft").click()
    administrator.sees("The draft is kept")
    page = administrator.goes_to("/safety/approvals/new")
    tries_everything(page)
    administrator.sees("1 of 1 visits would change.")
    assert "Okoye" not in page.content()

    physician = people(clinic.url)
    physician.signs_in(clinic.logins[Role.PHYSICIAN])
    page = physician.goes_to("/safety/rules")
    page.get_by_role("link", name="1 change waits for approval").click()
    tries_everything(page)
    expect(page.locator("#part-coming")).to_contain_text("Okoye")
    expect(page.locator("#part-coming")).to_contain_text("Not yet")
    assert axe_violations(page) == []
    page.get_by_role("button", name="Approve what is ticked").click()
    expect(page).to_have_url(re.compile("/safety/rechecks"))
    page.get_by_role("button", name="Check the next visit").click()
    physician.sees("Every coming visit is checked with the rules in force.")

    assert decision_of(clinic, visit) == "defer"
    page = physician.goes_to(f"/appointments/{visit}")
    expect(page.locator("#main")).to_contain_text("nsaid_recent v2")


def test_all_of_it_works_without_a_script(clinic: Clinic, people, visit: int) -> None:
    physician = people(clinic.url, java_script_enabled=False)
    physician.signs_in(clinic.logins[Role.PHYSICIAN])

    page = physician.goes_to("/safety/dry-run?part=2026-10")
    page.get_by_role("link", name=re.compile("Coming visits")).click()
    expect(page.locator("#part-coming")).to_contain_text("1 visit, none would change.")
    page = physician.goes_to("/safety/rechecks")
    page.get_by_role("button", name="Check the next visit").click()
    physician.sees("Every coming visit is checked with the rules in force.")
