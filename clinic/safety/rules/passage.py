"""What a screening lets somebody do: book, let the patient arrive, start (clinical.md 1.0)."""

import datetime as dt
from collections.abc import Collection
from functools import lru_cache

from clinic.catalog.values import Modality
from clinic.core.access import Role
from clinic.safety.rules.known import Known
from clinic.safety.rules.language import Rule
from clinic.safety.rules.screening import (
    barred_ingredients,
    barred_zones,
    matches,
    visit_decision,
)
from clinic.safety.values import (
    Decision,
    Finding,
    History,
    Moment,
    Outcome,
    Passage,
    PlannedTreatment,
    Releasable,
    Scope,
    Screening,
)

AHEAD_DAYS = 7
"""Days ahead from which an open-ended deferral may be booked to be checked again (clinical.md)."""
CLINICAL_ROLES = frozenset({Role.NURSE, Role.PHYSICIAN})


def passage(
    screening: Screening,
    moment: Moment,
    role: Role,
    releases: Collection[str] = (),
    *,
    today: dt.date,
) -> Passage:
    """Tell what the role may do at the moment, and which findings stand in the way.

    `releases` are the fingerprints that physicians released for this visit; only findings that
    a physician may release heed them. `today` is the clinic-local day of the act. For roles
    without clinical content the answer names no finding, and no date that must stay hidden.
    """
    released = tuple(f for f in screening.findings if is_released(f, releases))
    standing = tuple(f for f in screening.findings if not is_released(f, releases))
    decision = visit_decision(standing, screening.plan)
    stops = _stops(standing, screening, decision)
    must_recheck = False
    offers_from = None
    if moment is Moment.START:
        outcome, in_the_way = _start(screening, standing, stops)
    elif moment is Moment.CHECK_IN:
        in_the_way = stops if decision is Decision.BLOCK else ()
        outcome = Outcome.REFUSED if in_the_way else Outcome.GO
    else:
        in_the_way = stops
        outcome = Outcome.REFUSED if stops else Outcome.GO
        if stops and decision is Decision.DEFER:
            offers_from = screening.bookable_from
            is_ahead = (screening.on - today).days >= AHEAD_DAYS
            if any(f.is_open_ended for f in stops) and role in CLINICAL_ROLES and is_ahead:
                outcome, must_recheck = Outcome.REASON, True
    if role not in CLINICAL_ROLES:
        may_show = screening.may_show_bookable_date
        return Passage(
            moment=moment, outcome=outcome, offers_from=offers_from if may_show else None
        )
    return Passage(
        moment=moment,
        outcome=outcome,
        in_the_way=in_the_way,
        releasable=tuple(f for f in in_the_way if f.releasable is Releasable.PHYSICIAN),
        released=released,
        to_acknowledge=tuple(f for f in standing if f not in stops and _is_tick(f)),
        to_answer=tuple(f for f in standing if f.decision is Decision.ASK),
        offers_from=offers_from,
        must_recheck=must_recheck,
        without_zones=barred_zones(standing),
        without_ingredients=barred_ingredients(standing),
    )


def is_released(finding: Finding, releases: Collection[str]) -> bool:
    """Tell whether a physician's release holds for this finding.

    An unknown is never released: it is settled by an answer or an evidence.
    """
    return finding.releasable is Releasable.PHYSICIAN and finding.fingerprint in releases


def hides_its_end(
    history: History, plan: PlannedTreatment, on: dt.date, rules: tuple[Rule, ...]
) -> bool:
    """Tell whether something stops the whole treatment whose end reception must not learn.

    Asks only the rules that could: a third of them.
    """
    if plan.modality is Modality.CONSULTATION:
        return False
    found = matches(Known(history), plan, on, _without_a_date(rules))
    return any(match.decision >= Decision.DEFER for match in found)


@lru_cache(maxsize=8)
def _without_a_date(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    whole = {Scope.PATIENT, Scope.SESSION}
    return tuple(rule for rule in rules if rule.scope in whole and not rule.may_show_date)


def _stops(
    standing: tuple[Finding, ...], screening: Screening, decision: Decision
) -> tuple[Finding, ...]:
    """Return what defers or blocks the whole visit, barred zones only when none is left."""
    if decision < Decision.DEFER:
        return ()
    plan = screening.plan
    no_zone = bool(plan.zones) and plan.zones <= barred_zones(standing)
    no_ingredient = bool(plan.ingredients) and plan.ingredients <= barred_ingredients(standing)
    return tuple(
        f
        for f in standing
        if f.decision >= Decision.DEFER
        and (
            f.scope in {Scope.PATIENT, Scope.SESSION}
            or (f.scope is Scope.ZONE and no_zone)
            or (f.scope is Scope.INGREDIENT and no_ingredient)
        )
    )


def _start(
    screening: Screening, standing: tuple[Finding, ...], stops: tuple[Finding, ...]
) -> tuple[Outcome, tuple[Finding, ...]]:
    in_the_way = tuple(
        f
        for f in standing
        if f in stops
        or f.decision is Decision.REVIEW
        or (f.decision is Decision.ASK and not f.never_refuses)
    )
    if in_the_way or not screening.is_checked:
        return Outcome.REFUSED, in_the_way
    if any(_is_tick(f) for f in standing):
        return Outcome.ACKNOWLEDGE, ()
    return Outcome.GO, ()


def _is_tick(finding: Finding) -> bool:
    """Tell whether the clinician ticks it: a warning, or a zone or ingredient to leave out."""
    return finding.decision is Decision.WARN or finding.decision >= Decision.DEFER
