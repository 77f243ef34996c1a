"""Logging calls, reporting side effects, and closing them as a physician."""

import datetime as dt

from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog import queries as catalog_queries
from clinic.catalog import service as catalog
from clinic.core import changes, clock
from clinic.core.access import Actor, Permission
from clinic.core.errors import Conflict, Forbidden, Invalid, StaleEdit
from clinic.core.text import N_
from clinic.followup.models import Contact, SideEffect
from clinic.followup.queries import effects
from clinic.followup.rules import triage
from clinic.followup.rules.memory import memories
from clinic.followup.rules.terms import RED_FLAGS, TERMS
from clinic.followup.values import (
    CloseSideEffect,
    LogCall,
    NoteActions,
    Outcome,
    ReactNow,
    ReportSideEffect,
    ReviewSideEffect,
)
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety
from clinic.safety.values import FactKind, FactSource, FactState, RecordFact
from clinic.scheduling import service as scheduling
from clinic.treatments.queries import sessions as treatments_queries

STALE = N_("Somebody else has changed this side effect in the meantime. Look again and save.")
CLOSED = N_("This side effect is closed already.")


def log_call(db: Session, actor: Actor, call: LogCall) -> int:
    """Keep one call; return the contact's id. A double click keeps one.

    Raises NotFound for a session that is not signed or of another clinic.
    """
    session = effects.session_card(db, call.session_id, actor=actor)
    safety_queries.lock_patient(db, session.patient_id)  # a double click queues here
    known = effects.by_form_key(db, Contact, call.form_key)
    if known is not None:
        return known

    contact = Contact(
        session_id=session.id,
        patient_id=session.patient_id,
        actor_id=actor.id,
        day=call.day,
        result=call.result,
        pain=call.pain,
        note=call.note,
        red_flags=[flag for flag in call.red_flags if flag in RED_FLAGS],
        at=clock.now(),
        form_key=call.form_key,
    )
    db.add(contact)
    db.flush()  # The audit line needs the id.
    audit.record(
        db,
        actor,
        "contact.logged",
        "contact",
        contact.id,
        patient_id=session.patient_id,
        detail={"session": session.id, "day": call.day or "extra", "result": call.result.value},
    )
    return contact.id


def report(db: Session, actor: Actor, wish: ReportSideEffect) -> int:
    """Keep a side effect, the facts that later visits must know, and hold back suspect lots.

    Returns the side effect's id. Raises NotFound for the session, Invalid for a grade that the
    term does not have or an onset before the session.
    """
    return _keep(db, actor, wish, effects.session_card(db, wish.session_id, actor=actor))


def react(db: Session, actor: Actor, wish: ReactNow) -> int:
    """Keep a reaction at the instant of the tap, also of a session under way; return its id.

    It has the lowest grade of its term until a physician has looked. Raises NotFound.
    """
    session = effects.begun_card(db, wish.session_id, actor=actor)
    report = ReportSideEffect(
        session_id=session.id,
        kind=wish.kind,
        grade=min(TERMS[wish.kind].grades),
        is_serious=False,
        zone=None,
        onset_on=clock.today(actor.zone),
        description="",
        red_flags=(),
        form_key=wish.form_key,
    )
    return _keep(db, actor, report, session)


def note_actions(db: Session, actor: Actor, wish: NoteActions) -> SideEffect:
    """Add what was done about a reaction, with its time, to what is known of it.

    Raises NotFound, Conflict when a physician has closed it.
    """
    effect = effects.get(db, wish.side_effect_id)
    effects.begun_card(db, effect.session_id, actor=actor)
    if effect.closed_at is not None:
        raise Conflict(CLOSED)
    effect.description = "\n".join(filter(None, (effect.description, wish.text)))
    audit.record(
        db,
        actor,
        "side_effect.changed",
        "side_effect",
        effect.id,
        patient_id=effect.patient_id,
        detail={"fields": ["description"]},
    )
    return effect


