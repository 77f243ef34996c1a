"""What stands one click behind a finding, on every page that shows one to clinicians."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.core.units import shown_unit
from clinic.patients import queries as patient_queries
from clinic.safety import queries
from clinic.safety.models import Release, ScreeningRecord
from clinic.safety.rules.names import CONFIDENCE_NAMES, SOURCE_NAMES
from clinic.safety.values import Confidence, FactSource, MissingKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRelease:
    """A release of a finding of some rule, for one visit of the patient."""

    appointment_id: int
    on: dt.date
    """The day of the visit as it was when released."""
    rule_version: int
    fingerprint: str
    reason: str
    by: str
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What `safety/_finding.html` needs to explain findings of one patient."""

    earlier: Mapping[str, tuple[PastRelease, ...]]
    """Releases of all visits by rule, newest first."""
    sources: Mapping[str, str]
    source_names: Mapping[FactSource, str]
    confidence_names: Mapping[Confidence, str]
    kinds: type[MissingKind]
    code_name: Callable[[str], str]
    shown_unit: Callable[[str | None], str]


def why(db: Session, patient_id: int) -> Why:
    """Return what explains the findings of a patient; one statement."""
    return Why(
        earlier=_releases(db, patient_id),
        sources=dict(queries.rules().sources),
        source_names=SOURCE_NAMES,
        confidence_names=CONFIDENCE_NAMES,
        kinds=MissingKind,
        code_name=queries.codes().name,
        shown_unit=shown_unit,
    )


def _releases(db: Session, patient_id: int) -> Mapping[str, tuple[PastRelease, ...]]:
    # Visits belong to a floor above: which are the patient's, and for which day, the checks tell.
    days = (
        sa.select(ScreeningRecord.appointment_id, sa.func.max(ScreeningRecord.on).label("on"))
        .where(
            ScreeningRecord.patient_id.in_(patient_queries.records(patient_id)),
            ScreeningRecord.appointment_id.is_not(None),
        )
        .group_by(ScreeningRecord.appointment_id)
        .subquery()
    )
    rows = db.execute(
        sa.select(Release, days.c.on, Account.name)
        .join(days, days.c.appointment_id == Release.appointment_id)
        .join(Account, Account.id == Release.author_id)
        .order_by(Release.id.desc())
    )
    found: dict[str, tuple[PastRelease, ...]] = {}
    for row, on, name in rows:
        past = PastRelease(
            appointment_id=row.appointment_id,
            on=on,
            rule_version=row.rule_version,
            fingerprint=row.fingerprint,
            reason=row.reason,
            by=name,
            at=row.at,
        )
        found[row.rule_code] = (*found.get(row.rule_code, ()), past)
    return found
