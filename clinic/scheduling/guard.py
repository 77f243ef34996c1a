"""Holding people, rooms and devices for a visit, under the guard of the database.

Who books reads under locks what is free and says what is not; the constraints of the tables are
the proof that nothing was overlooked.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
DEVICE_TAKEN = N_("No device is free: %(name)s is taken until %(until)s (%(who)s)")
JUST_TAKEN = N_("Somebody has just taken this time")
_Role = tuple[ResourceKind, str]


class SlotTaken(Conflict):
    """The wished time is not free; `clashes` says what is taken, empty after a photo finish."""

    def __init__(self, clashes: Sequence[Clash] = ()) -> None:
        message, values = words_of(clashes[0]) if clashes else (JUST_TAKEN, {})
        super().__init__(message, **values)
        self.clashes = tuple(clashes)


def words_of(clash: Clash) -> tuple[str, dict[str, str]]:
    """Return the sentence of a clash, marked for translation, and the values for its gaps."""
    message = {"patient_id": PATIENT_TAKEN, "service_id": DEVICE_TAKEN}.get(clash.field, TAKEN)
    return message, {
        "name": clash.name,
        "who": clash.who,
        "from": clash.from_local.strftime("%H:%M"),
        "until": clash.until_local.strftime("%H:%M"),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What a visit will hold, found free, and the names of practitioner and room."""

    holdings: tuple[Holding, ...]
    names: dict[int, str]

    def occupancies(self) -> list[Occupancy]:
        """Return the rows of a visit that is about to be made."""
        return [
            Occupancy(
                resource_id=held.resource_id,
                seq=held.seq,
                starts_at=held.span.start,
                ends_at=held.span.end,
            )
            for held in self.holdings
        ]


def find_free(
    db: Session,
    actor: Actor,
    parts: Sequence[Segment],
    span: Span,
    *,
    patient_id: int,
    practitioner_id: int,
    room_id: int,
    visit: Appointment | None = None,
) -> Hold:
    """Lock what a visit needs and return what it will hold; devices are chosen here.

    Raises Invalid for a resource that is not offered here, SlotTaken with everything that is in
    the way. Three statements.
    """
    types = {part.device_type for part in parts if part.kind is ResourceKind.DEVICE}
    wanted = {practitioner_id: ResourceKind.PRACTITIONER, room_id: ResourceKind.ROOM}
    rows = queries.lock_resources(db, actor.location_id, wanted, types)
    for id_, kind in wanted.items():
        if id_ not in rows or rows[id_].kind is not kind:
            field = "room_id" if kind is ResourceKind.ROOM else "practitioner_id"
            raise Invalid(NOT_OFFERED, field=field)
    but = visit.id if visit else None
    taken = queries.held(db, rows, span, but=but)
    clashes = [
        Clash(
            field="patient_id",
            name="",
            who=service,
            from_local=walltime.to_local(own.start, actor.zone),
            until_local=walltime.to_local(own.end, actor.zone),
        )
        for own, service in queries.held_by_patient(db, patient_id, span, but=but)[:1]
    ]

    chosen: dict[_Role, int] = {
        (ResourceKind.PRACTITIONER, ""): practitioner_id,
        (ResourceKind.ROOM, ""): room_id,
    }
    for device_type in sorted(types):
        chosen[ResourceKind.DEVICE, device_type] = _device(
            parts, span, rows.values(), taken, device_type
        )
    holdings = slots.holdings(parts, span.start, chosen)
    clashes = [*queries.clashes_of(holdings, taken, rows, actor.zone), *clashes]
    if clashes:
        raise SlotTaken(clashes)
    return Hold(holdings=holdings, names={id_: row.name for id_, row in rows.items()})


def occupy(db: Session, visit: Appointment, hold: Hold) -> None:
    """Let a visit that exists hold this instead of what it held."""
    with guarded():
        # Old rows go first: a visit that shifts by half an hour must not meet itself.
        db.execute(sa.delete(Occupancy).where(Occupancy.appointment_id == visit.id))
        db.flush()
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


def _device(
    parts: Sequence[Segment],
    span: Span,
    rows: Iterable[Resource],
    taken: Mapping[int, list[tuple[Span, str]]],
    device_type: str,
) -> int:
    """Return a free device of the type; when none is, the one that is free first."""
    mine = [p for p in parts if p.kind is ResourceKind.DEVICE and p.device_type == device_type]
    fitting = [
        row
        for row in sorted(rows, key=lambda row: (row.sort, row.id))
        if row.kind is ResourceKind.DEVICE and row.device_type == device_type
    ]
    if not fitting:
        raise Invalid(NO_DEVICE, field="service_id")

    def free_from(row: Resource) -> dt.datetime:
        held = slots.holdings(mine, span.start, {(ResourceKind.DEVICE, device_type): row.id})
        ends = [s.end for s, _who in taken.get(row.id, ()) if any(s.overlaps(h.span) for h in held)]
        return max(ends, default=span.start)

    return min(fitting, key=free_from).id
