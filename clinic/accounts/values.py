"""Accounts, invitations and cookie sessions as words and commands."""

from dataclasses import dataclass
from enum import StrEnum

from clinic.core.access import Role


class AccountStatus(StrEnum):
    """Whether somebody may sign in."""

    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


class Theme(StrEnum):
    """Colours of the pages."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


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
