"""The pages that sign a session, break it off, and add to it."""

import datetime as dt
from dataclasses import replace

import pytest

from clinic.accounts import passwords
from clinic.core.access import CONFIRMED_FOR, PASSWORD_FIELD, PasswordNeeded, Role
from clinic.treatments import points
from clinic.treatments.queries import sessions as queries
from clinic.treatments.service import sessions as service
from clinic.treatments.values import (
    AbortSession,
    AddAddendum,
    Content,
    SessionState,
    SignSession,
)
from tests.accounts.conftest import PASSWORD
from tests.conftest import NOW
from tests.treatments.conftest import some_sites
from tests.treatments.pages import hidden, text, written

# ------------------------------------------------------------------------------- signing


def test_a_physician_signs_and_the_record_is_read(chair, world, db):
    session = chair.prepared()
    physician = world.as_role(Role.PHYSICIAN)

    done = physician.post(f"/sessions/{session.id}/signature", written(session, pain="2"))

    assert done.status_code == 303
    page = text(physician.get(done.location))
    for words in ("K-17", "4.00", "ACD-A", "Add it"):
        assert words in page
    assert "data-scalp" not in page
    assert "not what was signed" not in page
    db.expire_all()
    assert queries.get(db, session.id).content_hash in page


@pytest.mark.parametrize(
    ("act", "is_signed"), [("signature", False), ("abort", False), ("addenda", True)]
)
def test_after_ten_minutes_a_signature_asks_for_the_password(
    chair, world, db, clock, act, is_signed
):
    world.accounts[Role.PHYSICIAN].password_hash = passwords.make_hash(PASSWORD)
    session = chair.signed() if is_signed else chair.prepared()
    physician = world.as_role(Role.PHYSICIAN)
    physician.token()
    clock(NOW + CONFIRMED_FOR + dt.timedelta(seconds=1))
    url, data = f"/sessions/{session.id}/{act}", written(session, note="Half past")
    data |= {"reason": "Felt faint", "body": "Half past", "why": "Forgotten"}

    for given in ({}, {PASSWORD_FIELD: "wrong words here"}):
        asked = physician.post(url, {**data, **given})
        assert asked.status_code == 422
        assert f'name="{PASSWORD_FIELD}"' in text(asked)
        assert "Half past" in text(asked)
        assert not queries.addenda(db, session.id)
        assert is_signed or queries.get(db, session.id).state is SessionState.DRAFT

    assert physician.post(url, {**data, PASSWORD_FIELD: PASSWORD}).status_code == 303


@pytest.mark.parametrize("act", ["sign", "abort", "add"])
def test_no_service_signs_for_who_has_not_given_the_password(chair, db, act):
    actor, session = replace(chair.actor(), confirmed_at=None), chair.begin()
    fields = {"session_id": session.id}
    content = {**fields, "version": session.version, "content": Content()}
    wish = {
        "sign": SignSession(**content),
        "abort": AbortSession(**content, reason="Faint"),
        "add": AddAddendum(**fields, body="x", reason="y"),
    }[act]

    with pytest.raises(PasswordNeeded):
        getattr(service, act)(db, actor, wish)


def test_signing_twice_is_answered_the_same(chair, world):
    session = chair.prepared()
    physician = world.as_role(Role.PHYSICIAN)
    data = written(session)

    for _ in range(2):
        done = physician.post(f"/sessions/{session.id}/signature", data)
        assert done.status_code == 303


def test_blood_that_was_changed_after_the_page_was_opened_is_looked_at_first(chair, world, db):
    session = chair.prepared()
    physician = world.as_role(Role.PHYSICIAN)
    url = f"/sessions/{session.id}"
    seen = hidden(text(physician.get(url)), "prepared")
    chair.prepare(session, chair.blood(prp_ul=4_500))

    data = written(session, note="Half past", prepared=seen)
    refused = physician.post(f"{url}/signature", data)
    page = text(refused)
    assert refused.status_code == 409
    assert "Blood and PRP were changed since this page was opened" in page
    assert "4.5 mL" in page
    assert "Half past" in page
    db.expire_all()
    assert queries.get(db, session.id).state is SessionState.DRAFT

    again = {**data, "prepared": hidden(page, "prepared")}
    for act in ("signature", "abort"):
        unseen = {**data, "prepared": "", "reason": "Felt faint"}
        assert physician.post(f"{url}/{act}", unseen).status_code == 409
    assert physician.post(f"{url}/signature", again).status_code == 303


