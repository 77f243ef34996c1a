"""The pages of follow-up: who may, what they show, what they answer to bad input."""

import pytest
import sqlalchemy as sa

from clinic.core.access import Role
from clinic.followup.models import Contact, SideEffect

FIELDS = {"form_key": "k" * 20}


@pytest.fixture
def session(alice, a_signed_session):
    return a_signed_session(alice)


def call(session, **changes):
    return {"result": "reached", "pain": "2", "note": "Feels well.", **FIELDS, **changes}


def bruise(session, **changes):
    return {
        "kind": "bruising",
        "grade": "2",
        "zone": "vertex",
        "onset_on": "2026-11-22",
        "description": "Large.",
        **FIELDS,
        **changes,
    }


def test_the_empty_list_says_what_will_come(world):
    page = world.as_role(Role.NURSE).get("/follow-up").get_data(as_text=True)

    assert "Nothing is due" in page


def test_a_due_call_is_listed_logged_and_gone(world, db, alice, session):
    nurse = world.as_role(Role.NURSE)
    assert alice.file_number in nurse.get("/follow-up").get_data(as_text=True)

    answer = nurse.post(f"/sessions/{session.id}/calls/new?day=1", call(session))

    assert answer.status_code == 303
    assert alice.file_number not in nurse.get("/follow-up").get_data(as_text=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"result": ""}, "Please fill this in", id="no result"),
        pytest.param({"result": "shouted"}, "Choose one of the list", id="unknown result"),
        pytest.param({"pain": "11"}, "from 0 to 10", id="pain beyond the scale"),
        pytest.param({"pain": "2,5"}, "whole number", id="half a point"),
        pytest.param({"note": "a\x00b"}, "cannot be stored", id="NUL"),
        pytest.param({"note": "x" * 4001}, "At most 4000", id="overlong"),
    ],
)
def test_a_bad_call_is_refused_at_its_field_and_loses_nothing(world, db, session, changes, words):
    nurse = world.as_role(Role.NURSE)

    answer = nurse.post(f"/sessions/{session.id}/calls/new?day=1", call(session, **changes))

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in page
    assert changes.get("note", "Feels well.")[:20].split("\x00")[0] in page
    assert db.scalar(sa.select(sa.func.count()).select_from(Contact)) == 0


def test_a_red_flag_leads_straight_to_the_report(world, session):
    answer = world.as_role(Role.NURSE).post(
        f"/sessions/{session.id}/calls/new?day=1", call(session, red_flags="pus")
    )

    assert answer.status_code == 303
    assert f"/sessions/{session.id}/side-effects/new?red_flags=pus" in answer.location


def test_a_report_says_first_what_to_do_now(world, db, session):
    nurse = world.as_role(Role.NURSE)

    answer = nurse.post(f"/sessions/{session.id}/side-effects/new", bruise(session))

    assert answer.status_code == 303
    page = nurse.get(answer.location).get_data(as_text=True)
    assert "A physician must see this today." in page
    assert "Close the side effect" not in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"kind": ""}, "Please fill this in", id="no kind"),
        pytest.param({"kind": "plague"}, "Choose one of the list", id="unknown kind"),
        pytest.param({"grade": "3"}, "Choose one of the list", id="grade the term has not"),
        pytest.param({"onset_on": "2026-11-31"}, "no such day", id="impossible date"),
        pytest.param({"onset_on": "2026-12-24"}, "in the future", id="to come"),
        pytest.param({"onset_on": "1850-01-01"}, "Not before", id="absurd date"),
        pytest.param({"zone": "elbow"}, "Choose one of the list", id="unknown zone"),
        pytest.param({"description": "a\x00b"}, "cannot be stored", id="NUL"),
    ],
)
def test_a_bad_report_is_refused_at_its_field_and_loses_nothing(world, db, session, changes, words):
    answer = world.as_role(Role.NURSE).post(
        f"/sessions/{session.id}/side-effects/new", bruise(session, **changes)
    )

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in page
    assert db.scalar(sa.select(sa.func.count()).select_from(SideEffect)) == 0


@pytest.fixture
def effect(world, db, session):
    world.as_role(Role.NURSE).post(f"/sessions/{session.id}/side-effects/new", bruise(session))
    return db.scalar(sa.select(SideEffect))


def closing(effect, **changes):
    return {
        "version": str(effect.version),
        "outcome": "resolved",
        "resolved_on": "2026-11-23",
        "note": "Gone at examination.",
        **changes,
    }


def test_a_physician_closes_it_and_a_nurse_may_not(world, db, effect):
    url = f"/side-effects/{effect.id}/close"

    assert world.as_role(Role.NURSE).post(url, closing(effect)).status_code == 403
    assert world.as_role(Role.PHYSICIAN).post(url, closing(effect)).status_code == 303

    db.refresh(effect)
    assert effect.closed_at is not None


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"outcome": "open"}, 422, id="still open is no ending"),
        pytest.param({"resolved_on": ""}, 422, id="resolved since when?"),
        pytest.param({"resolved_on": "2026-11-01"}, 422, id="before it began"),
        pytest.param({"note": ""}, 422, id="no reason"),
        pytest.param({"version": "77"}, 409, id="stale"),
        pytest.param({"version": "x"}, 422, id="no version"),
    ],
)
def test_a_bad_closing_keeps_what_was_typed(world, db, effect, changes, status):
    answer = world.as_role(Role.PHYSICIAN).post(
        f"/side-effects/{effect.id}/close", closing(effect, **changes)
    )

    assert answer.status_code == status
    assert changes.get("note", "Gone at examination.") in answer.get_data(as_text=True)
    db.refresh(effect)
    assert effect.closed_at is None


def test_a_second_closing_is_told_so(world, effect):
    physician = world.as_role(Role.PHYSICIAN)
    url = f"/side-effects/{effect.id}/close"
    physician.post(url, closing(effect))

    answer = physician.post(url, closing(effect))

    assert answer.status_code == 409
    assert "closed already" in answer.get_data(as_text=True)


def test_an_assessment_is_kept_and_shown(world, db, effect):
    physician = world.as_role(Role.PHYSICIAN)

    answer = physician.post(
        f"/side-effects/{effect.id}/review",
        {
            "seen_version": str(effect.version),
            "grade": "1",
            "standing": "resolving",
            "assessment": "Smaller than told.",
        },
    )

    assert answer.status_code == 303
    assert "Smaller than told." in physician.get(answer.location).get_data(as_text=True)


@pytest.mark.parametrize("path", ["/follow-up", "/side-effects/1", "/sessions/1/calls/new"])
@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.ADMINISTRATOR])
def test_reception_and_administration_have_no_way_in(world, role, path):
    assert world.as_role(role).get(path).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/side-effects/424242", "/sessions/424242/calls/new", "/sessions/424242/side-effects/new"],
)
def test_what_is_not_there_is_not_found(world, path):
    assert world.as_role(Role.PHYSICIAN).get(path).status_code == 404
