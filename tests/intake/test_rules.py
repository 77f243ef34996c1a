"""Reading results, the sheet of facts, the form before a visit; no database."""

import datetime as dt
from dataclasses import replace

import pytest

from clinic.core.access import Role
from clinic.core.errors import Invalid
from clinic.core.zones import Zone
from clinic.intake.rules import questions as rules
from clinic.intake.rules.sheet import is_open, sheet, valid_days
from clinic.intake.values import GroupReply, OpenReply, Section
from clinic.safety.catalogue_files import shipped_catalogue, shipped_codes
from clinic.safety.rules.answers import Answer, Reply
from clinic.safety.rules.known import Known
from clinic.safety.rules.screening import screen
from clinic.safety.values import FactSource, FactState
from tests.safety.rule_cases import (
    ON,
    a_clear_history,
    a_fact,
    a_plan,
    day,
    instead,
    medicine,
    of_rule,
    with_fact,
    without,
)

pytestmark = pytest.mark.once
CODES, CATALOGUE = shipped_codes(), shipped_catalogue()
YES, NO, UNSURE = Reply.YES, Reply.NO, Reply.UNSURE


# ---- the sheet ----


def of(section, *facts, today=ON):
    history = replace(a_clear_history(), facts=tuple(facts))
    return [line.title for line in sheet(history, CODES, CATALOGUE, today=today).lines[section]]


def numbered(*facts):
    return [fact._replace(id=n) for n, fact in enumerate(facts, 1)]


def test_what_was_denied_by_somebody_as_sure_is_gone():
    facts = numbered(
        medicine("anticoagulant", "Enoxaparin", source=FactSource.STAFF),
        a_fact("medication", "anticoagulant", state=FactState.ABSENT, source=FactSource.STAFF),
    )

    assert of(Section.MEDICINE, *facts) == []


def test_what_a_physician_wrote_outlives_the_denial_of_a_nurse():
    facts = numbered(
        medicine("anticoagulant", "Enoxaparin", source=FactSource.PHYSICIAN),
        a_fact("medication", "anticoagulant", state=FactState.ABSENT, source=FactSource.STAFF),
    )

    assert of(Section.MEDICINE, *facts) == ["Enoxaparin"]
    assert is_open(facts[0], Known(replace(a_clear_history(), facts=tuple(facts))), CODES)


def test_a_denied_class_ends_what_is_narrower():
    facts = numbered(
        medicine("warfarin", "Warfarin 5 mg"),
        a_fact("medication", "anticoagulant", state=FactState.ABSENT),
    )

    assert of(Section.MEDICINE, *facts) == []


def test_only_the_newest_result_of_a_kind_stands():
    facts = numbered(
        a_fact("lab", "platelets", value_milli=90_000, unit="10*9/L", noted_on=day(9)),
        a_fact("lab", "platelets", value_milli=98_000, unit="10*9/L", noted_on=day(2)),
        a_fact("vital", "weight", value_milli=72_000, unit="kg", noted_on=day(2)),
    )
    history = replace(a_clear_history(), facts=tuple(facts))

    lines = sheet(history, CODES, CATALOGUE, today=ON).lines[Section.RESULT]

    assert {(line.title, line.value) for line in lines} == {
        ("Platelets", "98 ×10⁹/L"),
        ("Weight", "72 kg"),
    }


@pytest.mark.parametrize(("age", "is_old"), [(90, False), (91, True)])
def test_a_result_counts_until_its_last_valid_day(age, is_old):
    fact = a_fact("lab", "platelets", value_milli=98_000, unit="10*9/L", noted_on=day(age))
    history = replace(a_clear_history(), facts=(fact,))

    line = sheet(history, CODES, CATALOGUE, today=ON).lines[Section.RESULT][0]

    assert (line.age_days, line.valid_days, line.is_old) == (age, 90, is_old)


def test_the_strictest_rule_says_how_long_a_result_counts():
    assert valid_days(CATALOGUE)["platelets"] == 90
    assert valid_days(CATALOGUE)["inr"] == 3


def test_each_zone_has_its_own_newest_statement():
    facts = numbered(
        a_fact("hair", "hair", zone=Zone.VERTEX, noted_on=day(9)),
        a_fact("hair", "hair", zone=Zone.VERTEX, state=FactState.ABSENT),
        a_fact("hair", "hair", zone=Zone.MIDSCALP),
    )
    history = replace(a_clear_history(), facts=tuple(facts))

    lines = sheet(history, CODES, CATALOGUE, today=ON).lines[Section.HAIR]

    assert {(x.fact.zone, x.fact.state) for x in lines} == {
        (Zone.VERTEX, FactState.ABSENT),
        (Zone.MIDSCALP, FactState.PRESENT),
    }