def _keep(db: Session, actor: Actor, wish: ReportSideEffect, session: effects.SessionCard) -> int:
    safety_queries.lock_patient(db, session.patient_id)  # a double click queues here
    known = effects.by_form_key(db, SideEffect, wish.form_key)
    if known is not None:
        return known
    today = clock.today(actor.zone)
    _check_report(wish, session, actor, today)
    judged = triage.assess(
        kind=wish.kind,
        grade=wish.grade,
        red_flags=wish.red_flags,
        days_since=(today - wish.onset_on).days,
        seen_before=effects.has_had(
            db, patient_id=session.patient_id, kind=wish.kind, but_session=session.id
        ),
    )

    effect = SideEffect(
        patient_id=session.patient_id,
        session_id=session.id,
        reported_by_id=actor.id,
        kind=wish.kind,
        grade=wish.grade,
        is_serious=wish.is_serious,
        zone=wish.zone,
        onset_on=wish.onset_on,
        description=wish.description,
        red_flags=[flag for flag in wish.red_flags if flag in RED_FLAGS],
        reported_at=clock.now(),
        form_key=wish.form_key,
    )
    suspect = sorted(set(treatments_queries.lots_of(db, session.id))) if judged.holds_lots else ()
    catalog_queries.hold_lots(db, suspect)  # A signature takes lots before the audit trail, too.
    db.add(effect)
    db.flush()  # Facts and the audit line name the id.
    _remember(db, actor, effect, judged, today)
    for lot_id in suspect:
        catalog.quarantine(
            db, actor, lot_id, reason=f"Side effect {effect.id} after session {session.id}"
        )
    scheduling.rescreen(db, actor, effect.patient_id)
    audit.record(
        db,
        actor,
        "side_effect.reported",
        "side_effect",
        effect.id,
        patient_id=effect.patient_id,
        detail={"session": session.id},
    )
    return effect.id


def _check_report(
    wish: ReportSideEffect, session: effects.SessionCard, actor: Actor, today: dt.date
) -> None:
    if wish.grade not in TERMS[wish.kind].grades:
        raise Invalid(N_("This side effect has no such grade"), field="grade")
    if wish.onset_on > today:
        raise Invalid(N_("It cannot have begun in the future"), field="onset_on")
    treated_on = (session.ended_at or session.begun_at).astimezone(clock.zone_of(actor.zone)).date()
    if wish.onset_on < treated_on - dt.timedelta(days=1):
        raise Invalid(N_("It cannot have begun before the session"), field="onset_on")


def _judge(effect: SideEffect, today: dt.date) -> triage.Triage:
    """Judge what is on record; a red flag counts as the worse grade until it is closed."""
    return triage.assess(
        kind=effect.kind,
        grade=effect.grade,
        red_flags=tuple(effect.red_flags),
        days_since=(today - effect.onset_on).days,
        seen_before=False,
    )


def _remember(
    db: Session,
    actor: Actor,
    effect: SideEffect,
    judged: triage.Triage,
    today: dt.date,
    *,
    again: str = "",
) -> None:
    """Write what the next check must read: the open side effect and what it leaves behind."""
    term = TERMS[effect.kind]
    facts = [
        RecordFact(
            patient_id=effect.patient_id,
            kind=FactKind.SIDE_EFFECT,
            code=effect.kind.value,
            state=FactState.PRESENT,
            label=term.name,
            zone=effect.zone,
            began_on=effect.onset_on,
            noted_on=today,
            value_milli=None if judged.hides_grade else effect.grade * 1000,
            unit=None if judged.hides_grade else "grade",
            source=FactSource.STAFF,
            source_key=f"side_effect:{effect.id}:{effect.version}{again}",
        )
    ]
    if judged.is_remembered:
        used = treatments_queries.used_in(db, effect.session_id)
        facts += [
            RecordFact(
                patient_id=effect.patient_id,
                kind=memory.kind,
                code=memory.code,
                state=FactState.PRESENT,
                label=term.history_label,
                zone=memory.zone,
                began_on=effect.onset_on,
                noted_on=today,
                source=FactSource.STAFF,
                source_key=f"side_effect:{effect.id}:history:{memory.code}:{memory.zone or ''}",
            )
            for memory in memories(term, effect.zone, used, safety_queries.codes())
        ]
    safety.record_facts(db, actor, facts)


