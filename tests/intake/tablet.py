"""A tablet in a test's hands: handed over, opened with the code, confirmed."""

import datetime as dt
import re

import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.safety.catalogue_files import shipped_catalogue
from clinic.safety.models import PatientFact
from tests.world import TOKEN, Visitor

TODAY = dt.date(2026, 11, 23)
MINUTE = dt.timedelta(minutes=1)
IBUPROFEN = {
    "q_painkiller": "yes",
    "name_painkiller": "Ibuprofen 400 mg",
    "day_painkiller": TODAY.isoformat(),
    "q_own_aspirin": "no",
    "leave": "y",
}


def saying_no(group: str) -> dict[str, str]:
    """Return No to every question of a group, as the form sends it."""
    found = next(one for one in shipped_catalogue().groups if one.code == group)
    return {f"q_{question.code}": "no" for question in found.questions}


def text(response):
    return response.get_data(as_text=True)


def hand_over(world, visit, role=Role.RECEPTIONIST) -> str:
    """Press the button; return the code as it is shown."""
    page = text(world.as_role(role).post(f"/appointments/{visit.id}/handover"))
    found = re.search(r'id="code">([A-Z0-9]{4} [A-Z0-9]{4})<', page)
    assert found, page
    return found[1]


def the_tablet(world) -> Visitor:
    tablet = world.stranger()
    renew(tablet, "/tablet")
    return tablet


def renew(tablet: Visitor, url: str) -> str:
    page = text(tablet.get(url))
    found = TOKEN.search(page)
    if found:
        tablet._token = found[1]
    return page


def opened(world, visit) -> Visitor:
    """Return a tablet that shows the questions of a visit."""
    tablet = the_tablet(world)
    code = hand_over(world, visit)
    assert tablet.post("/tablet", {"code": code}).location == "/tablet/name"
    assert tablet.post("/tablet/name").location == "/tablet/questions"
    return tablet


def facts_of(db, patient):
    wanted = sa.select(PatientFact).where(PatientFact.patient_id == patient.id)
    return list(db.scalars(wanted.order_by(PatientFact.id)))


def lines_of(db, action):
    return list(db.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)))
