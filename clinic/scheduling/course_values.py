"""Planning a course: what is wished, what is picked for each session, what a page shows of it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from clinic.catalog.values import CoursePattern
from clinic.safety.values import ReceptionStatus
from clinic.scheduling.rules import planning
from clinic.scheduling.rules.planning import Level, Said
from clinic.scheduling.values import AppointmentStatus, CourseStatus

MOST_AT_ONCE = 24
"""Sessions planned in one go; more are planned later (design default)."""


class CourseCallOutcome(StrEnum):
    """What came of a call about a course without a coming visit."""

    BOOKED = "booked"
    NO_ANSWER = "no_answer"
    LATER = "later"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """When somebody can come, and to whom; what is left open may be anything."""

    weekdays: frozenset[int] = frozenset()
    """0 is Monday; none: any day."""
    earliest: dt.time | None = None
    latest: dt.time | None = None
    """Latest start."""
    practitioner_id: int | None = None
    first_from: dt.date | None = None
    first_until: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """The time picked for one session."""

    number: int
    starts_local: dt.datetime
    practitioner_id: int
    room_id: int | None = None
    second_hour: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCourse:
    """Book the picked sessions, and move those that have a visit already, all or nothing."""

    patient_id: int
    picks: tuple[Pick, ...]
    form_key: str
    course_id: int | None = None
    """None: a course that begins with this."""
    seen: str = ""
    """Of a course under way: the visits as the page showed them."""
    was_called: bool = False
    """Whether it came of a call about the course: that is noted too."""
    service_id: int | None = None
    pattern: CoursePattern | None = None
    """Both of a course that begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopCourse:
    """Stop a course, seen at `version`, and cancel its coming visits or keep them."""

    course_id: int
    version: int
    reason: str
    cancels: bool
    seen: str
    """The coming visits as the page showed them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCourseCall:
    """What came of a call about a course; booking and stopping are acts of their own."""

    course_id: int
    outcome: CourseCallOutcome
    later_on: dt.date | None = None
    note: str = ""
    best_time: str | None = None
    """None leaves it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session of a course that has a visit."""

    id: int
    version: int
    number: int
    status: AppointmentStatus
    starts_local: dt.datetime
    practitioner_id: int
    practitioner: str
    room_id: int
    is_fixed: bool
    """Begun, done or past: never touched by planning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call about a course."""

    at: dt.datetime
    who: str
    outcome: CourseCallOutcome
    later_on: dt.date | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePage:
    """A course as its page shows it, without anything clinical."""

    id: int
    version: int
    patient_id: int
    service_id: int
    service: str
    status: CourseStatus
    pattern: CoursePattern
    started_on: dt.date
    stop_reason: str
    best_time: str
    sessions: Sequence[Session]
    """By number; cancelled ones and no-shows are not among them."""
    calls: Sequence[Call]
    due_on: dt.date | None
    """When the next session without a visit is due."""

    @property
    def done(self) -> int:
        """Return how many sessions are done."""
        return sum(session.status is AppointmentStatus.DONE for session in self.sessions)

    @property
    def coming(self) -> list[Session]:
        """Return the visits that may still be moved."""
        return [session for session in self.sessions if not session.is_fixed]

    @property
    def open_numbers(self) -> list[int]:
        """Return the numbers to be planned: after the last fixed one, with a visit or without."""
        last = max((s.number for s in self.sessions if s.is_fixed), default=0)
        return list(range(last + 1, self.pattern.total + 1))

    @property
    def without_visit(self) -> list[int]:
        """Return the open numbers that no visit holds."""
        held = {session.number for session in self.sessions}
        return [number for number in self.open_numbers if number not in held]

    @property
    def is_off(self) -> bool:
        """Tell whether a coming visit follows a gap, or stands outside its window."""
        before: Session | None = None
        for session in self.sessions:
            if not session.is_fixed:
                if session.number != (before.number if before else 0) + 1:
                    return True
                if before is not None:
                    window = planning.windows(self.pattern, [session.number])[0]
                    days = (session.starts_local.date() - before.starts_local.date()).days
                    if planning.off_distance(window, days)[0] is not Level.GREEN:
                        return True
            before = session
        return False

    @property
    def seen(self) -> str:
        """Return what tells whether a coming visit has changed since."""
        return ",".join(f"{session.id}:{session.version}" for session in self.coming)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One session of a preview."""

    number: int
    day: dt.date
    pick: Pick | None
    """None: no free time is in its window."""
    practitioner: str
    room: str
    level: Level
    said: tuple[Said, ...]
    status: ReceptionStatus | None
    """The one word of the check for that day that everybody may see."""
    was: dt.datetime | None
    """When its visit is now, if it has one."""

    @property
    def is_kept(self) -> bool:
        """Tell whether it is a visit that stays where it is."""
        return self.pick is not None and self.was == self.pick.starts_local


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What confirming would do, session by session."""

    rows: Sequence[Row]

    @property
    def booked(self) -> int:
        """Return how many visits would be booked."""
        return sum(row.was is None for row in self.rows)

    @property
    def moved(self) -> int:
        """Return how many visits would be moved."""
        return sum(row.was is not None and not row.is_kept for row in self.rows)

    @property
    def is_good(self) -> bool:
        """Tell whether it can be confirmed."""
        return (
            bool(self.rows)
            and self.booked + self.moved > 0
            and all(row.level is not Level.RED for row in self.rows)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseCard:
    """A patient's open course: which service, and which session comes next."""

    id: int
    service_id: int
    next_number: int
    sessions_planned: int
    interval_days: int