def test_no_known_allergy_is_a_fact():
    assert of(Section.ALLERGY, a_fact("allergy", "no_known_allergy")) == ["No known allergy"]


def test_a_closed_pregnancy_is_no_longer_shown():
    facts = numbered(
        a_fact("pregnancy", "pregnant", noted_on=day(300)),
        a_fact("pregnancy", "pregnant", state=FactState.ABSENT),
    )

    assert of(Section.PREGNANCY, *facts) == []


# ---- the form before a visit ----


def cards(history, *, today=ON, on=ON, modality="prp"):
    screening = screen(history, a_plan(modality), on, CATALOGUE.rules)
    found = rules.cards(screening, history, CATALOGUE, CODES, today=today)
    return {card.group.code: card for card in found}


def test_nothing_known_asks_every_group_of_the_treatment():
    history = replace(a_clear_history(), facts=())

    assert set(cards(history)) >= {"pregnancy", "bleeding", "blood_thinners", "illness_now"}


def test_a_man_is_not_asked_about_pregnancy():
    history = replace(a_clear_history(), facts=())
    man = replace(history, person=replace(history.person, sex="male"))

    assert "pregnancy" not in cards(man)


def test_answered_groups_are_shown_with_how_long_they_count():
    card = cards(a_clear_history())["illness_now"]

    assert card.is_valid
    assert card.counts_until == ON + dt.timedelta(days=1)


def test_a_group_whose_answers_would_be_too_old_by_then_is_too_early():
    found = cards(replace(a_clear_history(), facts=()), today=day(7))

    assert found["illness_now"].is_too_early
    assert not found["bleeding"].is_too_early


def test_last_time_is_shown_beside_each_question():
    history = with_fact(medicine("anticoagulant", "Enoxaparin 40 mg"))(a_clear_history())
    by_code = {
        asked.question.code: asked.last for asked in cards(history)["blood_thinners"].questions
    }

    assert by_code["blood_thinner"].label == "Enoxaparin 40 mg"
    assert by_code["heart_aspirin"].reply is NO


def test_a_medicine_that_no_group_asks_for_is_confirmed_with_the_others():
    history = with_fact(
        medicine("other_medicine", "Levothyroxine 50 µg"), medicine("warfarin", "Warfarin")
    )(a_clear_history())
    found = cards(history)

    assert [x.title for x in found["medicines"].open_records] == ["Levothyroxine 50 µg"]
    assert [x.title for x in found["blood_thinners"].open_records] == ["Warfarin"]


def test_results_and_papers_are_needed_besides():
    history = without("lab")(without("consent")(a_clear_history()))
    screening = screen(history, a_plan(), ON, CATALOGUE.rules)

    assert {m.code for m in rules.also_needed(screening)} == {"platelets", "consent"}


ASKER = rules.Asker(name="Nora", role=Role.NURSE, on=ON)


def answered(history, groups=(), records=(), asker=ASKER):
    facts = rules.facts_from(groups, records, history, CATALOGUE, CODES, asker=asker)
    last = max((fact.id or 0 for fact in history.facts), default=0)
    return replace(
        history,
        facts=(*history.facts, *(f._replace(id=last + n) for n, f in enumerate(facts, 1))),
    )


def reply(group, **answers):
    return GroupReply(group=group, answers=answers)


def test_answers_settle_what_was_asked():
    history = without("review", "bleeding")(a_clear_history())
    assert of_rule(screen(history, a_plan(), ON, CATALOGUE.rules), "bleeding_disorder")

    said = reply(
        "bleeding",
        bleeding_diagnosis=Answer(reply=NO),
        bleeding_easily=Answer(reply=NO),
    )
    after = answered(history, [said])

    assert not of_rule(screen(after, a_plan(), ON, CATALOGUE.rules), "bleeding_disorder")


def test_no_change_renews_a_group():
    old = instead(a_fact("review", "bleeding", noted_on=day(400), recorded_on=day(400)))(
        a_clear_history()
    )
    assert not cards(old)["bleeding"].is_valid

    after = answered(old, [GroupReply(group="bleeding", is_unchanged=True, answers={})])

    card = cards(after)["bleeding"]
    assert card.is_valid
    assert card.answered_on == ON


def test_no_change_needs_something_to_confirm():
    history = without("review", "bleeding")(a_clear_history())

    with pytest.raises(Invalid) as refused:
        answered(history, [GroupReply(group="bleeding", is_unchanged=True, answers={})])
    assert refused.value.field == "same_bleeding"