def review(db: Session, actor: Actor, wish: ReviewSideEffect) -> SideEffect:
    """Keep that a physician looked, with grade and outcome as the physician sees them.

    Raises Forbidden for others, StaleEdit, Conflict when closed, Invalid for the grade.
    """
    effect = _open(db, actor, wish.side_effect_id, wish.version)
    if wish.grade not in TERMS[effect.kind].grades:
        raise Invalid(N_("This side effect has no such grade"), field="grade")
    old_grade = effect.grade
    fields = changes.changed(effect, {"grade": wish.grade, "outcome": wish.outcome})
    today = clock.today(actor.zone)

    effect.grade, effect.outcome = wish.grade, wish.outcome
    effect.reviewed_at, effect.reviewed_by_id = clock.now(), actor.id
    effect.review_note = wish.note
    db.flush()  # A new version number names the new fact.
    if wish.grade != old_grade:
        _remember(db, actor, effect, _judge(effect, today), today)
        scheduling.rescreen(db, actor, effect.patient_id)
    audit.record(
        db,
        actor,
        "side_effect.reviewed",
        "side_effect",
        effect.id,
        patient_id=effect.patient_id,
        detail={"fields": fields},
    )
    return effect


def close(db: Session, actor: Actor, wish: CloseSideEffect) -> SideEffect:
    """Close a side effect: from now on it no longer stops a booking by itself.

    Raises Forbidden for others, StaleEdit, Conflict when closed, Invalid for outcome or dates.
    """
    effect = _open(db, actor, wish.side_effect_id, wish.version)
    today = clock.today(actor.zone)
    _check_closing(effect, wish, today)

    effect.outcome, effect.resolved_on = wish.outcome, wish.resolved_on
    effect.closed_at, effect.closed_by_id = clock.now(), actor.id
    effect.reviewed_at = effect.reviewed_at or effect.closed_at
    effect.reviewed_by_id = effect.reviewed_by_id or actor.id
    effect.closing_note = wish.note
    safety.record_fact(
        db,
        actor,
        RecordFact(
            patient_id=effect.patient_id,
            kind=FactKind.SIDE_EFFECT,
            code=effect.kind.value,
            state=FactState.ABSENT,
            label=TERMS[effect.kind].name,
            zone=effect.zone,
            noted_on=today,
            source=FactSource.PHYSICIAN,
            source_key=f"side_effect:{effect.id}:closed",
        ),
    )
    # The "absent" speaks of the kind: what is open of the same kind is said again after it.
    for other in effects.open_of_kind(db, effect):
        _remember(db, actor, other, _judge(other, today), today, again=f":after:{effect.id}")
    scheduling.rescreen(db, actor, effect.patient_id)
    audit.record(
        db,
        actor,
        "side_effect.closed",
        "side_effect",
        effect.id,
        patient_id=effect.patient_id,
    )
    return effect


def _check_closing(effect: SideEffect, wish: CloseSideEffect, today: dt.date) -> None:
    if wish.outcome in {Outcome.OPEN, Outcome.RESOLVING}:
        raise Invalid(N_("Choose how it ended"), field="outcome")
    if wish.outcome in {Outcome.RESOLVED, Outcome.RESOLVED_SEQUELAE} and wish.resolved_on is None:
        raise Invalid(N_("Since when is it resolved?"), field="resolved_on")
    if wish.resolved_on is not None and not effect.onset_on <= wish.resolved_on <= today:
        raise Invalid(N_("Between the onset and today, please"), field="resolved_on")


def _open(db: Session, actor: Actor, side_effect_id: int, version: int) -> SideEffect:
    if not actor.may(Permission.SIDE_EFFECT_CLOSE):
        raise Forbidden(N_("Only a physician can do this."))
    effect = effects.get(db, side_effect_id)
    effects.begun_card(db, effect.session_id, actor=actor)
    if effect.closed_at is not None:
        raise Conflict(CLOSED)
    if effect.version != version:
        raise StaleEdit(STALE)
    return effect
