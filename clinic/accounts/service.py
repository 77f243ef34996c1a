"""Signing in and out, and keeping the people who may."""

import datetime as dt
import hashlib
import hmac

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts import passwords, queries
from clinic.accounts import rules as account_rules
from clinic.accounts.models import Account, CookieSession, Throttle
from clinic.accounts.values import AccountStatus, Theme
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor


def login_key(login: str, secret: str) -> str:
    """Return the counter's key of a login, which tells nobody the login."""
    digest = hmac.new(secret.encode(), login.casefold().encode(), hashlib.sha256).hexdigest()
    return f"login:user:{digest[:40]}"


def count_attempt(db: Session, *, key: str, limit: int) -> dt.timedelta:
    """Count one attempt and return how long it must wait: zero when it may be judged.

    Counting comes before judging and is committed at once, so that parallel guesses are all seen.
    """
    now = clock.now()
    counter = db.get(Throttle, key, with_for_update=True)
    if counter is None:
        counter = Throttle(key=key, count=0, resets_at=now + account_rules.WINDOW)
        db.add(counter)
    if counter.resets_at <= now:
        counter.count, counter.resets_at = 0, now + account_rules.WINDOW
    if counter.count >= limit and now < counter.resets_at:
        return counter.resets_at - now
    counter.count += 1
    wait = account_rules.wait_after(counter.count, limit)
    if wait:
        counter.resets_at = now + wait
    return wait


def judge_sign_in(db: Session, *, login: str, password: str) -> Account | None:
    """Return the active account that login and password belong to; the same time for all noes."""
    account = queries.by_login(db, login)
    usable = account is not None and account.status is AccountStatus.ACTIVE
    stored = account.password_hash if account and usable else None
    return account if passwords.matches(password, stored) else None


def note_sign_in(db: Session, *, account_id: int, key: str, address: str, request_id: str) -> None:
    """Record a successful sign-in and forget the failures before it."""
    account = queries.get(db, account_id)
    account.last_sign_in_at = clock.now()
    db.execute(sa.delete(Throttle).where(Throttle.key == key))
    actor = _actor_of(account, address=address, request_id=request_id)
    audit.record(db, actor, "account.signed_in", "account", account.id)


def note_refused(db: Session, *, login_digest: str, address: str, request_id: str) -> None:
    """Record an attempt to sign in that was refused; the login itself is not kept."""
    audit.record(
        db,
        None,
        "account.sign_in_refused",
        "account",
        login_digest[-16:],
        detail={"address": address, "request": request_id},
        name="nobody",
    )


def sign_out(db: Session, actor: Actor) -> None:
    """Record that somebody signed out; the cookie session itself is ended by the web layer."""
    audit.record(db, actor, "account.signed_out", "account", actor.id)


def prefer(
    db: Session,
    actor: Actor,
    *,
    theme: Theme | None = None,
    locale: str | None = None,
    single_keys: bool | None = None,
) -> None:
    """Keep somebody's own language, colours and shortcuts; None leaves a preference as it is."""
    account = queries.get(db, actor.id)
    if theme is not None:
        account.theme = theme
    if locale is not None:
        account.locale = locale
    if single_keys is not None:
        account.single_keys = single_keys
    audit.record(db, actor, "account.preferred", "account", actor.id)


def end_sessions(db: Session, account_id: int, *, but: str | None = None) -> None:
    """End all cookie sessions of somebody, but the one with this token hash."""
    ending = sa.delete(CookieSession).where(CookieSession.account_id == account_id)
    if but is not None:
        ending = ending.where(CookieSession.token_hash != but)
    db.execute(ending)


def _actor_of(account: Account, *, address: str, request_id: str) -> Actor:
    return Actor(
        id=account.id,
        name=account.name,
        role=account.role,
        location_id=account.location_id,
        zone="UTC",
        address=address,
        request_id=request_id,
    )
