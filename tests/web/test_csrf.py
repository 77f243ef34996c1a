"""Forms need a token of this browser's session; what was typed into one that was late is kept."""

import datetime as dt
import re
from html import unescape

import pytest

from clinic.core.access import Role
from clinic.web import kept
from tests.accounts.conftest import PASSWORD, forget_token, nurse, password_hash, sign_in
from tests.conftest import NOW

__all__ = ["nurse", "password_hash"]
HERE = {"Sec-Fetch-Site": "same-origin"}
TYPED = {"name": "Typed <b>Name</b>", "login": "bob", "role": "nurse"}


def text(response) -> str:
    return response.get_data(as_text=True)


def fields(page: str) -> dict[str, str]:
    """Return the hidden fields of the page, as a browser would send them again."""
    areas = re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', page, re.DOTALL)
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in [*inputs, *areas]}


@pytest.fixture
def admin(world):
    return world.as_role(Role.ADMINISTRATOR)


@pytest.mark.parametrize("url", ["/sign-in", "/preferences"])
def test_even_a_public_form_needs_a_token(world, url):
    assert world.stranger().client.post(url, data={"login": "a"}).status_code == 400


@pytest.mark.parametrize("token", ["", "x", "W10.x.y", "é", "x" * 50_000, "IjEi.aa.bb\0"])
def test_a_wrong_token_is_refused(admin, token):
    answer = admin.client.post("/people/new", data={**TYPED, "csrf_token": token}, headers=HERE)

    assert answer.status_code == 400


def test_the_token_of_another_browser_is_refused(world, admin):
    other = world.as_role(Role.ADMINISTRATOR).token()

    answer = admin.client.post("/people/new", data={**TYPED, "csrf_token": other})

    assert answer.status_code == 400


def test_a_token_does_not_outlive_the_session_it_belongs_to(world, nurse):
    visitor = world.stranger()
    before = visitor.token()
    sign_in(visitor, nurse.login)

    assert visitor.client.post("/sign-out", data={"csrf_token": before}).status_code == 400


@pytest.mark.parametrize(
    ("came_from", "status"),
    [("same-origin", 303), ("none", 303), ("cross-site", 400), ("same-site", 400), ("x", 400)],
)
def test_a_form_of_another_site_is_refused_even_with_a_token(admin, came_from, status):
    answer = admin.post("/preferences", headers={"Sec-Fetch-Site": came_from})

    assert answer.status_code == status


def test_a_late_form_says_what_happened_and_is_sent_again_by_a_button(admin):
    late = admin.client.post("/people/new?x=1", data=TYPED, headers=HERE)

    assert late.status_code == 400
    assert "open for too long" in text(late)
    assert "It will be sent as Administrator" in text(late)
    assert 'action="/people/new?x=1"' in text(late)
    again = fields(text(late))
    assert {name: again[name] for name in TYPED} == TYPED
    done = admin.client.post("/people/new?x=1", data=again, headers=HERE)
    assert done.status_code == 201
    assert "Typed &lt;b&gt;Name&lt;/b&gt;" in text(done)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}],
)
def test_nothing_of_another_site_is_offered_again(admin, headers):
    late = admin.client.post("/people/new", data=TYPED, headers=headers)

    assert late.status_code == 400
    assert "Typed" not in text(late)


def test_without_fetch_headers_the_origin_decides(admin):
    late = admin.client.post("/people/new", data=TYPED, headers={"Origin": "http://localhost"})

    assert "Send it again" in text(late)


def test_passwords_and_tokens_are_not_carried_along(admin):
    form = {"login": "a", "password": "secret-one", "new_password": "secret-two"}

    late = admin.client.post("/sign-in", data={**form, "csrf_token": "secret-three"}, headers=HERE)

    assert "secret" not in text(late)


def test_too_much_is_left_to_the_browser(admin):
    late = admin.client.post("/people/new", data={"name": "x" * 210_000}, headers=HERE)

    assert late.status_code == 400
    assert "Send it again" not in text(late)


