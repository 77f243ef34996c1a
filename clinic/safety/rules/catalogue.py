"""Reading of the catalogue: plain data in, checked rules, questions and concepts out."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b

from clinic.catalog.values import Modality
from clinic.safety.rules.concepts import Concept
from clinic.safety.rules.conditions import Surroundings, read_condition
from clinic.safety.rules.language import Applies, Case, Catalogue, Number, QuestionGroup, Rule
from clinic.safety.rules.lists import read_concepts, read_groups, slug
from clinic.safety.rules.reading import Table, checked, once
from clinic.safety.values import (
    Confidence,
    Decision,
    Releasable,
    RuleKind,
    Scope,
)

Data = Mapping[str, object]

PLACEHOLDERS = frozenset(
    {
        "fact",
        "date",
        "elapsed",
        "window",
        "clears_on",
        "value",
        "unit",
        "limit",
        "zone",
        "age",
        "ingredient",
    }
)
"""What a wording for clinicians may name, besides the numbers of its rule."""

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(.?))")
_DIRECTIONS = frozenset({"higher", "lower", "none"})


class _Unknown(StrEnum):
    ASK = "ask"
    NONE = "none"


def build_catalogue(
    *, rules: Sequence[Data], questions: Data, concepts: Data, sources: Data
) -> Catalogue:
    """Build the whole catalogue from its tables; rules come out ordered by code.

    Raises BadCatalogue with every problem, each named by its place.
    """
    return checked(lambda problems: _catalogue(rules, questions, concepts, sources, problems))


def build_rule(data: Data, catalogue: Catalogue) -> Rule:
    """Build one rule, such as a clinic's own version, against the concepts and questions.

    Raises BadCatalogue with every problem.
    """
    concepts = {concept.code: concept for concept in catalogue.concepts}
    groups = {group.code: group for group in catalogue.groups}
    known = frozenset(key for key, _ in catalogue.sources)
    return checked(lambda problems: _rule(data, concepts, groups, known, problems))


def content_hash(data: Data) -> str:
    """Return the hash of a rule's data; what a formatter or the order of fields cannot change."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _catalogue(
    rules: Sequence[Data], questions: Data, concepts: Data, sources: Data, problems: list[str]
) -> Catalogue:
    known_concepts = read_concepts(Table(concepts, "concepts", problems))
    by_code = {concept.code: concept for concept in known_concepts}
    groups = read_groups(Table(questions, "questions", problems), by_code)
    by_group = {group.code: group for group in groups}
    table = Table(sources, "sources", problems)
    known_sources = tuple((name, table.text(name)) for name in table.names())
    keys = frozenset(key for key, _ in known_sources)
    built = [_rule(data, by_code, by_group, keys, problems) for data in rules]
    once([rule.code for rule in built], "rules", problems)
    return Catalogue(
        rules=tuple(sorted(built, key=lambda rule: rule.code)),
        groups=groups,
        concepts=known_concepts,
        sources=known_sources,
    )


def _rule(
    data: Data,
    concepts: Mapping[str, Concept],
    groups: Mapping[str, QuestionGroup],
    sources: frozenset[str],
    problems: list[str],
) -> Rule:
    table = Table(data, str(data.get("code") or "a rule without code"), problems)
    numbers = {number.name: number for number in _numbers(table.table("numbers"))}
    around = Surroundings(concepts=concepts, groups=groups, numbers=numbers)
    cases = tuple(_case(case, around) for case in table.tables("cases"))
    if not cases:
        table.bad("cases", "at least one is needed")
    if [case.decision.rank for case in cases] != sorted(
        (case.decision.rank for case in cases), reverse=True
    ):
        table.bad("cases", "the strongest decision must come first")
    once([case.name for case in cases], f"{table.place}.cases", problems)
    for name in numbers.keys() - around.used_numbers:
        table.bad("numbers", f"{name} is used nowhere")
    unknown = table.choice("unknown", _Unknown)
    cited = table.texts("sources")
    if not cited:
        table.bad("sources", "at least one is needed")
    for key in cited:
        if key not in sources:
            table.bad("sources", f"{key} is no source")
    rule = Rule(
        code=slug(table, "code"),
        version=table.whole("version") or 0,
        name=table.text("name"),
        kind=table.choice("kind", RuleKind),
        scope=table.choice("scope", Scope),
        applies_to=_applies(table.table("applies_to")),
        ingredients=frozenset(table.texts("ingredients")),
        unlisted=frozenset(table.texts("unlisted")),
        is_before_plan=table.flag("before_plan"),
        cases=cases,
        unknown=Decision.ASK if unknown is _Unknown.ASK else None,
        physician_unknown=_wording(table, "physician_unknown", frozenset({"zone", "ingredient"})),
        numbers=tuple(numbers.values()),
        firm_numbers=_firm_numbers(
            [case.get("when") for case in _raw_cases(data) if case.get("decision") == "block"]
        ),
        anchor=table.text("anchor", ""),
        clears=table.text("clears"),
        asks=tuple(around.asks),
        may_show_date=table.flag("may_show_date"),
        sources=cited,
        confidence=table.choice("confidence", Confidence),
        number_confidence=_weakest(numbers.values()),
        content_hash=content_hash(data),
    )
    if rule.version < 1:
        table.bad("version", "must be 1 or more")
    table.refuse_rest()
    return rule


