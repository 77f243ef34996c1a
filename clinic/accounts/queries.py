"""Reading accounts and cookie sessions."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account, CookieSession
from clinic.accounts.values import AccountCard, AccountStatus, OpenSession
from clinic.core.access import Role
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.locations.models import Location

# Made once: every request asks it, and building it took longer than running it.
_COOKIE = (
    sa.select(CookieSession, Account, Location.zone, Location.name)
    .join(Account, Account.id == CookieSession.account_id)
    .join(Location, Location.id == Account.location_id)
    .where(CookieSession.token_hash == sa.bindparam("token_hash"))
)


def cookie(db: Session, token_hash: str) -> sa.Row[CookieSession, Account, str, str] | None:
    """Return a cookie session with its account, clinic zone and clinic name; one statement."""
    return db.execute(_COOKIE, {"token_hash": token_hash}).one_or_none()


def by_login(db: Session, login: str) -> Account | None:
    """Return the account of a login, whatever its status."""
    return db.scalar(sa.select(Account).where(Account.login == login.casefold()))


def by_invitation(db: Session, token_hash: str, *, at: dt.datetime) -> Account | None:
    """Return the account that an unused, unexpired one-time link belongs to."""
    return db.scalar(
        sa.select(Account).where(Account.invite_hash == token_hash, Account.invite_expires_at > at)
    )


def get(db: Session, account_id: int, *, location_id: int | None = None) -> Account:
    """Return an account; raises NotFound, also for one of another place when a place is given."""
    account = db.get(Account, account_id)
    if account is None or location_id not in {None, account.location_id}:
        raise NotFound(N_("There is no such person"))
    return account


def card_of(account: Account) -> AccountCard:
    """Return what pages show of an account."""
    return AccountCard(
        id=account.id,
        name=account.name,
        login=account.login,
        role=account.role,
        status=account.status,
        has_link=account.invite_hash is not None,
        invite_expires_at=account.invite_expires_at,
        last_sign_in_at=account.last_sign_in_at,
        locale=account.locale,
        theme=account.theme,
        single_keys=account.single_keys,
    )


def everybody(db: Session, *, location_id: int) -> list[AccountCard]:
    """Return all accounts of a place by name."""
    rows = db.scalars(
        sa.select(Account)
        .where(Account.location_id == location_id)
        .order_by(Account.name, Account.id)
    )
    return [card_of(row) for row in rows]


def administrators_locked(db: Session) -> list[int]:
    """Return the ids of the active administrators and keep them as they are until the commit.

    Two administrators who take each other's access away at once must not both succeed.
    """
    return list(
        db.scalars(
            sa.select(Account.id)
            .where(Account.role == Role.ADMINISTRATOR, Account.status == AccountStatus.ACTIVE)
            .order_by(Account.id)
            .with_for_update()
        )
    )


def names(db: Session, ids: Sequence[int | None]) -> dict[int, str]:
    """Return {account id: name} for the ids given; one statement, none for an empty list."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    rows = db.execute(sa.select(Account.id, Account.name).where(Account.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def open_sessions(
    db: Session, account_id: int, *, seen_since: dt.datetime, mine: str = ""
) -> list[OpenSession]:
    """Return somebody's sessions that were used since then, the latest first.

    `mine` is the token hash of the browser that asks.
    """
    rows = db.scalars(
        sa.select(CookieSession)
        .where(CookieSession.account_id == account_id, CookieSession.seen_at >= seen_since)
        .order_by(CookieSession.seen_at.desc(), CookieSession.token_hash)
    )
    return [
        OpenSession(
            created_at=row.created_at,
            seen_at=row.seen_at,
            address=row.address,
            agent=row.agent,
            is_this=row.token_hash == mine,
        )
        for row in rows
    ]
