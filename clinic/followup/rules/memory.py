"""What a side effect leaves behind for later checks: of the patient, of zones, of ingredients.

It stays when the side effect is closed; a physician who finds otherwise records it as absent.
Source: clinical.md section 5, column "next-visit flag".
"""

from dataclasses import dataclass

from clinic.catalog.values import Modality
from clinic.core.zones import Zone
from clinic.followup.rules.terms import Term
from clinic.safety.rules.codes import Codes
from clinic.safety.values import FactKind, Scope
from clinic.treatments.values import UsedUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One fact to keep."""

    kind: FactKind
    code: str
    zone: Zone | None = None


def memories(term: Term, zone: Zone | None, used: UsedUp, codes: Codes) -> tuple[Memory, ...]:
    """Return what to keep, ordered, each once.

    A zone that was not named is each zone that was treated; none treated, and it is the whole
    scalp. An ingredient is kept as its allergy or its effect; what was given and is on no list,
    and the patient's own plasma, as the side effect itself, unless a known agent explains it.
    """
    if term.history_of is Scope.ZONE:
        treated: list[Zone | None] = [*sorted(used.zones)]
        zones = [zone] if zone is not None else treated or [None]
        return tuple(
            Memory(kind=FactKind.CONDITION, code=code, zone=each)
            for code in term.history
            for each in zones
        )
    found: list[Memory] = []
    is_plasma = used.modality is Modality.PRP
    history = term.history
    if term.history_of is Scope.INGREDIENT:
        kind = FactKind.ALLERGY if term.is_allergy else FactKind.CONDITION
        given = used.ingredients & term.agents if term.agents else used.ingredients
        named = [codes.of_ingredient(kind, ingredient) for ingredient in sorted(given)]
        found = [Memory(kind=kind, code=code) for code in named if code]
        if found and (term.agents or not (is_plasma or used.is_partly_off_list)):
            return tuple(dict.fromkeys(found))
        if not is_plasma:
            history = term.history_off_list or term.history
    for code in history:
        concept = codes.concept(code)
        assert concept is not None, code
        found.append(Memory(kind=concept.kind, code=code))
    return tuple(dict.fromkeys(found))
