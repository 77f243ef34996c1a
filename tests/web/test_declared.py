"""A view that declares nothing, or that takes GET and POST in one function, stops the start."""

import pytest
from flask import Flask

from clinic.core.access import Permission
from clinic.web import access


def view() -> str:
    return ""


def test_a_view_that_declares_nothing_stops_the_start():
    app = Flask("x")
    app.add_url_rule("/x", "x", lambda: "")

    with pytest.raises(RuntimeError, match="declares no permission"):
        access.check_all_declared(app)


def test_one_function_answers_one_method():
    app = Flask("x", static_folder=None)
    app.add_url_rule("/x", "x", access.public(view), methods=["GET", "POST"])

    with pytest.raises(RuntimeError, match="one function a method"):
        access.check_all_declared(app)


def test_what_a_view_declared_can_be_read():
    assert access.permission_of(access.require(Permission.BOARD_VIEW)(view)) == "board.view"
    assert access.permission_of(access.public(view)) == "public"
    assert access.permission_of(len) is None


def test_a_view_that_slipped_through_is_closed_to_everybody(world):
    """Even without the check at the start: undeclared is closed, to administrators as well."""
    from clinic.core.access import Role

    undeclared = world.app.view_functions["accounts.index"]
    declared = undeclared.__dict__.pop("_permission")
    try:
        for role in Role:
            assert world.as_role(role).get("/people").status_code == 403
        assert world.stranger().get("/people").status_code == 303
    finally:
        undeclared.__dict__["_permission"] = declared
