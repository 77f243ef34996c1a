"""What the desk types about somebody who waits, and about a free time."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from wtforms import SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.core.text import N_
from clinic.locations.values import WEEKDAYS
from clinic.scheduling.forms import FIRST_HOUR, SECOND_HOUR, PickField
from clinic.scheduling.rules.asking import PART_NAMES, PartOfDay
from clinic.waiting.rules import wishes
from clinic.waiting.values import (
    NOTICES,
    PRIORITY_NAMES,
    AddEntry,
    ChangeEntry,
    FreedTime,
    OfferTime,
    Priority,
    Way,
    Wishes,
)
from clinic.web.forms import (
    BaseForm,
    ChoiceField,
    DateField,
    EnumField,
    IdField,
    TextField,
    TimeField,
    VersionField,
    WholeField,
    given,
)
from clinic.web.words import translate

ANYONE = N_("Anyone")
HOURS, AT_ONCE = N_("%(hours)s hours"), N_("Comes at once")
LATEST = dt.date(2199, 12, 31)
EARLIEST = dt.date(2000, 1, 1)
_HOURS = {None: "", False: FIRST_HOUR, True: SECOND_HOUR}


class DaysField(SelectMultipleField):
    """Any of the seven weekdays, as ticks; none at all means every day."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str = "", **kwargs: Any) -> None:
        choices = [SelectChoice(str(day), translate(name)) for day, name in enumerate(WEEKDAYS)]
        super().__init__(label, choices=choices, validate_choice=False, **kwargs)

    def bits(self) -> int:
        """Return the ticked days as bits."""
        return wishes.bits_of(day for day in range(7) if str(day) in (self.data or ()))


class WishesForm(BaseForm):
    """What somebody waits for, and when they can come."""

    service_id = PickField(N_("Service"))
    practitioner_id = PickField(N_("Practitioner"), optional=True)
    days = DaysField(N_("Weekdays"), description=N_("None ticked: any day."))
    part_of_day = EnumField(N_("Time of day"), PartOfDay, PART_NAMES)
    from_on = DateField(N_("From"), earliest=EARLIEST, latest=lambda: LATEST)
    until_on = DateField(
        N_("Waits until"),
        earliest=EARLIEST,
        latest=lambda: LATEST,
        description=N_("After this day the patient is taken off the list by itself."),
    )
    notice_hours = ChoiceField(N_("Needs to know beforehand"))
    priority = EnumField(N_("Whom to ask first"), Priority, PRIORITY_NAMES)
    note = TextField(
        N_("Note for the desk"),
        max_length=300,
        optional=True,
        description=N_("Nothing medical: everybody at the desk reads it."),
    )

    def __init__(self, formdata: Any = None, **values: Any) -> None:
        super().__init__(formdata, **values)
        self.notice_hours.offer(
            (hours, translate(HOURS if hours else AT_ONCE, hours=hours)) for hours in NOTICES
        )

    def offer(self, services: Sequence[tuple[int, str]], people: Sequence[tuple[int, str]]) -> None:
        """Set what can be chosen."""
        self.service_id.offer(services, blank=translate(N_("Choose")))
        self.practitioner_id.offer(people, blank=translate(ANYONE))

    def wishes(self) -> Wishes:
        """Build what is wished for, of a validated form."""
        return Wishes(
            service_id=given(self.service_id.chosen()),
            practitioner_id=self.practitioner_id.chosen(),
            weekdays=self.days.bits(),
            part_of_day=self.part_of_day.member(),
            from_on=given(self.from_on.data),
            until_on=given(self.until_on.data),
            notice_hours=int(str(self.notice_hours.data)),
            priority=self.priority.member(),
            note=self.note.text(),
        )


class AddForm(WishesForm):
    """Put a patient on the list."""

    patient_id = IdField()
    visit_id = IdField(optional=True)
    """The later visit that would be given up."""

    def wish(self) -> AddEntry:
        """Build the command of a validated form."""
        return AddEntry(
            patient_id=given(self.patient_id.data),
            visit_id=self.visit_id.data,
            wishes=self.wishes(),
        )


class ChangeForm(WishesForm):
    """Change what somebody wishes."""

    version = VersionField()

    def wish(self, entry_id: int) -> ChangeEntry:
        """Build the command of a validated form."""
        return ChangeEntry(
            entry_id=entry_id, version=given(self.version.data), wishes=self.wishes()
        )


class RemoveForm(BaseForm):
    """Take somebody off the list."""

    version = VersionField()


class ParkForm(BaseForm):
    """Put a visit on the shelf, or take it off."""

    appointment_id = IdField()
    version = VersionField()


class FreedForm(BaseForm):
    """A time that became free: when, how long, with whom."""

    NAMES = ("date", "start", "minutes", "practitioner_id")
    date = DateField(N_("Date"), earliest=EARLIEST, latest=lambda: LATEST)
    start = TimeField(N_("Start"))
    minutes = WholeField(N_("Minutes"), least=5, most=480)
    practitioner_id = PickField(N_("Practitioner"))

    def offer(self, people: Sequence[tuple[int, str]]) -> None:
        """Set who can be chosen."""
        self.practitioner_id.offer(people, blank=translate(N_("Choose")))

    def freed(self) -> FreedTime:
        """Return the time of a validated form."""
        return FreedTime(
            starts_local=dt.datetime.combine(given(self.date.data), given(self.start.data)),
            minutes=given(self.minutes.data),
            practitioner_id=given(self.practitioner_id.chosen()),
        )


class OfferForm(BaseForm):
    """Tell somebody who waits of a time: the button says how."""

    date = DateField(N_("Date"), earliest=EARLIEST, latest=lambda: LATEST)
    start = TimeField(N_("Start"))
    second_hour = ChoiceField(optional=True)
    practitioner_id = IdField()
    room_id = IdField()
    way = ChoiceField()

    def __init__(self, formdata: Any = None, **values: Any) -> None:
        super().__init__(formdata, **values)
        self.second_hour.offer(((key, key) for key in (FIRST_HOUR, SECOND_HOUR)), blank="")
        self.way.offer((way.value, way.value) for way in Way)

    def wish(self, entry_id: int) -> OfferTime:
        """Build the command of a validated form."""
        hours = {key: value for value, key in _HOURS.items()}
        return OfferTime(
            entry_id=entry_id,
            starts_local=dt.datetime.combine(given(self.date.data), given(self.start.data)),
            second_hour=hours[str(self.second_hour.data or "")],
            practitioner_id=given(self.practitioner_id.data),
            room_id=given(self.room_id.data),
            way=Way(str(self.way.data)),
        )
