"""Which rules have nothing to say of a patient, told without asking each of them.

Most rules look for something that was never said of most people. What a rule needs in order to
speak is read from its condition once; a check then asks only the rules that may. The answer is
the same as asking all of them, and a test holds it to that.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from clinic.catalog.values import Modality
from clinic.safety.rules.known import Known
from clinic.safety.rules.language import (
    All,
    AnyOf,
    Applies,
    Expression,
    Measured,
    Needed,
    Policy,
    Recorded,
    Rule,
    Stage,
)
from clinic.safety.rules.verdicts import days_between
from clinic.safety.values import FactKind

_MOST_KEPT = 8
"""Editions whose order is kept: the one in force, and those that a dry run compares."""


class _Silence(NamedTuple):
    """A condition does not hold while none of `said` is, and all of `answered` are answered."""

    said: frozenset[tuple[FactKind, str]]
    answered: frozenset[tuple[str, int]]
    """(question group, for how many days its answers count)."""


class Audience:
    """The rules of one modality in their order, and what makes each of them speak."""

    def __init__(self, rules: Sequence[Rule], modality: Modality) -> None:
        """Read the conditions."""
        self.rules: tuple[tuple[Rule, Applies], ...] = tuple(
            (rule, applies)
            for rule in rules
            for applies in rule.applies_to
            if applies.modality is modality
        )
        self._always: set[int] = set()
        self._by_said: dict[FactKind, dict[str, set[int]]] = {}
        self._by_answer: dict[tuple[str, int], set[int]] = {}
        for place, (rule, _) in enumerate(self.rules):
            silence = _any_of(case.when for case in rule.cases)
            if silence is None:
                self._always.add(place)
                continue
            for kind, code in silence.said:
                self._by_said.setdefault(kind, {}).setdefault(code, set()).add(place)
            for answer in silence.answered:
                self._by_answer.setdefault(answer, set()).add(place)

    def speaking(self, known: Known, on: dt.date) -> list[tuple[Rule, Applies]]:
        """Return those that may say something of a patient on a day, in their order."""
        places = set(self._always)
        for kind, by_code in self._by_said.items():
            for code in known.said(kind):
                if code in by_code:
                    places |= by_code[code]
        for (group, days), asking in self._by_answer.items():
            last_on = known.reviewed_on(group, on)
            if last_on is None or days_between(last_on, on) > days:
                places |= asking
        return [self.rules[place] for place in sorted(places)]


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    rules: tuple[Rule, ...]
    """Kept as well, so that no other rules can come to have its number."""
    audiences: dict[Modality, Audience]


_kept: dict[int, _Kept] = {}


def audience(rules: Sequence[Rule], modality: Modality) -> Audience:
    """Return the rules of a modality; read once for the rules of an edition."""
    if not isinstance(rules, tuple):
        return Audience(rules, modality)
    kept = _kept.get(id(rules))
    if kept is None:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        kept = _kept[id(rules)] = _Kept(rules, {})
    if modality not in kept.audiences:
        kept.audiences[modality] = Audience(rules, modality)
    return kept.audiences[modality]


def _silence(node: Expression) -> _Silence | None:
    """Return when a condition surely does not hold; None where this cannot be told beforehand."""
    found: _Silence | None = None
    match node:
        case Recorded() if node.codes:
            answered = {(node.group, node.group_days)} if node.group else ()
            found = _Silence(
                frozenset((kind, code) for kind in node.kinds for code in node.codes),
                frozenset(answered),
            )
        case Measured() if node.is_missing_absent:
            found = _Silence(frozenset({(node.kind, node.code)}), frozenset())
        case Stage():
            found = _Silence(frozenset((FactKind.STAGE, c) for c in node.codes), frozenset())
        case Policy(is_on=False):
            found = _Silence(frozenset(), frozenset())
        case All():
            found = next((s for s in map(_silence, node.parts) if s is not None), None)
        case AnyOf():
            found = _any_of(node.parts)
        case Needed():
            found = _silence(node.test)
    return found


def _any_of(nodes: Iterable[Expression]) -> _Silence | None:
    silences = [_silence(node) for node in nodes]
    told = [silence for silence in silences if silence is not None]
    if len(told) < len(silences):
        return None
    return _Silence(
        frozenset().union(*(silence.said for silence in told)),
        frozenset().union(*(silence.answered for silence in told)),
    )
