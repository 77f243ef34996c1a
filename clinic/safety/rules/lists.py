"""Reading of the lists a rule stands on: concepts with their words, questions with their groups."""

import re
from collections.abc import Mapping

from clinic.safety.rules.concepts import Concept, Unit, Word
from clinic.safety.rules.language import FactKey, FollowUp, Question, QuestionGroup
from clinic.safety.rules.reading import Table, once
from clinic.safety.values import FactKind

_SLUG = re.compile(r"[a-z][a-z0-9_]{1,58}", re.ASCII)


def slug(table: Table, name: str) -> str:
    """Read a code: small letters, digits and underscores."""
    code = table.text(name)
    if not _SLUG.fullmatch(code):
        table.bad(name, "must be small letters, digits and underscores")
    return code


def read_concepts(table: Table) -> tuple[Concept, ...]:
    """Read all concepts, in the order in which texts are matched against them."""
    concepts = tuple(
        _concept(inner, kind) for kind in FactKind if kind in table for inner in table.tables(kind)
    )
    by_code = {concept.code: concept for concept in concepts}
    once([concept.code for concept in concepts], table.place, table.problems)
    once([code for c in concepts for code in c.external], table.place, table.problems)
    for concept in concepts:
        if not concept.is_a:
            continue
        parent = by_code.get(concept.is_a)
        if parent is None or parent.kind is not concept.kind or parent.is_a == concept.code:
            table.problems.append(
                f"{table.place}.{concept.code}.is_a: must be a broader {concept.kind}"
            )
    table.refuse_rest()
    return concepts


def read_groups(table: Table, concepts: Mapping[str, Concept]) -> tuple[QuestionGroup, ...]:
    """Read the question groups, in the order in which they are asked."""
    groups = tuple(_group(inner, concepts) for inner in table.tables("groups"))
    once([group.code for group in groups], table.place, table.problems)
    once([q.code for group in groups for q in group.questions], table.place, table.problems)
    table.refuse_rest()
    return groups


def _concept(table: Table, kind: FactKind) -> Concept:
    is_number = kind in {FactKind.LAB, FactKind.VITAL}
    concept = Concept(
        code=slug(table, "code"),
        kind=kind,
        name=table.text("name"),
        is_a=table.text("is_a", ""),
        words=tuple(_word(item) for item in _words(table)),
        not_words=table.texts("not_words"),
        external=table.texts("external"),
        unit=table.text("unit") if is_number else "",
        low=table.number("low") if is_number else "",
        high=table.number("high") if is_number else "",
        units=tuple(_unit(item) for item in table.tables("units")),
        ingredients=frozenset(table.texts("ingredients")),
    )
    table.refuse_rest()
    return concept


def _words(table: Table) -> list[Table]:
    """Read words, each a text or a table with a dose limit."""
    value = table.get("words")
    if value is None:
        return []
    if not isinstance(value, list):
        table.bad("words", "must be a list")
        return []
    return [
        Table(
            {"text": item} if isinstance(item, str) else item,
            f"{table.place}.words[{number}]",
            table.problems,
        )
        for number, item in enumerate(value)
    ]


def _word(table: Table) -> Word:
    word = Word(
        text=table.text("text"),
        up_to_mg=table.whole("up_to_mg"),
        above_mg=table.whole("above_mg"),
    )
    table.refuse_rest()
    return word


def _unit(table: Table) -> Unit:
    unit = Unit(
        name=table.text("name"),
        times=table.whole("times", 1) or 1,
        over=table.whole("over", 1) or 1,
        plus=table.number("plus") if "plus" in table else "0",
    )
    table.refuse_rest()
    return unit


def _group(table: Table, concepts: Mapping[str, Concept]) -> QuestionGroup:
    code = slug(table, "code")
    validity_days = table.whole("validity_days") or 0
    if "validity_days" not in table:
        table.bad("validity_days", "must be a whole number, 0 or more")
    group = QuestionGroup(
        code=code,
        name=table.text("name"),
        validity_days=validity_days,
        questions=tuple(
            _question(inner, code, validity_days, concepts) for inner in table.tables("questions")
        ),
    )
    if not group.questions:
        table.bad("questions", "at least one is needed")
    table.refuse_rest()
    return group


def _question(
    table: Table, group: str, validity_days: int, concepts: Mapping[str, Concept]
) -> Question:
    question = Question(
        code=slug(table, "code"),
        group=group,
        text=table.text("text"),
        yes=_key(table, "yes", table.text("yes"), concepts),
        settles=tuple(_key(table, "settles", code, concepts) for code in table.texts("settles")),
        follow_up=table.choice("follow_up", FollowUp),
        validity_days=validity_days,
    )
    table.refuse_rest()
    return question


def _key(table: Table, name: str, code: str, concepts: Mapping[str, Concept]) -> FactKey:
    concept = concepts.get(code)
    if concept is None:
        table.bad(name, f"{code} is no concept")
        return FactKey(kind=FactKind.CONDITION, code=code)
    return FactKey(kind=concept.kind, code=code)
