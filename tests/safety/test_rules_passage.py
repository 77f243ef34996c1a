"""What each finding lets each role do at each moment, and what reception may see of it."""

import datetime as dt

import pytest

from clinic.core.access import Role
from clinic.core.zones import Zone
from clinic.safety.catalogue_files import shipped_catalogue
from clinic.safety.rules.passage import passage
from clinic.safety.rules.redaction import STATUS_NAMES, for_reception, redact
from clinic.safety.rules.screening import screen
from clinic.safety.values import (
    Moment,
    Outcome,
    Passage,
    ReceptionScreening,
    ReceptionStatus,
    Screening,
)
from tests.safety.rule_cases import (
    ABSENT,
    ON,
    Change,
    a_clear_history,
    a_fact,
    a_plan,
    both,
    day,
    instead,
    medicine,
    platelets,
    screened,
    session,
    with_fact,
    without,
)

pytestmark = pytest.mark.once
BOOKING, CHECK_IN, START = Moment.BOOKING, Moment.CHECK_IN, Moment.START
GO, TICK, REASON, REFUSED = Outcome.GO, Outcome.ACKNOWLEDGE, Outcome.REASON, Outcome.REFUSED

SITUATIONS: dict[str, Change] = {
    "allow": with_fact(),
    "warn": instead(platelets(120)),
    "ask": without("review", "illness_now"),
    "ask_notice": both(without("hair"), without("review", "hair")),
    "review": with_fact(medicine("anticoagulant", "Enoxaparin")),
    "defer_dated": with_fact(medicine("nsaid", "Ibuprofen", ended_on=ON)),
    "defer_open": with_fact(a_fact("pregnancy", "pregnant")),
    "block": with_fact(a_fact("condition", "haemophilia")),
}

TABLE = [
    ("allow", BOOKING, Role.RECEPTIONIST, GO),
    ("allow", START, Role.PHYSICIAN, GO),
    ("warn", BOOKING, Role.RECEPTIONIST, GO),
    ("warn", CHECK_IN, Role.NURSE, GO),
    ("warn", START, Role.NURSE, TICK),
    ("ask", BOOKING, Role.RECEPTIONIST, GO),
    ("ask", CHECK_IN, Role.RECEPTIONIST, GO),
    ("ask", START, Role.PHYSICIAN, REFUSED),
    ("ask_notice", BOOKING, Role.RECEPTIONIST, GO),
    ("ask_notice", START, Role.PHYSICIAN, GO),
    ("review", BOOKING, Role.RECEPTIONIST, GO),
    ("review", CHECK_IN, Role.RECEPTIONIST, GO),
    ("review", START, Role.PHYSICIAN, REFUSED),
    ("defer_dated", BOOKING, Role.RECEPTIONIST, REFUSED),
    ("defer_dated", BOOKING, Role.PHYSICIAN, REFUSED),
    ("defer_dated", CHECK_IN, Role.RECEPTIONIST, GO),
    ("defer_dated", START, Role.PHYSICIAN, REFUSED),
    ("defer_open", BOOKING, Role.RECEPTIONIST, REFUSED),
    ("defer_open", BOOKING, Role.ADMINISTRATOR, REFUSED),
    ("defer_open", BOOKING, Role.NURSE, REASON),
    ("defer_open", BOOKING, Role.PHYSICIAN, REASON),
    ("defer_open", CHECK_IN, Role.RECEPTIONIST, GO),
    ("defer_open", START, Role.PHYSICIAN, REFUSED),
    ("block", BOOKING, Role.RECEPTIONIST, REFUSED),
    ("block", BOOKING, Role.PHYSICIAN, REFUSED),
    ("block", CHECK_IN, Role.PHYSICIAN, REFUSED),
    ("block", START, Role.PHYSICIAN, REFUSED),
]


def passes(
    screening: Screening,
    moment: Moment,
    role: Role = Role.PHYSICIAN,
    releases: frozenset[str] = frozenset(),
    *,
    ahead: int = 7,
) -> Passage:
    return passage(screening, moment, role, releases, today=ON - dt.timedelta(days=ahead))


@pytest.mark.parametrize(
    ("situation", "moment", "role", "outcome"),
    TABLE,
    ids=[f"{situation}-{moment}-{role}" for situation, moment, role, _ in TABLE],
)
def test_each_decision_acts_as_the_table_says(situation, moment, role, outcome) -> None:
    assert passes(screened(SITUATIONS[situation]), moment, role).outcome is outcome


