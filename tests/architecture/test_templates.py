"""A template is called what its page is called; none is missing and none is left over."""

import ast
import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment, meta

from clinic.web import errors
from tests.architecture.source import CLINIC, TEMPLATES, python_files, short, tree

NAME = re.compile(r"[a-z_]+(?:/[a-z_]+)?\.html")
ALL = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")}


def rendered() -> dict[str, str]:
    """Return {template: file that names it} for every template that the program names."""
    found = {
        node.value: short(path)
        for path in python_files(CLINIC)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and NAME.fullmatch(node.value)
    }
    return {
        **{f"errors/{status}.html": "clinic/web/errors.py" for status in errors._PAGES},
        **found,
    }


def referenced(name: str) -> set[str | None]:
    """Return what a template extends, includes and imports; None for a name that is computed."""
    source = (TEMPLATES / name).read_text(encoding="utf-8")
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n", "jinja2.ext.do"])
    return set(meta.find_referenced_templates(environment.parse(source)))


def test_every_template_that_is_rendered_exists():
    assert {name: where for name, where in rendered().items() if name not in ALL} == {}


def test_every_template_is_used_by_a_page():
    used: set[str] = set()
    waiting = [name for name in rendered() if name in ALL]
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            waiting += [other for other in referenced(name) if other in ALL]

    assert sorted(ALL - used) == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_what_a_template_refers_to_exists(name):
    assert [other for other in referenced(name) if other not in ALL] == []


def test_a_template_is_called_after_the_page_that_shows_it(app: Flask):
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    odd = {}
    for name, where in rendered().items():
        folder, _, file = name.rpartition("/")
        stem = Path(file).stem
        if folder != "errors" and not stem.startswith("_") and f"{folder}.{stem}" not in pages:
            odd[name] = where

    assert odd == {}
