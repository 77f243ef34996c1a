"""The screening: every rule on one plan and one date, the strongest decision, the next clear date.

Pure and total: the same input gives the same screening, whatever the order of the facts; no
rule is skipped because another has spoken.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, Protocol, TypeVar

from clinic.catalog.values import Modality
from clinic.core.zones import Zone
from clinic.safety.rules.known import Known, facts_hash, text
from clinic.safety.rules.language import Applies, Case, Rule
from clinic.safety.rules.logic import verdict
from clinic.safety.rules.silence import audience
from clinic.safety.rules.verdicts import Hit, Question, Values, Verdict
from clinic.safety.values import (
    Decision,
    Fact,
    Finding,
    History,
    Message,
    PlannedTreatment,
    Releasable,
    RuleKind,
    Scope,
    Screening,
    Truth,
)

T = TypeVar("T")
_MOST_DATES = 400
"""Dates tried at most in search of a clear one; each is the end of a finding."""


class Match(NamedTuple):
    """A case that holds, or a rule that is unknown, before it is put into words."""

    rule: Rule
    case: Case | None
    """None for an unknown."""
    kind: RuleKind
    scope: Scope
    decision: Decision
    verdict: Verdict
    zone: Zone | None
    ingredient: str | None


class _Weighed(Protocol):
    """What bears on a visit: a match, or the finding made of it."""

    @property
    def scope(self) -> Scope: ...
    @property
    def decision(self) -> Decision: ...
    @property
    def zone(self) -> Zone | None: ...
    @property
    def ingredient(self) -> str | None: ...


def screen(
    history: History,
    plan: PlannedTreatment,
    on: dt.date,
    rules: Sequence[Rule],
    *,
    edition: str = "",
) -> Screening:
    """Check a plan on a date against the rules.

    `on` is the clinic-local date of the treatment, not of the booking. Findings come strongest
    first. A consultation is screened by nothing. Without rules the screening is not checked.
    A future session that is already booked may be given as a fact of kind treatment. `edition`
    names the rules; other rules change the hash of what was looked at.
    """
    known = Known(history)
    applied = () if plan.modality is Modality.CONSULTATION else rules
    found = matches(known, plan, on, applied)
    dates = _dates(known, plan, on, applied, found)
    return Screening(
        on=on,
        plan=plan,
        decision=visit_decision(found, plan),
        findings=tuple(_said(match, on) for match in sorted(found, key=_order)),
        earliest_clear_on=dates.clear_on,
        bookable_from=dates.bookable_from,
        may_show_clear_date=dates.may_show_clear,
        may_show_bookable_date=dates.may_show_bookable,
        blocked_zones=barred_zones(found),
        blocked_ingredients=barred_ingredients(found),
        is_checked=bool(rules) or plan.modality is Modality.CONSULTATION,
        facts_hash=facts_hash(known, plan, edition),
    )


def visit_decision(found: Collection[_Weighed], plan: PlannedTreatment) -> Decision:
    """Return the strongest decision for the whole visit.

    What bars a zone or an ingredient counts as WARN while another one remains; when none of the
    planned ones remains, the visit waits for the first to become free.
    """
    strongest = Decision.ALLOW
    for item in found:
        decision = item.decision
        if decision > strongest:
            is_part = decision >= Decision.DEFER and not _is_whole(item.scope)
            strongest = max(strongest, Decision.WARN) if is_part else decision
    if plan.zones and plan.zones <= barred_zones(found):
        strongest = max(
            strongest,
            min(max(i.decision for i in found if i.zone is zone) for zone in plan.zones),
        )
    if plan.ingredients and plan.ingredients <= barred_ingredients(found):
        strongest = max(
            strongest,
            min(max(i.decision for i in found if i.ingredient == a) for a in plan.ingredients),
        )
    return strongest


def barred_zones(found: Iterable[_Weighed]) -> frozenset[Zone]:
    """Return the zones that must be left out on that day."""
    return frozenset(
        i.zone for i in found if i.scope is Scope.ZONE and i.decision >= Decision.DEFER and i.zone
    )


def barred_ingredients(found: Iterable[_Weighed]) -> frozenset[str]:
    """Return the ingredients that must be left out on that day."""
    return frozenset(
        i.ingredient
        for i in found
        if i.scope is Scope.INGREDIENT and i.decision >= Decision.DEFER and i.ingredient
    )


def _is_whole(scope: Scope) -> bool:
    return scope in {Scope.PATIENT, Scope.SESSION}


def matches(
    known: Known, plan: PlannedTreatment, on: dt.date, rules: Sequence[Rule]
) -> list[Match]:
    """Return what holds on a date, rule by rule, without words and without a look ahead."""
    # Made once: most rules are asked about the visit, the others all about the same few.
    visit = [Question(known, on, plan)]
    zones = [Question(known, on, plan, zone=zone) for zone in sorted(plan.zones or known.zones)]
    found: list[Match] = []
    for rule, applies in audience(rules, plan.modality).speaking(known, on):
        for asked in _targets(rule, visit, zones):
            found.extend(_matches_of(rule, applies, asked))
    return found


def _targets(rule: Rule, visit: list[Question], zones: list[Question]) -> list[Question]:
    """Return what the rule is asked about: the visit, or each zone or ingredient of it.

    While no zones are planned yet, those that facts name are looked at; while no ingredients are,
    a rule that speaks before the plan looks at all of its own, and asks once for the visit. Items
    on no list of products are looked at whatever is planned.
    """
    if rule.scope is Scope.ZONE:
        return zones
    if rule.scope is not Scope.INGREDIENT:
        return visit
    planned = visit[0].plan.ingredients
    if planned:
        wanted = planned & rule.ingredients if rule.ingredients else planned
        return [visit[0]._replace(ingredient=i) for i in sorted(wanted | rule.unlisted)]
    own = rule.ingredients if rule.is_before_plan else frozenset[str]()
    asked = visit if rule.is_before_plan else []
    return [*asked, *(visit[0]._replace(ingredient=i) for i in sorted(own | rule.unlisted))]


def _matches_of(rule: Rule, applies: Applies, asked: Question) -> list[Match]:
    """Return the cases that hold, without those a stronger one has said of the same facts."""
    kind = rule.kind if applies.weaker is None else RuleKind.NOTICE
    zone, ingredient = asked.zone, asked.ingredient
    found: list[Match] = []
    unknown: list[tuple[Decision, Verdict]] = []
    said: set[int] = set()
    for case in rule.cases:
        answer = verdict(case.when, asked)
        if answer.value is False:
            continue
        decision = case.decision
        if applies.weaker is not None:
            decision = min(decision, applies.weaker)
        if answer.value is None:
            unknown.append((decision, answer))
        else:
            facts = {id(hit.fact) for hit in answer.hits}
            if found and facts <= said:
                continue
            said |= facts
            found.append(Match(rule, case, kind, rule.scope, decision, answer, zone, ingredient))
    if not unknown or rule.unknown is None:
        return found
    strongest = max(match.decision for match in found) if found else Decision.ALLOW
    open_cases = [answer for decision, answer in unknown if decision > strongest]
    is_target_planned = (zone is None or zone in asked.plan.zones) and (
        ingredient is None or ingredient in asked.plan.ingredients
    )
    if open_cases and is_target_planned:
        answer = _together(open_cases)
        found.append(Match(rule, None, kind, rule.scope, rule.unknown, answer, zone, ingredient))
    return found


def _together(unknown: list[Verdict]) -> Verdict:
    if len(unknown) == 1:
        return unknown[0]
    return Verdict(
        None,
        hits=tuple(hit for answer in unknown for hit in answer.hits),
        missing=tuple(m for answer in unknown for m in answer.missing),
    )


@dataclass(slots=True)
class _Dates:
    clear_on: dt.date | None = None
    bookable_from: dt.date | None = None
    may_show_clear: bool = True
    may_show_bookable: bool = True


def _dates(
    known: Known, plan: PlannedTreatment, on: dt.date, rules: Sequence[Rule], found: list[Match]
) -> _Dates:
    """Find the first bookable and the first clear date by screening every date something ends.

    An open-ended DEFER or a BLOCK gives no date at all: if it rests on evidence, its going out
    of date would look like a clear day.
    """
    dates = _Dates()
    day = on
    waiting: set[dt.date] = set()
    for _ in range(_MOST_DATES):
        if any(_is_open_stop(match) for match in found):
            return dates
        is_stopped = visit_decision(found, plan) >= Decision.DEFER
        timed = [match for match in found if match.verdict.until is not None]
        if dates.bookable_from is None:
            if not is_stopped:
                dates.bookable_from = day
            elif any(m.decision >= Decision.DEFER and not m.rule.may_show_date for m in timed):
                dates.may_show_bookable = False
        if not timed and not is_stopped:
            dates.clear_on = day
            return dates
        if not all(match.rule.may_show_date for match in timed):
            dates.may_show_clear = False
        waiting.update(m.verdict.until for m in timed if m.verdict.until is not None)
        waiting = {later for later in waiting if later > day}
        if not waiting:
            return dates
        day = min(waiting)
        found = matches(known, plan, day, rules)
    return dates


def _is_open_stop(match: Match) -> bool:
    return (
        match.decision >= Decision.DEFER and match.verdict.until is None and _is_whole(match.scope)
    )


def _order(match: Match) -> tuple[int, bool, str, str, str]:
    return (
        -match.decision.rank,
        match.case is None,
        match.rule.code,
        match.zone or match.ingredient or "",
        match.case.name if match.case else "",
    )


def _said(match: Match, on: dt.date) -> Finding:
    if match.case is None and not match.verdict.hits:
        return _not_known(match, on)
    return _finding(match, on)


@lru_cache(maxsize=4096)
def _not_known(match: Match, on: dt.date) -> Finding:
    """Keep the words for what nothing is recorded of: they are the same for most people."""
    return _finding(match, on)


def _finding(match: Match, on: dt.date) -> Finding:
    rule, case, answer = match.rule, match.case, match.verdict
    used = _distinct([hit.fact for hit in answer.hits if hit.fact is not None])
    clears_on = answer.until if case is not None else None
    return Finding(
        rule_code=rule.code,
        rule_version=rule.version,
        case=case.name if case else "unknown",
        name=rule.name,
        kind=match.kind,
        scope=match.scope,
        truth=Truth.PRESENT if case else Truth.UNKNOWN,
        decision=match.decision,
        zone=match.zone,
        ingredient=match.ingredient,
        message=_message(match),
        arithmetic=_distinct([hit.arithmetic for hit in answer.hits]),
        used=used,
        missing=_distinct(answer.missing),
        clears_on=clears_on,
        releasable=case.releasable if case else Releasable.NOBODY,
        clears=rule.clears,
        sources=rule.sources,
        confidence=rule.confidence,
        number_confidence=rule.number_confidence,
        reception=case.reception if case else "",
        may_show_date=rule.may_show_date,
        fingerprint=_fingerprint(match, used, on),
    )


def _message(match: Match) -> Message:
    place: Values = ()
    if match.zone is not None:
        place = (("zone", match.zone),)
    elif match.ingredient is not None:
        place = (("ingredient", match.ingredient),)
    if match.case is None:
        return Message(msgid=match.rule.physician_unknown, values=place)
    hit = _deciding(match.verdict.hits)
    values = dict(place)
    if hit is not None:
        values.update(hit.values)
        names = dict.fromkeys(v for h in match.verdict.hits for n, v in h.values if n == "fact")
        if names:
            values["fact"] = ", ".join(str(name) for name in names)
    case = match.case
    wording = case.physician_open if match.verdict.until is None else case.physician
    for number in match.rule.numbers:
        if f"%({number.name})s" in wording:
            values.setdefault(number.name, number.value)
    return Message(msgid=wording, values=tuple(values.items()))


def _deciding(hits: tuple[Hit, ...]) -> Hit | None:
    """Return the hit that holds longest: without an end, else with the latest."""
    if not hits:
        return None
    return max(hits, key=lambda hit: (hit.until is None, hit.until or dt.date.min))


def _distinct(values: Collection[T]) -> tuple[T, ...]:
    """Return each value once, in their order; most findings have one, and hashing it costs."""
    return tuple(values if len(values) < 2 else dict.fromkeys(values))


def _fingerprint(match: Match, used: tuple[Fact, ...], on: dt.date) -> str:
    """Return what a release holds on to.

    A new fact, a new version or another case changes it. Where time is part of it, so does
    another date: who released one day after a dose has not released the same day, and what puts
    a treatment off was judged for the day that was in view.
    """
    case = match.case.name if match.case else "unknown"
    is_of_the_day = match.verdict.until is not None or match.decision >= Decision.DEFER
    day = on.isoformat() if is_of_the_day else ""
    parts = (
        match.rule.code,
        str(match.rule.version),
        match.rule.content_hash,
        case,
        match.decision,
        match.zone or "",
        match.ingredient or "",
        day,
        *(text(fact) for fact in used),
    )
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
