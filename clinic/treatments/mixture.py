"""What a page shows of a mixture: each lot with its dose, the total beside what the points give."""

from clinic.catalog.values import ProductKind
from clinic.treatments import judging
from clinic.treatments.mix_values import Mix, MixLine
from clinic.treatments.rules import dose, volumes
from clinic.treatments.values import Breach

ABOUT = ("lot_", "amount_", "opened_", "mixed", "weight")
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
