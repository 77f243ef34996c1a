"""Who of the demo's patients is written to, and what became of it: some SMS are refused."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.core.access import Actor
from clinic.locations.models import Location
from clinic.messages import rules as message_rules
from clinic.messages import sending, service
from clinic.messages.models import MessageSettings
from clinic.messages.values import Handed, Letter, Outcome, SetContact, SmsWay
from clinic.patients.values import Channel

EVERY = 2
"""Every second patient agreed to SMS."""
_SAID = {
    3: Handed(outcome=Outcome.REFUSED, reason="550 No such number"),
    5: Handed(outcome=Outcome.UNKNOWN, reason="The SMS provider broke off."),
}


def agree(db: Session, actor: Actor, patient_id: int, phone: str) -> None:
    """Let every second patient who has a phone agree to SMS."""
    if phone and patient_id % EVERY == 0:
        wish = SetContact(patient_id=patient_id, version=0, channel=Channel.SMS, agreed=True)
        service.set_contact(db, actor, wish)


def to(db: Session, location: Location) -> None:
    """Let the clinic send SMS into its file, and what is owed for now leave."""
    db.add(
        MessageSettings(
            location_id=location.id,
            sms_way=SmsWay.FILE,
            sms_sender="Anagen",
            quiet_from=dt.time(),  # No quiet hours: the demo may be laid at night.
            quiet_until=dt.time(),
        )
    )
    db.flush()  # The sender reads the settings.
    count = 0

    def carry(_letter: Letter) -> Handed:
        nonlocal count
        count += 1
        return _SAID.get(count, Handed(outcome=Outcome.TAKEN))

    @contextmanager
    def unit() -> Iterator[Session]:
        with db.begin_nested():
            yield db

    # What was booked this moment waits for two minutes, which nobody wants to watch.
    with clock.pretend(clock.now() + message_rules.SETTLE):
        sending.run(unit, unit, location, {Channel.SMS: carry}, Path())
