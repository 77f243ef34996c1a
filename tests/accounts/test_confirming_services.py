"""The services of acts that ask for the password keep that law, whichever view calls them."""

import dataclasses
import datetime as dt

import pytest

from clinic.accounts import service as account_service
from clinic.accounts.values import ChangeAccount, InviteAccount
from clinic.catalog.values import ResourceKind
from clinic.core.access import (
    CONFIRMED_FOR,
    PASSWORD_FIELD,
    PasswordNeeded,
    Role,
    refuse_unconfirmed,
)
from clinic.locations import service as location_service
from clinic.scheduling import holdings
from clinic.scheduling.resource_values import AddResource, ChangeResource
from tests import factories
from tests.accounts.conftest import actions
from tests.conftest import NOW
from tests.locations.test_service import wish_of

SECOND = dt.timedelta(seconds=1)
LATE = NOW + CONFIRMED_FOR + SECOND


@pytest.mark.parametrize(
    ("later", "is_confirmed"),
    [
        (dt.timedelta(), True),
        (CONFIRMED_FOR - SECOND, True),
        (CONFIRMED_FOR, True),
        (CONFIRMED_FOR + SECOND, False),
        (-SECOND, True),
        (-CONFIRMED_FOR - SECOND, False),
    ],
    ids=["at once", "a second less", "ten minutes", "a second more", "clock back", "far back"],
)
def test_a_password_counts_for_ten_minutes(world, later, is_confirmed):
    assert world.actor(Role.PHYSICIAN).is_confirmed(NOW + later) is is_confirmed


def test_who_never_gave_a_password_is_refused(world):
    actor = dataclasses.replace(world.actor(Role.PHYSICIAN), confirmed_at=None)

    with pytest.raises(PasswordNeeded) as refused:
        refuse_unconfirmed(actor, at=NOW)

    assert refused.value.field == PASSWORD_FIELD


def _changed(world, **changes) -> ChangeAccount:
    nurse = world.accounts[Role.NURSE]
    fields = {"name": nurse.name, "role": nurse.role, "version": nurse.version}
    return ChangeAccount(account_id=nurse.id, **{**fields, **changes})


def a_room(world, db):
    return factories.a_resource(db, location=world.location, kind=ResourceKind.ROOM)


def _invite(world, db, actor):
    wish = InviteAccount(login="nora.lind", name="Nora Lind", role=Role.NURSE)
    return account_service.invite(db, actor, wish)


def _renew_link(world, db, actor):
    return account_service.renew_link(db, actor, world.accounts[Role.NURSE].id)


def _rename(world, db, actor):
    return account_service.change(db, actor, _changed(world, name="Nora Lind"))


def _promote(world, db, actor):
    return account_service.change(db, actor, _changed(world, role=Role.ADMINISTRATOR))


def _deactivate(world, db, actor):
    return account_service.deactivate(db, actor, world.accounts[Role.NURSE].id)


def _reactivate(world, db, actor):
    return account_service.reactivate(db, actor, world.accounts[Role.NURSE].id)


def _sign_out(world, db, actor):
    return account_service.end_sessions(db, actor, world.accounts[Role.NURSE].id)


def _settings(world, db, actor):
    return location_service.change(db, actor, wish_of(db, world.location, name="Elsewhere"))


def _add_room(world, db, actor):
    return holdings.add(db, actor, AddResource(kind=ResourceKind.ROOM, name="Room 9"))


def _rename_room(world, db, actor):
    room = a_room(world, db)
    wish = ChangeResource(resource_id=room.id, version=room.version, name="Z", is_active=True)
    return holdings.change(db, actor, wish)


ACTS = [_invite, _renew_link, _rename, _promote, _deactivate, _reactivate, _sign_out]
ACTS += [_settings, _add_room, _rename_room]


@pytest.mark.parametrize("act", ACTS)
def test_a_service_refuses_without_a_fresh_password(world, db, act, clock):
    actor = world.actor(Role.ADMINISTRATOR)
    clock(LATE)

    with pytest.raises(PasswordNeeded):
        act(world, db, actor)

    assert actions(db) == []


@pytest.mark.parametrize("act", ACTS)
def test_a_service_acts_up_to_the_last_second(world, db, act, clock):
    actor = world.actor(Role.ADMINISTRATOR)
    clock(NOW + CONFIRMED_FOR)

    act(world, db, actor)


def test_ones_own_sessions_are_ended_without_it(world, db, clock):
    actor = world.actor(Role.NURSE)
    clock(LATE)

    account_service.end_sessions(db, actor, actor.id)

    assert actions(db) == ["account.sessions_ended"]
