"""Points and what is injected: whether volumes, depths and needles are inside their limits."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from clinic.catalog.values import Modality, ProductKind
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.core.zones import Zone
from clinic.safety.values import Confidence
from clinic.treatments.rules import limits
from clinic.treatments.rules.limits import Limit
from clinic.treatments.values import Breach, Case, Content, Site

_NAMED = 6
"""Points named one by one in a message; more are summed up."""
_FINEST = Decimal("0.0001")


def total_ul(sites: Iterable[Site]) -> int:
    """Return the volume of all points together."""
    return sum(site.volume_ul for site in sites)


def count(sites: Iterable[Site]) -> int:
    """Return the number of points."""
    return sum(site.points for site in sites)


def by_zone(sites: Iterable[Site]) -> dict[Zone, tuple[int, int]]:
    """Return {zone: (points, microlitres)} of the zones that were treated, in the usual order."""
    sums = dict.fromkeys(Zone, (0, 0))
    for site in sites:
        points, volume = sums[site.zone]
        sums[site.zone] = points + site.points, volume + site.volume_ul
    return {zone: both for zone, both in sums.items() if both[0]}


def refused(case: Case) -> Iterator[Breach]:
    """Yield everything about volumes and points that cannot be right."""
    yield from _refused_numbers(case.content)
    yield from _refused_sites(case)


def unusual(case: Case) -> Iterator[Breach]:
    """Yield everything about volumes and points that is outside of the soft limits."""
    yield from _unusual_numbers(case)
    yield from _unusual_sites(case)


def _numbers(content: Content) -> Iterator[tuple[Limit, int]]:
    for limit, value in (
        (limits.WEIGHT, content.weight_g),
        (limits.PAIN, content.pain),
        (limits.SPACING, content.spacing_um),
    ):
        if value is not None:
            yield limit, value


def shown(limit: Limit, value: int) -> str:
    """Return a number of a limit as its sentence says it."""
    return str(value) if limit.is_whole else show_thousandths(value)


def refusal(limit: Limit, field: str, **values: str) -> Breach:
    """Return the sentence of a hard limit, with its bounds."""
    return Breach(
        code=limit.code,
        field=field,
        message=limit.hard_words,
        values=(
            ("least", shown(limit, limit.hard.least)),
            ("most", shown(limit, limit.hard.most)),
            *values.items(),
        ),
        source=limit.hard.source,
        status=limit.hard.status,
    )


def unusually(limit: Limit, field: str, *, value: str, **values: str) -> Breach:
    """Return the sentence of a soft limit, with its bounds and the value that a tick accepts."""
    assert limit.soft is not None
    return Breach(
        code=f"{limit.code}_unusual",
        field=field,
        message=limit.soft_words,
        values=(
            ("least", shown(limit, limit.soft.least)),
            ("most", shown(limit, limit.soft.most)),
            ("value", value),
            *values.items(),
        ),
        source=limit.soft.source,
        status=limit.soft.status,
    )


def _refused_numbers(content: Content) -> Iterator[Breach]:
    for limit, value in _numbers(content):
        if not limit.hard.holds(value):
            yield refusal(limit, limit.code)


def _unusual_numbers(case: Case) -> Iterator[Breach]:
    for limit, value in _numbers(case.content):
        if limit.soft is not None and not limit.soft.holds(value):
            yield unusually(limit, limit.code, value=shown(limit, value))


def _measured(case: Case) -> Iterator[tuple[Limit, list[tuple[Site, int, int]]]]:
    """Yield each limit of single points, with (row, value, divided by) of every row."""
    sites = case.content.sites
    injection = limits.INJECTION[case.modality]
    yield injection.each, [(site, site.volume_ul, site.points) for site in sites]
    yield injection.depth, [(site, site.depth_um, 1) for site in sites]
    yield limits.GAUGE, [(site, site.needle_gauge, 1) for site in sites]
    yield limits.NEEDLE, [(site, site.needle_um, 1) for site in sites if site.needle_um]


def _refused_sites(case: Case) -> Iterator[Breach]:
    sites = case.content.sites
    for limit, measured in _measured(case):
        bad = [one for one in measured if not limit.hard.holds(*one[1:])]
        if bad:
            yield refusal(limit, "points", **_named(limit, bad))
    if count(sites) > limits.POINTS.hard.most:
        yield refusal(limits.POINTS, "points", value=str(count(sites)))
    limit = limits.INJECTION[case.modality].total
    if total_ul(sites) > limit.hard.most:
        yield refusal(limit, "points", value=show_thousandths(total_ul(sites)))
    yield from _more_than_there_was(case, total_ul(sites))


def _there(case: Case) -> tuple[int | None, str, str]:
    """Return how much there was to inject, None where it is not known; what more and less say."""
    if case.modality is Modality.PRP:
        return (
            case.prepared_ul,
            N_("%(total)s mL were injected, but only %(there)s mL of PRP were obtained"),
            N_("%(total)s of %(there)s mL of PRP were injected: more than a fifth is left"),
        )
    amounts = [lot.amount_ul for lot in case.used]
    known = [amount for amount in amounts if amount is not None]
    return (
        sum(known) if amounts and len(known) == len(amounts) else None,
        N_("%(total)s mL were injected, but only %(there)s mL were drawn up"),
        N_("%(total)s of %(there)s mL drawn up were injected: more than a fifth is left"),
    )


def _more_than_there_was(case: Case, total: int) -> Iterator[Breach]:
    there, more, _ = _there(case)
    if there is not None and total > there:
        yield Breach(
            code="more_than_there_was",
            field="points",
            message=more,
            values=(("total", show_thousandths(total)), ("there", show_thousandths(there))),
        )


def _less_than_there_was(case: Case, total: int) -> Iterator[Breach]:
    # A block or a cream is used beside the syringe that the points are given from.
    mixed = tuple(lot for lot in case.used if lot.kind is not ProductKind.ANAESTHETIC)
    there, _, less = _there(replace(case, used=mixed))
    if there is not None and total * 100 < there * limits.GIVEN_PERCENT:
        yield Breach(
            code="less_than_there_was",
            field="points",
            message=less,
            values=(("total", show_thousandths(total)), ("there", show_thousandths(there))),
            source="DD",
            status=Confidence.DESIGN_DEFAULT,
        )


def _unusual_sites(case: Case) -> Iterator[Breach]:
    sites = case.content.sites
    for limit, measured in _measured(case):
        soft = limit.soft
        odd = [one for one in measured if soft and not soft.holds(*one[1:])]
        if odd:
            yield unusually(limit, "points", **_named(limit, odd))
    if not sites:
        return
    usual = limits.POINTS.soft
    if case.modality is Modality.PRP and usual and not usual.holds(count(sites)):
        yield unusually(limits.POINTS, "points", value=str(count(sites)))
    total = limits.INJECTION[case.modality].total
    if total.soft and not total.soft.holds(total_ul(sites)):
        yield unusually(total, "points", value=show_thousandths(total_ul(sites)))
    yield from _less_than_there_was(case, total_ul(sites))


def _named(limit: Limit, rows: Sequence[tuple[Site, int, int]]) -> dict[str, str]:
    """Return what a sentence says of (row, value, divided by): which, from what to what.

    `exact` is not said: it makes the mark of a tick stand for each of them.
    """
    values = sorted({Decimal(value) / of for _, value, of in rows})
    ends = [values[0], values[-1]] if len(values) > 1 else values
    return {
        "points": _points([site for site, *_ in rows]),
        "value": " – ".join(_number(limit, end) for end in ends),
        "exact": " ".join(f"{site.seq}:{value}/{of}" for site, value, of in rows),
    }


def _number(limit: Limit, value: Decimal) -> str:
    exact = value if limit.is_whole else value / 1000
    return f"{exact.quantize(_FINEST).normalize():f}"


def _points(sites: Sequence[Site]) -> str:
    named = ", ".join(str(site.seq) for site in sites[:_NAMED])
    return f"{named}, … (+{len(sites) - _NAMED})" if len(sites) > _NAMED else named
