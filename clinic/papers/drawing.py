"""The scalp on paper: the views that hold points, drawn as lines, never mirrored."""

from collections.abc import Mapping, Sequence

from clinic.core.zones import Zone
from clinic.papers import fonts
from clinic.papers.sheet import FAINT, INK, LINE, Sheet
from clinic.treatments.rules import scalp
from clinic.treatments.rules.outlines import polygon
from clinic.treatments.rules.scalp import Drawing
from clinic.treatments.values import VIEW_NAMES, Site
from clinic.web.words import translate

_HEAT = ((1200, (188, 219, 216)), (800, (208, 231, 228)), (1, (226, 240, 238)))
"""From so many microlitres in a zone on: how it is filled."""
_NONE = (255, 255, 255)
NUMBERED = 40
"""Points of a view up to which each carries its number; more would cover each other."""
_ROW = 3
PerZone = Mapping[Zone, tuple[int, int]]
"""{zone: (points, microlitres)}"""


def draw_map(page: Sheet, version: str, sites: Sequence[Site], per: PerZone) -> None:
    """Draw the views of a session: those with points or treated zones, the top view if none has."""
    views = [one for one in scalp.drawings(version) if _is_used(one, sites, per)]
    views = views or [scalp.drawings(version)[0]]
    columns = min(_ROW, max(2, len(views)))
    wide = (page.w - 2 * page.l_margin - 4 * (columns - 1)) / columns
    tall = wide * scalp.HEIGHT / scalp.WIDTH
    for start in range(0, len(views), columns):
        if page.will_page_break(tall + 8):
            page.add_page()
        top = page.get_y()
        for column, one in enumerate(views[start : start + columns]):
            _draw_view(page, one, sites, per, (page.l_margin + column * (wide + 4), top, wide))
        page.set_y(top + tall + 7)


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
) -> None:
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
    here = [site for site in sites if site.place is not None and site.place.view is one.view]
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
    page.set_font(fonts.FAMILY, "", 4.5)
    page.set_text_color(*INK)
    for site in here:
        assert site.place is not None, "picked by its view"
        px, py = at(*scalp.units(site.place.x_permille, site.place.y_permille))
        page.set_fill_color(180, 58, 46)
        page.circle(px, py, 0.75 if site.volume_ul >= 100 else 0.55, style="F")
        if len(here) <= NUMBERED:
            page.set_xy(px + 0.7, py - 1.6)
            page.cell(4, 2, str(site.seq), align="L")
    page.set_font(fonts.FAMILY, "B", 8)
    page.set_text_color(*INK)
    page.set_xy(left, top + scalp.HEIGHT * scale)
    page.cell(wide, 5, translate(VIEW_NAMES[one.view]), align="C")


def _letter(page: Sheet, letter: str, at: tuple[float, float]) -> None:
    page.set_xy(at[0] - 5, at[1] - 2.4)
    page.cell(10, 3.4, letter, align="C")
