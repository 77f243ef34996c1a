"""Blocking time: leave, maintenance, closures and meetings, held in the guard as visits are.

A block takes the first lane. What stands in it when it is laid keeps its time in a lane aside until
it is moved: from that moment on nothing is booked there without a written reason.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog.values import ResourceKind
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import Conflict, Invalid, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.scheduling import guard, queries
from clinic.scheduling.closing import BlockKind, LayBlock
from clinic.scheduling.models import Block, Occupancy, Resource
from clinic.scheduling.rules import hours, promise, slots
from clinic.scheduling.values import ASIDE_LANE, FIRST_LANE, Span

NO_BLOCK = N_("There is no such block")
STALE = N_("Somebody else has changed this block in the meantime. Look at it again.")
NOBODY = N_("Choose at least one")
TURNED = N_("It must end later than it begins")
OFF_GRID = N_("In steps of five minutes, please")
OVER = N_("This lies in the past. A block begins today at the earliest.")
NOT_FOR = N_("%(name)s: leave and meetings are for people, maintenance for rooms and devices")
FOR_PEOPLE = frozenset({BlockKind.LEAVE, BlockKind.MEETING})


class BlockedAlready(Conflict):
    """Something of it is blocked then already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockCard:
    """A block as lists and its page show it."""

    id: int
    version: int
    kind: BlockKind
    starts_local: dt.datetime
    ends_local: dt.datetime
    note: str
    span: Span
    resources: tuple[tuple[int, str], ...]
    """Id and name of who and what is blocked."""

    @property
    def whole_days(self) -> tuple[dt.date, dt.date] | None:
        """Return the first and the last day of whole days; None when it has hours."""
        if self.starts_local.time() != dt.time() or self.ends_local.time() != dt.time():
            return None
        return self.starts_local.date(), self.ends_local.date() - dt.timedelta(days=1)


def coming(db: Session, actor: Actor, *, resource_id: int | None = None) -> Sequence[BlockCard]:
    """Return the blocks of a place that are not over, of one resource or all; one statement."""
    wanted = [Block.location_id == actor.location_id, Block.ends_at > clock.now()]
    if resource_id is not None:
        of_it = sa.select(Occupancy.block_id).where(
            Occupancy.resource_id == resource_id, Occupancy.block_id.is_not(None)
        )
        wanted.append(Block.id.in_(of_it))
    return _cards(db, *wanted)


def card(db: Session, actor: Actor, block_id: int) -> BlockCard:
    """Return one block of the actor's place; raises NotFound."""
    found = _cards(db, Block.location_id == actor.location_id, Block.id == block_id)
    if not found:
        raise NotFound(NO_BLOCK)
    return found[0]


def _cards(db: Session, *wanted: sa.ColumnElement[bool]) -> list[BlockCard]:
    rows = db.execute(
        sa.select(Block, Resource.id, Resource.name)
        .join(Occupancy, Occupancy.block_id == Block.id)
        .join(Resource, Resource.id == Occupancy.resource_id)
        .where(*wanted)
        .order_by(Block.starts_at, Block.id, Resource.sort, Resource.id)
    )
    found: dict[int, tuple[Block, list[tuple[int, str]]]] = {}
    for block, resource_id, name in rows:
        found.setdefault(block.id, (block, []))[1].append((resource_id, name))
    return [
        BlockCard(
            id=block.id,
            version=block.version,
            kind=block.kind,
            starts_local=block.starts_local,
            ends_local=block.ends_local,
            note=block.note,
            span=Span(start=block.starts_at, end=block.ends_at),
            resources=tuple(resources),
        )
        for block, resources in found.values()
    ]


