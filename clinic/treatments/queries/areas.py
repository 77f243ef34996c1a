"""Reading the areas of zones: a patient's where they were measured, else the clinic's own."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.core.zones import Zone
from clinic.patients import queries as patient_queries
from clinic.treatments.delivery import Area
from clinic.treatments.models import TreatmentSession, ZoneArea


def sizes(db: Session, session: TreatmentSession) -> dict[Zone, int]:
    """Return {zone: mm²} as a session reckons with it: once signed, as it was then."""
    known = areas(
        db,
        location_id=session.location_id,
        patient_id=session.patient_id,
        before=session.signed_at,
    )
    return {zone: area.area_mm2 for zone, area in known.items()}


def areas(
    db: Session, *, location_id: int, patient_id: int | None, before: dt.datetime | None = None
) -> dict[Zone, Area]:
    """Return the area of each zone that has one, as it was noted before an instant.

    The newest counts; a patient's own goes before the clinic's table. One statement.
    """
    of_clinic = sa.and_(ZoneArea.patient_id.is_(None), ZoneArea.location_id == location_id)
    wanted = of_clinic
    if patient_id is not None:
        wanted = of_clinic | ZoneArea.patient_id.in_(patient_queries.records(patient_id))
    found = (
        sa.select(ZoneArea, Account.name)
        .join(Account, Account.id == ZoneArea.measured_by_id)
        .where(wanted)
        .order_by(ZoneArea.patient_id.is_not(None), ZoneArea.measured_on, ZoneArea.id)
    )
    if before is not None:
        found = found.where(ZoneArea.at <= before)
    return {
        row.ZoneArea.zone: Area(
            id=row.ZoneArea.id,
            zone=row.ZoneArea.zone,
            area_mm2=row.ZoneArea.area_mm2,
            measured_on=row.ZoneArea.measured_on,
            by=row.name,
            is_patients=row.ZoneArea.patient_id is not None,
        )
        for row in db.execute(found)
    }
