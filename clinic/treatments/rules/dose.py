"""Doses: strength times volume, exactly, against the limits of the ingredient and the weight."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from clinic.catalog.values import ProductKind
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.safety.values import Confidence
from clinic.treatments.rules import limits
from clinic.treatments.rules.limits import MG, AnaestheticLimit
from clinic.treatments.values import Breach, Case, UsedLot

UNUSUAL = N_("%(product)s: %(dose)s mg; usually at most %(most)s mg in a session")


def age_on(birth_date: dt.date | None, on: dt.date) -> int | None:
    """Return the age in whole years on a day."""
    if birth_date is None:
        return None
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def weight_valid_days(birth_date: dt.date | None, on: dt.date) -> int:
    """Return how old a weight may be; without a birth date the shorter span holds."""
    age = age_on(birth_date, on)
    adult = age is not None and age >= limits.ADULT_AT
    return limits.WEIGHT_VALID_DAYS if adult else limits.WEIGHT_VALID_DAYS_MINOR


def most_ul(lot: UsedLot, weight_g: int) -> int | None:
    """Return the most of an anaesthetic alone, rounded down; None when no limit is known."""
    limit = limits.anaesthetic_limit(lot.ingredient, has_adrenaline=lot.has_adrenaline)
    if limit is None or not lot.strength_ug_per_ml:
        return None
    return limit.most_ng(weight_g) // lot.strength_ug_per_ml


def milligrams(ng: int) -> str:
    """Write nanograms as milligrams, exactly."""
    value = Decimal(ng) / MG
    return f"{value.normalize():f}" if value else "0"


def anaesthetics(case: Case) -> Iterator[tuple[int, UsedLot]]:
    """Yield the local anaesthetics that were used, with their row from 1."""
    for row, lot in enumerate(case.used, 1):
        if _is_anaesthetic(lot) and lot.amount_ul:
            yield row, lot


def _is_anaesthetic(lot: UsedLot) -> bool:
    """Tell whether a lot numbs, also as the diluent or an active ingredient of a mixture."""
    limit = limits.anaesthetic_limit(lot.ingredient, has_adrenaline=lot.has_adrenaline)
    return lot.kind is ProductKind.ANAESTHETIC or limit is not None


def is_any_anaesthetic(case: Case) -> bool:
    """Tell whether a local anaesthetic is named, also one of which nobody wrote how much."""
    return any(_is_anaesthetic(lot) for lot in case.used)


def unknown(case: Case) -> Iterator[Breach]:
    """Yield what has a limit and was given, nobody wrote how much of it."""
    for row, lot in enumerate(case.used, 1):
        has_limit = lot.ingredient in limits.INGREDIENT_LIMITS or _is_anaesthetic(lot)
        if has_limit and lot.amount_ul is None:
            yield Breach(
                code="amount_unknown",
                field=f"amount_{row}",
                message=N_("%(product)s: amount not known, so no limit could be checked"),
                values=(("product", lot.name),),
            )


def refused(case: Case) -> Iterator[Breach]:
    """Yield every dose that is too high, and what is needed to tell."""
    yield from _refused_doses(case)
    yield from _refused_anaesthetics(case)


def _doses(case: Case) -> dict[str, tuple[int, int]]:
    """Return {ingredient: (row of the first lot, dose in ng)} of those that have a limit."""
    doses: dict[str, tuple[int, int]] = {}
    for row, lot in enumerate(case.used, 1):
        if lot.ingredient in limits.INGREDIENT_LIMITS and lot.dose_ng is not None:
            first, dose = doses.get(lot.ingredient, (row, 0))
            doses[lot.ingredient] = (first, dose + lot.dose_ng)
    return doses


def _refused_doses(case: Case) -> Iterator[Breach]:
    for row, lot in enumerate(case.used, 1):
        has_limit = lot.ingredient in limits.INGREDIENT_LIMITS
        if (has_limit or _is_anaesthetic(lot)) and not lot.strength_ug_per_ml:
            yield Breach(
                code="strength_unknown",
                field=f"lot_{row}",
                message=N_("%(product)s has no strength on the list, so no dose can be computed"),
                values=(("product", lot.name),),
            )
    for ingredient, (row, dose) in _doses(case).items():
        limit = limits.INGREDIENT_LIMITS[ingredient]
        if dose > limit.hard_ug * 1000:
            yield Breach(
                code="dose",
                field=f"amount_{row}",
                message=N_("%(dose)s mg is too much: at most %(most)s mg in a session"),
                values=(("dose", milligrams(dose)), ("most", milligrams(limit.hard_ug * 1000))),
                source=limit.hard_source,
                status=limit.hard_status,
            )


def unusual(case: Case) -> Iterator[Breach]:
    """Yield every dose outside of the soft limits."""
    for ingredient, (row, dose) in _doses(case).items():
        limit = limits.INGREDIENT_LIMITS[ingredient]
        if dose > limit.soft_ug * 1000:
            yield Breach(
                code="dose_unusual",
                field=f"amount_{row}",
                message=UNUSUAL,
                values=(
                    ("product", case.used[row - 1].name),
                    ("dose", milligrams(dose)),
                    ("most", milligrams(limit.soft_ug * 1000)),
                ),
                source=limit.soft_source,
                status=limit.soft_status,
            )
    used = list(anaesthetics(case))
    if len({(lot.ingredient, lot.has_adrenaline) for _, lot in used}) > 1:
        yield Breach(
            code="two_anaesthetics",
            field=f"lot_{used[-1][0]}",
            message=N_("%(products)s in one session: the labels advise against two anaesthetics"),
            values=(("products", ", ".join(lot.name for _, lot in used)),),
            source="LIDO",
            status=Confidence.LABEL,
        )
    alike: dict[tuple[str, bool], tuple[int, UsedLot, int]] = {}
    for row, lot in used:
        # Without an ingredient nobody knows what is alike: such a lot stands for itself.
        key = (lot.ingredient or f"row {row}", lot.has_adrenaline)
        dose = alike[key][2] if key in alike else 0
        alike[key] = (row, lot, dose + (lot.dose_ng or 0))
    for row, lot, dose in alike.values():
        yield from _unusual_anaesthetic(case, row, lot, dose)


def _unusual_anaesthetic(case: Case, row: int, lot: UsedLot, dose: int) -> Iterator[Breach]:
    """`dose` is that of all lots of the same agent, in nanograms."""
    limit = limits.anaesthetic_limit(lot.ingredient, has_adrenaline=lot.has_adrenaline)
    if limit is None:
        amount = sum(
            one.amount_ul or 0
            for _, one in anaesthetics(case)
            if one is lot or (lot.ingredient and one.ingredient == lot.ingredient)
        )
        yield Breach(
            code="anaesthetic_unknown",
            field=f"lot_{row}",
            message=N_("%(product)s, %(ml)s mL: no limit is known here, check its label"),
            values=(("product", lot.name), ("ml", show_thousandths(amount))),
        )
        return
    weight = case.content.weight_g
    if weight is None or dose <= limit.usual_ng(weight):
        return
    yield Breach(
        code="anaesthetic_unusual",
        field=f"amount_{row}",
        message=UNUSUAL,
        values=(
            ("product", lot.name),
            ("dose", milligrams(dose)),
            ("most", milligrams(limit.usual_ng(weight))),
            ("mass", show_thousandths(weight)),
        ),
        source=limit.source,
        status=limit.status,
    )


def _refused_anaesthetics(case: Case) -> Iterator[Breach]:
    used = list(anaesthetics(case))
    if not used:
        return
    content = case.content
    if content.weight_g is None:
        yield Breach(
            code="weight_missing",
            field="weight",
            message=N_("Enter the weight: the limit of the anaesthetic depends on it"),
            source="LIDO",
            status=Confidence.LABEL,
        )
        return
    yield from _weight_too_old(case)
    shares = [
        (row, lot, limit, Fraction(lot.dose_ng, limit.most_ng(content.weight_g)))
        for row, lot in used
        if lot.dose_ng is not None
        and (limit := limits.anaesthetic_limit(lot.ingredient, has_adrenaline=lot.has_adrenaline))
    ]
    if sum(share for *_, share in shares) > 1:
        yield _too_much(shares, content.weight_g)


def _weight_too_old(case: Case) -> Iterator[Breach]:
    measured = case.content.weight_on
    if measured is None or measured > case.on:
        yield Breach(
            code="weight_on_missing",
            field="weight_on",
            message=N_("Enter the day on which the weight was measured"),
        )
        return
    age, most = (case.on - measured).days, weight_valid_days(case.birth_date, case.on)
    if age > most:
        yield Breach(
            code="weight_too_old",
            field="weight_on",
            message=N_("Weigh again: measured %(age)s days ago, at most %(most)s are allowed"),
            values=(("age", age), ("most", most)),
            source="DD",
            status=Confidence.DESIGN_DEFAULT,
        )


def _too_much(
    shares: Sequence[tuple[int, UsedLot, AnaestheticLimit, Fraction]], weight_g: int
) -> Breach:
    row, lot, limit, _ = shares[-1]
    mass = show_thousandths(weight_g)
    if len(shares) == 1:
        assert lot.dose_ng is not None
        most = limit.most_ng(weight_g)
        return Breach(
            code="anaesthetic",
            field=f"amount_{row}",
            message=N_("%(dose)s mg is too much for %(mass)s kg: at most %(most)s mg (%(ml)s mL)"),
            values=(
                ("dose", milligrams(lot.dose_ng)),
                ("mass", mass),
                ("most", milligrams(most)),
                ("ml", show_thousandths(most // (lot.strength_ug_per_ml or 1))),
            ),
            source=limit.source,
            status=limit.status,
        )
    return Breach(
        code="anaesthetics_together",
        field=f"amount_{row}",
        message=N_("Together the anaesthetics are over the limit for %(mass)s kg: %(parts)s"),
        values=(
            ("mass", mass),
            ("parts", " + ".join(_percent(share) for *_, share in shares)),
        ),
        source=limit.source,
        status=limit.status,
    )


def _percent(share: Fraction) -> str:
    tenths = -(-share.numerator * 1000 // share.denominator)
    return f"{show_thousandths(tenths * 100)} %"
