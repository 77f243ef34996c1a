"""Checking open visits again, one or thousands: what changed is kept, the rest is left as it was.

What a check needs is gathered for a thousand visits at once, the pure rules decide, and only what
says something new is written.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from clinic.audit import service as audit
from clinic.catalog.models import Service
from clinic.catalog.values import Modality
from clinic.core import clock
from clinic.core.access import Actor
from clinic.patients import queries as patient_queries
from clinic.patients.models import Patient
from clinic.safety import editions
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety_service
from clinic.safety.models import ScreeningRecord
from clinic.safety.rules.language import Catalogue
from clinic.safety.rules.screening import screen
from clinic.safety.values import Decision, History, Moment, Screening
from clinic.scheduling import queries
from clinic.scheduling.models import Appointment, Course
from clinic.scheduling.rules import checks, promise
from clinic.scheduling.rules.checks import Remembered
from clinic.scheduling.values import AppointmentStatus

DAYS = 14
"""How far ahead the nightly run looks."""
LOOKED_AT = 1000
"""Visits gathered at once: one parameter each, far below what either database takes."""
WRITTEN = 200
"""Visits of one writing unit: patients are held, and SQLite's one writer, for part of a second."""
OPEN = (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)


class OpenVisit(NamedTuple):
    """A visit that is still to come, and what it remembers of its last check."""

    id: int
    patient_id: int
    on: dt.date
    service_id: int
    modality: Modality
    interval_days: int | None
    """Of its course."""
    ingredients: Sequence[str]
    """Of its service."""
    remembered: Remembered


class _Last(NamedTuple):
    """The newest kept check of a visit, without its findings."""

    id: int
    is_checked: bool
    on: dt.date
    decision: Decision
    facts_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Everything that deciding about some visits needs; deciding asks the database nothing."""

    visits: Sequence[OpenVisit]
    histories: dict[int, History]
    consent_version: queries.ConsentVersion
    released: dict[int, frozenset[str]]
    catalogue: Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One visit, what the rules say of it now, and what it should remember."""

    visit: OpenVisit
    screening: Screening
    known: Remembered

    @property
    def is_worse(self) -> bool:
        """Tell whether the visit stands worse than it was remembered."""
        return checks.is_worse(self.visit.remembered.decision, self.known.decision)


@dataclass(slots=True, kw_only=True)
class Summary:
    """What a run did: visits looked at, visits for which something was written, those now worse."""

    checked: int = 0
    changed: int = 0
    worse: list[int] = field(default_factory=list)
    """Ids of visits."""

    @property
    def counts(self) -> dict[str, int]:
        """Return the numbers by name."""
        return {"checked": self.checked, "changed": self.changed, "worse": len(self.worse)}


# ---- which visits ----


_OPEN = (
    sa.select(
        Appointment.id,
        Appointment.patient_id,
        Appointment.starts_local,
        Appointment.service_id,
        Service.modality,
        Course.interval_days,
        Service.ingredients,
        Appointment.decision,
        Appointment.is_released,
        Appointment.clear_on,
    )
    .join(Service, Service.id == Appointment.service_id)
    .outerjoin(Course, Course.id == Appointment.course_id)
    .where(Appointment.status.in_(OPEN))
    .order_by(Appointment.starts_at, Appointment.id)
)


def _open(db: Session, *where: sa.ColumnElement[bool]) -> list[OpenVisit]:
    return [
        OpenVisit(
            row.id,
            row.patient_id,
            row.starts_local.date(),
            row.service_id,
            row.modality,
            row.interval_days,
            row.ingredients,
            Remembered(decision=row.decision, is_released=row.is_released, clear_on=row.clear_on),
        )
        for row in db.execute(_OPEN.where(*where))
    ]


def coming(db: Session, *, days: int = DAYS, location_id: int | None = None) -> list[int]:
    """Return the ids of the open treatments until so many days from now, earliest first.

    Of all places, or of one. Visits of yesterday that nobody has closed are in it; nothing stands
    against a consultation. One statement.
    """
    now = clock.now()
    wanted = (
        sa.select(Appointment.id)
        .join(Service, Service.id == Appointment.service_id)
        .where(
            Appointment.status.in_(OPEN),
            Appointment.starts_at >= now - promise.EARLIEST,
            Appointment.starts_at < now + dt.timedelta(days=days),
            Service.modality.in_([modality for modality in Modality if modality.is_treatment]),
        )
    )
    if location_id is not None:
        wanted = wanted.where(Appointment.location_id == location_id)
    return list(db.scalars(wanted.order_by(Appointment.starts_at, Appointment.id)))


