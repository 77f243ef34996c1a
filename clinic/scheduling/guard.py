"""Holding people, rooms and devices for a visit, under the guard of the database.

Who books reads under locks what is free and says what is not; the constraints of the tables are
the proof that nothing was overlooked.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from clinic.catalog.values import ResourceKind, Segment
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.core.engine import constraint_of
from clinic.core.errors import Conflict, Invalid
from clinic.core.text import N_
from clinic.scheduling import queries, timetables
from clinic.scheduling.closing import BlockKind, Closed
from clinic.scheduling.models import Appointment, Occupancy, Resource
from clinic.scheduling.rules import holding
from clinic.scheduling.rules.holding import Situation
from clinic.scheduling.triggers import PATIENT_GUARD, RESOURCE_GUARD
from clinic.scheduling.values import FIRST_LANE, Clash, Held, Holding, Span

NOT_OFFERED = N_("Choose one of the list")
TAKEN = N_("%(name)s is taken until %(until)s (%(who)s)")
PATIENT_TAKEN = N_("The patient has another visit from %(from)s to %(until)s (%(who)s)")
ROOM_TAKEN = N_("No room is free: %(name)s is taken until %(until)s (%(who)s)")
NURSE_TAKEN = N_("No nurse is free: %(name)s is taken until %(until)s (%(who)s)")
DEVICE_TAKEN = N_("No device is free: %(name)s is taken until %(until)s (%(who)s)")
HELD = N_("%(name)s is held until %(until)s for an offer of the waiting list")
JUST_TAKEN = N_("Somebody has just taken this time")
_NONE_FREE = {
    ResourceKind.NURSE: NURSE_TAKEN,
    ResourceKind.ROOM: ROOM_TAKEN,
    ResourceKind.DEVICE: DEVICE_TAKEN,
}
BLOCKED: dict[BlockKind, str] = {
    BlockKind.LEAVE: N_("%(name)s is on leave until %(until)s"),
    BlockKind.MAINTENANCE: N_("%(name)s is in maintenance until %(until)s"),
    BlockKind.CLOSURE: N_("%(name)s is closed until %(until)s"),
    BlockKind.MEETING: N_("%(name)s is in a meeting until %(until)s"),
}
HOURS_END = N_("%(name)s is available only until %(from)s")
NOT_HERE = N_("%(name)s is not available then, but again from %(until)s")
NEVER_HERE = N_("%(name)s is not available then")
PLACE_ENDS = N_("The clinic closes at %(from)s")
PLACE_CLOSED = N_("The clinic is closed then. It opens again: %(until)s")
PLACE_SHUT = N_("The clinic is closed then")
DAY_ENDS = N_("The clinic closes at %(from)s that day: %(name)s")
DAY_CLOSED = N_("The clinic is closed for %(name)s. It opens again: %(until)s")
DAY_SHUT = N_("The clinic is closed for %(name)s")
DAY_HOURS = N_("The clinic has other hours that day: %(name)s. It opens again: %(until)s")
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


def words_of(clash: Clash) -> tuple[str, dict[str, object]]:
    """Return the sentence of a clash, marked for translation, and the values for its gaps.

    A time is text; an end on another day is that day, with its time unless that is midnight.
    """
    values: dict[str, object] = {
        "name": clash.name,
        "who": clash.who,
        "from": clash.from_local.strftime("%H:%M"),
        "until": _until(clash),
    }
    if clash.closed is not None:
        return _closed_words(clash, clash.closed), values
    message = PATIENT_TAKEN if clash.kind is None else TAKEN
    if clash.kind is not None and not clash.was_named:
        message = _NONE_FREE.get(clash.kind, message)
    if clash.kind is not None and not clash.who:
        message = HELD
    return message, values


def _closed_words(clash: Clash, closed: Closed) -> str:
    if closed.kind is not None:
        return BLOCKED[closed.kind]
    if not closed.is_place:
        never = NEVER_HERE if clash.until_local is None else NOT_HERE
        return never if closed.since is None else HOURS_END
    if closed.since is not None:
        return DAY_ENDS if closed.day_name else PLACE_ENDS
    if closed.day_name and closed.is_day_off:
        return DAY_SHUT if clash.until_local is None else DAY_CLOSED
    if clash.until_local is None:
        return PLACE_SHUT
    return DAY_HOURS if closed.day_name else PLACE_CLOSED


def _until(clash: Clash) -> object:
    until = clash.until_local
    if until is None:
        return ""
    if clash.closed is None or until.date() == clash.from_local.date():
        return until.strftime("%H:%M")
    return last_day(until) if clash.closed.kind is not None else until


def last_day(until: dt.datetime) -> dt.date:
    """Return an end as it is said: "until the 12th" of what ends with the 12th."""
    return until.date() - dt.timedelta(days=1) if until.time() == dt.time() else until


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What a visit will hold, found free; which room it is, and the names of all that was held."""

    room_id: int
    holdings: tuple[Holding, ...]
    names: dict[int, str]
    gives_way: frozenset[int] = frozenset()
    """Held times that run out with this one, or are this patient's own: their rows go first."""
    lanes: dict[int, int] = field(default_factory=dict)
    """Of what is held beside what is booked: {resource: lane}; empty when all of it is free."""
    outside: frozenset[int] = frozenset()
    """What is held outside its hours."""

    @property
    def against(self) -> set[int]:
        """Return what is held although it is taken or closed."""
        return set(self.lanes) | self.outside

    @property
    def is_overbooked(self) -> bool:
        """Tell whether something of it is taken or closed."""
        return bool(self.against)

    def beside(self, practitioner_id: int) -> dict[str, list[str]]:
        """Return who and what is held beside practitioner and room, as the history keeps it."""
        ids = dict.fromkeys(holding.resource_id for holding in self.holdings)
        names = [self.names[id_] for id_ in ids if id_ not in {practitioner_id, self.room_id}]
        return {"beside": names} if names else {}


