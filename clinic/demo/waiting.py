"""Some who wait for a time in the demo, and one offer that is under way."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from itertools import product

from clinic.catalog.values import Modality
from clinic.demo.stage import Stage
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.rules.asking import PartOfDay
from clinic.scheduling.values import Refused
from clinic.waiting import offering, service
from clinic.waiting.models import WaitingEntry
from clinic.waiting.values import ALL_DAYS, AddEntry, OfferTime, Priority, Way, Wishes

PRP, MESO, TALK = Modality.PRP, Modality.MESOTHERAPY, Modality.CONSULTATION
_MON_TO_FRI = 0b0011111
_WISHES = (
    (TALK, None, ALL_DAYS, PartOfDay.ANY, 0, Priority.USUAL, "Works next door"),
    (PRP, None, ALL_DAYS, PartOfDay.ANY, 2, Priority.SOON, ""),
    (TALK, None, _MON_TO_FRI, PartOfDay.MORNING, 2, Priority.USUAL, "Before the school run ends"),
    (MESO, 0, ALL_DAYS, PartOfDay.AFTERNOON, 4, Priority.USUAL, ""),
    (PRP, 1, 0b0001010, PartOfDay.ANY, 24, Priority.USUAL, "Comes by train"),
)
"""What, with whom (None: anyone), weekdays, part of day, hours of notice, how urgent, note."""
_QUARTERS = tuple(dt.time(hour, minute) for hour in range(9, 17) for minute in (0, 15, 30, 45))


def fill(stage: Stage, patient_ids: Sequence[int], *, today: dt.date) -> None:
    """Put some patients on the list, and offer the first free time to the first of them."""
    entries = []
    for patient_id, wish in zip(patient_ids, _WISHES, strict=False):
        what, whom, days, part, notice, priority, note = wish
        wishes = Wishes(
            service_id=stage.staff.services[what].id,
            practitioner_id=None if whom is None else stage.staff.practitioners[whom].id,
            weekdays=days,
            part_of_day=part,
            from_on=today,
            until_on=today + dt.timedelta(days=45),
            notice_hours=notice,
            priority=priority,
            note=note,
        )
        wish_of = AddEntry(patient_id=patient_id, visit_id=None, wishes=wishes)
        entries.append(service.add(stage.db, stage.staff.receptionist, wish_of))
    stage.db.flush()  # An offer looks the entry up.
    if entries:
        _offer_first(stage, entries[0], today=today)


def _offer_first(stage: Stage, entry: WaitingEntry, *, today: dt.date) -> None:
    days = [today + dt.timedelta(days=n) for n in range(1, 8)]
    for day, at in product(days, _QUARTERS):
        told = OfferTime(
            entry_id=entry.id,
            starts_local=dt.datetime.combine(day, at),
            practitioner_id=stage.staff.practitioners[0].id,
            room_id=stage.staff.rooms[0].id,
            way=Way.CALL,
        )
        with suppress(SlotTaken):
            made = offering.offer(stage.db, stage.staff.receptionist, told)
            if not isinstance(made, Refused):
                return
