"""How numbers and decisions of rules are called on pages; everything is marked for translation."""

from clinic.catalog.values import Modality
from clinic.core.text import N_
from clinic.safety.values import Decision

NUMBER_NAMES: dict[str, str] = {
    "contraception": N_("Contraception after the last dose for"),
    "critical": N_("Critical below"),
    "dutasteride": N_("Waiting time after dutasteride"),
    "fever": N_("Fever from"),
    "finasteride": N_("Waiting time after finasteride"),
    "firm": N_("Begins after the firm waiting time of"),
    "high": N_("High from"),
    "high_diastolic": N_("High from, lower value"),
    "limit": N_("Limit"),
    "low": N_("Low below"),
    "months": N_("Without hair for"),
    "normal_high": N_("Normal up to"),
    "normal_low": N_("Normal from"),
    "open": N_("Opened for at most"),
    "policy": N_("Policy of the clinic: 1 on, 0 off"),
    "salt": N_("SALT score from"),
    "same_day": N_("Measured before the visit at most"),
    "severe": N_("Severe below"),
    "test_valid": N_("A test counts for"),
    "told": N_("Tell when planned within"),
    "unconfirmed": N_("Asked again after"),
    "usual": N_("Usual interval"),
    "valid": N_("Counts for"),
    "valid_abnormal": N_("An abnormal result counts for"),
    "window": N_("Waiting time"),
    "window_platelets": N_("Waiting time after giving platelets"),
    "years": N_("Age from"),
}
DECISION_NAMES: dict[Decision, str] = {
    Decision.BLOCK: N_("Stop: cannot be given"),
    Decision.DEFER: N_("Not yet: another date"),
    Decision.REVIEW: N_("A physician decides first"),
    Decision.WARN: N_("Caution: one tick before the start"),
}
"""What a case may decide, strongest first."""
TREATMENTS = tuple(modality for modality in Modality if modality.is_treatment)


def number_name(name: str) -> str:
    """Return what a number of a rule is called; its own name where nobody has given it words."""
    return NUMBER_NAMES.get(name, name.replace("_", " ").capitalize())
