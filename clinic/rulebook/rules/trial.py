"""Trying rules out before they are approved: what a visit would become under others.

Only the rules that differ are asked first. Where they say the same before and after, nothing of
the visit changes; else the others are asked once, and both decisions are made of the same answers.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from clinic.catalog.values import Modality
from clinic.core.zones import Zone
from clinic.rulebook.values import Part, Shift, Sign, Turn
from clinic.safety.rules.known import Known
from clinic.safety.rules.language import Rule
from clinic.safety.rules.screening import Match, matches, visit_decision
from clinic.safety.values import Decision, Fact, FactKind, History, PlannedTreatment

COMING = "coming"
_OF_THE_SESSION = frozenset({FactKind.TREATMENT, FactKind.SIDE_EFFECT})
_Key = tuple[str, str, Decision, Zone | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Two sets of rules, taken apart once for any number of visits."""

    shared: tuple[Rule, ...]
    before: tuple[Rule, ...]
    """Those in force that would change or go."""
    after: tuple[Rule, ...]

    @property
    def codes(self) -> frozenset[str]:
        """Return the codes of the rules that differ."""
        return frozenset(rule.code for rule in (*self.before, *self.after))


def trial_of(in_force: Iterable[Rule], proposed: Iterable[Rule]) -> Trial:
    """Take two sets of rules apart; a version number alone makes no difference."""
    now = {rule.code: rule for rule in in_force}
    then = {rule.code: rule for rule in proposed}
    shared = {code for code in now.keys() & then.keys() if _says(now[code]) == _says(then[code])}
    return Trial(
        shared=tuple(rule for code, rule in now.items() if code in shared),
        before=tuple(rule for code, rule in now.items() if code not in shared),
        after=tuple(rule for code, rule in then.items() if code not in shared),
    )


def _says(rule: Rule) -> Rule:
    return replace(rule, version=0, content_hash="")


def turn(trial: Trial, history: History, plan: PlannedTreatment, on: dt.date) -> Turn | None:
    """Return how a visit would turn, releases left aside; None where it would stay as it is.

    A decision is None where there is no rule at all: not checked.
    """
    if plan.modality is Modality.CONSULTATION:
        return None
    known = Known(history)
    old = matches(known, plan, on, trial.before)
    new = matches(known, plan, on, trial.after)
    was_checked = bool(trial.shared or trial.before)
    will_be = bool(trial.shared or trial.after)
    gone, come = _signs(old), _signs(new)
    if was_checked == will_be and gone.keys() == come.keys():
        return None
    others = matches(known, plan, on, trial.shared)
    return Turn(
        before=visit_decision([*others, *old], plan) if was_checked else None,
        after=visit_decision([*others, *new], plan) if will_be else None,
        gone=tuple(sign for key, sign in gone.items() if key not in come),
        come=tuple(sign for key, sign in come.items() if key not in gone),
    )


def _signs(found: Sequence[Match]) -> dict[_Key, Sign]:
    return {
        (
            match.rule.code,
            match.case.name if match.case else "",
            match.decision,
            match.zone,
            match.ingredient,
        ): Sign(
            code=match.rule.code,
            name=match.rule.name,
            decision=match.decision,
            zone=match.zone,
            ingredient=match.ingredient,
        )
        for match in sorted(found, key=lambda match: (-match.decision.rank, match.rule.code))
    }


def as_of(history: History, on: dt.date) -> History:
    """Return what had been recorded by a day, without the session of that day itself.

    What was found to be wrong since is gone from histories altogether: it is left out here too.
    """
    return replace(history, facts=tuple(fact for fact in history.facts if _was_known(fact, on)))


def _was_known(fact: Fact, on: dt.date) -> bool:
    if fact.recorded_on > on:
        return False
    return fact.kind not in _OF_THE_SESSION or (fact.began_on or fact.noted_on) < on


def shifts(turns: Iterable[Turn]) -> tuple[Shift, ...]:
    """Count visits by what they would turn from and to, the strongest new decision first."""
    counted = Counter((each.before, each.after) for each in turns)
    return tuple(
        Shift(before=before, after=after, visits=visits)
        for (before, after), visits in sorted(
            counted.items(), key=lambda item: (-_rank(item[0][1]), -_rank(item[0][0]))
        )
    )


def _rank(decision: Decision | None) -> int:
    return -1 if decision is None else decision.rank


def parts(today: dt.date) -> tuple[Part, ...]:
    """Return what a trial runs through: the coming visits, then twelve months, newest first.

    The month of today ends with yesterday: what is still to come today is among the coming. The
    oldest month begins on the day of today a year ago.
    """
    found = [Part(key=COMING, first=today, until=None)]
    since = _a_year_before(today)
    month, until = today.replace(day=1), today
    while until > since:
        if month < until:
            found.append(Part(key=f"{month:%Y-%m}", first=max(month, since), until=until))
        month, until = (month - dt.timedelta(days=1)).replace(day=1), month
    return tuple(found)


def _a_year_before(day: dt.date) -> dt.date:
    """Return the same day of the year before; 28 February for the 29th."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
