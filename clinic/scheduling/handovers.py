"""Handing over the tablet of a visit, for questions or a consent: its code, its screen, its end.

The patient is nobody who signs in: what is done on the tablet is audited under `ON_TABLET`.
"""

import datetime as dt
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.rules import token_hash
from clinic.audit import service as audit
from clinic.catalog.models import Service
from clinic.consents import queries as consent_queries
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.core.text import N_
from clinic.patients.models import Patient
from clinic.patients.values import PatientStatus
from clinic.scheduling import handed, queries
from clinic.scheduling.handed_models import Handover
from clinic.scheduling.handed_values import HandoverState
from clinic.scheduling.models import Appointment
from clinic.scheduling.rules import handovers as handover_rules
from clinic.scheduling.values import AppointmentStatus

ON_TABLET = "patient, on the tablet"
"""Who acts in the audit trail; not translated, as all of the trail."""
TO_COME = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED})


class HandoverOver(Conflict):
    """The tablet's screen has ended."""

    def __init__(self) -> None:
        super().__init__(N_("This screen has ended. Please give the tablet back."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """From where a request of the tablet comes, for the audit trail."""

    address: str
    request_id: str


def hand_over(
    db: Session, actor: Actor, appointment_id: int, *, secret: str, text_id: int | None = None
) -> tuple[Handover, str]:
    """Make the one handover of a visit; return it and its code, which is kept as a hash only.

    For the questions, or for a consent text to be signed. An earlier one of the visit ends. Raises
    NotFound for a visit of another place, Conflict for one that is not to come, has nothing to ask,
    whose record is not in use, or a text that is not to be signed for it.
    """
    visit = _own(db, actor, appointment_id)
    patient = db.get_one(Patient, visit.patient_id)
    if visit.status not in TO_COME or patient.status is not PatientStatus.ACTIVE:
        raise Conflict(N_("This visit is not to come any more."))
    if text_id is None and not db.get_one(Service, visit.service_id).modality.is_treatment:
        raise Conflict(N_("There are no questions before this visit."))
    texts = consent_queries.to_sign(db, on=clock.today(actor.zone), service_id=visit.service_id)
    if text_id is not None and text_id not in {text.id for text in texts}:
        raise Conflict(N_("This text is not in force any more. Open the visit again."))

    now = clock.now()
    _end_open(db, visit.id)
    code = handover_rules.new_code(secrets.choice)
    handover = Handover(
        appointment_id=visit.id,
        made_by_id=actor.id,
        text_id=text_id,
        code_hash=handover_rules.code_digest(secret, code),
        locale=patient.language,
        made_at=now,
        expires_at=now + handover_rules.CODE_LASTS,
    )
    db.add(handover)
    db.flush()  # The audit line names its id.
    _record(db, actor, "handover.made", handover, visit.patient_id)
    return handover, code


def take_back(db: Session, actor: Actor, appointment_id: int) -> None:
    """End what is handed over for a visit; done twice it changes nothing. Raises NotFound."""
    visit = _own(db, actor, appointment_id)
    ended = _end_open(db, visit.id)
    if ended is not None:
        _record(db, actor, "handover.taken_back", ended, visit.patient_id)


def open_screen(db: Session, code: str, *, secret: str, request: Request) -> str:
    """Use a code; return the token of the browser that may show the screen now.

    Raises Invalid at `code` for one that is wrong, used, ended or too old: the same words for all.
    """
    now = clock.now()
    handover = db.scalar(
        sa.select(Handover)
        .where(
            Handover.code_hash == handover_rules.code_digest(secret, code),
            Handover.opened_at.is_(None),
            Handover.ended_at.is_(None),
            Handover.expires_at > now,
        )
        .with_for_update()
    )
    if handover is None:
        raise Invalid(
            N_("This code does not fit, or is used or too old. Ask for a new one at the desk."),
            field="code",
        )
    token = secrets.token_urlsafe(32)
    handover.token_hash = token_hash(token)
    handover.opened_at = handover.seen_at = now
    handover.expires_at = now + handover_rules.SCREEN_LASTS
    patient_id = db.get_one(Appointment, handover.appointment_id).patient_id
    _record(db, request, "handover.opened", handover, patient_id)
    return token


def refuse_code(db: Session, request: Request) -> None:
    """Record a code that was refused; the code itself is not kept."""
    audit.record(
        db,
        None,
        "handover.refused",
        "handover",
        name="nobody",
        address=request.address,
        request_id=request.request_id,
    )


def confirm_name(db: Session, screen: handed.Screen, request: Request) -> None:
    """Note that the patient is the one named: the questions may be shown. Raises HandoverOver."""
    handover = _held_open(db, screen)
    if handover.confirmed_at is None:
        handover.confirmed_at = clock.now()
        _record(db, request, "handover.confirmed", handover, screen.patient_id)


def speak(db: Session, screen: handed.Screen, locale: str) -> None:
    """Keep the language that the patient reads. Raises HandoverOver."""
    _held_open(db, screen).locale = locale


def touch(db: Session, screen: handed.Screen) -> None:
    """Note that somebody is at the tablet; what is over stays over. Raises HandoverOver."""
    _held_open(db, screen)


def go_on(db: Session, screen: handed.Screen) -> dt.datetime:
    """Give the patient more time; return until when. Raises HandoverOver."""
    handover = _held_open(db, screen)
    assert handover.opened_at is not None, "open"
    handover.expires_at = handover_rules.longer(handover.opened_at, clock.now())
    return handover.expires_at


def end(db: Session, screen: handed.Screen, request: Request, *, why: str) -> None:
    """End the screen from the tablet: not the right person, or left alone."""
    handover = handed.held(db, screen.handover_id)
    if handover.ended_at is not None:
        return
    handover.ended_at = clock.now()
    _record(db, request, "handover.ended", handover, screen.patient_id, why=why)


def _own(db: Session, actor: Actor, appointment_id: int) -> Appointment:
    """Return a visit of the actor's place, its patient's record held."""
    visit = queries.lock_visit(db, appointment_id)
    if visit.location_id != actor.location_id:
        raise NotFound(queries.NO_VISIT)
    return visit


def _end_open(db: Session, appointment_id: int) -> Handover | None:
    handover = db.scalar(
        sa.select(Handover)
        .where(Handover.appointment_id == appointment_id, Handover.ended_at.is_(None))
        .with_for_update()
    )
    if handover is not None:
        handover.ended_at = clock.now()
        db.flush()  # Before the next one: the database keeps a visit at one that has not ended.
    return handover


def _held_open(db: Session, screen: handed.Screen) -> Handover:
    handover = handed.held(db, screen.handover_id)
    if handed.state_of(handover) is not HandoverState.OPEN:
        raise HandoverOver
    handover.seen_at = clock.now()
    return handover


def _record(
    db: Session,
    who: Actor | Request,
    action: str,
    handover: Handover,
    patient_id: int,
    **detail: str,
) -> None:
    audit.record(
        db,
        who if isinstance(who, Actor) else None,
        action,
        "handover",
        handover.id,
        patient_id=patient_id,
        detail={"appointment": handover.appointment_id, **detail},
        name=ON_TABLET,
        address=who.address,
        request_id=who.request_id,
    )
