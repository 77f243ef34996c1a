"""From answers to facts: what a Yes, a No, a Don't know and a "no change" put on record.

The engine reads facts only. A No denies everything its question settles, so that an old open
record ends; the group is confirmed only when each of its questions has a Yes or a No.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from clinic.safety.rules.known import key
from clinic.safety.rules.language import FactKey, Question, QuestionGroup
from clinic.safety.values import Fact, FactKind, FactSource, FactState, History


class Reply(StrEnum):
    """What was answered."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to one question, with what the field after a Yes was filled with."""

    reply: Reply
    named: FactKey | None = None
    """What the name given was recognised as; None takes the question's own."""
    label: str = ""
    began_on: dt.date | None = None
    ended_on: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupState:
    """How a question group stands on a day."""

    group: QuestionGroup
    answered_on: dt.date | None
    is_valid: bool
    """Answered, and the answer still counts on the day."""
    may_confirm: bool
    """Whether "no change" may be offered: answered before, and nothing left uncertain."""


def facts_of(
    group: QuestionGroup,
    answers: Mapping[str, Answer],
    *,
    on: dt.date,
    source: FactSource,
    recorded_by: str,
) -> tuple[Fact, ...]:
    """Return the facts that answers to a group put on record, the confirmation last.

    `answers` is by question code; a question without one leaves the group unconfirmed. The
    facts carry no id and are recorded on `on`.
    """
    facts: list[Fact] = []

    def record(about: FactKey, state: FactState, answer: Answer | None = None) -> None:
        is_present = answer is not None and state is FactState.PRESENT
        facts.append(
            Fact(
                kind=about.kind,
                code=about.code,
                state=state,
                label=answer.label if answer and is_present else "",
                began_on=answer.began_on if answer and is_present else None,
                ended_on=answer.ended_on if answer and is_present else None,
                noted_on=on,
                source=source,
                recorded_by=recorded_by,
                recorded_on=on,
            )
        )

    for question in group.questions:
        answer = answers.get(question.code)
        if answer is None:
            continue
        if answer.reply is Reply.YES:
            record(answer.named or question.yes, FactState.PRESENT, answer)
        else:
            state = FactState.ABSENT if answer.reply is Reply.NO else FactState.UNSURE
            for about in question.settles:
                record(about, state)
    replies = [answers[q.code].reply for q in group.questions if q.code in answers]
    if len(replies) == len(group.questions) and Reply.UNSURE not in replies:
        record(FactKey(kind=FactKind.REVIEW, code=group.code), FactState.PRESENT)
    return tuple(facts)


def confirmation(
    group: QuestionGroup, *, on: dt.date, source: FactSource, recorded_by: str
) -> Fact:
    """Return the fact of a "no change" for the whole group. Ask `group_state` first."""
    return Fact(
        kind=FactKind.REVIEW,
        code=group.code,
        noted_on=on,
        source=source,
        recorded_by=recorded_by,
        recorded_on=on,
    )


def group_state(group: QuestionGroup, history: History, on: dt.date) -> GroupState:
    """Tell whether the group's answers count on the day, and whether one tap may renew them."""
    reviews = [
        fact
        for fact in history.facts
        if fact.kind is FactKind.REVIEW
        and fact.code == group.code
        and fact.state is FactState.PRESENT
        and fact.noted_on <= on
    ]
    last = max(reviews, key=key, default=None)
    return GroupState(
        group=group,
        answered_on=last.noted_on if last else None,
        is_valid=last is not None and (on - last.noted_on).days <= group.validity_days,
        may_confirm=last is not None
        and not any(_is_unsure_after(question, history, last) for question in group.questions),
    )


def _is_unsure_after(question: Question, history: History, review: Fact) -> bool:
    about = {(each.kind, each.code) for each in question.settles}
    return any(
        fact.state is FactState.UNSURE
        and (fact.kind, fact.code) in about
        and key(fact) > key(review)
        for fact in history.facts
    )
