"""What the demo's patients have to tell: all answered and clear, or one thing that is not."""

import datetime as dt
from collections.abc import Callable

from clinic.core.zones import Zone
from clinic.safety import queries as safety_queries
from clinic.safety.values import FactKind, FactSource, FactState, RecordFact

HAIRY = (Zone.FRONTAL_HAIRLINE, Zone.MIDSCALP, Zone.VERTEX)
Recipe = Callable[[int, dt.date], list[RecordFact]]


def _fact(patient_id: int, on: dt.date, kind: FactKind, code: str, **rest: object) -> RecordFact:
    return RecordFact(patient_id=patient_id, kind=kind, code=code, noted_on=on, **rest)  # type: ignore[arg-type]  # passed through


def answers(patient_id: int, on: dt.date) -> list[RecordFact]:
    """Every question group answered with no on that day."""
    return [
        _fact(patient_id, on, FactKind.REVIEW, group.code, source=FactSource.PATIENT)
        for group in safety_queries.rules().groups
    ]


def record(patient_id: int, on: dt.date) -> list[RecordFact]:
    """What is taken once at the first visit: hair by zone, allergies, weight, blood count."""
    hair = [
        _fact(patient_id, on, FactKind.HAIR, "hair", zone=zone, source=FactSource.PHYSICIAN)
        for zone in HAIRY
    ]
    return [
        *hair,
        _fact(patient_id, on, FactKind.ALLERGY, "no_known_allergy", label="No known allergy"),
        _fact(
            patient_id,
            on,
            FactKind.VITAL,
            "weight",
            value_milli=(58 + patient_id % 37) * 1000,
            unit="kg",
        ),
        blood_count(patient_id, on, 180 + patient_id % 140),
    ]


def blood_count(patient_id: int, on: dt.date, platelets: int) -> RecordFact:
    """A platelet count in 10^9/L."""
    return _fact(
        patient_id,
        on,
        FactKind.LAB,
        "platelets",
        value_milli=platelets * 1000,
        unit="10*9/L",
        as_reported=f"{platelets} x10^9/L",
        source=FactSource.LETTER,
    )


def fresh_blood_count(patient_id: int, on: dt.date) -> list[RecordFact]:
    """A count from the morning of the visit."""
    return [blood_count(patient_id, on, 175 + (patient_id * 7 + on.day) % 150)]


def haemophilia(patient_id: int, on: dt.date) -> list[RecordFact]:
    """A bleeding disorder, told at the phone after the booking: nobody may release it."""
    return [
        _fact(
            patient_id,
            on,
            FactKind.CONDITION,
            "haemophilia",
            label="Haemophilia A, mild",
            source=FactSource.LETTER,
        )
    ]


def ibuprofen(patient_id: int, on: dt.date) -> list[RecordFact]:
    """Ibuprofen taken yesterday: clear two days after the last dose."""
    return [
        _fact(
            patient_id,
            on,
            FactKind.MEDICATION,
            "nsaid",
            label="Ibuprofen 400 mg",
            began_on=on - dt.timedelta(days=2),
            ended_on=on - dt.timedelta(days=1),
            source=FactSource.PATIENT,
        )
    ]


def apixaban(patient_id: int, on: dt.date) -> list[RecordFact]:
    """A blood thinner, going on: a physician decides for each visit."""
    return [
        _fact(
            patient_id,
            on,
            FactKind.MEDICATION,
            "anticoagulant",
            label="Apixaban 5 mg twice a day",
            began_on=on - dt.timedelta(days=120),
            source=FactSource.LETTER,
        )
    ]


def clopidogrel(patient_id: int, on: dt.date) -> list[RecordFact]:
    """Heart medicine, prescribed: released by a physician for this visit."""
    return [
        _fact(
            patient_id,
            on,
            FactKind.MEDICATION,
            "antiplatelet",
            label="Clopidogrel 75 mg",
            began_on=on - dt.timedelta(days=400),
            source=FactSource.LETTER,
        )
    ]


def low_platelets(patient_id: int, on: dt.date) -> list[RecordFact]:
    """A platelet count below the usual range."""
    return [blood_count(patient_id, on, 138)]


def unsure_of_painkiller(patient_id: int, on: dt.date) -> list[RecordFact]:
    """Somebody who does not remember: unknown is never "no"."""
    return [
        _fact(
            patient_id,
            on,
            FactKind.MEDICATION,
            "nsaid",
            state=FactState.UNSURE,
            source=FactSource.PATIENT,
        )
    ]
