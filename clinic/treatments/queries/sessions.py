"""Reading sessions: one, a patient's, the unsigned ones, what a page shows beside them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from clinic.accounts.models import Account
from clinic.catalog.models import Product, ProductLot, Service
from clinic.catalog.values import ChosenLot, Modality
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.core.zones import Zone
from clinic.patients import queries as patient_queries
from clinic.patients.models import Patient
from clinic.safety import queries as safety_queries
from clinic.safety.rules.passage import is_released, passage
from clinic.safety.values import FactKind, FactState, History, Moment
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.models import Appointment, Course
from clinic.treatments import record
from clinic.treatments.models import Addendum, InjectionSite, LotUse, TreatmentSession
from clinic.treatments.preparation_values import Anticoagulant
from clinic.treatments.rules import barring
from clinic.treatments.rules.barring import Bars
from clinic.treatments.values import (
    Brief,
    Heading,
    Past,
    SessionCard,
    SessionState,
    UsedUp,
    Words,
)

NO_SESSION = N_("There is no such session")
_PARTS = (
    selectinload(TreatmentSession.sites),
    selectinload(TreatmentSession.lots),
    selectinload(TreatmentSession.time_out),
    selectinload(TreatmentSession.preparation),
    selectinload(TreatmentSession.spins),
)


def get(db: Session, session_id: int) -> TreatmentSession:
    """Return a session with its parts; raises NotFound. Six statements."""
    found = db.scalar(
        sa.select(TreatmentSession).where(TreatmentSession.id == session_id).options(*_PARTS)
    )
    if found is None:
        raise NotFound(NO_SESSION)
    return found


def get_here(db: Session, actor: Actor, session_id: int) -> TreatmentSession:
    """Return a session of the actor's own place, with its parts; raises NotFound."""
    found = get(db, session_id)
    if found.location_id != actor.location_id:
        raise NotFound(NO_SESSION)
    return found


