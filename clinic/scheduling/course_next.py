"""The next session of a course at check-out: a free time inside its window, one press away."""

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session as Db

from clinic.core.access import Actor
from clinic.scheduling import course_judging, course_planning
from clinic.scheduling.course_values import CoursePage, Pick, Wishes
from clinic.scheduling.forms import FIRST_HOUR, SECOND_HOUR
from clinic.scheduling.rules.planning import Level
from clinic.scheduling.values import CourseStatus

OFFERED = 3
_KEY_BYTES = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A free time for the next session, and what its button sends to booking."""

    pick: Pick
    practitioner: str
    sent: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSession:
    """The next session of a course: when it is due, and the times offered, the best first."""

    number: int
    due_on: dt.date
    offers: Sequence[Offer]


def session(db: Db, actor: Actor, course: CoursePage) -> NextSession | None:
    """Return what the next session could be; None when it has a visit, or there is none.

    With whom the last one was, where that is free; only what could be booked at once. The same
    statements as planning.
    """
    if course.status is not CourseStatus.ACTIVE or course.due_on is None:
        return None
    if course.open_numbers[:1] != course.without_visit[:1]:
        return None
    wishes = Wishes(practitioner_id=course.sessions[-1].practitioner_id)
    ground = course_planning.ground_of(db, actor, course, wishes, most=1)
    pick = course_planning.propose(ground)[0]
    found: list[Offer] = []
    while pick is not None and len(found) < OFFERED:
        row = course_judging.preview(ground, [pick]).rows[0]
        if row.level is not Level.RED:
            found.append(Offer(pick=pick, practitioner=row.practitioner, sent=_sent(course, pick)))
        later = course_planning.stepped(ground, [pick], 0, by=1)
        pick = later if later != pick else None
        if row.level is Level.RED and not found:
            break
    return NextSession(number=course.open_numbers[0], due_on=course.due_on, offers=found)


def _sent(course: CoursePage, pick: Pick) -> dict[str, object]:
    hour = {None: "", False: FIRST_HOUR, True: SECOND_HOUR}[pick.second_hour]
    return {
        "patient_id": course.patient_id,
        "service_id": course.service_id,
        "date": pick.starts_local.date().isoformat(),
        "start": pick.starts_local.strftime("%H:%M"),
        "practitioner_id": pick.practitioner_id,
        "room_id": pick.room_id or "",
        "second_hour": hour,
        "form_key": secrets.token_urlsafe(_KEY_BYTES),
    }
