"""What is due, how urgent a report is, and whether each term is whole."""

import datetime as dt

import pytest

from clinic.catalog.after_values import FOLLOW_UP_DAYS, LATEST_INFECTION
from clinic.catalog.values import Modality
from clinic.core.zones import Zone
from clinic.followup.rules import due, triage
from clinic.followup.rules.memory import memories
from clinic.followup.rules.terms import EMERGENCY_FLAGS, RED_FLAGS, TERMS
from clinic.followup.values import CallResult, SideEffectKind, Urgency
from clinic.safety.catalogue_files import shipped_catalogue, shipped_codes
from clinic.treatments.values import UsedUp

BERLIN = "Europe/Berlin"
SIGNED = dt.datetime(2026, 11, 2, 15, 30, tzinfo=dt.UTC)
"""Monday 2 November, 16:30 in Berlin."""


def day(n: int) -> dt.date:
    return dt.date(2026, 11, 2) + dt.timedelta(days=n)


PRP, MESOTHERAPY = FOLLOW_UP_DAYS[Modality.PRP], FOLLOW_UP_DAYS[Modality.MESOTHERAPY]


def due_call(today, made=(), ended_at=SIGNED, days=PRP, since=None):
    return due.due(
        session_id=1,
        ended_at=ended_at,
        zone=BERLIN,
        days=days,
        made=made,
        today=today,
        since=since,
    )


def day_due(n, made=(), **more):
    call = due_call(day(n), made, **more)
    return call and call.day


def a_call(planned, result, after_days=1):
    at = SIGNED + dt.timedelta(days=after_days)
    return due.Made(session_id=1, day=planned, result=result, at=at)


@pytest.mark.parametrize(
    ("n", "planned"),
    [
        pytest.param(0, None, id="nothing on the day itself"),
        pytest.param(1, 1, id="first call from day 1"),
        pytest.param(2, 1, id="still on day 2"),
        pytest.param(6, 1, id="overdue until day 6"),
        pytest.param(7, 7, id="day 7 asks it all"),
        pytest.param(67, 7, id="overdue for long"),
        pytest.param(68, None, id="history 60 days after its day"),
    ],
)
def test_calls_fall_due_by_the_calendar_of_the_clinic(n, planned):
    assert day_due(n) == planned


def test_a_mesotherapy_is_asked_about_after_the_latest_infection_known():
    reached = [a_call(7, CallResult.REACHED, 7)]

    assert max(MESOTHERAPY) > LATEST_INFECTION
    assert day_due(59, reached, days=MESOTHERAPY) is None
    assert day_due(60, reached, days=MESOTHERAPY) == 60
    assert day_due(60, [a_call(60, CallResult.REACHED, 60)], days=MESOTHERAPY) is None
    assert day_due(120, days=MESOTHERAPY) == 60
    assert day_due(121, days=MESOTHERAPY) is None


def test_a_service_without_days_has_no_calls():
    assert day_due(1, days=()) is None


@pytest.mark.parametrize(
    ("n", "late"), [(1, False), (2, False), (3, True), (7, False), (9, False), (10, True)]
)
def test_a_call_is_late_after_the_last_day_of_its_window(n, late):
    assert due_call(day(n)).is_late(day(n)) is late


@pytest.mark.parametrize(("first", "last"), [(1, 2), (3, 4), (7, 9), (14, 16), (28, 35), (60, 67)])
def test_a_later_call_may_wait_longer(first, last):
    assert due.last_day(first) == last


def test_a_session_signed_after_midnight_utc_belongs_to_the_clinics_day():
    late_evening = dt.datetime(2026, 11, 2, 23, 30, tzinfo=dt.UTC)  # 00:30 on the 3rd in Berlin

    assert day_due(1, ended_at=late_evening) is None
    assert day_due(2, ended_at=late_evening) == 1


def test_a_reached_call_settles_its_day_and_a_missed_one_counts_as_a_try():
    reached, missed = a_call(1, CallResult.REACHED), a_call(1, CallResult.NO_ANSWER)

    assert day_due(1, [reached]) is None
    assert due_call(day(1), [missed]).tries == 1


