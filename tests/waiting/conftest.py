"""The desk of the scheduling tests, and people who wait there."""

import datetime as dt
from typing import Any

import pytest

from clinic.core.access import Role
from clinic.scheduling.rules.asking import PartOfDay
from clinic.scheduling.values import Refused
from clinic.waiting import offering, service
from clinic.waiting.models import Offer, WaitingEntry
from clinic.waiting.values import ALL_DAYS, AddEntry, OfferTime, Priority, Way, Wishes
from tests.scheduling.conftest import Desk, desk, statements

__all__ = ["desk", "statements"]
TODAY = dt.date(2026, 11, 23)
HELD_FOR = dt.timedelta(minutes=30)
"""Of a clinic that has changed nothing."""
AT_10 = dt.datetime(2026, 11, 24, 10, 0)


def wishes(desk: Desk, **changes: Any) -> Wishes:
    fields = {
        "service_id": desk.consultation.id,
        "practitioner_id": None,
        "weekdays": ALL_DAYS,
        "part_of_day": PartOfDay.ANY,
        "from_on": TODAY,
        "until_on": TODAY + dt.timedelta(days=30),
        "notice_hours": 0,
        "priority": Priority.USUAL,
        "note": "",
        **changes,
    }
    return Wishes(**fields)


class List:
    """What a test does with the waiting list."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def wait(
        self, patient_id: int | None = None, visit_id: int | None = None, **changes: Any
    ) -> WaitingEntry:
        """Put Alice, or somebody else, on the list."""
        wish = AddEntry(
            patient_id=patient_id or self.desk.alice.id,
            visit_id=visit_id,
            wishes=wishes(self.desk, **changes),
        )
        entry = service.add(self.desk.db, self.desk.actor(), wish)
        self.desk.db.flush()
        return entry

    def tell(self, entry: WaitingEntry, **changes: Any) -> OfferTime:
        fields = {
            "entry_id": entry.id,
            "starts_local": AT_10,
            "practitioner_id": self.desk.physician.id,
            "room_id": self.desk.room.id,
            "way": Way.CALL,
            **changes,
        }
        return OfferTime(**fields)

    def offer(self, entry: WaitingEntry, role: Role = Role.RECEPTIONIST, **changes: Any) -> Offer:
        wish = self.tell(entry, **changes)
        made = offering.offer(self.desk.db, self.desk.actor(role), wish)
        assert not isinstance(made, Refused), made
        self.desk.db.flush()
        return made


@pytest.fixture
def waiting(desk: Desk) -> List:
    return List(desk)
