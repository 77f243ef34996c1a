"""Cookie sessions as rows of ours: random, hashed, ended at the server (security.md 2.2)."""

import datetime as dt
import hashlib
import json
import secrets
from typing import Any

import sqlalchemy as sa
from flask import Flask, Request, Response
from flask import request as current_request
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy.orm import Session
from werkzeug.datastructures import CallbackDict

from clinic.accounts import queries
from clinic.accounts.models import Account, CookieSession
from clinic.accounts.values import AccountStatus
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.engine import Sessions
from clinic.web.access import is_background
from clinic.web.errors import request_id

TOUCH_EVERY = dt.timedelta(seconds=30)


def token_hash(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class DbSession(CallbackDict[str, Any], SessionMixin):
    """One browser's session; `rotate()` gives it a new value and an owner, or none."""

    def __init__(self, data: dict[str, Any] | None = None, *, token: str | None = None) -> None:
        super().__init__(data or {}, _mark_modified)
        self.token = token
        self.account: Account | None = None
        self.zone, self.clinic_name = "UTC", ""
        self.seen_at: dt.datetime | None = None
        self.confirmed_at: dt.datetime | None = None
        self.modified = False
        self.rotated_for: int | None = None
        self.is_rotated = False
        self.is_new = token is None

    def rotate(self, account_id: int | None) -> None:
        """Start anew at sign-in, sign-out and when the password is confirmed."""
        self.clear()
        self.rotated_for, self.is_rotated = account_id, True


def _mark_modified(session: Any) -> None:
    session.modified = True


class DbSessions(SessionInterface):
    """Opens and saves cookie sessions in the clinic's own database."""

    def __init__(self, sessions: Sessions, *, idle: dt.timedelta, absolute: dt.timedelta) -> None:
        self._sessions, self._idle, self._absolute = sessions, idle, absolute

    @staticmethod
    def cookie_name(request: Request) -> str:
        """Return the cookie's name: `__Host-` where https makes that possible."""
        return "__Host-sid" if request.is_secure else "sid"

    def open_session(self, app: Flask, request: Request) -> DbSession:
        """Return the session of the cookie, or an empty one; one statement."""
        del app
        token = request.cookies.get(self.cookie_name(request), "")
        if request.path.startswith("/assets/") or not 40 <= len(token) <= 64:
            return DbSession()
        with self._sessions.read() as db:
            row = queries.cookie(db, token_hash(token))
        now = clock.now()
        if row is None:
            return DbSession()
        kept = row.CookieSession
        if now - kept.seen_at > self._idle or now - kept.created_at > self._absolute:
            return DbSession()
        session = DbSession(dict(kept.data), token=token)
        session.seen_at, session.confirmed_at = kept.seen_at, kept.confirmed_at
        account = row.Account
        if account is not None and account.status is AccountStatus.ACTIVE:
            session.account = account
            session.zone, session.clinic_name = row.zone or "UTC", row.name or ""
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed; a session that was ended meanwhile stays dead."""
        assert isinstance(session, DbSession)
        del app
        request = current_request
        response.vary.add("Cookie")
        if session.is_rotated or (session.is_new and session.modified and session):
            self._renew(request, session, response)
        elif session.token and self._must_touch(session):
            with self._sessions.write() as db, db.begin():
                db.execute(
                    sa.update(CookieSession)
                    .where(CookieSession.token_hash == token_hash(session.token))
                    .values(data=dict(session), seen_at=clock.now())
                )

    def _must_touch(self, session: DbSession) -> bool:
        if session.modified:
            return True
        assert session.seen_at is not None
        return clock.now() - session.seen_at > TOUCH_EVERY and not is_background()

    def _renew(self, request: Request, session: DbSession, response: Response) -> None:
        name, token, now = self.cookie_name(request), secrets.token_urlsafe(32), clock.now()
        with self._sessions.write() as db, db.begin():
            if session.token:
                _delete(db, session.token)
            if session.rotated_for is None and not session:
                response.delete_cookie(name, path="/", httponly=True, samesite="Lax")
                return
            db.add(
                CookieSession(
                    token_hash=token_hash(token),
                    account_id=session.rotated_for,
                    data=json.loads(json.dumps(dict(session))),
                    created_at=now,
                    seen_at=now,
                    confirmed_at=now if session.rotated_for else None,
                    address=(request.remote_addr or "")[:45],
                    agent=request.user_agent.string[:200],
                )
            )
        response.set_cookie(
            name, token, path="/", httponly=True, samesite="Lax", secure=request.is_secure
        )


def _delete(db: Session, token: str) -> None:
    db.execute(sa.delete(CookieSession).where(CookieSession.token_hash == token_hash(token)))


def load_actor(session: object) -> Actor | None:
    """Make the request's Actor of its cookie session; None when nobody is signed in."""
    if not isinstance(session, DbSession):  # the proxy of flask.session
        session = session._get_current_object()  # type: ignore[attr-defined]
    assert isinstance(session, DbSession)
    account = session.account
    if account is None:
        return None
    return Actor(
        id=account.id,
        name=account.name,
        role=account.role,
        location_id=account.location_id,
        zone=session.zone,
        address=(current_request.remote_addr or "")[:45],
        request_id=request_id(),
    )


def make(app: Flask, sessions: Sessions, *, idle_minutes: int, absolute_hours: int) -> None:
    """Let the application keep its cookie sessions in the database."""
    app.session_interface = DbSessions(
        sessions,
        idle=dt.timedelta(minutes=idle_minutes),
        absolute=dt.timedelta(hours=absolute_hours),
    )
