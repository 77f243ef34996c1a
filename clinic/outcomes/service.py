"""Keeping photographs, describing them anew, removing them, giving copies out."""

import datetime as dt
import secrets
from typing import Any

from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.consents.values import Scope
from clinic.core import changes, clock, walltime
from clinic.core.access import Actor
from clinic.core.errors import Conflict, Invalid, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.outcomes import queries, rules
from clinic.outcomes.models import Photograph
from clinic.outcomes.values import (
    ChangePhotograph,
    Described,
    KeepPhotograph,
    PhotographState,
    PhotographView,
    RemovePhotograph,
)
from clinic.patients import queries as patient_queries
from clinic.patients.values import PatientStatus
from clinic.safety import queries as safety_queries
from clinic.scheduling import queries as scheduling_queries

UNAGREED = N_(
    "The patient has not agreed to photographs, or has withdrawn it. Record the signed paper first."
)
STALE = N_("Somebody else has changed this photograph in the meantime. Look again and save.")
SLACK = dt.timedelta(minutes=5)
"""A tablet's clock may be ahead of ours by so much."""


class ConsentMissing(Conflict):
    """The patient does not agree to what was asked for, or does not any more."""


class NoRoom(Conflict):
    """The patient or the clinic has as many pictures as are kept."""


def refuse_unagreed(db: Session, patient_id: int, *uses: Scope) -> None:
    """Refuse what the patient's papers do not allow today; raises ConsentMissing."""
    allowed = queries.agreed(db, patient_id)
    if Scope.PHOTO_RECORD not in allowed:
        raise ConsentMissing(UNAGREED)
    if not allowed.issuperset(uses):
        raise ConsentMissing(N_("The patient has not agreed to this use, or has withdrawn it."))


def keep(db: Session, actor: Actor, wish: KeepPhotograph, *, most_bytes: int) -> Photograph:
    """Keep a picture whose files are written; the same one-time key returns the one it made before.

    `most_bytes` is the room of the pictures of all places together: they lie in one folder.
    Raises NotFound, ConsentMissing, NoRoom, Conflict for a closed record, Invalid for a time that
    cannot be.
    """
    patient = patient_queries.get(db, wish.patient_id, location_id=actor.location_id)
    safety_queries.lock_patient(db, wish.patient_id)  # a double click queues here
    if wish.form_key is not None:
        earlier = queries.by_form_key(db, wish.form_key)
        if earlier is not None and earlier.patient_id == wish.patient_id:
            return earlier
    if patient.status is not PatientStatus.ACTIVE:
        raise Conflict(N_("This record is closed: no photograph can be added."))
    refuse_unagreed(db, wish.patient_id, *wish.described.uses)
    if queries.count_of(db, wish.patient_id) >= rules.MOST_OF_PATIENT:
        raise NoRoom(
            N_("%(most)s photographs of this patient are kept: that is the most."),
            most=rules.MOST_OF_PATIENT,
        )
    if queries.bytes_kept(db, now=clock.now()) + wish.size > most_bytes:
        raise NoRoom(N_("There is no room for more photographs. Tell the administrator."))
    if wish.appointment_id is not None:
        _check_visit(db, actor, wish.appointment_id, wish.patient_id)

    row = Photograph(
        public_id=secrets.token_urlsafe(16),
        patient_id=wish.patient_id,
        appointment_id=wish.appointment_id,
        taken_by_id=actor.id,
        kept_at=clock.now(),
        storage_key=wish.storage_key,
        sha256=wish.sha256,
        width=wish.width,
        height=wish.height,
        size=wish.size,
        form_key=wish.form_key,
        **_columns(wish.described, actor),
    )
    db.add(row)
    return _noted(db, actor, row, "photograph.kept", view=row.view.value, sha256=row.sha256)


def change(db: Session, actor: Actor, wish: ChangePhotograph) -> Photograph:
    """Say something else of a picture; raises NotFound, StaleEdit, ConsentMissing, Invalid.

    A use that it has already stays allowed on the picture without the patient's consent, which
    is asked for whenever the picture is used.
    """
    row = queries.to_show(db, actor, wish.patient_id, wish.key)
    if row.version != wish.version:
        raise StaleEdit(STALE)
    columns = _columns(wish.described, actor)
    refuse_unagreed(db, row.patient_id, *(wish.described.uses - row.uses))
    if _minute(row.taken_at) == _minute(columns["taken_at"]):
        del columns["taken_at"]  # Only minutes are typed.
    fields = changes.changed(row, columns)
    for name in fields:
        setattr(row, name, columns[name])
    return _noted(db, actor, row, "photograph.changed", fields=fields) if fields else row


