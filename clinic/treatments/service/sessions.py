"""Beginning, keeping, signing and breaking off a session, and adding words to a signed one.

A draft may be incomplete but never impossible. A signature locks the session and all its parts,
here and in the database; what comes later is an addendum.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog.values import Modality
from clinic.core import clock
from clinic.core.access import Actor, refuse_unconfirmed
from clinic.core.errors import Conflict, Invalid, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.patients import queries as patient_queries
from clinic.safety import queries as safety_queries
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling import service as scheduling
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import Refused, StartVisit
from clinic.treatments import judging, named, record
from clinic.treatments.models import Addendum, TreatmentSession
from clinic.treatments.preparation_models import PrpPreparation
from clinic.treatments.queries import named as named_queries
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules import checks, dose, limits, scalp, signing
from clinic.treatments.rules import outside as outside_rules
from clinic.treatments.service import drafts, mixing, writing
from clinic.treatments.values import (
    AbortSession,
    AddAddendum,
    AllTheSame,
    BeginSession,
    Breach,
    Content,
    DraftStep,
    SaveSession,
    SessionState,
    SignSession,
)

STALE = N_("Somebody else has changed this session in the meantime. Compare, then save again.")
SIGNED = N_("This session is signed. Nothing in it can be changed: add an addendum instead.")
NOT_SIGNED = N_("This session is not signed yet: change the draft itself.")
UNSIGNED = N_("Another session of this patient is not signed yet. Sign it or break it off first.")
NO_TREATMENT = N_("Nothing is injected in this kind of visit.")
UNUSUAL = N_("Some values are unusual. Check them, then tick that they are right.")

ALL_THE_SAME = N_("If it was given all the same, tick that and write why")


class AlreadySigned(Conflict):
    """The session is locked."""


class ContentRefused(Invalid):
    """What was written cannot be kept, or not be signed: each breach belongs to a field.

    `outside` are those that can be true of what was given all the same, `unusual` what else is to
    be ticked.
    """

    def __init__(
        self,
        breaches: Sequence[Breach],
        outside: Sequence[Breach] = (),
        unusual: Sequence[Breach] = (),
    ) -> None:
        super().__init__(breaches[0].message, field=breaches[0].field)
        self.breaches = tuple(breaches)
        self.outside, self.unusual = tuple(outside), tuple(unusual)


class Unaccepted(ContentRefused):
    """Unusual values were not ticked as right, or other ones than these."""

    def __init__(self, outside: Sequence[Breach], unusual: Sequence[Breach]) -> None:
        tick = Breach(code="unaccepted", field="soft_limits_accepted", message=UNUSUAL)
        super().__init__([tick], outside, unusual)


def begin(db: Session, actor: Actor, wish: BeginSession) -> TreatmentSession | Refused:
    """Begin the session of an arrived visit, or return the check that refuses it, kept.

    A session that has begun is returned as it is. Raises NotFound, MovedOn (also when a fact has
    changed since the page was seen), Invalid when the tick is missing, Conflict for a visit in
    which nothing is injected.
    """
    visit, begun = visit_to_begin(db, actor, wish.appointment_id)
    if begun is not None:
        return begun
    started = scheduling.start(
        db,
        actor,
        StartVisit(
            appointment_id=visit.id,
            version=wish.version,
            seen_facts_hash=wish.facts_hash,
            acknowledged=wish.is_acknowledged,
        ),
    )
    if isinstance(started, Refused):
        return started

    session = TreatmentSession(
        appointment_id=visit.id,
        patient_id=visit.patient_id,
        location_id=visit.location_id,
        service_id=visit.service_id,
        performer_id=actor.id,
        screening_id=started.record.id,
        started_at=clock.now(),
        map_version=scalp.MAP_VERSION,
    )
    open_record(db, session)
    _leave_trace(db, actor, session, "begun")
    return session


def visit_to_begin(
    db: Session, actor: Actor, appointment_id: int
) -> tuple[Appointment, TreatmentSession | None]:
    """Return a visit, locked, with its session if one has begun.

    Raises NotFound, Conflict for a visit in which nothing is injected, a patient with a draft or of
    an age that is never treated.
    """
    visit = scheduling_queries.lock_visit(db, appointment_id)
    if visit.location_id != actor.location_id:
        raise NotFound(scheduling_queries.NO_VISIT)
    begun = queries.of_appointment(db, visit.id)
    if begun is None:
        # What a session gave becomes a fact when it is signed: until then no check knows of it.
        if queries.other_draft(db, visit.patient_id) is not None:
            raise Conflict(UNSIGNED)
        if not queries.modality_of(db, visit.service_id).is_treatment:
            raise Conflict(NO_TREATMENT)
        patient = patient_queries.get(db, visit.patient_id)
        if not checks.is_age_possible(patient.birth_date, visit.starts_local.date()):
            raise Conflict(limits.AGE.hard_words)
    return visit, begun


def open_record(db: Session, session: TreatmentSession) -> None:
    """Write a new session with the empty rows that belong to it."""
    db.add(session)
    db.flush()  # The audit line and the redirect need the id.
    if queries.modality_of(db, session.service_id) is Modality.PRP:
        db.add(PrpPreparation(session_id=session.id))
        db.flush()  # Whoever opens the card next finds its row.


def save(db: Session, actor: Actor, wish: SaveSession) -> TreatmentSession:
    """Keep a draft. The same content again changes nothing, so a double click does no harm.

    Raises NotFound, AlreadySigned, StaleEdit, ContentRefused (also for a new point before the
    time-out was said and the tube read). Its statements do not depend on the number of points.
    """
    session = queries.hold(db, actor, wish.session_id)
    if session.state is SessionState.SIGNED:
        raise AlreadySigned(SIGNED)
    if _is_repeated(session, wish.version, wish.content):
        drafts.drop(db, session.id, DraftStep.SESSION, wish.page)
        return session
    judged = judging.judge(db, actor, session, wish.content)
    wrong = (*_too_early(session, judged), *judged.refused)
    if wrong:
        raise ContentRefused(wrong, unusual=judged.unusual)

    # What the tick stands for: a value that changes afterwards is asked about again.
    stands = _is_accepted(judged.unusual, wish)
    session.unusual_seen = outside_rules.seen(judged.unusual) if stands else None
    writing.write(db, session, judged)
    drafts.drop(db, session.id, DraftStep.SESSION, wish.page)
    _leave_trace(db, actor, session, "saved")
    return session


def sign(db: Session, actor: Actor, wish: SignSession) -> TreatmentSession:
    """Keep what is written and lock it for ever; the visit is done and its treatment a fact.

    Raises NotFound, AlreadySigned, StaleEdit, ContentRefused (also when something is missing, or
    the time-out was not said, or what is outside of the limits was not ticked as given), Unaccepted
    when unusual values were not ticked as they are now, TypedElsewhere when another page holds
    words that are not kept, PreparationMoved, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    safety_queries.lock_patient(db, queries.patient_of(db, wish.session_id))
    session = queries.hold(db, actor, wish.session_id)
    if session.state is SessionState.SIGNED:
        return _signed_before(session, actor, wish.content, is_aborted=False)
    _is_repeated(session, wish.version, wish.content)
    drafts.refuse_unseen(session, wish.prepared_version)
    mixing.hold(db, session, wish.content)
    judged = judging.judge(db, actor, session, wish.content)
    kept = record.content_of(session)
    outside = outside_rules.given(judged.refused)
    signable = {one for one in outside if outside_rules.signable(one, wish.content, kept)}
    never = (one for one in judged.refused if one not in signable)
    wrong = (*_unsaid(session), *never, *judged.missing)
    if wrong:
        raise ContentRefused(wrong, outside, judged.unusual)
    _refuse_unstated(outside, wish.given, judged.unusual)
    if judged.unusual and not _is_accepted(judged.unusual, wish):
        raise Unaccepted(outside, judged.unusual)

    drafts.settle_all(db, session.id, wish.page)
    writing.write(db, session, judged)
    short = mixing.take(db, actor, session)
    if short:
        raise ContentRefused(short)
    _mark(session, outside, wish.given)
    session = _lock(db, actor, session, judged)
    writing.remember(db, actor, session, judged)
    if session.written_later is None:
        scheduling.finish(db, actor, session.appointment_id)
    scheduling.rescreen(db, actor, session.patient_id)
    _leave_trace(db, actor, session, "signed", **_counted(outside))
    return session


