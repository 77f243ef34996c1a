"""What the safety check bars from a session: zones and ingredients, each with its reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from clinic.core.text import N_
from clinic.core.zones import Zone
from clinic.safety.rules.known import key
from clinic.safety.values import Decision, Fact, FactKind, Finding, History, Scope
from clinic.treatments.rules import scalp
from clinic.treatments.values import Breach, Site, UsedLot


@dataclass(frozen=True, slots=True)
class Bars:
    """The strongest finding by zone and by ingredient, none of them released."""

    zones: Mapping[Zone, Finding] = field(default_factory=dict)
    """Must be left out."""
    ingredients: Mapping[str, Finding] = field(default_factory=dict)
    """Must be left out."""
    doubtful_zones: Mapping[Zone, Finding] = field(default_factory=dict)
    """A physician decides about them, or a question is open."""
    doubtful_ingredients: Mapping[str, Finding] = field(default_factory=dict)
    noted_ingredients: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    """May be used; each notice is ticked."""


def bars(standing: Iterable[Finding]) -> Bars:
    """Return what findings, given strongest first, mean for single zones and ingredients."""
    zones: dict[Zone, Finding] = {}
    ingredients: dict[str, Finding] = {}
    doubtful_zones: dict[Zone, Finding] = {}
    doubtful_ingredients: dict[str, Finding] = {}
    noted: dict[str, tuple[Finding, ...]] = {}
    for finding in standing:
        is_barred = finding.decision >= Decision.DEFER
        if finding.decision is Decision.WARN and finding.ingredient is not None:
            noted[finding.ingredient] = (*noted.get(finding.ingredient, ()), finding)
        if not is_barred and not _is_doubtful(finding):
            continue
        if finding.scope is Scope.ZONE and finding.zone is not None:
            (zones if is_barred else doubtful_zones).setdefault(finding.zone, finding)
        elif finding.scope is Scope.INGREDIENT and finding.ingredient is not None:
            (ingredients if is_barred else doubtful_ingredients).setdefault(
                finding.ingredient, finding
            )
    return Bars(zones, ingredients, doubtful_zones, doubtful_ingredients, noted)


def refused(found: Bars, sites: Iterable[Site], used: Iterable[UsedLot]) -> tuple[Breach, ...]:
    """Return what was treated or used although it is barred."""
    return (
        *_zones(sites, found.zones, "zone_barred", N_("%(zone)s must not be treated: %(reason)s")),
        *_lots(
            used, found.ingredients, "lot_barred", N_("%(product)s must not be used: %(reason)s")
        ),
    )


def unusual(found: Bars, sites: Iterable[Site], used: Iterable[UsedLot]) -> tuple[Breach, ...]:
    """Return what was treated or used although a physician has not decided about it yet, and
    the notices about what was used.
    """
    used = tuple(used)
    return (
        *_notices(used, found),
        *_zones(
            sites,
            found.doubtful_zones,
            "zone_doubtful",
            N_("%(zone)s: the physician decides, because of %(reason)s"),
        ),
        *_lots(
            used,
            found.doubtful_ingredients,
            "lot_doubtful",
            N_("%(product)s: the physician decides, because of %(reason)s"),
        ),
    )


def misplaced(sites: Iterable[Site], *, version: str) -> tuple[Breach, ...]:
    """Return the points that do not lie in the zone they name, on the drawing of `version`."""
    return tuple(
        Breach(
            code="misplaced",
            field="points",
            message=N_("Point %(n)s does not lie in its zone: %(zone)s"),
            values=(("n", site.seq), ("zone", site.zone)),
        )
        for site in sites
        if site.place is not None
        and not scalp.is_on(
            site.zone,
            site.place.view,
            site.place.x_permille,
            site.place.y_permille,
            version=version,
        )
    )


def newest(history: History, kind: FactKind) -> tuple[Fact, ...]:
    """Return the newest statement of each code of a kind, newest first."""
    latest: dict[str, Fact] = {}
    for fact in sorted((fact for fact in history.facts if fact.kind is kind), key=key):
        latest[fact.code] = fact
    return tuple(sorted(latest.values(), key=key, reverse=True))


def _is_doubtful(finding: Finding) -> bool:
    is_open = finding.decision is Decision.ASK and not finding.never_refuses
    return is_open or finding.decision is Decision.REVIEW


def _zones(
    sites: Iterable[Site], found: Mapping[Zone, Finding], code: str, words: str
) -> list[Breach]:
    treated = dict.fromkeys(site.zone for site in sites)
    return [
        Breach(
            code=code,
            field="points",
            message=words,
            values=(("zone", zone), ("reason", found[zone].name)),
        )
        for zone in treated
        if zone in found
    ]


def _lots(
    used: Iterable[UsedLot], found: Mapping[str, Finding], code: str, words: str
) -> list[Breach]:
    return [
        Breach(
            code=code,
            field=f"lot_{row}",
            message=words,
            values=(("product", lot.name), ("reason", found[key].name)),
        )
        for row, lot in enumerate(used, 1)
        if (key := lot.ingredient or lot.name) in found
    ]


def _notices(used: Iterable[UsedLot], found: Bars) -> list[Breach]:
    return [
        Breach(
            code="lot_noted",
            field=f"lot_{row}",
            message=N_("%(product)s: bear in mind: %(reason)s"),
            values=(("product", lot.name), ("reason", finding.name)),
        )
        for row, lot in enumerate(used, 1)
        for finding in found.noted_ingredients.get(lot.ingredient, ())
    ]
