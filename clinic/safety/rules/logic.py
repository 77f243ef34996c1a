"""Evaluation of a condition: every node to true, false or unknown."""

from collections.abc import Callable
from typing import Any

from clinic.safety.rules import leaves, measures
from clinic.safety.rules.language import (
    All,
    AnyOf,
    Expression,
    Measured,
    Needed,
    NoConsent,
    NoHair,
    Not,
    Planned,
    Policy,
    Recorded,
    SexIs,
    Stage,
    Tested,
    UnconfirmedMedicine,
    Unfit,
    Untested,
    Younger,
)
from clinic.safety.rules.verdicts import ABSENT, Question, Verdict, both, either, negation


def verdict(node: Expression, asked: Question) -> Verdict:
    """Return what a condition says about a plan on a day.

    Three-valued: an unknown part stays unknown unless another part decides. All parts are
    evaluated; what is returned names every fact and everything that is missing.
    """
    return _EVALUATE[type(node)](node, asked)


def _needed(node: Needed, asked: Question) -> Verdict:
    tested = verdict(node.test, asked)
    if tested.value is not None:
        return tested
    reason = verdict(node.when, asked)
    if reason.value is None:
        return Verdict(None, None, tested.hits, reason.missing)
    return tested if reason.value else ABSENT


# The table is keyed by the very type of its handler's first argument; Any says just that.
_EVALUATE: dict[type[Expression], Callable[[Any, Question], Verdict]] = {
    All: lambda node, asked: both([verdict(part, asked) for part in node.parts]),
    AnyOf: lambda node, asked: either([verdict(part, asked) for part in node.parts]),
    Not: lambda node, asked: negation(verdict(node.part, asked)),
    Needed: _needed,
    Recorded: leaves.recorded,
    UnconfirmedMedicine: leaves.unconfirmed_medicine,
    Measured: measures.measured,
    Untested: measures.untested,
    Younger: measures.younger,
    SexIs: measures.sex_is,
    NoHair: measures.no_hair,
    NoConsent: measures.no_consent,
    Planned: measures.planned,
    Policy: lambda node, _: Verdict(node.is_on),
    Tested: measures.tested,
    Stage: measures.stage,
    Unfit: measures.unfit,
}
