"""Cookie sessions: somebody's is a row of ours, random, hashed, ended at the server.

Nobody's session is a signed cookie: a token for the sign-in form, language and colours, a message.
Rows that anybody could make by asking for pages would have to be limited, and a limit is a way to
keep the whole clinic from signing in.
"""

import datetime as dt
import json
import logging
import secrets
from typing import Any, cast

import sqlalchemy as sa
from flask import Flask, Request, Response, current_app
from flask import request as current_request
from flask import session as current_session
from flask.sessions import SessionInterface, SessionMixin
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.datastructures import CallbackDict

from clinic.accounts import queries
from clinic.accounts import rules as account_rules
from clinic.accounts.models import Account, CookieSession
from clinic.accounts.rules import token_hash
from clinic.accounts.values import AccountStatus
from clinic.core import clock, text
from clinic.core.access import Actor
from clinic.core.engine import Sessions
from clinic.web.access import is_background
from clinic.web.database import end_read, read
from clinic.web.errors import request_id

TOUCH_EVERY = dt.timedelta(seconds=30)
NOBODY_S = "n."
"""How the signed cookie of nobody begins; a random value holds no point."""
_WAS = "was"
"""In the session of nobody: whose session ended in this browser before."""
_WITHOUT_SESSION = ("/assets/", "/health/")
_COOKIES = cast("sa.Table", CookieSession.__table__)
# Of the table, not the model: there is no loaded row to bring up to date.
_NOTE = sa.update(_COOKIES).where(_COOKIES.c.token_hash == sa.bindparam("token"))
log = logging.getLogger("clinic")


class DbSession(CallbackDict[str, Any], SessionMixin):
    """One browser's session; `rotate()` gives it a new value and an owner, or none."""

    def __init__(self, data: dict[str, Any] | None = None, *, token: str | None = None) -> None:
        super().__init__(data or {}, _mark_modified)
        self.token = token
        self.account: Account | None = None
        self.zone, self.clinic_name = "UTC", ""
        self.seen_at: dt.datetime | None = None
        self.failure: SQLAlchemyError | None = None
        """Why the row could not be read; the request is answered with the page for it."""
        self.has_ended = False
        """The cookie stood for somebody who was signed in, and no longer does."""
        self.ended_account_id: int | None = None
        """Who that was, when the row is still there."""
        self.confirmed_at: dt.datetime | None = None
        """When the password was last given in this browser."""
        self.modified = False
        self.is_renewed = False
        """The row has a new value, which the browser does not know yet."""
        self.rotated_for: int | None = None
        self.is_rotated = False

    def rotate(self, account_id: int | None) -> None:
        """Start anew at sign-in, sign-out and when the password is given or changed."""
        self.clear()
        self.rotated_for, self.is_rotated = account_id, True


def _mark_modified(session: Any) -> None:
    session.modified = True


