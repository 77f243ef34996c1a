"""Which pictures can be compared, what they may be used for, how long a removed one stays."""

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from clinic.consents.values import Scope
from clinic.core.zones import Zone
from clinic.outcomes import rules
from clinic.outcomes.values import Hair, Light, Parting, PhotographState, PhotographView, Shot
from tests.outcomes.conftest import ALL, CONDITIONS

pytestmark = [pytest.mark.once]
FIRST = dt.datetime(2026, 6, 1, 9, 0, tzinfo=dt.UTC)
RECORD, TEACHING = Scope.PHOTO_RECORD, Scope.PHOTO_TEACHING


def a_shot(number: int = 1, **changes: object) -> Shot:
    fields = {
        "id": number,
        "key": f"key{number}",
        "view": PhotographView.VERTEX,
        "zone": None,
        "taken_at": FIRST + dt.timedelta(days=30 * number),
        "taken_by": "Nina",
        "conditions": CONDITIONS,
        "uses": frozenset({RECORD}),
        "state": PhotographState.KEPT,
        "version": 1,
        "width": 400,
        "height": 300,
        "storage_key": "0" * 32,
        **changes,
    }
    return Shot(**fields)  # type: ignore[arg-type]


def taken(**changes: object) -> Shot:
    return a_shot(conditions=dataclasses.replace(CONDITIONS, **changes))  # type: ignore[arg-type]


