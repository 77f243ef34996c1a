"""What a page shows of a mixture: each lot with its dose, the total beside what the points give."""

from collections.abc import Iterable, Iterator

from clinic.catalog.values import LotChoice, ProductKind
from clinic.core import walltime
from clinic.core.text import N_
from clinic.treatments import judging
from clinic.treatments.mix_values import Mix, MixLine
from clinic.treatments.rules import dose, volumes
from clinic.treatments.values import Breach, LotAmount

OPENED_ELSEWHERE = N_(
    "A vial of %(product)s, lot %(lot)s, was opened %(when)s by %(name)s in a session that is not"
    " signed yet"
)
ABOUT = ("lot_", "amount_", "opened_", "used_", "mixed", "weight")
"""How the names of the fields begin that a mixture is written into."""


def of(judged: judging.Judged) -> Mix:
    """Return the mixture of what was judged."""
    weight = judged.case.content.weight_g
    lines = tuple(
        MixLine(
            product=used.name,
            lot_no=lot.lot_no,
            regulatory_class=lot.regulatory_class,
            strength_ug_per_ml=used.strength_ug_per_ml,
            amount_ul=used.amount_ul,
            mg="" if used.dose_ng is None else dose.milligrams(used.dose_ng),
            most_ul=dose.most_ul(used, weight) if weight else None,
        )
        for lot, used in zip(judged.lots, judged.case.used, strict=True)
        if used.kind is not ProductKind.KIT
    )
    return Mix(
        lines=lines,
        total_ul=sum(line.amount_ul or 0 for line in lines),
        given_ul=volumes.total_ul(judged.case.content.sites),
    )


def about(breaches: tuple[Breach, ...]) -> tuple[Breach, ...]:
    """Return those breaches that are about the mixture."""
    return tuple(breach for breach in breaches if breach.field.startswith(ABOUT))


def opened_elsewhere(
    lots: Iterable[LotChoice], chosen: Iterable[LotAmount], zone: str
) -> Iterator[Breach]:
    """Yield the open vials of the chosen lots that stand in sessions which are not signed."""
    offered = {lot.id: lot for lot in lots}
    for row, amount in enumerate(chosen, 1):
        lot = offered.get(amount.lot_id)
        if lot is None or amount.vial_id is not None:
            continue
        for vial in lot.vials:
            opened = walltime.to_local(vial.opened_at, zone)
            if vial.id is None:
                yield Breach(
                    code="opened_elsewhere",
                    field=f"lot_{row}",
                    message=OPENED_ELSEWHERE,
                    values=(
                        ("product", lot.product_name),
                        ("lot", lot.lot_no),
                        ("when", f"{opened:%Y-%m-%d %H:%M}"),
                        ("name", vial.by),
                    ),
                )
