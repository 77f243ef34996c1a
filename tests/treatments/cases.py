"""Sessions as the rules see them."""

import datetime as dt
from dataclasses import replace

from clinic.catalog.values import Modality, ProductKind
from clinic.core.zones import Zone
from clinic.treatments.delivery import Technique, ZoneDose
from clinic.treatments.values import (
    Case,
    Content,
    LotAmount,
    Site,
    UsedLot,
)

TODAY = dt.date(2026, 11, 23)
ADULT = dt.date(1985, 4, 12)
A_SITE = Site(seq=1, zone=Zone.VERTEX, volume_ul=100, depth_um=3000, needle_gauge=30)
A_DOSE = ZoneDose(
    zone=Zone.VERTEX,
    points=20,
    each_ul=50,
    depth_um=2_500,
    needle_gauge=31,
    needle_um=6_000,
    technique=Technique.NAPPAGE,
    least_ul=800,
    most_ul=1_200,
)
LIDOCAINE = UsedLot(
    kind=ProductKind.ANAESTHETIC,
    name="Lidocaine 2 %",
    ingredient="lidocaine",
    strength_ug_per_ml=20_000,
    has_adrenaline=False,
    amount_ul=None,
)
WITH_ADRENALINE = replace(LIDOCAINE, name="Lidocaine 2 % + A", has_adrenaline=True)
PROCAINE = replace(LIDOCAINE, name="Procaine 1 %", ingredient="procaine", strength_ug_per_ml=10_000)


def a_case(
    *, modality=Modality.PRP, used=(), birth_date=ADULT, prepared_ul=None, **content
) -> Case:
    lots = tuple(LotAmount(lot_id=n, amount_ul=lot.amount_ul) for n, lot in enumerate(used, 1))
    return Case(
        modality=modality,
        on=TODAY,
        birth_date=birth_date,
        content=Content(lots=lots, **content),
        used=tuple(used),
        prepared_ul=prepared_ul,
    )


def forty(**changes) -> tuple[Site, ...]:
    return tuple(replace(A_SITE, seq=n, **changes) for n in range(1, 41))


def codes(breaches) -> set[str]:
    return {breach.code for breach in breaches}


FULL = {
    "sites": forty(),
}
