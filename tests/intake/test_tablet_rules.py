"""What a patient says alone never weakens what somebody of the clinic recorded."""

import datetime as dt
from dataclasses import replace

import pytest

from clinic.catalog.values import Modality
from clinic.core.access import Role
from clinic.core.errors import Invalid
from clinic.intake.rules import questions as question_rules
from clinic.intake.rules.sheet import sheet
from clinic.intake.rules.tablet import tablet_cards, tablet_facts
from clinic.intake.values import GroupReply, Section
from clinic.patients.values import Sex
from clinic.safety.catalogue_files import shipped_catalogue, shipped_codes
from clinic.safety.rules.answers import Answer, Reply
from clinic.safety.rules.banner import usual_plan, warnings
from clinic.safety.rules.screening import screen
from clinic.safety.values import (
    Decision,
    Fact,
    FactKind,
    FactSource,
    FactState,
    History,
    Person,
    Truth,
)

TODAY = dt.date(2026, 11, 23)
ON = TODAY + dt.timedelta(days=1)
NO, YES = Answer(reply=Reply.NO), Answer(reply=Reply.YES)
CATALOGUE, CODES = shipped_catalogue(), shipped_codes()


def a_fact(kind, code, **more):
    fields = {
        "id": 1,
        "noted_on": TODAY - dt.timedelta(days=3),
        "recorded_on": TODAY - dt.timedelta(days=3),
        "source": FactSource.STAFF,
        "recorded_by": "Jonas",
        **more,
    }
    return Fact(kind=kind, code=code, **fields)


def knowing(*facts):
    person = Person(birth_date=dt.date(1985, 4, 12), sex=Sex.FEMALE)
    return History(person=person, facts=tuple(facts))


def after(history, *replies):
    """Return the history with what the patient says today."""
    said = tablet_facts(replies, history, CATALOGUE, CODES, on=TODAY)
    numbered = [fact._replace(id=100 + n) for n, fact in enumerate(said)]
    return replace(history, facts=(*history.facts, *numbered))


def checked(history):
    return screen(history, usual_plan(history, Modality.PRP), ON, CATALOGUE.rules)


def standing(history):
    """Return {rule: decision} of what is found."""
    found = checked(history).findings
    return {one.rule_code: one.decision for one in found if one.truth is Truth.PRESENT}


def denying(group):
    """Return No to every question of a group."""
    questions = next(one for one in CATALOGUE.groups if one.code == group).questions
    return GroupReply(group=group, answers={question.code: NO for question in questions})


def cards_of(history):
    every = question_rules.cards(checked(history), history, CATALOGUE, CODES, today=TODAY)
    return {one.card.group.code: one for one in tablet_cards(every, history, CODES)}


@pytest.mark.parametrize("source", [FactSource.STAFF, FactSource.PHYSICIAN, FactSource.LETTER])
@pytest.mark.parametrize(
    ("kind", "code", "group"),
    [
        (FactKind.PREGNANCY, "pregnant", "pregnancy"),
        (FactKind.CONDITION, "bleeding_disorder", "bleeding"),
        (FactKind.MEDICATION, "warfarin", "blood_thinners"),
        (FactKind.MEDICATION, "nsaid", "painkillers"),
        (FactKind.CONDITION, "keloid", "scars_and_fainting"),
        (FactKind.CONDITION, "bbv", "blood_infection"),
    ],
)
def test_a_no_ends_nothing_that_the_clinic_recorded(kind, code, group, source):
    before = knowing(a_fact(kind, code, source=source))

    now = after(before, denying(group))

    assert standing(before)
    assert standing(now).items() >= standing(before).items()


def test_a_no_ends_what_the_patient_said_alone():
    own = a_fact(FactKind.CONDITION, "vasovagal_hx", source=FactSource.PATIENT, recorded_by="")

    assert "vasovagal_hx" in standing(knowing(own))
    assert "vasovagal_hx" not in standing(after(knowing(own), denying("scars_and_fainting")))


def test_what_only_a_physician_may_deny_stays_even_when_the_patient_said_it():
    own = a_fact(FactKind.CONDITION, "keloid", source=FactSource.PATIENT, recorded_by="")

    assert "keloid" in standing(after(knowing(own), denying("scars_and_fainting")))


