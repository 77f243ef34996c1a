"""The leaves of a condition that look for something recorded: exposures, illnesses, sessions.

No matching record means "no" only while the question that would find one is answered; else it
is unknown. An open record counts until somebody at least as sure says otherwise.
"""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

from clinic.core.text import N_
from clinic.safety.rules.known import WEIGHT, key
from clinic.safety.rules.language import Recorded, UnconfirmedMedicine, Watched
from clinic.safety.rules.verdicts import (
    ABSENT,
    Hit,
    Question,
    Values,
    Verdict,
    ask_group,
    called,
    days_after,
    days_between,
)
from clinic.safety.values import (
    Fact,
    FactKind,
    FactSource,
    FactState,
    Message,
    Missing,
    MissingKind,
)


def recorded(leaf: Recorded, asked: Question) -> Verdict:
    """Tell whether something watched is recorded and still counts on the day."""
    if leaf.is_window_planned and asked.plan.interval_days is None:
        return ABSENT
    # Most leaves end here: what is denied or never said of speaks for nothing.
    if leaf.codes and not asked.known.is_any_said(leaf.kinds, leaf.codes):
        return ABSENT if not leaf.group or _is_settled(leaf, asked, ()) else _not_asked(leaf, asked)
    search = _Search(leaf, asked)
    for kind in leaf.kinds:
        if not leaf.watched:
            for fact in asked.known.of_kind(kind):
                _weigh(search, fact, Watched(fact.code, "", (fact.code,)))
        for watched in leaf.watched:
            is_meant = not leaf.is_of_ingredient or asked.ingredient in watched.ingredients
            for fact in asked.known.of(kind, watched.code):
                # "Allergic? Don't know" speaks of every ingredient.
                if is_meant or (fact.state is FactState.UNSURE and fact.code in leaf.roots):
                    _weigh(search, fact, watched)
    if search.hits:
        ends = [hit.until for hit in search.hits if hit.until is not None]
        is_open = len(ends) < len(search.hits)
        return Verdict(
            True, None if is_open else max(ends), tuple(search.hits), tuple(search.doubts)
        )
    if search.doubts:
        return Verdict(None, None, tuple(search.doubted), tuple(search.doubts))
    if not leaf.group or _is_settled(leaf, asked, search.unsure):
        return ABSENT
    return _not_asked(leaf, asked)


def _not_asked(leaf: Recorded, asked: Question) -> Verdict:
    return _unknown(leaf.group, asked.known.reviewed_on(leaf.group, asked.on))


@lru_cache(maxsize=1024)
def _unknown(group: str, last_on: dt.date | None) -> Verdict:
    return Verdict(None, missing=(ask_group(group, last_on),))


def unconfirmed_medicine(leaf: UnconfirmedMedicine, asked: Question) -> Verdict:
    """Find medicines open for long that nobody confirmed; never present, only unknown."""
    groups = dict(leaf.groups_of)
    hits: list[Hit] = []
    missing: list[Missing] = []
    for fact in asked.known.of_kind(FactKind.MEDICATION):
        if fact.state is not FactState.PRESENT or fact.ended_on is not None:
            continue
        if fact.began_on is not None and fact.began_on > asked.on:
            continue
        if _denials((), asked, fact, (fact.code,)):
            continue
        own = groups.get(fact.code, leaf.group)
        if _is_stale(asked, fact, leaf.days, (leaf.group, own)):
            hits.append(_open_hit(fact, ""))
            missing.append(_still_so(leaf.group, fact, ""))
    return Verdict(None, None, tuple(hits), tuple(missing)) if hits else ABSENT


class _Search:
    """One leaf, what it is asked, and what it collects while it looks at the facts."""

    __slots__ = ("asked", "doubted", "doubts", "hits", "leaf", "unsure", "window")

    def __init__(self, leaf: Recorded, asked: Question) -> None:
        self.leaf = leaf
        self.asked = asked
        planned = asked.plan.interval_days or 0
        self.window = planned if leaf.is_window_planned else leaf.window_days
        self.hits: list[Hit] = []
        self.doubted: list[Hit] = []
        self.doubts: list[Missing] = []
        self.unsure: list[tuple[Fact, tuple[str, ...]]] = []

    def doubt(self, fact: Fact, name: str) -> None:
        """Note that an old record may not hold any more."""
        self.doubted.append(_open_hit(fact, name))
        self.doubts.append(_still_so(self.leaf.group, fact, name))


