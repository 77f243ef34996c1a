"""Closed outlines of a drawing: mirroring, flattening, and whether a point lies inside.

Paths use absolute M, C, L and Z only, so that they can be mirrored by x -> width - x.
"""

import re
from collections.abc import Iterator
from functools import cache

Point = tuple[float, float]
Polygon = tuple[Point, ...]

STEPS = 24
"""Straight pieces a curve is cut into: less than a tenth of a unit off on this drawing."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_WORD = re.compile(r"[MCLZ]|-?\d+(?:\.\d+)?")


def mirrored(path: str, width: int) -> str:
    """Return the path as seen in a mirror: x becomes width - x."""
    words, is_x = [], True
    for word in _WORD.findall(path):
        if word.isalpha():
            words.append(word)
            is_x = True
        else:
            words.append(f"{width - float(word):g}" if is_x else word)
            is_x = not is_x
    return " ".join(words)


@cache
def polygon(path: str) -> Polygon:
    """Return the corners of a closed path, its curves flattened."""
    corners: list[Point] = []
    for part in re.findall(r"[MCL][^MCLZ]*", path):
        numbers = [float(number) for number in _NUMBER.findall(part)]
        places = list(zip(numbers[::2], numbers[1::2], strict=True))
        if part[0] != "C":
            corners.extend(places)
            continue
        for first, second, end in zip(places[::3], places[1::3], places[2::3], strict=True):
            corners.extend(_bend(corners[-1], first, second, end))
    return tuple(corners)


def is_inside(outline: Polygon, at: Point) -> bool:
    """Tell whether a point lies inside, by counting the edges that a ray to the right crosses."""
    x, y = at
    inside = False
    for (ax, ay), (bx, by) in _edges(outline):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
    return inside


def distance(outline: Polygon, at: Point) -> float:
    """Return how far a point is from the nearest edge, inside or outside."""
    return min(_to_edge(at, a, b) for a, b in _edges(outline))


def _bend(start: Point, first: Point, second: Point, end: Point) -> Iterator[Point]:
    for step in range(1, STEPS + 1):
        t = step / STEPS
        u = 1 - t
        yield (
            u**3 * start[0] + 3 * u * u * t * first[0] + 3 * u * t * t * second[0] + t**3 * end[0],
            u**3 * start[1] + 3 * u * u * t * first[1] + 3 * u * t * t * second[1] + t**3 * end[1],
        )


def _edges(outline: Polygon) -> Iterator[tuple[Point, Point]]:
    return zip(outline, (*outline[1:], outline[0]), strict=True)


def _to_edge(at: Point, a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    along = ((at[0] - a[0]) * dx + (at[1] - a[1]) * dy) / length if length else 0.0
    t = min(1.0, max(0.0, along))
    return float(((at[0] - a[0] - t * dx) ** 2 + (at[1] - a[1] - t * dy) ** 2) ** 0.5)
