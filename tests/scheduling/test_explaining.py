"""The command `safety explain` says what the page of a visit says."""

import json

import pytest

from clinic.catalog.models import Service
from clinic.catalog.values import Modality
from clinic.consents import writing
from clinic.consents.values import PutInForce
from clinic.core.access import Role
from clinic.scheduling import visit
from tests import factories
from tests.intake.conftest import a_visit, patient
from tests.intake.test_texts_in_force import TODAY, a_draft, signed

__all__ = ["patient", "signed"]


@pytest.fixture
def run(app):
    runner = app.test_cli_runner()
    return lambda *arguments: runner.invoke(args=["safety", "explain", *map(str, arguments)])


@pytest.fixture
def own(world, db, signed):
    """A visit of a service whose own text nobody has signed; nothing was checked again since."""
    made = a_visit(world, db, signed)
    text = a_draft(world, db, made)
    wish = PutInForce(text_id=text.id, version=text.version, in_force_from=TODAY)
    writing.put_in_force(db, world.actor(Role.PHYSICIAN), wish)
    db.flush()
    return made


def told(answer):
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.output)
    return found, {each["rule_code"] for each in found["findings"]}


def test_of_a_visit_it_says_what_the_page_says(run, world, db, own):
    page = visit.page(db, world.actor(Role.PHYSICIAN), own.id).checked.screening

    found, codes = told(run("--appointment", own.id, "--json"))

    assert codes == {finding.rule_code for finding in page.findings}
    assert "consent_missing" in codes
    assert found["plan"]["consent_version"] == page.plan.consent_version == "3.0"
    assert (found["decision"], found["on"]) == (page.decision.value, page.on.isoformat())


@pytest.mark.parametrize("called", ["code", "name"])
def test_of_a_service_its_own_text_counts(run, db, own, called):
    service = db.get_one(Service, own.service_id)
    day = own.starts_local.date().isoformat()
    asked = (own.patient_id, "--on", day, "--json")

    found, codes = told(run(*asked, "--service", getattr(service, called)))

    assert found["plan"]["consent_version"] == "3.0"
    assert "consent_missing" in codes


def test_of_a_kind_the_text_of_the_kind_counts(run, db, own):
    found, codes = told(run(own.patient_id, "--on", TODAY.isoformat(), "--json"))

    assert found["plan"]["consent_version"] == "1.0"
    assert "consent_missing" not in codes


def test_a_visit_without_a_check_and_a_service_that_is_none_end_with_two(run, world, db, signed):
    talk = factories.a_service(db, name="Talk", modality=Modality.CONSULTATION)
    assert run(signed.id, "--service", talk.name).exit_code == 2
    assert "it may be prp" in run(signed.id, "--service", "surgery").output
    assert run("--appointment", 999_999).exit_code == 2