def lay(db: Session, actor: Actor, wish: LayBlock) -> Block:
    """Keep people, rooms or devices from being booked from now on, what is booked put aside.

    Raises Invalid at the field that cannot be, BlockedAlready when one of them is blocked then.
    """
    for field, local in (("starts", wish.starts_local), ("ends", wish.ends_local)):
        promise.refuse_missing(local, actor.zone, field=field)
    span = hours.span_of(wish.starts_local, wish.ends_local, actor.zone)
    if span is None:
        raise Invalid(TURNED, field="ends_on")
    for field, local in (("starts", wish.starts_local), ("ends", wish.ends_local)):
        if local.minute % slots.GRID_MIN:
            raise Invalid(OFF_GRID, field=field)
    if wish.starts_local.date() < clock.today(actor.zone):
        raise Invalid(OVER, field="starts_on")
    if span.end > clock.now() + promise.LATEST:
        raise Invalid(promise.TOO_LATE, field="ends_on")
    ids = sorted(set(wish.resource_ids))
    if not ids:
        raise Invalid(NOBODY, field="resource_ids")
    rows = guard.lock_resources(db, actor.location_id, ids, ())
    if set(rows) != set(ids):
        raise Invalid(guard.NOT_OFFERED, field="resource_ids")
    for row in rows.values():
        if not _is_for(wish.kind, row.kind):
            raise Invalid(NOT_FOR, field="kind", name=row.name)
    _refuse_blocked(db, actor, rows, span)

    _put_aside(db, ids, span)
    block = Block(
        location_id=actor.location_id,
        kind=wish.kind,
        starts_at=span.start,
        ends_at=span.end,
        starts_local=wish.starts_local,
        ends_local=wish.ends_local,
        note=wish.note,
        made_at=clock.now(),
        made_by_id=actor.id,
    )
    db.add(block)
    db.flush()  # What it holds and the audit line need the id.
    with guard.guarded():
        db.execute(
            sa.insert(Occupancy),
            [
                {
                    "block_id": block.id,
                    "resource_id": id_,
                    "seq": 0,
                    "lane": FIRST_LANE,
                    "starts_at": span.start,
                    "ends_at": span.end,
                }
                for id_ in ids
            ],
        )
    audit.record(db, actor, "block.laid", "block", block.id, detail=_said(block, rows))
    return block


def lift(db: Session, actor: Actor, block_id: int, version: int) -> None:
    """Take a block away; what was put aside for it stands in the first lane again.

    Raises NotFound, StaleEdit.
    """
    shown = card(db, actor, block_id)
    rows = guard.lock_resources(db, actor.location_id, [id_ for id_, _ in shown.resources], ())
    block = db.get(Block, block_id, populate_existing=True)
    if block is None:
        raise NotFound(NO_BLOCK)
    if block.version != version:
        raise StaleEdit(STALE)
    detail = _said(block, rows)
    db.delete(block)
    db.flush()  # What was put aside goes back to the lane that the block leaves here.
    _take_back(db, [id_ for id_, _ in shown.resources], shown.span)
    audit.record(db, actor, "block.lifted", "block", block_id, detail=detail)


def _is_for(kind: BlockKind, of: ResourceKind) -> bool:
    if kind in FOR_PEOPLE:
        return of.is_person
    return kind is BlockKind.CLOSURE or not of.is_person


def _refuse_blocked(db: Session, actor: Actor, ids: Collection[int], span: Span) -> None:
    for other in _cards(
        db,
        Block.location_id == actor.location_id,
        Block.starts_at < span.end,
        Block.ends_at > span.start,
    ):
        name = next((name for id_, name in other.resources if id_ in ids), None)
        if name is not None:
            raise BlockedAlready(
                guard.BLOCKED[other.kind],
                name=name,
                until=guard.last_day(other.ends_local),
            )


def _put_aside(db: Session, ids: Sequence[int], span: Span) -> None:
    db.execute(
        sa.update(Occupancy)
        .where(*_overlapping(ids, span), Occupancy.lane == FIRST_LANE)
        .values(lane=ASIDE_LANE)
        .execution_options(synchronize_session=False)
    )


def _take_back(db: Session, ids: Sequence[int], span: Span) -> None:
    other = sa.orm.aliased(Occupancy)
    still = sa.exists().where(
        other.resource_id == Occupancy.resource_id,
        other.block_id.is_not(None),
        other.starts_at < Occupancy.ends_at,
        other.ends_at > Occupancy.starts_at,
    )
    db.execute(
        sa.update(Occupancy)
        .where(*_overlapping(ids, span), Occupancy.lane == ASIDE_LANE, ~still)
        .values(lane=FIRST_LANE)
        .execution_options(synchronize_session=False)
    )


def _overlapping(ids: Sequence[int], span: Span) -> list[sa.ColumnElement[bool]]:
    """Name what visits hold in a span; bounded by the index as every search for overlaps is."""
    return [
        Occupancy.resource_id.in_(ids),
        Occupancy.is_active.is_(True),
        Occupancy.block_id.is_(None),
        Occupancy.starts_at > span.start - queries.LONGEST,
        Occupancy.starts_at < span.end,
        Occupancy.ends_at > span.start,
    ]


def _said(block: Block, rows: dict[int, Resource]) -> dict[str, object]:
    return {
        "kind": block.kind.value,
        "from": block.starts_local.isoformat(timespec="minutes"),
        "until": block.ends_local.isoformat(timespec="minutes"),
        "of": [row.name for row in rows.values()],
    }
