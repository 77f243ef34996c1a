"""What would change, and a physician's approval of it."""

import datetime as dt

import pytest

from clinic.core.access import Role
from clinic.safety import approving, editions
from clinic.safety.rules.versions import DraftRule
from tests.accounts.conftest import PASSWORD
from tests.conftest import NOW
from tests.counting import statements
from tests.rulebook.pages import REASON, proposal, text

NEW, CREATE = "/safety/approvals/new", "/safety/approvals"
D, A = Role.PHYSICIAN, Role.ADMINISTRATOR


def draft(world, db, code="nsaid_recent", window="5", **changes):
    wish = {"numbers": {"window": window}, "decisions": {}, "is_on": True, "reason": REASON}
    wish |= {"code": code, "seen": proposal(db, code).then.mark, **changes}
    return approving.draft(db, world.actor(A), DraftRule(**wish))


def approve(world, db, *codes, **changes):
    db.expire_all()
    db.info.pop("rules_in_force", None)  # What this session of the database had read before.
    form = {"seen": editions.next_edition(db), "codes": list(codes), **changes}
    return world.as_role(D).post(CREATE, form)


@pytest.mark.parametrize(
    ("role", "status"), [(Role.RECEPTIONIST, 403), (Role.NURSE, 403), (D, 200), (A, 200)]
)
def test_changes_are_for_physicians_and_administrators(world, role, status):
    assert world.as_role(role).get(NEW).status_code == status


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.NURSE, A])
def test_only_a_physician_is_let_to_approve(world, db, role):
    draft(world, db)

    answer = world.as_role(role).post(CREATE, {"seen": editions.next_edition(db)})

    assert answer.status_code == 403
    assert proposal(db).is_change


def test_a_change_is_shown_before_and_after_with_reason_and_author(world, db):
    draft(world, db)

    page = text(world.as_role(D).get(NEW))

    assert 'Waiting time: <span class="was">2 days</span>' in page
    assert "<b>5 days</b>" in page
    assert REASON in page
    assert world.accounts[A].name in page
    assert f"You approve as {world.accounts[D].name}, on Monday, November 23, 2026" in page
    assert 'value="nsaid_recent" id="code-nsaid_recent" checked' in page
    assert "Take back" not in page


def test_the_administrator_may_take_a_draft_back_but_not_approve(world, db):
    draft(world, db)

    page = text(world.as_role(A).get(NEW))

    assert "Take back" in page
    assert "A physician approves on this page" in page
    assert 'action="/safety/approvals' not in page


def test_nothing_waits_after_an_approval(world):
    page = text(world.as_role(D).get(NEW))

    assert "No change waits for approval" in page
    assert 'name="codes"' not in page


def test_what_is_ticked_acts_from_then_on(world, db):
    draft(world, db)
    draft(world, db, "steroid_systemic", "21")

    answer = approve(world, db, "nsaid_recent")

    assert answer.status_code == 303
    assert not proposal(db).is_change
    assert proposal(db, "steroid_systemic").is_change
    page = text(world.as_role(A).get("/safety/rules"))
    assert f"Approval 2, approved by {world.accounts[D].name}" in page
    assert "Set by this clinic" in page


def test_a_rule_keeps_its_older_versions_with_who_approved_them(world, db):
    draft(world, db)
    approve(world, db, "nsaid_recent")

    page = text(world.as_role(A).get("/safety/rules/nsaid_recent"))

    assert 'id="v2"' in page
    assert 'id="v1"' in page
    assert "Drafted by" in page
    assert "As released" in page
    assert page.count("Approved by") == 2


def test_a_rule_that_is_off_is_shown_as_off(world, db):
    draft(world, db, numbers={}, is_on=False)
    before = text(world.as_role(D).get(NEW))
    approve(world, db, "nsaid_recent")

    assert '<span class="was">On</span>' in before
    page = text(world.as_role(A).get("/safety/rules"))
    assert '<tr id="nsaid_recent" class="off">' in page


@pytest.mark.parametrize("codes", [[], ["astrology"], ["\u0000"], ["x" * 5000]])
def test_an_approval_of_nothing_is_refused_in_words(world, db, codes):
    draft(world, db)

    answer = approve(world, db, *codes)

    assert answer.status_code == 422
    assert "Choose at least one change" in text(answer)
    assert proposal(db).is_change


@pytest.mark.parametrize("seen", ["", "x" * 5000, "\u0000"])
def test_an_approval_of_another_state_is_refused(world, db, seen):
    draft(world, db)

    answer = approve(world, db, "nsaid_recent", seen=seen)

    assert answer.status_code == 409
    assert "Look at them again" in text(answer)
    assert proposal(db).is_change