def hold(db: Session, actor: Actor, session_id: int) -> TreatmentSession:
    """Return a session of the actor's place, locked until the end of the transaction.

    Two savers queue here instead of meeting at the numbers of the points. Raises NotFound.
    """
    found = db.scalar(
        sa.select(TreatmentSession)
        .where(TreatmentSession.id == session_id, TreatmentSession.location_id == actor.location_id)
        .options(*_PARTS)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(NO_SESSION)
    return found


def patient_of(db: Session, session_id: int) -> int:
    """Return whose session it is; raises NotFound."""
    found = db.scalar(
        sa.select(TreatmentSession.patient_id).where(TreatmentSession.id == session_id)
    )
    if found is None:
        raise NotFound(NO_SESSION)
    return found


def other_draft(db: Session, patient_id: int) -> TreatmentSession | None:
    """Return a session of a patient that has begun and is not signed, if there is one."""
    return db.scalar(
        sa.select(TreatmentSession)
        .where(
            TreatmentSession.patient_id.in_(patient_queries.records(patient_id)),
            TreatmentSession.state == SessionState.DRAFT,
        )
        .limit(1)
    )


def of_appointment(db: Session, appointment_id: int) -> TreatmentSession | None:
    """Return the session of a visit, without its parts; None while it has not begun."""
    return db.scalar(
        sa.select(TreatmentSession).where(TreatmentSession.appointment_id == appointment_id)
    )


def visit_here(db: Session, actor: Actor, appointment_id: int) -> Appointment:
    """Return a visit of the actor's own place; raises NotFound."""
    visit = scheduling_queries.get(db, appointment_id)
    if visit.location_id != actor.location_id:
        raise NotFound(scheduling_queries.NO_VISIT)
    return visit


def lots_of(db: Session, session_id: int) -> Sequence[int]:
    """Return the ids of the lots that were used in a session."""
    return db.scalars(
        sa.select(LotUse.lot_id).where(LotUse.session_id == session_id).order_by(LotUse.seq)
    ).all()


def used_in(db: Session, session_id: int) -> UsedUp:
    """Return what a session treated and gave; raises NotFound. Eight statements."""
    session = get(db, session_id)
    given = sa.select(Product.ingredient).join(ProductLot, ProductLot.product_id == Product.id)
    lot_ids = [use.lot_id for use in session.lots]
    ingredients = set(db.scalars(given.where(ProductLot.id.in_(lot_ids))))
    prepared = session.preparation
    if prepared is not None and prepared.anticoagulant in {
        Anticoagulant.ACD_A,
        Anticoagulant.CITRATE,
    }:
        ingredients.add("citrate")
    return UsedUp(
        modality=modality_of(db, session.service_id),
        zones=frozenset(site.zone for site in session.sites),
        ingredients=frozenset(ingredients - {""}),
        is_partly_off_list="" in ingredients,
    )


def last_of(
    db: Session, patient_id: int, *, before: dt.datetime | None = None
) -> TreatmentSession | None:
    """Return a patient's newest signed session with its parts, begun before an instant."""
    wanted = sa.select(TreatmentSession).where(
        TreatmentSession.patient_id.in_(patient_queries.records(patient_id)),
        TreatmentSession.state == SessionState.SIGNED,
    )
    if before is not None:
        wanted = wanted.where(TreatmentSession.started_at < before)
    return db.scalar(
        wanted.order_by(TreatmentSession.started_at.desc(), TreatmentSession.id.desc())
        .limit(1)
        .options(*_PARTS)
    )


def modality_of(db: Session, service_id: int) -> Modality:
    """Return what kind of treatment a service is."""
    return db.scalars(sa.select(Service.modality).where(Service.id == service_id)).one()


def past_of(
    db: Session, patient_id: int, *, zone: str, before: dt.datetime | None = None
) -> Past | None:
    """Return a patient's newest signed session as a value; None for the first. Eight statements."""
    session = last_of(db, patient_id, before=before)
    if session is None:
        return None
    products = db.scalars(
        sa.select(ProductLot.product_id)
        .join(LotUse, LotUse.lot_id == ProductLot.id)
        .where(LotUse.session_id == session.id)
        .order_by(LotUse.seq)
    )
    return Past(
        id=session.id,
        on=record.day_of(session, zone),
        modality=modality_of(db, session.service_id),
        content=record.content_of(session),
        is_aborted=session.is_aborted,
        product_ids=tuple(products),
        map_version=session.map_version,
    )


def signed_since(db: Session, since: dt.datetime) -> Sequence[TreatmentSession]:
    """Return the sessions signed from an instant on, oldest first, without their parts."""
    return db.scalars(
        sa.select(TreatmentSession)
        .where(TreatmentSession.signed_at >= since)
        .order_by(TreatmentSession.signed_at, TreatmentSession.id)
    ).all()


def unsigned(db: Session, *, location_id: int, account_id: int) -> list[SessionCard]:
    """Return the drafts of a place, those this person began first, oldest first. One statement."""
    cards = _cards(
        db,
        sa.select(TreatmentSession.id).where(
            TreatmentSession.location_id == location_id,
            TreatmentSession.state == SessionState.DRAFT,
        ),
    )
    return sorted(cards, key=lambda card: (card.performer_id != account_id, card.started_at))


def recent(db: Session, *, location_id: int, offset: int, limit: int) -> list[SessionCard]:
    """Return signed sessions of a place, newest first. One statement."""
    return _cards(
        db,
        sa.select(TreatmentSession.id)
        .where(
            TreatmentSession.location_id == location_id,
            TreatmentSession.state == SessionState.SIGNED,
        )
        .order_by(TreatmentSession.started_at.desc(), TreatmentSession.id.desc())
        .offset(offset)
        .limit(limit),
    )


def _cards(db: Session, wanted: sa.Select[int]) -> list[SessionCard]:
    picked = wanted.subquery()
    sums = (
        sa.select(
            InjectionSite.session_id,
            sa.func.sum(InjectionSite.points).label("points"),
            sa.func.sum(InjectionSite.volume_ul).label("volume_ul"),
        )
        .where(InjectionSite.session_id.in_(sa.select(picked.c.id)))
        .group_by(InjectionSite.session_id)
        .subquery()
    )
    rows = db.execute(
        sa.select(
            TreatmentSession.id,
            Patient.id.label("patient_id"),
            TreatmentSession.performer_id,
            TreatmentSession.state,
            TreatmentSession.is_aborted,
            TreatmentSession.written_later,
            TreatmentSession.started_at,
            TreatmentSession.signed_at,
            Patient.given_name,
            Patient.family_name,
            Patient.file_number,
            Service.name.label("service"),
            Account.name.label("performer"),
            sums.c.points,
            sums.c.volume_ul,
        )
        .join(Appointment, Appointment.id == TreatmentSession.appointment_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == TreatmentSession.service_id)
        .join(Account, Account.id == TreatmentSession.performer_id)
        .outerjoin(sums, sums.c.session_id == TreatmentSession.id)
        .where(TreatmentSession.id.in_(sa.select(picked.c.id)))
        .order_by(TreatmentSession.started_at.desc(), TreatmentSession.id.desc())
    )
    return [
        SessionCard(
            id=row.id,
            patient_id=row.patient_id,
            patient=f"{row.given_name} {row.family_name}".strip(),
            file_number=row.file_number,
            service=row.service,
            performer_id=row.performer_id,
            performer=row.performer,
            state=row.state,
            is_aborted=row.is_aborted,
            is_later=row.written_later is not None,
            started_at=row.started_at,
            signed_at=row.signed_at,
            points=int(row.points or 0),
            volume_ul=int(row.volume_ul or 0),
        )
        for row in rows
    ]


# ---- what a page shows ----


def heading(db: Session, visit: Appointment) -> Heading:
    """Return what a visit is: service, number in its course, who and when. One statement."""
    row = db.execute(
        sa.select(Service.name, Service.modality, Course.sessions_planned)
        .select_from(Service)
        .outerjoin(Course, Course.id == visit.course_id)
        .where(Service.id == visit.service_id)
    ).one()
    return Heading(
        service=row.name,
        modality=row.modality,
        number=visit.course_number,
        planned=row.sessions_planned,
    )


def names(db: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """Return {account id: name}. One statement."""
    rows = db.execute(
        sa.select(Account.id, Account.name).where(
            Account.id.in_({account_id for account_id in ids if account_id is not None})
        )
    )
    return {row.id: row.name for row in rows}


def addenda(db: Session, session_id: int) -> list[Words]:
    """Return what was added after signing, oldest first. One statement."""
    rows = db.execute(
        sa.select(Addendum, Account.name)
        .join(Account, Account.id == Addendum.author_id)
        .where(Addendum.session_id == session_id)
        .order_by(Addendum.at, Addendum.id)
    )
    return [
        Words(body=one.body, reason=one.reason, author=one.author_name or name, at=one.at)
        for one, name in rows
    ]


def addendum_by_form_key(db: Session, form_key: str) -> Addendum | None:
    """Return the addendum that a form with this one-time key already made."""
    return db.scalar(sa.select(Addendum).where(Addendum.form_key == form_key))


def brief(db: Session, actor: Actor, visit: Appointment, *, on: dt.date) -> Brief:
    """Return what is known before a treatment and what stands in its way. Ten statements."""
    history = safety_queries.history_of(db, visit.patient_id)
    plan = scheduling_queries.plan_for(db, visit, history, on=on)
    screening = safety_queries.check(db, history, plan, on)
    released = safety_queries.fingerprints_released(db, visit.id)
    return Brief(
        screening=screening,
        passage=passage(screening, Moment.START, actor.role, released, today=on),
        allergies=barring.newest(history, FactKind.ALLERGY),
        medicines=tuple(
            fact
            for fact in barring.newest(history, FactKind.MEDICATION)
            if fact.state is not FactState.ABSENT
            and (fact.ended_on is None or fact.ended_on >= on)
            and fact.code != "vaccine"
        ),
        reactions=tuple(
            sorted(
                (fact for fact in history.facts if fact.kind is FactKind.SIDE_EFFECT),
                key=lambda fact: fact.noted_on,
                reverse=True,
            )
        ),
    )


def bars(
    db: Session, session: TreatmentSession, lots: tuple[ChosenLot, ...]
) -> tuple[Bars, History]:
    """Return what must not be treated or used in a session, as the facts are now.

    All ten zones are looked at, also those that were not planned. Five statements.
    """
    ingredients = frozenset(lot.ingredient for lot in lots)
    kept = safety_queries.screening_of(safety_queries.screening(db, session.screening_id))
    history = safety_queries.history_of(db, session.patient_id)
    plan = replace(kept.plan, zones=frozenset(Zone), ingredients=ingredients, lots=lots)
    released = safety_queries.fingerprints_released(db, session.appointment_id)
    found = safety_queries.check(db, history, plan, kept.on).findings
    standing = tuple(finding for finding in found if not is_released(finding, released))
    return barring.bars(standing), history