def remove(db: Session, actor: Actor, wish: RemovePhotograph) -> Photograph:
    """Take a picture out of the record; its files go after the grace time. Twice is once.

    Raises NotFound, Invalid without a reason.
    """
    row = queries.get_here(db, actor, wish.patient_id, wish.key)
    if row.state is PhotographState.REMOVED:
        return row
    if not wish.reason.strip():
        raise Invalid(N_("Say why it is removed"), field="reason")
    row.state, row.removed_at, row.removed_by_id = PhotographState.REMOVED, clock.now(), actor.id
    row.removed_reason = wish.reason.strip()
    return _noted(db, actor, row, "photograph.removed")


def restore(db: Session, actor: Actor, patient_id: int, key: str) -> Photograph:
    """Take a removal back while the files are there; raises NotFound, Conflict when it is late."""
    row = queries.get_here(db, actor, patient_id, key)
    if row.state is PhotographState.KEPT:
        return row
    if not rules.may_restore(row.removed_at, clock.now()):
        raise Conflict(
            N_("A removal can be taken back for %(days)s days. That time is over."),
            days=rules.GRACE.days,
        )
    row.state, row.removed_at, row.removed_by_id = PhotographState.KEPT, None, None
    row.removed_reason = ""
    return _noted(db, actor, row, "photograph.restored")


def give_out(db: Session, actor: Actor, patient_id: int, key: str, use: Scope) -> Photograph:
    """Note that a copy leaves the clinic for a use; raises NotFound, ConsentMissing."""
    row = queries.to_show(db, actor, patient_id, key)
    has = {
        Scope.PHOTO_RECORD: True,
        Scope.PHOTO_TEACHING: row.for_teaching,
        Scope.PHOTO_PUBLICATION: row.for_publication,
    }
    if not has[use]:
        raise ConsentMissing(N_("This picture is not meant for that use. Change its uses first."))
    refuse_unagreed(db, patient_id, use)
    return _noted(db, actor, row, queries.GIVEN_OUT, use=use.value)


def _noted(db: Session, actor: Actor, row: Photograph, action: str, **detail: object) -> Photograph:
    db.flush()  # The audit line names its id, and a save that was faster is found here.
    audit.record(db, actor, action, "photograph", row.id, patient_id=row.patient_id, detail=detail)
    return row


def _check_visit(db: Session, actor: Actor, appointment_id: int, patient_id: int) -> None:
    visit = scheduling_queries.get(db, appointment_id)
    is_theirs = patient_queries.is_record_of(db, visit.patient_id, patient_id)
    if visit.location_id != actor.location_id or not is_theirs:
        raise NotFound(scheduling_queries.NO_VISIT)


def _columns(of: Described, actor: Actor) -> dict[str, Any]:
    is_close = of.view is PhotographView.TRICHOSCOPY
    if is_close and of.zone is None:
        raise Invalid(N_("Choose the zone"), field="zone")
    return {
        "view": of.view,
        "zone": of.zone if is_close else None,
        "taken_at": _instant(of.taken_local, actor.zone),
        "hair": of.conditions.hair,
        "parting": of.conditions.parting,
        "light": of.conditions.light,
        "distance_cm": None if is_close else of.conditions.distance_cm,
        "magnification": of.conditions.magnification if is_close else None,
        "has_product": of.conditions.has_product,
        "is_fixed": of.conditions.is_fixed,
        "for_teaching": Scope.PHOTO_TEACHING in of.uses,
        "for_publication": Scope.PHOTO_PUBLICATION in of.uses,
    }


def _minute(instant: dt.datetime) -> dt.datetime:
    return instant.replace(second=0, microsecond=0)


def _instant(local: dt.datetime, zone: str) -> dt.datetime:
    try:
        instant = walltime.to_utc(local, zone)
    except walltime.Gap:
        raise Invalid(
            N_("The clocks jump over this time on that day"), field="taken_time"
        ) from None
    except walltime.Fold as twice:
        instant = twice.first
    if instant > clock.now() + SLACK:
        raise Invalid(N_("This is still to come"), field="taken_on")
    return instant
