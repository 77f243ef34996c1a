"""A consent signed on the tablet: what is read, kept and refused, and who is the witness."""

import datetime as dt
import html
import json

import pytest
import sqlalchemy as sa

from clinic.consents import queries, shipped, writing
from clinic.consents.models import Consent
from clinic.consents.values import ConsentKind, PutInForce, Scope
from clinic.core.access import Role
from clinic.patients import queries as patient_queries
from clinic.safety.values import MissingKind
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.handovers import ON_TABLET
from tests import factories
from tests.intake.conftest import a_visit
from tests.intake.tablet import TODAY, lines_of, renew, text, the_tablet

SQUIGGLE = [[20, 40, 120, 90, 60, 150, 300, 60], [310, 100, 420, 101]]
SIGNED = {
    "read_in": "en",
    "scopes": ["treatment", "photo_record"],
    "signer": "Alice Müller",
    "strokes": json.dumps(SQUIGGLE),
}


@pytest.fixture
def words(world, db, patient):
    """The example of PRP, in force since today."""
    draft = queries.draft_of(db, ConsentKind.PRP)
    physician = world.actor(Role.PHYSICIAN)
    wish = PutInForce(text_id=draft.id, version=draft.version, in_force_from=TODAY)
    writing.put_in_force(db, physician, wish)
    db.flush()
    return draft


def code_for(world, visit, words):
    page = text(
        world.as_role(Role.NURSE).post(
            f"/appointments/{visit.id}/handover", {"text_id": str(words.id)}
        )
    )
    assert "You are the witness" in page
    return page.split('id="code">')[1][:9]


def opened(world, visit, words):
    tablet = the_tablet(world)
    tablet.post("/tablet", {"code": code_for(world, visit, words)})
    assert tablet.post("/tablet/name").location == "/tablet/consent"
    return tablet


def papers(db, patient):
    return queries.of_patient(db, patient_queries.records(patient.id))


def kept(db):
    return db.scalars(sa.select(Consent)).all()


def test_the_patient_reads_the_whole_text_and_nothing_is_ticked(world, db, patient, visit, words):
    page = html.unescape(text(opened(world, visit, words).get("/tablet/consent")))

    for heading, said in shipped.words(ConsentKind.PRP)["en"].values():
        assert heading in page
        assert said[:60] in page
    assert "checked" not in page
    assert "Questions before your treatment" not in page


def test_what_was_signed_is_kept_whole(world, db, patient, visit, words):
    tablet = opened(world, visit, words)

    answer = tablet.post("/tablet/consent", SIGNED)

    assert (answer.status_code, answer.location) == (303, "/tablet/done")
    row = kept(db)[0]
    assert (row.strokes, row.signer, row.language, row.text_id) == (
        SQUIGGLE,
        "Alice Müller",
        "en",
        words.id,
    )
    paper = papers(db, patient)[0]
    assert paper.given == (Scope.TREATMENT, Scope.PHOTO_RECORD)
    assert paper.taken_by == world.accounts[Role.NURSE].name
    assert paper.given_on == TODAY
    line = lines_of(db, "consent.signed")[0]
    assert line.actor_name == ON_TABLET
    assert line.detail["scopes"] == ["treatment", "photo_record"]
    assert "Müller" not in json.dumps(line.detail)


def test_the_visit_is_checked_again_and_lacks_no_consent(world, db, patient, visit, words):
    def lacks():
        from clinic.safety import queries as safety_queries

        plan = scheduling_queries.plan_for(db, visit, safety_queries.history_of(db, patient.id))
        history = safety_queries.history_of(db, patient.id)
        found = safety_queries.check(db, history, plan, visit.starts_local.date()).findings
        return any(
            m.kind is MissingKind.EVIDENCE and m.code == "consent"
            for finding in found
            for m in finding.missing
        )

    assert lacks()
    opened(world, visit, words).post("/tablet/consent", SIGNED)
    assert not lacks()