def _weigh(search: _Search, fact: Fact, watched: Watched) -> None:
    leaf, asked = search.leaf, search.asked
    if leaf.is_zoned and fact.zone is not None and fact.zone is not asked.zone:
        return
    if fact.state is FactState.UNSURE:
        search.unsure.append((fact, watched.deniers))
        return
    if fact.state is FactState.ABSENT or not _is_grade_meant(leaf, fact):
        return
    if leaf.is_anchored_when_noted:
        elapsed = days_between(fact.noted_on, asked.on)
        if elapsed >= 0 and (elapsed < search.window or not _has_window(leaf)):
            search.hits.append(_dated_hit(search, fact, watched.name, fact.noted_on))
        return
    if fact.began_on is not None and fact.began_on > asked.on:
        return
    if fact.ended_on is None:
        _weigh_open(search, fact, watched)
    elif asked.on < days_after(fact.ended_on, search.window):
        search.hits.append(_dated_hit(search, fact, watched.name, fact.ended_on))
    elif fact.ended_on > fact.recorded_on and leaf.group and not _is_asked_since(search, fact):
        # The end was a plan when it was written down; whether it came true was never asked.
        search.doubt(fact, watched.name)


def _weigh_open(search: _Search, fact: Fact, watched: Watched) -> None:
    leaf, asked = search.leaf, search.asked
    denied = _denials(leaf.denied_by, asked, fact, watched.deniers)
    if denied:
        if leaf.is_ended_by_denial:
            _weigh_end(search, fact, watched, min(denied, key=_over_by))
        return
    if leaf.stale_days is None or not _is_stale(asked, fact, leaf.stale_days, (leaf.group,)):
        search.hits.append(_open_hit(fact, watched.name))
    elif leaf.is_stale_present:
        search.hits.append(_open_hit(fact, watched.name))
        search.doubts.append(_still_so(leaf.group, fact, watched.name))
    else:
        search.doubt(fact, watched.name)


def _weigh_end(search: _Search, fact: Fact, watched: Watched, denial: Fact) -> None:
    """Count the window of an open record from the day by which somebody found it over."""
    ended_on = _over_by(denial)
    if search.asked.on >= days_after(ended_on, search.window):
        return
    hit = _dated_hit(search, fact, watched.name, ended_on)
    search.hits.append(hit)
    message = Message(
        msgid=N_("%(fact)s: over by %(date)s, as recorded on %(noted)s."),
        values=(
            ("fact", called(denial, watched.name)),
            ("date", ended_on),
            ("noted", denial.noted_on),
        ),
    )
    search.hits.append(Hit(denial, hit.until, message, hit.values))


def _over_by(denial: Fact) -> dt.date:
    """Return the end that a denial names, else the day on which it was stated."""
    return min(denial.ended_on or denial.noted_on, denial.noted_on)


def _has_window(leaf: Recorded) -> bool:
    return leaf.is_window_planned or leaf.window_days > 0


def _is_grade_meant(leaf: Recorded, fact: Fact) -> bool:
    """A side effect without a grade counts as the worse one until somebody grades it."""
    if leaf.grade_at_least is not None:
        return fact.value_milli is None or fact.value_milli >= leaf.grade_at_least * 1000
    if leaf.grade_below is not None:
        return fact.value_milli is not None and fact.value_milli < leaf.grade_below * 1000
    return True


def _denials(
    denied_by: tuple[FactSource, ...], asked: Question, fact: Fact, deniers: tuple[str, ...]
) -> list[Fact]:
    """Return each later "absent" of somebody sure enough to end this open record."""
    return [
        other
        for code in deniers
        for other in asked.known.of(fact.kind, code)
        if other.state is FactState.ABSENT
        and other.noted_on <= asked.on
        and key(other) > key(fact)
        and (other.zone is None or other.zone is fact.zone)
        and WEIGHT[other.source] >= WEIGHT[fact.source]
        and (not denied_by or other.source in denied_by)
    ]


