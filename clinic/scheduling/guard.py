"""Holding people, rooms and devices for a visit, under the guard of the database.

Who books reads under locks what is free and says what is not; the constraints of the tables are
the proof that nothing was overlooked.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic.catalog.values import ResourceKind, Segment
from clinic.core import walltime
from clinic.core.access import Actor
from clinic.core.engine import constraint_of
from clinic.core.errors import Conflict, Invalid
from clinic.core.text import N_
from clinic.scheduling import queries
from clinic.scheduling.models import (
    PATIENT_GUARD,
    RESOURCE_GUARD,
    Appointment,
    Occupancy,
    Resource,
)
from clinic.scheduling.rules import slots
from clinic.scheduling.values import Clash, Holding, Span

NOT_OFFERED = N_("Choose one of the list")
NO_DEVICE = N_("The place has no device in use that this service needs")
TAKEN = N_("%(name)s is taken until %(until)s (%(who)s)")
PATIENT_TAKEN = N_("The patient has another visit from %(from)s to %(until)s (%(who)s)")
ROOM_TAKEN = N_("No room is free: %(name)s is taken until %(until)s (%(who)s)")
DEVICE_TAKEN = N_("No device is free: %(name)s is taken until %(until)s (%(who)s)")
JUST_TAKEN = N_("Somebody has just taken this time")
NO_ROOM = N_("The place has no room in use")
FIELDS = {
    ResourceKind.PRACTITIONER: "practitioner_id",
    ResourceKind.ROOM: "room_id",
    ResourceKind.DEVICE: "service_id",
}
_Role = tuple[ResourceKind, str]
_Taken = Mapping[int, list[tuple[Span, str]]]


class SlotTaken(Conflict):
    """The wished time is not free; `clashes` says what is taken, empty after a photo finish."""

    def __init__(self, clashes: Sequence[Clash] = ()) -> None:
        message, values = words_of(clashes[0]) if clashes else (JUST_TAKEN, {})
        super().__init__(message, **values)
        self.clashes = tuple(clashes)


def words_of(clash: Clash) -> tuple[str, dict[str, str]]:
    """Return the sentence of a clash, marked for translation, and the values for its gaps."""
    unnamed = {"room_id": ROOM_TAKEN, "service_id": DEVICE_TAKEN}
    message = PATIENT_TAKEN if clash.field == "patient_id" else TAKEN
    if not clash.was_named:
        message = unnamed.get(clash.field, message)
    return message, {
        "name": clash.name,
        "who": clash.who,
        "from": clash.from_local.strftime("%H:%M"),
        "until": clash.until_local.strftime("%H:%M"),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What a visit will hold, found free; which room it is, and the names of all that was held."""

    room_id: int
    holdings: tuple[Holding, ...]
    names: dict[int, str]


def find_free(
    db: Session,
    actor: Actor,
    parts: Sequence[Segment],
    span: Span,
    *,
    patient_id: int,
    practitioner_id: int,
    room_id: int | None,
    visit: Appointment | None = None,
) -> Hold:
    """Lock what a visit needs and return what it will hold.

    Devices are chosen here, and the room when none is named: a visit that moves keeps its own
    where it can. Raises Invalid for a resource that
    is not offered here, SlotTaken with everything that is in the way. Three statements.
    """
    room, person = (ResourceKind.ROOM, ""), (ResourceKind.PRACTITIONER, "")
    chosen = {person: practitioner_id} | ({room: room_id} if room_id is not None else {})
    open_roles = ({(part.kind, part.device_type) for part in parts} | {room}) - set(chosen)
    rows = queries.lock_resources(db, actor.location_id, chosen.values(), open_roles)
    for (kind, _type), id_ in chosen.items():
        if id_ not in rows or rows[id_].kind is not kind:
            raise Invalid(NOT_OFFERED, field=FIELDS[kind])
    but = visit.id if visit else None
    taken = queries.held(db, rows, span, but=but)
    own = queries.held_by_patient(db, patient_id, span, but=but)

    usual = visit.room_id if visit else None
    ranked = sorted(rows.values(), key=lambda r: (r.id != usual, r.sort, r.name, r.id))
    named = set(chosen.values())
    for role in sorted(open_roles):
        chosen[role] = _first_free(parts, span, ranked, taken, role)
    holdings = slots.holdings(parts, span.start, chosen)
    clashes = _clashes(holdings, taken, rows, actor.zone, named=named)
    if own:
        clashes.append(
            Clash(
                field="patient_id",
                name="",
                who=own[0][1],
                from_local=walltime.to_local(own[0][0].start, actor.zone),
                until_local=walltime.to_local(own[0][0].end, actor.zone),
            )
        )
    if clashes:
        raise SlotTaken(clashes)
    return Hold(
        room_id=chosen[room],
        holdings=holdings,
        names={id_: row.name for id_, row in rows.items()},
    )


