"""Each role x each address x each method gives the answer that the table of `test_access` says."""

import pytest
from flask import Flask
from werkzeug.routing import Rule

from clinic.core.access import Permission, Role
from tests.architecture.test_access import MAY, PUBLIC, SAFE, VIEWS, rules
from tests.world import TOKEN, Visitor, World

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
REACHED = {200, 201, 204, 303, 404, 409, 422}
"""Answers of a view to somebody who may use it: ids that do not exist, forms that are empty."""
NOBODY_S = 2**31 - 1


def address(app: Flask, rule: Rule) -> str:
    """Return an address of the rule whose ids stand for nothing."""
    values = {name: NOBODY_S if name.endswith("_id") else "x" * 43 for name in rule.arguments}
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values)


def browser(world: World, role: Role | None) -> tuple[Visitor, str]:
    """Return a fresh browser and the token of its pages, from a page that costs little."""
    visitor = world.as_role(role) if role else world.stranger()
    page = visitor.get("/account" if role else "/sign-in").get_data(as_text=True)
    found = TOKEN.search(page)
    assert found
    return visitor, found[1]


def expected(role: Role | None, endpoint: str, method: str) -> str:
    needed = VIEWS[endpoint]
    if needed == PUBLIC:
        return "reached"
    if role is None:
        return "sent to sign in" if method in SAFE else "401"
    return "reached" if isinstance(needed, Permission) and role in MAY[needed] else "403"


def answered(response) -> str:
    if response.status_code == 303 and response.location.startswith("/sign-in?next="):
        return "sent to sign in"
    return "reached" if response.status_code in REACHED else str(response.status_code)


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role or "stranger")
def test_every_address_answers_as_the_table_says(world, role):
    app = world.app
    offered: dict[str, dict[str, str]] = {}
    for rule in rules(app):
        by_method = offered.setdefault(address(app, rule), {})
        by_method |= dict.fromkeys(rule.methods or (), rule.endpoint)

    wrong = []
    for url, by_method in offered.items():
        visitor, token = browser(world, role)
        for method in METHODS:
            form = {"csrf_token": token} if method not in SAFE else None
            response = visitor.client.open(url, method=method, data=form)
            endpoint = by_method.get(method)
            if method == "OPTIONS":
                endpoint = by_method.get("OPTIONS")
            wanted = expected(role, endpoint, method) if endpoint else "405"
            if answered(response) != wanted:
                wrong.append((method, url, wanted, response.status_code))

    assert wrong == []


def test_a_poll_of_somebody_whose_session_ended_is_no_redirect(app):
    client = app.test_client()
    for rule in rules(app):
        if "GET" in (rule.methods or ()) and VIEWS.get(rule.endpoint) != PUBLIC:
            answer = client.get(address(app, rule), headers={"X-Background": "1"})
            assert answer.status_code == 401, rule.endpoint


@pytest.mark.parametrize("role", list(Role))
def test_a_menu_offers_what_the_role_may_open_and_nothing_else(world, role):
    app = world.app
    page = world.as_role(role).get("/account").get_data(as_text=True)
    rail = page.split('<nav aria-label="Main">')[1].split("</nav>")[0]

    opened = 0
    for rule in rules(app):
        if not rule.arguments and f'href="{rule.rule}"' in rail and "GET" in (rule.methods or ()):
            assert role in MAY[Permission(VIEWS[rule.endpoint])], rule.endpoint
            opened += 1
    assert opened >= 2