def test_an_open_ended_deferral_is_booked_a_week_ahead_and_marked() -> None:
    screening = screened(SITUATIONS["defer_open"])

    week, six_days = passes(screening, BOOKING, ahead=7), passes(screening, BOOKING, ahead=6)

    assert (week.outcome, week.must_recheck) == (REASON, True)
    assert (six_days.outcome, six_days.must_recheck) == (REFUSED, False)


def test_a_dated_deferral_offers_dates_and_a_physician_may_release_it() -> None:
    screening = screened(SITUATIONS["defer_dated"])

    refused = passes(screening, BOOKING)
    marks = frozenset(finding.fingerprint for finding in refused.releasable)
    released = passes(screening, BOOKING, Role.RECEPTIONIST, marks)

    assert refused.offers_from == dt.date(2026, 11, 24)
    assert [finding.rule_code for finding in refused.releasable] == ["nsaid_recent"]
    assert released.outcome is GO
    assert passes(screening, START, releases=marks).outcome is GO


def test_what_nobody_may_release_heeds_no_release() -> None:
    screening = screened(SITUATIONS["block"])
    marks = frozenset(finding.fingerprint for finding in screening.findings)

    refused = passes(screening, START, releases=marks)

    assert refused.outcome is REFUSED
    assert refused.releasable == ()
    assert refused.released == ()


def test_an_unknown_heeds_no_release() -> None:
    screening = screened(SITUATIONS["ask"])
    marks = frozenset(finding.fingerprint for finding in screening.findings)

    assert passes(screening, START, releases=marks).outcome is REFUSED


def test_a_release_ends_when_a_new_fact_comes() -> None:
    released = screened(SITUATIONS["review"])
    marks = frozenset(finding.fingerprint for finding in released.findings)
    assert passes(released, START, releases=marks).outcome is GO

    changed = screened(both(SITUATIONS["review"], with_fact(medicine("anticoagulant", "Heparin"))))

    assert passes(changed, START, releases=marks).outcome is REFUSED


def test_a_release_survives_what_does_not_bear_on_it() -> None:
    released = screened(SITUATIONS["review"])
    marks = frozenset(finding.fingerprint for finding in released.findings)

    more = screened(both(SITUATIONS["review"], with_fact(a_fact("condition", "other_condition"))))

    assert passes(more, START, releases=marks).outcome is GO


def test_a_release_of_elapsed_days_does_not_follow_the_visit_to_another_date() -> None:
    facts = with_fact(medicine("steroid_systemic", ended_on=day(3)))
    marks = frozenset(finding.fingerprint for finding in screened(facts).findings)

    moved = screened(facts, on=ON - dt.timedelta(days=1))

    assert not marks & {finding.fingerprint for finding in moved.findings}


def test_a_start_leaves_out_the_bald_zone() -> None:
    bald = a_fact("hair", "hair", zone=Zone.VERTEX, state=ABSENT, began_on=day(4000))
    plan = a_plan(zones=frozenset({Zone.VERTEX, Zone.MIDSCALP}))
    screening = screened(
        both(instead(bald), with_fact(a_fact("hair", "hair", zone=Zone.MIDSCALP))), plan=plan
    )

    start = passes(screening, START)

    assert start.outcome is TICK
    assert start.without_zones == {Zone.VERTEX}


def test_nothing_starts_unchecked_but_it_can_be_booked() -> None:
    unchecked = screen(a_clear_history(), a_plan(), ON, ())

    assert passes(unchecked, BOOKING, Role.RECEPTIONIST).outcome is GO
    assert passes(unchecked, START).outcome is REFUSED


def test_a_consultation_can_always_be_booked_and_held() -> None:
    screening = screened(SITUATIONS["block"], plan=a_plan("consultation", zones=frozenset()))

    assert passes(screening, BOOKING, Role.RECEPTIONIST).outcome is GO
    assert passes(screening, START).outcome is GO


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.ADMINISTRATOR])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_roles_without_clinical_content_receive_no_finding(situation, role) -> None:
    answer = passes(screened(SITUATIONS[situation]), BOOKING, role)

    assert (answer.in_the_way, answer.releasable, answer.to_answer) == ((), (), ())
    assert (answer.to_acknowledge, answer.released) == ((), ())


