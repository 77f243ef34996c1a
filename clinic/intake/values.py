"""What is written down about a patient by hand: sections of facts, stages of hair loss, replies."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from clinic.core.text import N_
from clinic.patients.values import Sex
from clinic.safety.rules.answers import Answer
from clinic.safety.values import FactState


class Section(StrEnum):
    """One form of the facts page, and the group of facts it writes."""

    CONDITION = "condition"
    MEDICINE = "medicine"
    ALLERGY = "allergy"
    PREGNANCY = "pregnancy"
    RESULT = "result"
    STAGE = "stage"
    HAIR = "hair"


SECTION_NAMES: dict[Section, str] = {
    Section.CONDITION: N_("Conditions"),
    Section.MEDICINE: N_("Medicines"),
    Section.ALLERGY: N_("Allergies"),
    Section.PREGNANCY: N_("Pregnancy and breastfeeding"),
    Section.RESULT: N_("Laboratory values and measurements"),
    Section.STAGE: N_("Stage of hair loss"),
    Section.HAIR: N_("Hair in the zones"),
}

STATE_NAMES: dict[FactState, str] = {
    FactState.PRESENT: N_("Yes"),
    FactState.ABSENT: N_("No"),
    FactState.UNSURE: N_("Don't know"),
}
HAIR_NAMES: dict[FactState, str] = {
    FactState.PRESENT: N_("hair present"),
    FactState.ABSENT: N_("no hair"),
    FactState.UNSURE: N_("not sure"),
}


class Scale(StrEnum):
    """A scale of hair loss."""

    NORWOOD = "norwood"
    LUDWIG = "ludwig"
    SINCLAIR = "sinclair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of a scale."""

    code: str
    scale: Scale
    name: str
    usual_for: Sex
    """The sex the scale was made for; another is a reason to look twice, never to refuse."""


def _norwood(code: str, step: str) -> Stage:
    return Stage(
        code=f"norwood_{code}",
        scale=Scale.NORWOOD,
        name=f"Norwood-Hamilton {step}",
        usual_for=Sex.MALE,
    )


def _female(scale: Scale, number: int, step: str) -> Stage:
    return Stage(
        code=f"{scale}_{number}",
        scale=scale,
        name=f"{scale.title()} {step}",
        usual_for=Sex.FEMALE,
    )


STAGES: dict[str, Stage] = {
    stage.code: stage
    for stage in (
        _norwood("i", "I"),
        _norwood("ii", "II"),
        _norwood("iia", "IIa"),
        _norwood("iii", "III"),
        _norwood("iiia", "IIIa"),
        _norwood("iii_vertex", "III vertex"),
        _norwood("iv", "IV"),
        _norwood("iva", "IVa"),
        _norwood("v", "V"),
        _norwood("va", "Va"),
        _norwood("vi", "VI"),
        _norwood("vii", "VII"),
        *(_female(Scale.LUDWIG, n, step) for n, step in enumerate(("I", "II", "III"), 1)),
        *(_female(Scale.SINCLAIR, n, str(n)) for n in range(1, 6)),
    )
}
"""Proper names of clinical.md section 4; they are not translated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReply:
    """What was answered to one group of questions, or that nothing has changed."""

    group: str
    is_unchanged: bool = False
    answers: Mapping[str, Answer]
    """By question code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReply:
    """Whether something recorded earlier still holds, or when it ended."""

    fact_id: int
    ended_on: dt.date | None
    """None: still so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerQuestions:
    """Record what was answered before a visit."""

    appointment_id: int
    groups: tuple[GroupReply, ...] = ()
    open_records: tuple[OpenReply, ...] = ()
    form_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOnTablet:
    """Record what the patient answered alone."""

    groups: tuple[GroupReply, ...]
