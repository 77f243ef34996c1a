"""Signing in and out: attempts are counted before they are judged, both answers are remembered."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from clinic.accounts import passwords, queries, service
from clinic.accounts import rules as account_rules
from clinic.accounts.models import Account, Throttle
from clinic.accounts.values import AccountStatus, Attempts
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.text import N_

WAIT = N_("Too many attempts. Wait %(minutes)s min, then try again.")
WRONG_PASSWORD = N_("This is not your present password")


@dataclass(frozen=True, slots=True)
class Counter:
    """Which counter an attempt counts at, and how many it allows."""

    key: str
    limit: int


def counters(
    login: str, *, address: str, secret: str, browser: str = "", is_known: bool
) -> list[Counter]:
    """Return the counters of one attempt to sign in.

    A browser in which this login has signed in before has one of its own: what strangers do, to
    the login or from the same address, does not slow its owner down (AU-05).
    """
    if is_known:
        key = account_rules.login_digest(secret, login, browser=browser)
        return [Counter(f"login:known:{key}", account_rules.PER_LOGIN)]
    return [
        Counter(f"login:user:{account_rules.login_digest(secret, login)}", account_rules.PER_LOGIN),
        Counter(f"login:addr:{account_rules.address_group(address)}", account_rules.PER_ADDRESS),
    ]


def confirmation_counters(account_id: int) -> list[Counter]:
    """Return the counter of somebody signed in who gives the password again."""
    return [Counter(f"confirm:user:{account_id}", account_rules.PER_LOGIN)]


def count_attempt(db: Session, at: Sequence[Counter]) -> dt.timedelta:
    """Count one attempt and return how long it must wait: zero when it may be judged.

    Commit at once and judge afterwards, so that parallel guesses are all seen. The counters are
    rows, which all processes share and a restart keeps. Three statements a counter.
    """
    return max(_count(db, counter) for counter in at)


def _count(db: Session, counter: Counter) -> dt.timedelta:
    now = clock.now()
    # Make the row first, so that it can be locked: two first attempts must not both find none.
    insert = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    fresh = {"key": counter.key, "count": 0, "resets_at": now + account_rules.WINDOW}
    db.execute(insert(Throttle).values(fresh).on_conflict_do_nothing(index_elements=["key"]))
    row = db.get_one(Throttle, counter.key, with_for_update=True, populate_existing=True)
    after, wait = account_rules.after_attempt(
        Attempts(count=row.count, resets_at=row.resets_at), now=now, limit=counter.limit
    )
    row.count, row.resets_at = after.count, after.resets_at
    return wait


def judge(db: Session, *, login: str, password: str) -> Account | None:
    """Return the active account that login and password belong to; the same time for all noes."""
    account = queries.by_login(db, login)
    is_usable = account is not None and account.status is AccountStatus.ACTIVE
    stored = account.password_hash if account and is_usable else None
    return account if passwords.matches(password, stored) else None


def rehashed(account: Account, password: str) -> str | None:
    """Return a new hash when the parameters have risen since the old one was made (AU-01)."""
    stored = account.password_hash
    return passwords.make_hash(password) if stored and passwords.is_outdated(stored) else None


def accept(
    db: Session, actor: Actor, *, counted: Sequence[Counter], new_hash: str | None = None
) -> None:
    """Record a successful sign-in, forget the failures before it, and sweep out dead rows."""
    values: dict[str, object] = {"last_sign_in_at": clock.now()}
    if new_hash is not None:
        values["password_hash"] = new_hash
    # Past the version counter: signing in is no change that an open edit page must be told of.
    db.execute(sa.update(Account).where(Account.id == actor.id).values(**values))
    forget(db, counted)
    service.purge(db)
    audit.record(db, actor, "account.signed_in", "account", actor.id)


def forget(db: Session, counted: Sequence[Counter]) -> None:
    """Take back what a good password was counted as: all of a login, one of an address."""
    for counter in counted:
        is_this = Throttle.key == counter.key
        if ":addr:" in counter.key:
            db.execute(
                sa.update(Throttle)
                .where(is_this, Throttle.count > 0)
                .values(count=Throttle.count - 1)
            )
        else:
            db.execute(sa.delete(Throttle).where(is_this))


def refuse(db: Session, *, counted: Sequence[Counter], address: str, request_id: str) -> None:
    """Record an attempt to sign in that was refused; the login is kept as a digest only."""
    audit.record(
        db,
        None,
        "account.sign_in_refused",
        "account",
        counted[0].key[-16:],
        name="nobody",
        address=address,
        request_id=request_id,
    )


def confirm(db: Session, actor: Actor, *, counted: Sequence[Counter]) -> None:
    """Record that somebody gave their password again, and forget the failures before it."""
    forget(db, counted)
    audit.record(db, actor, "account.confirmed", "account", actor.id)


def refuse_confirmation(db: Session, actor: Actor) -> None:
    """Record that a wrong password was given in a browser where somebody is signed in."""
    audit.record(db, actor, "account.confirmation_refused", "account", actor.id)


def out(db: Session, actor: Actor) -> None:
    """Record that somebody signed out; the cookie session itself is ended by the web layer."""
    audit.record(db, actor, "account.signed_out", "account", actor.id)
