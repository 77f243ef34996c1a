"""Trying rules out: what a visit would become, and what had been known by its day."""

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import pytest

from clinic.catalog.values import Modality
from clinic.rulebook.rules import trial
from clinic.rulebook.values import Turn
from clinic.safety import editions
from clinic.safety.catalogue_files import shipped_catalogue
from clinic.safety.rules import versions
from clinic.safety.rules.screening import screen
from clinic.safety.values import Decision, FactKind, FactState, History, Person, PlannedTreatment
from tests.safety.conftest import PRP, TODAY, TOMORROW
from tests.safety.rule_cases import a_clear_history, a_fact

RULES = shipped_catalogue().rules
DAY = dt.timedelta(days=1)


def drafted(code="nsaid_recent", *, is_on=True, decisions=None, **numbers):
    """The released rules with one of them drafted otherwise."""
    floor = editions.as_released(code)
    content = versions.changed(floor.content, numbers, decisions or {})
    own = editions.built(replace(floor, content=content, version=2))
    others = [rule for rule in RULES if rule.code != code]
    return [*others, own] if is_on else others


def history(*facts):
    """Somebody about whom everything is known and nothing stands against a PRP, and these."""
    clear = a_clear_history(TOMORROW)
    return replace(clear, facts=(*clear.facts, *facts))


def only(*facts):
    return History(person=Person(birth_date=dt.date(1985, 4, 12), sex="female"), facts=facts)


def ibuprofen(days_before, **more):
    last = TOMORROW - days_before * DAY
    return a_fact(FactKind.MEDICATION, "nsaid", ended_on=last, noted_on=last, **more)


def tried(rules, what, plan=PRP, on=TOMORROW):
    return trial.turn(trial.trial_of(RULES, rules), what, plan, on)


def test_a_visit_that_the_new_number_reaches_turns():
    turn = tried(drafted(window="5"), history(ibuprofen(3)))

    assert turn.after is Decision.DEFER
    assert turn.before < Decision.DEFER
    assert [(sign.code, sign.decision) for sign in turn.come] == [("nsaid_recent", Decision.DEFER)]
    assert turn.gone == ()


@pytest.mark.parametrize("days_before", [1, 5, 40])
def test_a_visit_that_it_does_not_reach_stays(days_before):
    assert tried(drafted(window="5"), history(ibuprofen(days_before))) is None


def test_a_rule_that_is_switched_off_lets_its_findings_go():
    turn = tried(drafted(is_on=False), history(ibuprofen(1)))

    assert [sign.code for sign in turn.gone] == ["nsaid_recent"]
    assert turn.come == ()


def test_another_decision_of_the_same_case_is_both_gone_and_come():
    turn = tried(drafted(decisions={"recent": Decision.REVIEW}), history(ibuprofen(1)))

    assert [s.decision for s in turn.gone] == [Decision.DEFER]
    assert [s.decision for s in turn.come] == [Decision.REVIEW]


def test_the_same_rules_under_another_number_of_version_change_nothing():
    same = [replace(rule, version=9, content_hash="x") for rule in RULES]

    assert trial.trial_of(RULES, same).codes == frozenset()
    assert tried(same, history(ibuprofen(1))) is None


def test_a_consultation_never_turns():
    plan = PlannedTreatment(modality=Modality.CONSULTATION)

    assert tried(drafted(window="5"), history(ibuprofen(3)), plan) is None


def test_before_the_first_approval_every_treatment_turns_from_not_checked():
    first = trial.trial_of([], RULES)

    turn = trial.turn(first, history(ibuprofen(1)), PRP, TOMORROW)

    assert (turn.before, turn.after) == (None, Decision.DEFER)


@pytest.mark.parametrize("days_before", range(8))
@pytest.mark.parametrize("more", [(), ("pregnancy",), ("anticoagulant",)])
def test_a_turn_says_what_two_whole_checks_would_say(days_before, more):
    facts = [ibuprofen(days_before)]
    if "pregnancy" in more:
        facts.append(a_fact(FactKind.PREGNANCY, "pregnant", noted_on=TODAY))
    if "anticoagulant" in more:
        facts.append(a_fact(FactKind.MEDICATION, "anticoagulant", noted_on=TODAY))
    what, rules = history(*facts), drafted(window="5")

    now, then = (screen(what, PRP, TOMORROW, each) for each in (RULES, rules))
    turn = tried(rules, what)

    if turn is None:
        assert now.decision == then.decision
        assert {f.rule_code for f in now.findings} == {f.rule_code for f in then.findings}
    else:
        assert (turn.before, turn.after) == (now.decision, then.decision)


def test_a_past_visit_is_judged_by_what_was_recorded_by_its_day():
    on = TODAY
    early = a_fact(FactKind.MEDICATION, "nsaid", noted_on=on, recorded_on=on)
    late = a_fact(FactKind.MEDICATION, "aspirin_otc", noted_on=on, recorded_on=on + DAY)

    assert trial.as_of(only(early, late), on).facts == (early,)


def test_the_session_of_the_day_itself_is_not_held_against_it():
    on = TODAY
    own = a_fact(FactKind.TREATMENT, "prp", noted_on=on, recorded_on=on)
    bruise = a_fact(FactKind.SIDE_EFFECT, "bruising", noted_on=on, began_on=on, recorded_on=on)
    before = a_fact(FactKind.TREATMENT, "prp", noted_on=on - 20 * DAY, recorded_on=on - 20 * DAY)
    denied = a_fact(
        FactKind.MEDICATION, "nsaid", state=FactState.ABSENT, noted_on=on, recorded_on=on
    )

    assert trial.as_of(only(own, bruise, before, denied), on).facts == (before, denied)


@pytest.mark.parametrize(
    ("today", "oldest", "months"),
    [
        (dt.date(2026, 11, 22), dt.date(2025, 11, 22), 13),
        (dt.date(2026, 3, 1), dt.date(2025, 3, 1), 12),
        (dt.date(2026, 3, 2), dt.date(2025, 3, 2), 13),
        (dt.date(2026, 12, 31), dt.date(2025, 12, 31), 13),
        (dt.date(2028, 2, 29), dt.date(2027, 2, 28), 13),
    ],
)
def test_parts_are_the_coming_visits_and_a_whole_year_without_gaps(today, oldest, months):
    coming, *past = trial.parts(today)

    assert (coming.key, coming.first, coming.until) == ("coming", today, None)
    assert (past[0].until, past[-1].first, len(past)) == (today, oldest, months)
    for newer, older in pairwise(past):
        assert older.until == newer.first
    assert len({part.key for part in past}) == months
    assert all(part.first < part.until for part in past)


def test_shifts_are_counted_the_strongest_first():
    def to(before, after):
        return Turn(before=before, after=after, gone=(), come=())

    found = trial.shifts(
        [to(None, Decision.ALLOW), to(Decision.ALLOW, Decision.DEFER)] * 2
        + [to(Decision.ALLOW, Decision.BLOCK)]
    )

    assert [(shift.after, shift.visits) for shift in found] == [
        (Decision.BLOCK, 1),
        (Decision.DEFER, 2),
        (Decision.ALLOW, 2),
    ]