def test_a_reached_day_7_call_settles_the_first_one_too_and_an_extra_one_none():
    assert day_due(8, [a_call(7, CallResult.REACHED, 7)]) is None
    assert day_due(8, [a_call(None, CallResult.REACHED, 7)]) == 7


def judge(kind, grade, *, flags=(), days=1, before=False):
    return triage.assess(
        kind=kind, grade=grade, red_flags=flags, days_since=days, seen_before=before
    )


@pytest.mark.parametrize(
    ("kind", "grade", "days", "urgency"),
    [
        (SideEffectKind.BRUISING, 1, 1, Urgency.ROUTINE),
        (SideEffectKind.BRUISING, 1, 14, Urgency.ROUTINE),
        (SideEffectKind.BRUISING, 1, 15, Urgency.SAME_DAY),
        (SideEffectKind.BRUISING, 2, 1, Urgency.SAME_DAY),
        (SideEffectKind.NERVE, 1, 14, Urgency.ROUTINE),
        (SideEffectKind.NERVE, 1, 15, Urgency.SAME_DAY),
        (SideEffectKind.NERVE, 2, 1, Urgency.SAME_DAY),
        (SideEffectKind.SCALP_PAIN, 2, 1, Urgency.ROUTINE),
        (SideEffectKind.SCALP_PAIN, 3, 1, Urgency.SAME_DAY),
        (SideEffectKind.INFECTION, 1, 1, Urgency.SAME_DAY),
        (SideEffectKind.INFECTION, 4, 1, Urgency.EMERGENCY),
        (SideEffectKind.ALLERGIC, 1, 1, Urgency.SAME_DAY),
        (SideEffectKind.ANAPHYLAXIS, 3, 0, Urgency.EMERGENCY),
        (SideEffectKind.LA_TOXICITY, 3, 0, Urgency.EMERGENCY),
    ],
)
def test_urgency_follows_kind_grade_and_time(kind, grade, days, urgency):
    assert judge(kind, grade, days=days).urgency is urgency


@pytest.mark.parametrize("flag", sorted(RED_FLAGS))
def test_any_red_flag_needs_a_physician_today_and_stops_the_next_booking(flag):
    judged = judge(SideEffectKind.BRUISING, 1, flags=(flag,))

    expected = Urgency.EMERGENCY if flag in EMERGENCY_FLAGS else Urgency.SAME_DAY
    assert judged.urgency is expected
    assert judged.stops_next
    assert judged.hides_grade


@pytest.mark.parametrize(("grade", "stops"), [(1, False), (2, True)])
def test_grade_two_stops_the_next_booking(grade, stops):
    assert judge(SideEffectKind.BRUISING, grade).stops_next is stops


def test_a_grade_two_or_repeated_bruise_is_remembered_as_unexplained_bleeding():
    assert not judge(SideEffectKind.BRUISING, 1).is_remembered
    assert judge(SideEffectKind.BRUISING, 2).is_remembered
    assert judge(SideEffectKind.BRUISING, 1, before=True).is_remembered
    assert left_by(SideEffectKind.BRUISING) == {("condition", "bleeding_tendency", None)}


def left_by(
    kind, zone=None, modality=Modality.MESOTHERAPY, ingredients=(), zones=(), *, off_list=False
):
    """What a side effect of this kind leaves behind, as (kind, code, zone)."""
    used = UsedUp(
        modality=modality,
        zones=frozenset(zones),
        ingredients=frozenset(ingredients),
        is_partly_off_list=off_list,
    )
    found = memories(TERMS[kind], zone, used, shipped_codes())
    return {(each.kind.value, each.code, each.zone) for each in found}


def test_what_is_remembered_is_something_that_the_check_reads():
    read = repr(shipped_catalogue().rules)
    for term in TERMS.values():
        for code in term.history + term.history_off_list:
            assert f"'{code}'" in read or term.is_allergy, code


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (SideEffectKind.SUSPECTED_NTM, {"mycobacterial_infection"}),
        (SideEffectKind.ABSCESS, {"local_infection", "abscess_hx"}),
        (SideEffectKind.GRANULOMA, {"granuloma_hx"}),
        (SideEffectKind.OEDEMA_FRONTAL, {"oedema_hx"}),
    ],
)
def test_the_patient_is_remembered(kind, codes):
    assert {code for _, code, _ in left_by(kind, ingredients=["biotin"])} == codes


