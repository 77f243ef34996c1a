"""Reading what a paper says, across the rooms; each in a fixed number of statements."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.catalog.models import Service
from clinic.catalog.rules import offers
from clinic.consents import queries as consent_queries
from clinic.consents.models import Consent, ConsentText
from clinic.consents.values import offered
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import Base
from clinic.core.errors import Conflict, NotFound
from clinic.core.text import N_
from clinic.followup.rules.due import last_day
from clinic.locations import queries as location_queries
from clinic.papers.values import (
    Aftercare,
    Coming,
    Prepared,
    SessionRecord,
    SignedConsent,
    Whose,
)
from clinic.patients import queries as patient_queries
from clinic.patients.values import full_name
from clinic.safety import queries as safety_queries
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus
from clinic.treatments import record
from clinic.treatments.models import TreatmentSession
from clinic.treatments.queries import identity as identity_queries
from clinic.treatments.queries import named as named_queries
from clinic.treatments.queries import sessions as session_queries
from clinic.treatments.rules import signing
from clinic.treatments.typed import Stamp
from clinic.treatments.values import SessionState

TO_COME = (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)
MOST_VISITS = 12


class NoSheet(Conflict):
    """A visit after which nothing is to be cared for."""


def whose(db: Session, actor: Actor, patient_id: int) -> Whose:
    """Return whose paper it is; raises NotFound. Two statements."""
    patient = patient_queries.get(db, patient_id)
    place = location_queries.get(db, actor.location_id)
    return Whose(
        clinic=place.name,
        address=place.address,
        phone=place.phone,
        emergency_phone=place.emergency_phone,
        patient=full_name(patient.given_name, patient.family_name),
        born=patient.birth_date,
        file_number=patient.file_number,
        language=patient.language,
    )


def aftercare(db: Session, actor: Actor, appointment_id: int) -> Aftercare:
    """Return the sheet of a visit of the actor's place. Five statements.

    Raises NotFound, NoSheet for a visit that is no treatment.
    """
    visit = scheduling_queries.get(db, appointment_id)
    if visit.location_id != actor.location_id:
        raise NotFound(scheduling_queries.NO_VISIT)
    service = db.get_one(Service, visit.service_id)
    if not service.modality.is_treatment:
        raise NoSheet(N_("There is no aftercare sheet for a visit without a treatment."))
    on = visit.starts_local.date()
    return Aftercare(
        whose=whose(db, actor, visit.patient_id),
        service=service.name,
        modality=service.modality,
        on=on,
        calls=[
            (on + dt.timedelta(days=day), on + dt.timedelta(days=last_day(day)))
            for day in offers.follow_up_days(service.modality, service.follow_up_days)
        ],
        own_words=service.aftercare,
        visits=_coming(db, visit),
    )


def _coming(db: Session, visit: Appointment) -> Sequence[Coming]:
    rows = db.execute(
        sa.select(Appointment.starts_local, Service.name)
        .join(Service, Service.id == Appointment.service_id)
        .where(
            Appointment.patient_id.in_(patient_queries.records(visit.patient_id)),
            Appointment.status.in_(TO_COME),
            Appointment.starts_at > clock.now(),
            Appointment.id != visit.id,
        )
        .order_by(Appointment.starts_at)
        .limit(MOST_VISITS)
    )
    return [Coming(starts_local=row.starts_local, service=row.name) for row in rows]


def signed_consent(db: Session, actor: Actor, consent_id: int) -> SignedConsent:
    """Return a consent of a patient of the actor's place; raises NotFound. Six statements.

    Of a record that was merged the paper still says the name and number it was signed under.
    """
    consent = consent_queries.get(db, consent_id)
    if patient_queries.get(db, consent.patient_id).location_id != actor.location_id:
        raise NotFound(consent_queries.NO_CONSENT)
    text = consent_queries.text(db, consent.text_id)
    return SignedConsent(
        patient_id=consent.patient_id,
        whose=whose(db, actor, consent.patient_id),
        paper=consent_queries.paper(db, consent_id),
        kind=consent.kind,
        offered=offered(consent.kind),
        said=_said(text, consent),
        language=consent.language,
        signed_how=consent.signed_how,
        signer=consent.signer,
        guardian=consent.guardian,
        interpreter=consent.interpreter,
        strokes=consent.strokes or (),
        approved_by=db.scalar(sa.select(Account.name).where(Account.id == text.approved_by_id))
        or "",
        in_force_from=text.in_force_from,
    )


def _said(text: ConsentText, consent: Consent) -> Sequence[tuple[str, str]]:
    words = text.words.get(consent.language, {})
    return [(heading, said) for heading, said in words.values() if said]


# ---- the record of a session ----

_PRINTED = {
    "session": {
        *("appointment_id", "patient_id", "location_id", "service_id", "performer_id"),
        *("screening_id", "started_at", "ended_at", "blood_ul", "anticoagulant"),
        *("anticoagulant_ul", "prp_ul", "weight_g", "weight_on", "pain", "note", "map_version"),
        *("is_aborted", "abort_reason", "soft_limits_accepted", "signed_at", "signed_by_id"),
        *("mixed_at", "first_point_at", "outside", "outside_reason"),
        *("anaesthesia", "antisepsis", "guidance", "as_signed", "written_later", "spacing_um"),
    },
    "lots": {
        *("lot_id", "seq", "role", "amount_ul", "dose_ug", "expires_on", "pieces", "opened_at"),
        *("vial_id", "udi"),
    },
    "sites": set(signing.SITES_2),
    "time_out": {"line", "account_id", "at"},
    "preparation": set(signing.PREPARATION_3),
    "spins": set(signing.SPINS_3),
}
"""What of the signed columns has its place on the paper, or is only the key of what is printed."""


def session_record(db: Session, actor: Actor, session_id: int) -> SessionRecord:
    """Return a session of the actor's place for its paper; raises NotFound."""
    session = session_queries.get_here(db, actor, session_id)
    is_signed = session.state is SessionState.SIGNED
    named = named_queries.of(db, session)
    names = named.people
    return SessionRecord(
        whose=whose(db, actor, session.patient_id),
        named=named,
        is_signed=is_signed,
        is_aborted=session.is_aborted,
        abort_reason=session.abort_reason,
        written_later=session.written_later or "",
        outside=record.outside_of(session),
        outside_reason=session.outside_reason or "",
        is_intact=not is_signed or record.is_intact(session),
        content=record.content_of(session),
        prepared=_prepared(db, session, names),
        map_version=session.map_version,
        lots=record.lot_lines(session, named.labels),
        addenda=session_queries.addenda(db, session.id),
        time_out=record.said(session, names),
        started_at=session.started_at,
        ended_at=session.ended_at,
        first_point_at=session.first_point_at,
        mixed_at=session.mixed_at,
        signed_at=session.signed_at,
        performer=names.get(session.performer_id, ""),
        signed_by=names.get(session.signed_by_id or 0, ""),
        content_hash=session.content_hash or "",
        releases=[
            (names.get(release.author_id, name), release.reason)
            for release, name in safety_queries.releases(db, session.appointment_id)
        ],
        further=_further(session),
    )


