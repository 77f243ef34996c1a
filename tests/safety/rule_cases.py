"""Histories for the tests of the rules: one that is clear on the day, and changes to it."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from clinic.catalog.values import Modality
from clinic.core.zones import Zone
from clinic.safety.catalogue_files import shipped_catalogue
from clinic.safety.rules.language import FactKey
from clinic.safety.rules.screening import screen
from clinic.safety.values import (
    Fact,
    FactKind,
    FactSource,
    FactState,
    Finding,
    History,
    Person,
    PlannedTreatment,
    Releasable,
    Screening,
)

ON = dt.date(2026, 11, 22)
"""The day of the visit."""
Change = Callable[[History], History]
ABSENT, UNSURE = FactState.ABSENT, FactState.UNSURE
MD, N = Releasable.PHYSICIAN, Releasable.NOBODY
WARN, ASK, REVIEW, DEFER, BLOCK = "warn", "ask", "review", "defer", "block"


def day(before: int) -> dt.date:
    """A date so many days before the visit."""
    return ON - dt.timedelta(days=before)


def a_fact(kind: FactKind | str, code: str, **changes: object) -> Fact:
    fields: dict[str, object] = {
        "kind": FactKind(kind),
        "code": code,
        "noted_on": ON,
        "recorded_on": ON,
        "source": FactSource.PHYSICIAN,
        "recorded_by": "Alice Weber",
    }
    return Fact(**{**fields, **changes})


def a_plan(modality: str = "prp", **changes: object) -> PlannedTreatment:
    fields: dict[str, object] = {
        "modality": Modality(modality),
        "zones": frozenset({Zone.VERTEX}),
        "consent_version": "2026-1",
    }
    return PlannedTreatment(**{**fields, **changes})


def a_clear_history(on: dt.date = ON) -> History:
    """A woman of 46 about whom everything is known and nothing stands against a treatment."""
    common = {"noted_on": on, "recorded_on": on}
    groups = [group.code for group in shipped_catalogue().groups]
    facts = [a_fact("review", group, **common) for group in groups]
    facts += [a_fact("consent", kind, label="2026-1", **common) for kind in ("prp", "mesotherapy")]
    facts.append(a_fact("lab", "platelets", value_milli=250_000, unit="10*9/L", **common))
    facts.append(a_fact("hair", "hair", zone=Zone.VERTEX, **common))
    return History(person=Person(birth_date=dt.date(1980, 5, 17), sex="female"), facts=tuple(facts))


def with_fact(*facts: Fact) -> Change:
    return lambda history: replace(history, facts=(*history.facts, *facts))


def without(kind: str, code: str = "") -> Change:
    return lambda history: replace(
        history,
        facts=tuple(
            f for f in history.facts if not (f.kind == kind and (not code or f.code == code))
        ),
    )


def instead(*facts: Fact) -> Change:
    """Put the facts in place of those of the same kind and code."""

    def change(history: History) -> History:
        keys = {(fact.kind, fact.code) for fact in facts}
        kept = tuple(f for f in history.facts if (f.kind, f.code) not in keys)
        return replace(history, facts=(*kept, *facts))

    return change


def person(**changes: object) -> Change:
    return lambda history: replace(history, person=replace(history.person, **changes))


def both(*changes: Change) -> Change:
    def change(history: History) -> History:
        for each in changes:
            history = each(history)
        return history

    return change


def screened(
    change: Change | None = None, *, plan: PlannedTreatment | None = None, on: dt.date = ON
) -> Screening:
    history = a_clear_history(ON)
    if change is not None:
        history = change(history)
    return screen(history, plan or a_plan(), on, shipped_catalogue().rules)


def of_rule(screening: Screening, code: str) -> list[Finding]:
    return [finding for finding in screening.findings if finding.rule_code == code]


def medicine(code: str, label: str = "", **changes: object) -> Fact:
    return a_fact("medication", code, **{"label": label, "source": FactSource.PATIENT, **changes})


def platelets(count: int, days_old: int = 0) -> Fact:
    taken = day(days_old)
    return a_fact(
        "lab", "platelets", value_milli=count * 1000, unit="10*9/L", noted_on=taken,
        recorded_on=taken,
    )  # fmt: skip


def inr(tenths: int, days_old: int = 0) -> Fact:
    taken = day(days_old)
    return a_fact(
        "lab", "inr", value_milli=tenths * 100, unit="{INR}", noted_on=taken, recorded_on=taken
    )


def temperature(tenths: int, days_old: int = 0) -> Fact:
    taken = day(days_old)
    return a_fact(
        "vital", "temperature", value_milli=tenths * 100, unit="Cel", noted_on=taken,
        recorded_on=taken,
    )  # fmt: skip


MESO = a_plan("mesotherapy")
OLD = {"noted_on": day(800), "recorded_on": day(1), "source": FactSource.IMPORTED}


@dataclass(frozen=True)
class Row:
    """What a change of the clear history makes one rule say; "" is nothing."""

    rule: str
    words: str
    change: Change
    says: str
    releasable: Releasable = N
    clears_on: dt.date | None = None
    plan: PlannedTreatment | None = None


def medicine_rows(
    rule: str,
    code: str,
    group: str,
    window: int,
    meso: str,
    *,
    says: str = DEFER,
    md: Releasable = MD,
) -> list[Row]:
    def last(days: int) -> Change:
        return with_fact(medicine(code, "Tablets", ended_on=day(days)))

    return [
        Row(rule, "same_day", last(0), says, md, day(-window)),
        Row(rule, "day_before_the_window_ends", last(window - 1), says, md, day(-1)),
        Row(rule, "window_ends", last(window), ""),
        Row(rule, "day_after", last(window + 1), ""),
        Row(rule, "no_last_dose", with_fact(medicine(code)), says, md),
        Row(rule, "mesotherapy", last(0), meso, md, day(-window), MESO),
        Row(rule, "never_asked", without("review", group), ASK),
        Row(rule, "does_not_know", with_fact(medicine(code, state=UNSURE)), ASK),
        Row(rule, "not_confirmed_for_years", both(without("review", group),
            with_fact(medicine(code, **OLD))), ASK),
        Row(rule, "planned_end_after_the_visit", with_fact(medicine(code, ended_on=day(-3))),
            says, md, day(-3 - window)),
        Row(rule, "planned_end_passed_unasked", both(without("review", group),
            with_fact(medicine(code, ended_on=day(40), recorded_on=day(50), noted_on=day(50)),
                      a_fact("review", group, noted_on=day(50), recorded_on=day(50)))), ASK),
    ]  # fmt: skip


def over_rows(rule: str, code: str, window: int, says: str) -> list[Row]:
    """An open record that a physician found over, with and without naming the day it ended."""

    def over(noted: int, **changes: object) -> Change:
        return both(
            with_fact(a_fact("condition", code, noted_on=day(90))),
            with_fact(a_fact("condition", code, state=ABSENT, noted_on=day(noted), **changes)),
        )

    return [
        Row(rule, "found_over_today", over(0), says, N, day(-window)),
        Row(rule, "found_over_day_before", over(window - 1), says, N, day(-1)),
        Row(rule, "found_over_window_ends", over(window), ""),
        Row(rule, "over_since_a_day", over(0, ended_on=day(window - 1)), says, N, day(-1)),
        Row(rule, "over_since_long", over(0, ended_on=day(window)), ""),
        Row(rule, "over_said_to_end_later", over(0, ended_on=day(-5)), says, N, day(-window)),
        Row(rule, "patient_found_it_over", over(40, source=FactSource.PATIENT), says),
    ]


def yes_no_rows(
    rule: str, kind: str, code: str, group: str, says: str, releasable: Releasable
) -> list[Row]:
    return [
        Row(rule, f"{code}_present", with_fact(a_fact(kind, code)), says, releasable),
        Row(rule, f"{code}_denied", both(without("review", group), with_fact(
            *(a_fact(q.kind, q.code, state=ABSENT) for q in settled_by(group)))), ""),
        Row(rule, f"{code}_ended", with_fact(
            a_fact(kind, code, ended_on=day(30), noted_on=day(30))), ""),
        Row(rule, f"{code}_never_asked", without("review", group), ASK),
        Row(rule, f"{code}_not_certain", with_fact(a_fact(kind, code, state=UNSURE)), ASK),
    ]  # fmt: skip


def settled_by(group: str) -> list[FactKey]:
    groups = {each.code: each for each in shipped_catalogue().groups}
    return [about for question in groups[group].questions for about in question.settles]


def session(code: str, days: int) -> Change:
    return with_fact(a_fact("treatment", code, noted_on=day(days), recorded_on=day(days)))


def side_effect(code: str, grade: int | None, **changes: object) -> Change:
    graded = {"value_milli": grade * 1000, "unit": "grade"} if grade else {}
    return with_fact(a_fact("side_effect", code, **graded, **changes))


def consent(kind: str = "prp", **changes: object) -> Change:
    return instead(a_fact("consent", kind, **{"label": "2026-1", **changes}))


def bald(months_ago: dt.date | None) -> Change:
    return instead(a_fact("hair", "hair", zone=Zone.VERTEX, state=ABSENT, began_on=months_ago))


TESTED = [
    a_fact("lab", "inr", value_milli=1000, unit="{INR}"),
    a_fact("lab", "aptt", value_milli=30_000, unit="s"),
    a_fact("lab", "fibrinogen", value_milli=2500, unit="g/L"),
]