@pytest.mark.parametrize(
    ("changes", "words_shown"),
    [
        ({"scopes": []}, "Nothing is signed without this tick"),
        ({"scopes": ["photo_record"]}, "Nothing is signed without this tick"),
        ({"signer": " "}, "Please fill this in"),
        ({"strokes": ""}, "Please sign in the field"),
        ({"strokes": "[[10, 10, 11, 11]]"}, "Please sign in the field"),
        ({"strokes": "[[1.5, 2, 300, 180]]"}, "Please sign in the field"),
        ({"strokes": "[[0, 0, 601, 180]]"}, "Please sign in the field"),
        ({"strokes": '[["a", "b"]]'}, "Please sign in the field"),
        ({"strokes": "[[0, 0, 100]]"}, "Please sign in the field"),
        ({"strokes": json.dumps([[0, 0, 200, 200]] * 121)}, "Please sign in the field"),
        ({"strokes": json.dumps([[1, 2] * 4001])}, "Please sign in the field"),
        ({"strokes": "[" * 50_000}, "Please sign in the field"),
        ({"strokes": "[[true, false, true, 100]]"}, "Please sign in the field"),
        ({"read_in": "xx"}, "read the text again"),
        ({"signer": "x" * 121}, "At most 120"),
        ({"signer": "Alice \u202e"}, "characters that cannot be stored"),
    ],
)
def test_what_cannot_be_a_signature_is_said_and_nothing_is_lost(
    world, db, patient, visit, words, changes, words_shown
):
    tablet = opened(world, visit, words)

    answer = tablet.post("/tablet/consent", {"interpreter": "Nour", **SIGNED, **changes})

    page = text(answer)
    assert answer.status_code == 422
    assert words_shown in page
    assert 'value="Nour"' in page
    assert kept(db) == []
    # With what is missing it goes through afterwards: the screen is still open.
    assert tablet.post("/tablet/consent", SIGNED).status_code == 303


def test_who_cannot_draw_types_and_ticks(world, db, patient, visit, words):
    tablet = opened(world, visit, words)

    answer = tablet.post("/tablet/consent", {**SIGNED, "strokes": "", "typed": "y"})

    assert answer.status_code == 303
    assert (kept(db)[0].signed_how.value, kept(db)[0].strokes) == ("typed", None)


def test_for_a_minor_somebody_else_signs_and_says_as_what(world, db, words):
    child = factories.a_patient(
        db, location=world.location, given_name="Kim", birth_date=dt.date(2009, 11, 24)
    )
    visit = a_visit(world, db, child)
    tablet = opened(world, visit, words)

    alone = tablet.post("/tablet/consent", SIGNED)
    assert alone.status_code == 422
    assert "not of age" in text(alone)
    assert tablet.post("/tablet/consent", {**SIGNED, "guardian": "mother"}).status_code == 303
    assert kept(db)[0].guardian == "mother"


def test_the_text_changes_its_language_and_keeps_what_was_typed(world, db, patient, visit, words):
    tablet = opened(world, visit, words)

    page = text(tablet.post("/tablet/language", {**SIGNED, "language": "ar"}))

    assert shipped.words(ConsentKind.PRP)["ar"]["risks"][1][:40] in page
    assert "Alice Müller" in page
    assert 'value="ar"' in page
    answer = tablet.post("/tablet/consent", {**SIGNED, "read_in": "ar"})
    assert answer.status_code == 303
    assert kept(db)[0].language == "ar"


def test_sent_twice_is_signed_once(world, db, patient, visit, words):
    tablet = opened(world, visit, words)
    tablet.post("/tablet/consent", SIGNED)

    again = tablet.post("/tablet/consent", SIGNED)

    assert again.status_code == 409
    assert "signed already" in text(again)
    assert len(kept(db)) == 1


def test_a_screen_shows_only_what_it_was_handed_over_for(world, db, patient, visit, words):
    tablet = opened(world, visit, words)
    assert tablet.get("/tablet/questions").location == "/tablet/consent"
    assert tablet.post("/tablet/questions").location == "/tablet/consent"
    assert tablet.get("/sign-in").location == "/tablet"

    plain = the_tablet(world)
    page = text(world.as_role(Role.NURSE).post(f"/appointments/{visit.id}/handover"))
    plain.post("/tablet", {"code": page.split('id="code">')[1][:9]})
    plain.post("/tablet/name")
    assert plain.get("/tablet/consent").location == "/tablet/questions"
    assert plain.post("/tablet/consent", SIGNED).location == "/tablet/questions"
    assert kept(db) == []


def test_signing_says_nothing_about_the_questions(world, db, patient, visit, words):
    opened(world, visit, words).post("/tablet/consent", SIGNED)

    page = text(world.as_role(Role.RECEPTIONIST).get(f"/appointments/{visit.id}"))

    assert "Signed on" in page
    assert "Answered today" not in page


@pytest.mark.parametrize("wrong", ["999999", "x", "draft"])
def test_only_a_text_in_force_is_handed_over(world, db, patient, visit, words, wrong):
    named = queries.draft_of(db, ConsentKind.MESOTHERAPY).id if wrong == "draft" else wrong

    answer = world.as_role(Role.NURSE).post(
        f"/appointments/{visit.id}/handover", {"text_id": str(named)}
    )

    assert answer.status_code in {409, 422}
    assert "code for the tablet" not in text(answer).casefold()


def test_a_screen_that_is_taken_back_signs_nothing(world, db, patient, visit, words):
    tablet = opened(world, visit, words)
    world.as_role(Role.NURSE).post(f"/appointments/{visit.id}/handover/end")

    assert tablet.post("/tablet/consent", SIGNED).status_code == 410
    assert kept(db) == []
    renew(tablet, "/tablet")
