"""The clinic's own rules: drafted by one, put in force by another, checked with from then on."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import PasswordNeeded, Role
from clinic.core.errors import Forbidden, Invalid, NotFound
from clinic.safety import approving, editions, queries
from clinic.safety.approving import RulesMovedOn
from clinic.safety.models import RuleCatalogue, RuleVersion
from clinic.safety.rules.passage import passage
from clinic.safety.rules.versions import ApproveRules, DraftRule
from clinic.safety.values import Confidence, Decision, FactKind, Moment, Outcome
from clinic.scheduling.rules.checks import remembered
from tests import factories
from tests.conftest import NOW
from tests.safety.conftest import PRP, TODAY, TOMORROW

REASON = "Our haematologist asks for a wider margin."

D = Decision


def proposal(db, code):
    return editions.proposal(db, code)


def a_wish(db, code="nsaid_recent", **changes):
    fields = {
        "code": code,
        "numbers": {"window": "5"},
        "decisions": {},
        "is_on": True,
        "reason": REASON,
        "seen": proposal(db, code).then.mark,
        **changes,
    }
    return DraftRule(**fields)


def draft(world, db, code="nsaid_recent", **changes):
    return approving.draft(db, world.actor(Role.ADMINISTRATOR), a_wish(db, code, **changes))


def approve(world, db, codes=None, **changes):
    seen = editions.next_edition(db)
    wish = ApproveRules(**{"codes": codes, "seen": seen, **changes})
    return approving.approve(db, world.actor(Role.PHYSICIAN), wish)


def checked(db, patient):
    db.info.pop("rules_in_force", None)
    return queries.check(db, queries.history_of(db, patient.id), PRP, TOMORROW)


def last_line(db):
    return db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()


def test_until_a_physician_has_approved_nothing_is_checked(db):
    place = factories.a_location(db)
    somebody = factories.a_patient(db, location=place)

    screening = queries.check(db, queries.history_of(db, somebody.id), PRP, TOMORROW)
    way = passage(screening, Moment.START, Role.PHYSICIAN, today=TODAY)

    assert not screening.is_checked
    assert remembered(screening, ()).decision is None
    assert way.outcome is Outcome.REFUSED


def test_a_draft_changes_nothing_until_a_physician_approves_it(world, db, patient, known):
    known(FactKind.MEDICATION, "nsaid", ended_on=TODAY.replace(day=21))  # 3 days before
    before = checked(db, patient)

    row = draft(world, db)
    waiting = checked(db, patient)
    approve(world, db)
    after = checked(db, patient)

    assert (row.version, row.author_id) == (2, world.accounts[Role.ADMINISTRATOR].id)
    assert waiting == before
    [finding] = [f for f in after.findings if f.rule_code == "nsaid_recent"]
    assert (finding.rule_version, finding.decision) == (2, Decision.DEFER)
    assert finding.number_confidence is Confidence.CLINIC
    assert after.facts_hash != before.facts_hash


def test_an_edition_keeps_its_rules_although_another_is_approved_before_it_is_read(
    world, db, monkeypatch
):
    before = editions.newest(db).edition
    draft(world, db)
    approve(world, db)
    monkeypatch.setattr(editions, "_READ", {})

    editions.note_edition(db, before)

    assert {r.code: r.version for r in editions.in_force(db).rules}["nsaid_recent"] == 1


def test_a_rule_that_is_switched_off_says_nothing(world, db, patient, known):
    known(FactKind.MEDICATION, "nsaid", ended_on=TODAY)
    assert "nsaid_recent" in {f.rule_code for f in checked(db, patient).findings}

    draft(world, db, numbers={}, is_on=False)
    approve(world, db)

    assert "nsaid_recent" not in {f.rule_code for f in checked(db, patient).findings}


def test_draft_and_approval_leave_one_audit_line_each(world, db):
    draft(world, db)
    drafted = last_line(db)
    approve(world, db)
    approved = last_line(db)

    assert (drafted.action, drafted.detail) == (
        "rule.drafted",
        {"code": "nsaid_recent", "version": 2},
    )
    assert approved.action == "rules.approved"
    assert approved.detail["rules"] == ["nsaid_recent v2"]
    assert approved.detail["number"] == 2


def test_only_the_chosen_change_is_approved(world, db):
    draft(world, db)
    draft(world, db, "steroid_systemic", numbers={"window": "21"})

    approve(world, db, codes=frozenset({"nsaid_recent"}))

    assert not proposal(db, "nsaid_recent").is_change
    assert proposal(db, "steroid_systemic").is_change
    assert {r.code: r.version for r in editions.in_force(db).rules}["steroid_systemic"] == 1


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.NURSE, Role.ADMINISTRATOR])
def test_only_a_physician_approves(world, db, role):
    draft(world, db)

    with pytest.raises(Forbidden):
        approving.approve(
            db, world.actor(role), ApproveRules(codes=None, seen=editions.next_edition(db))
        )


def test_an_approval_asks_for_a_password_of_the_last_minutes(world, db, clock):
    draft(world, db)
    physician = world.actor(Role.PHYSICIAN)
    clock(NOW + dt.timedelta(minutes=11))

    with pytest.raises(PasswordNeeded):
        approving.approve(db, physician, ApproveRules(codes=None, seen=editions.next_edition(db)))


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN])
def test_only_an_administrator_drafts(world, db, role):
    with pytest.raises(Forbidden):
        approving.draft(db, world.actor(role), a_wish(db))


def test_an_approval_of_what_has_changed_since_is_refused(world, db):
    draft(world, db)
    seen = editions.next_edition(db)
    draft(world, db, numbers={"window": "7"})

    with pytest.raises(RulesMovedOn):
        approve(world, db, seen=seen)


def test_of_two_approvals_at_once_one_is_refused(world, db, monkeypatch):
    draft(world, db)
    first = editions.newest(db)
    approve(world, db)
    draft(world, db, numbers={"window": "7"})
    monkeypatch.setattr(editions, "newest", lambda db: first)  # as if read a moment earlier

    with pytest.raises(RulesMovedOn):
        approve(world, db)


def test_a_draft_of_what_has_changed_since_is_refused(world, db):
    seen = proposal(db, "nsaid_recent").then.mark
    draft(world, db)

    with pytest.raises(RulesMovedOn):
        draft(world, db, numbers={"window": "9"}, seen=seen)


def test_a_draft_of_what_was_switched_off_meanwhile_is_refused(world, db):
    seen = proposal(db, "nsaid_recent").then.mark
    draft(world, db, numbers={}, is_on=False)

    with pytest.raises(RulesMovedOn):
        draft(world, db, seen=seen)


def test_every_problem_of_a_draft_is_named_at_once(world, db):
    found = approving.problems(
        a_wish(
            db,
            "bleeding_disorder",
            numbers={"unconfirmed": "9999"},
            decisions={"diagnosis": Decision.WARN, "unconfirmed": Decision.DEFER},
            is_on=False,
        )
    )

    assert {problem.field for problem in found} >= {"is_on", "decision-diagnosis"}
    assert "decision-unconfirmed" in {problem.field for problem in found}


def test_a_draft_without_a_difference_is_refused(world, db):
    with pytest.raises(Invalid, match="different"):
        draft(world, db, numbers={"window": "2.0"})


def test_a_draft_needs_a_reason(world, db):
    with pytest.raises(Invalid) as refused:
        draft(world, db, reason="  short ")

    assert refused.value.field == "reason"


def test_there_is_no_draft_of_an_unknown_rule(world, db):
    with pytest.raises(NotFound):
        proposal(db, "astrology")


def test_an_approval_of_nothing_is_refused(world, db):
    with pytest.raises(Invalid):
        approve(world, db)


def test_decisions_out_of_order_are_refused_in_words(world, db):
    with pytest.raises(Invalid, match="do not fit"):
        draft(
            world,
            db,
            "fever_illness",
            numbers={},
            decisions={"fever_that_day": Decision.WARN, "recent": Decision.DEFER},
        )


@pytest.mark.parametrize(
    ("numbers", "is_on", "decisions", "field"),
    [
        ({"limit": "49"}, True, {}, "number-limit"),
        ({}, False, {}, "is_on"),
        ({}, True, {"critical": Decision.REVIEW}, "decision-critical"),
    ],
)
def test_an_absolute_rule_can_only_become_stricter(world, db, numbers, is_on, decisions, field):
    with pytest.raises(Invalid) as refused:
        draft(world, db, "plt_critical", numbers=numbers, is_on=is_on, decisions=decisions)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("code", "changes", "field"),
    [
        ("hb_low", {"numbers": {"severe": "7"}}, "number-severe"),
        ("hb_low", {"numbers": {}, "decisions": {"severe": D.REVIEW}}, "decision-severe"),
        ("hb_low", {"numbers": {}, "is_on": False}, "is_on"),
        ("no_hair_zone", {"numbers": {"months": "72"}}, "number-months"),
    ],
)
def test_what_stops_a_treatment_in_any_rule_can_only_become_stricter(
    world, db, code, changes, field
):
    with pytest.raises(Invalid) as refused:
        draft(world, db, code, **changes)

    assert refused.value.field == field


def test_what_does_not_stop_a_treatment_is_the_clinics_own(world, db):
    assert draft(world, db, "hb_low", numbers={}, decisions={"low": D.WARN}).version == 2
    assert draft(world, db, "no_hair_zone", numbers={"months": "48"}).version == 2


def test_an_absolute_rule_may_become_stricter(world, db, patient, known):
    draft(world, db, "plt_critical", numbers={"limit": "80"})
    approve(world, db)

    known(FactKind.LAB, "platelets", value_milli=70_000, unit="10*9/L", noted_on=TOMORROW)

    assert checked(db, patient).decision is Decision.BLOCK


def test_a_draft_taken_back_leaves_nothing_to_approve(world, db):
    draft(world, db)
    administrator, seen = world.actor(Role.ADMINISTRATOR), proposal(db, "nsaid_recent").then.mark

    approving.withdraw(db, administrator, "nsaid_recent", seen=seen)

    assert not proposal(db, "nsaid_recent").is_change
    with pytest.raises(Invalid):
        approve(world, db)
    with pytest.raises(Invalid):
        approving.withdraw(
            db,
            administrator,
            "nsaid_recent",
            seen=proposal(db, "nsaid_recent").then.mark,
        )


def test_a_new_release_of_a_rule_waits_for_approval(world, db, monkeypatch):
    shipped = list(editions.shipped_rules())
    place = next(n for n, rule in enumerate(shipped) if rule["code"] == "nsaid_recent")
    shipped[place] = {**shipped[place], "version": 2, "clears": "Another word."}
    monkeypatch.setattr(editions, "shipped_rules", lambda: shipped)

    fresh = proposal(db, "nsaid_recent")

    assert (fresh.then.version, fresh.now.version) == (2, 1)
    assert fresh.is_change
    assert not fresh.is_behind
    approve(world, db)
    assert not proposal(db, "nsaid_recent").is_change


def test_the_clinics_own_stays_and_is_marked_when_the_release_moves_on(world, db, monkeypatch):
    draft(world, db)
    approve(world, db)
    shipped = list(editions.shipped_rules())
    place = next(n for n, rule in enumerate(shipped) if rule["code"] == "nsaid_recent")
    shipped[place] = {**shipped[place], "version": 2, "clears": "Another word."}
    monkeypatch.setattr(editions, "shipped_rules", lambda: shipped)

    own = proposal(db, "nsaid_recent")

    assert own.is_behind
    assert not own.is_change
    assert own.then.version == 2


def test_a_rule_the_release_cannot_read_any_more_checks_nothing(world, db, patient, monkeypatch):
    def unreadable(version):
        raise editions.BadCatalogue(["nsaid_recent.cases: gone"])

    monkeypatch.setattr(editions, "built", unreadable)
    monkeypatch.setattr(editions, "_READ", {})

    assert not checked(db, patient).is_checked


def test_versions_and_approvals_are_never_changed_or_deleted(world, db):
    for model in (RuleVersion, RuleCatalogue):
        with pytest.raises(sa.exc.DatabaseError, match="append_only"), db.begin_nested():
            db.execute(sa.delete(model))


def test_the_same_rules_have_the_same_edition(world, db):
    assert editions.newest(db).edition == factories.RELEASED == editions.next_edition(db)
