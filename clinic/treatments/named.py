"""What the keys of a session stand for, in words and numbers: kept with it when it is signed."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from clinic.catalog.values import Modality, RegulatoryClass
from clinic.core.text import N_
from clinic.core.zones import Zone
from clinic.safety.values import Confidence, Message
from clinic.treatments.delivery import Technique, ZoneDose
from clinic.treatments.rules.limits import Bound
from clinic.treatments.rules.protocol import Protocol
from clinic.treatments.values import Heading

NAMED_TODAY = N_(
    "Signed before names were kept with the signature: products, makers, people and devices are"
    " as named today."
)
NO_PROTOCOL = Protocol(doses={}, is_shipped=False, source="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What stands on the pack of a lot."""

    product: str
    manufacturer: str
    regulatory_class: RegulatoryClass
    strength_ug_per_ml: int | None
    lot_no: str
    gtin: str
    """The number of its product's only package; empty where there are several, or none is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Who and what a session names; once signed, as it was said on the day."""

    patient: str
    born: dt.date | None
    file_number: str
    heading: Heading
    people: Mapping[int, str]
    """{account id: name} of everybody who did a step."""
    labels: Mapping[int, Label]
    """{number of the lot in the session: its label}."""
    preset: str
    centrifuge: str
    protocol: Protocol
    """In force at the signature; empty where it was not kept."""
    areas: Mapping[Zone, int]
    """{zone: mm²} where somebody measured it."""
    per_cm2: Bound | None
    """What is usual on a square centimetre, in µL; None where nothing is."""
    unusual: tuple[Message, ...] = ()
    """What was listed as unusual when it was signed."""
    is_kept: bool = True
    """False: it was not kept at the signature, and is as it is named today."""


def without_limits(named: Named) -> Named:
    """Return names of today for a session whose protocol nobody kept: today's was not its own."""
    return replace(named, protocol=NO_PROTOCOL, per_cm2=None, is_kept=False)


def plain_of(named: Named) -> dict[str, Any]:
    """Return what is kept and signed: texts, whole numbers and nothing else."""
    return {
        "patient": named.patient,
        "born": named.born.isoformat() if named.born else None,
        "file_number": named.file_number,
        "heading": asdict(named.heading) | {"modality": named.heading.modality.value},
        "people": {str(account_id): name for account_id, name in named.people.items()},
        "labels": {
            str(seq): asdict(label) | {"regulatory_class": label.regulatory_class.value}
            for seq, label in named.labels.items()
        },
        "preset": named.preset,
        "centrifuge": named.centrifuge,
        "protocol": {
            "is_shipped": named.protocol.is_shipped,
            "source": named.protocol.source,
            "doses": {zone.value: _plain_dose(one) for zone, one in named.protocol.doses.items()},
        },
        "areas": {zone.value: area for zone, area in named.areas.items()},
        "unusual": [
            {"message": one.msgid, "values": [list(pair) for pair in one.values]}
            for one in named.unusual
        ],
        "per_cm2": asdict(named.per_cm2) | {"status": named.per_cm2.status.value}
        if named.per_cm2
        else None,
    }


def read(kept: Mapping[str, Any]) -> Named | None:
    """Return what was kept with a signed session; None when it is not what is ever kept."""
    try:
        return _read(kept)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # Somebody wrote around the lock: the hash says so, no page may fail over it.


def _read(kept: Mapping[str, Any]) -> Named:
    heading, protocol, per_cm2 = kept["heading"], kept["protocol"], kept["per_cm2"]
    return Named(
        patient=kept["patient"],
        born=dt.date.fromisoformat(kept["born"]) if kept["born"] else None,
        file_number=kept["file_number"],
        heading=Heading(**heading | {"modality": Modality(heading["modality"])}),
        people={int(account_id): name for account_id, name in kept["people"].items()},
        labels={
            int(seq): Label(
                **label | {"regulatory_class": RegulatoryClass(label["regulatory_class"])}
            )
            for seq, label in kept["labels"].items()
        },
        preset=kept["preset"],
        centrifuge=kept["centrifuge"],
        protocol=Protocol(
            doses={Zone(zone): _dose(Zone(zone), one) for zone, one in protocol["doses"].items()},
            is_shipped=protocol["is_shipped"],
            source=protocol["source"],
        ),
        areas={Zone(zone): area for zone, area in kept["areas"].items()},
        unusual=messages(kept["unusual"]),
        per_cm2=Bound(**per_cm2 | {"status": Confidence(per_cm2["status"])}) if per_cm2 else None,
    )


def messages(kept: Iterable[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Return sentences that were kept, to be said in the reader's language."""
    return tuple(
        Message(
            msgid=one["message"],
            values=tuple(
                (name, Zone(value) if name == "zone" else value) for name, value in one["values"]
            ),
        )
        for one in kept
    )


def _plain_dose(dose: ZoneDose) -> dict[str, Any]:
    technique = dose.technique.value if dose.technique else None
    plain = asdict(dose) | {"technique": technique}
    del plain["zone"]  # It is the key.
    return plain


def _dose(zone: Zone, kept: Mapping[str, Any]) -> ZoneDose:
    technique = Technique(kept["technique"]) if kept["technique"] else None
    return ZoneDose(**{**kept, "technique": technique}, zone=zone)
