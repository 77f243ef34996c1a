"""Stages of hair loss: when to look twice."""

from clinic.intake.values import STAGES
from clinic.patients.values import Sex


def is_unusual(code: str, sex: Sex) -> bool:
    """Tell whether a scale was made for the other sex. Never a reason to refuse (clinical.md 4)."""
    stage = STAGES[code]
    return sex in {Sex.FEMALE, Sex.MALE} and sex is not stage.usual_for