def test_reception_is_not_offered_a_date_that_must_stay_hidden() -> None:
    ending = with_fact(
        a_fact("pregnancy", "pregnant", ended_on=day(-30)),
        medicine("nsaid", "Ibuprofen", ended_on=ON),
    )
    screening = screened(ending)

    assert passes(screening, BOOKING).offers_from == day(-30)
    assert passes(screening, BOOKING, Role.RECEPTIONIST).offers_from is None
    seen = for_reception(screening)
    assert (seen.earliest_on, seen.physician_contacts) == (None, True)


RECEPTION = [
    ("allow", ReceptionStatus.CLEAR, None),
    ("warn", ReceptionStatus.CLEAR, None),
    ("ask", ReceptionStatus.QUESTIONS, None),
    ("ask_notice", ReceptionStatus.CLEAR, None),
    ("review", ReceptionStatus.REVIEW, None),
    ("defer_dated", ReceptionStatus.LATER, dt.date(2026, 11, 24)),
    ("defer_open", ReceptionStatus.LATER, None),
    ("block", ReceptionStatus.STOP, None),
]


@pytest.mark.parametrize(("situation", "status", "earliest"), RECEPTION)
def test_reception_sees_one_word_and_maybe_a_date(situation, status, earliest) -> None:
    seen = redact(screened(SITUATIONS[situation]), Role.RECEPTIONIST)

    assert isinstance(seen, ReceptionScreening)
    assert (seen.status, seen.earliest_on) == (status, earliest)
    assert seen.status in STATUS_NAMES


def test_a_review_that_ends_by_itself_shows_its_date() -> None:
    seen = for_reception(screened(with_fact(a_fact("symptom", "illness", ended_on=day(9)))))

    assert (seen.status, seen.earliest_on) == (ReceptionStatus.REVIEW, dt.date(2026, 11, 27))


CANNOT = "This treatment cannot be given. A consultation can be booked."
LOOK = "A physician must look at this visit first."
NOT_THEN = "The treatment is not possible on this date."
PARTS = {
    "item": (with_fact(a_fact("allergy", "latex"), medicine("anticoagulant")), {LOOK}),
    "zone": (
        both(
            SITUATIONS["defer_dated"],
            with_fact(
                a_fact("condition", "necrosis_hx", zone=Zone.VERTEX),
                a_fact("hair", "hair", zone=Zone.MIDSCALP),
            ),
        ),
        {NOT_THEN},
    ),
    "every_zone": (
        with_fact(
            a_fact("condition", "necrosis_hx", zone=Zone.VERTEX),
            a_fact("hair", "hair", zone=Zone.MIDSCALP, state=ABSENT, began_on=day(4000)),
        ),
        {CANNOT},
    ),
}


@pytest.mark.parametrize("part", PARTS)
def test_what_bars_a_part_is_no_sentence_of_the_visit(part) -> None:
    change, sentences = PARTS[part]
    plan = a_plan(zones=frozenset({Zone.VERTEX, Zone.MIDSCALP}))

    assert set(for_reception(screened(change, plan=plan)).sentences) == sentences


def test_a_review_that_is_released_shows_as_clear() -> None:
    screening = screened(SITUATIONS["review"])
    marks = [finding.fingerprint for finding in screening.findings]

    assert for_reception(screening, marks).status is ReceptionStatus.CLEAR


def test_what_was_never_screened_is_not_checked() -> None:
    assert for_reception(None).status is ReceptionStatus.NOT_CHECKED
    assert for_reception(screen(a_clear_history(), a_plan(), ON, ())).status is (
        ReceptionStatus.NOT_CHECKED
    )


@pytest.mark.parametrize("role", [Role.NURSE, Role.PHYSICIAN])
def test_clinicians_see_the_whole_screening(role) -> None:
    screening = screened(SITUATIONS["review"])

    assert redact(screening, role) is screening


def test_no_medical_word_reaches_reception() -> None:
    catalogue = shipped_catalogue()
    everything = both(
        *SITUATIONS.values(),
        session("prp", 3),
        with_fact(
            a_fact("condition", "hiv", label="HIV, on treatment"),
            a_fact("pregnancy", "breastfeeding"),
            a_fact("side_effect", "bruising", value_milli=2000, unit="grade"),
        ),
    )
    words = {concept.name.casefold() for concept in catalogue.concepts}
    words |= {rule.name.casefold() for rule in catalogue.rules}
    words |= {"hiv", "pregnan", "blood", "drug", "medicine", "infection", "scalp", "prp"}

    seen = repr(for_reception(screened(everything))).casefold()

    assert not [word for word in words if word in seen]
