"""Drafting the clinic's own versions of rules, and putting rules in force."""

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core import clock, standards
from clinic.core.access import Actor, Permission, refuse_unconfirmed
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.text import N_
from clinic.safety import editions
from clinic.safety.models import RuleCatalogue, RuleVersion
from clinic.safety.rules import versions
from clinic.safety.rules.language import Rule
from clinic.safety.rules.reading import BadCatalogue
from clinic.safety.rules.versions import ApproveRules, DraftRule, Version

REASON_LENGTH = 10
"""Characters that the reason for a draft has at least, as for a release."""
WITHDRAWN = N_("The draft was taken back")
CHANGED_SINCE = N_("The rules have changed since you opened this page. Look at them again.")


class RulesMovedOn(Conflict):
    """Somebody drafted or approved meanwhile."""


def draft(db: Session, actor: Actor, wish: DraftRule) -> RuleVersion:
    """Draft a version of a rule; it acts when a physician has approved it.

    Raises Forbidden, NotFound for a rule that is not released, RulesMovedOn when the rule has
    changed since it was seen, Invalid where nothing changes, numbers do not fit together, or an
    absolute rule would be weaker than it was released.
    """
    _refuse_without(actor, Permission.RULE_DRAFT)
    before = editions.proposal(db, wish.code)
    assert before.then is not None
    if before.then.mark != wish.seen:
        raise RulesMovedOn(CHANGED_SINCE)
    reason = wish.reason.strip()
    if len(reason) < REASON_LENGTH:
        raise Invalid(
            N_("Give your reason in at least %(least)s characters"),
            field="reason",
            least=REASON_LENGTH,
        )
    made = wished(wish, version=before.then.version + 1)
    if made.says_the_same(before.then):
        raise Invalid(N_("Nothing is different from before"), field="reason")
    _refuse_weak(made)
    row = _keep(db, [made], author_id=actor.id, reason=reason)[0]
    audit.record(
        db,
        actor,
        "rule.drafted",
        "rule_version",
        row.id,
        detail={"code": row.code, "version": row.version},
    )
    return row


def wished(wish: DraftRule, *, version: int) -> Version:
    """Return the version that a wish asks for; raises NotFound for a rule that is not released."""
    floor = editions.as_released(wish.code)
    content = versions.changed(floor.content, wish.numbers, wish.decisions)
    return Version(
        id=None,
        code=wish.code,
        version=version,
        is_on=wish.is_on,
        content=content,
        content_hash=versions.wording_hash(content),
        release_hash=floor.content_hash,
    )


def problems(wish: DraftRule) -> Sequence[Invalid]:
    """Return everything for which a draft would be refused, each with its field; no statement.

    Fields are `is_on`, `number-NAME` and `decision-CASE`, empty where numbers do not fit together.
    Raises NotFound for a rule that is not released.
    """
    made = wished(wish, version=1)
    floor = editions.floor_of(wish.code)
    assert floor is not None
    # Put together without being read: what is out of order can still be too weak elsewhere.
    rule = replace(
        floor,
        numbers=tuple(replace(n, value=wish.numbers.get(n.name, n.value)) for n in floor.numbers),
        cases=tuple(
            replace(c, decision=wish.decisions.get(c.name, c.decision)) for c in floor.cases
        ),
    )
    found = versions.out_of_order(rule) | versions.too_weak(rule, floor, is_on=wish.is_on)
    if found:
        return [Invalid(why, field=field) for field, why in found.items()]
    try:
        _refuse_weak(made)
    except Invalid as refused:
        return [refused]
    return []


