"""Asking only the rules that may speak gives what asking all of them would."""

import pytest
from hypothesis import given

from clinic.catalog.values import Modality
from clinic.safety.rules import screening
from clinic.safety.rules.known import Known
from clinic.safety.rules.silence import Audience, audience
from clinic.safety.rules.verdicts import Question
from tests.safety.rule_cases import ON, a_clear_history, a_fact, with_fact
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
