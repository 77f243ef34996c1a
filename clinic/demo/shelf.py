"""What stands on the demo clinic's shelf: some of it low, some of it not to be used any more."""

import datetime as dt
from dataclasses import replace

from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.catalog import service as catalog
from clinic.catalog import stock
from clinic.catalog.models import ProductLot
from clinic.catalog.product_values import AddLot, AddProduct, Pack
from clinic.catalog.rules import barcodes
from clinic.catalog.stock_values import CountLot, ReceiveLot, Scanned
from clinic.catalog.values import ProductKind, RegulatoryClass, StockUnit
from clinic.core.access import Actor
from clinic.treatments.preparation_values import (
    Anticoagulant,
    KeepPreset,
    Layer,
    Method,
    Richness,
    Spin,
)
from clinic.treatments.service import presets

KIT = AddProduct(
    name="PRP tube kit, 10 mL, ACD-A",
    kind=ProductKind.KIT,
    packs=(
        Pack(gtin="04012345000016", holds_milli=1_000),
        Pack(gtin="14012345000013", holds_milli=50_000),
    ),
    regulatory_class=RegulatoryClass.DEVICE_IIB,
    certificate="CE 0123",
    unit=StockUnit.PIECE,
    low_milli=20_000,
)
LIDOCAINE = AddProduct(
    name="Lidocaine 1 %",
    kind=ProductKind.ANAESTHETIC,
    ingredient="lidocaine",
    strength_ug_per_ml=10_000,
    packs=(Pack(gtin="04012345000023"),),
    regulatory_class=RegulatoryClass.MEDICINE,
    open_hours=24,
    low_milli=100_000,
)
DEXPANTHENOL = AddProduct(
    name="Dexpanthenol 250 mg/mL",
    kind=ProductKind.DRUG,
    ingredient="dexpanthenol",
    strength_ug_per_ml=250_000,
    packs=(Pack(gtin="04012345000030"),),
    regulatory_class=RegulatoryClass.MEDICINE,
    leaflet_ul=2_000,
    low_milli=20_000,
)
VITAMINS = AddProduct(
    name="B vitamins",
    kind=ProductKind.DRUG,
    ingredient="vitamins",
    packs=(Pack(gtin="04012345000047"),),
    regulatory_class=RegulatoryClass.COMPOUNDED,
    unit=StockUnit.PIECE,
    low_milli=20_000,
)
SERUM = AddProduct(
    name="Hair serum (cosmetic)",
    kind=ProductKind.COSMETIC,
    is_injectable=False,
    regulatory_class=RegulatoryClass.COSMETIC,
)
SALINE = AddProduct(
    name="Sodium chloride 0.9 %",
    kind=ProductKind.DILUENT,
    packs=(Pack(gtin="04012345000054"),),
    regulatory_class=RegulatoryClass.MEDICINE,
    low_milli=50_000,
)
SHELF = (
    ("kit", KIT, "K-2291", 300, 400_000),
    ("lidocaine", LIDOCAINE, "L-7710", 420, 480_000),
    ("dexpanthenol", DEXPANTHENOL, "D-1043", 200, 150_000),
    ("vitamins", VITAMINS, "B-3308", 260, 100_000),
    ("saline", SALINE, "S-0917", 500, 40_000),
    ("saline_soon", SALINE, "S-0641", 19, 10_000),
    ("dexpanthenol_old", DEXPANTHENOL, "D-0876", -12, 30_000),
    ("lidocaine_back", LIDOCAINE, "L-7102", 150, 60_000),
    ("serum", SERUM, "C-5", 90, None),
)
"""Key, product, lot, days until it expires, thousandths received; None: nobody counted it."""


def udi(kit: ProductLot) -> str:
    """Return what the barcode of a kit says."""
    gtin = KIT.packs[0].gtin
    return barcodes.written(Scanned(gtin=gtin, lot_no=kit.lot_no, expires_on=kit.expires_on))


def fill(db: Session, nurse: Actor, today: dt.date) -> dict[str, ProductLot]:
    """Put products, lots and stock on the list; return the lots by their keys."""
    ids: dict[str, int] = {}
    lots: dict[str, ProductLot] = {}
    for key, product, lot_no, days, amount in SHELF:
        if product.name not in ids:
            ids[product.name] = catalog.add_product(db, nurse, product).id
        expires_on = today + dt.timedelta(days=days)
        if amount is not None and days > 0:
            delivery = ReceiveLot(
                product_id=ids[product.name],
                lot_no=lot_no,
                expires_on=expires_on,
                amount_milli=amount,
            )
            made = stock.receive(db, nurse, delivery)
            lots[key] = catalog_queries.lot(db, made.lot_id)
            continue
        wish = AddLot(product_id=ids[product.name], lot_no=lot_no, expires_on=expires_on)
        lots[key] = catalog.add_lot(db, nurse, wish)
        if amount is not None:
            counted = CountLot(lot_id=lots[key].id, counted_milli=amount, reason="Taken over")
            stock.count(db, nurse, counted)
    catalog.recall(db, nurse, lots["lidocaine_back"].id, "Called back by its maker, letter of May")
    return lots


def keep_presets(db: Session, administrator: Actor, product_id: int) -> None:
    """Put two presets on the list, as two papers describe how they spun."""
    usual = KeepPreset(
        name="Tube kit, two gentle spins",
        product_id=product_id,
        method=Method.HAND,
        tubes=2,
        blood_ul=20_000,
        anticoagulant=Anticoagulant.ACD_A,
        anticoagulant_ul=2_000,
        layer=Layer.BUFFY_COAT,
        prp_ul=5_500,
        leukocytes=Richness.RICH,
        erythrocytes=Richness.POOR,
        spins=(Spin(rcf_g=100, minutes=10), Spin(rcf_g=400, minutes=10)),
        source="PEREZ",
    )
    hard = (Spin(rcf_g=900, minutes=5), Spin(rcf_g=1_500, minutes=15))
    presets.add(db, administrator, usual)
    presets.add(
        db, administrator, replace(usual, name="Tube kit, two hard spins", spins=hard, source="JOI")
    )
