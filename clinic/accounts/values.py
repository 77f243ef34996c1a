"""Accounts, invitations, cookie sessions and counted attempts as words, values and commands."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from clinic.core.access import Role
from clinic.core.text import N_


class AccountStatus(StrEnum):
    """Whether somebody may sign in."""

    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


STATUS_NAMES: dict[AccountStatus, str] = {
    AccountStatus.INVITED: N_("Invited"),
    AccountStatus.ACTIVE: N_("Active"),
    AccountStatus.DEACTIVATED: N_("Deactivated"),
}


class Theme(StrEnum):
    """Colours of the pages."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """A counter of attempts: how many, and when its window or its lock ends."""

    count: int
    resets_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteAccount:
    """Invite somebody by a one-time link."""

    login: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAccount:
    """Change somebody's name or role."""

    account_id: int
    name: str
    role: Role
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptInvitation:
    """Use a one-time link: the password is judged and hashed already."""

    token: str
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAccount:
    """Make an account that may sign in at once: for setting up and for the demo only."""

    location_id: int
    login: str
    name: str
    role: Role = Role.ADMINISTRATOR
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCard:
    """One account as pages show it: without password and link, not even as hashes."""

    id: int
    name: str
    login: str
    role: Role
    status: AccountStatus
    has_link: bool
    """Whether a one-time link waits for its use; it may have run out."""
    invite_expires_at: dt.datetime | None
    last_sign_in_at: dt.datetime | None
    locale: str
    theme: Theme
    single_keys: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """One browser in which somebody is signed in, as its owner sees it."""

    created_at: dt.datetime
    seen_at: dt.datetime
    address: str
    agent: str
    is_this: bool
