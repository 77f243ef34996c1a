"""The demo clinic's day: which physician treats what at which time, with one centrifuge for all."""

import datetime as dt
from dataclasses import dataclass

from clinic.catalog.values import Modality

PRP, MESO, TALK = Modality.PRP, Modality.MESOTHERAPY, Modality.CONSULTATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One place in the day: start, which of the three physicians, what."""

    at: dt.time
    physician: int
    modality: Modality


def _lane(physician: int, *parts: tuple[int, int, Modality]) -> tuple[Slot, ...]:
    return tuple(
        Slot(at=dt.time(hour, minute), physician=physician, modality=modality)
        for hour, minute, modality in parts
    )


DAY: tuple[Slot, ...] = (
    *_lane(
        0, (8, 0, PRP), (9, 0, MESO), (9, 30, PRP), (10, 30, TALK), (11, 0, PRP), (13, 0, MESO),
        (13, 30, PRP), (14, 30, TALK), (15, 0, PRP), (16, 0, MESO), (16, 30, PRP),
    ),
    *_lane(
        1, (8, 30, PRP), (9, 30, MESO), (10, 0, PRP), (11, 0, MESO), (11, 30, PRP), (13, 0, PRP),
        (14, 0, PRP), (15, 0, MESO), (15, 30, TALK), (16, 0, PRP),
    ),
    *_lane(
        2, (8, 0, TALK), (8, 30, MESO), (9, 0, PRP), (10, 0, MESO), (10, 30, PRP), (12, 0, PRP),
        (13, 30, TALK), (14, 30, PRP), (15, 30, PRP), (16, 30, MESO), (17, 0, PRP),
    ),
)  # fmt: skip
"""No two PRP visits need the centrifuge (minutes 10 to 25) at once."""


class Book:
    """Which slots of which days are still free."""

    def __init__(self) -> None:
        self._taken: set[tuple[dt.date, Slot]] = set()

    def take(self, day: dt.date, modality: Modality, *, not_before: dt.time = dt.time()) -> Slot:
        """Take the first free slot of a kind on a day; raises LookupError when the day is full."""
        for slot in sorted(DAY, key=lambda slot: (slot.at, slot.physician)):
            is_fit = slot.modality is modality and slot.at >= not_before
            if is_fit and (day, slot) not in self._taken:
                self._taken.add((day, slot))
                return slot
        raise LookupError(f"{day} has no free {modality.value}")

    def take_near(self, day: dt.date, modality: Modality) -> tuple[dt.date, Slot]:
        """Take a slot on the day or on one of the days before it."""
        for back in range(7):
            earlier = day - dt.timedelta(days=back)
            try:
                return earlier, self.take(earlier, modality)
            except LookupError:
                continue
        raise LookupError(f"the week before {day} is full")
