"""Founding the clinic's place and keeping its settings."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from clinic.audit import service as audit
from clinic.core import changes, clock
from clinic.core.access import Actor, refuse_unconfirmed
from clinic.core.engine import constraint_of
from clinic.core.errors import Conflict, Invalid, StaleEdit
from clinic.core.text import N_
from clinic.locations import holidays, queries
from clinic.locations import rules as location_rules
from clinic.locations.models import Location, OpeningHours
from clinic.locations.values import ChangeLocation, FoundLocation, OpenSpan

STALE = N_("Somebody else has changed the clinic's settings in the meantime.")
FOUNDED = ("name", "address", "phone", "emergency_phone", "zone", "country", "subdivision")
FIELDS = (*FOUNDED, "late_hours", "wait_limit_min", "hold_min")


def found(db: Session, wish: FoundLocation) -> Location:
    """Make the clinic's first place, from the command line; there is no other way to begin.

    Raises Conflict when there is one already, Invalid at `zone`, `country` or `subdivision`.
    """
    if db.scalar(sa.select(Location.id).limit(1)) is not None:
        raise Conflict(N_("The clinic is set up already"))
    _check(wish.zone, wish.country, wish.subdivision)

    location = Location(**{name: getattr(wish, name) for name in FOUNDED}, locale=wish.locale)
    location.opening_hours = _rows(wish.hours)
    db.add(location)
    db.flush()  # The audit line needs the id.
    audit.record(db, None, "location.founded", "location", location.id)
    return location


def change(db: Session, actor: Actor, wish: ChangeLocation) -> Location:
    """Change the settings of a place: name, address, phones, zone, country, opening hours.

    Visits that are booked keep the zone in which they were promised. Raises StaleEdit when
    somebody else was faster, Invalid at the field that cannot be, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    location = queries.with_hours(db, wish.location_id)
    if location.version != wish.version:
        raise StaleEdit(STALE)
    _check(wish.zone, wish.country, wish.subdivision)
    after = {name: getattr(wish, name) for name in FIELDS}
    differs: dict[str, Any] = changes.before_after(location, after)
    hours_before = queries.spans(location)
    if hours_before != wish.hours:
        differs["opening_hours"] = [_written(hours_before), _written(wish.hours)]
    if not differs:
        return location

    for name, value in after.items():
        setattr(location, name, value)
    flag_modified(location, "name")  # Hours are rows of their own: the version moves with them.
    try:
        db.flush()  # Says "stale" or "taken" before any row of the hours is touched.
    except IntegrityError as taken:
        if constraint_of(taken) not in {"uq_location_name", "location.name"}:
            raise
        raise Invalid(N_("Another place has this name already"), field="name") from None
    if "opening_hours" in differs:
        location.opening_hours.clear()
        db.flush()  # The old rows go first: weekday and opening time are unique.
        location.opening_hours.extend(_rows(wish.hours))
    audit.record(
        db, actor, "location.changed", "location", location.id, detail={"changes": differs}
    )
    return location


def _check(zone: str, country: str, subdivision: str) -> None:
    if zone not in location_rules.zones():
        raise Invalid(N_("Choose one of the list"), field="zone")
    if not holidays.has_part(country, ""):
        raise Invalid(N_("Choose one of the list"), field="country")
    if not holidays.has_part(country, subdivision):
        raise Invalid(
            N_("This is no part of the country: choose one, or none"), field="subdivision"
        )


def _rows(spans: tuple[OpenSpan, ...]) -> list[OpeningHours]:
    return [
        OpeningHours(weekday=span.weekday, opens=span.opens, closes=span.closes)
        for span in sorted(spans)
    ]


def _written(spans: tuple[OpenSpan, ...]) -> str:
    return "; ".join(
        f"{day}: {text}" for day in range(7) if (text := location_rules.text_of(spans, day))
    )
