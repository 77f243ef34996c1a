"""Single acts of the demo's physicians, nurses and receptionists."""

import datetime as dt
import random
from dataclasses import replace
from functools import cache

import sqlalchemy as sa

from clinic.catalog.values import Modality
from clinic.core import clock
from clinic.core.zones import Zone
from clinic.demo import shelf
from clinic.demo.stage import Stage
from clinic.followup import service as followup
from clinic.followup.models import SideEffect
from clinic.followup.values import (
    CallResult,
    CloseSideEffect,
    LogCall,
    Outcome,
    ReportSideEffect,
    SideEffectKind,
)
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety
from clinic.safety.values import Decision, Releasable, ReleaseFinding
from clinic.scheduling import course_queries, courses, presence
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling import service as scheduling
from clinic.scheduling.course_values import CourseCallOutcome, LogCourseCall
from clinic.scheduling.values import (
    CancelAppointment,
    CancelReason,
    Confirmation,
    ConfirmVisit,
    Refused,
    StepVisit,
)
from clinic.treatments.delivery import Anaesthesia, Antisepsis, Guidance
from clinic.treatments.models import TreatmentSession
from clinic.treatments.preparation_values import (
    Activation,
    Anticoagulant,
    CheckTube,
    CountKind,
    DrawSite,
    Kit,
    Layer,
    Method,
    Preparation,
    Richness,
    SavePreparation,
    Spin,
)
from clinic.treatments.queries import sessions as treatments_queries
from clinic.treatments.rules import outlines, scalp
from clinic.treatments.service import identity, time_out
from clinic.treatments.service import preparation as preparations
from clinic.treatments.service import sessions as treatments
from clinic.treatments.values import (
    BeginSession,
    Content,
    LotAmount,
    Place,
    SaveSession,
    SessionState,
    SignSession,
    Site,
    TimeOut,
    View,
)

_STEPS = (60, 52, 46, 40, 36, 32, 28)
"""How far apart points may be set, widest first, in thousandths of the drawing's width."""
_CLEAR = 6
"""How far from the edge of a zone a point stays, in units of the drawing."""

NO_ANSWER, LATER = CourseCallOutcome.NO_ANSWER, CourseCallOutcome.LATER


def no_show(stage: Stage, visit: int) -> None:
    """Note that nobody came."""
    scheduling.no_show(
        stage.db,
        stage.staff.receptionist,
        StepVisit(appointment_id=visit, version=stage.visit(visit).version),
    )


def hear(stage: Stage, visit: int, answer: Confirmation) -> None:
    """Note what was heard about the coming to a visit."""
    version = stage.visit(visit).version
    wish = ConfirmVisit(appointment_id=visit, version=version, answer=answer)
    presence.confirm(stage.db, stage.staff.receptionist, wish)


def cancel(stage: Stage, visit: int, reason: CancelReason) -> None:
    """Cancel a visit."""
    scheduling.cancel(
        stage.db,
        stage.staff.receptionist,
        CancelAppointment(appointment_id=visit, version=stage.visit(visit).version, reason=reason),
    )


def release(stage: Stage, visit: int, *, physician: int) -> None:
    """Release what a physician may release for a visit, with a written reason."""
    doctor = replace(stage.staff.physicians[physician], confirmed_at=clock.now())
    record = safety_queries.latest_screening(stage.db, visit)
    assert record is not None, "every booking is checked"
    screening = safety_queries.screening_of(record)
    for finding in screening.findings:
        if finding.decision is Decision.REVIEW and finding.releasable is Releasable.PHYSICIAN:
            safety.release(
                stage.db,
                doctor,
                ReleaseFinding(
                    appointment_id=visit,
                    fingerprint=finding.fingerprint,
                    reason="Prescribed by cardiology, continued; two minutes of pressure a zone.",
                ),
            )
    scheduling.rescreen(stage.db, doctor, record.patient_id)


def call(stage: Stage, session: int | None, day: int, *, dice: random.Random) -> None:
    """Call after a session; nobody answers now and then, but in the end everybody did."""
    if session is None:
        return
    is_old = clock.now() < stage.now - dt.timedelta(days=11)
    reached = is_old or dice.random() < 0.7
    followup.log_call(
        stage.db,
        stage.staff.nurse,
        LogCall(
            session_id=session,
            day=day,
            result=CallResult.REACHED if reached else CallResult.NO_ANSWER,
            pain=dice.randrange(4) if reached else None,
            note="" if not reached else dice.choice(("Feels well.", "Small bruise, fading.", "")),
            red_flags=(),
        ),
    )


