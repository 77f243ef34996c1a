"""Who may open what, what it leaves behind, and what it costs."""

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.safety.values import FactKind
from clinic.scheduling.values import AppointmentStatus
from tests.counting import statements
from tests.intake.conftest import a_visit


def text(response):
    return response.get_data(as_text=True)


def facts_url(patient):
    return f"/patients/{patient.id}/facts"


PAGES = [
    ("GET", "/patients/{p}/facts", {Role.NURSE, Role.PHYSICIAN}),
    ("POST", "/patients/{p}/facts", {Role.NURSE, Role.PHYSICIAN}),
    ("POST", "/patients/{p}/facts/{f}/error", {Role.NURSE, Role.PHYSICIAN}),
    ("GET", "/appointments/{v}/questions", {Role.NURSE, Role.PHYSICIAN}),
    ("POST", "/appointments/{v}/questions", {Role.NURSE, Role.PHYSICIAN}),
    ("GET", "/appointments/{v}/review", {Role.NURSE, Role.PHYSICIAN}),
    ("POST", "/appointments/{v}/releases", {Role.PHYSICIAN}),
    ("GET", "/patients/{p}/consents", {Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN}),
    ("POST", "/patients/{p}/consents", {Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN}),
]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("method", "url", "allowed"), PAGES)
def test_each_page_is_for_its_roles(world, patient, visit, known, method, url, allowed, role):
    row = known(FactKind.CONDITION, "keloid")
    visitor = world.as_role(role)
    where = url.format(p=patient.id, v=visit.id, f=row.id)

    answer = visitor.get(where) if method == "GET" else visitor.post(where)

    if role in allowed:
        assert answer.status_code == (200 if method == "GET" else 422)
    else:
        assert answer.status_code == 403


@pytest.mark.parametrize(("method", "url", "allowed"), PAGES)
def test_a_stranger_sees_nothing(world, patient, visit, method, url, allowed):
    stranger = world.stranger()
    where = url.format(p=patient.id, v=visit.id, f=1)

    answer = stranger.get(where) if method == "GET" else stranger.post(where)

    assert answer.status_code == (303 if method == "GET" else 401)


@pytest.mark.parametrize(("method", "url", "allowed"), PAGES)
def test_what_is_not_there_is_not_found(world, method, url, allowed):
    physician = world.as_role(Role.PHYSICIAN)
    where = url.format(p=999_999, v=999_999, f=999_999)
    form = {"fingerprint": "0" * 32, "reason": "long enough to be one"}

    answer = physician.get(where) if method == "GET" else physician.post(where, form)

    assert answer.status_code == 404


def test_opening_the_facts_leaves_one_trace(world, db, patient):
    nurse = world.as_role(Role.NURSE)
    nurse.get(facts_url(patient))

    lines = db.scalars(sa.select(AuditEvent).where(AuditEvent.patient_id == patient.id)).all()
    assert [line.action for line in lines] == ["facts.opened"]


@pytest.mark.parametrize(
    ("url", "budget"),
    [
        ("/patients/{p}/facts", 16),
        ("/patients/{p}/consents", 15),
        ("/appointments/{v}/questions", 19),
        ("/appointments/{v}/review", 23),
    ],
)
def test_a_page_costs_the_same_however_much_is_known(
    world, db, connection, patient, visit, known, url, budget
):
    nurse = world.as_role(Role.NURSE)
    where = url.format(p=patient.id, v=visit.id)
    nurse.get(where)
    with statements(connection) as few:
        nurse.get(where)
    for number in range(30):
        known(FactKind.MEDICATION, "other_medicine", label=f"Medicine {number}")
    with statements(connection) as many:
        nurse.get(where)

    assert len(few) == len(many)
    assert len(many) <= budget


def test_a_visit_that_is_over_can_be_read_but_not_asked_about(world, db, patient):
    visit = a_visit(world, db, patient)
    visit.status = AppointmentStatus.DONE
    db.flush()
    nurse = world.as_role(Role.NURSE)

    page = nurse.get(f"/appointments/{visit.id}/questions")

    assert page.status_code == 200
    assert "not to come any more" in text(page)
    form = {"q_bleeding_diagnosis": "no"}
    assert nurse.post(f"/appointments/{visit.id}/questions", form).status_code == 409
