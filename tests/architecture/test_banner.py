"""On every clinical page about a patient stands who it is about, and what stands in the way.

A new page with a patient, a visit, a session or a side effect in its address is opened here by
itself.
"""

import html
import itertools

import pytest
import sqlalchemy as sa

from clinic.core.access import Role
from clinic.followup.models import SideEffect
from clinic.safety.models import ScreeningRecord
from clinic.treatments.models import TreatmentSession
from tests.architecture.story import SECRET_WORD, story
from tests.architecture.test_access import MAY, VIEWS
from tests.treatments.conftest import chair

__all__ = ["chair", "story"]
pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
ABOUT = {"patient_id", "appointment_id", "session_id", "side_effect_id", "screening_id"}
NOT_CLINICAL = {"audit.patient", "identity.label", "messages.contact", "patients.edit"}
"""Name and address, what was sent, what was done to the record, what is stuck onto a tube: nobody
treats from there."""


def urls(story, role):
    db = story.chair.db
    ids = {
        "patient_id": story.ids["patient_id"],
        "appointment_id": [story.coming.id, story.chair.visit.id],
        "session_id": db.scalars(sa.select(TreatmentSession.id)).all(),
        "side_effect_id": db.scalars(sa.select(SideEffect.id)).all(),
        "screening_id": db.scalars(sa.select(ScreeningRecord.id).limit(2)).all(),
    }
    app = story.chair.world.app
    for rule in app.url_map.iter_rules():
        is_meant = rule.arguments and rule.arguments <= ABOUT and "GET" in (rule.methods or ())
        if not is_meant or rule.endpoint in NOT_CLINICAL or role not in MAY[VIEWS[rule.endpoint]]:
            continue
        names = sorted(rule.arguments)
        for values in itertools.product(*(ids[name] for name in names)):
            with app.test_request_context():
                given = dict(zip(names, values, strict=True))
                yield app.url_map.bind("localhost").build(rule.endpoint, given)


@pytest.mark.parametrize("role", [Role.NURSE, Role.PHYSICIAN])
def test_who_it_is_and_what_stands_open_is_on_every_clinical_page(world, story, role):
    visitor = world.as_role(role)
    opened, without = set(), set()
    for url in urls(story, role):
        answer = visitor.get(url)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        page = html.unescape(answer.get_data(as_text=True))
        _, _, bar = page.partition('class="patient-bar')
        bar = bar.partition("</section>")[0]
        opened.add(url)
        if SECRET_WORD not in bar or "For a PRP today" not in bar:
            without.add(url)

    assert len(opened) > 10
    assert without == set()