def test_a_yes_that_says_again_what_stands_is_written_once():
    history = with_fact(medicine("anticoagulant", "Enoxaparin 40 mg", id=1))(a_clear_history())
    said = reply(
        "blood_thinners",
        blood_thinner=Answer(reply=YES, label="enoxaparin 40 mg"),
        **dict.fromkeys(
            ("heart_aspirin", "immune_medicine", "pressure_tablets", "hair_medicine"),
            Answer(reply=NO),
        ),
    )

    after = answered(history, [said])

    assert len([f for f in after.facts if f.label.casefold() == "enoxaparin 40 mg"]) == 1
    assert cards(after)["blood_thinners"].answered_on == ON


def test_a_record_that_ended_is_dated_and_counts_from_that_day():
    history = with_fact(medicine("nsaid", "Naproxen", id=7, source=FactSource.IMPORTED))(
        a_clear_history()
    )
    assert of_rule(screen(history, a_plan(), ON, CATALOGUE.rules), "nsaid_recent")

    after = answered(history, records=[OpenReply(fact_id=7, ended_on=day(10))])

    assert not of_rule(screen(after, a_plan(), ON, CATALOGUE.rules), "nsaid_recent")
    assert [f.ended_on for f in after.facts if f.label == "Naproxen"] == [None, day(10)]


def test_ending_one_record_leaves_another_of_the_same_class_going_on():
    history = with_fact(
        medicine("nsaid", "Naproxen", id=7, source=FactSource.STAFF),
        medicine("nsaid", "Meloxicam", id=8, source=FactSource.STAFF),
    )(a_clear_history())

    after = answered(history, records=[OpenReply(fact_id=7, ended_on=day(10))])

    lines = sheet(after, CODES, CATALOGUE, today=ON).lines[Section.MEDICINE]
    assert [(x.title, x.fact.ended_on) for x in lines] == [
        ("Meloxicam", None),
        ("Naproxen", day(10)),
    ]
    assert of_rule(screen(after, a_plan(), ON, CATALOGUE.rules), "nsaid_recent")


def test_still_so_is_a_statement_of_today():
    history = with_fact(
        medicine(
            "other_medicine",
            "Levothyroxine",
            id=7,
            noted_on=day(900),
            recorded_on=day(900),
            source=FactSource.IMPORTED,
        )
    )(a_clear_history())

    after = answered(history, records=[OpenReply(fact_id=7, ended_on=None)])

    newest = max((f for f in after.facts if f.label == "Levothyroxine"), key=lambda f: f.id)
    assert (newest.noted_on, newest.ended_on, newest.source) == (ON, None, FactSource.STAFF)


def test_the_end_of_an_illness_is_named_and_its_days_count_from_there():
    history = with_fact(a_fact("condition", "sepsis", id=7, noted_on=day(60)))(a_clear_history())
    physician = replace(ASKER, role=Role.PHYSICIAN)

    def found(ended_on):
        after = answered(
            history, records=[OpenReply(fact_id=7, ended_on=ended_on)], asker=physician
        )
        return of_rule(screen(after, a_plan(), ON, CATALOGUE.rules), "sepsis")

    assert [finding.clears_on for finding in found(day(29))] == [day(-1)]
    assert found(day(30)) == []


def test_a_nurse_does_not_end_what_a_physician_recorded():
    history = with_fact(medicine("nsaid", "Naproxen", id=7, source=FactSource.PHYSICIAN))(
        a_clear_history()
    )
    ends = [OpenReply(fact_id=7, ended_on=day(10))]

    with pytest.raises(Invalid) as refused:
        answered(history, records=ends)
    assert refused.value.field == "open_7"
    assert answered(history, records=ends, asker=replace(ASKER, role=Role.PHYSICIAN))


def test_a_record_that_is_gone_is_refused():
    with pytest.raises(Invalid):
        answered(a_clear_history(), records=[OpenReply(fact_id=99, ended_on=day(1))])


@pytest.mark.parametrize(
    ("code", "label", "expected"),
    [
        ("blood_thinner", "Eliquis 5 mg", "anticoagulant"),
        ("blood_thinner", "Marcumar", "warfarin"),
        ("painkiller", "Ibuprofen 400", "nsaid"),
        ("infection_of_blood", "Hepatitis B", "hepatitis_b"),
        ("painkiller", "no idea", None),
        ("painkiller", "", None),
    ],
)
def test_a_name_is_recognised(code, label, expected):
    question = next(q for q in CATALOGUE.questions if q.code == code)

    found = rules.named(question, label, CODES)

    assert (found.code if found else None) == expected
