"""What visits can hold, as the clinic keeps it: the list and its commands."""

from dataclasses import dataclass

from clinic.catalog.values import ResourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceCard:
    """A practitioner, room or device as the list of them shows it."""

    id: int
    version: int
    kind: ResourceKind
    name: str
    is_active: bool


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
    """Rename something on the list or take it out of use, seen at `version`."""

    resource_id: int
    version: int
    name: str
    is_active: bool