# Made once: putting it together took longer than asking it.
_LOCKED = (
    sa.select(Resource)
    .where(
        Resource.location_id == sa.bindparam("location"),
        Resource.is_active,
        Resource.id.in_(sa.bindparam("ids", expanding=True))
        | Resource.kind.in_(sa.bindparam("kinds", expanding=True))
        | (
            (Resource.kind == ResourceKind.DEVICE)
            & Resource.device_type.in_(sa.bindparam("types", expanding=True))
        ),
    )
    .order_by(Resource.id)
    .with_for_update(key_share=True)
)


def lock_resources(
    db: Session,
    location_id: int,
    ids: Collection[int],
    roles: Collection[tuple[ResourceKind, str]],
) -> dict[int, Resource]:
    """Hold the named resources and all of these kinds and device types, in the order of their ids.

    Two bookings that share a resource queue here instead of meeting at the constraint, where
    they could deadlock (measured: 474 deadlocks in ten rounds without, none with). On SQLite the
    transaction has the only write lock already.
    """
    rows = db.scalars(
        _LOCKED,
        {
            "location": location_id,
            "ids": list(ids),
            "kinds": [kind for kind, device_type in roles if not device_type],
            "types": [device_type for _, device_type in roles if device_type],
        },
    )
    return {row.id: row for row in rows}


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
    usual: Collection[int] = (),
    overbook_reason: str = "",
    held_slot_id: int | None = None,
) -> Hold:
    """Lock what a visit needs and return what it will hold.

    Nurses and devices are chosen here, and the room when none is named: of what is free that which
    is `usual`, so that a visit that moves keeps its own. With a reason to overbook, people and
    rooms that are taken are held in a lane beside, where one of theirs is free, and hours do not
    count. What a visit was promised at its own time is not asked for its hours again. Raises
    Invalid for a resource that is not offered here, SlotTaken with everything that is in the way.
    Six statements.
    """
    room, person = (ResourceKind.ROOM, ""), (ResourceKind.PRACTITIONER, "")
    named = {person: practitioner_id} | ({room: room_id} if room_id is not None else {})
    open_roles = ({(part.kind, part.device_type) for part in parts} | {room}) - set(named)
    rows = lock_resources(db, actor.location_id, named.values(), open_roles)
    for (kind, _type), id_ in named.items():
        if id_ not in rows or rows[id_].kind is not kind:
            raise Invalid(NOT_OFFERED, field=holding.FIELDS[kind])
    but = visit.id if visit else None
    taken, gives_way = _heeded(queries.occupied(db, rows, span, but=but), held_slot_id)
    own = queries.held_by_patient(db, patient_id, span, but=but)
    ranked = sorted(rows.values(), key=lambda r: (r.id not in usual, r.sort, r.name, r.id))
    day = walltime.to_local(span.start, actor.zone).date()
    choice = holding.choose(
        parts,
        span.start,
        named,
        Situation(
            rows=ranked,
            taken=taken,
            calendar=timetables.calendar(db, actor.location_id, actor.zone, since=day),
            promised={visit.practitioner_id, visit.room_id}
            if visit and visit.starts_at == span.start
            else (),
        ),
        is_overbooking=bool(overbook_reason),
    )
    clashes = list(choice.clashes)
    if own:
        clashes.append(holding.patient_clash(own[0], actor.zone))
    if clashes:
        raise SlotTaken(clashes)
    return Hold(
        room_id=choice.chosen[room],
        holdings=choice.holdings,
        names={id_: row.name for id_, row in rows.items()},
        lanes=dict(choice.lanes),
        outside=choice.outside,
        gives_way=gives_way,
    )


