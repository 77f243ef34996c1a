"""Only the boundary commits; a view that writes opens exactly one writing unit."""

import ast
from pathlib import Path

import pytest

from tests.architecture.source import (
    CLINIC,
    called,
    calls,
    functions,
    python_files,
    route_method,
    short,
    tree,
    view_files,
)

COMMITTERS = {
    "clinic/web/database.py": "the boundary itself",
    "clinic/core/engine.py": "a look, in which PostgreSQL refuses to write, ends by it",
    "clinic/accounts/cookies.py": "a cookie session outlives the request that failed",
}
SEVERAL_UNITS = {
    ("accounts", "open_session"): "an attempt is counted before it is judged",
    ("intake", "open_screen"): "the same: a code is guessed as a password is",
    ("accounts", "change_password"): "the same: it asks for the old password",
}
"""Packages and their views with more than one writing unit, and why."""
LOOKS = {("treatments", "look"): "a form is judged while it is filled in: too long for a GET"}
"""Packages and their views that are sent something and keep nothing, and why."""
ENDS = {"commit", "rollback"}
VIEWS = frozenset(view_files())
POSTS = [
    (path, function)
    for path in sorted(VIEWS)
    for function in functions(path).values()
    if route_method(function) == "post"
]


def opens(node: ast.AST) -> list[ast.Call]:
    """Return the calls of transaction() below a node."""
    return [call for call in calls(node) if called(call) == "transaction"]


def near(path: Path) -> dict[str, ast.FunctionDef]:
    """Return the functions that a file of views takes from the files of views beside it."""
    known = {beside.stem: beside for beside in path.parent.glob("*.py") if beside in VIEWS}
    return {
        alias.name: functions(known[source])[alias.name]
        for node in tree(path).body
        if isinstance(node, ast.ImportFrom)
        and (source := (node.module or "").split(".")[-1]) in known
        for alias in node.names
        if alias.name in functions(known[source])
    }


def reached(path, function: ast.FunctionDef) -> list[ast.Call]:
    """Return the calls of transaction() in a view and in the functions it uses of these views."""
    here, seen, waiting = near(path) | functions(path), set(), [function]
    while waiting:
        one = waiting.pop()
        if one.name in seen:
            continue
        seen.add(one.name)
        names = {call.func.id for call in calls(one) if isinstance(call.func, ast.Name)}
        waiting += [here[name] for name in names if name in here and not route_method(here[name])]
    return [call for name in seen for call in opens(here[name])]


@pytest.mark.parametrize("path", python_files(), ids=short)
def test_only_the_boundary_commits(path):
    ends = [call.lineno for call in calls(tree(path)) if called(call) in ENDS]

    assert not ends or short(path) in COMMITTERS


@pytest.mark.parametrize("path", python_files(), ids=short)
def test_services_queries_and_rules_open_no_session(path):
    rooms = {"service", "queries", "rules", "models", "values", "forms"}
    if rooms.isdisjoint({path.stem, *path.parent.relative_to(CLINIC).parts}):
        return

    assert not opens(tree(path)), "the view opens the writing unit"


@pytest.mark.parametrize(("path", "view"), POSTS, ids=[f"{short(p)}:{f.name}" for p, f in POSTS])
def test_a_view_that_writes_opens_one_writing_unit(path, view):
    if (path.relative_to(CLINIC).parts[0], view.name) in SEVERAL_UNITS:
        assert len(reached(path, view)) > 1, "no exception is needed any more"
        return
    if (path.relative_to(CLINIC).parts[0], view.name) in LOOKS:
        assert reached(path, view) == [], "no exception is needed any more"
        return

    assert len(reached(path, view)) == 1


def test_a_flush_says_why():
    silent = []
    for path in python_files():
        lines = path.read_text(encoding="utf-8").splitlines()
        for call in calls(tree(path)):
            if called(call) == "flush" and isinstance(call.func, ast.Attribute):
                around = lines[max(0, call.lineno - 4) : call.lineno]
                if "stdout" not in around[-1] and not any("#" in line for line in around):
                    silent.append(f"{short(path)}:{call.lineno}")

    assert silent == []
