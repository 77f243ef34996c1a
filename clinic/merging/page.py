"""What the page of two records shows: fields side by side, counts by kind, visits that clash."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from clinic.core import units
from clinic.core.access import Actor
from clinic.core.text import N_
from clinic.merging import queries
from clinic.merging import rules as merging_rules
from clinic.merging.values import (
    COLUMNS,
    EVIDENCE,
    FIELDS,
    FILE,
    FOR_EVERYBODY,
    KIND_NAMES,
    MESSAGES,
    Clash,
    Contradiction,
    Counted,
    Line,
    Return,
    Said,
)
from clinic.messages import queries as message_queries
from clinic.patients import queries as patient_queries
from clinic.patients.models import ContactWish, Patient, PatientPair
from clinic.patients.values import CHANNEL_NAMES, SEX_NAMES, STATUS_NAMES, Channel, Sex, full_name
from clinic.safety import queries as safety_queries
from clinic.safety.values import Fact, FactState

OTHER = N_("Other entries of the medical record")
"""The sum of what is clinical, for who is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """Two records side by side; nothing clinical but numbers of rows."""

    ids: tuple[int, int]
    names: tuple[str, str]
    numbers: tuple[str, str]
    standings: tuple[str, str]
    versions: tuple[int, int]
    lines: tuple[Line, ...]
    counted: tuple[Counted, ...]
    clashes: tuple[Clash, ...]
    contradicting: int
    """Medical facts of which the two records say different things: a number for everybody."""
    contradictions: tuple[Contradiction, ...]
    """The same, for clinicians only."""
    refusal: str
    """Why they cannot be merged; empty when they can."""


def both(db: Session, actor: Actor, one_id: int, other_id: int) -> Both:
    """Return two records of the actor's place; raises NotFound, Elsewhere. Nine statements."""
    pair = tuple(
        patient_queries.get(db, number, location_id=actor.location_id)
        for number in (one_id, other_id)
    )
    one, other = pair
    wishes = [message_queries.wish_of(db, row.id) for row in pair]
    against = _against(db, one.id, other.id)
    return Both(
        ids=(one.id, other.id),
        names=(_name(one), _name(other)),
        numbers=(one.file_number, other.file_number),
        standings=(STATUS_NAMES[one.status], STATUS_NAMES[other.status]),
        versions=(one.version, other.version),
        lines=tuple(_lines(one, other, wishes)),
        counted=tuple(_counted(db, actor, (one.id, other.id))),
        clashes=tuple(queries.clashes(db, one.id, other.id)),
        contradicting=len(against),
        contradictions=tuple(_told(*facts) for facts in against) if actor.is_clinical else (),
        refusal=merging_rules.refusal(one.status, other.status, is_same=one is other),
    )


def _against(db: Session, one_id: int, other_id: int) -> list[tuple[Fact, Fact]]:
    known = safety_queries.histories(db, [one_id, other_id])
    return merging_rules.contradicting(known[one_id].facts, known[other_id].facts)


def _told(one: Fact, other: Fact) -> Contradiction:
    return Contradiction(
        name=safety_queries.codes().name(one.code), says=(_said(one), _said(other))
    )


def _said(fact: Fact) -> Said:
    value = "" if fact.value_milli is None else units.show_thousandths(fact.value_milli)
    return Said(
        is_there=fact.state is FactState.PRESENT,
        label=fact.label,
        value=f"{value} {fact.unit or ''}".strip(),
        on=fact.noted_on,
    )


def what_returns(db: Session, pair: PatientPair) -> Return:
    """Return what undoing a merge would do now; three statements."""
    kept = patient_queries.get(db, pair.kept_id)
    now = queries.values_of(kept, (column for columns in COLUMNS.values() for column in columns))
    back = merging_rules.going_back(pair.fields, now)
    fields = [
        (_field(column), _shown(merging_rules.restored(column, before)), column in back)
        for column, (before, _) in pair.fields.items()
        if column != MESSAGES
    ]
    visits = pair.moved.get(queries.VISITS, ())
    return Return(
        fields=tuple(fields),
        rows=tuple((_kind(name), len(ids)) for name, ids in sorted(pair.moved.items())),
        stays=len(queries.treated_since(db, visits, pair.kept_id)),
    )


def _name(row: Patient) -> str:
    return full_name(row.given_name, row.family_name)


def _lines(one: Patient, other: Patient, wishes: list[ContactWish | None]) -> Iterable[Line]:
    for name in FIELDS:
        if name == FILE:
            yield Line(name=name, values=(one.file_number, other.file_number), default=0)
        elif name == MESSAGES:
            yield Line(
                name=name, values=(_wish(wishes[0]), _wish(wishes[1])), default=_newer(wishes)
            )
        else:
            mine, theirs = (
                tuple(getattr(row, column) for column in COLUMNS[name]) for row in (one, other)
            )
            unknown = Sex.UNKNOWN if name == "sex" else ""
            yield Line(
                name=name,
                values=(_words(one, name), _words(other, name)),
                default=merging_rules.proposed(mine[0], theirs[0], unknown=unknown),
            )


def _words(row: Patient, name: str) -> object:
    return _name(row) if name == "name" else _shown(getattr(row, name))


def _shown(value: object) -> object:
    """Return a value as words of its own or as it is; empty when it is not recorded."""
    return SEX_NAMES[value] if isinstance(value, Sex) else value or ""


def _field(column: str) -> str:
    return FIELDS["name"] if column in COLUMNS["name"] else FIELDS[column]


def _kind(name: str) -> str:
    """Return the words of a table, or of a column of one."""
    table = name.partition(".")[0]
    return KIND_NAMES.get(table, table)


def _wish(row: ContactWish | None) -> str:
    return CHANNEL_NAMES[row.channel if row else Channel.NONE]


def _newer(wishes: list[ContactWish | None]) -> int:
    """Return whose agreement was noted last: what somebody said last counts."""
    one, other = wishes
    return int(other is not None and (one is None or other.noted_at > one.noted_at))


def _counted(db: Session, actor: Actor, ids: tuple[int, int]) -> Iterable[Counted]:
    found = queries.counts(db, ids)
    rest = [0, 0]
    for kind, of in sorted(found.items(), key=lambda one: (one[0] in EVIDENCE, one[0])):
        numbers = of.get(ids[0], 0), of.get(ids[1], 0)
        if actor.is_clinical or kind in FOR_EVERYBODY:
            yield Counted(name=_kind(kind), counts=numbers)
        else:
            rest = [mine + more for mine, more in zip(rest, numbers, strict=True)]
    if any(rest):
        yield Counted(name=OTHER, counts=(rest[0], rest[1]))
