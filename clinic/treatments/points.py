"""The points of a session as the page sends and receives them: a list in JSON.

Each is {"n": 1, "zone": "vertex", "ul": 100, "um": 3000, "gauge": 30, "nl": 4000}: with "view",
"x" and "y" in units of the drawing when it was set on the map, with "points" when several of the
same kind were entered for a zone, and "technique" and "device" where they were noted. Whole
microlitres and micrometres throughout.
"""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.core.zones import Zone
from clinic.treatments.delivery import Device, Technique, ZoneDose
from clinic.treatments.rules import scalp
from clinic.treatments.values import Place, Site, View

UNREADABLE = N_("The points could not be read. Reload the page and set them again.")
MOST_ROWS = 400
LAST_NUMBER = 32_767
_LONGEST = 200_000
_SHALLOWEST = 300
"""Micrometres: nothing less deep can be kept, not even as given outside of the limits."""
_MOST = {"ul": 20_000, "um": 13_000, "nl": 40_000, "points": 400}


def loads(raw: str) -> tuple[Site, ...]:
    """Read the points in their order.

    Raises Invalid for anything but a list of whole points with numbers of their own.
    """
    if not raw.strip():
        return ()
    if len(raw) > _LONGEST:
        raise Invalid(UNREADABLE)
    try:
        rows = json.loads(raw)
    except (ValueError, RecursionError):
        raise Invalid(UNREADABLE) from None
    if not isinstance(rows, list) or len(rows) > MOST_ROWS:
        raise Invalid(UNREADABLE)
    sites = tuple(sorted((_site(row) for row in rows), key=lambda site: site.seq))
    if len({site.seq for site in sites}) != len(sites):
        raise Invalid(UNREADABLE)
    return sites


def dumps(sites: Iterable[Site]) -> str:
    """Write the points for the page."""
    return json.dumps([_row(site) for site in sites], separators=(",", ":"))


def dose(given: ZoneDose) -> dict[str, Any]:
    """Write what a tap on a zone gives: how many points, and what each of them is."""
    row = {
        "points": given.points,
        "ul": given.each_ul,
        "um": given.depth_um,
        "gauge": given.needle_gauge,
        "nl": given.needle_um,
        "technique": given.technique,
    }
    return {name: value for name, value in row.items() if value is not None}


def _row(site: Site) -> dict[str, Any]:
    row: dict[str, Any] = {
        "n": site.seq,
        "zone": site.zone.value,
        "ul": site.volume_ul,
        "um": site.depth_um,
        "gauge": site.needle_gauge,
    }
    if site.needle_um is not None:
        row["nl"] = site.needle_um
    for name, word in (("technique", site.technique), ("device", site.device)):
        if word is not None:
            row[name] = word.value
    if site.place is not None:
        x, y = scalp.units(site.place.x_permille, site.place.y_permille)
        row |= {"view": site.place.view.value, "x": x, "y": y}
    if site.points != 1:
        row["points"] = site.points
    return row


def _site(row: object) -> Site:
    if not isinstance(row, dict):
        raise Invalid(UNREADABLE)
    place = None
    if row.get("view") is not None:
        x, y = scalp.permille(_whole(row, "x", 0, scalp.WIDTH), _whole(row, "y", 0, scalp.HEIGHT))
        place = Place(view=View(_known(row, "view", View)), x_permille=x, y_permille=y)
    return Site(
        seq=_whole(row, "n", 1, LAST_NUMBER),
        zone=Zone(_known(row, "zone", Zone)),
        points=_whole(row, "points", 1, _MOST["points"]) if "points" in row else 1,
        volume_ul=_whole(row, "ul", 1, _MOST["ul"]),
        depth_um=_whole(row, "um", _SHALLOWEST, _MOST["um"]),
        needle_gauge=_whole(row, "gauge", 1, 99),
        needle_um=None if row.get("nl") is None else _whole(row, "nl", 1, _MOST["nl"]),
        technique=Technique(_known(row, "technique", Technique)) if "technique" in row else None,
        device=Device(_known(row, "device", Device)) if "device" in row else None,
        place=place,
    )


def _known(row: dict[str, Any], name: str, kind: type[StrEnum]) -> str:
    value = row.get(name)
    if not isinstance(value, str) or value not in {member.value for member in kind}:
        raise Invalid(UNREADABLE)
    return value


def _whole(row: dict[str, Any], name: str, least: int, most: int) -> int:
    value = row.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 7:
        value = int(value)  # the needle comes out of a list of texts
    if type(value) is not int or not least <= value <= most:
        raise Invalid(UNREADABLE)
    return value