def _prepared(db: Session, session: TreatmentSession, names: Mapping[int, str]) -> Prepared | None:
    row = session.preparation
    if row is None:
        return None
    content = record.led(session, record.preparation_of(session))

    def name(account_id: int | None) -> str:
        return names.get(account_id or 0, "")

    return Prepared(
        content=content,
        drawn_by=name(row.drawn_by_id),
        obtained_by=name(row.obtained_by_id),
        identity_at=row.identity_at,
        identity_by=name(row.identity_by_id),
        wrong_tubes=[
            Stamp(by=one.by, at=one.at)
            for one in identity_queries.of_session(db, session.id)
            if one.session_id == session.id
        ],
        tube_code=row.tube_code or "",
        labels_printed=row.labels_printed or 0,
        spins=[
            (spin, name(of.started_by_id), name(of.ended_by_id))
            for spin, of in zip(content.spins, session.spins, strict=True)
        ],
    )


def _further(session: TreatmentSession) -> list[tuple[str, str]]:
    """Return what a newer format signs and no line above prints: no signed fact is left out."""
    number = session.content_format
    rows: list[tuple[str, object, Iterable[str]]] = [("", session, signing.SESSION[number])]
    for part, columns in signing.PARTS[number].items():
        has = getattr(session, part)
        parts = () if has is None else (has,) if isinstance(has, Base) else has
        rows += [(f"{part} {n}: ", row, columns) for n, row in enumerate(parts, 1)]
    found = []
    for name, row, signed in rows:
        printed = _PRINTED.get(name.partition(" ")[0] or "session", set())
        for column in signed:
            value = getattr(row, column, None)
            if column not in printed and value is not None and value != "":
                found.append((f"{name}{column}", str(getattr(value, "value", value))))
    return found


def patient_of_session(db: Session, session_id: int) -> int:
    """Return whose session it is, for the trail; raises NotFound."""
    return session_queries.patient_of(db, session_id)


def patient_of_visit(db: Session, appointment_id: int) -> int:
    """Return whose visit it is, for the trail; raises NotFound."""
    return scheduling_queries.get(db, appointment_id).patient_id