def _is_stale(asked: Question, fact: Fact, days: int, groups: tuple[str, ...]) -> bool:
    """Tell whether nobody has confirmed this open record for longer than the days.

    An imported record is as old as its beginning: the import itself confirms nothing.
    """
    confirmed = fact.noted_on
    if fact.source is FactSource.IMPORTED and fact.began_on is not None:
        confirmed = fact.began_on
    for group in groups:
        answered = asked.known.reviewed_on(group, asked.on) if group else None
        if answered is not None and answered > confirmed:
            confirmed = answered
    return days_between(confirmed, asked.on) > days


def _is_asked_since(search: _Search, fact: Fact) -> bool:
    """Tell whether the group was answered on or after the planned end."""
    answered = search.asked.known.reviewed_on(search.leaf.group, search.asked.on)
    return answered is not None and fact.ended_on is not None and answered >= fact.ended_on


def _is_settled(
    leaf: Recorded, asked: Question, unsure: Sequence[tuple[Fact, tuple[str, ...]]]
) -> bool:
    """Tell whether every concept named, or a broader one, was denied and the no still counts."""
    review = asked.known.review(leaf.group, asked.on)
    for doubt, deniers in unsure:
        said = key(doubt)
        if (review is None or key(review) <= said) and not any(
            key(other) > said
            for code in deniers
            for other in asked.known.of(doubt.kind, code)
            if other.state is FactState.ABSENT and other.noted_on <= asked.on
        ):
            return False
    if review is not None and days_between(review.noted_on, asked.on) <= leaf.group_days:
        return True
    roots = [watched for watched in leaf.watched if watched.code in leaf.roots]
    return bool(roots) and all(_is_denied(leaf, asked, root) for root in roots)


def _is_denied(leaf: Recorded, asked: Question, root: Watched) -> bool:
    for kind in leaf.kinds:
        for code in root.deniers:
            for other in asked.known.of(kind, code):
                if _is_fresh_no(leaf, asked, other):
                    return True
    return False


def _is_fresh_no(leaf: Recorded, asked: Question, fact: Fact) -> bool:
    return (
        fact.state is FactState.ABSENT
        and (fact.zone is None or fact.zone is asked.zone)
        and 0 <= days_between(fact.noted_on, asked.on) <= leaf.group_days
    )


def _open_hit(fact: Fact, name: str) -> Hit:
    label = called(fact, name)
    values: Values = (("fact", label),)
    if fact.began_on is None:
        message = Message(
            msgid=N_("%(fact)s, noted on %(date)s: going on, or its last date is not known."),
            values=(("fact", label), ("date", fact.noted_on)),
        )
    else:
        message = Message(
            msgid=N_("%(fact)s since %(date)s: going on, or its last date is not known."),
            values=(("fact", label), ("date", fact.began_on)),
        )
    return Hit(fact, None, message, values)


def _dated_hit(search: _Search, fact: Fact, name: str, anchor: dt.date) -> Hit:
    label = called(fact, name)
    elapsed = days_between(anchor, search.asked.on)
    values: Values = (("fact", label), ("date", anchor), ("elapsed", elapsed))
    if search.leaf.is_anchored_when_noted and not _has_window(search.leaf):
        return Hit(fact, None, Message(msgid=N_("%(fact)s on %(date)s."), values=values), values)
    until = days_after(anchor, search.window)
    values = (*values, ("window", search.window), ("clears_on", until))
    msgid = N_(
        "%(fact)s: last on %(date)s. Days before the visit: %(elapsed)s;"
        " the rule asks for %(window)s. Clear on %(clears_on)s."
    )
    if elapsed < 0:
        msgid = N_(
            "%(fact)s: planned to end on %(date)s, after the visit; the rule asks for %(window)s"
            " days after that. Clear on %(clears_on)s."
        )
    return Hit(fact, until, Message(msgid=msgid, values=values), values)


def _still_so(group: str, fact: Fact, name: str) -> Missing:
    """Return the question whether an old open record still holds."""
    return Missing(
        kind=MissingKind.QUESTION,
        code=group,
        message=Message(
            msgid=N_("Still so? %(fact)s, recorded on %(date)s and not confirmed since."),
            values=(("fact", called(fact, name)), ("date", fact.began_on or fact.noted_on)),
        ),
    )