def call_about_courses(stage: Stage) -> None:
    """Reception calls about the courses that are due: some do not answer, some want to wait."""
    here = stage.staff.receptionist
    for n, one in enumerate(course_queries.due(stage.db, here).due):
        outcome = (NO_ANSWER, None, LATER, NO_ANSWER)[n % 4]
        if outcome is None:
            continue
        later_on = one.due_on + dt.timedelta(days=90) if outcome is LATER else None
        wish = LogCourseCall(
            course_id=one.id,
            outcome=outcome,
            later_on=later_on,
            note="Asks again after the holidays" if outcome is LATER else "Voice mail",
            best_time=("after 17:00", "at noon")[n % 2],
        )
        courses.log_call(stage.db, here, wish)


def report(
    stage: Stage,
    patient_id: int,
    kind: SideEffectKind,
    *,
    grade: int,
    zone: Zone | None,
    onset_on: dt.date,
) -> int | None:
    """Report a side effect of the patient's last signed session; None when there is none."""
    session = stage.db.scalar(
        sa.select(TreatmentSession.id)
        .where(
            TreatmentSession.patient_id == patient_id,
            TreatmentSession.state == SessionState.SIGNED,
        )
        .order_by(TreatmentSession.started_at.desc())
        .limit(1)
    )
    if session is None:
        return None
    return followup.report(
        stage.db,
        stage.staff.nurse,
        ReportSideEffect(
            session_id=session,
            kind=kind,
            grade=grade,
            is_serious=False,
            zone=zone,
            onset_on=onset_on,
            description="Told at the follow-up call.",
            red_flags=(),
        ),
    )


def close(stage: Stage, effect_id: int, outcome: Outcome) -> None:
    """Close a side effect as the first physician."""
    effect = stage.db.get_one(SideEffect, effect_id)
    followup.close(
        stage.db,
        stage.staff.physicians[0],
        CloseSideEffect(
            side_effect_id=effect_id,
            version=effect.version,
            outcome=outcome,
            resolved_on=clock.today(stage.staff.location.zone),
            note="Gone at examination; nothing more to do.",
        ),
    )


def treat(stage: Stage, visit: int, *, physician: int, dice: random.Random) -> int | None:
    """Begin the session of an arrived visit; None when the check refuses. A draft is kept later."""
    doctor = stage.staff.physicians[physician]
    row = stage.visit(visit)
    history = safety_queries.history_of(stage.db, row.patient_id)
    plan = scheduling_queries.plan_for(stage.db, row, history)
    seen = safety_queries.check(stage.db, history, plan, row.starts_local.date())
    begun = treatments.begin(
        stage.db,
        doctor,
        BeginSession(
            appointment_id=visit,
            version=row.version,
            facts_hash=seen.facts_hash,
            is_acknowledged=True,
        ),
    )
    if isinstance(begun, Refused):
        return None
    is_prp = plan.modality is Modality.PRP
    minutes = 26 if is_prp else 2
    stage.at(
        clock.now() + dt.timedelta(minutes=minutes),
        lambda: draft(stage, begun.id, physician=physician, dice=dice),
    )
    return begun.id


def draft(stage: Stage, session_id: int, *, physician: int, dice: random.Random) -> None:
    """Keep the first draft of a session: the nurse blood and PRP, the physician the map."""
    session = treatments_queries.get(stage.db, session_id)
    is_prp = session.preparation is not None
    if is_prp:
        prepare(stage, session_id, dice=dice)
    doctor = stage.staff.physicians[physician]
    if is_prp:
        code = identity.print_label(stage.db, stage.staff.nurse, session_id)
        identity.check(stage.db, doctor, CheckTube(session_id=session_id, code=code))
    for line in TimeOut:
        time_out.say(stage.db, doctor, session_id, line)
    wish = SaveSession(
        session_id=session_id,
        version=session.version,
        content=_content(stage, session, dice=dice),
    )
    treatments.save(stage.db, doctor, wish)