def occupy(db: Session, visit: Appointment, hold: Hold) -> None:
    """Let a visit that exists hold this instead of what it held."""
    with guarded():
        # Old rows go first: a visit that shifts by half an hour must not meet itself.
        db.execute(sa.delete(Occupancy).where(Occupancy.appointment_id == visit.id))
        db.flush()
        _hold(db, visit, hold)


def occupy_new(db: Session, visit: Appointment, hold: Hold) -> None:
    """Add a new visit with what it holds."""
    db.add(visit)
    with guarded():
        db.flush()  # What it holds, the check, the event and the redirect need the id.
        _hold(db, visit, hold)


def _hold(db: Session, visit: Appointment, hold: Hold) -> None:
    """Insert all that a visit holds with one statement."""
    if not hold.holdings:
        return
    db.execute(
        sa.insert(Occupancy),
        [
            {
                "appointment_id": visit.id,
                "resource_id": held.resource_id,
                "seq": held.seq,
                "starts_at": held.span.start,
                "ends_at": held.span.end,
            }
            for held in hold.holdings
        ],
    )


def let_go(db: Session, visit: Appointment) -> None:
    """Free what a visit holds, and the patient's time."""
    visit.occupies = False
    db.execute(
        sa.update(Occupancy)
        .where(Occupancy.appointment_id == visit.id)
        .values(is_active=False)
        .execution_options(synchronize_session=False)
    )


@contextmanager
def guarded() -> Iterator[None]:
    """Turn the refusal of the two guards, and of nothing else, into SlotTaken."""
    try:
        yield
    except IntegrityError as error:
        if constraint_of(error) in {RESOURCE_GUARD, PATIENT_GUARD}:
            raise SlotTaken from error
        raise


def _first_free(
    parts: Sequence[Segment],
    span: Span,
    ranked: Iterable[Resource],
    taken: _Taken,
    role: _Role,
) -> int:
    """Return the first free resource of a kind; when none is, the one that is free first."""
    kind, device_type = role
    mine = [part for part in parts if (part.kind, part.device_type) == role]
    fitting = [
        row
        for row in ranked
        if row.kind is kind and (not device_type or row.device_type == device_type)
    ]
    if not fitting:
        raise Invalid(NO_DEVICE if kind is ResourceKind.DEVICE else NO_ROOM, field=FIELDS[kind])

    def free_from(row: Resource) -> dt.datetime:
        wanted = slots.holdings(mine, span.start, {role: row.id})
        ends = [s.end for s, _who in taken.get(row.id, ()) if _meets(s, wanted)]
        return max(ends, default=span.start)

    return min(fitting, key=free_from).id


def _meets(span: Span, wanted: Iterable[Holding]) -> bool:
    return any(span.overlaps(holding.span) for holding in wanted)


def _clashes(
    holdings: Sequence[Holding],
    taken: _Taken,
    rows: Mapping[int, Resource],
    zone: str,
    *,
    named: Collection[int],
) -> list[Clash]:
    """Return what holds each resource of a wish; one clash a resource, until its last end."""
    found: list[Clash] = []
    for resource_id in dict.fromkeys(holding.resource_id for holding in holdings):
        wanted = [holding for holding in holdings if holding.resource_id == resource_id]
        met = [(span, who) for span, who in taken.get(resource_id, ()) if _meets(span, wanted)]
        if met:
            found.append(
                Clash(
                    field=FIELDS[rows[resource_id].kind],
                    name=rows[resource_id].name,
                    who=met[0][1],
                    from_local=walltime.to_local(met[0][0].start, zone),
                    until_local=walltime.to_local(max(span.end for span, _who in met), zone),
                    was_named=resource_id in named,
                )
            )
    return found
