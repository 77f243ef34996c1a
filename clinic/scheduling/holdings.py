"""Keeping what visits can hold: practitioners, nurses, rooms and devices of a place."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.accounts.values import AccountStatus
from clinic.audit import service as audit
from clinic.catalog.values import CENTRIFUGE, ResourceKind
from clinic.core import clock
from clinic.core.access import Actor, Role, refuse_unconfirmed
from clinic.core.changes import before_after
from clinic.core.errors import Invalid, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.scheduling.models import Resource
from clinic.scheduling.resource_values import AddResource, ChangeResource, ResourceCard

TREATING = (Role.PHYSICIAN, Role.NURSE)
NO_SUCH = N_("There is no such person, room or device")
NAME_TAKEN = N_("Something of this name is on the list already")
PERSON_TAKEN = N_("This person has a column already")
STALE = N_("Somebody else has changed this in the meantime. Look again and save.")


def everything(db: Session, location_id: int) -> Sequence[ResourceCard]:
    """Return all people, rooms and devices of a place, also those not in use."""
    rows = db.scalars(
        sa.select(Resource)
        .where(Resource.location_id == location_id)
        .order_by(Resource.kind, Resource.sort, Resource.name)
    )
    return [_card(row) for row in rows]


def card(db: Session, actor: Actor, resource_id: int) -> ResourceCard:
    """Return one of the actor's place as its page shows it; raises NotFound."""
    return _card(get(db, actor, resource_id))


def _card(row: Resource) -> ResourceCard:
    return ResourceCard(
        id=row.id,
        version=row.version,
        kind=row.kind,
        name=row.name,
        is_active=row.is_active,
        device_type=row.device_type,
        radius_mm=row.radius_mm,
        service_due_on=row.service_due_on,
    )


def get(db: Session, actor: Actor, resource_id: int) -> Resource:
    """Return one of the actor's place; raises NotFound."""
    found = db.get(Resource, resource_id)
    if found is None or found.location_id != actor.location_id:
        raise NotFound(NO_SUCH)
    return found


def people(db: Session, location_id: int) -> Sequence[tuple[int, str]]:
    """Return (account, name) of the physicians and nurses who have no column yet."""
    rows = db.execute(
        sa.select(Account.id, Account.name)
        .outerjoin(Resource, Resource.account_id == Account.id)
        .where(
            Account.location_id == location_id,
            Account.role.in_(TREATING),
            Account.status != AccountStatus.DEACTIVATED,
            Resource.id.is_(None),
        )
        .order_by(Account.name)
    )
    return [(row.id, row.name) for row in rows]


def add(db: Session, actor: Actor, wish: AddResource) -> Resource:
    """Put a person, a room or a device on the list; the same form sent twice adds one.

    Raises Invalid when the name is taken, or the account is not of somebody who treats here,
    PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    name = wish.name
    if wish.kind.is_person and wish.account_id is not None:
        offered = dict(people(db, actor.location_id))
        if wish.account_id not in offered:
            raise Invalid(PERSON_TAKEN, field="account_id")
        name = name or offered[wish.account_id]
    if not name:
        raise Invalid(N_("Give it a name"), field="name")
    _refuse_taken(db, actor, name)

    resource = Resource(
        location_id=actor.location_id,
        kind=wish.kind,
        name=name,
        account_id=wish.account_id if wish.kind.is_person else None,
        device_type=wish.device_type if wish.kind is ResourceKind.DEVICE else "",
        sort=_last(db, actor) + 1,
    )
    db.add(resource)
    db.flush()  # The audit line needs the id.
    detail = {"kind": resource.kind.value, "name": resource.name}
    audit.record(db, actor, "resource.added", "resource", resource.id, detail=detail)
    return resource


def change(db: Session, actor: Actor, wish: ChangeResource) -> Resource:
    """Change something or take it out of use; past and booked visits keep it.

    A device alone has a day of its service, a centrifuge alone a radius.

    Raises NotFound, StaleEdit, Invalid when the name is taken, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    resource = get(db, actor, wish.resource_id)
    if resource.version != wish.version:
        raise StaleEdit(STALE)
    if wish.name != resource.name:
        _refuse_taken(db, actor, wish.name)
    after: dict[str, Any] = {"name": wish.name, "is_active": wish.is_active}
    if resource.kind is ResourceKind.DEVICE:
        after["service_due_on"] = wish.service_due_on
    if resource.device_type == CENTRIFUGE:
        after["radius_mm"] = wish.radius_mm
    detail = before_after(resource, after)

    for name, value in after.items():
        setattr(resource, name, value)
    audit.record(db, actor, "resource.changed", "resource", resource.id, detail=detail)
    return resource


def _refuse_taken(db: Session, actor: Actor, name: str) -> None:
    taken = db.scalar(
        sa.select(sa.func.count())
        .select_from(Resource)
        .where(Resource.location_id == actor.location_id, Resource.name == name)
    )
    if taken:
        raise Invalid(NAME_TAKEN, field="name")


def _last(db: Session, actor: Actor) -> int:
    return (
        db.scalar(
            sa.select(sa.func.max(Resource.sort)).where(Resource.location_id == actor.location_id)
        )
        or 0
    )
