"""What somebody at the desk types to begin, plan or stop a course, and about a call."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.catalog.values import CoursePattern
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.locations.values import WEEKDAYS
from clinic.scheduling.course_values import (
    CourseCallOutcome,
    LogCourseCall,
    Pick,
    StopCourse,
    Wishes,
)
from clinic.scheduling.forms import FIRST_HOUR, SECOND_HOUR, PickField
from clinic.web.forms import (
    BAD_CHOICE,
    BAD_TIME,
    BaseForm,
    DateField,
    EnumField,
    FormKeyField,
    TextField,
    TimeField,
    VersionField,
    WholeField,
    given,
)
from clinic.web.words import translate

ANYONE = N_("Anyone")
HOUR = N_("Such as 15 or 15:30")
OUTCOME_NAMES: dict[CourseCallOutcome, str] = {
    CourseCallOutcome.BOOKED: N_("Booked"),
    CourseCallOutcome.NO_ANSWER: N_("No answer"),
    CourseCallOutcome.LATER: N_("Ask again later"),
    CourseCallOutcome.STOPPED: N_("Stopped"),
}
LOGGED = {
    outcome: OUTCOME_NAMES[outcome]
    for outcome in (CourseCallOutcome.NO_ANSWER, CourseCallOutcome.LATER)
}
"""What is written down by itself; booking and stopping write themselves down."""
TOLERANCE_AT_MOST = 60
_HOURS = {FIRST_HOUR: False, SECOND_HOUR: True, "": None}
_PICK = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)\|(\d{1,9})\|(\d{0,9})\|(first|second|)", re.ASCII)
_FIRST, _LAST = dt.date(2000, 1, 1), dt.date(2199, 12, 31)


class HourField(TimeField):
    """A wall time of which the hour is enough: 15, 15:30."""

    def parse(self, raw: str) -> dt.time:
        """Read 15, 15:30 or 1530."""
        if re.fullmatch(r"\d{1,2}", raw, re.ASCII):
            if int(raw) > 23:
                raise Invalid(BAD_TIME)
            return dt.time(int(raw))
        return super().parse(raw)


class TicksField(SelectMultipleField):
    """Several of a list, each a tick."""

    widget = ListWidget()
    option_widget = CheckboxInput()

    def offer(self, options: Iterable[tuple[str, str]]) -> None:
        """Set what can be ticked, as (value, shown text)."""
        self.choices = [SelectChoice(value, text) for value, text in options]

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not in the list."""
        del form
        offered: Any = self.choices or ()
        if not set(self.data or ()) <= {choice.value for choice in offered}:
            raise StopValidation(translate(BAD_CHOICE))


def _day_field(label: str) -> DateField:
    return DateField(label, earliest=_FIRST, latest=lambda: _LAST, optional=True)


class WishesForm(BaseForm):
    """When the patient can come and to whom: all that planning asks of a course under way."""

    weekdays = TicksField(N_("Days"), choices=[])
    practitioner_id = PickField(N_("Practitioner"), optional=True)
    earliest = HourField(N_("Not before"), optional=True, description=HOUR)
    latest = HourField(N_("Not after"), optional=True, description=HOUR)
    first_from = _day_field(N_("First session from"))
    first_until = _day_field(N_("First session until"))
    form_key = FormKeyField()

    def __init__(self, formdata: Any = None, **values: Any) -> None:
        super().__init__(formdata, **values)
        self.weekdays.offer((str(n), translate(name)) for n, name in enumerate(WEEKDAYS))

    def offer(self, practitioners: Sequence[tuple[int, str]]) -> None:
        """Set to whom the patient can come."""
        self.practitioner_id.offer(practitioners, blank=translate(ANYONE))

    def wishes(self) -> Wishes:
        """Build what is wished."""
        return Wishes(
            weekdays=frozenset(int(day) for day in self.weekdays.data or ()),
            earliest=self.earliest.data,
            latest=self.latest.data,
            practitioner_id=self.practitioner_id.chosen(),
            first_from=self.first_from.data,
            first_until=self.first_until.data,
        )


