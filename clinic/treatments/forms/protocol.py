"""The protocol of a service as it is typed: one row a zone."""

from typing import Any, cast

from clinic.catalog.values import Modality
from clinic.core.text import N_
from clinic.core.zones import ZONE_NAMES, Zone
from clinic.treatments.delivery import TECHNIQUE_NAMES, KeepProtocol, Technique, ZoneDose
from clinic.treatments.rules import limits
from clinic.treatments.rules.protocol import Protocol
from clinic.web.formats import ltr
from clinic.web.forms import (
    REQUIRED,
    AmountField,
    ChoiceField,
    EnumField,
    VersionField,
    WholeField,
    given,
)
from clinic.web.password_again import AskingForm
from clinic.web.words import translate

HEADS: dict[str, str] = {
    "points": N_("Points"),
    "each": N_("mL a point"),
    "depth": N_("Depth, mm"),
    "gauge": N_("Needle, G"),
    "needle": N_("Its length, mm"),
    "technique": N_("Technique"),
    "least": N_("From mL in all"),
    "most": N_("To mL in all"),
}
OF_ZONE = N_("%(what)s: %(zone)s")
BOTH = N_("Give both ends of the range, or neither")
ORDER = N_("Not less than where the range begins, please")
_NEEDED = ("each", "depth", "gauge")


class ProtocolForm(AskingForm):
    """What each zone is given; a zone without points has no dose of its own."""

    version = VersionField()

    def __init__(self, formdata: Any = None, **values: Any) -> None:
        super().__init__(formdata, **values)
        gauges = range(limits.GAUGE.hard.least, limits.GAUGE.hard.most + 1)
        for zone, name in ZONE_NAMES.items():
            for column, what in HEADS.items():
                words = translate(OF_ZONE, what=translate(what), zone=translate(name))
                self[f"{column}_{zone.value}"].label.text = words
            gauge = cast("ChoiceField", self[f"gauge_{zone.value}"])
            gauge.offer(((n, ltr(n)) for n in gauges), blank="–")

    def fit(self, modality: Modality) -> None:
        """Take the hard limits of what the service injects."""
        injection = limits.INJECTION[modality]
        for zone in Zone:
            for column, limit in (("each", injection.each), ("depth", injection.depth)):
                field = cast("AmountField", self[f"{column}_{zone.value}"])
                field.least, field.most = limit.hard.least, limit.hard.most
            for column in ("least", "most"):
                cast("AmountField", self[f"{column}_{zone.value}"]).most = injection.total.hard.most

    def rows(self) -> list[tuple[Zone, list[Any]]]:
        """Return the fields of each zone, in the order of the heads."""
        return [(zone, [self[f"{column}_{zone.value}"] for column in HEADS]) for zone in Zone]

    def validate(self, extra_validators: Any = None) -> bool:
        """Also look at each zone as a whole."""
        is_good = super().validate(extra_validators)
        for zone in Zone:
            has = {column: self[f"{column}_{zone.value}"].data for column in HEADS}
            if has["points"]:
                for column in _NEEDED:
                    if not has[column] and not self[f"{column}_{zone.value}"].errors:
                        self.refuse(f"{column}_{zone.value}", REQUIRED)
                        is_good = False
            if (has["least"] is None) != (has["most"] is None):
                self.refuse(f"most_{zone.value}", BOTH)
                is_good = False
            elif has["least"] is not None and has["least"] > has["most"]:
                self.refuse(f"most_{zone.value}", ORDER)
                is_good = False
        return is_good

    def wish(self, service_id: int) -> KeepProtocol:
        """Return what to keep, after validate()."""
        return KeepProtocol(
            service_id=service_id,
            version=given(self.version.data),
            doses=tuple(
                self._dose(zone) for zone in Zone if self[f"points_{zone.value}"].data is not None
            ),
        )

    def _dose(self, zone: Zone) -> ZoneDose:
        has = {column: self[f"{column}_{zone.value}"].data for column in HEADS}
        return ZoneDose(
            zone=zone,
            points=has["points"],
            each_ul=has["each"],
            depth_um=has["depth"],
            needle_gauge=int(has["gauge"]),
            needle_um=has["needle"],
            technique=cast("EnumField", self[f"technique_{zone.value}"]).member(),
            least_ul=has["least"],
            most_ul=has["most"],
        )


def shown(protocol: Protocol, version: int) -> dict[str, Any]:
    """Return a protocol as its form begins with it."""
    data: dict[str, Any] = {"version": version}
    for zone, dose in protocol.doses.items():
        data |= {
            f"points_{zone.value}": dose.points,
            f"each_{zone.value}": dose.each_ul,
            f"depth_{zone.value}": dose.depth_um,
            f"gauge_{zone.value}": str(dose.needle_gauge),
            f"needle_{zone.value}": dose.needle_um,
            f"technique_{zone.value}": dose.technique,
            f"least_{zone.value}": dose.least_ul,
            f"most_{zone.value}": dose.most_ul,
        }
    return data


for _zone in Zone:  # Flat fields: a form of rows that works without a script.
    for _column, _field in (
        ("points", WholeField(optional=True, least=1, most=limits.POINTS.hard.most)),
        ("each", AmountField(optional=True, most=500)),
        ("depth", AmountField(optional=True, most=13_000)),
        ("gauge", ChoiceField(optional=True)),
        (
            "needle",
            AmountField(
                optional=True, least=limits.NEEDLE.hard.least, most=limits.NEEDLE.hard.most
            ),
        ),
        (
            "technique",
            EnumField("", Technique, TECHNIQUE_NAMES, optional=True, blank=N_("Not noted")),
        ),
        ("least", AmountField(optional=True, most=20_000)),
        ("most", AmountField(optional=True, most=20_000)),
    ):
        setattr(ProtocolForm, f"{_column}_{_zone.value}", _field)
