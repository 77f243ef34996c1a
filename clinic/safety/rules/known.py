"""What is known about a patient, ordered and indexed once, so that order cannot matter."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from hashlib import blake2b

from clinic.safety.values import (
    Fact,
    FactKind,
    FactSource,
    FactState,
    History,
    Person,
    PlannedTreatment,
)

_NOTHING: frozenset[str] = frozenset()
Key = tuple[dt.date, dt.date, int]

WEIGHT = {
    FactSource.PATIENT: 1,
    FactSource.IMPORTED: 2,
    FactSource.STAFF: 3,
    FactSource.PHYSICIAN: 4,
    FactSource.LETTER: 4,
    FactSource.SYSTEM: 4,
}
"""How sure a source is: an "absent" ends an open record only of a source no surer than itself.

An import was somebody's record elsewhere: the patient alone does not end it, the clinic does.
"""


def key(fact: Fact) -> Key:
    """Return what orders two statements: the day they speak of, the day written, the number."""
    return fact.noted_on, fact.recorded_on, fact.id or 0


def text(fact: Fact) -> str:
    """Return the content of a fact as one line, for hashing; who recorded it is not in it."""
    (kind, code, noted_on, recorded_on, id_, state, label, zone, began_on, ended_on, milli, unit,
     source, _) = fact  # fmt: skip
    # Without "!s" each enum and date would be asked how it is formatted, at twice the time.
    return (
        f"{id_!s}|{kind!s}|{code}|{state!s}|{label}|{zone!s}|{began_on!s}|{ended_on!s}"
        f"|{noted_on!s}|{milli!s}|{unit!s}|{source!s}|{recorded_on!s}"
    )


class Known:
    """The facts of one patient by kind and code, oldest statement first."""

    __slots__ = ("_by_code", "_by_kind", "_reviews", "_said", "person", "texts", "zones")

    def __init__(self, history: History) -> None:
        """Sort and index; facts that say the same in another order give the same object."""
        self.person: Person = history.person
        keyed = sorted(
            (*key(fact), text(fact), number) for number, fact in enumerate(history.facts)
        )
        self.texts = tuple(parts[3] for parts in keyed)
        self.zones = frozenset(fact.zone for fact in history.facts if fact.zone is not None)
        self._by_kind: defaultdict[FactKind, list[Fact]] = defaultdict(list)
        self._by_code: defaultdict[tuple[FactKind, str], list[Fact]] = defaultdict(list)
        self._reviews: dict[tuple[str, dt.date], Fact | None] = {}
        self._said: defaultdict[FactKind, set[str]] = defaultdict(set)
        for parts in keyed:
            fact = history.facts[parts[4]]
            kind, code = fact.kind, fact.code
            self._by_kind[kind].append(fact)
            self._by_code[kind, code].append(fact)
            if fact.state is not FactState.ABSENT:
                self._said[kind].add(code)

    def of(self, kind: FactKind, code: str) -> Sequence[Fact]:
        """Return the facts of this kind and code, oldest statement first."""
        return self._by_code.get((kind, code), ())

    def of_kind(self, kind: FactKind) -> Sequence[Fact]:
        """Return all facts of this kind, oldest statement first."""
        return self._by_kind.get(kind, ())

    def said(self, kind: FactKind) -> Set[str]:
        """Return the codes of this kind that somebody did not just deny."""
        return self._said.get(kind, _NOTHING)

    def is_any_said(self, kinds: Iterable[FactKind], codes: frozenset[str]) -> bool:
        """Tell whether somebody did not just deny one of these codes, of one of these kinds."""
        for kind in kinds:  # noqa: SIM110 - asked for most leaves of a check; any() takes twice as long
            if kind in self._said and not codes.isdisjoint(self._said[kind]):
                return True
        return False

    def review(self, group: str, on: dt.date) -> Fact | None:
        """Return the last answer to the whole group up to `on`; many rules ask for the same."""
        asked = group, on
        if asked not in self._reviews:
            answers = reversed(self.of(FactKind.REVIEW, group))
            self._reviews[asked] = next(
                (f for f in answers if f.noted_on <= on and f.state is FactState.PRESENT), None
            )
        return self._reviews[asked]

    def reviewed_on(self, group: str, on: dt.date) -> dt.date | None:
        """Return the last day up to `on` on which the group was answered."""
        review = self.review(group, on)
        return review.noted_on if review else None


def facts_hash(known: Known, plan: PlannedTreatment, edition: str) -> str:
    """Return a hash of person, facts, plan and rules: the same as long as nothing changed."""
    digest = blake2b(edition.encode(), digest_size=16)
    person = known.person
    digest.update(f"{person.birth_date}|{person.sex}\n".encode())
    digest.update(
        f"{plan.modality}|{sorted(plan.zones)}|{sorted(plan.ingredients)}|{plan.consent_version}"
        f"|{plan.interval_days}\n".encode()
    )
    if plan.lots:
        digest.update(f"{sorted(map(repr, plan.lots))}\n".encode())
    digest.update("\n".join(known.texts).encode())
    return digest.hexdigest()