class BeginForm(WishesForm):
    """A course that begins: of which service, and how it differs from the service's own."""

    service_id = PickField(N_("Service"))
    sessions_planned = WholeField(N_("Sessions"), least=1, most=60, optional=True)
    interval_days = WholeField(N_("Days between two"), least=1, most=400, optional=True)
    tolerance_days = WholeField(N_("± days"), least=0, most=TOLERANCE_AT_MOST, optional=True)
    booster_days = WholeField(
        N_("Booster after days"),
        least=0,
        most=730,
        optional=True,
        description=N_("0: no booster."),
    )

    def offer_services(self, services: Sequence[tuple[int, str]]) -> None:
        """Set of what a course can be."""
        self.service_id.offer(services)

    def pattern(self, of_service: CoursePattern) -> CoursePattern:
        """Return what the course is: as typed, and where nothing is, as the service says.

        Raises Invalid for days that cannot go together; the least distance is the service's.
        """
        interval = self.interval_days.data or of_service.interval_days
        tolerance = self.tolerance_days.data
        booster = self.booster_days.data
        if tolerance is None:
            tolerance = min(of_service.tolerance_days, interval - 1)
        if interval < of_service.least_days:
            raise Invalid(
                N_("At least %(least)s days, as the service says"),
                field="interval_days",
                least=of_service.least_days,
            )
        if tolerance >= interval:
            raise Invalid(N_("Less than the days between two"), field="tolerance_days")
        if booster and booster < of_service.least_days:
            raise Invalid(
                N_("At least %(least)s days, as the service says"),
                field="booster_days",
                least=of_service.least_days,
            )
        return CoursePattern(
            sessions=self.sessions_planned.data or of_service.sessions,
            interval_days=interval,
            tolerance_days=tolerance,
            least_days=of_service.least_days,
            booster_days=of_service.booster_days if booster is None else booster or None,
        )

    def show(self, pattern: CoursePattern) -> None:
        """Fill in what is empty, so that everybody sees what is planned."""
        for field, value in (
            (self.sessions_planned, pattern.sessions),
            (self.interval_days, pattern.interval_days),
            (self.tolerance_days, pattern.tolerance_days),
            (self.booster_days, pattern.booster_days or 0),
        ):
            if field.data is None and not field.errors:
                field.data, field.raw_data = value, None

    def show_instead(self, pattern: CoursePattern) -> None:
        """Fill in the numbers of this service over those that stood there for another one."""
        for field in (
            self.sessions_planned,
            self.interval_days,
            self.tolerance_days,
            self.booster_days,
        ):
            field.data, field.errors = None, []
        self.show(pattern)


class StopForm(BaseForm):
    """Why a course is stopped, and whether its coming visits are cancelled."""

    version = VersionField()
    seen = TextField(max_length=1500, optional=True)
    reason = TextField(
        N_("Why it is stopped"),
        max_length=200,
        description=N_("Nothing medical: everybody at the desk reads it."),
    )
    cancels = BooleanField(N_("Cancel the coming visits too"))

    def wish(self, course_id: int) -> StopCourse:
        """Build the command."""
        return StopCourse(
            course_id=course_id,
            version=given(self.version.data),
            reason=self.reason.text(),
            cancels=bool(self.cancels.data),
            seen=self.seen.text(),
        )


class CallForm(BaseForm):
    """What came of a call about a course."""

    outcome = EnumField(N_("What came of it"), CourseCallOutcome, LOGGED)
    later_on = _day_field(N_("Ask again on"))
    note = TextField(
        N_("Note"),
        max_length=200,
        optional=True,
        description=N_("Nothing medical: everybody at the desk reads it."),
    )
    best_time = TextField(N_("Best time to call"), max_length=60, optional=True)

    def wish(self, course_id: int) -> LogCourseCall:
        """Build the command; a best time that was not asked for stays as it is."""
        return LogCourseCall(
            course_id=course_id,
            outcome=self.outcome.member(),
            later_on=self.later_on.data,
            note=self.note.text(),
            best_time=self.best_time.text() if self.best_time.raw_data else None,
        )


# ---- the rows of a preview, as the page sends them ----


def written(pick: Pick) -> str:
    """Return a pick as the page keeps it."""
    hour = {None: "", False: FIRST_HOUR, True: SECOND_HOUR}[pick.second_hour]
    local = pick.starts_local.strftime("%Y-%m-%dT%H:%M")
    return f"{local}|{pick.practitioner_id}|{pick.room_id or ''}|{hour}"


def picks(sent: Mapping[str, str], numbers: Sequence[int]) -> list[Pick | None]:
    """Return what was picked for each session, up to the last one that the page showed.

    None where nothing was free, or what came is not ours.
    """
    found = []
    for number in numbers:
        raw = sent.get(f"row-{number}")
        if raw is None:
            break
        found.append(_read(raw, number))
    return found


class OtherForm(BaseForm):
    """Another date and time for one session of a preview."""

    day = _day_field(N_("Date"))
    hour = HourField(N_("Start"), optional=True)

    @classmethod
    def of(cls, sent: Mapping[str, str], number: int) -> "OtherForm":
        """Read what was typed for a session; what cannot be read is left empty."""
        typed = {"day": sent.get(f"date-{number}", ""), "hour": sent.get(f"time-{number}", "")}
        return cls(MultiDict(typed))


def _read(raw: str, number: int) -> Pick | None:
    found = _PICK.fullmatch(raw)
    if found is None:
        return None
    try:
        local = dt.datetime.fromisoformat(found[1])
    except ValueError:
        return None
    if not _FIRST <= local.date() <= _LAST:
        return None
    return Pick(
        number=number,
        starts_local=local,
        practitioner_id=int(found[2]),
        room_id=int(found[3]) if found[3] else None,
        second_hour=_HOURS[found[4]],
    )
