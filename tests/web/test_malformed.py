"""Whatever is sent, the answer is a page of ours with a 4xx: never a 5xx, never a traceback."""

import io

import pytest

from clinic.core.access import Role

FORMS = ["/sign-in", "/preferences", "/account", "/people/new", "/clinic", "/audit-trail/check"]
JUNK = {
    "NUL": b"\x00",
    "broken UTF-8": b"\xff\xfe%ff%c3%28",
    "a surrogate": b"%ed%a0%80",
    "one large field": b"x" * 100_000,
    "brackets": b"[" * 5000,
    "percent": b"%%%%%zz%",
}


def check(response) -> None:
    assert 400 <= response.status_code < 500
    text = response.get_data(as_text=True)
    assert "Traceback" not in text
    assert "sqlalchemy" not in text.lower()
    assert "werkzeug" not in text.lower()
    assert "Content-Security-Policy" in response.headers


@pytest.fixture
def admin(world):
    return world.as_role(Role.ADMINISTRATOR)


@pytest.mark.parametrize("body", JUNK.values(), ids=JUNK)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json", ""])
def test_a_body_that_is_no_form(admin, kind, body):
    for url in FORMS:
        check(admin.client.post(url, data=body, content_type=kind))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--",
        b"--x\r\n",
        b"--x\r\nContent-Disposition: form-data; name=\r\n\r\n1",
        b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
        b'--x\r\nContent-Disposition: form-data; name="a\r\nb"\r\n\r\n1\r\n--x--',
        b"--x\r\nContent-Disposition: form-data; name=a\r\n"
        b"Content-Type: text/plain; charset=nope\r\n\r\n\xff\r\n--x--",
        b"--x\r\n" + b"A: b\r\n" * 5000,
    ],
)
@pytest.mark.parametrize("boundary", ["; boundary=x", "", "; boundary=", "; boundary=\u00e9"])
def test_a_broken_multipart_body(admin, body, boundary):
    for url in FORMS:
        check(admin.client.post(url, data=body, content_type=f"multipart/form-data{boundary}"))


def test_five_thousand_fields(admin):
    many = {f"f{n}": "x" for n in range(5000)}

    for url in FORMS[2:5]:
        answer = admin.post(url, many)
        assert answer.status_code == 422, url
    parts = {**many, "file": (io.BytesIO(b"x"), "x.txt")}
    answer = admin.client.post("/clinic", data=parts)
    assert answer.status_code == 413
    check(answer)


def test_a_body_that_is_too_large_of_nobody_is_no_failure(world):
    here = {"Sec-Fetch-Site": "same-origin"}
    large = {"x": "y" * 3_000_000}

    answer = world.stranger().client.post("/patients/new", data=large, headers=here)

    assert answer.status_code in {401, 413}


def test_a_body_that_is_too_large_gets_its_page(admin):
    answer = admin.post("/clinic", {"name": "x" * (3 * 1024 * 1024)})

    assert answer.status_code == 413
    assert "This is too large" in answer.get_data(as_text=True)
    check(answer)


def test_every_field_with_junk(admin):
    names = ["name", "login", "role", "version", "zone", "country", "subdivision", "phone"]
    names += ["address", "hours_0", "current", "password", "again", "theme", "lang", "next"]
    for junk in (
        "\0",
        "\ud7ff\ufffe",
        "9" * 400,
        "-1",
        "NaN",
        "1e309",
        "%s",
        "{{7*7}}",
        "' or 1=1",
    ):
        form = dict.fromkeys(names, junk)
        for url in ("/people/new", "/clinic", "/account", "/sign-in"):
            answer = admin.post(url, form)
            check(answer)
            assert ">49<" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "path",
    [
        "/%00",
        "/people/%00",
        "/people/1%00",
        "/people/-1",
        "/people/0",
        "/people/2147483648",
        "/people/99999999999999999999999999",
        "/people/1e3",
        "/people/٣",
        "/people/007",
        "/people/../../etc/passwd",
        "/assets/../../../etc/passwd",
        "/assets/x/%2e%2e/%2e%2e/etc/passwd",
        "/%ff%fe",
        "/" + "x" * 20_000,
        "/.git/config",
        "/.env",
        "/clinic.sqlite3",
        "/var/secret.key",
        "/openapi.json",
        "/metrics",
        "/debug",
        "/console",
        "/sign-in%0d%0aSet-Cookie:%20a=b",
    ],
)
def test_an_address_that_does_not_exist(admin, path):
    for visitor in (admin.client, admin.client.application.test_client()):
        answer = visitor.get(path)
        assert answer.status_code in {404, 308}


@pytest.mark.parametrize(
    "query",
    [
        "page=%00",
        "before=x",
        "before=99999999999999",
        "person=1%27",
        "patient=-1",
        "patient=%00",
        "day=2026-02-30",
        "day=9999-12-31",
        "day=0000-00-00",
        "day=%ff",
        "person=&person=x",
    ],
)
def test_a_query_that_makes_no_sense(admin, query):
    answer = admin.get(f"/audit-trail?{query}")

    assert answer.status_code in {200, 422}


@pytest.mark.parametrize("method", ["BREW", "TRACE", "PROPFIND", "PUT", "PATCH", "DELETE", "get"])
def test_a_method_that_nobody_takes(admin, method):
    for url in ("/sign-in", "/people", "/no-such-page", "/health/live"):
        answer = admin.client.open(url, method=method)
        assert answer.status_code in {404, 405} or method == "get"
        assert answer.status_code < 500
        if answer.status_code == 405:
            assert "GET" in answer.headers["Allow"]


def test_a_method_override_does_nothing(admin, world):
    url = f"/people/{world.accounts[Role.NURSE].id}"
    headers = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "DELETE"}

    answer = admin.get(f"{url}?_method=POST&name=x", headers=headers)

    assert answer.status_code == 200
    assert world.accounts[Role.NURSE].name != "x"


def test_head_is_get_without_a_body_and_options_says_what_is_taken(admin):
    head = admin.client.head("/people")
    options = admin.client.options("/people/new")

    assert (head.status_code, head.data) == (200, b"")
    assert options.status_code == 200
    assert set(options.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept-Language": "x" * 10_000},
        {"Accept-Language": "de;q=x, *;q=9, ;;;"},
        {"Cookie": "=; ;;; sid==; \x01"},
        {"Cookie": "a=b; " * 3000},
        {"Content-Length": "-1"},
        {"Content-Length": "x"},
        {"Content-Type": ";;;"},
        {"Range": "bytes=0-0,-1,999999-"},
        {"If-None-Match": "x" * 1000},
        {"Sec-Fetch-Site": "x"},
        {"X-Background": "x" * 500},
        {"X-Fragment": "#a" * 500},
        {"Referer": "http://["},
        {"Origin": "null"},
        {"User-Agent": "\x7f\xff"},
    ],
    ids=lambda headers: f"{next(iter(headers))}: {next(iter(headers.values()))[:12]!r}",
)
def test_a_header_that_makes_no_sense(world, headers):
    client = world.app.test_client(use_cookies=False)

    assert client.get("/sign-in", headers=headers).status_code == 200
    assert 400 <= client.post("/sign-in", headers=headers).status_code < 500
