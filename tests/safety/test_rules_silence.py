"""Asking only the rules that may speak gives what asking all of them would."""

import pytest
from hypothesis import given

from clinic.catalog.values import Modality
from clinic.safety.rules import screening
from clinic.safety.rules.known import Known
from clinic.safety.rules.passage import hides_its_end
from clinic.safety.rules.silence import Audience, audience
from clinic.safety.rules.verdicts import Question
from clinic.safety.values import Decision, Scope
from tests.safety.rule_cases import ON, a_clear_history, a_fact, a_plan, with_fact
from tests.safety.test_rules_properties import RULES, histories, many, plans

pytestmark = pytest.mark.once


@given(history=histories(), plan=plans)
@many
def test_who_is_not_asked_would_have_said_nothing(history, plan) -> None:
    known = Known(history)
    every = audience(RULES, plan.modality)
    asked = every.speaking(known, ON)
    visit = [Question(known, ON, plan)]
    zones = [Question(known, ON, plan, zone=zone) for zone in sorted(plan.zones or known.zones)]

    said = {
        rule.code
        for rule, applies in every.rules
        if (rule, applies) not in asked
        for question in screening._targets(rule, visit, zones)
        if screening._matches_of(rule, applies, question)
    }

    assert said == set()


@given(history=histories(), plan=plans)
@many
def test_what_hides_its_end_is_what_the_whole_check_would_hide(history, plan) -> None:
    hidden = [
        finding
        for finding in screening.screen(history, plan, ON, RULES).findings
        if finding.decision >= Decision.DEFER
        and finding.scope in {Scope.PATIENT, Scope.SESSION}
        and not finding.may_show_date
    ]

    assert hides_its_end(history, plan, ON, RULES) == bool(hidden)


@pytest.mark.parametrize(
    ("fact", "hides"),
    [(a_fact("pregnancy", "pregnant"), True), (a_fact("condition", "keloid", zone=None), False)],
)
def test_a_pregnancy_hides_when_it_ends(fact, hides) -> None:
    history = with_fact(fact)(a_clear_history())

    assert hides_its_end(history, a_plan(), ON, RULES) is hides
    assert not hides_its_end(history, a_plan(Modality.CONSULTATION), ON, RULES)


@pytest.mark.parametrize("modality", [Modality.PRP, Modality.MESOTHERAPY])
def test_most_rules_are_silent_on_somebody_who_has_answered(modality) -> None:
    every = Audience(RULES, modality)
    asked = {rule.code for rule, _ in every.speaking(Known(a_clear_history()), ON)}

    assert len(asked) < len(every.rules) / 2
    assert "anticoagulant" not in asked


def test_what_was_said_wakes_its_rule() -> None:
    history = with_fact(a_fact("medication", "warfarin"))(a_clear_history())
    asked = {r.code for r, _ in Audience(RULES, Modality.PRP).speaking(Known(history), ON)}

    assert "anticoagulant" in asked


def test_other_rules_have_another_order() -> None:
    some = tuple(rule for rule in RULES if rule.code == "anticoagulant")

    assert audience(RULES, Modality.PRP) is audience(RULES, Modality.PRP)
    assert [r.code for r, _ in audience(some, Modality.PRP).rules] == ["anticoagulant"]
    assert [r.code for r, _ in audience(list(some), Modality.PRP).rules] == ["anticoagulant"]