def _heeded(found: _Taken, held_slot_id: int | None) -> tuple[_Taken, frozenset[int]]:
    """Return what counts as taken, and the held times that do not: run out, or one's own."""
    now, heeded, over = clock.now(), dict[int, list[Held]](), set[int]()
    for resource_id, all_held in found.items():
        for held in all_held:
            is_own = held.held_slot_id is not None and held.held_slot_id == held_slot_id
            if is_own or held.is_over(now):
                over.add(held.held_slot_id or 0)
            else:
                heeded.setdefault(resource_id, []).append(held)
    return heeded, frozenset(over)


def occupy(db: Session, visit: Appointment, hold: Hold) -> None:
    """Let a visit that exists hold this instead of what it held."""
    with guarded():
        # Old rows go first: a visit that shifts by half an hour must not meet itself.
        db.execute(sa.delete(Occupancy).where(Occupancy.appointment_id == visit.id))
        db.flush()
        fill(db, hold, appointment_id=visit.id)


def occupy_new(db: Session, visit: Appointment, hold: Hold) -> None:
    """Add a new visit with what it holds."""
    db.add(visit)
    with guarded():
        db.flush()  # What it holds, the check, the event and the redirect need the id.
        fill(db, hold, appointment_id=visit.id)


def fill(db: Session, hold: Hold, **owner: object) -> None:
    """Insert all that a visit or a held time holds with one statement."""
    if hold.gives_way:
        db.execute(sa.delete(Occupancy).where(Occupancy.held_slot_id.in_(hold.gives_way)))
    if not hold.holdings:
        return
    db.execute(
        sa.insert(Occupancy),
        [
            {
                **owner,
                "resource_id": held.resource_id,
                "seq": held.seq,
                "lane": hold.lanes.get(held.resource_id, FIRST_LANE),
                "starts_at": held.span.start,
                "ends_at": held.span.end,
            }
            for held in hold.holdings
        ],
    )


def held_of(db: Session, visit: Appointment) -> list[int]:
    """Return everybody and everything that a visit holds, or held before it let go."""
    rows = db.scalars(
        sa.select(Occupancy.resource_id)
        .where(Occupancy.appointment_id == visit.id)
        .order_by(Occupancy.seq, Occupancy.resource_id)
    )
    return list(dict.fromkeys((visit.practitioner_id, visit.room_id, *rows)))


def lying_with(db: Session, visit: Appointment) -> list[str]:
    """Name what lies in the same time of the same people and rooms as a visit; one statement.

    Visits, blocks and held times, each by its kind and its number, in order.
    """
    mine = aliased(Occupancy)
    owners = {
        "visit": Occupancy.appointment_id,
        "block": Occupancy.block_id,
        "held": Occupancy.held_slot_id,
    }
    rows = db.execute(
        sa.select(*owners.values())
        .join(
            mine,
            sa.and_(
                mine.resource_id == Occupancy.resource_id,
                mine.starts_at < Occupancy.ends_at,
                Occupancy.starts_at < mine.ends_at,
            ),
        )
        .where(
            mine.appointment_id == visit.id,
            Occupancy.is_active,
            Occupancy.appointment_id.is_distinct_from(visit.id),
            sa.or_(Occupancy.expires_at.is_(None), Occupancy.expires_at > clock.now()),
        )
    )
    return sorted(
        {f"{kind} {id_}" for row in rows for kind, id_ in zip(owners, row, strict=True) if id_}
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
