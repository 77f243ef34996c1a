"""How a row binds the row before it, and how its detail is said."""

import dataclasses
import datetime as dt

import pytest

from clinic.audit import rules
from clinic.audit.values import Entry, Line

ENTRY = Entry(
    at=dt.datetime(2026, 11, 23, 9, 0, 0, 5, tzinfo=dt.UTC),
    actor_id=7,
    actor_name="Ñora",
    role="nurse",
    action="patient.opened",
    entity="patient",
    entity_id="3",
    patient_id=3,
    location_id=1,
    address="192.0.2.1",
    request_id="r",
    detail={"b": 1, "a": [2, "ü"]},
)
OTHER = {
    "at": ENTRY.at + dt.timedelta(microseconds=1),
    "actor_id": 8,
    "actor_name": "Nora",
    "role": "physician",
    "action": "patient.changed",
    "entity": "fact",
    "entity_id": "33",
    "patient_id": None,
    "location_id": 2,
    "address": "192.0.2.2",
    "request_id": "s",
    "detail": {"b": 1, "a": [2, "u"]},
}


def test_the_bytes_of_an_entry_never_change():
    assert (
        rules.canonical(ENTRY)
        == (
            '{"action":"patient.opened","actor_id":7,"actor_name":"Ñora","address":"192.0.2.1",'
            '"at":"2026-11-23T09:00:00.000005Z","detail":{"a":[2,"ü"],"b":1},"entity":"patient",'
            '"entity_id":"3","location_id":1,"patient_id":3,"request_id":"r","role":"nurse"}'
        ).encode()
    )


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Entry)])
def test_every_field_is_bound(field):
    forged = dataclasses.replace(ENTRY, **{field: OTHER[field]})

    assert rules.link(b"k", rules.GENESIS, forged) != rules.link(b"k", rules.GENESIS, ENTRY)


def test_the_key_and_the_row_before_are_bound():
    link = rules.link(b"k", rules.GENESIS, ENTRY)

    assert link != rules.link(b"l", rules.GENESIS, ENTRY)
    assert link != rules.link(b"k", link, ENTRY)


@pytest.mark.parametrize(
    ("detail", "lines"),
    [
        ({}, []),
        ({"count": 4, "digest": "abc"}, [Line("count", "4")]),
        ({"changes": {"name": ["A", "B"]}}, [Line("name", "B", "A")]),
        ({"changes": {"phone": [None, ""]}}, [Line("phone", "", "")]),
        ({"fields": ["a", "b"]}, [Line("fields", "a, b")]),
        ({"lot": {"id": 3}}, [Line("lot: id", "3")]),
        ({"changes": {"odd": "x"}}, [Line("odd", "x")]),
        ({"changes": ["a", "b"]}, [Line("changes", "a, b")]),
        ({"grade": [1, 2], "outcome": "resolved", "urgency": "today"}, []),
        ({"none": None, "deep": [[1], {"x": 2}]}, [Line("none", ""), Line("deep", "1, {'x': 2}")]),
    ],
)
def test_detail_is_said_line_by_line(detail, lines):
    assert rules.lines(detail) == lines


def test_an_action_is_an_entity_and_a_verb():
    assert (rules.entity_of("side_effect.closed"), rules.verb_of("side_effect.closed")) == (
        "side_effect",
        "closed",
    )
    assert (rules.entity_of("odd"), rules.verb_of("odd")) == ("odd", "odd")
