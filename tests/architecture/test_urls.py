"""Addresses: kebab-case words and typed parts."""

import re

import pytest
from flask import Flask

from clinic.app import create_app

WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+)?")
PART = re.compile(r"<(?:(?P<converter>[a-z_]+)(?:\([^)]*\))?:)?(?P<name>[a-z_]+)>")


@pytest.fixture
def rules(app: Flask):
    return list(app.url_map.iter_rules())


def test_words_in_addresses_are_kebab_case(rules):
    odd = [
        rule.rule
        for rule in rules
        for word in rule.rule.strip("/").split("/")
        if word and not PART.fullmatch(word) and not WORD.fullmatch(PART.sub("x", word))
    ]

    assert odd == []


def test_parts_of_addresses_are_typed(rules):
    untyped = [
        rule.rule
        for rule in rules
        for part in PART.finditer(rule.rule)
        if part["converter"] is None or (part["name"].endswith("_id") and part["converter"] != "id")
    ]

    assert untyped == []


def test_an_endpoint_answers_one_method_only(rules):
    both = [rule.endpoint for rule in rules if {"GET", "POST"} <= (rule.methods or set())]

    assert both == []


def test_a_view_without_a_permission_stops_the_start(config, sessions):
    app = create_app(config, sessions=sessions, testing=True)

    from clinic.web import access

    app.add_url_rule("/left-open", "left_open", lambda: "")
    with pytest.raises(RuntimeError, match="left_open"):
        access.check_all_declared(app)