OTHERWISE = {
    "Hair": {"hair": Hair.WET},
    "Parting": {"parting": Parting.LEFT},
    "Lighting": {"light": Light.DAYLIGHT},
    "Distance": {"distance_cm": 46},
    "Product in the hair": {"has_product": True},
    "Chin and forehead rested": {"is_fixed": False},
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_each_condition_that_differs_is_named(what):
    found = rules.differences(a_shot(), taken(**OTHERWISE[what]))

    assert [row.what for row in found] == [what]
    assert found[0].before != found[0].after


def test_the_same_conditions_can_be_compared():
    assert rules.differences(a_shot(1), a_shot(2)) == []


@pytest.mark.parametrize(("other", "count"), [(40, 0), (35, 0), (45, 0), (34, 1), (None, 1)])
def test_distances_may_differ_a_little_but_not_be_unknown(other, count):
    assert len(rules.differences(a_shot(), taken(distance_cm=other))) == count


def test_two_unknown_distances_are_not_called_different():
    assert rules.differences(taken(distance_cm=None), taken(distance_cm=None)) == []


def test_magnification_differs_exactly():
    one, other = taken(magnification=20), taken(magnification=21)

    assert [row.what for row in rules.differences(one, other)] == ["Magnification"]


@pytest.mark.parametrize(
    ("percents", "names"),
    [
        (None, []),
        ((40, 50), []),
        ((50, 40), []),
        ((40, 51), ["Brightness of the picture"]),
        ((51, 40), ["Brightness of the picture"]),
    ],
)
def test_a_much_brighter_picture_is_named(percents, names):
    found = rules.differences(a_shot(1), a_shot(2), percents=percents)

    assert [row.what for row in found] == names


@pytest.mark.parametrize(
    ("width", "height", "count"), [(400, 300, 0), (4000, 3000, 0), (410, 300, 0), (300, 400, 1)]
)
def test_another_shape_is_named_but_not_another_size(width, height, count):
    found = rules.differences(a_shot(), a_shot(width=width, height=height))

    assert [row.what for row in found] == ["Shape of the picture"] * count


@pytest.mark.parametrize(
    ("uses", "agreed", "usable"),
    [
        ({RECORD}, {RECORD}, {RECORD}),
        ({RECORD, TEACHING}, {RECORD}, {RECORD}),
        ({RECORD}, ALL, {RECORD}),
        ({RECORD, TEACHING}, {RECORD, TEACHING}, {RECORD, TEACHING}),
        ({RECORD, TEACHING}, {TEACHING}, set()),
        (ALL, set(), set()),
    ],
)
def test_a_use_needs_the_picture_and_the_patient_and_the_record_first(uses, agreed, usable):
    shot = a_shot(uses=frozenset(uses))

    assert {scope for scope in ALL if rules.usable(shot, scope, agreed)} == usable


def test_a_removed_picture_is_of_no_use():
    shot = a_shot(state=PhotographState.REMOVED, uses=ALL)

    assert not any(rules.usable(shot, scope, ALL) for scope in ALL)


def test_a_removal_is_taken_back_before_the_files_go_and_never_after():
    removed, day = FIRST, dt.timedelta(days=1)
    for days in range(60):
        now = removed + days * day
        assert not (rules.may_restore(removed, now) and rules.is_file_over(removed, now))
    assert rules.may_restore(removed, removed + 29 * day)
    assert not rules.may_restore(removed, removed + 30 * day)
    assert not rules.is_file_over(removed, removed + 30 * day)
    assert rules.is_file_over(removed, removed + 31 * day)
    assert not rules.is_file_over(None, removed + 999 * day)


def test_the_reference_is_the_first_picture_of_the_view():
    close = {"view": PhotographView.TRICHOSCOPY}
    shots = [
        a_shot(3),
        a_shot(2),
        a_shot(1, state=PhotographState.REMOVED),
        a_shot(0, **close, zone=Zone.VERTEX),
    ]

    assert rules.reference(shots, PhotographView.VERTEX, None) is shots[1]
    assert rules.reference(shots, PhotographView.TRICHOSCOPY, Zone.VERTEX) is shots[3]
    assert rules.reference(shots, PhotographView.TRICHOSCOPY, Zone.MIDSCALP) is None
    assert rules.reference(shots, PhotographView.FRONT, None) is None


def test_conditions_are_those_of_the_same_view_then_of_the_same_kind():
    wet = dataclasses.replace(CONDITIONS, hair=Hair.WET)
    close = dataclasses.replace(CONDITIONS, magnification=50)
    shots = [
        a_shot(1),
        a_shot(2, view=PhotographView.FRONT, conditions=wet),
        a_shot(3, view=PhotographView.TRICHOSCOPY, zone=Zone.VERTEX, conditions=close),
    ]

    assert rules.last_conditions(shots, PhotographView.VERTEX, None) == CONDITIONS
    assert rules.last_conditions(shots, PhotographView.MIDLINE, None) == wet
    assert rules.last_conditions(shots, PhotographView.TRICHOSCOPY, Zone.MIDSCALP) == close
    assert rules.last_conditions([], PhotographView.VERTEX, None) is None


def test_the_pair_is_first_and_newest_unless_told_and_always_in_order():
    one, two, three = shots = [a_shot(1), a_shot(2), a_shot(3)]

    assert rules.pair(shots, None, None) == (one, three)
    assert rules.pair(shots[::-1], "nobody's", None) == (one, three)
    assert rules.pair(shots, "key3", "key2") == (two, three)
    assert rules.pair(shots, None, "key1") == (one, three)
    assert rules.pair(shots, "key3", None) == (two, three)
    assert rules.pair(shots[:1], None, None) is None


def test_steps_go_one_date_at_a_time_and_never_meet():
    one, two, three, four = shots = [a_shot(n) for n in range(1, 5)]

    assert rules.neighbours(shots, (one, four)) == {
        "before_on": (two, four),
        "after_back": (one, three),
    }
    assert rules.neighbours(shots, (two, three)) == {
        "before_back": (one, three),
        "after_on": (two, four),
    }


def test_days_are_the_clinics_own_newest_first_with_each_view_once():
    berlin = ZoneInfo("Europe/Berlin")
    late = dt.datetime(2026, 6, 1, 22, 30, tzinfo=dt.UTC)  # the second of June in Berlin
    taken = [
        (FIRST, PhotographView.VERTEX),
        (late, PhotographView.VERTEX),
        (late + dt.timedelta(minutes=1), PhotographView.FRONT),
        (late + dt.timedelta(minutes=2), PhotographView.VERTEX),
    ]

    newer, older = rules.days(taken, berlin)
    assert (newer.on, newer.at, newer.count) == (dt.date(2026, 6, 2), late, 3)
    assert newer.views == (PhotographView.FRONT, PhotographView.VERTEX)
    assert newer.names == ["Front", "Vertex from above"]
    assert (older.on, older.count) == (dt.date(2026, 6, 1), 1)
    assert rules.days([], berlin) == []