def prepare(stage: Stage, session_id: int, *, dice: random.Random, is_ready: bool = False) -> None:
    """Write how the blood was drawn and spun, as far as that has come by now.

    What `is_ready` on a day that has only begun was drawn and ready just now, its spin not timed.
    """
    session = treatments_queries.get(stage.db, session_id)
    assert session.preparation is not None, "a session of PRP begins with its preparation"
    now, kit = clock.now(), stage.staff.lots["kit"]
    drawn, spun, stopped, ready = (
        at if (at := session.started_at + dt.timedelta(minutes=minutes)) <= now else None
        for minutes in (2, 5, 20, 23)
    )
    if is_ready:
        drawn, ready = drawn or now, ready or now
    preparations.save(
        stage.db,
        stage.staff.nurse,
        SavePreparation(
            session_id=session_id,
            version=session.preparation.version,
            content=Preparation(
                tubes=2,
                blood_ul=20_000,
                draw_site=dice.choice((DrawSite.ELBOW_L, DrawSite.ELBOW_R)),
                drawn_at=drawn,
                anticoagulant=Anticoagulant.ACD_A,
                anticoagulant_ul=2_000,
                method=Method.HAND,
                layer=Layer.BUFFY_COAT,
                prp_ul=4_600 + dice.randrange(55, 60) % 2 * 100 if ready else None,
                obtained_at=ready,
                activation=Activation.NONE,
                leukocytes=Richness.RICH,
                erythrocytes=Richness.POOR,
                base_platelets_e6l=dice.randrange(190, 320) * 1_000,
                base_kind=CountKind.MEASURED,
                spins=(Spin(rcf_g=400, minutes=15, started_at=spun, ended_at=stopped),),
                kits=(Kit(lot_id=kit.id, udi=shelf.udi(kit)),),
            ),
        ),
    )


def sign(stage: Stage, session_id: int | None, *, physician: int, dice: random.Random) -> None:
    """Finish a session: a few words, the pain, the signature."""
    if session_id is None:
        return
    session = treatments_queries.get(stage.db, session_id)
    content = _content(stage, session, dice=dice)
    if session.preparation is not None and session.preparation.prp_ul is None:
        prepare(stage, session_id, dice=dice, is_ready=True)
    treatments.sign(
        stage.db,
        replace(stage.staff.physicians[physician], confirmed_at=clock.now()),
        SignSession(
            session_id=session_id,
            version=session.version,
            content=replace(
                content,
                anaesthesia=(Anaesthesia.COOLING,),
                antisepsis=Antisepsis.CHLORHEXIDINE_ALCOHOL,
                guidance=Guidance.NONE,
                pain=dice.randrange(1, 6),
                note=dice.choice(("Well tolerated.", "")),
            ),
        ),
    )


def _content(stage: Stage, session: TreatmentSession, *, dice: random.Random) -> Content:
    is_prp = session.preparation is not None
    each_ul = 100 if is_prp else 50
    counts = {
        Zone.FRONTAL_HAIRLINE: max(10, dice.randrange(8, 13)),
        Zone.MIDSCALP: max(14, dice.randrange(12, 18)),
        Zone.VERTEX: max(14, dice.randrange(12, 18)),
    }
    sites = [
        Site(
            seq=seq,
            zone=zone,
            volume_ul=each_ul,
            depth_um=4_000,
            needle_gauge=30,
            needle_um=4_000,
            place=place,
        )
        for seq, (zone, place) in enumerate(
            ((zone, place) for zone, n in counts.items() for place in _spread(zone, n)), 1
        )
    ]
    if is_prp:
        return Content(sites=tuple(sites))
    lots = stage.staff.lots
    return Content(
        lots=(
            LotAmount(lot_id=lots["dexpanthenol"].id, amount_ul=800),
            LotAmount(lot_id=lots["vitamins"].id, amount_ul=1_500),
        ),
        mixed_at=session.started_at,
        sites=tuple(sites),
    )


def _spread(zone: Zone, n: int) -> list[Place]:
    """Return n places over a zone of the top view, as wide apart as they fit."""
    grids = (_places(zone, step) for step in _STEPS)
    return next((places for places in grids if len(places) >= n), _places(zone, _STEPS[-1]))[:n]


@cache
def _places(zone: Zone, step: int) -> list[Place]:
    """Return places inside a zone, in rows a step apart; none lies across its edge."""
    shape = scalp.drawing(View.TOP).shape(zone)
    if shape is None:
        return []
    outline = outlines.polygon(shape.path)
    found = []
    for row, y in enumerate(range(180, 860, step * 4 // 5)):
        for x in range(500 - 6 * step + row % 2 * step // 2, 500 + 6 * step, step):
            at = x * scalp.WIDTH / 1000, y * scalp.HEIGHT / 1000
            if outlines.is_inside(outline, at) and outlines.distance(outline, at) >= _CLEAR:
                found.append(Place(view=View.TOP, x_permille=x, y_permille=y))
    return found
