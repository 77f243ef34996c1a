"""Anaesthesia and antisepsis: what contradicts the lots, or a patient's allergy."""

from collections.abc import Iterator

from clinic.core.text import N_
from clinic.treatments.delivery import ANTISEPSIS_NAMES, Anaesthesia
from clinic.treatments.rules import dose
from clinic.treatments.rules.barring import Bars
from clinic.treatments.values import Breach, Case


def refused(case: Case, found: Bars) -> Iterator[Breach]:
    """Yield what cannot be true together, and an antiseptic that the patient must not get."""
    said = case.content.anaesthesia
    if Anaesthesia.NONE in said and len(said) > 1:
        yield _of_anaesthesia("anaesthesia_none", N_("“None” stands alone: take back the others"))
    elif Anaesthesia.NONE in said and any(dose.anaesthetics(case)):
        yield _of_anaesthesia(
            "anaesthesia_none",
            N_("There is a local anaesthetic among the lots: say how it was used"),
        )
    agent = case.content.antisepsis
    if agent is not None and agent.ingredient in found.ingredients:
        yield Breach(
            code="antisepsis_barred",
            field="antisepsis",
            message=N_("%(product)s must not be used: %(reason)s"),
            values=(
                ("product", ANTISEPSIS_NAMES[agent]),
                ("reason", found.ingredients[agent.ingredient].name),
            ),
        )


def unusual(case: Case) -> Iterator[Breach]:
    """Yield an anaesthesia by a drug of which no lot is named."""
    drugs = [one.value for one in case.content.anaesthesia if one.is_drug]
    if drugs and not dose.is_any_anaesthetic(case):
        yield Breach(
            code="anaesthesia_without_lot",
            field="anaesthesia",
            message=N_("A local anaesthetic was given, but no lot of it is named"),
            values=(("exact", " ".join(drugs)),),
        )


def _of_anaesthesia(code: str, message: str) -> Breach:
    return Breach(code=code, field="anaesthesia", message=message)
