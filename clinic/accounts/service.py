"""Keeping the people who may sign in: inviting, changing, deactivating, passwords, preferences."""

import secrets

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from clinic.accounts import passwords, queries
from clinic.accounts import rules as account_rules
from clinic.accounts.models import Account, CookieSession, Throttle
from clinic.accounts.values import (
    AcceptInvitation,
    AccountStatus,
    ChangeAccount,
    CreateAccount,
    InviteAccount,
    Theme,
)
from clinic.audit import service as audit
from clinic.core import changes, clock
from clinic.core.access import Actor, Role, refuse_unconfirmed
from clinic.core.db import Base
from clinic.core.engine import constraint_of
from clinic.core.errors import Conflict, Forbidden, Invalid, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.locations import queries as location_queries

STALE = N_("Somebody else has changed this person in the meantime.")
LINK_DEAD = N_(
    "This link has been used already or is older than 24 hours. "
    "Ask the administrator of your clinic for a new one."
)


class LastAdministrator(Conflict):
    """Nobody would be left who can let people in."""

    def __init__(self) -> None:
        super().__init__(
            N_("This is the last administrator. Make somebody else an administrator first.")
        )


def invite(db: Session, actor: Actor | None, wish: InviteAccount) -> tuple[Account, str]:
    """Make an account that waits for its owner; return it and the one-time link's token.

    The token is kept as its SHA-256 only and dies after use or 24 hours. Without an actor (the
    command line) the account belongs to the clinic's first place. Raises Invalid at `login` when
    the login is taken or cannot be one, PasswordNeeded.
    """
    if actor is not None:
        refuse_unconfirmed(actor, at=clock.now())
    location_id = actor.location_id if actor else location_queries.first(db).id
    account = _add(
        db,
        Account(
            location_id=location_id,
            login=account_rules.login_of(wish.login),
            name=wish.name,
            role=wish.role,
            created_at=clock.now(),
        ),
    )
    token = _new_link(account)
    detail = {"login": account.login, "role": account.role.value}
    audit.record(db, actor, "account.invited", "account", account.id, detail=detail)
    return account, token


def create_account(db: Session, wish: CreateAccount) -> Account:
    """Make an account that may sign in at once; only the command line and the demo do this.

    Raises Invalid at `login` or `password`.
    """
    login = account_rules.login_of(wish.login)
    clinic = location_queries.get(db, wish.location_id).name
    passwords.judge(wish.password, names=(login, wish.name, clinic))
    account = _add(
        db,
        Account(
            location_id=wish.location_id,
            login=login,
            name=wish.name,
            role=wish.role,
            status=AccountStatus.ACTIVE,
            password_hash=passwords.make_hash(wish.password),
            created_at=clock.now(),
        ),
    )
    detail = {"login": login, "role": account.role.value}
    audit.record(db, None, "account.created", "account", account.id, detail=detail)
    return account


def create_administrator(
    db: Session, *, login: str, name: str, password: str, location_id: int | None = None
) -> Account:
    """Make an administrator with a password that the operator chose (AU-13).

    Without a `location_id` the account belongs to the clinic's first place. Raises Invalid at
    `login` or `password`, NotFound when no place has been founded yet.
    """
    place = location_queries.first(db).id if location_id is None else location_id
    return create_account(
        db, CreateAccount(location_id=place, login=login, name=name, password=password)
    )


