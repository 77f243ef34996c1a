"""What the administrator types about the clinic."""

from typing import Any

from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.locations import holidays
from clinic.locations import rules as location_rules
from clinic.locations.values import WEEKDAYS, ChangeLocation, OpenSpan
from clinic.web.forms import (
    ChoiceField,
    NoteField,
    PhoneField,
    TextField,
    VersionField,
    WholeField,
    given,
)
from clinic.web.password_again import AskingForm
from clinic.web.words import words_of


class HoursField(TextField):
    """The hours of one weekday as text; every mistake is said at the day it is in."""

    def __init__(self, label: str, weekday: int, **kwargs: Any) -> None:
        super().__init__(label, max_length=120, optional=True, **kwargs)
        self.weekday = weekday
        self.spans: tuple[OpenSpan, ...] = ()

    def process_formdata(self, valuelist: Any) -> None:
        """Read the spans."""
        super().process_formdata(valuelist)
        try:
            self.spans = location_rules.spans_of(self.weekday, self.text())
        except Invalid as bad:
            raise ValueError(words_of(bad)) from bad


class WeekForm(AskingForm):
    """The hours of seven weekdays."""

    hours_0 = HoursField(WEEKDAYS[0], 0)
    hours_1 = HoursField(WEEKDAYS[1], 1)
    hours_2 = HoursField(WEEKDAYS[2], 2)
    hours_3 = HoursField(WEEKDAYS[3], 3)
    hours_4 = HoursField(WEEKDAYS[4], 4)
    hours_5 = HoursField(WEEKDAYS[5], 5)
    hours_6 = HoursField(WEEKDAYS[6], 6)

    @property
    def hours_fields(self) -> list[HoursField]:
        """Return the seven days from Monday on."""
        return [field for field in self if isinstance(field, HoursField)]

    def hours(self) -> tuple[OpenSpan, ...]:
        """Return the spans of a validated form, in the order of the week."""
        return tuple(span for field in self.hours_fields for span in field.spans)


class LocationForm(WeekForm):
    """The clinic's settings."""

    version = VersionField()
    name = TextField(N_("Name of the clinic"), max_length=120)
    address = NoteField(N_("Address"), max_length=300, optional=True)
    phone = PhoneField(N_("Phone"), optional=True)
    emergency_phone = PhoneField(
        N_("Emergency phone"),
        optional=True,
        description=N_("Patients call it at any hour; it is printed beside the red flags."),
    )
    zone = ChoiceField(
        N_("Time zone"),
        description=N_("Visits that are booked already keep the zone they were booked in."),
    )
    country = ChoiceField(
        N_("Country"), description=N_("For public holidays and for reading phone numbers")
    )
    subdivision = ChoiceField(N_("Part of the country"), optional=True)
    late_hours = WholeField(
        N_("Late cancellation"),
        least=0,
        most=168,
        description=N_(
            "From so many hours before the visit on, a cancellation that the patient asked for is"
            " counted as late. Being ill never is."
        ),
    )
    wait_limit_min = WholeField(
        N_("Waiting warned of"),
        least=1,
        most=240,
        description=N_("From so many minutes of waiting on, the day board shows them in amber."),
    )

    hold_min = WholeField(
        N_("Offered times are held for"),
        least=5,
        most=240,
        description=N_(
            "So long a free time is held for those on the waiting list it was offered to, never"
            " past its own start."
        ),
    )

    def process(self, formdata: Any = None, *args: Any, **kwargs: Any) -> None:
        """Read phone numbers for the country that stands in the same form."""
        chosen = str(formdata.get("country", "")) if formdata else ""
        if chosen in holidays.countries():
            self.phone.region = self.emergency_phone.region = chosen
        super().process(formdata, *args, **kwargs)

    def command(self, location_id: int) -> ChangeLocation:
        """Build the command."""
        return ChangeLocation(
            location_id=location_id,
            version=given(self.version.data),
            name=self.name.text(),
            zone=str(self.zone.data),
            country=str(self.country.data),
            subdivision=str(self.subdivision.data or ""),
            address=self.address.text(),
            phone=self.phone.data or "",
            emergency_phone=self.emergency_phone.data or "",
            late_hours=given(self.late_hours.data),
            wait_limit_min=given(self.wait_limit_min.data),
            hold_min=given(self.hold_min.data),
            hours=self.hours(),
        )
