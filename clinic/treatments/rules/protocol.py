"""The protocol of a service: what a zone is given by one tap, and how much of it is usual.

What is shipped is a design default, never a guideline; a clinic writes its own for each service.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from clinic.catalog.values import Modality
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.core.zones import Zone
from clinic.treatments.delivery import Technique, ZoneDose
from clinic.treatments.rules import limits, volumes
from clinic.treatments.values import Breach, Case

SHIPPED_SOURCE = {Modality.PRP: "AGG, DD", Modality.MESOTHERAPY: "GK, DD"}
"""Volume, depth and needle of a point are after these; how many points a zone gets is ours."""
_POINTS: Mapping[Zone, int] = MappingProxyType(
    {
        Zone.FRONTAL_HAIRLINE: 12,
        Zone.FRONTOTEMPORAL_L: 6,
        Zone.FRONTOTEMPORAL_R: 6,
        Zone.MIDSCALP: 16,
        Zone.VERTEX: 18,
        Zone.PARIETAL_L: 10,
        Zone.PARIETAL_R: 10,
        Zone.TEMPORAL_L: 6,
        Zone.TEMPORAL_R: 6,
        Zone.OCCIPITAL: 12,
    }
)


class Fit(StrEnum):
    """How what a zone was given stands to its usual range."""

    UNDER = "under"
    WITHIN = "within"
    OVER = "over"


FIT_NAMES: dict[Fit, str] = {
    Fit.UNDER: N_("under it"),
    Fit.WITHIN: N_("within it"),
    Fit.OVER: N_("over it"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """The doses of a service by zone, and whose they are."""

    doses: Mapping[Zone, ZoneDose]
    is_shipped: bool
    source: str
    """Key of clinical.md for what is shipped; empty: the clinic's own."""


def shipped(modality: Modality) -> Protocol:
    """Return the protocol that a service has until the clinic writes its own."""
    each_ul, depth_um, gauge = (100, 3_000, 30) if modality is Modality.PRP else (50, 2_000, 32)
    return Protocol(
        doses={
            zone: ZoneDose(
                zone=zone,
                points=points,
                each_ul=each_ul,
                depth_um=depth_um,
                needle_gauge=gauge,
                needle_um=4_000,
                technique=Technique.POINT_BY_POINT,
            )
            for zone, points in _POINTS.items()
        },
        is_shipped=True,
        source=SHIPPED_SOURCE.get(modality, "DD"),
    )


def fit(dose: ZoneDose | None, volume_ul: int) -> Fit | None:
    """Return how a volume stands to the range of its zone; None where the protocol has no range."""
    if dose is None or dose.least_ul is None or dose.most_ul is None or not volume_ul:
        return None
    if volume_ul < dose.least_ul:
        return Fit.UNDER
    return Fit.OVER if volume_ul > dose.most_ul else Fit.WITHIN


def unusual(case: Case, protocol: Protocol, areas: Mapping[Zone, int]) -> Iterator[Breach]:
    """Yield the zones that were given less or more than their range; `areas` in mm².

    mL/cm² is judged for PRP only, where the zone has an area [AGG].
    """
    for zone, (_, volume) in volumes.by_zone(case.content.sites).items():
        dose = protocol.doses.get(zone)
        if dose is not None and fit(dose, volume) in {Fit.UNDER, Fit.OVER}:
            yield Breach(
                code="zone_dose_unusual",
                field="points",
                message=N_(
                    "%(zone)s: %(ml)s mL, the clinic’s protocol says %(least)s to %(most)s mL"
                ),
                values=(
                    ("zone", zone),
                    ("ml", show_thousandths(volume)),
                    ("least", show_thousandths(dose.least_ul or 0)),
                    ("most", show_thousandths(dose.most_ul or 0)),
                ),
            )
        area = areas.get(zone)
        if case.modality is Modality.PRP and area and not limits.PER_CM2.holds(volume * 100, area):
            yield Breach(
                code="density_unusual",
                field="points",
                message=N_("%(zone)s: %(ml)s mL/cm², usual are %(least)s to %(most)s mL/cm²"),
                values=(
                    ("zone", zone),
                    ("ml", show_thousandths(round(volume * 100 / area))),
                    ("least", show_thousandths(limits.PER_CM2.least)),
                    ("most", show_thousandths(limits.PER_CM2.most)),
                    ("exact", f"{volume}/{area}"),
                ),
                source=limits.PER_CM2.source,
                status=limits.PER_CM2.status,
            )