def abort(db: Session, actor: Actor, wish: AbortSession) -> TreatmentSession:
    """Break a session off: what was given so far is kept, with the reason, and locked.

    Raises as `sign` does, but nothing needs to be complete, the time-out neither: what was given
    without it must be kept too, and the record says that it was not said. Also what was given above
    a hard limit is kept: who was given too much is not helped by a record that cannot say it. Nor
    does the shelf stand in the way: more was used than it should have held, so its count was wrong.
    """
    refuse_unconfirmed(actor, at=clock.now())
    safety_queries.lock_patient(db, queries.patient_of(db, wish.session_id))
    session = queries.hold(db, actor, wish.session_id)
    if session.state is SessionState.SIGNED:
        return _signed_before(session, actor, wish.content, is_aborted=True)
    _is_repeated(session, wish.version, wish.content)
    drafts.refuse_unseen(session, wish.prepared_version)
    mixing.hold(db, session, wish.content)
    judged = judging.judge(db, actor, session, wish.content)
    outside = outside_rules.given((*judged.refused, *dose.unknown(judged.case)))
    wrong = [breach for breach in judged.refused if breach not in outside]
    if wrong:
        raise ContentRefused(wrong, outside, judged.unusual)
    _refuse_unstated(outside, wish.given, judged.unusual)

    drafts.settle_all(db, session.id, wish.page)
    writing.write(db, session, judged)
    mixing.take(db, actor, session, was_given=True)
    session.is_aborted, session.abort_reason = True, wish.reason
    _mark(session, outside, wish.given)
    session = _lock(db, actor, session, judged)
    writing.remember(db, actor, session, judged)
    if session.written_later is None:
        scheduling.abort(db, actor, session.appointment_id, wish.reason)
    scheduling.rescreen(db, actor, session.patient_id)
    _leave_trace(db, actor, session, "aborted", **_counted(outside))
    return session


