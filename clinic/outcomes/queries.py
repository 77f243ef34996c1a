"""Reading photographs: a patient's, one of them, what the patient agreed to, what was given out."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.accounts.models import Account
from clinic.audit import queries as audit_queries
from clinic.consents import queries as consent_queries
from clinic.consents.values import Scope
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.outcomes import rules
from clinic.outcomes.models import Photograph
from clinic.outcomes.values import Conditions, Copy, PhotographDay, PhotographState, Shot
from clinic.patients import queries as patient_queries

NO_PHOTOGRAPH = N_("There is no such photograph")
GIVEN_OUT = "photograph.given_out"
"""The audit trail's word for a copy that left the clinic: the list of copies is read from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """The photographs of a patient as they may be seen now."""

    agreed: frozenset[Scope]
    """What the patient's papers allow today."""
    shots: tuple[Shot, ...]
    """Kept ones, newest first; none while the patient does not agree to the record."""
    removed: tuple[Shot, ...]
    hidden: int
    """How many are kept but not shown, for want of the patient's consent."""


_remover = aliased(Account)
_SHOTS = (
    sa.select(Photograph, Account.name.label("taken_by"), _remover.name.label("removed_by"))
    .join(Account, Account.id == Photograph.taken_by_id)
    .outerjoin(_remover, _remover.id == Photograph.removed_by_id)
)


def agreed(db: Session, patient_id: int) -> frozenset[Scope]:
    """Return what a person's signed papers allow pictures to be used for; one statement."""
    return consent_queries.photo_scopes(db, patient_queries.records(patient_id))


def album(db: Session, actor: Actor, patient_id: int) -> Album:
    """Return the photographs of a patient of the actor's place; raises NotFound. 3 statements."""
    patient_queries.get(db, patient_id, location_id=actor.location_id)
    allowed = agreed(db, patient_id)
    rows = db.execute(
        _SHOTS.where(Photograph.patient_id == patient_id).order_by(
            Photograph.taken_at.desc(), Photograph.id.desc()
        )
    )
    shots = [_shot(row) for row in rows]
    kept = tuple(shot for shot in shots if shot.is_kept)
    is_open = Scope.PHOTO_RECORD in allowed
    return Album(
        agreed=allowed,
        shots=kept if is_open else (),
        removed=tuple(shot for shot in shots if not shot.is_kept),
        hidden=0 if is_open else len(kept),
    )


def shot(db: Session, actor: Actor, patient_id: int, key: str) -> Shot:
    """Return one photograph of this patient; raises NotFound, also for another's. 2 statements."""
    patient_queries.get(db, patient_id, location_id=actor.location_id)
    row = db.execute(
        _SHOTS.where(Photograph.patient_id == patient_id, Photograph.public_id == key)
    ).one_or_none()
    if row is None:
        raise NotFound(NO_PHOTOGRAPH)
    return _shot(row)


def get_here(db: Session, actor: Actor, patient_id: int, key: str) -> Photograph:
    """Return the row of one photograph of this patient; raises NotFound, also for another's."""
    patient_queries.get(db, patient_id, location_id=actor.location_id)
    found = db.scalar(
        sa.select(Photograph).where(
            Photograph.patient_id == patient_id, Photograph.public_id == key
        )
    )
    if found is None:
        raise NotFound(NO_PHOTOGRAPH)
    return found


def to_show(db: Session, actor: Actor, patient_id: int, key: str) -> Photograph:
    """Return a row whose picture may be shown now: kept, and agreed to; else raises NotFound."""
    found = get_here(db, actor, patient_id, key)
    if found.state is not PhotographState.KEPT or Scope.PHOTO_RECORD not in agreed(db, patient_id):
        raise NotFound(NO_PHOTOGRAPH)
    return found


def by_form_key(db: Session, form_key: str) -> Photograph | None:
    """Return the photograph that a form with this one-time key has made."""
    return db.scalar(sa.select(Photograph).where(Photograph.form_key == form_key))


def count_of(db: Session, patient_id: int) -> int:
    """Return how many photographs of a patient are kept."""
    wanted = sa.select(sa.func.count()).where(
        Photograph.patient_id == patient_id, Photograph.state == PhotographState.KEPT
    )
    return db.scalar(wanted) or 0


def bytes_kept(db: Session, *, now: dt.datetime) -> int:
    """Return how much room the files of all photographs take, of every place.

    A removed picture counts for as long as its files are there.
    """
    gone = now - rules.FILES_LAST
    total = db.scalar(
        sa.select(sa.func.sum(Photograph.size)).where(
            sa.or_(Photograph.removed_at.is_(None), Photograph.removed_at > gone)
        )
    )
    return int(total or 0)


def days(db: Session, actor: Actor, patient_id: int) -> list[PhotographDay]:
    """Return the days on which a patient was photographed, newest first; two statements.

    Empty while the patient does not agree to the record.
    """
    if Scope.PHOTO_RECORD not in agreed(db, patient_id):
        return []
    rows = db.execute(
        sa.select(Photograph.taken_at, Photograph.view).where(
            Photograph.patient_id == patient_id, Photograph.state == PhotographState.KEPT
        )
    )
    return rules.days(((row.taken_at, row.view) for row in rows), clock.zone_of(actor.zone))


def copies(db: Session, patient_id: int) -> list[Copy]:
    """Return every copy of a person's photographs that was given out, newest first."""
    rows = audit_queries.acts(db, GIVEN_OUT, patient_queries.records(patient_id))
    return [
        Copy(
            photograph_id=int(row.entity_id),
            use=Scope(row.detail["use"]),
            by=row.actor_name,
            at=row.at,
        )
        for row in rows
    ]


def files(db: Session, *, now: dt.datetime) -> Mapping[str, bool]:
    """Return {storage key: whether its files must be there} of every photograph; one statement."""
    rows = db.execute(sa.select(Photograph.storage_key, Photograph.removed_at))
    return {row.storage_key: not rules.is_file_over(row.removed_at, now) for row in rows}


def is_known(db: Session, storage_key: str) -> bool:
    """Tell whether a photograph has these files."""
    wanted = sa.select(Photograph.id).where(Photograph.storage_key == storage_key)
    return db.scalar(wanted) is not None


def _shot(row: sa.Row[Photograph, str, str]) -> Shot:
    of: Photograph = row.Photograph
    return Shot(
        id=of.id,
        key=of.public_id,
        view=of.view,
        zone=of.zone,
        taken_at=of.taken_at,
        taken_by=row.taken_by,
        conditions=Conditions(
            hair=of.hair,
            parting=of.parting,
            light=of.light,
            distance_cm=of.distance_cm,
            magnification=of.magnification,
            has_product=of.has_product,
            is_fixed=of.is_fixed,
        ),
        uses=of.uses,
        state=of.state,
        version=of.version,
        width=of.width,
        height=of.height,
        storage_key=of.storage_key,
        appointment_id=of.appointment_id,
        removed_at=of.removed_at,
        removed_by=row.removed_by or "",
        removed_reason=of.removed_reason,
    )