def test_what_is_missing_is_said_at_each_field(chair, world):
    session = chair.begin()

    nothing = written(session, points="")
    answer = world.as_role(Role.PHYSICIAN).post(f"/sessions/{session.id}/signature", nothing)

    page = text(answer)
    assert answer.status_code == 422
    for words in (
        "Choose the lot of the blood kit",
        "Enter how much blood was drawn",
        "Enter when the blood was drawn",
        "Choose the anticoagulant",
        "Enter how much PRP was obtained",
        "Set at least one point",
    ):
        assert words in page


def test_unusual_values_are_listed_and_signed_after_one_tick(chair, world, db):
    session = chair.prepared()
    physician = world.as_role(Role.PHYSICIAN)
    odd = written(session, points=points.dumps(some_sites(5)))

    answer = physician.post(f"/sessions/{session.id}/signature", odd)
    page = text(answer)
    assert answer.status_code == 422
    assert "5 points; a session usually has 20 to 150" in page
    assert 'name="soft_limits_accepted"' in page

    odd |= {"soft_limits_accepted": "y", "unusual_seen": hidden(page, "unusual_seen")}
    done = physician.post(f"/sessions/{session.id}/signature", odd)
    assert done.status_code == 303
    db.expire_all()
    assert queries.get(db, session.id).soft_limits_accepted


def test_a_tick_under_other_unusual_values_signs_nothing(chair, world, db):
    session = chair.save(
        chair.prepared(), chair.whole(sites=some_sites(5), soft_limits_accepted=True)
    )
    physician = world.as_role(Role.PHYSICIAN)
    url = f"/sessions/{session.id}"
    shown = {"unusual_seen": hidden(text(physician.get(url)), "unusual_seen")}
    fewer = {**shown, "soft_limits_accepted": "y", "points": points.dumps(some_sites(4))}

    asked = physician.post(f"{url}/signature", written(session, **fewer))
    page = text(asked)
    assert asked.status_code == 422
    assert "0.4 of 5 mL of PRP were injected" in page
    tick = next(line for line in page.split("<input") if 'name="soft_limits_accepted"' in line)
    assert "checked" not in tick.split(">")[0], "ticked before it was shown"

    fewer["unusual_seen"] = hidden(page, "unusual_seen")
    assert physician.post(f"{url}/signature", written(session, **fewer)).status_code == 303
    db.expire_all()
    assert len(queries.get(db, session.id).sites) == 4


def test_a_signed_session_is_not_written_again_and_shows_both_texts(chair, world):
    session = chair.signed()

    answer = world.as_role(Role.NURSE).post(
        f"/sessions/{session.id}", written(session, note="Too late")
    )

    assert answer.status_code == 409
    assert "This session is signed." in text(answer)
    assert "Too late" in text(answer)


def test_a_session_is_broken_off_with_its_reason(chair, world, db):
    session = chair.begin()
    physician = world.as_role(Role.PHYSICIAN)
    url = f"/sessions/{session.id}/abort"
    given = written(session, points=points.dumps(some_sites(3)))

    refused = physician.post(url, given)
    assert refused.status_code == 422
    assert "Write why the session is broken off" in text(refused)

    assert physician.post(url, {**given, "reason": "Felt faint"}).status_code == 303
    page = text(physician.get(f"/sessions/{session.id}"))
    assert "Broken off" in page
    assert "Felt faint" in page
    db.expire_all()
    assert queries.get(db, session.id).state is SessionState.SIGNED


# ------------------------------------------------------------------------------- addenda


def test_an_addendum_is_shown_with_author_time_and_reason(chair, world):
    session = chair.signed()
    physician = world.as_role(Role.PHYSICIAN)
    key = hidden(text(physician.get(f"/sessions/{session.id}")), "form_key")
    data = {"body": "Vertex, not midscalp.", "why": "Typing error", "form_key": key}

    for _ in range(2):
        assert physician.post(f"/sessions/{session.id}/addenda", data).status_code == 303

    page = text(physician.get(f"/sessions/{session.id}"))
    assert page.count("Vertex, not midscalp.") == 1
    assert "Typing error" in page
    assert chair.actor().name in page


@pytest.mark.parametrize("data", [{}, {"body": "x"}, {"why": "x"}, {"body": " ", "why": " "}])
def test_an_addendum_needs_words_and_a_reason(chair, world, data):
    session = chair.signed()

    answer = world.as_role(Role.PHYSICIAN).post(f"/sessions/{session.id}/addenda", data)

    assert answer.status_code == 422
    assert "Please fill this in" in text(answer)


def test_a_draft_takes_no_addendum(chair, world):
    session = chair.begin()

    answer = world.as_role(Role.PHYSICIAN).post(
        f"/sessions/{session.id}/addenda", {"body": "x", "why": "y"}
    )

    assert answer.status_code == 409
