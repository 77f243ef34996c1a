"""Reading handovers of the tablet: the screen behind a cookie, the last one of a visit."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.values import Modality
from clinic.consents import queries as consent_queries
from clinic.consents.values import ConsentKind
from clinic.core import clock
from clinic.locations.models import Location
from clinic.patients import queries as patient_queries
from clinic.patients.models import Patient
from clinic.safety.values import MissingKind, Screening
from clinic.scheduling.handed_models import Handover
from clinic.scheduling.handed_values import Asked, AskedState, HandoverState, ToSign
from clinic.scheduling.models import Appointment
from clinic.scheduling.rules import handovers as handover_rules

_SCREEN = (
    sa.select(
        Handover,
        Appointment.patient_id,
        Patient.given_name,
        Patient.family_name,
        Location.zone,
    )
    .join(Appointment, Appointment.id == Handover.appointment_id)
    .join(Patient, Patient.id == Appointment.patient_id)
    .join(Location, Location.id == Appointment.location_id)
    .where(Handover.token_hash == sa.bindparam("token_hash"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """The tablet in one patient's hands: no more of the patient than a mix-up shows by."""

    handover_id: int
    appointment_id: int
    patient_id: int
    name: str
    """First name and first letter: "Amira H."."""
    zone: str
    """IANA time zone of the clinic."""
    locale: str
    state: HandoverState
    is_confirmed: bool
    text_id: int | None
    """The consent text to be read and signed; None: the questions."""
    made_by_id: int
    seen_at: dt.datetime | None
    ends_at: dt.datetime
    """Unless the patient goes on."""


def screen(db: Session, token_hash: str) -> Screen | None:
    """Return the screen that a cookie's hash stands for, over or not; one statement."""
    row = db.execute(_SCREEN, {"token_hash": token_hash}).one_or_none()
    if row is None:
        return None
    handover = row.Handover
    return Screen(
        handover_id=handover.id,
        appointment_id=handover.appointment_id,
        patient_id=row.patient_id,
        name=f"{row.given_name} {row.family_name[:1]}.".strip(),
        zone=row.zone,
        locale=handover.locale,
        state=state_of(handover),
        is_confirmed=handover.confirmed_at is not None,
        text_id=handover.text_id,
        made_by_id=handover.made_by_id,
        seen_at=handover.seen_at,
        ends_at=handover.expires_at,
    )


def state_of(handover: Handover) -> HandoverState:
    """Tell how a handover stands now."""
    return handover_rules.state(
        expires_at=handover.expires_at,
        opened_at=handover.opened_at,
        seen_at=handover.seen_at,
        ended_at=handover.ended_at,
        answered_at=handover.answered_at,
        now=clock.now(),
    )


def held(db: Session, handover_id: int) -> Handover:
    """Return a handover as it stands now and hold it until the end of the transaction."""
    return db.get_one(Handover, handover_id, with_for_update=True, populate_existing=True)


def asked(db: Session, appointment_id: int, screening: Screening, *, zone: str) -> Asked:
    """Tell what the desk may know of a visit's questions; one statement.

    What was sent today counts as answered although something may be left for a nurse to ask.
    """
    made = db.scalars(
        sa.select(Handover).where(Handover.appointment_id == appointment_id).order_by(Handover.id)
    ).all()
    for handover in made:
        state = state_of(handover)
        if state is HandoverState.WAITING:
            return Asked(state=AskedState.WAITING, at=handover.expires_at)
        if state is HandoverState.OPEN:
            return Asked(state=AskedState.ON_TABLET, at=handover.opened_at)
    sent = (one.answered_at for one in made if one.text_id is None)
    sent_at = max((at for at in sent if at is not None), default=None)
    is_today = sent_at is not None and (
        sent_at.astimezone(clock.zone_of(zone)).date() == clock.today(zone)
    )
    is_lacking = not screening.is_checked or any(
        missing.kind is MissingKind.QUESTION
        for finding in screening.findings
        for missing in finding.missing
    )
    is_missing = is_lacking and not is_today
    return Asked(
        state=AskedState.MISSING if is_missing else AskedState.ANSWERED,
        at=sent_at,
        is_today=is_today,
    )


def to_sign(
    db: Session, patient_id: int, modality: Modality, *, service_id: int, on: dt.date
) -> tuple[ToSign, ...]:
    """Return the texts that matter for a visit of a service; three statements."""
    papers = consent_queries.of_patient(db, patient_queries.records(patient_id))
    return tuple(
        ToSign(
            text_id=text.id,
            kind=text.kind,
            version_name=text.version_name,
            signed_on=max(
                (
                    paper.given_on
                    for paper in papers
                    if paper.kind is text.kind
                    and paper.text_version == text.version_name
                    and paper.withdrawn_on is None
                ),
                default=None,
            ),
        )
        for text in consent_queries.to_sign(db, on=on, service_id=service_id)
        if text.kind in {ConsentKind.PHOTOGRAPHS, modality.value}
    )
