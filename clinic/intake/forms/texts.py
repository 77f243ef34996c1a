"""The next version of a consent text: its words in one language, and the day it comes in force."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from wtforms import BooleanField

from clinic.consents import rules, shipped
from clinic.consents.values import ConsentKind, DraftText, PutInForce, TakeTextBack
from clinic.core.text import N_
from clinic.web.forms import BaseForm, DateField, NoteField, VersionField, given
from clinic.web.password_again import AskingForm
from clinic.web.words import translate

PART = "part_"
"""Before the name of an element: some are names that a form has already."""
LONGEST = 4000
"""Letters of one element."""
NOT_READ = N_("Tick that you have read it")


class WordsForm(BaseForm):
    """The words of a text in one language; its elements are added by `words_form`."""

    seen = VersionField(optional=True)

    def said(self, element: str) -> str:
        """Return what was typed for an element."""
        field = self[PART + element]
        assert isinstance(field, NoteField), "one of the fields that words_form adds"
        return field.text()

    def wish(self, kind: ConsentKind, language: str, service_id: int | None) -> DraftText:
        """Build the command."""
        return DraftText(
            kind=kind,
            service_id=service_id,
            language=language,
            said={element: self.said(element) for element in rules.elements(kind)},
            version=self.seen.data or 0,
        )


def words_form(
    kind: ConsentKind,
    language: str,
    formdata: Any = None,
    *,
    seen: int | None = None,
    said: Mapping[str, str] | None = None,
) -> WordsForm:
    """Return a form with one field an element, named in the language of the text."""

    class Made(WordsForm):
        pass

    for element in rules.elements(kind):
        field = NoteField(shipped.heading(element, language), max_length=LONGEST, optional=True)
        setattr(Made, PART + element, field)
    data = {PART + element: text for element, text in (said or {}).items()}
    return Made(formdata, data={"seen": seen, **data})


class TakeBackForm(AskingForm):
    """From which day on the text of the kind counts again for a service."""

    in_force = DateField(N_("From this day on"))

    def wish(self, text_id: int) -> TakeTextBack:
        """Build the command."""
        return TakeTextBack(text_id=text_id, in_force_from=given(self.in_force.data))


class ForceForm(AskingForm):
    """From which day on a text is in force, by who has read it."""

    seen = VersionField()
    in_force = DateField(N_("In force from"))
    is_read = BooleanField(N_("I have read this text in every language that it is written in."))

    def validate(self, extra_validators: Any = None) -> bool:
        """Refuse without the tick."""
        is_good = super().validate(extra_validators)
        if not self.is_read.data:
            self.refuse("is_read", translate(NOT_READ))
            return False
        return is_good

    def wish(self, text_id: int) -> PutInForce:
        """Build the command."""
        day: dt.date = given(self.in_force.data)
        return PutInForce(text_id=text_id, version=given(self.seen.data), in_force_from=day)
