"""Reading the protocol of a service: the clinic's own, else what is shipped."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.values import Modality
from clinic.treatments.delivery import ZoneDose
from clinic.treatments.models import ProtocolDose
from clinic.treatments.rules import protocol as rules
from clinic.treatments.rules.protocol import Protocol


def of_service(db: Session, service_id: int, modality: Modality) -> Protocol:
    """Return the protocol of a service. One statement."""
    rows = db.scalars(sa.select(ProtocolDose).where(ProtocolDose.service_id == service_id)).all()
    if not rows:
        return rules.shipped(modality)
    return Protocol(doses={row.zone: _dose(row) for row in rows}, is_shipped=False, source="")


def _dose(row: ProtocolDose) -> ZoneDose:
    return ZoneDose(
        zone=row.zone,
        points=row.points,
        each_ul=row.each_ul,
        depth_um=row.depth_um,
        needle_gauge=row.needle_gauge,
        needle_um=row.needle_um,
        technique=row.technique,
        least_ul=row.least_ul,
        most_ul=row.most_ul,
    )
