"""What is asked about hours: of a week, of a single day, of days of the place."""

import datetime as dt
from typing import Any

from wtforms import SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.core.text import N_
from clinic.locations.forms import HoursField, WeekForm
from clinic.scheduling.closing import KeepOwnDay, KeepPlaceDays, KeepWeek
from clinic.web.forms import BaseForm, DateField, TextField, VersionField, given

HINT = N_("For example 08:00–12:00, 13:00–18:00. The gap is the break.")


def _latest() -> dt.date:
    return dt.date(2199, 12, 31)


class TicksField(SelectMultipleField):
    """Any of a list, as ticks."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class DayHoursField(HoursField):
    """The hours of a date, whichever weekday it is."""

    def __init__(self, label: str = "", **kwargs: Any) -> None:
        super().__init__(label, 0, description=HINT, **kwargs)

    def times(self) -> tuple[tuple[dt.time, dt.time], ...]:
        """Return the spans of a validated field; empty is closed."""
        return tuple((span.opens, span.closes) for span in self.spans)


class OwnWeekForm(WeekForm):
    """The weekly hours of a resource."""

    version = VersionField()

    def wish(self, resource_id: int) -> KeepWeek:
        """Build the command of a validated form."""
        return KeepWeek(
            resource_id=resource_id, version=given(self.version.data), hours=self.hours()
        )


class OwnDayForm(BaseForm):
    """One date with other hours."""

    day = DateField(N_("Date"), latest=_latest)
    times = DayHoursField(N_("Hours on that day"))

    def wish(self, resource_id: int) -> KeepOwnDay:
        """Build the command of a validated form."""
        return KeepOwnDay(
            resource_id=resource_id, day=given(self.day.data), times=self.times.times()
        )


class PlaceDaysForm(BaseForm):
    """Days on which the clinic has other hours, or none."""

    name = TextField(N_("What is it?"), max_length=120, description=N_("Company holiday, open day"))
    first = DateField(N_("First day"), latest=_latest)
    last = DateField(N_("Last day"), latest=_latest, optional=True)
    times = DayHoursField(N_("Hours on these days"))

    def wish(self) -> KeepPlaceDays:
        """Build the command of a validated form."""
        first = given(self.first.data)
        return KeepPlaceDays(
            first=first,
            last=self.last.data or first,
            name=self.name.text(),
            times=self.times.times(),
        )


class HolidaysForm(BaseForm):
    """Which of the public holidays the clinic is closed on."""

    days = TicksField(N_("Public holidays"))

    def offer(self, days: list[tuple[dt.date, str]]) -> None:
        """Set what can be ticked, as (day, shown text)."""
        self.days.choices = [SelectChoice(day.isoformat(), text) for day, text in days]

    def chosen(self) -> list[dt.date]:
        """Return the days that were ticked."""
        return [dt.date.fromisoformat(day) for day in self.days.data or ()]
