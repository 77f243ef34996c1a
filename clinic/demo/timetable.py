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
    room: int | None = None
    """Another room than the physician's own."""

    @property
    def in_room(self) -> int:
        """Return which of the three rooms."""
        return self.physician if self.room is None else self.room


def _lane(physician: int, *parts: tuple[int, int, Modality]) -> tuple[Slot, ...]:
    return tuple(
        Slot(at=dt.time(hour, minute), physician=physician, modality=modality)
        for hour, minute, modality in parts
    )


DAY: tuple[Slot, ...] = (
    *_lane(
        0, (8, 0, PRP), (9, 15, MESO), (9, 45, PRP), (11, 0, TALK), (11, 30, PRP), (13, 0, MESO),
        (13, 30, PRP), (15, 15, PRP), (16, 20, MESO), (16, 50, PRP),
    ),
    Slot(at=dt.time(8), physician=0, modality=TALK, room=1),
    *_lane(
        1, (8, 30, PRP), (9, 45, MESO), (10, 15, PRP), (11, 20, MESO), (11, 50, PRP), (13, 0, PRP),
        (14, 10, PRP), (15, 15, MESO), (15, 45, PRP), (16, 50, TALK),
    ),
    *_lane(
        2, (8, 0, TALK), (8, 30, MESO), (9, 0, PRP), (10, 15, MESO), (10, 45, PRP), (12, 10, PRP),
        (13, 20, TALK), (13, 50, PRP), (14, 55, PRP), (16, 0, MESO), (16, 30, PRP),
    ),
)  # fmt: skip
"""No two PRP visits need the centrifuge (minutes 10 to 30) at once.

The first talk of the day takes place while the blood of the first PRP is drawn and spun, next door.
"""


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
