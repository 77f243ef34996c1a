"""The coming visits that cannot go ahead as they stand: for the physicians, and for the desk.

What became worse is read off the checks that were kept; nothing is noted that could go stale.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.catalog.models import Service
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.patients.models import Patient
from clinic.patients.values import full_name
from clinic.safety import queries as safety_queries
from clinic.safety.models import Release, ScreeningRecord
from clinic.safety.rules.redaction import for_reception
from clinic.safety.values import Decision
from clinic.scheduling import queries, recheck
from clinic.scheduling.models import Appointment, Resource
from clinic.scheduling.rules import settling
from clinic.scheduling.rules.settling import Cause, Event, Turn
from clinic.scheduling.values import AppointmentStatus

MOST = 200
"""Visits on one page, the riskiest first; the rest is counted."""
_SINCE = dt.timedelta(hours=12)
"""Somebody who has arrived this morning is still to be settled."""


class Whose(StrEnum):
    """Whose visits are listed."""

    ALL = "all"
    MINE = "mine"


class Until(StrEnum):
    """How far ahead is listed."""

    TODAY = "today"
    FORTNIGHT = "fortnight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """How a visit became worse: what it was before, since when, through which facts."""

    before: Decision | None
    at: dt.datetime
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """One coming visit that somebody has to settle, as clinicians may see it."""

    id: int
    patient_id: int
    name: str
    born: dt.date | None
    file_number: str
    phone: str
    service: str
    practitioner: str
    starts_local: dt.datetime
    decision: Decision
    reasons: tuple[str, ...]
    """Names of findings, marked for translation."""
    rebook_from: dt.date | None
    became: Became | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The list, the riskiest first, and how many there are of each risk."""

    visits: Sequence[Unsettled]
    counts: Mapping[Decision, int]
    worse: int
    for_the_day: int
    """Visits left out because only questions of the day itself are open."""

    @property
    def left_out(self) -> int:
        """Return how many visits were too many for one page."""
        return sum(self.counts.values()) - len(self.visits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many visits wait for a physician, and whether one of them became worse."""

    count: int
    has_worse: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToCall:
    """One visit that the desk moves: nothing of why, and the first day that may be named."""

    id: int
    name: str
    born: dt.date | None
    file_number: str
    phone: str
    service: str
    practitioner: str
    starts_local: dt.datetime
    possible_from: dt.date


_Practitioner = aliased(Resource)
_RISK = sa.case({d: n for n, d in enumerate(settling.RISKS)}, value=Appointment.decision)
_COMING = (
    Appointment.location_id == sa.bindparam("location"),
    Appointment.starts_at >= sa.bindparam("since", type_=Appointment.starts_at.type),
    Appointment.starts_at < sa.bindparam("until", type_=Appointment.starts_at.type),
    Appointment.status.in_(recheck.OPEN),
)
_LINES = (
    sa.select(
        Appointment.id,
        Appointment.patient_id,
        Appointment.starts_local,
        Appointment.status,
        Appointment.decision,
        Patient.given_name,
        Patient.family_name,
        Patient.birth_date,
        Patient.file_number,
        Patient.phone,
        Service.name.label("service"),
        _Practitioner.name.label("practitioner"),
    )
    .join(Patient, Patient.id == Appointment.patient_id)
    .join(Service, Service.id == Appointment.service_id)
    .join(_Practitioner, _Practitioner.id == Appointment.practitioner_id)
    .where(*_COMING, Appointment.decision.in_(settling.RISKS))
    .order_by(_RISK, Appointment.starts_at, Appointment.id)
)


def unsettled(
    db: Session, actor: Actor, *, whose: Whose = Whose.ALL, until: Until = Until.FORTNIGHT
) -> Page:
    """Return the visits that somebody has to settle, by risk and time; four statements."""
    wanted = _LINES
    if whose is Whose.MINE:
        wanted = wanted.where(_Practitioner.account_id == actor.id)
    rows = db.execute(wanted, _bounds(actor, until)).all()
    counts = dict.fromkeys(settling.RISKS, 0)
    for row in rows:
        counts[row.decision] += 1
    shown = rows[:MOST]
    ids = [row.id for row in shown]
    pasts = _pasts(db.execute(_EVENTS_OF, {"ids": ids}))
    newest = {id_: past.newest or 0 for id_, past in pasts.items()}
    turns = {id_: turn for id_, past in pasts.items() if (turn := past.turn)}
    compared = {id_ for t in turns.values() for id_ in (t.screening_id, t.screening_id_before)}
    records = _records(db, compared | set(newest.values()))
    released = safety_queries.released_of(db, ids)
    validity = {group.code: group.validity_days for group in safety_queries.rules().groups}
    today = clock.today(actor.zone)
    visits = []
    for row in shown:
        record = records.get(newest[row.id])
        given = released.get(row.id, frozenset())
        ahead = (row.starts_local.date() - today).days
        if (
            row.decision is Decision.ASK
            and record is not None
            and settling.is_for_the_day(record.findings, given, validity, ahead)
        ):
            counts[Decision.ASK] -= 1
        else:
            visits.append(_line(row, record, given, _became(turns.get(row.id), records)))
    return Page(
        visits=visits,
        counts=counts,
        worse=sum(visit.became is not None for visit in visits),
        for_the_day=len(shown) - len(visits),
    )


def tally(db: Session, actor: Actor) -> Tally:
    """Count what waits for a physician in the next two weeks; one statement."""
    pasts = _pasts(db.execute(_EVENTS_COMING, _bounds(actor, Until.FORTNIGHT)))
    return Tally(count=len(pasts), has_worse=any(past.turn for past in pasts.values()))


def to_call(db: Session, actor: Actor) -> list[ToCall]:
    """Return the visits of two weeks that the desk may move to a day it may name, soonest first.

    Three statements. Nothing of the reason is in it; those that a physician calls are not.
    """
    rows = db.execute(
        _LINES.where(
            Appointment.decision == Decision.DEFER, Appointment.status == AppointmentStatus.BOOKED
        ),
        _bounds(actor, Until.FORTNIGHT),
    ).all()
    kept = queries.latest_checks(db, [row.id for row in rows]) if rows else {}
    released = safety_queries.released_of(db, kept) if kept else {}
    found = []
    for row in rows:
        record = kept.get(row.id)
        said = for_reception(
            safety_queries.screening_of(record) if record else None, released.get(row.id, ())
        )
        if said.earliest_on is not None and said.earliest_on > row.starts_local.date():
            found.append(
                ToCall(
                    id=row.id,
                    name=full_name(row.given_name, row.family_name),
                    born=row.birth_date,
                    file_number=row.file_number,
                    phone=row.phone,
                    service=row.service,
                    practitioner=row.practitioner,
                    starts_local=row.starts_local,
                    possible_from=said.earliest_on,
                )
            )
    return sorted(found, key=lambda call: call.starts_local)


# ---- what was kept ----


@dataclass(slots=True, kw_only=True)
class _Past:
    """What happened to the check of one visit, for the day for which it is booked."""

    on: dt.date
    events: list[Event]

    @property
    def newest(self) -> int | None:
        """Return the id of the newest check of that day, else of any."""
        mine = [e.screening_id for e in self.events if e.screening_id and e.on == self.on]
        return max(mine or [e.screening_id or 0 for e in self.events], default=0) or None

    @property
    def turn(self) -> Turn | None:
        """Return how the visit became worse, if it did."""
        return settling.turn_of(self.events, self.on)


_TYPED = ScreeningRecord.__table__.c


def _checks(*where: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """Select the kept checks of visits; a visit without any gives one empty row."""
    return (
        sa.select(
            Appointment.id,
            Appointment.starts_local,
            ScreeningRecord.at,
            ScreeningRecord.id.label("screening_id"),
            ScreeningRecord.moment,
            ScreeningRecord.on,
            ScreeningRecord.decision,
            ScreeningRecord.is_checked,
        )
        .outerjoin(ScreeningRecord, ScreeningRecord.appointment_id == Appointment.id)
        .where(*where)
    )


def _releases(*where: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """Select the releases for visits, in the columns of their checks."""
    none = sa.null()
    return (
        sa.select(
            Appointment.id,
            Appointment.starts_local,
            Release.at,
            sa.cast(none, _TYPED.id.type).label("screening_id"),
            sa.cast(none, sa.String).label("moment"),
            sa.cast(none, _TYPED.on.type).label("on"),
            sa.cast(none, sa.String).label("decision"),
            sa.cast(none, _TYPED.is_checked.type).label("is_checked"),
        )
        .join(Release, Release.appointment_id == Appointment.id)
        .where(*where)
    )


def _with_releases(*where: sa.ColumnElement[bool]) -> sa.CompoundSelect[Any]:
    return sa.union_all(_checks(*where), _releases(*where))


_EVENTS_OF = _with_releases(Appointment.id.in_(sa.bindparam("ids", expanding=True)))
_EVENTS_COMING = _with_releases(*_COMING, Appointment.decision.in_(settling.TO_DECIDE))


def _pasts(rows: Iterable[Any]) -> dict[int, _Past]:
    found: dict[int, _Past] = {}
    for id_, starts_local, at, screening_id, moment, on, decision, is_checked in rows:
        past = found.setdefault(id_, _Past(on=starts_local.date(), events=[]))
        if at is not None:
            said = decision if is_checked else None
            past.events.append(Event(at, screening_id, moment, on, said))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    bookable_from: dt.date | None
    findings: Sequence[Any]
    facts: Sequence[Any]


def _records(db: Session, ids: Collection[int]) -> dict[int, _Record]:
    rows = db.execute(
        sa.select(
            ScreeningRecord.id,
            ScreeningRecord.bookable_from,
            ScreeningRecord.findings,
            ScreeningRecord.facts,
        ).where(ScreeningRecord.id.in_(ids))
    )
    return {
        row.id: _Record(bookable_from=row.bookable_from, findings=row.findings, facts=row.facts)
        for row in rows
    }


def _became(turn: Turn | None, records: Mapping[int, _Record]) -> Became | None:
    if turn is None:
        return None
    before, now = records[turn.screening_id_before], records[turn.screening_id]
    return Became(
        before=turn.before,
        at=turn.at,
        causes=settling.causes(before.facts, now.facts, now.findings),
    )


def _line(
    row: Any, record: _Record | None, released: Collection[str], became: Became | None
) -> Unsettled:
    day = row.starts_local.date()
    later = record.bookable_from if record and row.decision is Decision.DEFER else None
    can_move = row.status is AppointmentStatus.BOOKED
    return Unsettled(
        id=row.id,
        patient_id=row.patient_id,
        name=full_name(row.given_name, row.family_name),
        born=row.birth_date,
        file_number=row.file_number,
        phone=row.phone,
        service=row.service,
        practitioner=row.practitioner,
        starts_local=row.starts_local,
        decision=row.decision,
        reasons=settling.reasons(record.findings, released, row.decision) if record else (),
        rebook_from=later if later is not None and can_move and later > day else None,
        became=became,
    )


def _bounds(actor: Actor, until: Until) -> dict[str, object]:
    now = clock.now()
    end = now + dt.timedelta(days=recheck.DAYS)
    if until is Until.TODAY:
        end = walltime.day_bounds(clock.today(actor.zone), actor.zone)[1]
    return {"location": actor.location_id, "since": now - _SINCE, "until": end}