def renew_link(db: Session, actor: Actor, account_id: int) -> tuple[Account, str]:
    """Make a new one-time link, by which somebody chooses a (new) password; the old link dies.

    A password that is in use stays valid until the link is used. Raises Conflict for somebody
    who is deactivated, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    account = queries.get(db, account_id, location_id=actor.location_id)
    if account.status is AccountStatus.DEACTIVATED:
        raise Conflict(N_("This person is deactivated. Let them in again first."))
    token = _new_link(account)
    audit.record(db, actor, "account.link_renewed", "account", account.id)
    return account, token


def by_link(db: Session, token: str) -> Account:
    """Return the account that a one-time link belongs to; raises NotFound when it is dead."""
    account = queries.by_invitation(db, account_rules.token_hash(token), at=clock.now())
    if account is None or account.status is AccountStatus.DEACTIVATED:
        raise NotFound(LINK_DEAD)
    return account


def hash_new_password(db: Session, account: Account, password: str) -> str:
    """Return the hash of a new password after judging it; raises Invalid at `password`.

    Takes a sixth of a second: call it outside the writing unit, which others wait for.
    """
    clinic = location_queries.get(db, account.location_id).name
    passwords.judge(password, names=(account.login, account.name, clinic))
    return passwords.make_hash(password)


def accept(
    db: Session, wish: AcceptInvitation, *, address: str = "", request_id: str = ""
) -> Account:
    """Use a one-time link: the account gets its password and may sign in. The link dies.

    Ends every session of the account. Raises NotFound when the link is dead.
    """
    account = by_link(db, wish.token)
    account.password_hash = wish.password_hash
    account.status = AccountStatus.ACTIVE
    account.invite_hash = account.invite_expires_at = None
    _end_sessions(db, account.id)
    actor = actor_of(account, address=address, request_id=request_id)
    audit.record(db, actor, "account.accepted", "account", account.id)
    return account


def change(db: Session, actor: Actor, wish: ChangeAccount) -> Account:
    """Change somebody's name or role; a new role ends all their sessions.

    Raises StaleEdit when the account was changed since, Forbidden for one's own role,
    LastAdministrator when nobody would be left in charge, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    account = queries.get(db, wish.account_id, location_id=actor.location_id)
    if account.version != wish.version:
        raise StaleEdit(STALE)
    after = {"name": wish.name, "role": wish.role}
    differs = changes.before_after(account, after)
    if not differs:
        return account

    if "role" in differs:
        _refuse_own(actor, account)
        _refuse_last(db, account)
        _end_sessions(db, account.id)
    account.name, account.role = wish.name, wish.role
    audit.record(db, actor, "account.changed", "account", account.id, detail={"changes": differs})
    return account


def deactivate(db: Session, actor: Actor, account_id: int) -> Account:
    """Take somebody's access away, at once; done twice it changes nothing.

    Raises Forbidden for oneself, LastAdministrator when nobody would be left in charge,
    PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    account = queries.get(db, account_id, location_id=actor.location_id)
    if account.status is AccountStatus.DEACTIVATED:
        return account

    _refuse_own(actor, account)
    _refuse_last(db, account)
    _set_status(db, actor, account, AccountStatus.DEACTIVATED)
    return account


def reactivate(db: Session, actor: Actor, account_id: int) -> Account:
    """Let somebody in again: with the old password, or by a new link when there never was one.

    Raises PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    account = queries.get(db, account_id, location_id=actor.location_id)
    if account.status is not AccountStatus.DEACTIVATED:
        return account

    has_password = account.password_hash is not None
    _set_status(db, actor, account, AccountStatus.ACTIVE if has_password else AccountStatus.INVITED)
    return account


def end_sessions(db: Session, actor: Actor, account_id: int, *, but: str | None = None) -> None:
    """End all cookie sessions of somebody, but the one with the token hash `but`.

    Raises PasswordNeeded for somebody else's: everybody may end their own at any time.
    """
    if account_id != actor.id:
        refuse_unconfirmed(actor, at=clock.now())
    account = queries.get(db, account_id, location_id=actor.location_id)
    _end_sessions(db, account.id, but=but)
    audit.record(db, actor, "account.sessions_ended", "account", account.id)


def change_password(db: Session, actor: Actor, password_hash: str) -> None:
    """Take a new password of one's own, judged and hashed before; ends all sessions of the account.

    The caller gives this browser a new session. A one-time link that was still open dies.
    """
    _set_quietly(
        db, actor.id, password_hash=password_hash, invite_hash=None, invite_expires_at=None
    )
    _end_sessions(db, actor.id)
    audit.record(db, actor, "account.password_changed", "account", actor.id)


