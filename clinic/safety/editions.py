"""Reading the rules in force, what was drafted, and what awaits a physician's approval."""

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.core.errors import NotFound
from clinic.core.text import N_
from clinic.safety.catalogue_files import shipped_catalogue, shipped_rules
from clinic.safety.models import RuleCatalogue, RuleVersion
from clinic.safety.rules import versions
from clinic.safety.rules.catalogue import build_rule
from clinic.safety.rules.language import Catalogue, Rule
from clinic.safety.rules.reading import BadCatalogue
from clinic.safety.rules.versions import Proposal, Version

log = logging.getLogger(__name__)
EDITION = (
    sa.select(RuleCatalogue.edition)
    .order_by(RuleCatalogue.number.desc())
    .limit(1)
    .scalar_subquery()
)
"""Names the rules in force; a statement that reads patients brings it along."""
_MARK = "rules_in_force"
_READ: dict[str, Catalogue] = {}
"""Catalogues by edition, parsed once a process: an edition's rules never change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved a catalogue, and when."""

    number: int
    by: str
    at: dt.datetime
    edition: str


def note_edition(db: Session, edition: str | None) -> None:
    """Remember, for this session of the database, which rules another statement found in force."""
    db.info[_MARK] = edition or ""


def in_force(db: Session) -> Catalogue:
    """Return the catalogue with the rules that a physician has approved.

    It has no rules as long as nobody has: nothing is checked then. One statement a session of the
    database, none after histories were read in it.
    """
    edition = db.info.get(_MARK)
    if edition is None:
        edition = db.scalar(sa.select(EDITION)) or ""
        note_edition(db, edition)
    if edition not in _READ:
        _READ[edition] = _read(db, edition)
    return _READ[edition]


def newest(db: Session) -> RuleCatalogue | None:
    """Return the approval in force; None while there is none."""
    return db.scalar(sa.select(RuleCatalogue).order_by(RuleCatalogue.number.desc()).limit(1))


def approvals(db: Session, *, limit: int = 50) -> Sequence[Approval]:
    """Return who approved what was in force, newest first; one statement."""
    rows = db.execute(
        sa.select(RuleCatalogue.number, RuleCatalogue.at, RuleCatalogue.edition, Account.name)
        .join(Account, Account.id == RuleCatalogue.approved_by_id)
        .order_by(RuleCatalogue.number.desc())
        .limit(limit)
    )
    return [
        Approval(number=row.number, by=row.name, at=row.at, edition=row.edition) for row in rows
    ]


def proposals(db: Session) -> tuple[Proposal, ...]:
    """Return what each rule is and would become with the next approval; four statements."""
    catalogue = newest(db)
    last = db.scalars(sa.select(sa.func.max(RuleVersion.id)).group_by(RuleVersion.code)).all()
    return versions.proposals(
        _versions(db, catalogue.rule_ids) if catalogue else (),
        _versions(db, last),
        shipped_rules(),
    )


def next_edition(db: Session) -> str:
    """Return the edition that would be in force if every change were approved."""
    together, _ = versions.chosen(proposals(db), None)
    return versions.edition(together)


def proposal(db: Session, code: str) -> Proposal:
    """Return what one released rule is and would become; raises NotFound."""
    as_released(code)
    return next(each for each in proposals(db) if each.code == code)


@cache
def as_released(code: str) -> Version:
    """Return a rule as this release of the program brings it; raises NotFound."""
    for content in shipped_rules():
        if content["code"] == code:
            return versions.released(content)
    raise NotFound(N_("There is no such rule"))


def floor_of(code: str) -> Rule | None:
    """Return a rule as released; None for one that is released no more."""
    return next((rule for rule in shipped_catalogue().rules if rule.code == code), None)


def history_of(db: Session, code: str) -> Sequence[tuple[RuleVersion, str]]:
    """Return (version, who drafted it) of one rule, newest first; one statement."""
    rows = db.execute(
        sa.select(RuleVersion, Account.name)
        .outerjoin(Account, Account.id == RuleVersion.author_id)
        .where(RuleVersion.code == code)
        .order_by(RuleVersion.id.desc())
    )
    return [(row[0], row[1] or "") for row in rows]


def built(version: Version) -> Rule:
    """Return a version as a rule that can be asked; raises BadCatalogue."""
    return build_rule({**version.content, "version": version.version}, shipped_catalogue())


def rules_of(these: Iterable[Version]) -> tuple[Rule, ...]:
    """Return the rules that act, those that are switched off left out; raises BadCatalogue."""
    return tuple(built(version) for version in these if version.is_on)


def _read(db: Session, edition: str) -> Catalogue:
    # Not the newest: another may be approved between the statement that named it and this one.
    catalogue = db.scalar(sa.select(RuleCatalogue).where(RuleCatalogue.edition == edition).limit(1))
    these = _versions(db, catalogue.rule_ids) if catalogue else ()
    try:
        rules = rules_of(these)
    except BadCatalogue:
        # A release that cannot read an approved rule must not check without it.
        log.exception("the approved rules cannot be read: nothing is checked")
        rules = ()
    return versions.with_rules(shipped_catalogue(), rules, edition)


def _versions(db: Session, ids: Sequence[int]) -> Sequence[Version]:
    rows = db.scalars(sa.select(RuleVersion).where(RuleVersion.id.in_(ids)))
    return [version_of(row) for row in rows]


def version_of(row: RuleVersion) -> Version:
    """Return a kept version as the value that rules compare."""
    return Version(
        id=row.id,
        code=row.code,
        version=row.version,
        is_on=row.is_on,
        content=row.content,
        content_hash=row.content_hash,
        release_hash=row.release_hash,
    )
