"""What an audit row says, as a plain value that can be hashed the same way for ever."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from clinic.core.text import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One audit row without its place in the chain."""

    at: dt.datetime
    actor_id: int | None
    actor_name: str
    role: str
    action: str
    entity: str
    entity_id: str
    patient_id: int | None
    location_id: int | None
    address: str
    request_id: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How often and when one person did one thing with one patient's record."""

    name: str
    role: str
    action: str
    times: int
    first: dt.datetime
    last: dt.datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a row's detail: what, and the value; of a change also the value before."""

    name: str
    now: str
    before: str | None = None


NOBODY = N_("Nobody signed in")
SYSTEM = N_("The system itself")

ENTITY_NAMES: dict[str, str] = {
    "access": N_("Access"),
    "account": N_("Person"),
    "appointment": N_("Visit"),
    "audit_event": N_("Audit trail"),
    "board": N_("Day board"),
    "chart": N_("Patient page"),
    "consent": N_("Consent"),
    "consents": N_("Consents"),
    "consent_text": N_("Consent text"),
    "contact": N_("Follow-up call"),
    "course": N_("Course"),
    "courses_due": N_("Courses due"),
    "dry_run": N_("Dry run of rules"),
    "fact": N_("Medical fact"),
    "facts": N_("Medical facts"),
    "finding": N_("Finding"),
    "follow_up": N_("Follow-up"),
    "import": N_("Import"),
    "incident": N_("Incident"),
    "kit_preset": N_("Preset of a kit"),
    "location": N_("Clinic"),
    "lot": N_("Lot"),
    "patient": N_("Patient"),
    "aftercare_sheet": N_("Aftercare sheet"),
    "session_record": N_("Session record"),
    "signed_consent": N_("Signed consent"),
    "patient_audit": N_("Access history"),
    "patient_fact": N_("Medical fact"),
    "photograph": N_("Photograph"),
    "photographs": N_("Photographs"),
    "product": N_("Product"),
    "prp_preparation": N_("Blood and PRP"),
    "questions": N_("Questions before a visit"),
    "recheck": N_("Check of the coming visits"),
    "release": N_("Release"),
    "resource": N_("Room, device or physician"),
    "review": N_("Review before a visit"),
    "rule": N_("Safety rule"),
    "rule_catalogue": N_("Safety rules"),
    "rule_version": N_("Safety rule"),
    "rules": N_("Safety rules"),
    "screening": N_("Safety check"),
    "service": N_("Service"),
    "session": N_("Session"),
    "side_effect": N_("Side effect"),
    "stock": N_("Stock"),
    "to_call": N_("Visits to call about"),
    "treatment_session": N_("Session"),
    "trace": N_("Trace of a lot"),
    "unsettled": N_("Visits to settle"),
    "vial": N_("Opened vial"),
    "zone_area": N_("Areas of the zones"),
}

VERB_NAMES: dict[str, str] = {
    "aborted": N_("aborted"),
    "accepted": N_("used the one-time link"),
    "active": N_("got access again"),
    "added": N_("added"),
    "added_to": N_("added to after signing"),
    "approved": N_("approved"),
    "arrival_undone": N_("arrival taken back"),
    "arrived": N_("noted as arrived"),
    "begun": N_("begun"),
    "booked": N_("booked"),
    "called": N_("noted a call"),
    "cancelled": N_("cancelled"),
    "changed": N_("changed"),
    "checked": N_("checked"),
    "closed": N_("closed"),
    "confirmation_refused": N_("gave a wrong password again"),
    "confirmed": N_("gave the password again"),
    "count": N_("counted"),
    "created": N_("created"),
    "deactivated": N_("deactivated"),
    "denied": N_("refused for want of permission"),
    "discarded": N_("thrown away"),
    "drafted": N_("drafted"),
    "explained": N_("explained"),
    "exported": N_("exported"),
    "finished": N_("finished"),
    "founded": N_("founded"),
    "given_out": N_("gave a copy out of"),
    "identity_checked": N_("read the right tube at the chair"),
    "imported": N_("imported"),
    "installed": N_("installed"),
    "invited": N_("invited"),
    "label_printed": N_("printed labels"),
    "link_renewed": N_("made a new one-time link for"),
    "listed": N_("looked at a list"),
    "logged": N_("logged"),
    "apart_undone": N_("took back that two records are two people"),
    "kept": N_("kept"),
    "kept_apart": N_("noted two records as two people"),
    "merged": N_("merged with another record"),
    "unmerged": N_("took a merge back"),
    "marked_in_error": N_("marked as entered in error"),
    "moved": N_("moved"),
    "no_show": N_("noted as not come"),
    "ok": N_("allowed again"),
    "opened": N_("opened"),
    "password_changed": N_("changed the password"),
    "planned": N_("planned"),
    "preferred": N_("changed preferences"),
    "quarantine": N_("quarantined"),
    "ran": N_("ran"),
    "receipt": N_("received"),
    "recalled": N_("recalled"),
    "rechecked": N_("checked again"),
    "recorded": N_("recorded"),
    "refused": N_("refused by the safety check"),
    "registered": N_("registered"),
    "registered_many": N_("registered many"),
    "released": N_("released"),
    "removed": N_("removed"),
    "reopened": N_("opened again"),
    "reported": N_("reported"),
    "restored": N_("put back"),
    "resumed": N_("taken up again"),
    "reversal": N_("taken back"),
    "reviewed": N_("reviewed"),
    "said": N_("said a line of the time-out of"),
    "saved": N_("saved"),
    "search_rebuilt": N_("made findable again"),
    "sessions_ended": N_("signed out everywhere"),
    "sign_in_refused": N_("refused at sign-in"),
    "signed": N_("signed"),
    "signed_in": N_("signed in"),
    "signed_out": N_("signed out"),
    "started": N_("started"),
    "stopped": N_("stopped"),
    "swept": N_("cleaned up"),
    "typed_in": N_("begun to type into"),
    "unsaid": N_("took a line of the time-out back of"),
    "untyped": N_("discarded what was typed into"),
    "transfer": N_("moved between places"),
    "waste": N_("thrown away"),
    "withdrawn": N_("withdrawn"),
}
