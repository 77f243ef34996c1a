"""Writing the record of a visit that is over: it was entered late, or kept on paper meanwhile."""

import datetime as dt

from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core import clock, walltime
from clinic.core.access import Actor, refuse_unconfirmed
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.scheduling import late
from clinic.scheduling.models import Appointment
from clinic.treatments.models import TreatmentSession
from clinic.treatments.rules import scalp
from clinic.treatments.service import sessions
from clinic.treatments.values import WriteLater

WHY = N_("Write in at least 10 characters why it is written only now.")
REASON_LENGTH = 10
BACKWARDS = N_("The last injection comes after the first")
TOO_EARLY = N_("The visit began at %(time)s")
NOT_YET = N_("This time is still to come")


def write_later(db: Session, actor: Actor, wish: WriteLater) -> TreatmentSession:
    """Open the record of a treatment visit that is done and has none; once there is one, return it.

    The check of its day is kept with it: it finds what is known now and stops nothing. Raises
    NotFound, MovedOn, Conflict as `sessions.begin`, Invalid for hours that cannot be, without a
    reason, or when what the check finds was not ticked as seen, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    visit, begun = sessions.visit_to_begin(db, actor, wish.appointment_id)
    if begun is not None:
        return begun
    if len(wish.reason.strip()) < REASON_LENGTH:
        raise Invalid(WHY, field="reason")
    first, last = _hours(visit, wish)
    record = late.check_again(
        db,
        actor,
        visit,
        wish.version,
        treated=(first, last),
        is_seen=wish.is_acknowledged,
    )
    session = TreatmentSession(
        appointment_id=visit.id,
        patient_id=visit.patient_id,
        location_id=visit.location_id,
        service_id=visit.service_id,
        performer_id=actor.id,
        screening_id=record.id,
        started_at=visit.starts_at,
        first_point_at=first,
        ended_at=last,
        written_later=wish.reason.strip(),
        map_version=scalp.MAP_VERSION,
    )
    sessions.open_record(db, session)
    audit.record(
        db,
        actor,
        "treatment_session.begun",
        "treatment_session",
        session.id,
        patient_id=session.patient_id,
        detail={"written_later": session.written_later},
    )
    return session


def _hours(visit: Appointment, wish: WriteLater) -> tuple[dt.datetime, dt.datetime]:
    """Return when the first and the last injection were, on the day of the visit."""
    day = visit.starts_local.date()
    first, last = (
        walltime.to_utc_forward(dt.datetime.combine(day, time), visit.zone)
        for time in (wish.first_local, wish.last_local)
    )
    if first < visit.starts_at:
        raise Invalid(TOO_EARLY, field="first", time=f"{visit.starts_local:%H:%M}")
    if last < first:
        raise Invalid(BACKWARDS, field="last")
    if last > clock.now():
        raise Invalid(NOT_YET, field="last")
    return first, last
