"""Writing down what is learned about a patient, and checking the patient's visits again with it."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog import queries as catalog_queries
from clinic.consents import queries as consent_queries
from clinic.consents import service as consent_service
from clinic.consents import writing
from clinic.consents.models import Consent, ConsentText
from clinic.consents.values import (
    DraftText,
    RecordConsent,
    SignConsent,
    SignWithdrawal,
    WithdrawConsent,
)
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.core.text import N_
from clinic.intake import queries
from clinic.intake.rules import questions as question_rules
from clinic.intake.rules.sheet import is_open
from clinic.intake.rules.tablet import tablet_facts
from clinic.intake.values import AnswerOnTablet, AnswerQuestions
from clinic.patients import queries as patient_queries
from clinic.patients.models import Patient
from clinic.patients.rules import age_on
from clinic.patients.values import PatientStatus
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety_service
from clinic.safety.models import PatientFact, Release
from clinic.safety.rules.known import Known
from clinic.safety.values import (
    Fact,
    FactKind,
    FactSource,
    FactState,
    MarkFactError,
    RecordFact,
    ReleaseFinding,
)
from clinic.scheduling import handed
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling import service as scheduling_service
from clinic.scheduling.handed import Screen
from clinic.scheduling.handed_models import Handover
from clinic.scheduling.handed_values import HandoverState
from clinic.scheduling.handovers import ON_TABLET, HandoverOver, Request
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus

NO_KNOWN_ALLERGY = "no_known_allergy"
WRITTEN_ELSEWHERE = ("side_effect:", "session:")
"""How the source keys begin of what a side effect or a session put on record."""
OF_AGE = 18
"""Years (a design default, as of the rule `minor`): before that somebody signs for the patient."""
SENT = N_("Your answers have been sent already.")
OPEN = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED})
"""Visits that can still be asked about and released for."""


class VisitOver(Conflict):
    """The visit is no longer to come."""


class SentAlready(Conflict):
    """The patient's answers have been sent before."""


def record(db: Session, actor: Actor, wishes: Sequence[RecordFact]) -> list[PatientFact]:
    """Record facts about one patient and check the patient's visits again.

    Raises NotFound for the patient, Invalid for a day before the birth or dates out of order, and
    for "no known allergy" while one is on record.
    """
    patient = patient_queries.get(db, wishes[0].patient_id, location_id=actor.location_id)
    for wish in wishes:
        for field in ("noted_on", "began_on", "ended_on"):
            day = getattr(wish, field)
            if day and patient.birth_date and day < patient.birth_date:
                raise Invalid(N_("This is before the patient was born"), field=field)
    if any(wish.code == NO_KNOWN_ALLERGY for wish in wishes):
        _refuse_if_allergic(db, patient.id)

    rows = safety_service.record_facts(db, actor, wishes)
    scheduling_service.rescreen(db, actor, patient.id)
    return rows


def mark_error(db: Session, actor: Actor, wish: MarkFactError, *, patient_id: int) -> PatientFact:
    """Mark a patient's fact as entered in error and check the patient's visits again.

    Raises NotFound for a fact of somebody else, AlreadyInError, and Conflict for a fact that a
    session or a side effect wrote: it is corrected where it was written.
    """
    patient_queries.get(db, patient_id, location_id=actor.location_id)
    row = safety_queries.fact(db, wish.fact_id)
    if not patient_queries.is_record_of(db, row.patient_id, patient_id):
        raise NotFound(N_("There is no such fact"))
    if row.source is FactSource.SYSTEM or (row.source_key or "").startswith(WRITTEN_ELSEWHERE):
        raise Conflict(N_("A session or a side effect wrote this. Correct it there."))

    safety_service.mark_error(db, actor, wish)
    scheduling_service.rescreen(db, actor, patient_id)
    return row


def answer(db: Session, actor: Actor, wish: AnswerQuestions) -> list[PatientFact]:
    """Record what was answered before a visit and check the patient's visits again.

    The same form sent twice records once. Raises NotFound, VisitOver, Invalid as the rules say.
    """
    visit = _open_visit(db, actor, wish.appointment_id)
    safety_queries.lock_patient(db, visit.patient_id)
    if wish.form_key is not None:
        first = f"form:{wish.form_key}:0"
        earlier = safety_queries.facts_of_sources(db, visit.patient_id, [first])
        if earlier:
            return list(earlier.values())
    facts = question_rules.facts_from(
        wish.groups,
        wish.open_records,
        safety_queries.history_of(db, visit.patient_id),
        safety_queries.rules(),
        safety_queries.codes(),
        asker=question_rules.Asker(name=actor.name, role=actor.role, on=clock.today(actor.zone)),
    )

    rows = safety_service.record_facts(
        db,
        actor,
        [
            _wish(visit.patient_id, fact, f"form:{wish.form_key}:{n}" if wish.form_key else None)
            for n, fact in enumerate(facts)
        ],
    )
    scheduling_service.rescreen(db, actor, visit.patient_id)
    return rows