def add(db: Session, actor: Actor, wish: AddAddendum) -> Addendum:
    """Add words to a signed session; nothing signed is changed by it.

    Raises NotFound, Conflict while the session is a draft, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    session = queries.hold(db, actor, wish.session_id)
    if session.state is not SessionState.SIGNED:
        raise Conflict(NOT_SIGNED)
    made = queries.addendum_by_form_key(db, wish.form_key) if wish.form_key else None
    if made is not None:
        return made

    addendum = Addendum(
        session_id=session.id,
        author_id=actor.id,
        author_name=actor.name,
        body=wish.body,
        reason=wish.reason,
        at=clock.now(),
        form_key=wish.form_key,
    )
    db.add(addendum)
    db.flush()  # The audit line names its id.
    _leave_trace(db, actor, session, "added_to", addendum=addendum.id)
    return addendum


# ---- what they share ----


def _is_repeated(session: TreatmentSession, version: int, content: Content) -> bool:
    """Tell whether the same content was kept before; raises StaleEdit for another one."""
    is_same = record.content_of(session) == content
    if session.version != version and not is_same:
        raise StaleEdit(STALE)
    return session.version != version


def _too_early(session: TreatmentSession, judged: judging.Judged) -> tuple[Breach, ...]:
    """Return what must come before a point that was not there until now."""
    if set(judged.case.content.sites) <= set(record.content_of(session).sites):
        return ()
    unread = (breach for breach in judged.missing if breach.field == "identity")
    return (*_unsaid(session), *unread)


def _unsaid(session: TreatmentSession) -> tuple[Breach, ...]:
    """Return the lines of the time-out that nobody said; what is written later cannot say them."""
    if session.written_later is not None:
        return ()
    return checks.unsaid({line.line for line in session.time_out})


def _signed_before(
    session: TreatmentSession, actor: Actor, content: Content, *, is_aborted: bool
) -> TreatmentSession:
    """Return a session that this press of the button has signed, or broken off, already."""
    is_mine = session.signed_by_id == actor.id and session.is_aborted is is_aborted
    if is_mine and record.content_of(session) == content:
        return session
    raise AlreadySigned(SIGNED)


def _is_accepted(unusual: Sequence[Breach], wish: SaveSession | SignSession) -> bool:
    """Tell whether the tick stands under just these values: one that is kept is for older ones."""
    shown = wish.unusual_seen is None or outside_rules.is_seen(unusual, wish.unusual_seen)
    return wish.content.soft_limits_accepted and shown


def _refuse_unstated(
    outside: Sequence[Breach], given: AllTheSame | None, unusual: Sequence[Breach]
) -> None:
    """Refuse what is outside of the limits while nobody says that just this was given, and why."""
    is_said = given is not None and given.reason and given.seen == outside_rules.seen(outside)
    if outside and not is_said:
        tick = Breach(code="unstated", field="outside_given", message=ALL_THE_SAME)
        raise ContentRefused((*outside, tick), outside, unusual)


def _mark(session: TreatmentSession, outside: Sequence[Breach], given: AllTheSame | None) -> None:
    if outside and given is not None:
        session.outside = record.plain_of(outside)
        session.outside_reason = given.reason


def _counted(outside: Sequence[Breach]) -> dict[str, int]:
    """Return for the trail how much was outside of the limits; nothing where nothing was."""
    return {"outside": len(outside)} if outside else {}


def _lock(
    db: Session, actor: Actor, session: TreatmentSession, judged: judging.Judged
) -> TreatmentSession:
    """Sign a session as it is written: its hash stands for the rows that were just read again."""
    now = clock.now()
    session.signed_at = now
    if session.written_later is None:
        session.ended_at = now
    session.signed_by_id = actor.id
    session.content_format = signing.FORMAT
    db.flush()  # The hash is made of what the database holds.
    session = queries.hold(db, actor, session.id)
    unusual = tuple(breach.sentence for breach in judged.unusual)
    names = replace(named_queries.today(db, session), unusual=unusual)
    session.as_signed = named.plain_of(names)
    db.flush()  # Read again below, as the database holds it.
    db.refresh(session, ["as_signed"])
    session.content_hash = signing.content_hash(record.canonical_text(session))
    session.state = SessionState.SIGNED
    db.flush()  # From here on the database refuses every change.
    return session


def _leave_trace(
    db: Session, actor: Actor, session: TreatmentSession, done: str, **detail: int
) -> None:
    audit.record(
        db,
        actor,
        f"treatment_session.{done}",
        "treatment_session",
        session.id,
        patient_id=session.patient_id,
        detail=dict(detail),
    )
