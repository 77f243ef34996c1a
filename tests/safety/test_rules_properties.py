"""What must hold for every history, found by trying many of them."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.catalog.values import INGREDIENTS, ChosenLot, Unusable
from clinic.core.zones import Zone
from clinic.safety.catalogue_files import shipped_catalogue, shipped_codes
from clinic.safety.rules.screening import screen
from clinic.safety.values import (
    Decision,
    Fact,
    FactKind,
    FactSource,
    FactState,
    Finding,
    History,
    Person,
    PlannedTreatment,
    Screening,
    Truth,
)
from tests.safety.rule_cases import ON, a_clear_history, a_fact, a_plan, day

CATALOGUE = shipped_catalogue()
RULES = CATALOGUE.rules
LOOKED_FOR = [
    concept
    for concept in CATALOGUE.concepts
    if concept.code in repr(RULES) or concept.kind is FactKind.SIDE_EFFECT
]
"""Concepts that some rule names, so that the histories are not full of what nobody looks for."""
GROUPS = [group.code for group in CATALOGUE.groups]
EVIDENCE = {
    *(FactKind.REVIEW, FactKind.CONSENT, FactKind.LAB, FactKind.VITAL, FactKind.HAIR),
    FactKind.STAGE,
}
"""Kinds whose newest statement may take a finding back; so may an "absent" of any kind."""
CLEARS = {
    *("menopause", "contraception", "pacemaker", "haematology_note", "oncologist_letter"),
    *("immunology_letter", "liver_letter", "cardiology_note"),
}
"""Conditions that are there to clear something."""
NEVER_ASKED_OF_EVERYBODY = {"minor", "minor_5ari", "cbp_5ari", "hb_low", "haemodynamic"}
"""Rules that ask by the person, or only with a reason on record."""
ALL = frozenset(INGREDIENTS)

pytestmark = pytest.mark.once
days = st.integers(-40, 500).map(day)
zones = st.sampled_from([None, Zone.VERTEX, Zone.MIDSCALP, Zone.OCCIPITAL])
sources = st.sampled_from(list(FactSource))
states = st.sampled_from([FactState.PRESENT] * 3 + [FactState.ABSENT, FactState.UNSURE])


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    concept = draw(st.sampled_from(LOOKED_FOR))
    kind, code = concept.kind, concept.code
    change = draw(st.integers(0, 9))
    if change == 0:
        kind, code = FactKind.REVIEW, draw(st.sampled_from(GROUPS))
    elif change == 1:
        kind, code = FactKind.CONSENT, draw(st.sampled_from(["prp", "mesotherapy"]))
    noted = draw(st.integers(0, 500).map(day))
    value = None
    if kind in {FactKind.LAB, FactKind.VITAL}:
        value = draw(st.integers(0, 400_000))
    elif kind is FactKind.SIDE_EFFECT:
        value = draw(st.sampled_from([None, 1000, 2000, 3000]))
    return Fact(
        id=draw(st.one_of(st.none(), st.integers(1, 99))),
        kind=kind,
        code=code,
        state=draw(states),
        label=draw(st.sampled_from(["", "2026-1", "Tablets"])),
        zone=draw(zones) if kind in {FactKind.HAIR, FactKind.CONDITION} else None,
        began_on=draw(st.one_of(st.none(), days)),
        ended_on=draw(st.one_of(st.none(), days)),
        noted_on=noted,
        value_milli=value,
        unit=concept.unit or None if value is not None else None,
        source=draw(sources),
        recorded_on=max(noted, draw(st.integers(0, 500).map(day))),
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    drawn = draw(st.lists(facts(), max_size=12))
    kept = a_clear_history().facts if draw(st.booleans()) else ()
    return History(
        person=Person(
            birth_date=draw(
                st.one_of(st.none(), st.dates(dt.date(1930, 1, 1), dt.date(2024, 1, 1)))
            ),
            sex=draw(st.sampled_from(["female", "male", "other", "unknown", None])),
        ),
        facts=(*kept, *drawn),
    )


plans = st.builds(
    a_plan,
    st.sampled_from(["prp", "mesotherapy"]),
    zones=st.sampled_from(
        [frozenset(), frozenset({Zone.VERTEX}), frozenset({Zone.VERTEX, Zone.MIDSCALP})]
    ),
    ingredients=st.one_of(
        st.just(frozenset[str]()), st.frozensets(st.sampled_from(sorted(ALL)), max_size=4)
    ),
    lots=st.sampled_from([(), (ChosenLot(ingredient="biotin", unusable=Unusable.EXPIRED),)]),
    consent_version=st.sampled_from(["2026-1", None]),
    interval_days=st.sampled_from([None, 7, 28]),
)
many = settings(max_examples=60, deadline=None)


def check(history: History, plan: PlannedTreatment, on: dt.date = ON) -> Screening:
    return screen(history, plan, on, RULES)


@given(history=histories(), plan=plans, order=st.randoms(use_true_random=False))
@many
def test_the_order_of_facts_and_rules_means_nothing(history, plan, order) -> None:
    shuffled_facts, shuffled_rules = list(history.facts), list(RULES)
    order.shuffle(shuffled_facts)
    order.shuffle(shuffled_rules)

    other = screen(replace(history, facts=tuple(shuffled_facts)), plan, ON, shuffled_rules)

    assert other == check(history, plan)


@given(history=histories(), plan=plans)
@many
def test_the_same_input_gives_the_same_screening_and_every_finding_can_be_said(
    history, plan
) -> None:
    screening = check(history, plan)

    assert screening == check(history, plan)
    ranks = [finding.decision.rank for finding in screening.findings]
    assert ranks == sorted(ranks, reverse=True)
    for finding in screening.findings:
        for message in (finding.message, *finding.arithmetic):
            assert "%" not in str(message).replace("% ", "")
        assert finding.truth is Truth.PRESENT or finding.missing
        assert finding.clears_on is None or finding.clears_on > screening.on


def weight(screening: Screening) -> int:
    """The decision, where an unknown that refuses nothing weighs less than a warning."""
    strong = [f.decision.rank for f in screening.findings if not f.never_refuses]
    whole = screening.decision.rank
    asks_only = screening.decision is Decision.ASK and Decision.ASK.rank not in strong
    return max(strong, default=0) if asks_only else whole


@given(history=histories(), plan=plans, fact=facts())
@settings(max_examples=200, deadline=None)
def test_one_fact_more_never_weakens_a_decision_unless_it_is_evidence(history, plan, fact) -> None:
    more = fact._replace(state=FactState.PRESENT) if fact.state is FactState.ABSENT else fact
    is_end_of_pregnancy = more.code == "pregnant" and more.ended_on is not None
    if more.kind in EVIDENCE or more.code in CLEARS or is_end_of_pregnancy:
        return

    before = check(history, plan)
    after = check(replace(history, facts=(*history.facts, more)), plan)

    assert weight(after) >= weight(before)


def said_of(screening: Screening) -> set[tuple[str, str, Zone | None]]:
    return {(f.rule_code, f.case, f.zone) for f in screening.findings if f.truth is Truth.PRESENT}


def is_of_the_same_facts(finding: Finding, other: Finding) -> bool:
    return (
        other.truth is Truth.PRESENT
        and (other.rule_code, other.case, other.zone)
        == (finding.rule_code, finding.case, finding.zone)
        and set(other.used) <= set(finding.used)
    )


@given(history=histories(), plan=plans, later=st.integers(0, 400))
@many
def test_what_only_time_holds_stays_clear_once_it_is(history, plan, later) -> None:
    for finding in check(history, plan).findings:
        if finding.clears_on is None:
            continue
        on = finding.clears_on + dt.timedelta(days=later)

        afterwards = check(history, plan, on)

        assert not any(is_of_the_same_facts(finding, f) for f in afterwards.findings)


@given(history=histories(), plan=plans)
@settings(max_examples=25, deadline=None)
def test_the_clear_date_is_the_first_one_found_by_trying_every_day(history, plan) -> None:
    screening = check(history, plan)

    def is_stopped(found: Screening) -> bool:
        return found.decision >= Decision.DEFER

    def is_timed(found: Screening) -> bool:
        return any(finding.clears_on for finding in found.findings)

    clear_on, bookable_from = None, None
    for ahead in range(120):
        found = check(history, plan, ON + dt.timedelta(days=ahead))
        if any(
            f.is_open_ended and f.decision >= Decision.DEFER and f.scope.value != "zone"
            for f in found.findings
        ):
            break
        if bookable_from is None and not is_stopped(found):
            bookable_from = found.on
        if not is_stopped(found) and not is_timed(found):
            clear_on = found.on
            break

    if clear_on is not None:
        assert screening.earliest_clear_on == clear_on
    if bookable_from is not None:
        assert screening.bookable_from == bookable_from
    if screening.earliest_clear_on is not None:
        there = check(history, plan, screening.earliest_clear_on)
        assert not is_timed(there)
        assert not is_stopped(there)


@pytest.mark.parametrize("modality", ["prp", "mesotherapy"])
@pytest.mark.parametrize("group", CATALOGUE.groups, ids=lambda group: group.code)
def test_an_answer_that_goes_out_of_date_becomes_a_question_the_day_after(group, modality) -> None:
    history = a_clear_history()
    history = replace(
        history, facts=(*history.facts, a_fact("treatment", modality, noted_on=day(300)),)
    )  # fmt: skip
    plan = a_plan(modality)
    last = ON + dt.timedelta(days=group.validity_days)

    def asked(on: dt.date) -> set[str]:
        findings = check(history, plan, on).findings
        return {m.code for f in findings if f.decision is Decision.ASK for m in f.missing}

    assert group.code not in asked(last)
    if group.code != "medicines":
        assert group.code in asked(last + dt.timedelta(days=1))


@pytest.mark.parametrize("modality", ["prp", "mesotherapy"])
def test_years_later_every_rule_that_asks_is_asking(modality) -> None:
    history = a_clear_history()
    history = replace(
        history,
        facts=(*history.facts, a_fact("treatment", modality), a_fact("medication", "warfarin")),
    )
    years_later = ON + dt.timedelta(days=2000)

    screening = check(history, a_plan(modality, ingredients=ALL), years_later)

    speaking = {finding.rule_code for finding in screening.findings}
    expected = {
        rule.code
        for rule in RULES
        if rule.unknown is not None
        and any(applies.modality == modality for applies in rule.applies_to)
    }
    assert expected - speaking == NEVER_ASKED_OF_EVERYBODY & expected - speaking
    assert NEVER_ASKED_OF_EVERYBODY & speaking <= {"cbp_5ari"}


@given(history=histories(), plan=plans, later=st.integers(1, 1500))
@many
def test_evidence_never_expires_into_silence(history, plan, later) -> None:
    """What is asked about today is still asked about, or known to be there, on any later day."""
    today, afterwards = check(history, plan), check(history, plan, ON + dt.timedelta(days=later))

    asked = {
        (f.rule_code, f.zone)
        for f in today.findings
        if f.decision is Decision.ASK and f.rule_code not in {"minor", "minor_5ari"}
    }

    if all((fact.began_on or ON) <= ON for fact in history.facts):
        assert asked <= {(f.rule_code, f.zone) for f in afterwards.findings}


@given(history=histories(), plan=plans, later=st.integers(1, 1500))
@many
def test_a_result_that_was_found_wanting_never_expires_into_silence(history, plan, later) -> None:
    """An abnormal value that has gone out of date is asked for again; time alone clears nothing."""
    on = ON + dt.timedelta(days=later)
    speaking = {f.rule_code for f in check(history, plan, on).findings}

    for finding in check(history, plan).findings:
        is_result = bool(finding.used) and all(
            fact.kind in {FactKind.LAB, FactKind.VITAL} for fact in finding.used
        )
        if not is_result or finding.clears_on is not None or finding.rule_code in PREGNANCY:
            continue
        code = finding.rule_code
        assert speaking & ({"plt_low", "plt_critical"} if code.startswith("plt_") else {code})


PREGNANCY = {"pregnant", "preg_meso", "preg_5ari"}
"""A positive test is believed for as long as a pregnancy lasts; then the question stands."""


@given(count=st.integers(5, 2000), plan=plans)
@many
def test_the_unit_of_a_result_means_nothing(count, plan) -> None:
    codes = shipped_codes()
    same = [(count, "10*9/L"), (count, "G/L"), (count, "10*3/uL"), (count * 1000, "/uL")]
    history = a_clear_history()

    def counted(value: int, unit: str) -> Screening:
        milli = codes.to_canonical("platelets", Decimal(value), unit)
        fact = a_fact("lab", "platelets", value_milli=milli, unit="10*9/L")
        return check(replace(history, facts=(*history.facts, fact)), plan)

    first, *others = [counted(value, unit) for value, unit in same]
    assert all(other == first for other in others)


@given(history=histories(), plan=plans)
@settings(max_examples=25, deadline=None)
def test_a_letter_or_note_never_strengthens_a_decision_while_it_counts(history, plan) -> None:
    letters = [
        a_fact("condition", code, source=FactSource.LETTER)
        for code in sorted(CLEARS)
        if code.endswith(("_letter", "_note"))
    ]

    after = check(replace(history, facts=(*history.facts, *letters)), plan)

    assert weight(after) <= weight(check(history, plan))
