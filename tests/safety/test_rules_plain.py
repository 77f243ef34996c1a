"""A screening as JSON and back; the chips beside a name."""

import datetime as dt
import json
from dataclasses import replace

import pytest

from clinic.catalog.values import Modality
from clinic.core.access import Role
from clinic.core.zones import Zone
from clinic.safety.catalogue_files import shipped_codes
from clinic.safety.rules.banner import MOST, planned_zones, usual_plan, warnings
from clinic.safety.rules.plain import fact_of, finding_of, plain, plan_of
from clinic.safety.values import FactState, Message
from tests.safety.rule_cases import (
    a_clear_history,
    a_fact,
    a_plan,
    day,
    instead,
    medicine,
    screened,
    with_fact,
    without,
)

pytestmark = pytest.mark.once
CHANGES = {
    "nothing known": without("review"),
    "blood thinner": with_fact(medicine("anticoagulant", "Enoxaparin 40 mg")),
    "platelets": instead(a_fact("lab", "platelets", value_milli=40_000, unit="10*9/L")),
    "bald zone": instead(
        a_fact("hair", "hair", zone=Zone.VERTEX, state=FactState.ABSENT, began_on=day(3000))
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_findings_survive_json(name):
    findings = screened(CHANGES[name]).findings
    assert findings

    assert tuple(finding_of(json.loads(json.dumps(plain(f)))) for f in findings) == findings


def test_a_plan_survives_json():
    plan = a_plan(ingredients=frozenset({"biotin"}), interval_days=28)

    assert plan_of(json.loads(json.dumps(plain(plan)))) == plan


def test_a_fact_survives_json():
    fact = a_fact("lab", "platelets", value_milli=1, unit="10*9/L", zone=Zone.VERTEX)

    assert fact_of(json.loads(json.dumps(plain(fact)))) == fact


def test_a_day_and_a_zone_stay_what_they_are_inside_a_sentence():
    message = Message(
        msgid="%(a)s %(b)s %(c)s %(d)s",
        values=(("a", dt.date(2026, 1, 2)), ("b", Zone.VERTEX), ("c", 3), ("d", "2026-01-02")),
    )
    finding = screened(CHANGES["blood thinner"]).findings[0]

    read = finding_of(json.loads(json.dumps(plain(finding) | {"message": plain(message)})))

    assert read.message == message
    assert isinstance(read.message.as_dict()["b"], Zone)


def test_fields_of_another_release_are_ignored():
    fact = a_fact("condition", "keloid")

    assert fact_of({**plain(fact), "colour": "red"}) == fact


def chips(change, role=Role.NURSE):
    history = change(a_clear_history())
    return [
        (chip.level, chip.text)
        for chip in warnings(screened(change), history, role, shipped_codes().name)
    ]


def test_a_chip_is_the_thing_itself():
    assert chips(CHANGES["blood thinner"]) == [("review", "Enoxaparin 40 mg")]


def test_a_barred_zone_is_a_caution():
    assert chips(CHANGES["bald zone"]) == [("warn", "No hair in the zone")]


def test_open_questions_are_one_chip():
    assert chips(CHANGES["nothing known"]) == [("ask", "Questions open")]


def test_more_than_fit_are_counted():
    many = with_fact(
        *(
            a_fact("allergy", code)
            for code in ("latex", "chlorhexidine", "citrate", "paraben", "sulfite", "biotin")
        )
    )

    assert len(chips(many)) == MOST + 1
    assert chips(many)[-1] == ("note", "+1")


def test_an_allergy_that_a_test_denied_is_no_chip():
    denied = with_fact(
        a_fact("allergy", "latex", noted_on=day(9), recorded_on=day(9)),
        a_fact("allergy", "latex", state=FactState.ABSENT),
    )

    assert chips(denied) == []


def test_no_known_allergy_is_a_stated_fact_and_no_warning():
    assert chips(with_fact(a_fact("allergy", "no_known_allergy"))) == []


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.ADMINISTRATOR])
def test_other_roles_read_at_most_one_word(name, role):
    found = chips(CHANGES[name], role)

    assert len(found) <= 1
    assert not {"Enoxaparin 40 mg", "No hair in the zone"} & {text for _, text in found}


def test_a_usual_plan_takes_the_zones_whose_hair_is_on_record():
    assert usual_plan(a_clear_history(), Modality.PRP).zones == {Zone.VERTEX}
    bare = without("hair")(a_clear_history())
    assert len(usual_plan(bare, Modality.PRP).zones) == 3


def test_a_bald_zone_alone_does_not_stand_for_the_whole_plan():
    bald = a_fact("hair", "hair", state=FactState.ABSENT, zone=Zone.VERTEX, began_on=day(4000))
    history = without("hair")(a_clear_history())

    planned = planned_zones(replace(history, facts=(*history.facts, bald)))

    assert planned == {Zone.VERTEX, Zone.FRONTAL_HAIRLINE, Zone.MIDSCALP}
