"""Reading what a preparation is written with: presets, centrifuges, kits, activators, tubes."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Product
from clinic.catalog.values import CENTRIFUGE, LotChoice, ProductKind, ResourceKind
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.safety.values import Fact, FactKind, History
from clinic.scheduling.models import Resource
from clinic.treatments.models import TreatmentSession
from clinic.treatments.preparation_models import KitPreset, PrpPreparation
from clinic.treatments.preparation_values import (
    Activation,
    Brake,
    Centrifuge,
    KitProduct,
    PresetCard,
    Spin,
)
from clinic.treatments.queries import mix as mix_queries
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules import barring

NO_PRESET = N_("There is no such preset")
NO_PREPARATION = N_("No blood is drawn in this session.")
ACTIVATORS = frozenset(kind.ingredient for kind in Activation) - {""}


def row_of(session: TreatmentSession) -> PrpPreparation:
    """Return the preparation of a session loaded with its parts; raises NotFound without one."""
    if session.preparation is None:
        raise NotFound(NO_PREPARATION)
    return session.preparation


def hold(db: Session, actor: Actor, session_id: int) -> tuple[TreatmentSession, PrpPreparation]:
    """Return a session of the actor's place and its preparation, locked; raises NotFound."""
    session = queries.hold(db, actor, session_id)
    return session, row_of(session)


def preset(db: Session, preset_id: int) -> PresetCard | None:
    """Return a preset, in use or not; None when there is none. One statement."""
    row = db.get(KitPreset, preset_id)
    return None if row is None else card(row)


def preset_here(db: Session, preset_id: int) -> PresetCard:
    """Return a preset; raises NotFound. One statement."""
    found = preset(db, preset_id)
    if found is None:
        raise NotFound(NO_PRESET)
    return found


def kits(db: Session) -> list[KitProduct]:
    """Return the kits of the list that are in use, by name. Two statements."""
    rows = db.execute(
        sa.select(Product.id, Product.name)
        .where(Product.kind == ProductKind.KIT, Product.is_active)
        .order_by(Product.name)
    ).all()
    packs = catalog_queries.packs(db, [row.id for row in rows])
    return [
        KitProduct(
            id=row.id, name=row.name, gtins=tuple(pack.gtin for pack in packs.get(row.id, ()))
        )
        for row in rows
    ]


def presets(db: Session) -> list[PresetCard]:
    """Return all presets, those in use first, by name. One statement."""
    rows = db.scalars(sa.select(KitPreset).order_by(KitPreset.is_active.desc(), KitPreset.name))
    return [card(row) for row in rows]


def card(row: KitPreset) -> PresetCard:
    """Return a preset as a value."""
    return PresetCard(
        id=row.id,
        version=row.version,
        name=row.name,
        maker=row.maker,
        product_id=row.product_id,
        method=row.method,
        tubes=row.tubes,
        blood_ul=row.blood_ul,
        anticoagulant=row.anticoagulant,
        anticoagulant_ul=row.anticoagulant_ul,
        layer=row.layer,
        prp_ul=row.prp_ul,
        leukocytes=row.leukocytes,
        erythrocytes=row.erythrocytes,
        spins=tuple(_spin(**spin) for spin in row.spins),
        source=row.source,
        is_active=row.is_active,
    )


def _spin(*, brake: str | None = None, **numbers: Any) -> Spin:
    return Spin(**numbers, brake=None if brake is None else Brake(brake))


def centrifuges(db: Session, location_id: int, chosen: int | None = None) -> list[Centrifuge]:
    """Return a place's centrifuges in use, and the one chosen before, by name. One statement."""
    rows = db.scalars(
        sa.select(Resource)
        .where(
            Resource.location_id == location_id,
            Resource.kind == ResourceKind.DEVICE,
            Resource.device_type == CENTRIFUGE,
            sa.or_(Resource.is_active, Resource.id == chosen),
        )
        .order_by(Resource.name)
    )
    return [
        Centrifuge(
            id=row.id, name=row.name, radius_mm=row.radius_mm, service_due_on=row.service_due_on
        )
        for row in rows
    ]


def device_name(db: Session, resource_id: int | None) -> str:
    """Return the name of a centrifuge, empty without one. One statement."""
    return db.scalar(sa.select(Resource.name).where(Resource.id == resource_id)) or ""


def lots(
    db: Session, session: TreatmentSession, *, on: dt.date
) -> tuple[list[LotChoice], list[LotChoice]]:
    """Return (kits, activators) as they are offered in a session. Three statements."""
    choices = mix_queries.lots(db, session, on=on)
    return (
        [lot for lot in choices if lot.kind is ProductKind.KIT],
        [lot for lot in choices if lot.ingredient in ACTIVATORS],
    )


def counts(history: History) -> dict[str, Fact]:
    """Return the newest laboratory result of each kind."""
    return {fact.code: fact for fact in barring.newest(history, FactKind.LAB)}


def account_ids(session: TreatmentSession) -> Iterable[int | None]:
    """Return who did the steps of a preparation; loaded with its parts."""
    row = session.preparation
    if row is not None:
        yield from (row.drawn_by_id, row.obtained_by_id, row.identity_by_id)
    for spin in session.spins:
        yield from (spin.started_by_id, spin.ended_by_id)
