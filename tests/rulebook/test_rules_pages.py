"""The list of rules, one rule, and drafting a version of it."""

import pytest

from clinic.core.access import Role
from clinic.rulebook.rules.names import NUMBER_NAMES
from clinic.safety.catalogue_files import shipped_catalogue
from tests.counting import statements
from tests.rulebook.pages import REASON, a_draft, proposal, text

RULE = "/safety/rules/nsaid_recent"
D, A = Role.PHYSICIAN, Role.ADMINISTRATOR


def send(world, db, code="nsaid_recent", **changes):
    form = {k: v for k, v in a_draft(db, code, **changes).items() if v is not None}
    return world.as_role(A).post(f"/safety/rules/{code}/drafts", form)


@pytest.mark.parametrize("url", ["/safety/rules", RULE])
@pytest.mark.parametrize(
    ("role", "status"), [(Role.RECEPTIONIST, 403), (Role.NURSE, 403), (D, 200), (A, 200)]
)
def test_rules_are_for_physicians_and_administrators(world, url, role, status):
    assert world.as_role(role).get(url).status_code == status


def test_the_list_says_what_is_in_force_by_whose_approval(world):
    page = text(world.as_role(A).get("/safety/rules"))

    assert "Painkiller (NSAID) lately" in page
    assert "Waiting time <b>2 days</b>" in page
    assert f"approved by {world.accounts[D].name} on Nov 23, 2026" in page
    assert "design default" in page
    assert "Nothing is checked yet" not in page
    assert "%(" not in page


@pytest.mark.parametrize("query", ["", "?treatment=mesotherapy", "?treatment=x", "?treatment="])
def test_the_list_can_be_read_for_each_treatment(world, query):
    page = world.as_role(D).get(f"/safety/rules{query}")

    assert page.status_code == 200
    assert ('id="meso_interval"' in text(page)) == ("mesotherapy" in query)


def test_a_rule_shows_its_sources_and_says_what_is_a_design_default(world):
    page = text(world.as_role(A).get("/safety/rules/plt_critical"))

    assert "Medscape Q&amp;A" in page
    assert "Design default of this product, not a guideline" in page
    assert "\u206650 ×10⁹/L\u2069" in page
    assert "%(" not in page


@pytest.mark.parametrize("rule", shipped_catalogue().rules, ids=lambda rule: rule.code)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_rule_has_a_page(world, rule):
    page = world.as_role(A).get(f"/safety/rules/{rule.code}")

    assert page.status_code == 200
    assert "%(" not in text(page)


def test_every_number_of_every_rule_has_words():
    names = {number.name for rule in shipped_catalogue().rules for number in rule.numbers}

    assert sorted(names - set(NUMBER_NAMES)) == []


@pytest.mark.parametrize("code", ["astrology", "x" * 200, "%00", "a b"])
def test_an_unknown_rule_is_not_found(world, code):
    assert world.as_role(A).get(f"/safety/rules/{code}").status_code == 404
    assert world.as_role(A).post(f"/safety/rules/{code}/drafts").status_code == 404
    assert world.as_role(A).post(f"/safety/rules/{code}/withdrawals").status_code == 404


def test_only_the_administrator_is_offered_the_form(world):
    assert "Keep the draft" in text(world.as_role(A).get(RULE))
    assert "Keep the draft" not in text(world.as_role(D).get(RULE))


def test_a_draft_waits_on_the_page_with_before_and_after_author_and_reason(world, db):
    sent = send(world, db, **{"number-window": "5"})
    page = text(world.as_role(D).get(RULE))

    assert sent.status_code == 303
    assert 'Waiting time: <span class="was">2 days</span>' in page
    assert "<b>5 days</b>" in page
    assert REASON in page
    assert world.accounts[A].name in page
    assert "Waits for approval" in page
    assert "1 change waits for approval" in text(world.as_role(A).get("/safety/rules"))


def test_the_form_goes_on_from_the_draft(world, db):
    send(world, db, **{"number-window": "5"})

    page = text(world.as_role(A).get(RULE))

    assert 'value="5"' in page
    assert proposal(db).then.mark in page


