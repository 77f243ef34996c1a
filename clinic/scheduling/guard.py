"""Holding people, rooms and devices for a visit, under the guard of the database.

Who books reads under locks what is free and says what is not; the constraints of the tables are
the proof that nothing was overlooked.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

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
from clinic.scheduling.values import (
    FIRST_LANE,
    OVERBOOK_LANES,
    OVERBOOKABLE,
    Clash,
    Held,
    Holding,
    Span,
)

NOT_OFFERED = N_("Choose one of the list")
NO_NURSE = N_("The place has no nurse in use, and this service needs one")
NO_DEVICE = N_("The place has no device in use that this service needs")
TAKEN = N_("%(name)s is taken until %(until)s (%(who)s)")
PATIENT_TAKEN = N_("The patient has another visit from %(from)s to %(until)s (%(who)s)")
ROOM_TAKEN = N_("No room is free: %(name)s is taken until %(until)s (%(who)s)")
NURSE_TAKEN = N_("No nurse is free: %(name)s is taken until %(until)s (%(who)s)")
DEVICE_TAKEN = N_("No device is free: %(name)s is taken until %(until)s (%(who)s)")
JUST_TAKEN = N_("Somebody has just taken this time")
NO_ROOM = N_("The place has no room in use")
FIELDS = {
    ResourceKind.PRACTITIONER: "practitioner_id",
    ResourceKind.NURSE: "service_id",
    ResourceKind.ROOM: "room_id",
    ResourceKind.DEVICE: "service_id",
}
_NONE_FREE = {
    ResourceKind.NURSE: NURSE_TAKEN,
    ResourceKind.ROOM: ROOM_TAKEN,
    ResourceKind.DEVICE: DEVICE_TAKEN,
}
_NONE_HERE = {
    ResourceKind.NURSE: NO_NURSE,
    ResourceKind.ROOM: NO_ROOM,
    ResourceKind.DEVICE: NO_DEVICE,
}
_Role = tuple[ResourceKind, str]
_Taken = Mapping[int, list[Held]]


class SlotTaken(Conflict):
    """The wished time is not free; `clashes` says what is taken, empty after a photo finish."""

    def __init__(self, clashes: Sequence[Clash] = ()) -> None:
        message, values = words_of(clashes[0]) if clashes else (JUST_TAKEN, {})
        super().__init__(message, **values)
        self.clashes = tuple(clashes)

    @property
    def can_be_overbooked(self) -> bool:
        """Tell whether only people and rooms are in the way."""
        return bool(self.clashes) and all(clash.can_be_overbooked for clash in self.clashes)


def words_of(clash: Clash) -> tuple[str, dict[str, str]]:
    """Return the sentence of a clash, marked for translation, and the values for its gaps."""
    message = PATIENT_TAKEN if clash.kind is None else TAKEN
    if clash.kind is not None and not clash.was_named:
        message = _NONE_FREE.get(clash.kind, message)
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
    lanes: dict[int, int] = field(default_factory=dict)
    """Of what is held beside what is booked: {resource: lane}; empty when all of it is free."""

    @property
    def is_overbooked(self) -> bool:
        """Tell whether something of it is held beside what is booked."""
        return bool(self.lanes)


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
    overbook_reason: str = "",
) -> Hold:
    """Lock what a visit needs and return what it will hold.

    Nurses and devices are chosen here, and the room when none is named: a visit that moves keeps
    its own where it can. With a reason to overbook, people and rooms that are taken are held in a
    lane beside, where one of theirs is free. Raises Invalid for a resource that
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
    lanes = _lanes_beside(holdings, taken, rows) if overbook_reason else {}
    clashes = _clashes(
        [holding for holding in holdings if holding.resource_id not in lanes],
        taken,
        rows,
        actor.zone,
        named=named,
    )
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
        lanes=lanes,
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
                "lane": hold.lanes.get(held.resource_id, FIRST_LANE),
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
        raise Invalid(_NONE_HERE[kind], field=FIELDS[kind])

    def free_from(row: Resource) -> dt.datetime:
        wanted = slots.holdings(mine, span.start, {role: row.id})
        ends = [held.span.end for held in taken.get(row.id, ()) if _meets(held.span, wanted)]
        return max(ends, default=span.start)

    return min(fitting, key=free_from).id


def _meets(span: Span, wanted: Iterable[Holding]) -> bool:
    return any(span.overlaps(holding.span) for holding in wanted)


def _lanes_beside(
    holdings: Sequence[Holding], taken: _Taken, rows: Mapping[int, Resource]
) -> dict[int, int]:
    """Return {resource: lane} of people and rooms that are taken and have a lane free beside."""
    found: dict[int, int] = {}
    for resource_id in dict.fromkeys(holding.resource_id for holding in holdings):
        wanted = [holding for holding in holdings if holding.resource_id == resource_id]
        used = {h.lane for h in taken.get(resource_id, ()) if _meets(h.span, wanted)}
        free = [lane for lane in OVERBOOK_LANES if lane not in used]
        if used and free and rows[resource_id].kind in OVERBOOKABLE:
            found[resource_id] = free[0]
    return found


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
        met = [held for held in taken.get(resource_id, ()) if _meets(held.span, wanted)]
        if met:
            found.append(
                Clash(
                    field=FIELDS[rows[resource_id].kind],
                    name=rows[resource_id].name,
                    kind=rows[resource_id].kind,
                    who=met[0].who,
                    from_local=walltime.to_local(met[0].span.start, zone),
                    until_local=walltime.to_local(max(held.span.end for held in met), zone),
                    was_named=resource_id in named,
                )
            )
    return found