def withdraw(db: Session, actor: Actor, code: str, *, seen: str) -> RuleVersion:
    """Take a draft back: the rule as it is in force, or as released, is proposed again.

    Raises Forbidden, NotFound, RulesMovedOn when the rule has changed since it was seen, Invalid
    where there is no draft.
    """
    _refuse_without(actor, Permission.RULE_DRAFT)
    before = editions.proposal(db, code)
    draft_ = before.then
    assert draft_ is not None
    if draft_.mark != seen:
        raise RulesMovedOn(CHANGED_SINCE)
    if not (before.is_change and draft_.is_own):
        raise Invalid(N_("There is no draft of this rule"))
    again = replace(before.now or editions.as_released(code), version=draft_.version + 1)
    row = _keep(db, [again], author_id=actor.id, reason=WITHDRAWN)[0]
    audit.record(
        db,
        actor,
        "rule.withdrawn",
        "rule_version",
        row.id,
        detail={"code": row.code, "version": draft_.version},
    )
    return row


def approve(db: Session, actor: Actor, wish: ApproveRules) -> RuleCatalogue:
    """Put changes of rules in force, by the name of the physician and the date.

    Raises Forbidden, PasswordNeeded, RulesMovedOn when anything has changed since it was seen or
    somebody else approves at the same moment, Invalid where nothing is chosen or a rule cannot be
    read.
    """
    _refuse_without(actor, Permission.RULE_APPROVE)
    refuse_unconfirmed(actor, at=clock.now())
    standards.change(db)
    before = editions.newest(db)
    all_ = editions.proposals(db)
    if versions.edition(versions.chosen(all_, None)[0]) != wish.seen:
        raise RulesMovedOn(CHANGED_SINCE)
    together, picked = versions.chosen(all_, wish.codes if before else None)
    mark = versions.edition(together)
    if not picked:
        raise Invalid(N_("Choose at least one change"), field="codes")
    for version in together:
        _refuse_weak(version)

    new = [version for version in together if version.id is None]
    kept = _keep(db, new, author_id=None, reason="")
    row = RuleCatalogue(
        number=before.number + 1 if before else 1,
        approved_by_id=actor.id,
        rule_ids=sorted([v.id for v in together if v.id is not None] + [k.id for k in kept]),
        edition=mark,
        at=clock.now(),
    )
    try:
        with db.begin_nested():
            db.add(row)
            db.flush()  # Of two approvals with the same number, one is refused here.
    except IntegrityError as taken:
        raise RulesMovedOn(CHANGED_SINCE) from taken
    editions.note_edition(db, mark)
    audit.record(
        db,
        actor,
        "rules.approved",
        "rule_catalogue",
        row.id,
        detail={
            "number": row.number,
            "edition": mark,
            "rules": [
                f"{p.code} v{p.then.version}" if p.then else f"{p.code} dropped" for p in picked
            ],
        },
    )
    return row


def _refuse_without(actor: Actor, permission: Permission) -> None:
    if not actor.may(permission):
        raise Forbidden(N_("This is not for your role."))


def _refuse_weak(version: Version) -> Rule:
    """Build a version; raises Invalid where it cannot be read or is weaker than it may be."""
    try:
        rule = editions.built(version)
    except BadCatalogue as bad:
        raise Invalid(
            N_("These numbers do not fit together: %(problem)s"), problem=bad.problems[0]
        ) from bad
    floor = editions.floor_of(version.code)
    problems = versions.too_weak(rule, floor, is_on=version.is_on) if floor else {}
    for field, why in problems.items():
        raise Invalid(why, field=field)
    return rule


def _keep(
    db: Session, these: Sequence[Version], *, author_id: int | None, reason: str
) -> Sequence[RuleVersion]:
    """Keep versions; raises RulesMovedOn when somebody keeps the same number at that moment."""
    if not these:
        return ()
    now = clock.now()
    values = [
        {
            "author_id": author_id,
            "code": version.code,
            "version": version.version,
            "is_on": version.is_on,
            "content": dict(version.content),
            "content_hash": version.content_hash,
            "release_hash": version.release_hash,
            "reason": reason,
            "at": now,
        }
        for version in these
    ]
    try:
        with db.begin_nested():
            return db.scalars(sa.insert(RuleVersion).returning(RuleVersion), values).all()
    except IntegrityError as taken:
        raise RulesMovedOn(CHANGED_SINCE) from taken
