"""Who may do what: roles, permissions, the actor of a request, and what asks for the password."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.errors import Invalid
from clinic.core.text import N_

CONFIRMED_FOR = dt.timedelta(minutes=10)
"""How long a password counts after it was given (security.md SE-08)."""
PASSWORD_FIELD = "own_password"  # noqa: S105 - the name of a form's field


class Role(StrEnum):
    """What somebody is at the clinic; each account has exactly one."""

    RECEPTIONIST = "receptionist"
    NURSE = "nurse"
    PHYSICIAN = "physician"
    ADMINISTRATOR = "administrator"


ROLE_NAMES: dict[Role, str] = {
    Role.RECEPTIONIST: N_("Reception"),
    Role.NURSE: N_("Nurse"),
    Role.PHYSICIAN: N_("Physician"),
    Role.ADMINISTRATOR: N_("Administrator"),
}


class Permission(StrEnum):
    """One thing that a view may ask for."""

    SIGNED_IN = "signed_in"
    """Own preferences, own password, sign out: everybody who is signed in."""
    PATIENT_VIEW = "patient.view"
    """Find patients and see identity and contact, never anything clinical."""
    PATIENT_EDIT = "patient.edit"
    """Register patients and change identity and contact."""
    PATIENT_MERGE = "patient.merge"
    """Join two records of one person, and take that back."""
    BOARD_VIEW = "board.view"
    """See the day board and visits."""
    APPOINTMENT_BOOK = "appointment.book"
    """Book, move and cancel visits."""
    APPOINTMENT_OVERBOOK = "appointment.overbook"
    """Book over what is booked, with a written reason."""
    APPOINTMENT_ENTER_PAST = "appointment.enter_past"
    """Enter a visit of the past that was never booked, strike one that never was; with a reason."""
    TIME_BLOCK = "time.block"
    """Keep people, rooms and devices from being booked: leave, maintenance, closures, meetings."""
    APPOINTMENT_CHECKIN = "appointment.checkin"
    """Note arrivals and no-shows."""
    CONSENT_RECORD = "consent.record"
    """Record that a consent paper was signed or withdrawn."""
    CHART_VIEW = "chart.view"
    """Read clinical content: facts, screenings with reasons, sessions, side effects."""
    FACT_RECORD = "fact.record"
    """Record medical facts, answers and laboratory values."""
    RELEASE = "safety.release"
    """Release a finding for one visit, with a written reason."""
    RULE_VIEW = "safety.rules"
    """Read the catalogue of safety rules and the consent texts; they hold no patient."""
    RULE_DRAFT = "safety.rules.draft"
    """Draft other numbers and decisions for the rules, and other words for the consent texts."""
    RULE_APPROVE = "safety.rules.approve"
    """Put rules and consent texts in force, by name and date."""
    BOOK_RECHECK = "safety.book_recheck"
    """Book ahead although an open-ended deferral stands, marked to be checked again."""
    SESSION_LOG = "session.log"
    """Start a session and write its draft."""
    SESSION_SIGN = "session.sign"
    """Sign a session and add to it afterwards."""
    PHOTOGRAPH_TAKE = "photograph.take"
    """Take photographs and say how they were taken and what they are for."""
    PHOTOGRAPH_REMOVE = "photograph.remove"
    """Take a photograph out of the record, with the reason, and put it back."""
    PHOTOGRAPH_EXPORT = "photograph.export"
    """Give a copy of a photograph out, for a use that the patient agreed to."""
    FOLLOWUP_CALL = "followup.call"
    """Log follow-up calls and report side effects."""
    SIDE_EFFECT_CLOSE = "side_effect.close"
    """Grade and close side effects as a physician."""
    PRODUCT_MANAGE = "product.manage"
    """Keep products and lots."""
    LOT_RELEASE = "lot.release"
    """Put a lot back into use after quarantine."""
    TRACE_EXPORT = "lot.export"
    """Take out of the program who was treated with a lot."""
    ACCOUNT_MANAGE = "account.manage"
    """Invite, change and deactivate people."""
    CLINIC_MANAGE = "clinic.manage"
    """Change the clinic's settings, rooms and services."""
    AUDIT_VIEW = "audit.view"
    """Read the audit trail."""