def test_a_rule_that_is_switched_off_is_drafted_as_off(world, db):
    assert send(world, db, is_on=None).status_code == 303

    assert not proposal(db).then.is_on


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number-window": "3651"}, "A whole number from 0"),
        ({"number-window": "2.5"}, "A whole number from 0"),
        ({"number-window": "x"}, "Enter a number"),
        ({"number-window": ""}, "Please fill this in"),
        ({"number-window": "99999999999999999999"}, "Enter a number"),
        ({"number-window": "\u0000"}, "cannot be stored"),
        ({"decision-recent": "destroy"}, "Choose one of the list"),
        ({"decision-recent": None}, "Please fill this in"),
        ({"reason": "short"}, "at least 10"),
        ({"reason": "x" * 301}, "At most 300"),
        ({"reason": "\u0000" * 20}, "cannot be stored"),
        ({}, "Nothing is different"),
    ],
)
def test_bad_input_is_said_at_its_field(world, db, changes, words):
    fields = {"number-window": "5", **changes} if changes else {}

    answer = send(world, db, **fields)

    assert answer.status_code == 422
    assert words in text(answer)
    assert not proposal(db).is_change


def test_every_problem_is_said_at_once(world, db):
    answer = send(
        world, db, "plt_critical", **{"number-limit": "49", "number-valid": "91"}, reason=""
    )

    assert answer.status_code == 422
    assert text(answer).count("can only be made stricter") >= 2
    assert "Please fill this in" in text(answer)


def test_a_number_that_cannot_be_read_does_not_hide_one_that_is_too_weak(world, db):
    answer = send(world, db, "plt_critical", **{"number-limit": "49", "number-valid": "x"})

    assert "can only be made stricter" in text(answer)
    assert "Enter a number" in text(answer)


def test_an_absolute_rule_offers_no_weaker_decision_and_no_switch(world, db):
    page = text(world.as_role(A).get("/safety/rules/plt_critical"))

    assert "only higher is stricter" in page
    assert 'value="warn"' not in page
    assert 'name="is_on"' not in page
    weaker = send(world, db, "plt_critical", **{"decision-critical": "warn"})
    assert weaker.status_code == 422
    off = send(world, db, "plt_critical", is_on=None, **{"number-limit": "80"})
    assert off.status_code == 303
    assert proposal(db, "plt_critical").then.is_on


def test_decisions_out_of_order_are_said_at_the_lower_one(world, db):
    answer = send(
        world,
        db,
        "fever_illness",
        **{"decision-fever_that_day": "warn", "decision-recent": "defer"},
    )

    assert answer.status_code == 422
    assert "cannot decide more strongly than what stands above it" in text(answer)


def test_a_stale_edit_keeps_what_was_typed(world, db):
    fields = a_draft(db, **{"number-window": "9", "reason": "Typed with great care."})
    send(world, db, **{"number-window": "5"})

    answer = world.as_role(A).post(f"{RULE}/drafts", fields)
    page = text(answer)

    assert answer.status_code == 409
    assert "Typed with great care." in page
    assert 'value="9"' in page
    assert "<td>5</td><td><ins>9</ins></td>" in page
    assert proposal(db).then.mark in page
    assert (
        world.as_role(A)
        .post(f"{RULE}/drafts", {**fields, "seen": proposal(db).then.mark})
        .status_code
        == 303
    )


def test_a_draft_sent_twice_is_kept_once(world, db):
    fields = a_draft(db, **{"number-window": "5"})

    first, second = (world.as_role(A).post(f"{RULE}/drafts", fields) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 303)
    assert proposal(db).then.version == 2


def test_a_draft_is_taken_back(world, db):
    send(world, db, **{"number-window": "5"})
    administrator, seen = world.as_role(A), proposal(db).then.mark

    answers = [administrator.post(f"{RULE}/withdrawals", {"seen": seen}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert not proposal(db).is_change


@pytest.mark.parametrize("form", [{}, {"seen": "x" * 500}, {"seen": "\u0000"}, {"seen": "old"}])
def test_taking_back_what_is_not_there_changes_nothing(world, db, form):
    answer = world.as_role(A).post(f"{RULE}/withdrawals", form)

    assert answer.status_code == 303
    assert proposal(db).then.version == 1


def test_before_the_first_approval_the_list_calls_for_a_physician(unapproved):
    page = text(unapproved.as_role(D).get("/safety/rules"))

    assert "Nothing is checked yet" in page
    assert "Read and approve the rules" in page
    assert "Not approved" in page


@pytest.mark.parametrize(("url", "most"), [("/safety/rules", 9), (RULE, 11)])
def test_a_page_of_rules_asks_a_fixed_number_of_times(world, connection, url, most):
    administrator = world.as_role(A)
    administrator.get(url)

    with statements(connection) as seen:
        administrator.get(url)

    assert len(seen) <= most
