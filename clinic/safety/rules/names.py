"""How the things of the check are called on pages; everything is marked for translation."""

from clinic.catalog.values import INGREDIENTS
from clinic.core.text import N_
from clinic.safety.values import Confidence, FactSource, Moment, RuleKind, Scope

SOURCE_NAMES: dict[FactSource, str] = {
    FactSource.PATIENT: N_("Patient"),
    FactSource.STAFF: N_("Asked at the clinic"),
    FactSource.PHYSICIAN: N_("Examined by a physician"),
    FactSource.LETTER: N_("Letter or laboratory report"),
    FactSource.IMPORTED: N_("Imported"),
    FactSource.SYSTEM: N_("Written by the system"),
}
CONFIDENCE_NAMES: dict[Confidence, str] = {
    Confidence.GUIDELINE: N_("Guideline or standard"),
    Confidence.LABEL: N_("Product label"),
    Confidence.PAPER: N_("One paper or consistent practice"),
    Confidence.CONVENTION: N_("Convention"),
    Confidence.DESIGN_DEFAULT: N_("Design default of this product, not a guideline"),
    Confidence.CLINIC: N_("Set by this clinic"),
}
KIND_NAMES: dict[RuleKind, str] = {
    RuleKind.ABSOLUTE: N_("Absolute"),
    RuleKind.TEMPORARY: N_("Temporary"),
    RuleKind.RELATIVE: N_("Relative"),
    RuleKind.EFFICACY: N_("Efficacy"),
    RuleKind.NOTICE: N_("Notice"),
}
SCOPE_NAMES: dict[Scope, str] = {
    Scope.PATIENT: N_("The patient"),
    Scope.SESSION: N_("The session"),
    Scope.ZONE: N_("Only the zone concerned"),
    Scope.INGREDIENT: N_("Only the ingredient concerned"),
}
MOMENT_NAMES: dict[Moment, str] = {
    Moment.BOOKING: N_("Booking"),
    Moment.CHECK_IN: N_("Arrival"),
    Moment.START: N_("Start of the session"),
    Moment.RECHECK: N_("A change of what is known"),
}
ITEM_NAMES: dict[str, str] = INGREDIENTS | {
    "chlorhexidine": N_("Chlorhexidine"),
    "latex": N_("Latex"),
}
"""What a finding of one ingredient may be about: the list of products knows not all of it."""
