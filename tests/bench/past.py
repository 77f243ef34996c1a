"""What is known about the benchmark's patients: answers, results, hair, medicines, consents."""

import datetime as dt
import random
from collections.abc import Iterator

from clinic.core.zones import Zone
from clinic.safety import queries as safety_queries
from clinic.safety.rules.answers import Answer, Reply, facts_of
from clinic.safety.values import Fact, FactKind, FactSource, FactState
from tests.bench.load import Row, Step
from tests.bench.sizes import NOW, TODAY, Size
from tests.bench.visits import Visits

ZONES = (Zone.FRONTAL_HAIRLINE, Zone.MIDSCALP, Zone.VERTEX)
GROUPS = (
    *("bleeding", "blood_thinners", "blood_infection", "scars_and_fainting"),
    *("health", "allergies"),
)
"""Question groups that everybody has answered with No; the others are asked at each visit."""
_MEDICINES = (
    ("antihypertensive", "Ramipril 5 mg", 0.10),
    ("finasteride", "Finasteride 1 mg", 0.10),
    ("nsaid", "Ibuprofen 400 mg", 0.05),
    ("antiplatelet", "Aspirin 100 mg", 0.03),
    ("anticoagulant", "Enoxaparin 40 mg", 0.02),
    ("steroid_systemic", "Prednisolone 20 mg", 0.01),
    ("other_medicine", "Levothyroxine 75 µg", 0.69),
)
_CODES, _LABELS, _SHARES = zip(*_MEDICINES, strict=True)


class Past:
    """Facts and consents of everybody."""

    def __init__(self, size: Size, visits: Visits) -> None:
        self._size, self._visits = size, visits
        self._answered = _all_no()
        self.each = len(self._answered) + 2 + len(ZONES) + 2
        """Facts of one patient, without those that sessions left behind."""

    def steps(self) -> list[Step]:
        """Return the facts and the papers."""
        facts = Step(
            table="patient_fact",
            columns=(
                "id", "patient_id", "recorded_by_id", "kind", "code", "state", "label", "zone",
                "began_on", "ended_on", "noted_on", "value_milli", "unit", "as_reported", "source",
                "recorded_at", "error_reason",
            ),
            count=self._size.patients * self.each + self._size.sessions,
            rows=self._facts,
        )  # fmt: skip
        consents = Step(
            table="consent",
            columns=(
                "id", "patient_id", "text_id", "taken_by_id", "kind", "given_on", "photo_record",
                "photo_teaching", "photo_publication", "signed_how", "language", "signer",
                "guardian", "interpreter", "recorded_at",
            ),
            count=self._size.patients * 2,
            rows=self._consents,
        )  # fmt: skip
        return [facts, consents]

    def _facts(self) -> Iterator[Row]:
        number = 0
        for fact in self._of_people():
            number += 1
            yield number, *fact
        for visit in self._visits.treated():
            number += 1
            day = visit.start.date()
            yield (
                number, visit.patient, 1, "treatment", "mesotherapy", "present", "", None, None,
                None, day, None, None, "", "system", visit.start, "",
            )  # fmt: skip

    def _of_people(self) -> Iterator[Row]:
        dice = random.Random(2)
        for patient in range(1, self._size.patients + 1):
            asked = TODAY - dt.timedelta(days=dice.randrange(400))
            for fact in self._answered:
                yield _row(patient, fact.kind, fact.code, fact.state, noted_on=asked)
            drawn = TODAY - dt.timedelta(days=dice.randrange(120))
            platelets, haemoglobin = dice.randrange(140, 400), dice.randrange(110, 170)
            for code, milli, unit in (
                ("platelets", platelets * 1000, "10*9/L"),
                ("haemoglobin", haemoglobin * 100, "g/dL"),
            ):
                yield _row(patient, FactKind.LAB, code, milli=milli, unit=unit, noted_on=drawn)
            for zone in ZONES:
                looked = TODAY - dt.timedelta(days=dice.randrange(200))
                yield _row(patient, FactKind.HAIR, "hair", zone=zone.value, noted_on=looked)
            which = dice.choices(range(len(_CODES)), _SHARES)[0]
            last = TODAY - dt.timedelta(days=dice.randrange(90))
            yield _row(
                patient, FactKind.MEDICATION, _CODES[which], label=_LABELS[which],
                began_on=TODAY - dt.timedelta(days=500),
                ended_on=last if dice.random() < 0.5 else None,
                noted_on=TODAY - dt.timedelta(days=dice.randrange(300)),
            )  # fmt: skip
            yield _row(patient, FactKind.ALLERGY, "latex", FactState.ABSENT, noted_on=asked)

    def _consents(self) -> Iterator[Row]:
        dice = random.Random(3)
        number = 0
        for patient in range(1, self._size.patients + 1):
            given_on = TODAY - dt.timedelta(days=dice.randrange(500))
            for text, kind in ((1, "prp"), (2, "mesotherapy")):
                number += 1
                no_photographs, on_paper = (False, False, False), ("paper", "", "", "", "")
                yield number, patient, text, 3, kind, given_on, *no_photographs, *on_paper, NOW


def _all_no() -> tuple[Fact, ...]:
    groups = {group.code: group for group in safety_queries.rules().groups}
    return tuple(
        fact
        for code in GROUPS
        for fact in facts_of(
            groups[code],
            {question.code: Answer(reply=Reply.NO) for question in groups[code].questions},
            on=TODAY,
            source=FactSource.PATIENT,
            recorded_by="",
        )
    )


def _row(
    patient: int,
    kind: FactKind,
    code: str,
    state: FactState = FactState.PRESENT,
    *,
    noted_on: dt.date,
    label: str = "",
    zone: str | None = None,
    began_on: dt.date | None = None,
    ended_on: dt.date | None = None,
    milli: int | None = None,
    unit: str | None = None,
) -> Row:
    written = dt.datetime.combine(noted_on, dt.time(9, 0, patient % 60), dt.UTC)
    return (
        patient, 3, kind.value, code, state.value, label, zone, began_on, ended_on, noted_on, milli,
        unit, "", "staff", written, "",
    )  # fmt: skip
