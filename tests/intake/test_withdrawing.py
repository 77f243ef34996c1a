"""A consent withdrawn on the tablet: from today on, signed, and felt by the visit at once."""

import json

import pytest
import sqlalchemy as sa

from clinic.consents import queries
from clinic.consents.models import ConsentWithdrawal
from clinic.consents.values import ConsentKind, Scope
from clinic.core.access import Role
from clinic.patients import queries as patient_queries
from clinic.safety.values import Decision
from clinic.scheduling import settling
from clinic.scheduling.handovers import ON_TABLET
from tests.intake.tablet import TODAY, lines_of, renew, text
from tests.intake.test_signing import SIGNED, SQUIGGLE, opened, words

__all__ = ["words"]
URL = "/tablet/consent/withdrawal"
WITHDRAWN = {
    "scopes": ["treatment"],
    "signer": "Alice Müller",
    "strokes": json.dumps(SQUIGGLE),
}


@pytest.fixture
def tablet(world, db, visit, words):
    """The tablet of a patient who has signed before, and has it in hand again."""
    opened(world, visit, words).post("/tablet/consent", SIGNED)
    return opened(world, visit, words)


def kept(db):
    return db.scalars(sa.select(ConsentWithdrawal).order_by(ConsentWithdrawal.id)).all()


def standing(db, patient):
    records = patient_queries.records(patient.id)
    return queries.standing(db, records, ConsentKind.PRP)


def test_what_was_agreed_to_can_be_withdrawn_and_nothing_is_ticked(tablet):
    assert f'href="{URL}"' in text(tablet.get("/tablet/consent"))

    page = text(tablet.get(URL))

    assert 'value="treatment"' in page
    assert 'value="photo_record"' in page
    assert 'value="photo_teaching"' not in page
    assert "checked" not in page


def test_a_withdrawal_is_kept_with_its_signature_from_today_on(world, db, patient, tablet):
    answer = tablet.post(URL, WITHDRAWN)

    assert (answer.status_code, answer.location) == (303, "/tablet/done")
    row = kept(db)[0]
    assert (row.scope, row.withdrawn_on, row.strokes) == (Scope.TREATMENT, TODAY, SQUIGGLE)
    assert (row.signer, row.guardian) == ("Alice Müller", "")
    assert row.withdrawn_by_id == world.accounts[Role.NURSE].id  # who handed over is the witness
    assert standing(db, patient) == (Scope.PHOTO_RECORD,)
    line = lines_of(db, "consent.withdrawn")[0]
    assert line.actor_name == ON_TABLET
    assert line.detail["scopes"] == ["treatment"]
    assert "Müller" not in json.dumps(line.detail)
    papers = text(world.as_role(Role.NURSE).get(f"/patients/{patient.id}/consents"))
    assert "Signed on the tablet by" in papers


def test_the_visit_is_stopped_at_once_and_waits_for_the_physician(world, db, visit, tablet):
    physician = world.actor(Role.PHYSICIAN)
    before = settling.tally(db, physician).count

    tablet.post(URL, WITHDRAWN)

    db.refresh(visit)
    assert visit.decision is Decision.BLOCK
    assert settling.tally(db, physician).count == before + 1
    shown = text(world.as_role(Role.PHYSICIAN).get(f"/appointments/{visit.id}"))
    assert "refused or withdrew consent" in shown


def test_photographs_alone_stop_no_treatment(db, patient, visit, tablet):
    tablet.post(URL, {**WITHDRAWN, "scopes": ["photo_record"]})

    db.refresh(visit)
    assert visit.decision is not Decision.BLOCK
    assert standing(db, patient) == (Scope.TREATMENT,)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scopes": []}, "Tick what you withdraw"),
        ({"scopes": ["photo_teaching"]}, "Tick what you withdraw"),
        ({"signer": " "}, "Please fill this in"),
        ({"strokes": ""}, "Please sign in the field"),
        ({"reason": "x" * 201}, "At most 200"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_lost(db, tablet, changes, said):
    answer = tablet.post(URL, {**WITHDRAWN, "guardian": "mother", **changes})

    assert answer.status_code == 422
    assert said in text(answer)
    assert 'value="mother"' in text(answer)
    assert kept(db) == []


def test_a_typed_name_is_a_signature_with_its_tick(db, tablet):
    tablet.post(URL, {**WITHDRAWN, "strokes": "", "typed": "y", "reason": "I want to wait"})

    row = kept(db)[0]
    assert (row.strokes, row.reason) == (None, "I want to wait")


def test_the_language_changes_on_the_page_and_what_was_ticked_comes_along(tablet):
    renew(tablet, URL)

    page = text(
        tablet.post("/tablet/language", {**WITHDRAWN, "taking_back": "y", "language": "de"})
    )

    assert f'action="{URL}"' in page
    assert "checked" in page
    assert 'lang="de"' in page


def test_sent_twice_it_is_withdrawn_once(db, tablet):
    tablet.post(URL, WITHDRAWN)

    assert tablet.post(URL, WITHDRAWN).status_code == 409
    assert len(kept(db)) == 1


def test_who_has_signed_nothing_is_led_to_the_text(world, visit, words):
    tablet = opened(world, visit, words)

    assert URL not in text(tablet.get("/tablet/consent"))
    assert tablet.get(URL).location == "/tablet/consent"


def test_with_the_questions_in_hand_there_is_nothing_to_withdraw(world, visit, tablet):
    from tests.intake.tablet import opened as questions

    other = questions(world, visit)

    assert other.get(URL).location == "/tablet/questions"
    assert other.post(URL, WITHDRAWN).location == "/tablet/questions"