def answer_on_tablet(
    db: Session, screen: Screen, wish: AnswerOnTablet, request: Request
) -> list[PatientFact]:
    """Record what the patient answered alone, check the visits again, and end the screen.

    Raises SentAlready for the second of two, HandoverOver when the screen or the visit is over or
    the record is not in use any more, Invalid as the rules say.
    """
    visit, handover = _in_hand(db, screen)
    facts = tablet_facts(
        wish.groups,
        safety_queries.history_of(db, visit.patient_id),
        safety_queries.rules(),
        safety_queries.codes(),
        on=clock.today(screen.zone),
    )

    rows, _ = safety_service.write_facts(
        db,
        None,
        [
            _wish(visit.patient_id, fact, f"tablet:{handover.id}:{n}")
            for n, fact in enumerate(facts)
        ],
    )
    scheduling_service.rescreen(db, None, visit.patient_id)
    handover.answered_at = handover.ended_at = clock.now()
    audit.record(
        db,
        None,
        "handover.answered",
        "handover",
        handover.id,
        patient_id=visit.patient_id,
        detail={"appointment": visit.id, "facts": [row.id for row in rows]},
        name=ON_TABLET,
        address=request.address,
        request_id=request.request_id,
    )
    return rows


def sign_on_tablet(db: Session, screen: Screen, wish: SignConsent, request: Request) -> Consent:
    """Keep the consent that the patient signed, check the visits again, and end the screen.

    Raises SentAlready for the second of two, HandoverOver when the screen or the visit is over or
    the record is not in use any more, Invalid for a minor who signs alone.
    """
    visit, handover = _in_hand(db, screen)
    today = clock.today(screen.zone)
    _refuse_alone(patient_queries.get(db, visit.patient_id), wish.guardian, today)
    consent = consent_service.sign(db, wish, witness_id=screen.made_by_id, on=today)
    scheduling_service.rescreen(db, None, visit.patient_id)
    handover.answered_at = handover.ended_at = clock.now()
    audit.record(
        db,
        None,
        "consent.signed",
        "consent",
        consent.id,
        patient_id=visit.patient_id,
        detail={
            "appointment": visit.id,
            "handover": handover.id,
            "text": consent.text_id,
            "how": consent.signed_how,
            "scopes": list(consent_queries.given(consent, consent.kind)),
        },
        name=ON_TABLET,
        address=request.address,
        request_id=request.request_id,
    )
    return consent


def withdraw_on_tablet(db: Session, screen: Screen, wish: SignWithdrawal, request: Request) -> None:
    """Keep what the patient withdrew from today on, check the visits again, and end the screen.

    Also where the patient is not of age: a No needs nobody else. Raises SentAlready for the second
    of two, HandoverOver when the screen or the visit is over, Invalid where nothing of it stands.
    """
    visit, handover = _in_hand(db, screen)
    ids = consent_service.sign_withdrawal(
        db,
        wish,
        patient_queries.records(visit.patient_id),
        witness_id=screen.made_by_id,
        on=clock.today(screen.zone),
    )
    scheduling_service.rescreen(db, None, visit.patient_id)
    handover.answered_at = handover.ended_at = clock.now()
    audit.record(
        db,
        None,
        "consent.withdrawn",
        "consent",
        ids[0],
        patient_id=visit.patient_id,
        detail={
            "appointment": visit.id,
            "handover": handover.id,
            "consents": ids,
            "scopes": sorted(wish.scopes),
        },
        name=ON_TABLET,
        address=request.address,
        request_id=request.request_id,
    )


def _in_hand(db: Session, screen: Screen) -> tuple[Appointment, Handover]:
    """Return the visit and the open handover of a screen, both held until the end."""
    visit = scheduling_queries.lock_visit(db, screen.appointment_id)
    handover = handed.held(db, screen.handover_id)
    state = handed.state_of(handover)
    if state is HandoverState.ANSWERED:
        raise SentAlready(SENT)
    is_open = state is HandoverState.OPEN and handover.confirmed_at is not None
    is_active = patient_queries.get(db, visit.patient_id).status is PatientStatus.ACTIVE
    if not (is_open and is_active and visit.status in OPEN):
        raise HandoverOver
    return visit, handover