def of_patient(db: Session, patient_id: int) -> list[OpenVisit]:
    """Return a patient's open visits, earliest first; one statement."""
    return _open(
        db,
        Appointment.patient_id == patient_queries.person(patient_id),
        Appointment.starts_at >= clock.now() - promise.EARLIEST,
    )


def of_ids(db: Session, ids: Collection[int]) -> list[OpenVisit]:
    """Return those of the visits that are still open, earliest first; one statement."""
    return _open(db, Appointment.id.in_(ids))


# ---- gathering and deciding ----


def gather(db: Session, visits: Sequence[OpenVisit]) -> Gathered:
    """Read what is known about the patients of visits; five statements for up to a thousand."""
    histories = safety_queries.histories(db, {visit.patient_id for visit in visits})
    return Gathered(
        visits=visits,
        histories=histories,
        consent_version=queries.consent_versions(db),
        released=safety_queries.released_of(db, [visit.id for visit in visits]),
        catalogue=editions.in_force(db),
    )


def decide(gathered: Gathered, catalogue: Catalogue | None = None) -> Iterator[Decided]:
    """Yield what the rules in force say of each visit, or what those of a draft would say."""
    rules = catalogue or gathered.catalogue
    for visit in gathered.visits:
        history = gathered.histories[visit.patient_id]
        plan = queries.plan_of(
            visit.modality,
            history,
            consent_version=gathered.consent_version(visit.modality, visit.service_id, visit.on),
            interval_days=visit.interval_days,
            ingredients=visit.ingredients,
        )
        screening = screen(history, plan, visit.on, rules.rules, edition=rules.edition)
        given = gathered.released.get(visit.id, frozenset())
        yield Decided(visit=visit, screening=screening, known=checks.remembered(screening, given))


def news(db: Session, decided: Sequence[Decided]) -> list[Decided]:
    """Return those checks that say what the visit's newest kept one does not; two statements.

    The findings of a kept check are read only where person, facts, plan or rules have changed.
    """
    ids = [each.visit.id for each in decided]
    last = _last(db, ids)
    doubtful = {each.visit.id for each in decided if not _is_surely_same(each, last)}
    marks = _marks(db, {last[id_].id for id_ in doubtful if id_ in last})
    return [
        each
        for each in decided
        if each.visit.id in doubtful
        and not (
            (kept := last.get(each.visit.id))
            and each.screening.is_checked == kept.is_checked
            and each.screening.on == kept.on
            and checks.marks_of(each.screening) == marks[kept.id]
        )
    ]


def _is_surely_same(each: Decided, last: dict[int, _Last]) -> bool:
    kept, now = last.get(each.visit.id), each.screening
    return (
        kept is not None
        and each.known == each.visit.remembered
        and (kept.is_checked, kept.on, kept.decision, kept.facts_hash)
        == (now.is_checked, now.on, now.decision, now.facts_hash)
    )


def _last(db: Session, appointment_ids: Collection[int]) -> dict[int, _Last]:
    newest = (
        sa.select(sa.func.max(ScreeningRecord.id))
        .where(ScreeningRecord.appointment_id.in_(appointment_ids))
        .group_by(ScreeningRecord.appointment_id)
    )
    rows = db.execute(
        sa.select(
            ScreeningRecord.appointment_id,
            ScreeningRecord.id,
            ScreeningRecord.is_checked,
            ScreeningRecord.on,
            ScreeningRecord.decision,
            ScreeningRecord.facts_hash,
        ).where(ScreeningRecord.id.in_(newest))
    )
    return {row[0]: _Last(*row[1:]) for row in rows if row[0] is not None}


def _marks(db: Session, screening_ids: Collection[int]) -> dict[int, checks.Marks]:
    if not screening_ids:
        return {}
    rows = db.execute(
        sa.select(ScreeningRecord.id, ScreeningRecord.findings).where(
            ScreeningRecord.id.in_(screening_ids)
        )
    )
    return {row.id: checks.marks_of_kept(row.findings) for row in rows}


