"""Founding the clinic's place, changing its settings, what is kept of both."""

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.errors import Conflict, Invalid, NotFound, StaleEdit
from clinic.locations import queries, service
from clinic.locations.models import Location, OpeningHours
from clinic.locations.values import USUAL_HOURS, ChangeLocation, FoundLocation, OpenSpan
from tests import factories

BERLIN = FoundLocation(name="Haarklinik am Park", zone="Europe/Berlin", country="DE")


def wish_of(db, location: Location, **changes) -> ChangeLocation:
    full = queries.with_hours(db, location.id)
    fields = {name: getattr(full, name) for name in service.FIELDS}
    return ChangeLocation(
        location_id=full.id,
        version=full.version,
        **{**fields, "hours": queries.spans(full), **changes},
    )


def last_event(db) -> AuditEvent:
    return db.scalar(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1))


def test_a_clinic_is_founded_once_with_its_usual_hours(db):
    location = service.found(db, BERLIN)

    assert queries.first(db) is location
    assert queries.spans(location) == USUAL_HOURS
    assert last_event(db).action == "location.founded"
    with pytest.raises(Conflict):
        service.found(db, dataclasses.replace(BERLIN, name="Second"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"zone": "Europe/Atlantis"}, "zone"),
        ({"zone": ""}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"country": "XX"}, "country"),
        ({"country": "de"}, "country"),
        ({"subdivision": "CA"}, "subdivision"),
    ],
)
def test_a_place_that_cannot_be_is_refused(db, change, field):
    with pytest.raises(Invalid) as refused:
        service.found(db, dataclasses.replace(BERLIN, **change))

    assert refused.value.field == field


def test_there_is_no_first_place_before_one_is_founded(db):
    with pytest.raises(NotFound):
        queries.first(db)


def test_settings_are_changed_and_kept_with_old_and_new_value(world, db):
    before = world.location.name
    wish = wish_of(db, world.location, name="Nordklinik", subdivision="BE")

    service.change(db, world.actor(Role.ADMINISTRATOR), wish)

    assert (world.location.name, world.location.subdivision) == ("Nordklinik", "BE")
    event = last_event(db)
    assert (event.action, event.entity_id) == ("location.changed", str(world.location.id))
    assert event.detail == {"changes": {"name": [before, "Nordklinik"], "subdivision": ["", "BE"]}}


def test_hours_with_a_break_replace_the_old_ones(world, db):
    hours = (OpenSpan(0, dt.time(8), dt.time(12)), OpenSpan(0, dt.time(13), dt.time(18)))

    service.change(db, world.actor(Role.ADMINISTRATOR), wish_of(db, world.location, hours=hours))

    assert queries.hours(db, world.location.id, weekday=0) == [
        (dt.time(8), dt.time(12)),
        (dt.time(13), dt.time(18)),
    ]
    assert queries.hours(db, world.location.id, weekday=1) == []
    assert db.scalar(sa.select(sa.func.count()).select_from(OpeningHours)) == 2
    assert last_event(db).detail["changes"]["opening_hours"][1] == "0: 08:00–12:00, 13:00–18:00"


def test_a_change_of_hours_alone_makes_an_older_page_old(world, db):
    admin = world.actor(Role.ADMINISTRATOR)
    old = wish_of(db, world.location, name="Second")
    service.change(db, admin, wish_of(db, world.location, hours=()))

    with pytest.raises(StaleEdit):
        service.change(db, admin, old)


def test_a_change_of_nothing_leaves_no_trace(world, db):
    before = last_event(db)

    service.change(db, world.actor(Role.ADMINISTRATOR), wish_of(db, world.location))

    assert last_event(db) is before


def test_two_places_do_not_share_a_name(world, db):
    other = factories.a_location(db)

    with pytest.raises(Invalid) as refused, db.begin_nested():
        service.change(
            db,
            world.actor(Role.ADMINISTRATOR),
            wish_of(db, world.location, name=other.name),
        )

    assert refused.value.field == "name"


@pytest.mark.parametrize(
    "change", [{"zone": "Mars/Olympus"}, {"country": "XX"}, {"subdivision": "ZZ"}]
)
def test_a_change_that_cannot_be_changes_nothing(world, db, change):
    with pytest.raises(Invalid):
        service.change(
            db,
            world.actor(Role.ADMINISTRATOR),
            wish_of(db, world.location, name="New", **change),
        )

    assert world.location.name != "New"


def test_an_unknown_place_is_not_found(world, db):
    wish = dataclasses.replace(wish_of(db, world.location), location_id=2**31 - 1)

    with pytest.raises(NotFound):
        service.change(db, world.actor(Role.ADMINISTRATOR), wish)
