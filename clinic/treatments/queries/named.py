"""Reading what a session names: as it was kept with the signature, else as it is named today."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Product, ProductLot
from clinic.catalog.values import Modality
from clinic.patients.models import Patient
from clinic.patients.values import full_name
from clinic.safety import queries as safety_queries
from clinic.scheduling import queries as scheduling_queries
from clinic.treatments import named
from clinic.treatments.models import TreatmentSession
from clinic.treatments.named import Label, Named
from clinic.treatments.queries import areas as area_queries
from clinic.treatments.queries import preparation as preparation_queries
from clinic.treatments.queries import protocol as protocol_queries
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules import limits
from clinic.treatments.values import SessionState


def of(db: Session, session: TreatmentSession) -> Named:
    """Return what a session loaded with its parts names. No statement where it was kept."""
    kept = None if session.as_signed is None else named.read(session.as_signed)
    if kept is not None and all(use.seq in kept.labels for use in session.lots):
        return kept
    found = today(db, session)
    return named.without_limits(found) if session.state is SessionState.SIGNED else found


def today(db: Session, session: TreatmentSession) -> Named:
    """Return what a session loaded with its parts names today. Eleven statements at most."""
    visit = scheduling_queries.get(db, session.appointment_id)
    patient = db.execute(
        sa.select(
            Patient.given_name, Patient.family_name, Patient.birth_date, Patient.file_number
        ).where(Patient.id == session.patient_id)
    ).one()
    heading = queries.heading(db, visit)
    row = session.preparation
    preset = preparation_queries.preset(db, row.preset_id) if row and row.preset_id else None
    machine = row.centrifuge_id if row else None
    return Named(
        patient=full_name(patient.given_name, patient.family_name),
        born=patient.birth_date,
        file_number=patient.file_number,
        heading=heading,
        people=people(db, session),
        labels=labels(db, session),
        preset=preset.name if preset else "",
        centrifuge=preparation_queries.device_name(db, machine) if machine else "",
        protocol=protocol_queries.of_service(db, session.service_id, heading.modality),
        areas=area_queries.sizes(db, session),
        per_cm2=limits.PER_CM2 if heading.modality is Modality.PRP else None,
    )


def people(db: Session, session: TreatmentSession) -> Mapping[int, str]:
    """Return the names of all who did a step of a session, or released a finding for it.

    Two statements.
    """
    released = safety_queries.releases(db, session.appointment_id)
    authors = {release.author_id: name for release, name in released}
    return authors | queries.names(
        db,
        (
            session.performer_id,
            session.signed_by_id,
            *(line.account_id for line in session.time_out),
            *preparation_queries.account_ids(session),
        ),
    )


def labels(db: Session, session: TreatmentSession) -> dict[int, Label]:
    """Return what stands on the packs of a session's lots today. Two statements."""
    if not session.lots:
        return {}
    rows = {
        row.ProductLot.id: row
        for row in db.execute(
            sa.select(ProductLot, Product)
            .join(Product, Product.id == ProductLot.product_id)
            .where(ProductLot.id.in_([use.lot_id for use in session.lots]))
        )
    }
    packs = catalog_queries.packs(db, {row.Product.id for row in rows.values()})
    found = {}
    for use in session.lots:
        lot, product = rows[use.lot_id]
        numbers = [pack.gtin for pack in packs.get(product.id, ())]
        found[use.seq] = Label(
            product=product.name,
            manufacturer=product.manufacturer,
            regulatory_class=product.regulatory_class,
            strength_ug_per_ml=product.strength_ug_per_ml,
            lot_no=lot.lot_no,
            gtin=numbers[0] if len(numbers) == 1 else "",
        )
    return found