class DbSessions(SessionInterface):
    """Opens and saves cookie sessions in the clinic's own database."""

    def __init__(self, sessions: Sessions, *, idle: dt.timedelta, absolute: dt.timedelta) -> None:
        self._sessions, self.idle, self._absolute = sessions, idle, absolute

    @staticmethod
    def cookie_name(request: Request) -> str:
        """Return the cookie's name: `__Host-` where https makes that possible."""
        return "__Host-sid" if request.is_secure else "sid"

    def open_session(self, app: Flask, request: Request) -> DbSession:
        """Return the session of the cookie, or an empty one; one statement for somebody.

        It opens the look that the view goes on with: a second one costs PostgreSQL three trips.
        """
        cookie = request.cookies.get(self.cookie_name(request), "")
        if request.path.startswith(_WITHOUT_SESSION):
            return DbSession()
        if cookie.startswith(NOBODY_S):
            session = DbSession(_read_nobody(app, cookie))
            session.ended_account_id = session.get(_WAS)
            return session
        if not 40 <= len(cookie) <= 64:
            return DbSession()
        try:
            row = queries.cookie(read(), token_hash(cookie))
        except SQLAlchemyError as failure:
            end_read()
            session = DbSession()
            session.failure = failure
            return session
        return self._session_of(row, cookie)

    def _session_of(
        self, row: sa.Row[CookieSession, Account, str, str] | None, token: str
    ) -> DbSession:
        kept = row.CookieSession if row else None
        if row is None or kept is None or self._is_over(kept):
            session = DbSession()
            session.has_ended = True
            session.ended_account_id = kept.account_id if kept else None
            # The dead row is left alone: its owner may still come back for what was typed.
            return session
        session = DbSession(dict(kept.data), token=token)
        session.seen_at, session.confirmed_at = kept.seen_at, kept.confirmed_at
        if row.Account.status is AccountStatus.ACTIVE:
            session.account = row.Account
            session.zone, session.clinic_name = row.zone, row.name
        return session

    def _is_over(self, kept: CookieSession) -> bool:
        return account_rules.is_over(
            created_at=kept.created_at,
            seen_at=kept.seen_at,
            now=clock.now(),
            idle=self.idle,
            absolute=self._absolute,
        )

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what changed; a session that was ended meanwhile stays dead."""
        assert isinstance(session, DbSession)
        request = current_request
        if request.path.startswith(_WITHOUT_SESSION):
            return
        response.vary.add("Cookie")
        if session.is_rotated:
            end_read()  # In a rollback journal our own open read would block this write.
            self._renew(app, request, session, response)
        elif session.token and (session.modified or self._must_touch(session)):
            end_read()
            self._update(session)
        elif session.token is None and session.modified and not is_background():
            # A poll after the end must not replace the cookie: it tells whose the open form is.
            if session.ended_account_id:
                session[_WAS] = session.ended_account_id
            self._set(request, response, _write_nobody(app, session))
        if session.is_renewed and not session.is_rotated and session.token:
            self._set(request, response, session.token)

    @staticmethod
    def _must_touch(session: DbSession) -> bool:
        assert session.seen_at is not None
        return clock.now() - session.seen_at > TOUCH_EVERY and not is_background()

    def _update(self, session: DbSession) -> None:
        values: dict[str, object] = {}
        if session.modified:
            values["data"] = _plain(session)
        if not is_background():
            values["seen_at"] = clock.now()
        assert session.token is not None
        values["token"] = token_hash(session.token)
        try:
            with self._sessions.write_lightly() as db, db.begin():
                db.execute(_NOTE, values)
        except DBAPIError as failure:
            # The page is made and what it saved is saved: it must not turn into an error page.
            log.warning("%s %s session not kept", request_id(), type(failure.orig).__name__)

    def _renew(self, app: Flask, request: Request, session: DbSession, response: Response) -> None:
        token, now = secrets.token_urlsafe(32), clock.now()
        with self._sessions.write() as db, db.begin():
            if session.token:
                _delete(db, session.token)
            if session.rotated_for is not None:
                db.add(
                    CookieSession(
                        token_hash=token_hash(token),
                        account_id=session.rotated_for,
                        data=_plain(session),
                        created_at=now,
                        seen_at=now,
                        confirmed_at=now,
                        address=address(),
                        agent=text.one_line(request.user_agent.string)[:200],
                    )
                )
        is_somebody = session.rotated_for is not None
        self._set(request, response, token if is_somebody else _write_nobody(app, session))

    def _set(self, request: Request, response: Response, value: str) -> None:
        options: dict[str, Any] = {
            "path": "/",
            "httponly": True,
            "samesite": "Lax",
            "secure": request.is_secure,  # a __Host- cookie is neither set nor deleted without it
        }
        if value:
            response.set_cookie(self.cookie_name(request), value, **options)
        else:
            response.delete_cookie(self.cookie_name(request), **options)


def _signer(app: Flask) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(app.secret_key), salt="session of nobody")


def _read_nobody(app: Flask, cookie: str) -> dict[str, Any]:
    lasts = int(account_rules.ANONYMOUS.total_seconds())
    try:
        data = _signer(app).loads(cookie.removeprefix(NOBODY_S), max_age=lasts)
    except BadData:
        return {}
    return data if isinstance(data, dict) else {}


def _write_nobody(app: Flask, session: DbSession) -> str:
    return NOBODY_S + str(_signer(app).dumps(_plain(session))) if session else ""


def _delete(db: Session, token: str) -> None:
    db.execute(sa.delete(CookieSession).where(CookieSession.token_hash == token_hash(token)))


def _plain(session: DbSession) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(dict(session)))
    return plain


def current(session: object) -> DbSession:
    """Return the request's session behind the proxy of `flask.session`."""
    if not isinstance(session, DbSession):
        session = session._get_current_object()  # type: ignore[attr-defined]  # a LocalProxy
    assert isinstance(session, DbSession)
    return session


def mine() -> str:
    """Return the token hash of this browser's session, which is what is kept of it."""
    return token_hash(current(current_session).token or "")


def renew(db: Session) -> str | None:
    """Give this browser's row a new value, confirmed now; None when it was ended meanwhile.

    What the session holds stays, its forms in other tabs too, and so does its end (SE-01, SE-04).
    Call `adopt` with the value once this is committed.
    """
    token = secrets.token_urlsafe(32)
    changing = sa.update(_COOKIES).where(_COOKIES.c.token_hash == mine())
    changed = db.execute(changing.values(token_hash=token_hash(token), confirmed_at=clock.now()))
    assert isinstance(changed, sa.CursorResult)
    return token if changed.rowcount else None


def adopt(token: str) -> None:
    """Send the new value of this browser's session with the answer."""
    own = current(current_session)
    own.token, own.confirmed_at, own.is_renewed = token, clock.now(), True


def address() -> str:
    """Return the network address of this request."""
    return (current_request.remote_addr or "")[:45]


def idle_since() -> dt.datetime:
    """Return the instant since when an open session must have been used."""
    interface = current_app.session_interface
    assert isinstance(interface, DbSessions)
    return clock.now() - interface.idle


def load_actor(session: object) -> Actor | None:
    """Make the request's Actor of its cookie session; None when nobody is signed in.

    Raises what kept the session from being read.
    """
    own = current(session)
    if own.failure is not None:
        raise own.failure
    if own.account is None:
        return None
    return Actor(
        id=own.account.id,
        name=own.account.name,
        role=own.account.role,
        location_id=own.account.location_id,
        zone=own.zone,
        address=address(),
        request_id=request_id(),
        confirmed_at=own.confirmed_at,
    )


def make(app: Flask, sessions: Sessions, *, idle_minutes: int, absolute_hours: int) -> None:
    """Let the application keep its cookie sessions in the database."""
    app.session_interface = DbSessions(
        sessions,
        idle=dt.timedelta(minutes=idle_minutes),
        absolute=dt.timedelta(hours=absolute_hours),
    )
