"""Keeping the protocol of a service."""

from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from clinic.audit import service as audit
from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.core import clock
from clinic.core.access import Actor, refuse_unconfirmed
from clinic.core.errors import Conflict, StaleEdit
from clinic.core.text import N_
from clinic.treatments.delivery import KeepProtocol
from clinic.treatments.models import ProtocolDose
from clinic.treatments.queries import protocol as queries

STALE = N_("Somebody else has changed this service in the meantime. Look again and save.")
NOTHING_INJECTED = N_("Nothing is injected in this kind of visit.")


def keep(db: Session, actor: Actor, wish: KeepProtocol) -> Service:
    """Keep the doses of a service; without any it goes back to what is shipped.

    Raises NotFound, Conflict for a service without injections, StaleEdit, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    service = catalog_queries.service(db, wish.service_id)
    if not service.modality.is_treatment:
        raise Conflict(NOTHING_INJECTED)
    if service.version != wish.version:
        raise StaleEdit(STALE)
    before = queries.of_service(db, service.id, service.modality)
    own = () if before.is_shipped else tuple(before.doses.values())
    if set(own) == set(wish.doses):
        return service

    flag_modified(service, "name")  # Doses are rows of their own: the version moves with them.
    db.flush()  # Says "stale" before any dose is touched.
    db.execute(sa.delete(ProtocolDose).where(ProtocolDose.service_id == service.id))
    rows = [{"service_id": service.id, **asdict(dose)} for dose in wish.doses]
    if rows:
        db.execute(sa.insert(ProtocolDose), rows)
    audit.record(
        db,
        actor,
        "service.protocol_kept",
        "service",
        service.id,
        detail={
            "zones": {
                dose.zone.value: [dose.points, dose.each_ul, dose.least_ul, dose.most_ul]
                for dose in wish.doses
            }
        },
    )
    return service
