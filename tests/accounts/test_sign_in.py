"""Signing in and out by the page: one answer for every no, counters, known browsers, cookies."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.accounts import signing_in
from clinic.accounts.models import CookieSession, Throttle
from clinic.accounts.values import AccountStatus
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from tests.accounts.conftest import PASSWORD, forget_token, sign_in
from tests.conftest import NOW, SECRET

WRONG = "Login and password do not fit together"
MINUTE = dt.timedelta(minutes=1)


def cookie_of(response, name: str) -> str:
    """Return the Set-Cookie header of one cookie; empty when it was not sent."""
    headers = response.headers.getlist("Set-Cookie")
    return next((header for header in headers if header.startswith(f"{name}=")), "")


def fail_often(db, login: str, times: int = 5) -> None:
    """Count as many failures of strangers as lock a login, without the time that hashing takes."""
    counted = signing_in.counters(login, address="127.0.0.1", secret=SECRET, is_known=False)
    for _ in range(times):
        signing_in.count_attempt(db, counted)
    db.flush()


def text(response) -> str:
    return response.get_data(as_text=True)


def test_who_gives_login_and_password_comes_to_the_first_page_of_the_role(world, nurse):
    visitor = world.stranger()

    answer = sign_in(visitor, nurse.login.upper())

    assert (answer.status_code, answer.location) == (303, "/")
    assert visitor.get("/account").status_code == 200


def test_who_was_sent_to_sign_in_goes_on_to_where_they_wanted(world, nurse):
    visitor = world.stranger()
    sent = visitor.get("/account?x=1")
    assert (sent.status_code, sent.location) == (303, "/sign-in?next=/account?x%3D1")

    answer = sign_in(visitor, nurse.login, url=sent.location)

    assert answer.location == "/account?x=1"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "http://[",
        "//[",
        "account",
        "",
        "/x\r\nSet-Cookie: a=b",
        "/" + "x" * 2000,
        "/\x00",
    ],
)
def test_nobody_is_sent_to_another_site(world, target):
    visitor = world.as_role(Role.NURSE)

    for answer in (
        visitor.get("/sign-in", query_string={"next": target}),
        visitor.post("/preferences", {"next": target}),
    ):
        assert (answer.status_code, answer.location) == (303, "/")


def test_not_even_after_signing_in(world, nurse):
    answer = sign_in(world.stranger(), nurse.login, query_string={"next": "//evil.example"})

    assert (answer.status_code, answer.location) == (303, "/")


def refusals(world, db, nurse):
    """Return the answers to five kinds of no."""
    deactivated, invited = world.accounts[Role.PHYSICIAN], world.accounts[Role.RECEPTIONIST]
    deactivated.status, deactivated.password_hash = AccountStatus.DEACTIVATED, nurse.password_hash
    invited.status, invited.password_hash = AccountStatus.INVITED, None
    db.flush()
    return {
        "wrong password": sign_in(world.stranger(), nurse.login, "no such words here"),
        "unknown": sign_in(world.stranger(), "somebody"),
        "deactivated": sign_in(world.stranger(), deactivated.login),
        "invited": sign_in(world.stranger(), invited.login),
        "overlong": sign_in(world.stranger(), nurse.login, "x" * 257),
    }


def test_every_no_is_the_same_page(world, db, nurse):
    pages = set()
    for kind, answer in refusals(world, db, nurse).items():
        assert answer.status_code == 422, kind
        assert WRONG in text(answer)
        page = re.sub(r'(name="(csrf_token|login)"[^>]*value=")[^"]*', r"\1", text(answer))
        pages.add(re.sub(r'value="[^"]*"([^>]*name="login")', r"\1", page))

    assert len(pages) == 1


def test_a_password_that_was_typed_is_not_sent_back(world, nurse):
    answer = sign_in(world.stranger(), nurse.login, "no such words here")

    assert nurse.login in text(answer)
    assert "no such words here" not in text(answer)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"login": "", "password": ""},
        {"login": "x", "password": ""},
        {"login": "  ", "password": "x"},
        {"login": "a\0b", "password": "x\0y"},
        {"login": "x" * 100_000, "password": "y" * 100_000},
        {"login": "\u202egnp", "password": "x"},
        {"login": ["a", "b"], "password": ["c", "d"]},
        {"login": "a", "password": "b", "kept": "{", "kept_for": "x"},
        {"login": "a", "password": "b", "kept": "[" * 50_000, "kept_for": "x.y"},
    ],
)
def test_bad_input_comes_back_at_the_field(world, data):
    answer = world.stranger().post("/sign-in", data)

    assert answer.status_code == 422
    assert 'role="alert"' in text(answer)


def test_the_sixth_attempt_must_wait_whatever_the_login(world, nurse):
    for login in (nurse.login, "somebody unknown"):
        for _ in range(5):
            assert sign_in(world.stranger(), login, "no such words here").status_code == 422
        answer = sign_in(world.stranger(), login)

        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "900"
        assert "Wait 15 min" in text(answer)


def test_the_wait_ends_and_grows(world, db, nurse, clock):
    visitor = world.stranger()
    fail_often(db, nurse.login)

    clock(NOW + 15 * MINUTE)
    assert sign_in(visitor, nurse.login, "no such words here").status_code == 422
    answer = sign_in(visitor, nurse.login)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1800")
    clock(NOW + 45 * MINUTE)
    assert sign_in(visitor, nurse.login).status_code == 303


def test_a_success_forgets_the_failures_before_it(world, db, nurse):
    for _ in range(2):
        fail_often(db, nurse.login, 4)
        assert sign_in(world.stranger(), nurse.login).status_code == 303


def test_strangers_cannot_lock_somebody_out_of_the_browser_on_their_desk(world, db, nurse):
    desk = world.stranger()
    sign_in(desk, nurse.login)
    forget_token(desk)
    desk.post("/sign-out")
    fail_often(db, nurse.login)
    assert sign_in(world.stranger(), nurse.login).status_code == 429

    assert sign_in(desk, nurse.login).status_code == 303


def test_a_known_browser_is_slowed_down_too(world, nurse):
    desk = world.stranger()
    sign_in(desk, nurse.login)
    forget_token(desk)
    desk.post("/sign-out")

    answers = [sign_in(desk, nurse.login, "no such words here").status_code for _ in range(6)]

    assert answers == [422] * 5 + [429]
    assert sign_in(world.stranger(), nurse.login).status_code == 303


def test_a_known_browser_is_known_for_that_login_only(world, db, nurse):
    desk = world.stranger()
    sign_in(desk, nurse.login)
    forget_token(desk)
    desk.post("/sign-out")
    fail_often(db, "victim")

    assert sign_in(desk, "victim", "no such words here").status_code == 429


def test_a_forged_browser_cookie_is_worth_nothing(world, db, nurse):
    fail_often(db, nurse.login)
    for forged in ("x", "W10.x.y", "é" * 50, "a" * 3000, "W10=.aaaa.bbbb"):
        forger = world.stranger()
        forger.client.set_cookie("known", forged)
        assert sign_in(forger, nurse.login).status_code == 429


def test_many_logins_from_one_address_are_slowed_down(world, db):
    key = "login:addr:127.0.0.1"
    sign_in(world.stranger(), "one", "no such words here")
    db.execute(sa.update(Throttle).where(Throttle.key == key).values(count=100))
    db.expire_all()

    assert sign_in(world.stranger(), "another").status_code == 429
    other = sign_in(world.stranger(), "third", environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert other.status_code == 422


def test_a_forged_forwarded_header_changes_neither_limit_nor_log(world, db):
    for n in range(6):
        answer = sign_in(
            world.stranger(),
            "somebody",
            "no such words here",
            headers={"X-Forwarded-For": f"192.0.2.{n}", "X-Real-IP": f"192.0.2.{n}"},
        )

    assert answer.status_code == 429
    keys = db.scalars(sa.select(Throttle.key).where(Throttle.key.like("login:addr:%")))
    assert list(keys) == ["login:addr:127.0.0.1"]
    refused = AuditEvent.action == "account.sign_in_refused"
    assert set(db.scalars(sa.select(AuditEvent.address).where(refused))) == {"127.0.0.1"}


def test_the_trail_keeps_who_came_in_and_that_somebody_did_not(world, db, nurse):
    sign_in(world.stranger(), nurse.login, "no such words here")
    sign_in(world.stranger(), nurse.login)

    of_people = sa.select(AuditEvent).where(AuditEvent.entity == "account")
    refused, accepted = db.scalars(of_people.order_by(AuditEvent.id))
    assert (refused.action, refused.actor_id) == ("account.sign_in_refused", None)
    assert nurse.login not in refused.entity_id + str(refused.detail)
    assert (accepted.action, accepted.actor_id) == ("account.signed_in", nurse.id)
    assert accepted.address == "127.0.0.1"


def test_the_session_changes_its_value_at_sign_in_and_is_kept_as_a_digest(world, db, nurse):
    visitor = world.stranger()
    visitor.token()
    before = visitor.client.get_cookie("sid").value

    sign_in(visitor, nurse.login)

    after = visitor.client.get_cookie("sid").value
    assert len(after) >= 43
    assert after != before
    kept = set(db.scalars(sa.select(CookieSession.token_hash)))
    assert len(kept) == 1
    assert kept.isdisjoint({before, after})


def test_a_value_from_before_the_sign_in_stands_for_nobody(world, nurse):
    visitor = world.stranger()
    visitor.token()
    planted = visitor.client.get_cookie("sid").value
    sign_in(visitor, nurse.login)

    thief = world.stranger()
    thief.client.set_cookie("sid", planted)

    assert thief.get("/account").status_code == 303


def test_the_cookies_are_locked_down(world, nurse):
    answer = sign_in(world.stranger(), nurse.login)

    for name in ("sid", "known"):
        cookie = cookie_of(answer, name)
        for part in ("HttpOnly", "SameSite=Lax", "Path=/"):
            assert part in cookie
        assert "Domain" not in cookie
        assert "Secure" not in cookie


def test_over_https_the_cookies_are_bound_to_the_host(world, nurse):
    visitor = world.stranger()
    base = {"base_url": "https://localhost"}
    page = text(visitor.get("/sign-in", **base))
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    form = {"csrf_token": token, "login": nurse.login, "password": PASSWORD}
    answer = visitor.client.post("/sign-in", data=form, **base)

    assert answer.status_code == 303
    for name in ("__Host-sid", "__Host-known"):
        assert "Secure; HttpOnly; Path=/; SameSite=Lax" in cookie_of(answer, name)
    assert cookie_of(answer, "sid") == ""
    page = text(visitor.get("/account", **base))
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    answer = visitor.client.post("/sign-out", data={"csrf_token": token}, **base)
    assert "Secure" in cookie_of(answer, "__Host-sid")


def test_signing_out_kills_the_session_at_the_server(world, db):
    visitor = world.as_role(Role.NURSE)
    stolen = visitor.client.get_cookie("sid").value

    answer = visitor.post("/sign-out")

    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    thief = world.stranger()
    thief.client.set_cookie("sid", stolen)
    assert thief.get("/account").status_code == 303
    assert db.scalars(sa.select(AuditEvent.action)).all()[-1] == "account.signed_out"


def test_signing_out_needs_a_post_with_a_token(world):
    visitor = world.as_role(Role.NURSE)

    assert visitor.get("/sign-out").status_code == 405
    assert visitor.client.post("/sign-out").status_code == 400
    assert visitor.get("/account").status_code == 200


def test_the_sign_in_page_says_that_the_session_has_ended(world, clock):
    visitor = world.as_role(Role.NURSE)
    assert "You have been signed out, because" not in text(world.stranger().get("/sign-in"))

    clock(NOW + 16 * MINUTE)
    page = visitor.get("/account", follow_redirects=True)

    assert "You have been signed out, because" in text(page)


def test_signing_in_takes_no_account_of_fields_the_form_does_not_have(world, db, nurse):
    visitor = world.stranger()
    extra = {"role": "administrator", "account_id": "1", "status": "active"}

    visitor.post("/sign-in", {"login": nurse.login, "password": PASSWORD, **extra})

    db.refresh(nurse)
    assert nurse.role is Role.NURSE
