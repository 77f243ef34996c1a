"""Reading rules for their pages: as they stand, their versions, and what awaits approval."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.rulebook.rules.differences import differences
from clinic.rulebook.values import Change, PastVersion, Signature
from clinic.safety import editions
from clinic.safety.models import RuleCatalogue, RuleVersion
from clinic.safety.rules import versions
from clinic.safety.rules.language import Rule
from clinic.safety.rules.reading import BadCatalogue
from clinic.safety.rules.versions import Proposal, Version

NO_RULE = N_("There is no such rule")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One rule as it is in force, or as it would be the first time."""

    code: str
    name: str
    rule: Rule | None
    """None for one that this release of the program cannot read any more."""
    version: int
    is_on: bool
    is_in_force: bool
    is_waiting: bool
    """Approving would change it."""
    is_own: bool
    is_behind: bool
    approved: Signature | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """All rules as they stand, and the approval in force."""

    rules: tuple[Standing, ...]
    approved: Signature | None
    """None: nothing is checked."""
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One rule with its versions: as it stands, as it would become, as released."""

    standing: Standing
    proposed: Rule | None
    """None for one that goes with the next approval."""
    is_proposed_on: bool
    seen: str
    change: Change | None
    released: Rule | None
    """None for a rule that is released no more: it cannot be drafted."""
    versions: tuple[PastVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """What awaits a physician's approval."""

    changes: tuple[Change, ...]
    rules: Mapping[str, Rule]
    """What a rule would say, by code; without those that go or cannot be read."""
    edition: str
    """Of all changes together: what an approval gives back."""
    approved: Signature | None
    """The approval in force; None: the first takes every rule, or none."""


@dataclass(frozen=True, slots=True)
class _Approvals:
    newest: Signature | None
    of_version: dict[int, Signature]
    """The approval since which a version is in force, or was, by its id."""
    in_force: frozenset[int]


def rulebook(db: Session) -> Rulebook:
    """Return every rule in the order of their codes; five statements."""
    found, approvals = editions.proposals(db), _approvals(db)
    return Rulebook(
        rules=tuple(_standing(proposal, approvals) for proposal in found),
        approved=approvals.newest,
        waiting=sum(proposal.is_change for proposal in found),
    )


def sheet(db: Session, code: str) -> Sheet:
    """Return one rule with its versions, newest first; seven statements. Raises NotFound."""
    found = next((each for each in editions.proposals(db) if each.code == code), None)
    if found is None:
        raise NotFound(NO_RULE)
    approvals = _approvals(db)
    then = found.then
    return Sheet(
        standing=_standing(found, approvals),
        proposed=_built(then) if then else None,
        is_proposed_on=then is not None and then.is_on,
        seen=then.mark if then else "",
        change=changes(db, [found])[0] if found.is_change and found.now else None,
        released=editions.floor_of(code),
        versions=_past(db, found, approvals),
    )


def awaiting(db: Session) -> Awaiting:
    """Return every change that the next approval may put in force; six statements."""
    found = editions.proposals(db)
    approvals = _approvals(db)
    waiting = [proposal for proposal in found if proposal.is_change]
    built = {p.code: _built(p.then) for p in waiting if p.then}
    return Awaiting(
        changes=changes(db, waiting),
        rules={code: rule for code, rule in built.items() if rule},
        edition=versions.edition(versions.chosen(found, None)[0]),
        approved=approvals.newest,
    )


def approved(db: Session) -> Signature | None:
    """Return who approved the rules in force, and when; None while nobody has. One statement."""
    row = db.execute(
        sa.select(RuleCatalogue.number, RuleCatalogue.at, Account.name)
        .join(Account, Account.id == RuleCatalogue.approved_by_id)
        .order_by(RuleCatalogue.number.desc())
        .limit(1)
    ).one_or_none()
    return Signature(number=row.number, by=row.name, at=row.at) if row else None


