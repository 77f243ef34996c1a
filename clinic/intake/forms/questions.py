"""The form before a visit: made of the question groups that matter for it."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField

from clinic.core.text import N_
from clinic.intake.forms.fact import TO_COME
from clinic.intake.forms.fields import OneOfField
from clinic.intake.rules.questions import Asked, GroupCard, named
from clinic.intake.rules.sheet import Line
from clinic.intake.values import AnswerQuestions, GroupReply, OpenReply
from clinic.safety.rules.answers import Answer, Reply
from clinic.safety.rules.codes import Codes
from clinic.safety.rules.language import FollowUp
from clinic.web.forms import REQUIRED, BaseForm, DateField, FormKeyField, TextField
from clinic.web.words import translate

REPLIES = ((Reply.YES, N_("Yes")), (Reply.NO, N_("No")), (Reply.UNSURE, N_("Don't know")))
STILL, ENDED = "still", "ended"
_NAMED = {FollowUp.NAME, FollowUp.NAME_AND_LAST_DAY}
_LAST = {FollowUp.LAST_DAY, FollowUp.NAME_AND_LAST_DAY}


class QuestionsForm(BaseForm):
    """The replies to the groups it was made for; untouched groups record nothing."""

    form_key = FormKeyField()
    cards: Sequence[GroupCard] = ()
    codes: Codes
    today: dt.date

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, then each group for itself, then that there is anything at all."""
        is_good = super().validate(extra_validators)
        for card in self.cards:
            for asked in card.questions:
                is_good = self._check_question(asked) and is_good
            for line in card.open_records:
                is_good = self._check_record(line) and is_good
            if self[f"same_{card.group.code}"].data and self._is_touched(card):
                self.refuse(
                    f"same_{card.group.code}", N_("Either no change, or answers below: not both")
                )
                is_good = False
        if is_good and not self.groups() and not self.open_records():
            self.refuse("", N_("Nothing is answered yet"))
            return False
        return is_good

    def wish(self, appointment_id: int) -> AnswerQuestions:
        """Build the command."""
        return AnswerQuestions(
            appointment_id=appointment_id,
            groups=self.groups(),
            open_records=self.open_records(),
            form_key=self.form_key.data,
        )

    def groups(self) -> tuple[GroupReply, ...]:
        """Return the replies to the groups that were touched."""
        found = []
        for card in self.cards:
            if self[f"same_{card.group.code}"].data:
                found.append(GroupReply(group=card.group.code, is_unchanged=True, answers={}))
            elif self._is_touched(card):
                answers = {
                    asked.question.code: answer
                    for asked in card.questions
                    if (answer := self._answer(asked)) is not None
                }
                found.append(GroupReply(group=card.group.code, answers=answers))
        return tuple(found)

    def open_records(self) -> tuple[OpenReply, ...]:
        """Return what was said of records that were going on."""
        return tuple(
            OpenReply(
                fact_id=line.fact.id,
                ended_on=self[f"end_{line.fact.id}"].data
                if self[f"open_{line.fact.id}"].data == ENDED
                else None,
            )
            for card in self.cards
            for line in card.open_records
            if line.fact.id is not None and self[f"open_{line.fact.id}"].data
        )

    def _answer(self, asked: Asked) -> Answer | None:
        question = asked.question
        raw = self[f"q_{question.code}"].data
        if raw not in set(Reply):
            return None  # Nothing, or something forged: the field has said so already.
        if raw != Reply.YES:
            return Answer(reply=Reply(raw))
        label = self._text(f"name_{question.code}")
        day = self._day(f"day_{question.code}")
        return Answer(
            reply=Reply.YES,
            label=label,
            named=named(question, label, self.codes),
            began_on=day if question.follow_up is FollowUp.SINCE else None,
            ended_on=day if question.follow_up in _LAST else None,
        )

    def _is_touched(self, card: GroupCard) -> bool:
        """Tell whether anything says other than what the form came with."""
        for asked in card.questions:
            answer = self._answer(asked)
            if answer is not None and not (card.is_valid and _is_as_shown(answer, asked)):
                return True
        return False

    def _check_question(self, asked: Asked) -> bool:
        code = asked.question.code
        is_typed = (self._text(f"name_{code}"), self._day(f"day_{code}")) != _shown(asked)
        if is_typed and not self[f"q_{code}"].data:
            self.refuse(f"q_{code}", N_("Yes, No or Don't know?"))
            return False
        day = self._day(f"day_{code}")
        if day is not None and day > self.today:
            self.refuse(f"day_{code}", TO_COME)
            return False
        return True

    def _check_record(self, line: Line) -> bool:
        name = f"end_{line.fact.id}"
        day = self[name].data
        is_ended = self[f"open_{line.fact.id}"].data == ENDED
        problem = ""
        if is_ended and day is None and not self[name].errors:
            problem = REQUIRED
        elif day is not None and not is_ended:
            problem = N_("Choose “Ended”, or leave this day empty")
        elif day is not None and day > self.today:
            problem = TO_COME
        elif day is not None and line.fact.began_on is not None and day < line.fact.began_on:
            problem = N_("The end is before the beginning")
        if problem:
            self.refuse(name, problem)
        return not problem

    def _text(self, name: str) -> str:
        return (self[name].data or "") if name in self else ""

    def _day(self, name: str) -> dt.date | None:
        day: dt.date | None = self[name].data if name in self else None
        return day


