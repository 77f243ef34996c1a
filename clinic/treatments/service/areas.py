"""Noting how large zones are; nothing noted is changed, the newest counts."""

from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, refuse_unconfirmed
from clinic.patients import queries as patient_queries
from clinic.treatments.delivery import MeasureZones
from clinic.treatments.models import ZoneArea
from clinic.treatments.queries import areas as queries


def measure(db: Session, actor: Actor, wish: MeasureZones) -> int:
    """Note the areas that differ from what is known; return how many. The clinic's own table asks
    for the password.

    Raises NotFound for the patient, PasswordNeeded.
    """
    if wish.patient_id is None:
        refuse_unconfirmed(actor, at=clock.now())
    else:
        patient_queries.get(db, wish.patient_id, location_id=actor.location_id)
    known = queries.areas(db, location_id=actor.location_id, patient_id=wish.patient_id)
    is_patients = wish.patient_id is not None
    fresh = [
        (zone, area)
        for zone, area in wish.areas
        if zone not in known
        or (known[zone].area_mm2, known[zone].is_patients) != (area, is_patients)
    ]
    for zone, area in fresh:
        db.add(
            ZoneArea(
                location_id=actor.location_id,
                patient_id=wish.patient_id,
                zone=zone,
                area_mm2=area,
                measured_on=wish.measured_on,
                measured_by_id=actor.id,
                at=clock.now(),
            )
        )
    if fresh:
        audit.record(
            db,
            actor,
            "zone_area.recorded",
            "zone_area",
            patient_id=wish.patient_id,
            detail={"zones": [zone.value for zone, _ in fresh]},
        )
    return len(fresh)
