"""What is known of one person from two records: nothing that one of them says is lost."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.core.zones import Zone
from clinic.safety.catalogue_files import shipped_catalogue
from clinic.safety.rules.screening import screen
from clinic.safety.rules.union import Told, united
from clinic.safety.values import Fact, FactKind, FactSource, FactState, History, Truth
from tests.safety.rule_cases import ON, a_clear_history, a_fact, day, medicine
from tests.safety.test_rules_properties import CLEARS, facts, plans

pytestmark = pytest.mark.once
JOINED = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
BEFORE, SINCE = JOINED - dt.timedelta(days=1), JOINED + dt.timedelta(days=1)
MINE, THEIRS = 1, 2
MEASURED = {FactKind.LAB, FactKind.VITAL, FactKind.STAGE, FactKind.CONSENT}
RULES = shipped_catalogue().rules


def told(record: int, *several: Fact, at: dt.datetime = BEFORE) -> list[Told]:
    return [Told(record, at, fact) for fact in several]


def absent(kind: FactKind, code: str, **changes: object) -> Fact:
    return a_fact(kind, code, state=FactState.ABSENT, **changes)


def test_a_no_on_one_record_does_not_answer_the_yes_of_the_other():
    yes = a_fact(FactKind.ALLERGY, "lidocaine", noted_on=day(300), recorded_on=day(300))
    no = absent(FactKind.ALLERGY, "any_allergy", noted_on=day(10), recorded_on=day(10))

    assert united([*told(MINE, yes), *told(THEIRS, no)], JOINED) == (yes,)
    assert united([*told(MINE, yes), *told(THEIRS, no, at=SINCE)], JOINED) == (yes, no)
    assert united([*told(MINE, yes, no)], JOINED) == (yes, no)


def test_who_confirmed_one_list_did_not_see_the_other_one():
    tablets = medicine("nsaid", noted_on=day(20), ended_on=day(5))
    confirmed = a_fact(FactKind.REVIEW, "medicines", noted_on=day(1))

    assert united([*told(MINE, tablets), *told(THEIRS, confirmed)], JOINED) == (tablets,)
    assert united([*told(MINE, confirmed), *told(THEIRS)], JOINED) == (confirmed,)


def test_an_empty_record_changes_nothing():
    whole = a_clear_history().facts

    assert united([*told(MINE, *whole), *told(THEIRS)], JOINED) == whole


def test_what_a_physician_closed_stays_closed_on_its_own_record():
    bruise = a_fact(
        FactKind.SIDE_EFFECT, "bruising", value_milli=2000, unit="grade", noted_on=day(30), id=1
    )
    closed = absent(
        FactKind.SIDE_EFFECT,
        "bruising",
        source=FactSource.PHYSICIAN,
        noted_on=day(20),
        recorded_on=day(20),
        id=2,
    )
    other = bruise._replace(noted_on=day(25), id=3)

    assert united([*told(MINE, bruise, closed), *told(THEIRS, other)], JOINED) == (other,)
    nurse = closed._replace(source=FactSource.STAFF)
    assert united([*told(MINE, bruise, nurse), *told(THEIRS, other)], JOINED) == (bruise, other)


def test_the_end_of_another_side_effect_is_not_touched():
    itch = absent(FactKind.SIDE_EFFECT, "itching", source=FactSource.PHYSICIAN)
    bruise = a_fact(FactKind.SIDE_EFFECT, "bruising", value_milli=2000, unit="grade")

    assert united([*told(MINE, bruise), *told(THEIRS, itch)], JOINED) == (bruise, itch)


@pytest.mark.parametrize(("zone", "stays"), [(Zone.VERTEX, False), (Zone.PARIETAL_L, True)])
def test_a_bald_zone_stays_bald(zone, stays):
    bald = absent(FactKind.HAIR, "hair", zone=Zone.VERTEX, noted_on=day(300))
    hair = a_fact(FactKind.HAIR, "hair", zone=zone, noted_on=day(3))

    found = united([*told(MINE, bald), *told(THEIRS, hair)], JOINED)
    assert found == ((bald, hair) if stays else (bald,))


def test_the_newest_value_counts_whichever_record_holds_it():
    old = a_fact(FactKind.LAB, "platelets", value_milli=80_000, noted_on=day(30))
    new = old._replace(value_milli=250_000, noted_on=day(3))

    assert united([*told(MINE, old), *told(THEIRS, new)], JOINED) == (old, new)


def worst(several: tuple[Fact, ...], plan: object) -> dict[tuple[str, Zone | None], int]:
    """The gravest decision of each rule by what is recorded, for each zone."""
    history = History(person=a_clear_history().person, facts=several)
    found: dict[tuple[str, Zone | None], int] = {}
    for finding in screen(history, plan, ON, RULES).findings:
        if finding.truth is Truth.PRESENT:
            key = finding.rule_code, finding.zone
            found[key] = max(found.get(key, 0), finding.decision.rank)
    return found


def said(fact: Fact) -> bool:
    return fact.kind not in MEASURED and fact.code not in CLEARS


@st.composite
def denials(draw: st.DrawFn) -> Fact:
    """A fact of a few codes only, so that what one record says the other one often denies."""
    kind, code = draw(
        st.sampled_from(
            [
                (FactKind.CONDITION, "keloid"),
                (FactKind.CONDITION, "haemophilia"),
                (FactKind.ALLERGY, "any_allergy"),
                (FactKind.ALLERGY, "lidocaine"),
                (FactKind.MEDICATION, "nsaid"),
                (FactKind.PREGNANCY, "pregnant"),
                (FactKind.SIDE_EFFECT, "bruising"),
                (FactKind.HAIR, "hair"),
            ]
        )
    )
    noted = day(draw(st.integers(0, 90)))
    graded = kind is FactKind.SIDE_EFFECT
    return a_fact(
        kind,
        code,
        state=draw(st.sampled_from([FactState.PRESENT, FactState.PRESENT, FactState.ABSENT])),
        noted_on=noted,
        recorded_on=noted,
        value_milli=2000 if graded else None,
        unit="grade" if graded else None,
        zone=Zone.VERTEX if kind is FactKind.HAIR else None,
        source=draw(st.sampled_from(list(FactSource))),
        id=draw(st.integers(1, 99)),
    )


records = st.lists(st.one_of(denials(), denials(), facts().filter(said)), max_size=6)


@given(mine=records, theirs=records, plan=plans)
@settings(max_examples=300, deadline=None)
def test_whatever_stood_against_a_treatment_on_one_record_still_does(mine, theirs, plan) -> None:
    both = united([*told(MINE, *mine), *told(THEIRS, *theirs)], JOINED)

    together = worst(both, plan)
    for alone in (worst(tuple(mine), plan), worst(tuple(theirs), plan)):
        for key, rank in alone.items():
            assert together.get(key, -1) >= rank, key