def questions_form(
    cards: Sequence[GroupCard],
    codes: Codes,
    *,
    today: dt.date,
    formdata: Any = None,
    form_key: str = "",
    kind: type[QuestionsForm] = QuestionsForm,
) -> QuestionsForm:
    """Make the form of these groups, filled with what still counts from last time."""
    fields: dict[str, Any] = {"cards": tuple(cards), "codes": codes, "today": today}
    shown: dict[str, Any] = {"form_key": form_key}
    for card in cards:
        fields[f"same_{card.group.code}"] = BooleanField(N_("No change"))
        for asked in card.questions:
            _add_question(fields, shown, asked, is_valid=card.is_valid)
        for line in card.open_records:
            fields[f"open_{line.fact.id}"] = OneOfField(
                translate(line.title), ((STILL, N_("Still so")), (ENDED, N_("Ended")))
            )
            fields[f"end_{line.fact.id}"] = DateField(N_("Ended on, or last dose"), optional=True)
    form: QuestionsForm = type("VisitQuestions", (kind,), fields)(formdata, data=shown)
    return form


def _add_question(
    fields: dict[str, Any], shown: dict[str, Any], asked: Asked, *, is_valid: bool
) -> None:
    question, code = asked.question, asked.question.code
    fields[f"q_{code}"] = OneOfField(question.text, REPLIES)
    if is_valid and asked.last is not None:
        shown[f"q_{code}"] = asked.last.reply.value
    label, day = _shown(asked)
    if question.follow_up in _NAMED:
        fields[f"name_{code}"] = TextField(N_("Which?"), max_length=200, optional=True)
        shown[f"name_{code}"] = label
    if question.follow_up in _LAST or question.follow_up is FollowUp.SINCE:
        text = N_("Since") if question.follow_up is FollowUp.SINCE else N_("Last day")
        fields[f"day_{code}"] = DateField(text, optional=True)
        shown[f"day_{code}"] = day


def _shown(asked: Asked) -> tuple[str, dt.date | None]:
    """Return the name and the day that the fields come filled with."""
    last, follow_up = asked.last, asked.question.follow_up
    if last is None or last.reply is not Reply.YES:
        return "", None
    label = last.label if follow_up in _NAMED else ""
    if follow_up in _LAST:
        return label, last.ended_on
    return label, last.began_on if follow_up is FollowUp.SINCE else None


def _is_as_shown(answer: Answer, asked: Asked) -> bool:
    if asked.last is None or answer.reply is not asked.last.reply:
        return False
    said = (answer.label, answer.began_on or answer.ended_on)
    return answer.reply is not Reply.YES or said == _shown(asked)
