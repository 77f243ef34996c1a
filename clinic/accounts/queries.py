"""Reading accounts and cookie sessions."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account, CookieSession, Throttle
from clinic.accounts.values import AccountStatus
from clinic.core.access import Role
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.locations.models import Location


def cookie(db: Session, token_hash: str) -> sa.Row[CookieSession, Account, str, str] | None:
    """Return a cookie session with its account, clinic zone and clinic name; one statement."""
    return db.execute(
        sa.select(CookieSession, Account, Location.zone, Location.name)
        .outerjoin(Account, Account.id == CookieSession.account_id)
        .outerjoin(Location, Location.id == Account.location_id)
        .where(CookieSession.token_hash == token_hash)
    ).one_or_none()


def by_login(db: Session, login: str) -> Account | None:
    """Return the account of a login, whatever its status."""
    return db.scalar(sa.select(Account).where(Account.login == login.casefold()))


def by_invitation(db: Session, token_hash: str, *, at: dt.datetime) -> Account | None:
    """Return the account that an unused, unexpired one-time link belongs to."""
    return db.scalar(
        sa.select(Account).where(Account.invite_hash == token_hash, Account.invite_expires_at > at)
    )


def get(db: Session, account_id: int) -> Account:
    """Return an account; raises NotFound."""
    account = db.get(Account, account_id)
    if account is None:
        raise NotFound(N_("There is no such person"))
    return account


def everybody(db: Session) -> Sequence[Account]:
    """Return all accounts by name."""
    return db.scalars(sa.select(Account).order_by(Account.name, Account.id)).all()


def count_active(db: Session, role: Role) -> int:
    """Return how many active accounts hold a role."""
    return (
        db.scalar(
            sa.select(sa.func.count())
            .select_from(Account)
            .where(Account.role == role, Account.status == AccountStatus.ACTIVE)
        )
        or 0
    )


def names(db: Session, ids: Sequence[int | None]) -> dict[int, str]:
    """Return {account id: name} for the ids given; one statement, none for an empty list."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    rows = db.execute(sa.select(Account.id, Account.name).where(Account.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def throttle(db: Session, key: str) -> Throttle | None:
    """Return a counter of attempts."""
    return db.get(Throttle, key)
