"""One's own account: preferences, password, sessions, and the page behind a one-time link."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.accounts import passwords, service
from clinic.accounts.models import Account, CookieSession
from clinic.accounts.values import InviteAccount, Theme
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from tests.accounts.conftest import PASSWORD, forget_token, sign_in
from tests.conftest import NOW
from tests.world import TOKEN

NEW = "nine brass owls hum low"


def text(response) -> str:
    return response.get_data(as_text=True)


def change(visitor, current=PASSWORD, password=NEW, again=NEW):
    forget_token(visitor)
    return visitor.post("/account", {"current": current, "password": password, "again": again})


def test_a_new_password_holds_and_ends_all_other_sessions(world, db, nurse):
    here, there = world.as_role(Role.NURSE), world.as_role(Role.NURSE)
    before = here.client.get_cookie("sid").value

    answer = change(here)

    assert (answer.status_code, answer.location) == (303, "/account")
    assert here.client.get_cookie("sid").value != before
    assert "Your password was changed" in text(here.get("/account"))
    assert there.get("/account").status_code == 303
    db.refresh(nurse)
    assert passwords.matches(NEW, nurse.password_hash)
    actions = list(db.scalars(sa.select(AuditEvent.action)))
    assert "account.password_changed" in actions


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"current": ""}, "Please fill this in"),
        ({"current": "no such words here"}, "not your present password"),
        ({"again": "something else entirely"}, "differ"),
        ({"password": "short", "again": "short"}, "At least 15"),
        ({"password": "", "again": ""}, "Please fill this in"),
        ({"password": "x\0y" * 8, "again": "x\0y" * 8}, "different"),
        ({"password": "x1y2z3" * 50_000, "again": "x1y2z3" * 50_000}, "At most 128"),
    ],
)
def test_a_refused_change_says_why_at_the_field(world, db, nurse, fields, says):
    answer = change(world.as_role(Role.NURSE), **fields)

    assert answer.status_code == 422
    assert says in text(answer)
    db.refresh(nurse)
    assert passwords.matches(PASSWORD, nurse.password_hash)


def test_guessing_the_present_password_is_slowed_down(world, nurse):
    visitor = world.as_role(Role.NURSE)
    for _ in range(5):
        assert change(visitor, current="no such words here").status_code == 422

    answer = change(visitor)

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 900
    assert "Wait 15 min" in text(answer)


def test_the_page_lists_ones_open_sessions_and_ends_the_others(world, db):
    here = world.as_role(Role.NURSE)
    there = world.as_role(Role.NURSE)
    elsewhere = world.as_role(Role.PHYSICIAN)
    page = text(here.get("/account"))
    assert page.count("127.0.0.1") == 2
    assert "This browser" in page

    answer = here.post("/account/sessions/end")

    assert answer.status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303
    assert elsewhere.get("/account").status_code == 200


def test_preferences_are_kept_with_the_account(world, db):
    visitor = world.as_role(Role.NURSE)

    answer = visitor.post(
        "/preferences",
        {"theme": "dark", "lang": "de", "single_keys": "off", "next": "/account"},
    )

    assert (answer.status_code, answer.location) == (303, "/account")
    account = world.accounts[Role.NURSE]
    db.refresh(account)
    assert (account.theme, account.locale, account.single_keys) == (Theme.DARK, "de", False)
    page = text(world.as_role(Role.NURSE).get("/account"))
    assert re.search(r'<html lang="de" dir="ltr"[^>]* data-theme="dark"', page)


def test_shortcuts_that_are_off_are_off_on_every_page(world, db):
    visitor = world.as_role(Role.NURSE)
    assert 'data-keys="off"' not in text(visitor.get("/account"))

    visitor.post("/preferences", {"single_keys": "off"})

    assert 'data-keys="off"' in text(visitor.get("/account"))


def test_unknown_preferences_change_nothing(world, db):
    visitor = world.as_role(Role.NURSE)

    for junk in ({"theme": "pink"}, {"lang": "../../etc"}, {"single_keys": "2"}, {}):
        assert visitor.post("/preferences", junk).status_code == 303

    account = world.accounts[Role.NURSE]
    db.refresh(account)
    assert (account.theme, account.locale, account.single_keys) == (Theme.AUTO, "en", True)


def test_a_stranger_chooses_language_and_colours_for_this_browser(world):
    visitor = world.stranger()

    visitor.post("/preferences", {"lang": "ar"})
    visitor.post("/preferences", {"theme": "dark"})

    page = text(visitor.get("/sign-in"))
    assert re.search(r'<html lang="ar" dir="rtl"[^>]* data-theme="dark"', page)
    assert '<html lang="en"' in text(world.stranger().get("/sign-in"))


def test_the_sign_in_page_keeps_the_language_of_who_signed_out(world, db):
    world.accounts[Role.NURSE].locale = "de"
    db.flush()
    visitor = world.as_role(Role.NURSE)

    visitor.post("/sign-out")

    assert '<html lang="de"' in text(visitor.get("/sign-in"))


@pytest.fixture
def link(world, db) -> str:
    wish = InviteAccount(login="bob", name="Bob <Night>", role=Role.NURSE)
    _, token = service.invite(db, None, wish)
    return f"/invitations/{token}"


def test_the_link_asks_for_a_password_and_then_lets_in(world, link):
    visitor = world.stranger()
    assert "Bob &lt;Night&gt;" in text(visitor.get(link))
    assert "bob" in text(visitor.get(link)), "looking does not use the link"

    answer = visitor.post(link, {"password": PASSWORD, "again": PASSWORD})

    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert "Your password is set" in text(visitor.get("/sign-in"))
    assert sign_in(visitor, "bob").status_code == 303


def test_a_used_link_is_dead(world, link):
    visitor = world.stranger()
    visitor.post(link, {"password": PASSWORD, "again": PASSWORD})
    forget_token(visitor)

    for answer in (
        visitor.get(link),
        visitor.post(link, {"password": NEW, "again": NEW}),
    ):
        assert answer.status_code == 404
        assert "used already or is older than 24 hours" in text(answer)


def test_an_old_an_unknown_and_a_used_link_look_the_same(world, link, clock):
    clock(NOW + dt.timedelta(hours=25))
    visitor = world.stranger()

    old, unknown = visitor.get(link), visitor.get("/invitations/" + "x" * 43)

    assert old.status_code == unknown.status_code == 404
    # The form's token is of the second in which it was made.
    pages = [TOKEN.sub("", text(answer)) for answer in (old, unknown)]
    assert pages[0].replace(link, "") == pages[1].replace("/invitations/" + "x" * 43, "")


@pytest.mark.parametrize("token", ["x", "%00", "é", "x" * 5000, "a b", "%2e%2e"])
def test_a_link_that_is_junk_is_not_found(world, token):
    assert world.stranger().get(f"/invitations/{token}").status_code in {404, 400}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"password": "short", "again": "short"},
        {"password": PASSWORD, "again": NEW},
        {"password": "i am bob <night> ok", "again": "i am bob <night> ok"},
    ],
)
def test_a_bad_password_leaves_the_link_alive(world, link, data):
    visitor = world.stranger()

    assert visitor.post(link, data).status_code == 422
    answer = visitor.post(link, {"password": PASSWORD, "again": PASSWORD})
    assert answer.status_code == 303


def test_the_link_takes_no_role_along(world, db, link):
    form = {"password": PASSWORD, "again": PASSWORD, "role": "administrator", "login": "root"}

    world.stranger().post(link, form)

    account = db.scalar(sa.select(Account).where(Account.login == "bob"))
    assert account.role is Role.NURSE


def test_who_uses_a_link_while_somebody_else_is_signed_in_ends_that_session(world, db, link):
    visitor = world.as_role(Role.ADMINISTRATOR)
    before = visitor.client.get_cookie("sid").value

    visitor.post(link, {"password": PASSWORD, "again": PASSWORD})

    assert visitor.get("/account").status_code == 303
    assert visitor.client.get_cookie("sid").value != before
    assert db.scalar(sa.select(sa.func.count()).select_from(CookieSession)) == 0
