"""Answers become facts that the engine reads: a No ends, a Yes dates, a Don't know stays open."""

import datetime as dt
import itertools

import pytest

from clinic.safety.catalogue_files import shipped_catalogue
from clinic.safety.rules.answers import Answer, Reply, confirmation, facts_of, group_state
from clinic.safety.rules.language import FactKey, QuestionGroup
from clinic.safety.values import Fact, FactKind, FactSource, FactState, History
from tests.safety.rule_cases import (
    ON,
    a_clear_history,
    a_fact,
    day,
    medicine,
    of_rule,
    screened,
    with_fact,
    without,
)

pytestmark = pytest.mark.once
YES, NO, UNSURE = Reply.YES, Reply.NO, Reply.UNSURE


def group(code: str) -> QuestionGroup:
    return next(each for each in shipped_catalogue().groups if each.code == code)


def answered(code: str, *answers: Answer, on: dt.date = ON) -> tuple[Fact, ...]:
    """What the first questions of a group are answered with; the others with No."""
    replies = itertools.chain(answers, itertools.repeat(Answer(reply=NO)))
    return facts_of(
        group(code),
        {q.code: answer for q, answer in zip(group(code).questions, replies, strict=False)},
        on=on,
        source=FactSource.STAFF,
        recorded_by="Carol Diaz",
    )


def asked_of(*facts: Fact, rule: str, group: str) -> list[str]:
    def change(history: History) -> History:
        return with_fact(*facts)(without("review", group)(history))

    return [finding.decision.value for finding in of_rule(screened(change), rule)]


def test_a_no_to_every_question_confirms_the_group() -> None:
    facts = answered("painkillers", Answer(reply=NO), Answer(reply=NO))

    assert [fact.state for fact in facts[:-1]] == [FactState.ABSENT] * 3
    assert (facts[-1].kind, facts[-1].code) == (FactKind.REVIEW, "painkillers")
    assert asked_of(*facts, rule="nsaid_recent", group="painkillers") == []


def test_a_no_ends_an_old_open_record() -> None:
    old = medicine("nsaid", "Naproxen", noted_on=day(90), recorded_on=day(90))
    facts = answered("painkillers", Answer(reply=NO), Answer(reply=NO))

    assert asked_of(old, rule="nsaid_recent", group="painkillers") == ["defer"]
    assert asked_of(old, *facts, rule="nsaid_recent", group="painkillers") == []


def test_a_patients_no_does_not_end_what_a_physician_recorded() -> None:
    recorded = a_fact("condition", "hiv", noted_on=day(90), recorded_on=day(90))
    said = answered("blood_infection", Answer(reply=NO))
    said = tuple(fact._replace(source=FactSource.PATIENT) for fact in said)

    assert asked_of(recorded, *said, rule="bbv", group="blood_infection") == ["review"]


def test_a_yes_records_what_was_named_with_its_last_day() -> None:
    named = Answer(
        reply=YES,
        named=FactKey(kind=FactKind.MEDICATION, code="nsaid"),
        label="Ibuprofen 400 mg",
        ended_on=day(1),
    )

    facts = answered("painkillers", named, Answer(reply=NO))

    assert (facts[0].label, facts[0].ended_on) == ("Ibuprofen 400 mg", day(1))
    assert asked_of(*facts, rule="nsaid_recent", group="painkillers") == ["defer"]
    assert asked_of(*facts, rule="aspirin_otc", group="painkillers") == []


def test_a_dont_know_leaves_the_group_open() -> None:
    facts = answered("painkillers", Answer(reply=UNSURE), Answer(reply=NO))

    assert FactKind.REVIEW not in {fact.kind for fact in facts}
    assert asked_of(*facts, rule="nsaid_recent", group="painkillers") == ["ask"]
    assert asked_of(*facts, rule="aspirin_otc", group="painkillers") == []


def test_a_dont_know_outweighs_an_earlier_confirmation() -> None:
    earlier = a_fact("review", "keloid", noted_on=day(20), recorded_on=day(20))
    facts = answered("scars_and_fainting", Answer(reply=UNSURE), Answer(reply=NO))

    assert asked_of(earlier, *facts, rule="keloid", group="scars_and_fainting") == ["ask"]


def test_no_change_is_offered_only_where_nothing_is_uncertain() -> None:
    history = a_clear_history(day(40))
    unsure = with_fact(
        a_fact("condition", "keloid", state=FactState.UNSURE, noted_on=day(3), recorded_on=day(3))
    )(history)
    never = without("review", "keloid")(without("review", "scars_and_fainting")(history))

    scars = group("scars_and_fainting")

    assert group_state(scars, history, ON).may_confirm
    assert group_state(scars, history, ON).is_valid
    assert group_state(scars, history, ON).answered_on == day(40)
    assert not group_state(scars, unsure, ON).may_confirm
    assert not group_state(scars, never, ON).may_confirm
    assert not group_state(group("pregnancy"), history, ON).is_valid


def test_one_tap_renews_a_whole_group() -> None:
    tap = confirmation(group("illness_now"), on=ON, source=FactSource.PATIENT, recorded_by="tablet")

    assert asked_of(tap, rule="fever_illness", group="illness_now") == []


def test_the_medicines_question_denies_nothing_by_itself() -> None:
    facts = answered("medicines", Answer(reply=NO))

    assert [(fact.kind, fact.code) for fact in facts] == [(FactKind.REVIEW, "medicines")]
