"""What is asked about the next opening."""

import datetime as dt
from typing import Any

from wtforms import SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.core.text import N_
from clinic.locations.values import WEEKDAYS
from clinic.scheduling.forms import PickField
from clinic.scheduling.rules.asking import PART_NAMES, Ask, PartOfDay
from clinic.web.forms import BaseForm, DateField, EnumField, IdField, TimeField
from clinic.web.words import translate


class WeekdaysField(SelectMultipleField):
    """Any of the seven days, as ticks; none of them means all."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str = "", **kwargs: Any) -> None:
        days = [SelectChoice(str(day), translate(name)) for day, name in enumerate(WEEKDAYS)]
        super().__init__(label, choices=days, **kwargs)

    def pre_validate(self, form: Any) -> None:
        """Ignore what is no weekday: only this application writes these boxes."""
        del form
        self.data = [day for day in self.data or () if day in {str(n) for n in range(7)}]

    def chosen(self) -> frozenset[int]:
        """Return the weekdays, 0 is Monday."""
        return frozenset(int(day) for day in self.data or ())


class PartField(EnumField):
    """One of the parts of a day, all in sight."""

    def __init__(self, label: str = "", **kwargs: Any) -> None:
        super().__init__(label, PartOfDay, PART_NAMES, **kwargs)


class FindForm(BaseForm):
    """Which opening is looked for; sent by the address, so that it can be sent to somebody."""

    patient_id = IdField(optional=True)
    appointment_id = IdField(optional=True)
    service_id = PickField(N_("Service"))
    practitioner_id = PickField(N_("Practitioner"), optional=True)
    part = PartField(N_("Part of the day"), default=PartOfDay.ANY.value, optional=True)
    after = TimeField(N_("Not before"), optional=True)
    weekdays = WeekdaysField(N_("Weekdays"), description=N_("None ticked: any day."))
    since = DateField(N_("From"), optional=True)
    until = DateField(N_("To"), optional=True, description=N_("Left empty: the next three months."))

    def __init__(self, formdata: Any = None, **given: Any) -> None:
        super().__init__(formdata, **given)
        self.is_sent = bool(formdata) and "service_id" in formdata

    def ask(self, *, today: dt.date, ahead: dt.timedelta) -> Ask:
        """Build what is asked for."""
        since = self.since.data or today
        return Ask(
            since=since,
            until=self.until.data or since + min(ahead, dt.date.max - since),
            weekdays=self.weekdays.chosen(),
            part=self.part.member() or PartOfDay.ANY,
            after=self.after.data,
        )