def prefer(
    db: Session,
    actor: Actor,
    *,
    theme: Theme | None = None,
    locale: str | None = None,
    single_keys: bool | None = None,
) -> None:
    """Keep somebody's own language, colours and shortcuts; None leaves a preference as it is."""
    wished = {"theme": theme, "locale": locale, "single_keys": single_keys}
    kept = {name: value for name, value in wished.items() if value is not None}
    if not kept:
        return
    _set_quietly(db, actor.id, **kept)
    audit.record(
        db, actor, "account.preferred", "account", actor.id, detail={"fields": sorted(kept)}
    )


def purge(db: Session) -> tuple[int, int]:
    """Delete the rows of sessions and counters that nothing will ask for again.

    Returns how many of each. Ended sessions stay for a day, for what was typed when they ended.
    """
    now = clock.now()
    is_dead = CookieSession.seen_at < now - account_rules.KEPT_AFTER_END
    is_stale = Throttle.resets_at < now - account_rules.LONGEST
    cookies = _delete_free(db, CookieSession, CookieSession.token_hash, is_dead)
    counters = _delete_free(db, Throttle, Throttle.key, is_stale)
    return cookies, counters


def actor_of(account: Account, *, address: str, request_id: str) -> Actor:
    """Return somebody as the actor of an act that they do before they are signed in."""
    return Actor(
        id=account.id,
        name=account.name,
        role=account.role,
        location_id=account.location_id,
        zone="UTC",
        address=address,
        request_id=request_id,
    )


def _delete_free(
    db: Session,
    model: type[Base],
    key: InstrumentedAttribute[str],
    is_dead: sa.ColumnElement[bool],
) -> int:
    # Rows that somebody holds are left for the next sweep: two sweeps must not wait for each other.
    free = sa.select(key).where(is_dead).with_for_update(skip_locked=True)
    deleting = sa.delete(model).where(key.in_(free))
    result = db.execute(deleting.execution_options(synchronize_session=False))
    assert isinstance(result, sa.CursorResult)
    return result.rowcount


def _add(db: Session, account: Account) -> Account:
    try:
        with db.begin_nested():
            db.add(account)
    except IntegrityError as taken:
        if constraint_of(taken) not in {"uq_account_login", "account.login"}:
            raise
        raise Invalid(N_("Somebody has this login already"), field="login") from None
    return account


def _new_link(account: Account) -> str:
    token = secrets.token_urlsafe(32)
    account.invite_hash = account_rules.token_hash(token)
    account.invite_expires_at = clock.now() + account_rules.INVITATION
    return token


def _refuse_own(actor: Actor, account: Account) -> None:
    if not account_rules.may_change_role(actor_id=actor.id, account_id=account.id):
        raise Forbidden(
            N_("Nobody changes their own role or access. Ask another administrator to do it.")
        )


def _refuse_last(db: Session, account: Account) -> None:
    is_in_charge = account.role is Role.ADMINISTRATOR and account.status is AccountStatus.ACTIVE
    if is_in_charge and account_rules.is_last_administrator(
        account_id=account.id, administrators=queries.administrators_locked(db)
    ):
        raise LastAdministrator


def _set_status(db: Session, actor: Actor, account: Account, status: AccountStatus) -> None:
    differs = changes.before_after(account, {"status": status})
    account.status = status
    account.invite_hash = account.invite_expires_at = None
    _end_sessions(db, account.id)
    audit.record(
        db, actor, f"account.{status.value}", "account", account.id, detail={"changes": differs}
    )


def _set_quietly(db: Session, account_id: int, **values: object) -> None:
    # Past the version counter: an administrator who edits the name must not be told "changed by
    # somebody else" because its owner signed in or chose the dark colours.
    db.execute(sa.update(Account).where(Account.id == account_id).values(**values))


def _end_sessions(db: Session, account_id: int, *, but: str | None = None) -> None:
    ending = sa.delete(CookieSession).where(CookieSession.account_id == account_id)
    if but is not None:
        ending = ending.where(CookieSession.token_hash != but)
    db.execute(ending.execution_options(synchronize_session=False))
