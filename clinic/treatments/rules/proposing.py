"""What a new draft proposes: lots, and what the next point gets. Never more than a proposal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clinic.catalog.rules import lots as lot_rules
from clinic.catalog.values import LotChoice, Modality, ProductKind
from clinic.treatments.delivery import Device, Technique
from clinic.treatments.values import Past, Site


@dataclass(frozen=True, slots=True)
class NextPoint:
    """What the next point gets unless somebody changes it."""

    volume_ul: int
    depth_um: int
    needle_gauge: int
    needle_um: int
    technique: Technique = Technique.POINT_BY_POINT
    device: Device = Device.SYRINGE


_USUAL: dict[Modality, NextPoint] = {
    Modality.PRP: NextPoint(100, 3_000, 30, 4_000),
    Modality.MESOTHERAPY: NextPoint(50, 2_000, 32, 4_000),
}
"""PRP: 0.05-0.1 mL, 2-4 mm deep, 30 G x 4 mm [AGG]; mesotherapy: 30-32 G, 4 mm (GK)."""


def next_point(modality: Modality, sites: Sequence[Site], past: Past | None) -> NextPoint:
    """Return what the next point gets: as the last one, else as last time, else as usual."""
    usual = _USUAL[modality]
    earlier = past.content.sites if past is not None and past.modality is modality else ()
    last = next(iter((*reversed(sites), *reversed(earlier))), None)
    if last is None:
        return usual
    return NextPoint(
        last.volume_ul // last.points,
        last.depth_um,
        last.needle_gauge,
        last.needle_um or usual.needle_um,
        last.technique or usual.technique,
        last.device or usual.device,
    )


def lots(modality: Modality, choices: Iterable[LotChoice], past: Past | None) -> list[LotChoice]:
    """Return the lots to begin with: the first-expiring usable one of each product.

    Of the products used last time, else of the only one there is; a PRP's kit is proposed with
    its preparation.
    """
    usable = [choice for choice in choices if choice.unusable is None]
    if modality is Modality.PRP:
        return []
    drugs = list(dict.fromkeys(c.product_id for c in usable if c.kind is ProductKind.DRUG))
    wanted: Sequence[int] = drugs if len(drugs) == 1 else ()
    if past is not None and past.modality is modality:
        wanted = tuple(dict.fromkeys(past.product_ids))
    found = (
        lot_rules.first_expiring(c for c in usable if c.product_id == product_id)
        for product_id in wanted
    )
    return [choice for choice in found if choice is not None]