_DESK = frozenset(
    {
        Permission.SIGNED_IN,
        Permission.PATIENT_VIEW,
        Permission.PATIENT_EDIT,
        Permission.PATIENT_MERGE,
        Permission.BOARD_VIEW,
        Permission.APPOINTMENT_BOOK,
        Permission.APPOINTMENT_CHECKIN,
        Permission.TIME_BLOCK,
        Permission.CONSENT_RECORD,
    }
)
_NURSE = _DESK | {
    Permission.CHART_VIEW,
    Permission.FACT_RECORD,
    Permission.BOOK_RECHECK,
    Permission.APPOINTMENT_OVERBOOK,
    Permission.APPOINTMENT_ENTER_PAST,
    Permission.SESSION_LOG,
    Permission.PHOTOGRAPH_TAKE,
    Permission.FOLLOWUP_CALL,
    Permission.PRODUCT_MANAGE,
}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.RECEPTIONIST: _DESK,
    Role.NURSE: _NURSE,
    Role.PHYSICIAN: _NURSE
    | {
        Permission.RULE_VIEW,
        Permission.RULE_APPROVE,
        Permission.RELEASE,
        Permission.SESSION_SIGN,
        Permission.PHOTOGRAPH_REMOVE,
        Permission.PHOTOGRAPH_EXPORT,
        Permission.SIDE_EFFECT_CLOSE,
        Permission.LOT_RELEASE,
        Permission.TRACE_EXPORT,
    },
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.SIGNED_IN,
            Permission.ACCOUNT_MANAGE,
            Permission.CLINIC_MANAGE,
            Permission.TIME_BLOCK,
            Permission.AUDIT_VIEW,
            Permission.RULE_VIEW,
            Permission.RULE_DRAFT,
            Permission.PRODUCT_MANAGE,
        }
    ),
}

ASKS_PASSWORD = frozenset(
    {
        Permission.PATIENT_MERGE,
        Permission.RELEASE,
        Permission.SESSION_SIGN,
        Permission.RULE_APPROVE,
        Permission.ACCOUNT_MANAGE,
        Permission.CLINIC_MANAGE,
    }
)
"""Permissions whose acts ask for the password when it was last given too long ago.

The page asks (`web.access`), and the service of each act refuses (`refuse_unconfirmed`).
"""


class PasswordNeeded(Invalid):
    """The password was given too long ago for this act."""

    def __init__(self) -> None:
        super().__init__(
            N_("Type your password to go on: the last time was more than 10 minutes ago."),
            field=PASSWORD_FIELD,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts in this request: a plain value, never a row."""

    id: int
    name: str
    role: Role
    location_id: int
    zone: str
    """The IANA time zone of the actor's clinic."""
    address: str = ""
    """Network address of the request, for the audit trail."""
    request_id: str = ""
    confirmed_at: dt.datetime | None = None
    """When the password was last given in this browser; None is never."""

    def may(self, permission: Permission) -> bool:
        """Tell whether this actor's role holds the permission."""
        return permission in ROLE_PERMISSIONS[self.role]

    @property
    def is_clinical(self) -> bool:
        """Tell whether clinical content may be in what this actor receives."""
        return self.may(Permission.CHART_VIEW)

    def is_confirmed(self, at: dt.datetime) -> bool:
        """Tell whether the password was given not longer than ten minutes before an instant."""
        # Without a sign: a clock that was set back must not make it last.
        return self.confirmed_at is not None and abs(at - self.confirmed_at) <= CONFIRMED_FOR


def refuse_unconfirmed(actor: Actor, *, at: dt.datetime) -> None:
    """Refuse an act that asks for the password; raises PasswordNeeded when it must be given."""
    if not actor.is_confirmed(at):
        raise PasswordNeeded