def _weakest(numbers: Iterable[Number]) -> Confidence | None:
    from_strongest = tuple(Confidence)
    return max((n.confidence for n in numbers), key=from_strongest.index, default=None)


def _raw_cases(data: Data) -> list[Data]:
    cases = data.get("cases")
    return [c for c in cases if isinstance(c, Mapping)] if isinstance(cases, list | tuple) else []


def _firm_numbers(cases: object) -> frozenset[str]:
    """Return the names after an @ anywhere in a case that blocks."""
    if isinstance(cases, str):
        return frozenset({cases[1:]}) if cases.startswith("@") else frozenset()
    if isinstance(cases, Mapping):
        return frozenset().union(*(_firm_numbers(value) for value in cases.values()))
    if isinstance(cases, list | tuple):
        return frozenset().union(*(_firm_numbers(value) for value in cases))
    return frozenset()


def _numbers(table: Table) -> tuple[Number, ...]:
    numbers = []
    for name in table.names():
        inner = table.table(name)
        number = Number(
            name=name,
            value=inner.number("value"),
            unit=inner.text("unit"),
            stricter=inner.text("stricter"),
            confidence=inner.choice("confidence", Confidence),
        )
        if number.stricter not in _DIRECTIONS:
            inner.bad("stricter", f"must be one of {', '.join(sorted(_DIRECTIONS))}")
        inner.refuse_rest()
        numbers.append(number)
    return tuple(numbers)


def _case(table: Table, around: Surroundings) -> Case:
    told = PLACEHOLDERS | around.numbers.keys()
    physician = _wording(table, "physician", told)
    around.used_numbers.update(name for name in around.numbers if f"%({name})s" in physician)
    has_end = "%(clears_on)s" in physician
    case = Case(
        name=table.text("name"),
        when=read_condition(table.table("when"), around),
        decision=table.choice("decision", Decision),
        releasable=table.choice("releasable", Releasable, Releasable.NOBODY),
        physician=physician,
        physician_open=_wording(table, "physician_open", told, None if has_end else physician),
        reception=_wording(table, "reception", frozenset()),
    )
    if case.decision in {Decision.ALLOW, Decision.ASK}:
        table.bad("decision", "must be one of warn, review, defer, block")
    table.refuse_rest()
    return case


def _applies(table: Table) -> tuple[Applies, ...]:
    """Read each modality with "as_written", or with the decision that caps it."""
    applies = []
    for name in table.names():
        if name not in {Modality.PRP.value, Modality.MESOTHERAPY.value}:
            table.bad(name, "is no treatment")
            continue
        if table.get(name) == "as_written":
            applies.append(Applies(modality=Modality(name)))
            continue
        weaker = table.choice(name, Decision)
        applies.append(Applies(modality=Modality(name), weaker=weaker))
    if not applies:
        table.problems.append(f"{table.place}: at least one treatment is needed")
    return tuple(applies)


def _wording(table: Table, name: str, allowed: frozenset[str], default: str | None = None) -> str:
    """Read a sentence whose placeholders are all known and whose percent signs are doubled."""
    wording = table.text(name, default)
    for found in _PLACEHOLDER.finditer(wording):
        if found[1] is None and found[2] != "%":
            table.bad(name, "a percent sign must be doubled")
        elif found[1] is not None and found[1] not in allowed:
            table.bad(name, f"%({found[1]})s is not known here")
    return wording