def test_the_facts_page_still_shows_what_goes_on_after_a_no():
    before = knowing(
        a_fact(FactKind.PREGNANCY, "pregnant", source=FactSource.PHYSICIAN),
        a_fact(FactKind.CONDITION, "keloid", id=2),
    )

    lines = sheet(
        after(before, denying("pregnancy"), denying("scars_and_fainting")),
        CODES,
        CATALOGUE,
        today=TODAY,
    ).lines

    assert [line.fact.code for line in lines[Section.PREGNANCY]] == ["pregnant"]
    assert [line.fact.code for line in lines[Section.CONDITION]] == ["keloid"]


def test_an_allergy_stays_beside_the_name_after_a_no_of_the_patient():
    allergy = a_fact(FactKind.ALLERGY, "latex", label="Latex", source=FactSource.PHYSICIAN)
    no = a_fact(
        FactKind.ALLERGY, "latex", id=2, source=FactSource.PATIENT, state=FactState.ABSENT,
        noted_on=TODAY,
    )  # fmt: skip
    history = knowing(allergy, no)

    chips = warnings(checked(history), history, Role.NURSE, CODES.name)

    assert "Latex" in {chip.text for chip in chips}


def test_a_name_makes_a_yes_more_precise_and_never_unsays_it():
    named = question_rules.named
    thinner = next(g for g in CATALOGUE.groups if g.code == "blood_thinners").questions[0]

    def said(label):
        answer = replace(YES, label=label, named=named(thinner, label, CODES))
        reply = GroupReply(group="blood_thinners", answers={thinner.code: answer})
        facts = tablet_facts([reply], knowing(), CATALOGUE, CODES, on=TODAY)
        return {fact.code for fact in facts if fact.state is FactState.PRESENT}

    assert said("Warfarin 5 mg") == {"warfarin"}
    assert said("Ibuprofen") == {"nsaid", "anticoagulant"}
    assert said("a small white pill") == {"anticoagulant"}


def test_what_a_physician_left_in_doubt_is_not_asked_there():
    doubt = a_fact(
        FactKind.CONDITION, "keloid", state=FactState.UNSURE, source=FactSource.PHYSICIAN
    )
    card = cards_of(knowing(doubt))["scars_and_fainting"]

    codes = {asked.question.code for asked in card.card.questions}
    assert "thick_scars" not in codes
    assert "fainted" in codes


def test_a_dont_know_that_a_nurse_wrote_down_may_be_answered():
    doubt = a_fact(FactKind.CONDITION, "keloid", state=FactState.UNSURE)
    card = cards_of(knowing(doubt))["scars_and_fainting"]

    assert "thick_scars" in {asked.question.code for asked in card.card.questions}


def test_nothing_of_the_clinic_is_on_a_card():
    history = knowing(
        a_fact(FactKind.MEDICATION, "warfarin", label="Marcumar"),
        a_fact(FactKind.REVIEW, "blood_thinners", id=2, noted_on=TODAY),
    )
    card = cards_of(history)["blood_thinners"]

    assert card.card.open_records == ()
    assert card.said == {}
    assert card.said_on is None
    assert all(asked.last is None for asked in card.card.questions)
    assert not card.card.may_confirm


def test_medicines_on_record_are_confirmed_with_a_nurse():
    history = knowing(a_fact(FactKind.MEDICATION, "other_medicine", label="Ramipril"))

    assert "medicines" not in cards_of(history)


def test_what_a_nurse_wrote_for_the_patient_is_no_own_word():
    history = knowing(
        a_fact(FactKind.REVIEW, "scars_and_fainting", source=FactSource.PATIENT),
    )
    with pytest.raises(Invalid):
        unchanged = GroupReply(group="scars_and_fainting", is_unchanged=True, answers={})
        tablet_facts([unchanged], history, CATALOGUE, CODES, on=TODAY)


def test_a_yes_of_the_patient_counts():
    yes = replace(YES, ended_on=TODAY, label="Ibuprofen")
    reply = GroupReply(group="painkillers", answers={"painkiller": yes, "own_aspirin": NO})

    assert standing(after(knowing(), reply))["nsaid_recent"] is Decision.DEFER
