"""The drawing: ten zones, five views, left is left."""

import pytest

from clinic.core.zones import Zone
from clinic.treatments.rules import scalp
from clinic.treatments.rules.outlines import distance, is_inside, polygon
from clinic.treatments.values import View

pytestmark = pytest.mark.once
SHOWN = [(one.view, shape) for one in scalp.drawings() for shape in one.shapes]
SHOWN_IDS = [f"{view.value} {shape.zone.value}" for view, shape in SHOWN]


def grid(step: int = 25) -> list[tuple[int, int]]:
    return [(x, y) for x in range(0, 1001, step) for y in range(0, 1001, step)]


def samples(shape: scalp.Shape) -> list[tuple[int, int]]:
    """Places of a zone, in thousandths, not nearer than three units to its edge."""
    outline = polygon(shape.path)
    return [
        scalp.permille(x, y)
        for x in range(0, scalp.WIDTH + 1, 7)
        for y in range(0, scalp.HEIGHT + 1, 7)
        if is_inside(outline, (x, y)) and distance(outline, (x, y)) > 3
    ]


def test_all_ten_zones_are_drawn_and_named():
    assert {shape.zone for _, shape in SHOWN} == set(Zone)
    assert set(scalp.CODES) == set(Zone)
    assert len(set(scalp.CODES.values())) == 10


def test_the_five_views_come_in_one_order():
    assert [one.view for one in scalp.drawings()] == list(View)


def test_the_top_view_shows_every_zone():
    assert {shape.zone for shape in scalp.drawing(View.TOP).shapes} == set(Zone)


@pytest.mark.parametrize(("view", "shape"), SHOWN, ids=SHOWN_IDS)
def test_sample_points_of_a_zone_hit_it(view, shape):
    places = samples(shape)

    assert len(places) >= 5
    for x, y in places:
        assert scalp.zone_at(view, x, y) is shape.zone
        assert scalp.is_on(shape.zone, view, x, y)


@pytest.mark.parametrize(("view", "shape"), SHOWN, ids=SHOWN_IDS)
def test_the_short_name_stands_inside_its_zone(view, shape):
    assert scalp.zone_at(view, *scalp.permille(*map(round, shape.label))) is shape.zone


@pytest.mark.parametrize("view", [View.TOP, View.FRONT, View.BACK])
def test_a_view_seen_in_a_mirror_names_the_other_side(view):
    for x, y in grid():
        zone = scalp.zone_at(view, x, y)
        twin = scalp.TWIN.get(zone, zone) if zone else None
        if _is_near_an_edge(view, x, y):
            continue
        assert scalp.zone_at(view, 1000 - x, y) is twin


def test_the_right_side_is_the_left_side_in_a_mirror():
    for x, y in grid():
        if _is_near_an_edge(View.LEFT, x, y):
            continue
        zone = scalp.zone_at(View.LEFT, x, y)
        assert scalp.zone_at(View.RIGHT, 1000 - x, y) is (
            scalp.TWIN.get(zone, zone) if zone else None
        )


def _is_near_an_edge(view: View, x: int, y: int) -> bool:
    at = (x * scalp.WIDTH / 1000, y * scalp.HEIGHT / 1000)
    return any(distance(polygon(shape.path), at) < 0.01 for shape in scalp.drawing(view).shapes)


@pytest.mark.parametrize(
    ("view", "zone", "side"),
    [
        (View.TOP, Zone.TEMPORAL_L, "left"),
        (View.TOP, Zone.TEMPORAL_R, "right"),
        (View.FRONT, Zone.TEMPORAL_L, "right"),
        (View.FRONT, Zone.FRONTOTEMPORAL_R, "left"),
        (View.BACK, Zone.PARIETAL_L, "left"),
        (View.BACK, Zone.PARIETAL_R, "right"),
    ],
)
def test_sides_are_the_patients_in_every_view(view, zone, side):
    shape = scalp.drawing(view).shape(zone)

    assert shape is not None
    assert (shape.label[0] < scalp.WIDTH / 2) == (side == "left")


def test_a_side_view_shows_only_that_side():
    for view, other in ((View.LEFT, "_r"), (View.RIGHT, "_l")):
        assert not [s for s in scalp.drawing(view).shapes if s.zone.value.endswith(other)]


@pytest.mark.parametrize("view", list(View))
def test_zones_of_a_view_keep_their_distance_and_stay_on_the_head(view):
    one = scalp.drawing(view)
    head = polygon(one.base)
    for shape in one.shapes:
        corners = polygon(shape.path)
        assert all(is_inside(head, corner) for corner in corners)
        for other in one.shapes:
            if other is not shape:
                outline = polygon(other.path)
                assert min(distance(outline, c) for c in corners) >= 2 * scalp.REACH * 0.99
                assert not any(is_inside(outline, c) for c in corners)


def test_a_place_beside_the_head_is_in_no_zone():
    for view in View:
        for x, y in ((0, 0), (1000, 1000), (500, 995)):
            assert scalp.zone_at(view, x, y) is None


def test_a_tap_on_the_edge_counts_for_its_zone_and_a_wide_one_does_not():
    # The vertex of the top view ends at y = 353 of 440.
    assert scalp.zone_at(View.TOP, *scalp.permille(200, 354)) is None
    assert scalp.is_on(Zone.VERTEX, View.TOP, *scalp.permille(200, 354))
    assert not scalp.is_on(Zone.VERTEX, View.TOP, *scalp.permille(200, 357))
    assert not scalp.is_on(Zone.OCCIPITAL, View.TOP, *scalp.permille(200, 290))
    assert not scalp.is_on(Zone.VERTEX, View.FRONT, *scalp.permille(200, 64))


def test_a_stored_place_comes_back_as_it_was_tapped():
    for x in range(scalp.WIDTH + 1):
        for y in (0, 1, 219, 220, 439, 440):
            assert scalp.units(*scalp.permille(x, y)) == (x, y)
    for y in range(scalp.HEIGHT + 1):
        assert scalp.units(*scalp.permille(7, y)) == (7, y)


def test_an_unknown_version_of_the_drawing_is_an_error():
    with pytest.raises(LookupError):
        scalp.drawings("1999-01")


def test_every_outline_is_closed_and_absolute():
    for one in scalp.drawings():
        for path in (one.base, *(shape.path for shape in one.shapes)):
            assert path.startswith("M")
            assert path.endswith("Z")
            assert set(path) <= set("MCLZ0123456789. -")


def test_it_is_known_which_views_show_a_zone():
    assert scalp.views_of(Zone.VERTEX) == (View.TOP, View.LEFT, View.RIGHT, View.BACK)
    assert scalp.views_of(Zone.TEMPORAL_R) == (View.TOP, View.FRONT, View.RIGHT, View.BACK)
