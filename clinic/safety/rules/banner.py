"""The short words that stand beside a patient's name on every page about them."""

from collections.abc import Callable

from clinic.catalog.values import Modality
from clinic.core.access import Role
from clinic.core.text import N_
from clinic.core.zones import Zone
from clinic.patients.values import PatientWarning
from clinic.safety.rules.known import WEIGHT, Known
from clinic.safety.rules.passage import CLINICAL_ROLES
from clinic.safety.rules.redaction import STATUS_NAMES, for_reception
from clinic.safety.values import (
    Decision,
    Fact,
    FactKind,
    FactState,
    Finding,
    History,
    PlannedTreatment,
    ReceptionStatus,
    Scope,
    Screening,
    Truth,
)

MOST = 5
"""Chips that fit beside a name; the strongest come first, the rest is counted."""
USUAL_ZONES = frozenset({Zone.FRONTAL_HAIRLINE, Zone.MIDSCALP, Zone.VERTEX})
"""What is treated while nothing is recorded about the hair of any zone (design default)."""
NONE_KNOWN = "no_known_allergy"
"""A stated fact, and no warning."""
QUESTIONS_OPEN = N_("Questions open")
_LEVELS = {
    ReceptionStatus.STOP: "stop",
    ReceptionStatus.LATER: "defer",
    ReceptionStatus.REVIEW: "review",
    ReceptionStatus.QUESTIONS: "ask",
    ReceptionStatus.CLEAR: "clear",
    ReceptionStatus.NOT_CHECKED: "unknown",
}


def planned_zones(history: History) -> frozenset[Zone]:
    """Return the zones whose hair is on record; while none has hair, the usual ones as well.

    A bald zone alone must not bar a treatment that was meant for others.
    """
    seen = [fact for fact in history.facts if fact.kind is FactKind.HAIR and fact.zone]
    known = frozenset(
        fact.zone for fact in seen if fact.zone and fact.state is not FactState.UNSURE
    )
    if any(fact.state is FactState.PRESENT for fact in seen):
        return known
    return known | USUAL_ZONES


def usual_plan(
    history: History, modality: Modality, *, consent_version: str | None = None
) -> PlannedTreatment:
    """Return what a treatment of this kind would be: the zones whose hair is on record."""
    return PlannedTreatment(
        modality=modality,
        zones=planned_zones(history),
        consent_version=consent_version,
    )


def warnings(
    screening: Screening, history: History, role: Role, name_of: Callable[[str], str]
) -> tuple[PatientWarning, ...]:
    """Return the chips for a role, strongest first; texts are recorded words or marked ones.

    Clinicians read what was found and every allergy; other roles one word, and none when clear.
    """
    if role not in CLINICAL_ROLES:
        status = for_reception(screening).status
        if status is ReceptionStatus.CLEAR:
            return ()
        return (PatientWarning(level=_LEVELS[status], text=STATUS_NAMES[status]),)
    found: dict[str, PatientWarning] = {}
    for finding in screening.findings:
        if finding.truth is Truth.PRESENT:
            text = _short(finding, name_of)
            # What bars one zone or ingredient leaves the rest treatable: no stop sign for that.
            is_whole = finding.scope in {Scope.PATIENT, Scope.SESSION}
            level = finding.decision if is_whole else min(finding.decision, Decision.WARN)
            found.setdefault(text, PatientWarning(level=level.value, text=text))
    for fact in _allergies(history):
        text = fact.label or name_of(fact.code)
        found.setdefault(text, PatientWarning(level=Decision.WARN.value, text=text))
    chips = sorted(found.values(), key=lambda chip: -Decision(chip.level).rank)
    if len(chips) > MOST:
        chips = [*chips[:MOST], PatientWarning(level="note", text=f"+{len(chips) - MOST}")]
    if any(f.decision is Decision.ASK and not f.never_refuses for f in screening.findings):
        chips.append(PatientWarning(level=Decision.ASK.value, text=QUESTIONS_OPEN))
    return tuple(chips)


def _short(finding: Finding, name_of: Callable[[str], str]) -> str:
    """Return the thing itself where the finding rests on one, else the name of the rule."""
    if len(finding.used) != 1 or finding.used[0].value_milli is not None:
        return finding.name
    fact = finding.used[0]
    if fact.kind not in {FactKind.CONDITION, FactKind.MEDICATION, FactKind.ALLERGY}:
        return finding.name
    return fact.label or name_of(fact.code)


def _allergies(history: History) -> list[Fact]:
    known = Known(history)
    latest: dict[str, Fact] = {}
    for fact in known.of_kind(FactKind.ALLERGY):
        earlier = latest.get(fact.code)
        # Somebody less sure does not take an allergy away.
        is_kept = earlier is not None and WEIGHT[fact.source] < WEIGHT[earlier.source]
        if fact.state is FactState.PRESENT or not is_kept:
            latest[fact.code] = fact
    return [
        fact
        for fact in latest.values()
        if fact.state is FactState.PRESENT and fact.ended_on is None and fact.code != NONE_KNOWN
    ]
