"""What a patient alone is asked on the tablet, what is shown of last time, what a reply records.

The patient sees own earlier words only. What somebody of the clinic wrote neither shows nor ends.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.intake.rules.questions import (
    MEDICINES,
    Asked,
    Asker,
    GroupCard,
    facts_from,
    last_answers,
)
from clinic.intake.rules.sheet import broader
from clinic.intake.values import GroupReply
from clinic.safety.rules.answers import Answer, Reply, group_state
from clinic.safety.rules.codes import Codes
from clinic.safety.rules.known import WEIGHT, Known, key
from clinic.safety.rules.language import Catalogue, Question, QuestionGroup
from clinic.safety.values import Fact, FactSource, FactState, History

PRIVATE = frozenset({"bbv"})
"""Codes whose answers are never shown again: somebody else may hold the tablet."""
_SURE = WEIGHT[FactSource.PHYSICIAN]


@dataclass(frozen=True, slots=True, kw_only=True)
class TabletCard:
    """One group of questions as the patient meets it: nothing ticked, last time in words."""

    card: GroupCard
    said: Mapping[str, Answer]
    """By question code; empty unless all of it can be confirmed in one tap."""
    said_on: dt.date | None


def is_from_tablet(fact: Fact) -> bool:
    """Tell whether the patient alone said this; what a nurse wrote for them has an author."""
    return fact.source is FactSource.PATIENT and not fact.recorded_by


def tablet_cards(
    cards: Sequence[GroupCard], history: History, codes: Codes
) -> tuple[TabletCard, ...]:
    """Return the groups that a patient alone can answer.

    Left out are the medicines on record, whose list a nurse shows, and questions that a physician
    left in doubt: a patient's No would unsay it.
    """
    known = Known(history)
    found = []
    for card in cards:
        group = card.group
        open_to_patient = tuple(
            Asked(question=asked.question, last=None)
            for asked in card.questions
            if not _is_in_doubt(asked.question, known)
        )
        if group.code == MEDICINES or not open_to_patient:
            continue
        is_whole = len(open_to_patient) == len(card.questions)
        said_on = _said_on(group, history, codes) if is_whole else None
        found.append(
            TabletCard(
                card=replace(
                    card,
                    questions=open_to_patient,
                    open_records=(),
                    answered_on=said_on,
                    counts_until=None,
                    is_valid=False,
                    may_confirm=said_on is not None,
                ),
                said=last_answers(group, Known(_own(history)), codes) if said_on else {},
                said_on=said_on,
            )
        )
    return tuple(found)


def tablet_facts(
    groups: Sequence[GroupReply],
    history: History,
    catalogue: Catalogue,
    codes: Codes,
    *,
    on: dt.date,
) -> tuple[Fact, ...]:
    """Return the facts that a patient's replies put on record, in the order to write them.

    Raises Invalid for a "no change" where the patient has nothing to confirm.
    """
    by_code = {group.code: group for group in catalogue.groups}
    for reply in groups:
        if reply.is_unchanged and _said_on(by_code[reply.group], history, codes) is None:
            raise Invalid(
                N_("There is no complete answer yet that could be confirmed"),
                field=f"same_{reply.group}",
            )
    asker = Asker(name="", role=None, on=on)
    facts = facts_from(groups, (), history, catalogue, codes, asker=asker)
    return (*_as_asked(groups, by_code, codes, asker), *facts)


def _as_asked(
    groups: Sequence[GroupReply],
    by_code: Mapping[str, QuestionGroup],
    codes: Codes,
    asker: Asker,
) -> list[Fact]:
    """Return the question's own Yes where the name typed was recognised as something else.

    A nurse who types "aspirin" behind "blood thinner" knows what it is; a patient may not. Both
    are then on record, and the stricter one counts.
    """
    facts = []
    for reply in groups:
        for question in by_code[reply.group].questions:
            answer = reply.answers.get(question.code)
            if answer is None or answer.reply is not Reply.YES or answer.named is None:
                continue
            if question.yes.code in broader(answer.named.code, codes):
                continue
            said = asker.says(question.yes.kind, question.yes.code, FactState.PRESENT)
            facts.append(
                said._replace(
                    label=answer.label, began_on=answer.began_on, ended_on=answer.ended_on
                )
            )
    return facts


def _own(history: History) -> History:
    return replace(history, facts=tuple(fact for fact in history.facts if is_from_tablet(fact)))


def _said_on(group: QuestionGroup, history: History, codes: Codes) -> dt.date | None:
    """Return when the patient alone answered the whole group, if nobody has asked since.

    None for what is private, and while something of it is uncertain.
    """
    if any(code in PRIVATE for one in group.questions for code in broader(one.yes.code, codes)):
        return None
    own = group_state(group, _own(history), dt.date.max)
    every = group_state(group, history, dt.date.max)
    if not (own.may_confirm and every.may_confirm):
        return None
    return own.answered_on if own.answered_on == every.answered_on else None


def _is_in_doubt(question: Question, known: Known) -> bool:
    """Tell whether the last that anybody as sure as a physician said of it is "don't know"."""
    about = {(each.kind, each.code) for each in (question.yes, *question.settles)}
    said = [
        fact
        for kind, code in about
        for fact in known.of(kind, code)
        if WEIGHT[fact.source] >= _SURE
    ]
    last = max(said, key=key, default=None)
    return last is not None and last.state is FactState.UNSURE
