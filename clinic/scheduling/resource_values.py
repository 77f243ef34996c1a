"""What visits can hold, as the clinic keeps it: the list and its commands."""

import datetime as dt
from dataclasses import dataclass

from clinic.catalog.values import ResourceKind

RADIUS_MM = (40, 250)
"""The least and the most radius of a rotor, axis to bottom of the tube [clinical.md 2B, DD]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceCard:
    """A practitioner, room or device as the list of them shows it."""

    id: int
    version: int
    kind: ResourceKind
    name: str
    is_active: bool
    device_type: str = ""
    radius_mm: int | None = None
    service_due_on: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddResource:
    """Put a practitioner, a room or a device on the clinic's list."""

    kind: ResourceKind
    name: str
    account_id: int | None = None
    """Of a practitioner who signs in."""
    device_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResource:
    """Change something on the list or take it out of use, seen at `version`."""

    resource_id: int
    version: int
    name: str
    is_active: bool
    radius_mm: int | None = None
    """Of a centrifuge."""
    service_due_on: dt.date | None = None
    """Of a device."""
