"""The clinic's own numbers: what of a rule it may change, how far, and what awaits approval."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import blake2b
from itertools import pairwise

from clinic.core.text import N_
from clinic.safety.rules.catalogue import Data, content_hash
from clinic.safety.rules.language import Catalogue, Number, Rule
from clinic.safety.values import Confidence, Decision, RuleKind

NOT_OFF = N_("A rule that stops a treatment cannot be switched off")
NOT_WEAKER = N_("What stops a treatment can only be made stricter than it was released")
NOT_MOVED = N_("This number of a rule that stops a treatment cannot be changed")
OUT_OF_ORDER = N_("This cannot decide more strongly than what stands above it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One wording of one rule, kept or as released."""

    id: int | None
    """None for one that is released and has never been approved."""
    code: str
    version: int
    is_on: bool
    content: Data
    content_hash: str
    release_hash: str

    @property
    def is_own(self) -> bool:
        """Tell whether the clinic has made it other than it was released."""
        return self.content_hash != self.release_hash or not self.is_on

    @property
    def mark(self) -> str:
        """Return what a page gives back of it: changes with number, wording and switch."""
        return f"{self.version}-{'on' if self.is_on else 'off'}-{self.content_hash}"

    def says_the_same(self, other: "Version | None") -> bool:
        """Tell whether both would act alike."""
        return other is not None and (self.content_hash, self.is_on) == (
            other.content_hash,
            other.is_on,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a rule would become with the next approval."""

    code: str
    now: Version | None
    """In force; None for a rule that is new."""
    then: Version | None
    """None for a rule that the release has dropped."""
    is_behind: bool
    """The clinic's version was made from an older release of the rule."""

    @property
    def is_change(self) -> bool:
        """Tell whether approving it changes anything."""
        return self.then is None or not self.then.says_the_same(self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRule:
    """Draft a rule with other numbers, other decisions, or switched off."""

    code: str
    numbers: Mapping[str, str]
    """By name, as decimal texts; those not named are as released."""
    decisions: Mapping[str, Decision]
    """By case; those not named are as released."""
    is_on: bool
    reason: str
    seen: str
    """Mark of the proposal that the page showed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveRules:
    """Put changes of rules in force."""

    codes: frozenset[str] | None
    """None: every change. The first approval takes them all."""
    seen: str
    """Edition that the page said would come of every change together."""


def released(content: Data) -> Version:
    """Return a rule as this release of the program brings it."""
    mark = wording_hash(content)
    return Version(
        id=None,
        code=str(content["code"]),
        version=int(str(content["version"])),
        is_on=True,
        content=content,
        content_hash=mark,
        release_hash=mark,
    )


def wording_hash(content: Data) -> str:
    """Return the hash of what a rule says, whatever its number."""
    return content_hash({name: value for name, value in content.items() if name != "version"})


def proposals(
    in_force: Iterable[Version], newest: Iterable[Version], shipped: Iterable[Data]
) -> tuple[Proposal, ...]:
    """Return what each rule is and would become, by code.

    `newest` is the last version of each code that was ever kept. The clinic's own goes before
    what is released; where the release has moved on since, it is marked as behind.
    """
    now = {version.code: version for version in in_force}
    kept = {version.code: version for version in newest}
    fresh = {str(content["code"]): released(content) for content in shipped}
    return tuple(_proposal(code, now, kept, fresh) for code in sorted(now.keys() | fresh.keys()))


def _proposal(
    code: str,
    now: Mapping[str, Version],
    kept: Mapping[str, Version],
    fresh: Mapping[str, Version],
) -> Proposal:
    release, last = fresh.get(code), kept.get(code)
    then, is_behind = release, False
    if release is not None and last is not None:
        if last.is_own or last.content_hash == release.content_hash:
            then, is_behind = last, last.release_hash != release.release_hash
        else:
            then = replace(release, version=max(release.version, last.version + 1))
    return Proposal(code=code, now=now.get(code), then=then, is_behind=is_behind)


def edition(versions: Iterable[Version]) -> str:
    """Return the hash of a set of rules: the same rules have the same, in whatever order."""
    lines = sorted(f"{v.code}|{v.version}|{v.is_on}|{v.content_hash}" for v in versions)
    return blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


# ---- what the clinic may change ----


def changed(content: Data, numbers: Mapping[str, str], decisions: Mapping[str, Decision]) -> Data:
    """Return a rule with other numbers and decisions; what is not named stays.

    A number that differs from the one given is the clinic's own from then on: whatever its
    source was, the source does not say it any more.
    """
    new = dict(content)
    given = content.get("numbers", {})
    assert isinstance(given, Mapping)
    new["numbers"] = {
        name: table
        if name not in numbers or same(str(table["value"]), numbers[name])
        else {**table, "value": _plain(numbers[name]), "confidence": Confidence.CLINIC.value}
        for name, table in given.items()
    }
    if not given:
        del new["numbers"]
    cases = content["cases"]
    assert isinstance(cases, list | tuple)
    new["cases"] = [
        {**case, "decision": decisions.get(case["name"], Decision(case["decision"])).value}
        for case in cases
    ]
    return new


def same(one: str, other: str) -> bool:
    """Tell whether two ways of writing a number mean the same."""
    return Decimal(one) == Decimal(other)


def _plain(number: str) -> int | str:
    """Return a number as the catalogue's files have it: whole ones as such, others as text."""
    return int(number) if Decimal(number) == Decimal(number).to_integral_value() else number


def too_weak(rule: Rule, floor: Rule, *, is_on: bool) -> dict[str, str]:
    """Return {field: why} where a version is weaker than it was released, and may not be.

    Fields are `is_on`, `number-NAME` and `decision-CASE`. That holds for absolute rules, and for
    what stops a treatment in any other. For the rest the physician who approves it answers.
    """
    is_absolute = floor.kind is RuleKind.ABSOLUTE
    firm = [case for case in floor.cases if is_absolute or case.decision is Decision.BLOCK]
    if not firm:
        return {}
    problems: dict[str, str] = {}
    if not is_on:
        problems["is_on"] = NOT_OFF
    own = {number.name: number for number in rule.numbers}
    for number in floor.numbers:
        if is_absolute or number.name in floor.firm_numbers:
            problem = _below(own.get(number.name), number)
            if problem:
                problems[f"number-{number.name}"] = problem
    decided = {case.name: case.decision for case in rule.cases}
    for case in firm:
        if decided.get(case.name, Decision.ALLOW) < case.decision:
            problems[f"decision-{case.name}"] = NOT_WEAKER
    return problems


def out_of_order(rule: Rule) -> dict[str, str]:
    """Return {`decision-CASE`: why} for each case that decides more strongly than one before it."""
    return {
        f"decision-{case.name}": OUT_OF_ORDER
        for above, case in pairwise(rule.cases)
        if case.decision > above.decision
    }


def _below(number: Number | None, floor: Number) -> str:
    if number is None:
        return NOT_MOVED
    moved = Decimal(number.value) - Decimal(floor.value)
    if moved == 0 or (moved > 0 and floor.stricter == "higher"):
        return ""
    if moved < 0 and floor.stricter == "lower":
        return ""
    return NOT_MOVED if floor.stricter == "none" else NOT_WEAKER


def chosen(
    all_: Collection[Proposal], codes: Collection[str] | None
) -> tuple[tuple[Version, ...], tuple[Proposal, ...]]:
    """Return the versions that an approval of these codes puts in force, and the changes in it.

    None approves every change. Rules whose change is not chosen stay as they are.
    """
    picked = tuple(p for p in all_ if p.is_change and (codes is None or p.code in codes))
    taken = {p.code for p in picked}
    versions = [p.then if p.code in taken else p.now for p in all_]
    return tuple(v for v in versions if v is not None), picked


def with_rules(catalogue: Catalogue, rules: Iterable[Rule], edition_: str) -> Catalogue:
    """Return a catalogue with these rules in force."""
    return Catalogue(
        rules=tuple(sorted(rules, key=lambda rule: rule.code)),
        groups=catalogue.groups,
        concepts=catalogue.concepts,
        sources=catalogue.sources,
        edition=edition_,
    )
