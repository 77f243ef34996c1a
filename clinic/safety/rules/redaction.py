"""What somebody may see of a screening: clinicians all of it, everybody else one word."""

import datetime as dt
from collections.abc import Collection

from clinic.core.access import Role
from clinic.core.text import N_
from clinic.safety.rules.passage import CLINICAL_ROLES, is_released
from clinic.safety.rules.screening import visit_decision
from clinic.safety.values import (
    Decision,
    Finding,
    ReceptionScreening,
    ReceptionStatus,
    Screening,
)

STATUS_NAMES: dict[ReceptionStatus, str] = {
    ReceptionStatus.STOP: N_("Do not treat"),
    ReceptionStatus.LATER: N_("Not on this date"),
    ReceptionStatus.REVIEW: N_("Physician must review"),
    ReceptionStatus.QUESTIONS: N_("Questions missing"),
    ReceptionStatus.CLEAR: N_("Clear"),
    ReceptionStatus.NOT_CHECKED: N_("Not checked"),
}
QUESTIONS_MISSING = N_("Some questions or papers are missing; they are asked before the visit.")
NOT_CHECKED = N_("This visit has not been checked yet.")


def redact(
    screening: Screening | None, role: Role, releases: Collection[str] = ()
) -> Screening | ReceptionScreening:
    """Return what the role may see: the screening for clinicians, else `for_reception` of it."""
    if screening is not None and role in CLINICAL_ROLES:
        return screening
    return for_reception(screening, releases)


def for_reception(
    screening: Screening | None, releases: Collection[str] = ()
) -> ReceptionScreening:
    """Return a value without medical content: status, neutral sentences, maybe a date.

    The date is there only when every finding that determines it may show its date. None for
    a visit that was never screened, or screened without an approved catalogue.
    """
    if screening is None or not screening.is_checked:
        return ReceptionScreening(
            on=screening.on if screening else None,
            status=ReceptionStatus.NOT_CHECKED,
            sentences=(NOT_CHECKED,),
            earliest_on=None,
            physician_contacts=False,
        )
    standing = [f for f in screening.findings if not is_released(f, releases)]
    status = _status(standing, screening)
    earliest_on = _earliest(status, standing, screening)
    return ReceptionScreening(
        on=screening.on,
        status=status,
        sentences=_sentences(status, standing),
        earliest_on=earliest_on,
        physician_contacts=status is ReceptionStatus.LATER and earliest_on is None,
    )


def _status(standing: list[Finding], screening: Screening) -> ReceptionStatus:
    decision = visit_decision(standing, screening.plan)
    if decision is Decision.BLOCK:
        return ReceptionStatus.STOP
    if decision is Decision.DEFER:
        return ReceptionStatus.LATER
    if decision is Decision.REVIEW:
        return ReceptionStatus.REVIEW
    if any(f.decision is Decision.ASK and not f.never_refuses for f in standing):
        return ReceptionStatus.QUESTIONS
    return ReceptionStatus.CLEAR


def _earliest(
    status: ReceptionStatus, standing: list[Finding], screening: Screening
) -> dt.date | None:
    if status is ReceptionStatus.LATER:
        return screening.bookable_from if screening.may_show_bookable_date else None
    if status is ReceptionStatus.REVIEW:
        reviews = [f for f in standing if f.decision is Decision.REVIEW]
        if all(f.clears_on for f in reviews) and screening.may_show_clear_date:
            return screening.earliest_clear_on
    return None


def _sentences(status: ReceptionStatus, standing: list[Finding]) -> tuple[str, ...]:
    """Return each neutral sentence of what decides once, then that questions are missing.

    What is stronger than the status bars a zone or an item only: its sentence is of no visit.
    """
    decides = {
        ReceptionStatus.STOP: Decision.BLOCK,
        ReceptionStatus.LATER: Decision.DEFER,
        ReceptionStatus.REVIEW: Decision.REVIEW,
    }.get(status)
    said = [f.reception for f in standing if f.decision is decides]
    if any(f.decision is Decision.ASK and not f.never_refuses for f in standing):
        said.append(QUESTIONS_MISSING)
    return tuple(dict.fromkeys(said))