def release(db: Session, actor: Actor, wish: ReleaseFinding) -> Release:
    """Release a finding for one visit to come, checked anew in the same transaction.

    Raises what `safety.service.release` raises, NotFound and VisitOver.
    """
    visit = _open_visit(db, actor, wish.appointment_id)
    safety_queries.lock_patient(db, visit.patient_id)  # before the visit's row, as everybody does
    # The release reads the visit's newest check: bring that up to date first.
    scheduling_service.rescreen(db, actor, visit.patient_id)
    row = safety_service.release(db, actor, wish)
    scheduling_service.rescreen(db, actor, visit.patient_id)
    return row


def record_consent(db: Session, actor: Actor, wish: RecordConsent) -> Consent:
    """Record a signed paper and check the patient's visits again.

    Raises as `consents` does, and Invalid for a minor who signed alone.
    """
    patient = patient_queries.get(db, wish.patient_id, location_id=actor.location_id)
    safety_queries.lock_patient(db, patient.id)
    if patient.birth_date and wish.given_on < patient.birth_date:
        raise Invalid(N_("This is before the patient was born"), field="given_on")
    _refuse_alone(patient, wish.guardian, wish.given_on)
    consent = consent_service.record(db, actor, wish)
    scheduling_service.rescreen(db, actor, patient.id)
    return consent


def withdraw_consent(
    db: Session, actor: Actor, wish: WithdrawConsent, *, patient_id: int
) -> Consent:
    """Record a withdrawal and check the patient's visits again.

    Raises NotFound for a paper of somebody else, and what `consents` raises.
    """
    patient_queries.get(db, patient_id, location_id=actor.location_id)
    safety_queries.lock_patient(db, patient_id)
    paper = consent_queries.get(db, wish.consent_id)
    if not patient_queries.is_record_of(db, paper.patient_id, patient_id):
        raise NotFound(N_("There is no such consent"))
    consent = consent_service.withdraw(db, actor, wish, records=patient_queries.records(patient_id))
    scheduling_service.rescreen(db, actor, patient_id)
    return consent


def draft_text(db: Session, actor: Actor, wish: DraftText) -> ConsentText:
    """Keep one language of the next version of a text; raises as `consents` does.

    Raises NotFound as well for a service that is no treatment of the text's kind.
    """
    if wish.service_id is not None:
        service = catalog_queries.service(db, wish.service_id)
        if service.modality.value != wish.kind.value:
            raise NotFound(catalog_queries.NO_SERVICE)
    return writing.draft(db, actor, wish)


def _refuse_alone(patient: Patient, guardian: str, on: dt.date) -> None:
    """Refuse a signature of the patient alone on a day when the patient was not of age."""
    age = age_on(patient.birth_date, on)
    if not guardian and age is not None and age < OF_AGE:
        raise Invalid(
            N_("The patient is not of age: a parent or guardian signs, and says as what."),
            field="guardian",
        )


def _open_visit(db: Session, actor: Actor, appointment_id: int) -> Appointment:
    visit = queries.visit(db, actor, appointment_id)
    if visit.status not in OPEN:
        raise VisitOver(N_("This visit is not to come any more."))
    return visit


def _refuse_if_allergic(db: Session, patient_id: int) -> None:
    known = Known(safety_queries.history_of(db, patient_id))
    codes = safety_queries.codes()
    for fact in known.of_kind(FactKind.ALLERGY):
        if fact.code != NO_KNOWN_ALLERGY and is_open(fact, known, codes):
            raise Invalid(
                N_("An allergy is on record: %(name)s. Mark it as entered in error first."),
                field="answer",
                name=fact.label or codes.name(fact.code),
            )


def _wish(patient_id: int, fact: Fact, source_key: str | None) -> RecordFact:
    return RecordFact(
        patient_id=patient_id,
        kind=fact.kind,
        code=fact.code,
        state=FactState(fact.state),
        label=fact.label,
        zone=fact.zone,
        began_on=fact.began_on,
        ended_on=fact.ended_on,
        noted_on=fact.noted_on,
        value_milli=fact.value_milli,
        unit=fact.unit,
        source=fact.source,
        source_key=source_key,
    )