def test_a_session_that_ended_keeps_what_was_typed_for_the_same_person(
    world, db, password_hash, clock
):
    account = world.accounts[Role.ADMINISTRATOR]
    account.password_hash = password_hash
    db.flush()
    visitor = world.as_role(Role.ADMINISTRATOR)
    visitor.token()
    clock(NOW + dt.timedelta(minutes=16))

    ended = visitor.post("/people/new", TYPED, headers=HERE)

    assert ended.status_code == 401
    assert "Typed &lt;b&gt;Name" in text(ended)
    form = fields(text(ended)) | {"login": account.login, "password": PASSWORD}
    resumed = visitor.client.post("/sign-in", data=form, headers=HERE)
    assert resumed.status_code == 200
    assert "You are signed in again" in text(resumed)
    again = fields(text(resumed))
    assert {name: again[name] for name in TYPED} == TYPED
    done = visitor.client.post("/people/new", data=again, headers=HERE)
    assert done.status_code == 201


def test_a_mistyped_password_does_not_lose_it(world, nurse, clock):
    visitor = world.as_role(Role.NURSE)
    visitor.token()
    clock(NOW + dt.timedelta(minutes=16))
    ended = visitor.post("/account", {"note": "long words"}, headers=HERE)

    form = fields(text(ended)) | {"login": nurse.login, "password": "no such words here"}
    refused = visitor.client.post("/sign-in", data=form, headers=HERE)

    assert refused.status_code == 422
    assert "long words" in unescape(text(refused))


def test_somebody_else_who_signs_in_does_not_get_it(world, db, nurse, password_hash, clock):
    physician = world.accounts[Role.PHYSICIAN]
    physician.password_hash = password_hash
    db.flush()
    visitor = world.as_role(Role.NURSE)
    visitor.token()
    clock(NOW + dt.timedelta(minutes=16))
    ended = visitor.post("/account", {"note": "words of the nurse"}, headers=HERE)

    form = fields(text(ended)) | {"login": physician.login, "password": PASSWORD}
    answer = visitor.client.post("/sign-in", data=form, headers=HERE)

    assert (answer.status_code, answer.location) == (303, "/")


def test_another_tab_that_came_by_meanwhile_does_not_forget_whose_it_was(world, nurse, clock):
    visitor = world.as_role(Role.NURSE)
    visitor.token()
    clock(NOW + dt.timedelta(minutes=16))
    visitor.get("/account", follow_redirects=True)
    visitor.get("/account", headers={"X-Background": "1"})

    ended = visitor.post("/account", {"note": "words"}, headers=HERE)

    assert ended.status_code == 401
    assert "kept_for" in fields(text(ended))


def test_who_signed_out_leaves_nothing_to_send(world, clock):
    visitor = world.as_role(Role.NURSE)
    visitor.post("/sign-out")
    forget_token(visitor)

    late = visitor.post("/account", {"note": "words"}, headers=HERE)

    assert late.status_code == 401
    assert "kept_for" not in fields(text(late))


@pytest.mark.parametrize(
    ("raw", "owner_ok"),
    [
        ("", True),
        ("{}", True),
        ("[1]", True),
        ('["/x", [["a"]]]', True),
        ('["/x", 5]', True),
        ("[" * 10_000, True),
        ('["/x", [["a", "b"]]]', False),
    ],
)
def test_a_forged_memory_is_forgotten(app, raw, owner_ok):
    with app.test_request_context("/"):
        owner = kept._seal().dumps(7) if owner_ok else "forged.x"
        assert kept.loads(raw, owner=owner, account_id=7) is None


def test_a_memory_leads_nowhere_else(app):
    with app.test_request_context("/"):
        owner = kept._seal().dumps(7)
        for action in ("https://evil.example/", "//evil.example", "javascript:x", "/\\evil"):
            raw = f'["{action}", [["a", "b"]]]'.replace("\\", "\\\\")
            assert kept.loads(raw, owner=owner, account_id=7) is None
        good = kept.loads('["/x?y=1", [["a", "b"]]]', owner=owner, account_id=7)
        assert good == kept.Typed("/x?y=1", (("a", "b"),))
        assert kept.loads('["/x", [["a", "b"]]]', owner=owner, account_id=8) is None
