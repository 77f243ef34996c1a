"""The clinic as tests see it: people who sign in, pages they open, forms they send."""

import datetime as dt
import re
import secrets
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from clinic.accounts.cookies import token_hash
from clinic.accounts.models import Account, CookieSession
from clinic.core import clock
from clinic.core.access import Actor, Role
from tests import factories

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Visitor:
    """One browser: cookies of one account, and the anti-forgery token of its pages."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self._token = ""

    def get(self, url: str, **options: Any) -> TestResponse:
        return self.client.get(url, **options)

    def token(self) -> str:
        if not self._token:
            for url in ("/account", "/sign-in", "/patients"):
                page = self.client.get(url, follow_redirects=True).get_data(as_text=True)
                found = TOKEN.search(page)
                if found:
                    self._token = found.group(1)
                    break
        assert self._token, "no page gave a csrf token"
        return self._token

    def post(self, url: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form with the token of this browser."""
        return self.client.post(url, data={"csrf_token": self.token(), **(data or {})}, **options)


class World:
    """One clinic in Berlin with one account a role."""

    def __init__(self, app: Flask, db: Session, *, is_approved: bool = True) -> None:
        self.app, self.db = app, db
        self.location = factories.a_location(db)
        self.accounts: dict[Role, Account] = {
            role: factories.an_account(db, location=self.location, role=role) for role in Role
        }
        if is_approved:
            physician = self.accounts[Role.PHYSICIAN]
            factories.an_approved_catalogue(db, physician_id=physician.id, at=clock.now())

    def actor(self, role: Role) -> Actor:
        account = self.accounts[role]
        return Actor(
            id=account.id,
            name=account.name,
            role=role,
            location_id=self.location.id,
            zone=self.location.zone,
            address="127.0.0.1",
            request_id="test",
            confirmed_at=clock.now(),
        )

    def as_role(self, role: Role) -> Visitor:
        """Return a browser in which an account of this role is signed in."""
        token, now = secrets.token_urlsafe(32), clock.now()
        self.db.add(
            CookieSession(
                token_hash=token_hash(token),
                account_id=self.accounts[role].id,
                data={},
                created_at=now,
                seen_at=now,
                confirmed_at=now,
                address="127.0.0.1",
                agent="test",
            )
        )
        self.db.flush()
        client = self.app.test_client()
        client.set_cookie("sid", token)
        return Visitor(client)

    def stranger(self) -> Visitor:
        """Return a browser in which nobody is signed in."""
        return Visitor(self.app.test_client())

    def later(self, **delta: float) -> dt.datetime:
        return clock.now() + dt.timedelta(**delta)
