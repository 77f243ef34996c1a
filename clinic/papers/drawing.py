"""The scalp on paper: the views that hold points, drawn as lines, never mirrored."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from clinic.core.text import N_
from clinic.core.zones import Zone
from clinic.papers import fonts
from clinic.papers.sheet import FAINT, INK, LINE, Sheet
from clinic.treatments.rules import scalp
from clinic.treatments.rules.outlines import polygon
from clinic.treatments.rules.scalp import Drawing
from clinic.treatments.values import VIEW_NAMES, Site
from clinic.web.formats import ltr
from clinic.web.words import translate

_HEAT = ((1200, (188, 219, 216)), (800, (208, 231, 228)), (1, (226, 240, 238)))
"""From so many microlitres in a zone on: how it is filled."""
NO_ROOM = N_("Too close to another point to carry a number: %(numbers)s")
_SIZES = ((3, 170 / 3), (2, 87.0), (1, 130.0), (1, 178.0))
"""How many views stand in a row, and how wide each is in millimetres, from small to large."""
_GAP = 4.0
_NUMBER_PT, _NUMBER_TALL = 4.5, 1.6
_SQUARE = 4.0
_DOT = 0.75
"""Radius of the largest dot, in millimetres."""
PerZone = Mapping[Zone, tuple[int, int]]
"""{zone: (points, microlitres)}"""
_Box = tuple[float, float, float, float]
"""Left, top, right and bottom of something, in millimetres."""
_Label = tuple[str, float, float]
"""Numbers of points, and where they are written."""


def draw_map(page: Sheet, title: str, version: str, sites: Sequence[Site], per: PerZone) -> None:
    """Draw the views of a session below a heading: those with points or treated zones.

    The top view if none has. Every point carries its number, by which the table of points finds it:
    a view is drawn as large as that asks for. What even the largest has no room for is named below.
    """
    views = [one for one in scalp.drawings(version) if _is_used(one, sites, per)]
    views = views or [scalp.drawings(version)[0]]
    most = min(_SIZES[0][0], max(2, len(views)))
    sizes = [_size(page, _of_view(one, sites), most) for one in views]
    page.heading(title, _tall(sizes[0][1]) + 16)
    for (count, wide), group in groupby(zip(views, sizes, strict=True), key=lambda both: both[1]):
        alike = [one for one, _ in group]
        for start in range(0, len(alike), count):
            if page.will_page_break(_tall(wide) + 8):
                page.add_page()
            top, unnumbered = page.get_y(), []
            left = page.l_margin if count > 1 else (page.w - wide) / 2
            for column, one in enumerate(alike[start : start + count]):
                box = (left + column * (wide + _GAP), top, wide)
                unnumbered += _draw_view(page, one, sites, per, box)
            page.set_y(top + _tall(wide) + 7)
            if unnumbered:
                said = ltr(", ".join(unnumbered))
                page.text_of(translate(NO_ROOM, numbers=said), 8, FAINT)


def _of_view(one: Drawing, sites: Sequence[Site]) -> list[Site]:
    return [site for site in sites if site.place is not None and site.place.view is one.view]


def _tall(wide: float) -> float:
    return wide * scalp.HEIGHT / scalp.WIDTH


def _size(page: Sheet, here: Sequence[Site], most: int) -> tuple[int, float]:
    """Return the smallest size of a view in which every point still has its number."""
    fitting = (
        (count, wide)
        for count, wide in _SIZES
        if count <= most and not _labels(page, here, wide)[1]
    )
    return next(fitting, _SIZES[-1])


class _Taken:
    """What is drawn already, found by the square it lies in: 400 points stay fast."""

    def __init__(self) -> None:
        self._boxes: dict[tuple[int, int], list[_Box]] = {}

    def add(self, box: _Box) -> None:
        """Keep a box."""
        for square in _squares(box):
            self._boxes.setdefault(square, []).append(box)

    def is_free(self, box: _Box) -> bool:
        """Tell whether nothing is there yet."""
        return not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
            for square in _squares(box)
            for other in self._boxes.get(square, ())
        )


def _squares(box: _Box) -> Iterator[tuple[int, int]]:
    for column in range(int(box[0] // _SQUARE), int(box[2] // _SQUARE) + 1):
        for row in range(int(box[1] // _SQUARE), int(box[3] // _SQUARE) + 1):
            yield column, row


def _labels(page: Sheet, here: Sequence[Site], wide: float) -> tuple[list[_Label], list[str]]:
    """Return what is written where in a view of a width, and what finds no room in it.

    Points at one place share a label. It stands beside its dot, above or below it, and is left out
    where each of these covers another dot or label.
    """
    page.set_font(fonts.FAMILY, "", _NUMBER_PT)
    at: dict[tuple[float, float], list[int]] = {}
    for site in here:
        at.setdefault(_dot(site, wide / scalp.WIDTH), []).append(site.seq)
    taken, found, left_out = _Taken(), [], []
    for x, y in at:
        taken.add((x - _DOT, y - _DOT, x + _DOT, y + _DOT))
    for (x, y), seqs in sorted(at.items(), key=lambda one: min(one[1])):
        text = numbers(seqs)
        long = page.get_string_width(text)
        for left, top in (
            (x + _DOT, y - _NUMBER_TALL / 2),
            (x - _DOT - long, y - _NUMBER_TALL / 2),
            (x - long / 2, y - _DOT - _NUMBER_TALL),
            (x - long / 2, y + _DOT),
            (x + _DOT, y - _DOT - _NUMBER_TALL),
            (x + _DOT, y + _DOT),
            (x - _DOT - long, y - _DOT - _NUMBER_TALL),
            (x - _DOT - long, y + _DOT),
        ):
            box = (left, top, left + long, top + _NUMBER_TALL)
            if left >= 0 and left + long <= wide and taken.is_free(box):
                taken.add(box)
                found.append((text, left, top))
                break
        else:
            left_out.append(text)
    return found, left_out


def numbers(found: Iterable[int]) -> str:
    """Write numbers with their runs joined: 1–13, 15."""
    spans: list[list[int]] = []
    for one in sorted(found):
        if spans and spans[-1][1] == one - 1:
            spans[-1][1] = one
        else:
            spans.append([one, one])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in spans)


def _dot(site: Site, scale: float) -> tuple[float, float]:
    assert site.place is not None, "picked by its view"
    x, y = scalp.units(site.place.x_permille, site.place.y_permille)
    return x * scale, y * scale


def _is_used(one: Drawing, sites: Sequence[Site], per: PerZone) -> bool:
    if any(site.place is not None and site.place.view is one.view for site in sites):
        return True
    placed = {site.zone for site in sites if site.place is not None}
    return any(shape.zone in per and shape.zone not in placed for shape in one.shapes)


def _draw_view(
    page: Sheet,
    one: Drawing,
    sites: Sequence[Site],
    per: PerZone,
    box: tuple[float, float, float],
) -> list[str]:
    """Draw a view; return the numbers of points that it has no room to write."""
    left, top, wide = box
    scale = wide / scalp.WIDTH

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * scale, top + y * scale

    page.set_line_width(0.25)
    page.set_draw_color(*FAINT)
    page.set_fill_color(252, 253, 254)
    page.polygon([at(x, y) for x, y in polygon(one.base)], style="DF")
    page.set_draw_color(*LINE)
    for line in one.lines:
        page.polyline([at(x, y) for x, y in polygon(line)])
    here = _of_view(one, sites)
    for shape in one.shapes:
        volume = per.get(shape.zone, (0, 0))[1]
        page.set_fill_color(
            *next((fill for least, fill in _HEAT if volume >= least), (255, 255, 255))
        )
        page.set_draw_color(*FAINT)
        page.polygon([at(x, y) for x, y in polygon(shape.path)], style="DF")
    page.set_font(fonts.FAMILY, "B", 9)
    page.set_text_color(*INK)
    for letter, x, y in one.sides:
        _letter(page, letter, at(x, y))
    page.set_font(fonts.FAMILY, "", 6)
    page.set_text_color(*FAINT)
    for shape in one.shapes:
        if not any(site.zone is shape.zone for site in here):
            _letter(page, scalp.CODES[shape.zone], at(*shape.label))
    labels, left_out = _labels(page, here, wide)
    page.set_text_color(*INK)
    page.set_fill_color(180, 58, 46)
    for site in here:
        px, py = _dot(site, scale)
        page.circle(left + px, top + py, _DOT if site.volume_ul >= 100 else 0.55, style="F")
    margin, page.c_margin = page.c_margin, 0
    for text, nx, ny in labels:
        page.set_xy(left + nx, top + ny)
        page.cell(0, _NUMBER_TALL, text, align="L")
    page.c_margin = margin
    page.set_font(fonts.FAMILY, "B", 8)
    page.set_text_color(*INK)
    page.set_xy(left, top + scalp.HEIGHT * scale)
    page.cell(wide, 5, translate(VIEW_NAMES[one.view]), align="C")
    return left_out


def _letter(page: Sheet, letter: str, at: tuple[float, float]) -> None:
    page.set_xy(at[0] - 5, at[1] - 2.4)
    page.cell(10, 3.4, letter, align="C")
