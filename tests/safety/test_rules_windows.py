"""Both edges of every window of the catalogue, read off the rules themselves.

A window that is added or changed is tried here without a row of its own.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest

from clinic.catalog.values import Modality
from clinic.core.zones import Zone
from clinic.safety.catalogue_files import shipped_catalogue
from clinic.safety.rules.language import (
    All,
    AnyOf,
    Case,
    Expression,
    Measured,
    Needed,
    Not,
    Recorded,
    Rule,
)
from clinic.safety.rules.screening import screen
from clinic.safety.values import Fact, FactKind, PlannedTreatment, Truth
from tests.safety.rule_cases import ON, a_clear_history, a_fact, a_plan, day

pytestmark = pytest.mark.once
RULES = shipped_catalogue().rules
KINDS = {concept.code: concept.kind for concept in shipped_catalogue().concepts}


class Edge(NamedTuple):
    """One window of one case: what opens it, and its days."""

    rule: Rule
    case: Case
    leaf: Recorded | Measured
    code: str
    days: int

    @property
    def words(self) -> str:
        return f"{self.rule.code}-{self.case.name}-{self.code}-{self.days}"


def leaves(node: Expression) -> Iterator[Expression]:
    """Yield what speaks for a finding; what is under a "not" speaks against it."""
    if isinstance(node, All | AnyOf):
        for part in node.parts:
            yield from leaves(part)
    elif isinstance(node, Needed):
        yield from leaves(node.test)
    elif not isinstance(node, Not):
        yield node


def edges() -> Iterator[Edge]:
    for rule in RULES:
        for case in rule.cases:
            for leaf in leaves(case.when):
                if isinstance(leaf, Recorded) and leaf.window_days:
                    for code in leaf.roots:
                        yield Edge(rule, case, leaf, code, leaf.window_days)
                elif isinstance(leaf, Measured) and leaf.window_days:
                    yield Edge(rule, case, leaf, leaf.code, leaf.window_days)


EDGES = list(edges())


def opening(edge: Edge, days: int) -> Fact:
    """Return what opens the window, so many days before the visit."""
    said = {"noted_on": day(days), "recorded_on": day(days)}
    if isinstance(edge.leaf, Measured):
        value = edge.leaf.at_least or edge.leaf.above or 0
        return a_fact(edge.leaf.kind, edge.code, value_milli=value + 1, unit=edge.leaf.unit, **said)
    kind = KINDS.get(edge.code, edge.leaf.kinds[0])
    if kind in {FactKind.TREATMENT, FactKind.SYMPTOM, FactKind.MEDICATION}:
        said["began_on"] = said["noted_on"]
    return a_fact(kind, edge.code, ended_on=day(days), **said)


def a_plan_for(edge: Edge) -> PlannedTreatment:
    modality = next((a for a in edge.rule.applies_to if a.weaker is None), edge.rule.applies_to[0])
    ingredients = edge.rule.ingredients if modality.modality is Modality.MESOTHERAPY else ()
    return a_plan(
        modality.modality, zones=frozenset({Zone.VERTEX}), ingredients=frozenset(ingredients)
    )


def speaks(edge: Edge, days: int) -> bool:
    history = a_clear_history()
    # A blood count of today would clear what was given of it: no result at all is on record.
    facts = [fact for fact in history.facts if fact.kind is not FactKind.LAB]
    history = replace(history, facts=(*facts, opening(edge, days)))
    found = screen(history, a_plan_for(edge), ON, RULES).findings
    return any(
        f.rule_code == edge.rule.code and f.case == edge.case.name and f.truth is Truth.PRESENT
        for f in found
    )


@pytest.mark.parametrize("edge", EDGES, ids=[edge.words for edge in EDGES])
def test_it_holds_to_the_day_before_its_window_ends_and_is_clear_on_that_day(edge: Edge) -> None:
    assert speaks(edge, edge.days - 1)
    assert not speaks(edge, edge.days)
    assert not speaks(edge, edge.days + 1)


def test_every_rule_that_counts_days_from_something_is_tried() -> None:
    counting = {rule.code for rule in RULES if rule.anchor}

    assert counting - {edge.rule.code for edge in EDGES} == set()