def is_in_force(db: Session, edition: str) -> bool:
    """Tell whether the rules in force are these; one statement."""
    newest = editions.newest(db)
    return newest is not None and newest.edition == edition


def changes(db: Session, proposals: Iterable[Proposal]) -> tuple[Change, ...]:
    """Return what of these awaits approval, with who drafted it; one statement at most."""
    waiting = [proposal for proposal in proposals if proposal.is_change]
    drafted = _drafted(db, [p.then.id for p in waiting if p.then and p.then.id])
    return tuple(_change(proposal, drafted) for proposal in waiting)


def _drafted(db: Session, ids: Collection[int]) -> dict[int, tuple[RuleVersion, str]]:
    if not ids:
        return {}
    rows = db.execute(
        sa.select(RuleVersion, Account.name)
        .outerjoin(Account, Account.id == RuleVersion.author_id)
        .where(RuleVersion.id.in_(ids))
    )
    return {row[0].id: (row[0], row[1] or "") for row in rows}


def _change(proposal: Proposal, drafted: dict[int, tuple[RuleVersion, str]]) -> Change:
    now, then = proposal.now, proposal.then
    shown = then or now
    assert shown is not None
    row, author = drafted.get(then.id or 0, (None, "")) if then else (None, "")
    return Change(
        code=proposal.code,
        name=str(shown.content["name"]),
        version=shown.version,
        is_new=now is None,
        is_dropped=then is None,
        is_own=shown.is_own,
        is_behind=proposal.is_behind,
        differences=differences(now, then) if now and then else (),
        reason=row.reason if row and author else "",
        drafted_by=author,
        drafted_at=row.at if row and author else None,
        seen=then.mark if then else "",
    )


def _approvals(db: Session) -> _Approvals:
    """Return who approved which version when; one statement, a row for each approval."""
    rows = db.execute(
        sa.select(RuleCatalogue.number, RuleCatalogue.rule_ids, RuleCatalogue.at, Account.name)
        .join(Account, Account.id == RuleCatalogue.approved_by_id)
        .order_by(RuleCatalogue.number)
    ).all()
    of_version: dict[int, Signature] = {}
    before: set[int] = set()
    newest = None
    for row in rows:
        newest = Signature(number=row.number, by=row.name, at=row.at)
        # One that was dropped and comes back is in force since it came back.
        of_version.update(dict.fromkeys(set(row.rule_ids) - before, newest))
        before = set(row.rule_ids)
    return _Approvals(newest=newest, of_version=of_version, in_force=frozenset(before))


def _standing(proposal: Proposal, approvals: _Approvals) -> Standing:
    shown = proposal.now or proposal.then
    assert shown is not None
    return Standing(
        code=proposal.code,
        name=str(shown.content["name"]),
        rule=_built(shown),
        version=shown.version,
        is_on=shown.is_on,
        is_in_force=proposal.now is not None,
        is_waiting=proposal.is_change and approvals.newest is not None,
        is_own=shown.is_own,
        is_behind=proposal.is_behind,
        approved=approvals.of_version.get(shown.id or 0) if proposal.now else None,
    )


def _built(version: Version) -> Rule | None:
    try:
        return editions.built(version)
    except BadCatalogue:
        return None


def _past(db: Session, proposal: Proposal, approvals: _Approvals) -> tuple[PastVersion, ...]:
    kept: Sequence[tuple[RuleVersion, str]] = editions.history_of(db, proposal.code)
    values = [editions.version_of(row) for row, _ in kept]
    older: list[Version | None] = [*values[1:], None]
    waiting_id = proposal.then.id if proposal.then and proposal.is_change else None
    return tuple(
        PastVersion(
            version=row.version,
            is_on=row.is_on,
            is_in_force=row.id in approvals.in_force,
            is_waiting=row.id == waiting_id,
            drafted_by=author,
            reason=row.reason,
            at=row.at,
            approved=approvals.of_version.get(row.id),
            differences=differences(before, value) if before else (),
        )
        for (row, author), value, before in zip(kept, values, older, strict=True)
    )
