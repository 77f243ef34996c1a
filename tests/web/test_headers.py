"""The security headers are on every answer: pages, refusals, failures, files, nothing at all."""

import dataclasses

import pytest

from clinic.app import create_app
from clinic.core.access import Role

URLS = {
    "a page": "/sign-in",
    "a redirect": "/",
    "liveness": "/health/live",
    "nothing": "/no-such-page",
    "a wrong method": "/sign-out",
    "NUL": "/%00",
    "a wrong id": "/people/0",
}
POSTED = {"no token": "/sign-in", "no session": "/sign-out"}


def check(response) -> None:
    csp = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in csp
    for part in ("script-src 'self'", "style-src 'self'", "object-src 'none'", "base-uri 'none'"):
        assert part in csp
    for part in ("frame-ancestors 'none'", "form-action 'self'", "require-trusted-types-for"):
        assert part in csp
    for bad in ("unsafe-inline", "unsafe-eval", "*", "nonce-", "data:", "blob:"):
        assert bad not in csp
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "geolocation=()" in response.headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in response.headers
    assert "Server" not in response.headers
    if response.data:
        assert "charset=utf-8" in response.headers["Content-Type"] or response.is_json


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_an_answer_carries_them(world, url):
    response = world.stranger().get(url)

    check(response)
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("url", POSTED.values(), ids=POSTED)
def test_a_refused_form_carries_them(world, url):
    response = world.stranger().client.post(url)

    assert response.status_code in {400, 401}
    check(response)


@pytest.mark.parametrize("role", list(Role))
def test_a_refusal_for_want_of_permission_carries_them(world, role):
    url = "/people" if role is not Role.ADMINISTRATOR else "/patients"
    response = world.as_role(role).get(url)

    assert response.status_code == 403
    check(response)


def test_a_file_carries_them_and_may_be_kept(world):
    page = world.stranger().get("/sign-in").get_data(as_text=True)
    url = page.split('rel="stylesheet" href="')[1].split('"')[0]

    response = world.stranger().get(url)

    check(response)
    assert "immutable" in response.headers["Cache-Control"]


def test_a_failure_carries_them(config, sessions):
    app = create_app(config, sessions=sessions)

    @app.get("/broken")
    def broken() -> str:
        raise ZeroDivisionError

    broken.__dict__["_permission"] = "public"
    response = app.test_client().get("/broken")

    assert response.status_code == 500
    check(response)


def test_an_unknown_host_is_refused_with_them(config, sessions):
    trusting = dataclasses.replace(config, trusted_hosts=("clinic.example",))
    client = create_app(trusting, sessions=sessions, testing=True).test_client()

    for url in ("/sign-in", "/no-such-page", "/health/live"):
        good = client.get(url, base_url="http://clinic.example")
        assert good.status_code in {200, 404}
        for host in ("evil.example", "clinic.example.evil.example", "clinic.example:x", "["):
            bad = client.get(url, headers={"Host": host})
            assert bad.status_code == 400, host
            check(bad)


def test_https_is_held_on_to(world):
    client = world.stranger().client

    assert "Strict-Transport-Security" not in client.get("/sign-in").headers
    secure = client.get("/sign-in", base_url="https://localhost")
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=63072000")


def test_forwarded_headers_count_only_behind_a_configured_proxy(config, sessions):
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    alone = create_app(config, sessions=sessions, testing=True).test_client()
    behind = create_app(
        dataclasses.replace(config, proxies=1), sessions=sessions, testing=True
    ).test_client()

    assert "Strict-Transport-Security" not in alone.get("/sign-in", headers=forged).headers
    answer = behind.get("/sign-in", headers=forged)
    assert "Strict-Transport-Security" in answer.headers
    assert b"evil.example" not in answer.data


def test_nothing_is_loaded_from_elsewhere(world):
    pages = [world.stranger().get("/sign-in"), world.as_role(Role.ADMINISTRATOR).get("/people")]

    for page in pages:
        text = page.get_data(as_text=True)
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text
        assert " style=" not in text
        assert "<script>" not in text
        assert "onclick" not in text
