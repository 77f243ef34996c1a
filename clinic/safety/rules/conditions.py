"""Reading of a rule's condition: from nested tables to a tree, numbers and concepts resolved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from clinic.catalog.values import Unusable
from clinic.safety.rules.concepts import Concept
from clinic.safety.rules.language import (
    All,
    AnyOf,
    Expression,
    Measured,
    Needed,
    NoConsent,
    NoHair,
    Not,
    Number,
    Planned,
    Policy,
    QuestionGroup,
    Recorded,
    SexIs,
    Stage,
    Tested,
    UnconfirmedMedicine,
    Unfit,
    Untested,
    Watched,
    Younger,
)
from clinic.safety.rules.reading import Table
from clinic.safety.values import FactKind, FactSource

_RECORDED = (
    FactKind.CONDITION,
    FactKind.MEDICATION,
    FactKind.ALLERGY,
    FactKind.PREGNANCY,
    FactKind.SYMPTOM,
    FactKind.SIDE_EFFECT,
    FactKind.TREATMENT,
)
_NOTHING = All(())


@dataclass(slots=True)
class Surroundings:
    """What a condition may refer to, and what it turned out to refer to."""

    concepts: Mapping[str, Concept]
    groups: Mapping[str, QuestionGroup]
    numbers: Mapping[str, Number]
    used_numbers: set[str] = field(default_factory=set)
    asks: dict[str, None] = field(default_factory=dict)


def read_condition(table: Table, around: Surroundings) -> Expression:
    """Read one node and everything below it."""
    node = _read(table, around)
    table.refuse_rest()
    return node


def narrower(code: str, concepts: Mapping[str, Concept]) -> tuple[str, ...]:
    """Return the code and every concept that is a kind of it."""
    return tuple(
        concept.code for concept in concepts.values() if code in broader(concept.code, concepts)
    ) or (code,)


def broader(code: str, concepts: Mapping[str, Concept]) -> tuple[str, ...]:
    """Return the code and what it is a kind of, narrowest first."""
    line = [code]
    while (concept := concepts.get(line[-1])) and concept.is_a and concept.is_a not in line:
        line.append(concept.is_a)
    return tuple(line)


def _read(table: Table, around: Surroundings) -> Expression:
    for name, read in _READERS.items():
        if name in table:
            return read(table, around)
    table.problems.append(f"{table.place}: is no condition that is known")
    return _NOTHING


def _all(table: Table, around: Surroundings) -> Expression:
    return All(tuple(read_condition(part, around) for part in table.tables("all")))


def _any(table: Table, around: Surroundings) -> Expression:
    return AnyOf(tuple(read_condition(part, around) for part in table.tables("any")))


def _not(table: Table, around: Surroundings) -> Expression:
    return Not(read_condition(table.table("not"), around))


def _needed(table: Table, around: Surroundings) -> Expression:
    test = read_condition(table.table("test"), around)
    return Needed(test, read_condition(table.table("needed"), around))


def _younger(table: Table, around: Surroundings) -> Expression:
    return Younger(_days(table, "younger", around))


def _sex(table: Table, _: Surroundings) -> Expression:
    is_known = "if_unknown" in table
    return SexIs(table.texts("sex"), table.flag("if_unknown") if is_known else None)


def _no_hair(table: Table, around: Surroundings) -> Expression:
    months = _days(table, "no_hair_months", around)
    group, days = _group(table, around)
    doubted_by = table.texts("doubted_by")
    return NoHair(months=months, group=group, group_days=days, doubted_by=doubted_by)


def _no_consent(table: Table, around: Surroundings) -> Expression:
    around.asks["consent"] = None
    return NoConsent(_days(table, "no_consent_days", around))


def _unconfirmed(table: Table, around: Surroundings) -> Expression:
    days = _days(table, "unconfirmed_days", around)
    return UnconfirmedMedicine(days, _group(table, around)[0], _groups_of_medicines(around))


def _planned(table: Table, _: Surroundings) -> Expression:
    return Planned(table.texts("planned"), table.whole("at_least", 1) or 1)


def _recorded(table: Table, around: Surroundings) -> Expression:
    kinds = tuple(kind for kind in _RECORDED if kind in table)
    roots: list[str] = []
    is_any = False
    for kind in kinds:
        for code in table.texts(kind):
            if code == "any":
                is_any = True
                continue
            concept = around.concepts.get(code)
            if concept is None or concept.kind is not kind:
                table.bad(kind, f"{code} is no {kind} of the concepts")
            roots.append(code)
    group, group_days = _group(table, around) if "group" in table else ("", 0)
    codes = dict.fromkeys(code for root in roots for code in narrower(root, around.concepts))
    stale_days = _days(table, "stale_days", around) if "stale_days" in table else None
    window_days = 0 if table.get("window") in {None, "plan"} else _days(table, "window", around)
    is_evidence = "valid" in table
    if is_evidence:  # It counts on its last day: a window is over on its own.
        window_days = _days(table, "valid", around) + 1
    return Recorded(
        kinds=kinds,
        watched=() if is_any else tuple(_watched(code, around) for code in codes),
        codes=frozenset() if is_any else frozenset(codes),
        roots=tuple(roots),
        window_days=window_days,
        is_window_planned=table.get("window") == "plan",
        is_anchored_when_noted=table.flag("since_noted") or is_evidence,
        group=group,
        group_days=group_days,
        denied_by=_sources(table),
        is_ended_by_denial=table.flag("ended_by_denial"),
        stale_days=stale_days,
        is_stale_present=table.flag("stale_is_present"),
        grade_at_least=table.whole("grade_at_least"),
        grade_below=table.whole("grade_below"),
        is_zoned=table.flag("zoned"),
        is_of_ingredient=table.flag("of_ingredient"),
    )


def _measured(table: Table, around: Surroundings) -> Expression:
    kind = FactKind.LAB if "lab" in table else FactKind.VITAL
    concept = _result(table, kind, around)
    abnormal = table.table("abnormal")
    node = Measured(
        kind=kind,
        code=concept.code,
        name=concept.name,
        unit=concept.unit,
        at_least=_milli(table, "at_least", around),
        below=_milli(table, "below", around),
        above=_milli(table, "above", around),
        valid_days=_days(table, "valid", around) if "valid" in table else None,
        abnormal_below=_milli(abnormal, "below", around),
        abnormal_above=_milli(abnormal, "above", around),
        abnormal_valid_days=_days(abnormal, "valid", around) if "valid" in abnormal else None,
        window_days=_days(table, "window", around) if "window" in table else None,
        is_newest_only=not table.flag("any_result"),
        is_missing_absent=table.flag("missing_is_absent"),
        until_end_of=_concepts(table, "until_end_of", around),
    )
    for code in node.until_end_of:
        ended = around.concepts.get(code)
        if ended is not None and ended.kind is not FactKind.PREGNANCY:
            table.bad("until_end_of", f"{code} is no pregnancy of the concepts")
    abnormal.refuse_rest()
    if node.valid_days is None and node.window_days is None and not table.flag("ever"):
        table.bad("valid", "or a window must be given")
    if not node.is_missing_absent:
        around.asks[concept.code] = None
    return node


def _untested(table: Table, around: Surroundings) -> Expression:
    concept = _result(table, FactKind.LAB, around, "untested")
    around.asks[concept.code] = None
    after = _concepts(table, "after", around)
    valid_days = _days(table, "valid", around)
    return Untested(code=concept.code, name=concept.name, valid_days=valid_days, after=after)


def _tested(table: Table, around: Surroundings) -> Expression:
    codes, after = table.texts("tested"), _concepts(table, "after", around)
    for code in codes:
        concept = around.concepts.get(code)
        if concept is None or concept.kind not in {FactKind.LAB, FactKind.VITAL}:
            table.bad("tested", f"{code} is no result of the concepts")
        around.asks[code] = None
    return Tested(codes=codes, valid_days=_days(table, "valid", around), after=after)


def _stage(table: Table, around: Surroundings) -> Expression:
    codes = table.texts("stage")
    for code in codes:
        concept = around.concepts.get(code)
        if concept is None or concept.kind is not FactKind.STAGE:
            table.bad("stage", f"{code} is no stage of the concepts")
    return Stage(codes)


def _policy(table: Table, around: Surroundings) -> Expression:
    return Policy(_days(table, "policy", around) > 0)


def _unfit(table: Table, around: Surroundings) -> Expression:
    reasons = table.texts("unfit")
    words = [reason.value for reason in Unusable]
    if not set(reasons) <= set(words):
        table.bad("unfit", f"must be of {', '.join(words)}")
    return Unfit(reasons, _days(table, "open_days", around))


def _result(table: Table, kind: FactKind, around: Surroundings, name: str = "") -> Concept:
    code = table.text(name or kind)
    concept = around.concepts.get(code)
    if concept is None or concept.kind is not kind:
        table.bad(name or kind, f"{code} is no {kind} of the concepts")
        return Concept(code=code, kind=kind, name=code)
    return concept


def _concepts(table: Table, name: str, around: Surroundings) -> tuple[str, ...]:
    codes = table.texts(name)
    for code in codes:
        if code not in around.concepts:
            table.bad(name, f"{code} is no concept")
    return codes


def _watched(code: str, around: Surroundings) -> Watched:
    concept = around.concepts.get(code)
    if concept is None:
        return Watched(code, "", (code,))
    return Watched(code, concept.name, broader(code, around.concepts), concept.ingredients)


def _sources(table: Table) -> tuple[FactSource, ...]:
    words = [source.value for source in FactSource]
    sources = table.texts("denied_by")
    for source in sources:
        if source not in words:
            table.bad("denied_by", f"must be of {', '.join(words)}")
    return tuple(FactSource(source) for source in sources if source in words)


def _group(table: Table, around: Surroundings) -> tuple[str, int]:
    code = table.text("group")
    group = around.groups.get(code)
    if group is None:
        table.bad("group", f"{code} is no question group")
        return code, 0
    around.asks[code] = None
    return code, group.validity_days


def _groups_of_medicines(around: Surroundings) -> tuple[tuple[str, str], ...]:
    """Return which question group confirms which medicine, narrower ones included."""
    pairs: dict[str, str] = {}
    for group in around.groups.values():
        for question in group.questions:
            for settled in question.settles:
                if settled.kind is FactKind.MEDICATION:
                    for code in narrower(settled.code, around.concepts):
                        pairs.setdefault(code, group.code)
    return tuple(sorted(pairs.items()))


def _number(table: Table, name: str, around: Surroundings) -> Decimal:
    """Read a number, or the number of the rule that "@name" refers to."""
    value = table.get(name)
    if isinstance(value, str) and value.startswith("@"):
        number = around.numbers.get(value[1:])
        if number is None:
            table.bad(name, f"{value} is no number of this rule")
            return Decimal(0)
        around.used_numbers.add(number.name)
        return Decimal(number.value)
    return Decimal(table.number(name))


def _days(table: Table, name: str, around: Surroundings) -> int:
    value = _number(table, name, around)
    if value != value.to_integral_value() or value < 0:
        table.bad(name, "must be a whole number, 0 or more")
    return int(value)


def _milli(table: Table, name: str, around: Surroundings) -> int | None:
    return int(_number(table, name, around) * 1000) if name in table else None


_READERS: dict[str, Callable[[Table, Surroundings], Expression]] = {
    "all": _all,
    "any": _any,
    "not": _not,
    "needed": _needed,
    **dict.fromkeys(_RECORDED, _recorded),
    "lab": _measured,
    "vital": _measured,
    "untested": _untested,
    "younger": _younger,
    "sex": _sex,
    "no_hair_months": _no_hair,
    "no_consent_days": _no_consent,
    "unconfirmed_days": _unconfirmed,
    "planned": _planned,
    "tested": _tested,
    "stage": _stage,
    "policy": _policy,
    "unfit": _unfit,
}