# ---- writing ----


def again(db: Session, actor: Actor | None, visits: Sequence[OpenVisit]) -> list[Decided]:
    """Check visits, keep what is new, let them remember it; return those that changed.

    Who calls holds the patients' records. The versions of the visits stay: a new fact is no
    change of the visit, and who has its page open may still move it. Seven or eight reading
    statements and at most two writing ones for up to a thousand visits.
    """
    if not visits:
        return []
    decided = list(decide(gather(db, visits)))
    new = news(db, decided)
    safety_service.keep_all(
        db,
        actor,
        [(each.visit.patient_id, each.visit.id, each.screening) for each in new],
        moment=Moment.RECHECK,
    )
    moved = [each for each in decided if each.known != each.visit.remembered]
    remember(db, {each.visit.id: each.known for each in moved})
    touched = {each.visit.id for each in (*new, *moved)}
    return [each for each in decided if each.visit.id in touched]


_REMEMBER = (
    sa.update(Appointment.__table__)  # type: ignore[arg-type]  # a table
    .where(Appointment.__table__.c.id == sa.bindparam("visit"))
    .values(
        decision=sa.bindparam("decision"),
        is_released=sa.bindparam("is_released"),
        clear_on=sa.bindparam("clear_on"),
    )
)


def remember(db: Session, known: dict[int, Remembered]) -> None:
    """Let visits remember what their checks say, past their versions; one statement."""
    if not known:
        return
    values = {
        id_: {"decision": k.decision, "is_released": k.is_released, "clear_on": k.clear_on}
        for id_, k in sorted(known.items())
    }
    db.connection().execute(_REMEMBER, [{"visit": id_, **new} for id_, new in values.items()])
    for id_, new in values.items():
        row = db.identity_map.get(sa.orm.util.identity_key(Appointment, id_))
        if row is not None:  # loaded before: it must not go on saying what was
            for name, value in new.items():
                set_committed_value(row, name, value)


def recheck(db: Session, actor: Actor | None, ids: Collection[int]) -> list[Decided]:
    """Check these visits again under their patients' locks, with one audit line if one changed.

    The patients are held in the order of their ids, as nobody holds two of them otherwise: a
    fact, a start or another machine's run waits, or is waited for and then seen.
    """
    db.execute(
        sa.select(Patient.id)
        .where(Patient.id.in_(sa.select(Appointment.patient_id).where(Appointment.id.in_(ids))))
        .order_by(Patient.id)
        .with_for_update(of=Patient, key_share=True)
    ).all()
    changed = again(db, actor, of_ids(db, ids))
    if changed:
        audit.record(
            db,
            actor,
            "appointment.rechecked",
            "appointment",
            detail={
                "visits": [each.visit.id for each in changed],
                "worse": [each.visit.id for each in changed if each.is_worse],
            },
            name="recheck",
        )
    return changed


# ---- a run ----


def run(
    look: Callable[[], AbstractContextManager[Session]],
    write: Callable[[Sequence[int]], Sequence[Decided]],
    ids: Sequence[int],
    *,
    done: Callable[[int], object] = lambda _count: None,
) -> Summary:
    """Check visits by the thousand; write, in small units, only where something has changed.

    `look` opens a session for reading, `write` calls `recheck` in a writing unit of its own. A run
    that was broken off is simply begun again, and a second one, here or on another machine, finds
    nothing left to write: what the look found is decided anew under the locks. `done` is told how
    many visits more are dealt with.
    """
    summary, waiting = Summary(), iter(ids)
    while part := list(islice(waiting, LOOKED_AT)):
        with look() as db:
            gathered = gather(db, of_ids(db, part))
            decided = list(decide(gathered))
            new = {each.visit.id for each in news(db, decided)}
        stale = [
            each.visit.id
            for each in decided
            if each.visit.id in new or each.known != each.visit.remembered
        ]
        summary.checked += len(decided)
        done(len(part) - len(stale))
        for start in range(0, len(stale), WRITTEN):
            some = stale[start : start + WRITTEN]
            changed = write(some)
            summary.changed += len(changed)
            summary.worse += [each.visit.id for each in changed if each.is_worse]
            done(len(some))
    return summary
