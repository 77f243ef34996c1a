"""Cookie sessions: idle and absolute end, polls, revocation, what is read and written."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.accounts import cookies, service
from clinic.accounts.models import CookieSession
from clinic.accounts.values import ChangeAccount
from clinic.core.access import Role
from clinic.web.database import end_read
from tests.accounts.conftest import sign_in
from tests.conftest import NOW
from tests.counting import statements

MINUTE = dt.timedelta(minutes=1)
POLL = {"X-Background": "1"}


def is_signed_in(visitor, **options) -> bool:
    return visitor.get("/account", **options).status_code == 200


def test_fifteen_minutes_without_an_act_end_the_session(world, clock):
    visitor = world.as_role(Role.NURSE)

    clock(NOW + 15 * MINUTE)
    assert is_signed_in(visitor)
    clock(NOW + 30 * MINUTE)
    assert is_signed_in(visitor)
    clock(NOW + 45.1 * MINUTE)
    assert not is_signed_in(visitor)


def test_ten_hours_end_the_session_however_busy_somebody_is(world, clock):
    visitor = world.as_role(Role.NURSE)

    for minute in range(0, 601, 10):
        clock(NOW + minute * MINUTE)
        assert is_signed_in(visitor), minute
    clock(NOW + 601 * MINUTE)
    assert not is_signed_in(visitor)


def test_a_poll_is_judged_by_the_idle_limit_and_never_prolongs_it(world, clock):
    visitor = world.as_role(Role.NURSE)

    for minute in range(0, 16, 3):
        clock(NOW + minute * MINUTE)
        assert is_signed_in(visitor, headers=POLL)
    clock(NOW + 16 * MINUTE)
    assert visitor.get("/account", headers=POLL).status_code == 401
    assert not is_signed_in(visitor)


@pytest.mark.parametrize(
    "options",
    [
        {"query_string": {"keepalive": "1", "skip_timeout_reset": "0"}},
        {"headers": {"X-Background": "0", "X-Keep-Alive": "1"}},
    ],
)
def test_no_parameter_or_header_prolongs_the_absolute_end(world, clock, options):
    visitor = world.as_role(Role.NURSE)
    clock(NOW + 601 * MINUTE)

    assert visitor.get("/account", **options).status_code == 303


def test_a_poll_that_shows_a_message_does_not_prolong_either(world, db, clock):
    visitor = world.as_role(Role.NURSE)
    clock(NOW + 10 * MINUTE)
    # The message changes the session, which is written: its last act must stay where it was.
    visitor.post("/account/sessions/end", headers=POLL)
    visitor.get("/account", headers=POLL)

    assert db.scalar(sa.select(CookieSession.seen_at)) == NOW + 10 * MINUTE  # the token's page
    clock(NOW + 12 * MINUTE)
    visitor.get("/account", headers=POLL)
    db.expire_all()
    assert db.scalar(sa.select(CookieSession.seen_at)) == NOW + 10 * MINUTE


def test_the_last_act_is_written_at_most_each_half_minute(world, db, clock):
    visitor = world.as_role(Role.NURSE)
    visitor.token()
    for second, seen in {29: 0, 31: 31, 50: 31, 62: 62}.items():
        clock(NOW + dt.timedelta(seconds=second))
        visitor.get("/account")
        db.expire_all()
        assert db.scalar(sa.select(CookieSession.seen_at)) == NOW + dt.timedelta(seconds=seen)


def test_a_clock_set_back_ends_the_session(world, clock):
    visitor = world.as_role(Role.NURSE)
    clock(NOW - 60 * MINUTE)

    assert not is_signed_in(visitor)


def test_an_ended_session_is_not_revived_by_using_it(world, clock):
    visitor = world.as_role(Role.NURSE)
    stolen = visitor.client.get_cookie("sid").value
    clock(NOW + 16 * MINUTE)
    visitor.get("/account")
    thief = world.stranger()
    thief.client.set_cookie("sid", stolen)

    assert not is_signed_in(thief)
    assert not is_signed_in(thief)


def test_a_session_ended_during_a_request_stays_dead(world, db, app):
    @app.before_request
    def end_it() -> None:
        end_read()  # Somebody else's deletion lies in no savepoint of this request.
        db.execute(sa.delete(CookieSession))

    world.as_role(Role.NURSE).get("/account")

    assert db.scalar(sa.select(sa.func.count()).select_from(CookieSession)) == 0


def test_a_new_role_holds_from_the_next_request_on(world, db):
    admin, nurse = world.actor(Role.ADMINISTRATOR), world.accounts[Role.NURSE]
    visitor = world.as_role(Role.NURSE)
    assert visitor.get("/people").status_code == 403

    wish = ChangeAccount(
        account_id=nurse.id, name=nurse.name, role=Role.ADMINISTRATOR, version=nurse.version
    )
    service.change(db, admin, wish)

    assert visitor.get("/account").status_code == 303, "the session has ended"
    assert world.as_role(Role.NURSE).get("/people").status_code == 200


def test_who_is_deactivated_is_out_at_the_next_request(world, db):
    visitor = world.as_role(Role.NURSE)
    assert is_signed_in(visitor)

    service.deactivate(db, world.actor(Role.ADMINISTRATOR), world.accounts[Role.NURSE].id)

    assert not is_signed_in(visitor)
    assert not is_signed_in(world.as_role(Role.NURSE)), "not even by a session made meanwhile"


@pytest.mark.parametrize("junk", ["x", "x" * 43, "é" * 50, "x" * 20_000, "'; drop table account;"])
def test_a_cookie_that_is_junk_stands_for_nobody(world, junk):
    client = world.app.test_client(use_cookies=False)
    sent = {"headers": {"Cookie": f"sid={junk}; known={junk}".encode().decode("latin-1")}}

    assert client.get("/account", **sent).status_code == 303
    assert client.get("/sign-in", **sent).status_code == 200


def test_assets_and_health_neither_read_nor_make_a_session(world, connection):
    visitor = world.as_role(Role.NURSE)

    with statements(connection) as seen:
        answer = visitor.get("/health/live")

    assert answer.status_code == 200
    assert seen == []
    assert "Set-Cookie" not in answer.headers
    assert "Vary" not in answer.headers


def test_a_page_for_somebody_varies_by_cookie_and_is_not_stored(world):
    answer = world.as_role(Role.NURSE).get("/account")

    assert "Cookie" in answer.headers["Vary"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_pages_for_nobody_make_no_rows_however_often_they_are_asked_for(world, db, connection):
    with statements(connection) as seen:
        for _ in range(5):
            visitor = world.stranger()
            visitor.get("/sign-in")
            visitor.get("/no-such-page")

    assert seen == []
    assert db.scalar(sa.select(sa.func.count()).select_from(CookieSession)) == 0


def test_the_cookie_of_nobody_is_signed_and_grows_old(world, clock):
    visitor = world.stranger()
    visitor.post("/preferences", {"lang": "de"})
    cookie = visitor.client.get_cookie("sid").value
    assert cookie.startswith(cookies.NOBODY_S)

    def language(value: str) -> str:
        other = world.stranger()
        other.client.set_cookie("sid", value)
        return other.get("/sign-in").get_data(as_text=True).split('lang="')[1][:2]

    assert language(cookie) == "de"
    assert language(cookie[:-2] + "xx") == "en"
    assert language("n." + "x" * 60) == "en"
    assert language("n.") == "en"
    assert cookies._read_nobody(world.app, cookie)["lang"] == "de"


def test_the_cookie_of_nobody_lets_nobody_in(world, app):
    forged = cookies.NOBODY_S + str(cookies._signer(app).dumps({"account_id": 1, "_user_id": 1}))
    odd = cookies.NOBODY_S + str(cookies._signer(app).dumps(["no", "dict"]))
    for value in (forged, odd):
        visitor = world.stranger()
        visitor.client.set_cookie("sid", value)
        assert not is_signed_in(visitor)


def test_a_sign_in_page_may_stay_open_over_the_weekend(world, clock):
    visitor = world.stranger()
    visitor.token()
    clock(NOW + dt.timedelta(days=3))

    answer = visitor.post("/sign-in", {"login": "a", "password": "b"})

    assert answer.status_code == 422


def test_what_a_browser_says_about_itself_is_cleaned_and_cut(world, db, nurse):
    sign_in(world.stranger(), nurse.login, headers={"User-Agent": "Mo\tzilla " + "x" * 5000})

    agent = db.scalar(sa.select(CookieSession.agent))
    assert agent.startswith("Mo zilla x")
    assert len(agent) == 200