def test_a_zone_is_remembered_the_one_named_else_all_that_were_treated():
    treated = [Zone.VERTEX, Zone.MIDSCALP]

    assert left_by(SideEffectKind.NECROSIS, Zone.VERTEX, zones=treated) == {
        ("condition", "necrosis_hx", Zone.VERTEX)
    }
    assert left_by(SideEffectKind.NERVE, zones=treated) == {
        ("condition", "nerve_zone", Zone.VERTEX),
        ("condition", "nerve_zone", Zone.MIDSCALP),
    }
    assert left_by(SideEffectKind.NECROSIS) == {("condition", "necrosis_hx", None)}


def test_every_ingredient_that_was_given_is_remembered():
    given = ["minoxidil", "lidocaine"]
    both = {("allergy", "minoxidil_allergy", None), ("allergy", "amide_anaesthetic", None)}

    assert left_by(SideEffectKind.ANAPHYLAXIS, ingredients=given) == both
    assert left_by(SideEffectKind.ALLERGIC, ingredients=given) == both
    assert left_by(SideEffectKind.PARADOX_ALOPECIA, ingredients=given) == both
    assert left_by(SideEffectKind.LA_TOXICITY, ingredients=given) == {
        ("allergy", "amide_anaesthetic", None)
    }
    assert left_by(SideEffectKind.SYSTEMIC_DRUG, ingredients=given) == {
        ("condition", "effect_of_minoxidil", None),
        ("condition", "effect_of_another", None),
    }


def test_the_own_plasma_and_what_is_on_no_list_are_remembered_as_such():
    assert left_by(SideEffectKind.ANAPHYLAXIS) == {("allergy", "other_allergy", None)}
    assert left_by(SideEffectKind.PARADOX_ALOPECIA) == {("condition", "paradox_product_hx", None)}
    assert left_by(SideEffectKind.PARADOX_ALOPECIA, modality=Modality.PRP) == {
        ("condition", "paradox_hx", None)
    }
    assert left_by(SideEffectKind.ALLERGIC, modality=Modality.PRP, ingredients=["citrate"]) == {
        ("allergy", "citrate", None),
        ("allergy", "other_allergy", None),
    }


def test_a_product_on_no_list_is_remembered_beside_the_ingredients_given():
    mixed = {"ingredients": ["biotin"], "off_list": True}

    assert left_by(SideEffectKind.PARADOX_ALOPECIA, **mixed) == {
        ("allergy", "biotin", None),
        ("condition", "paradox_product_hx", None),
    }
    assert ("allergy", "other_allergy", None) in left_by(SideEffectKind.ALLERGIC, **mixed)


@pytest.mark.parametrize("modality", [Modality.PRP, Modality.MESOTHERAPY])
def test_a_poisoning_by_a_known_anaesthetic_is_of_that_one_alone(modality):
    assert left_by(
        SideEffectKind.LA_TOXICITY, modality=modality, ingredients=["lidocaine"], off_list=True
    ) == {("allergy", "amide_anaesthetic", None)}


def test_infections_hold_back_the_lot_and_bruises_do_not():
    assert judge(SideEffectKind.INFECTION, 1).holds_lots
    assert judge(SideEffectKind.SUSPECTED_NTM, 2).holds_lots
    assert not judge(SideEffectKind.BRUISING, 2).holds_lots


def test_every_kind_has_a_term_with_real_grades():
    assert set(TERMS) == set(SideEffectKind)
    for term in TERMS.values():
        assert term.grades
        assert set(term.grades) <= {1, 2, 3, 4, 5}
        assert all(term.grades.values())
        assert 1 <= term.physician_from <= 5


def test_a_day_that_was_added_later_asks_for_nothing_that_was_due_before():
    def called(n, since):
        call = due_call(day(n), days=MESOTHERAPY, since={60: since})
        return call and call.day

    assert called(60, day(60)) == 60
    assert called(60, day(61)) == 7  # still on the list, as it was before
    assert called(90, day(61)) is None
    assert called(90, day(60)) == 60
