"""When nobody is booked in a column of the board, and the one word for why."""

from collections.abc import Sequence
from itertools import pairwise

from clinic.core.text import N_
from clinic.scheduling.rules.slots import GRID_MIN

DAY_MIN = 24 * 60
OFF, BREAK, CLOSED = N_("Off"), N_("Break"), N_("Closed")
OFFERED = N_("Being offered")
"""Held for somebody on the waiting list."""
Shifts = Sequence[tuple[int, int]]
"""Working hours from minute to minute of the day, in order."""
Blocked = tuple[int, int, str]
"""From minute to minute of the day, and the word for why, marked for translation."""


def without(shifts: Shifts, blocked: Sequence[Blocked]) -> list[tuple[int, int]]:
    """Return working hours without what is blocked in them."""
    left = list(shifts)
    for start, end, _word in blocked:
        left = [
            (max(a, low), min(b, high))
            for a, b in left
            for low, high in ((0, start), (end, DAY_MIN))
            if max(a, low) < min(b, high)
        ]
    return left


def stretches(
    shifts: Shifts, blocked: Sequence[Blocked], *, opens: int, closes: int, shut: str
) -> list[Blocked]:
    """Return what is not worked between two minutes; `shut` is said of a day without any hours."""

    def why(minute: int) -> str:
        word = next((word for start, end, word in blocked if start <= minute < end), "")
        if word or any(start <= minute < end for start, end in shifts):
            return word
        is_break = bool(shifts) and shifts[0][0] < minute < shifts[-1][1]
        return BREAK if is_break else OFF if shifts else shut

    spans = [*shifts, *((start, end) for start, end, _word in blocked)]
    rows = {opens, *(-(-edge // GRID_MIN) * GRID_MIN for span in spans for edge in span)}
    changes = sorted(row for row in rows if opens <= row < closes)
    found: list[Blocked] = []
    for start, end in pairwise([*changes, closes]):
        word = why(start)
        if word and found and found[-1][1:] == (start, word):
            start = found.pop()[0]  # noqa: PLW2901 - goes on from what is the same before it
        if word:
            found.append((start, end, word))
    return found
