"""Inviting, changing and deactivating people; passwords, preferences, sweeping up."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.accounts import passwords, queries, service, signing_in
from clinic.accounts.models import Account, CookieSession, Throttle
from clinic.accounts.rules import token_hash
from clinic.accounts.signing_in import Counter
from clinic.accounts.values import (
    AcceptInvitation,
    AccountStatus,
    ChangeAccount,
    CreateAccount,
    InviteAccount,
    Theme,
)
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.errors import Conflict, Forbidden, Invalid, NotFound, StaleEdit
from tests import factories
from tests.accounts.conftest import PASSWORD
from tests.conftest import NOW

BOB = InviteAccount(login="Bob.Night", name="Bob Night", role=Role.NURSE)


def trail(db) -> list[AuditEvent]:
    return list(db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id)))


def sessions_of(db, account_id: int) -> int:
    return len(queries.open_sessions(db, account_id, seen_since=NOW - dt.timedelta(minutes=15)))


def test_an_invitation_keeps_only_the_digest_of_its_token(world, db):
    account, token = service.invite(db, world.actor(Role.ADMINISTRATOR), BOB)

    assert (account.login, account.status) == ("bob.night", AccountStatus.INVITED)
    assert account.password_hash is None
    assert account.invite_hash == token_hash(token) != token
    assert account.location_id == world.location.id
    event = trail(db)[-1]
    assert (event.action, event.entity_id) == ("account.invited", str(account.id))
    assert event.detail == {"login": "bob.night", "role": "nurse"}
    assert token not in str(event.detail)


def test_the_command_line_invites_into_the_first_place(world, db):
    account, _ = service.invite(db, None, BOB)

    assert account.location_id == world.location.id
    assert trail(db)[-1].actor_name == "system"


def test_a_login_is_given_once_whatever_its_case(world, db):
    service.invite(db, None, BOB)

    with pytest.raises(Invalid) as refused:
        service.invite(db, None, InviteAccount(login="BOB.NIGHT", name="B", role=Role.NURSE))

    assert refused.value.field == "login"
    assert db.scalar(sa.select(sa.func.count()).where(Account.login == "bob.night")) == 1


def test_the_link_gives_a_password_and_works_once(world, db, password_hash):
    account, token = service.invite(db, None, BOB)

    service.accept(db, AcceptInvitation(token=token, password_hash=password_hash))

    assert account.status is AccountStatus.ACTIVE
    assert signing_in.judge(db, login="bob.night", password=PASSWORD) is account
    assert trail(db)[-1].actor_id == account.id
    with pytest.raises(NotFound):
        service.by_link(db, token)
    with pytest.raises(NotFound):
        service.accept(db, AcceptInvitation(token=token, password_hash=password_hash))


def test_the_link_dies_after_24_hours(world, db, clock):
    _, token = service.invite(db, None, BOB)

    clock(NOW + dt.timedelta(hours=23, minutes=59))
    assert service.by_link(db, token).login == "bob.night"
    clock(NOW + dt.timedelta(hours=24))
    with pytest.raises(NotFound):
        service.by_link(db, token)


def test_a_new_link_kills_the_old_one(world, db):
    account, old = service.invite(db, None, BOB)

    _, new = service.renew_link(db, world.actor(Role.ADMINISTRATOR), account.id)

    assert service.by_link(db, new) is account
    with pytest.raises(NotFound):
        service.by_link(db, old)


def test_a_link_for_a_new_password_leaves_the_old_one_until_it_is_used(world, db, nurse):
    _, token = service.renew_link(db, world.actor(Role.ADMINISTRATOR), nurse.id)
    assert signing_in.judge(db, login=nurse.login, password=PASSWORD) is nurse
    world.as_role(Role.NURSE)

    service.accept(db, AcceptInvitation(token=token, password_hash="$other"))

    assert nurse.password_hash == "$other"
    assert sessions_of(db, nurse.id) == 0


def test_no_link_is_made_for_somebody_deactivated(world, db):
    admin, nurse = world.actor(Role.ADMINISTRATOR), world.accounts[Role.NURSE]
    service.deactivate(db, admin, nurse.id)

    with pytest.raises(Conflict):
        service.renew_link(db, admin, nurse.id)


def test_a_link_of_somebody_deactivated_is_dead(world, db):
    admin = world.actor(Role.ADMINISTRATOR)
    account, token = service.invite(db, admin, BOB)
    service.deactivate(db, admin, account.id)

    with pytest.raises(NotFound):
        service.by_link(db, token)


def test_an_administrator_is_made_with_a_chosen_password(world, db):
    account = service.create_administrator(db, login="Ops", name="Ops Desk", password=PASSWORD)

    assert account.role is Role.ADMINISTRATOR
    assert account.status is AccountStatus.ACTIVE
    assert passwords.matches(PASSWORD, account.password_hash)
    assert trail(db)[-1].action == "account.created"


@pytest.mark.parametrize(
    ("login", "password", "field"),
    [("ops", "too short", "password"), ("o p s", PASSWORD, "login"), ("", PASSWORD, "login")],
)
def test_an_administrator_who_cannot_be_is_refused(world, db, login, password, field):
    with pytest.raises(Invalid) as refused:
        service.create_administrator(db, login=login, name="Ops", password=password)

    assert refused.value.field == field


def test_nobody_is_made_before_there_is_a_place(db):
    with pytest.raises(NotFound):
        service.create_administrator(db, login="ops", name="Ops", password=PASSWORD)


def test_a_password_is_in_no_repr():
    wish = CreateAccount(location_id=1, login="a", name="A", password=PASSWORD)

    assert PASSWORD not in repr(wish)
    assert "$x" not in repr(AcceptInvitation(token="t", password_hash="$x"))


def changed(account: Account, **wish) -> ChangeAccount:
    fields = {"name": account.name, "role": account.role, "version": account.version, **wish}
    return ChangeAccount(account_id=account.id, **fields)


def test_a_new_role_ends_the_sessions_and_is_kept_with_the_old_one(world, db):
    admin, nurse = world.actor(Role.ADMINISTRATOR), world.accounts[Role.NURSE]
    world.as_role(Role.NURSE)
    name = nurse.name

    service.change(db, admin, changed(nurse, role=Role.RECEPTIONIST, name="Nora New"))

    assert (nurse.role, nurse.name) == (Role.RECEPTIONIST, "Nora New")
    assert sessions_of(db, nurse.id) == 0
    assert trail(db)[-1].detail == {
        "changes": {"role": ["nurse", "receptionist"], "name": [name, "Nora New"]}
    }


def test_a_new_name_ends_no_session(world, db):
    nurse = world.accounts[Role.NURSE]
    world.as_role(Role.NURSE)

    service.change(db, world.actor(Role.ADMINISTRATOR), changed(nurse, name="Nora New"))

    assert sessions_of(db, nurse.id) == 1


def test_a_change_of_nothing_leaves_no_trace(world, db):
    before = len(trail(db))

    service.change(db, world.actor(Role.ADMINISTRATOR), changed(world.accounts[Role.NURSE]))

    assert len(trail(db)) == before


def test_who_saves_second_from_an_old_page_is_told(world, db):
    admin, nurse = world.actor(Role.ADMINISTRATOR), world.accounts[Role.NURSE]
    old = changed(nurse, name="Second")
    service.change(db, admin, changed(nurse, name="First"))

    with pytest.raises(StaleEdit):
        service.change(db, admin, old)


def test_signing_in_and_choosing_colours_make_no_page_old(world, db):
    admin, nurse = world.actor(Role.ADMINISTRATOR), world.accounts[Role.NURSE]
    page = changed(nurse, name="Nora New")

    service.prefer(db, world.actor(Role.NURSE), theme=Theme.DARK, single_keys=False)
    signing_in.accept(db, world.actor(Role.NURSE), counted=[])
    db.refresh(nurse)

    assert (nurse.theme, nurse.single_keys, nurse.last_sign_in_at) == (Theme.DARK, False, NOW)
    service.change(db, admin, page)
    assert nurse.name == "Nora New"


def test_nobody_changes_their_own_role_or_access(world, db):
    admin, own = world.actor(Role.ADMINISTRATOR), world.accounts[Role.ADMINISTRATOR]
    factories.an_account(db, location=world.location, role=Role.ADMINISTRATOR)

    with pytest.raises(Forbidden):
        service.change(db, admin, changed(own, role=Role.PHYSICIAN))
    with pytest.raises(Forbidden):
        service.deactivate(db, admin, own.id)


def test_the_last_administrator_stays(world, db):
    last = world.accounts[Role.ADMINISTRATOR]
    gone = factories.an_account(
        db,
        location=world.location,
        role=Role.ADMINISTRATOR,
        status=AccountStatus.DEACTIVATED,
    )
    by_gone = replace(world.actor(Role.ADMINISTRATOR), id=gone.id)

    with pytest.raises(service.LastAdministrator):
        service.deactivate(db, by_gone, last.id)
    with pytest.raises(service.LastAdministrator):
        service.change(db, by_gone, changed(last, role=Role.NURSE))
    assert last.status is AccountStatus.ACTIVE


def test_of_two_administrators_one_can_go(world, db):
    other = factories.an_account(db, location=world.location, role=Role.ADMINISTRATOR)

    service.deactivate(db, world.actor(Role.ADMINISTRATOR), other.id)

    assert other.status is AccountStatus.DEACTIVATED


def test_who_is_deactivated_is_out_at_once_and_can_come_back(world, db, nurse):
    admin = world.actor(Role.ADMINISTRATOR)
    world.as_role(Role.NURSE)

    service.deactivate(db, admin, nurse.id)
    assert sessions_of(db, nurse.id) == 0
    assert signing_in.judge(db, login=nurse.login, password=PASSWORD) is None
    assert trail(db)[-1].detail == {"changes": {"status": ["active", "deactivated"]}}

    service.reactivate(db, admin, nurse.id)
    assert signing_in.judge(db, login=nurse.login, password=PASSWORD) is nurse


def test_who_never_had_a_password_comes_back_as_invited(world, db):
    admin = world.actor(Role.ADMINISTRATOR)
    account, _ = service.invite(db, admin, BOB)
    service.deactivate(db, admin, account.id)

    service.reactivate(db, admin, account.id)

    assert account.status is AccountStatus.INVITED


@pytest.mark.parametrize("verb", [service.deactivate, service.reactivate], ids=lambda v: v.__name__)
def test_doing_it_twice_changes_nothing(world, db, verb):
    admin, nurse = world.actor(Role.ADMINISTRATOR), world.accounts[Role.NURSE]
    verb(db, admin, nurse.id)
    before = len(trail(db))

    verb(db, admin, nurse.id)

    assert len(trail(db)) == before


def test_an_unknown_person_is_not_found(world, db):
    admin = world.actor(Role.ADMINISTRATOR)

    for verb in (service.deactivate, service.reactivate, service.renew_link, service.end_sessions):
        with pytest.raises(NotFound):
            verb(db, admin, 2**31 - 1)


def test_a_new_password_ends_every_session_and_an_open_link(world, db, nurse):
    world.as_role(Role.NURSE)
    _, token = service.renew_link(db, world.actor(Role.ADMINISTRATOR), nurse.id)

    service.change_password(db, world.actor(Role.NURSE), "$new")
    db.refresh(nurse)

    assert nurse.password_hash == "$new"
    assert sessions_of(db, nurse.id) == 0
    with pytest.raises(NotFound):
        service.by_link(db, token)


def test_a_new_password_may_not_hold_the_clinics_name(world, db, nurse):
    world.location.name = "Follicle House"

    with pytest.raises(Invalid):
        service.hash_new_password(db, nurse, "my follicle is fine")


def test_sweeping_up_takes_only_what_nothing_asks_for_again(world, db, clock):
    def row(name, seen):
        db.add(
            CookieSession(
                token_hash=name,
                account_id=world.accounts[Role.NURSE].id,
                data={},
                created_at=seen,
                seen_at=seen,
                confirmed_at=None,
                address="",
                agent="",
            )
        )

    hour = dt.timedelta(hours=1)
    row("old", NOW - 25 * hour)
    row("ended today", NOW - 23 * hour)
    for name, resets in {"old": NOW - 2 * hour, "locked": NOW + hour, "fresh": NOW - hour}.items():
        db.add(Throttle(key=name, count=1, resets_at=resets))
    db.flush()

    assert service.purge(db) == (1, 1)

    assert set(db.scalars(sa.select(CookieSession.token_hash))) == {"ended today"}
    assert set(db.scalars(sa.select(Throttle.key))) == {"locked", "fresh"}


def test_counters_are_rows_that_survive_and_are_shared(world, db, clock):
    counter = [Counter("login:user:x", 5)]

    waits = [signing_in.count_attempt(db, counter) for _ in range(7)]

    assert [wait.total_seconds() for wait in waits] == [0, 0, 0, 0, 0, 900, 900]
    signing_in.forget(db, counter)
    assert not signing_in.count_attempt(db, counter)


def test_a_good_password_gives_back_one_attempt_of_the_address(world, db):
    address = [Counter("login:addr:192.0.2.1", 3)]

    for _ in range(10):
        assert not signing_in.count_attempt(db, address)
        signing_in.forget(db, address)


def test_a_known_browser_counts_by_itself():
    def keys(**changes):
        given = {"address": "192.0.2.1", "secret": "s", "browser": "b", "is_known": False}
        return [c.key for c in signing_in.counters("Lena", **{**given, **changes})]

    strangers, own = keys(), keys(is_known=True)

    assert len(strangers) == 2
    assert set(own).isdisjoint(strangers)
    assert own != keys(is_known=True, browser="c")


@pytest.mark.parametrize("status", [AccountStatus.INVITED, AccountStatus.DEACTIVATED])
def test_only_active_accounts_sign_in(world, db, nurse, status):
    nurse.status = status
    db.flush()

    assert signing_in.judge(db, login=nurse.login, password=PASSWORD) is None


def test_a_hash_of_lower_cost_is_made_anew_at_sign_in(world, db, nurse):
    from argon2 import PasswordHasher

    nurse.password_hash = PasswordHasher(2, 19 * 1024, 1).hash(PASSWORD)
    new_hash = signing_in.rehashed(nurse, PASSWORD)
    signing_in.accept(db, world.actor(Role.NURSE), counted=[], new_hash=new_hash)
    db.refresh(nurse)

    assert nurse.password_hash == new_hash
    assert passwords.matches(PASSWORD, new_hash)
    assert signing_in.rehashed(nurse, PASSWORD) is None