def test_what_was_drafted_since_the_page_was_opened_is_shown_again(world, db):
    draft(world, db)
    draft(world, db, "steroid_systemic", "21")
    seen = editions.next_edition(db)
    draft(world, db, window="7")

    answer = approve(world, db, "nsaid_recent", seen=seen)

    assert answer.status_code == 409
    assert "<b>7 days</b>" in text(answer)
    assert 'id="code-nsaid_recent" checked' in text(answer)
    assert 'id="code-steroid_systemic" aria' in text(answer)


def test_an_approval_sent_twice_is_kept_once(world, db):
    draft(world, db)
    form = {"seen": editions.next_edition(db), "codes": ["nsaid_recent"]}
    physician = world.as_role(D)

    first, second = (physician.post(CREATE, form) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 303)
    assert editions.newest(db).number == 2


def test_an_approval_asks_for_the_password_and_keeps_what_was_ticked(
    world, db, clock, password_hash
):
    draft(world, db)
    draft(world, db, "steroid_systemic", "21")
    world.accounts[D].password_hash = password_hash
    physician = world.as_role(D)
    form = {"seen": editions.next_edition(db), "codes": ["nsaid_recent"]}
    physician.token()
    clock(NOW + dt.timedelta(minutes=11))

    asked = physician.post(CREATE, form)
    wrong = physician.post(CREATE, {**form, "own_password": "not this one"})

    assert (asked.status_code, wrong.status_code) == (422, 422)
    assert 'name="own_password"' in text(asked)
    assert 'id="code-steroid_systemic" aria' in text(asked)
    assert proposal(db).is_change
    assert physician.post(CREATE, {**form, "own_password": PASSWORD}).status_code == 303
    assert not proposal(db).is_change


def test_the_first_approval_takes_every_rule(unapproved, db):
    page = text(unapproved.as_role(D).get(NEW))
    answer = approve(unapproved, db)

    assert "no session can start until a physician has read and approved these rules" in page
    assert 'name="codes"' not in page
    assert answer.status_code == 303
    assert editions.newest(db).number == 1
    assert len(editions.newest(db).rule_ids) == len(editions.proposals(db))


def test_a_draft_can_be_made_before_the_first_approval(unapproved, db):
    draft(unapproved, db)

    page = text(unapproved.as_role(D).get(NEW))

    assert "Set by this clinic" in page
    assert approve(unapproved, db).status_code == 303
    assert {r.code: r.version for r in editions.in_force(db).rules}["nsaid_recent"] == 2


def test_the_clinics_own_of_an_older_release_is_marked(world, db, monkeypatch):
    draft(world, db)
    shipped = list(editions.shipped_rules())
    place = next(n for n, rule in enumerate(shipped) if rule["code"] == "nsaid_recent")
    shipped[place] = {**shipped[place], "version": 2, "clears": "Another word."}
    monkeypatch.setattr(editions, "shipped_rules", lambda: shipped)

    assert "Made from an older release" in text(world.as_role(D).get(NEW))


def test_a_rule_that_a_new_release_words_otherwise_is_shown_in_words(world, db, monkeypatch):
    shipped = list(editions.shipped_rules())
    place = next(n for n, rule in enumerate(shipped) if rule["code"] == "nsaid_recent")
    shipped[place] = {**shipped[place], "version": 2, "clears": "Another word.", "sources": ["DD"]}
    monkeypatch.setattr(editions, "shipped_rules", lambda: shipped)

    page = text(world.as_role(D).get(NEW))

    assert "<b>Another word.</b>" in page
    assert "its sources have changed with the release" in page
    assert "It comes with the release of the program." in page


def test_a_rule_that_goes_with_the_release_is_said(world, db, monkeypatch):
    shipped = [rule for rule in editions.shipped_rules() if rule["code"] != "nsaid_recent"]
    monkeypatch.setattr(editions, "shipped_rules", lambda: shipped)

    assert "Goes with the release" in text(world.as_role(D).get(NEW))
    assert approve(world, db, "nsaid_recent").status_code == 303
    assert "nsaid_recent" not in {rule.code for rule in editions.in_force(db).rules}


def test_the_page_of_changes_asks_a_fixed_number_of_times(world, db, connection):
    draft(world, db)
    draft(world, db, "steroid_systemic", "21")
    physician = world.as_role(D)
    physician.get(NEW)

    with statements(connection) as seen:
        physician.get(NEW)

    assert len(seen) <= 9
