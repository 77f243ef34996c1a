"""The forms of the tablet: the code that opens it, and the patient's answers."""

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField

from clinic.core.text import N_
from clinic.intake.forms.questions import QuestionsForm
from clinic.intake.values import AnswerOnTablet
from clinic.scheduling.rules import handovers as handover_rules
from clinic.web.forms import BaseForm, TextField

UNANSWERED = N_("Please choose an answer. “Don’t know” is one too.")


class CodeForm(BaseForm):
    """The short code from the desk."""

    code = TextField(N_("Code"), max_length=40)

    def validate(self, extra_validators: Any = None) -> bool:
        """Check that it can be a code at all, however it was typed."""
        is_good = super().validate(extra_validators)
        if is_good and handover_rules.code_of(self.code.text()) is None:
            self.refuse("code", N_("The code has 8 letters and digits. Look at it once more."))
            return False
        return is_good

    def plain(self) -> str:
        """Return the code after validate()."""
        code = handover_rules.code_of(self.code.text())
        assert code is not None, "an unchecked code was used"
        return code


class TabletForm(QuestionsForm):
    """The patient's replies: every question has one, unless it is sent as it is."""

    leave = BooleanField()
    """Set by the button that sends although something is unanswered."""
    open_fields: Sequence[Any] = ()
    """What is unanswered when nothing else is wrong: this button is then offered."""

    def validate(self, extra_validators: Any = None) -> bool:
        """Check as the nurse's form does; once all of it is right, that nothing was overlooked."""
        if not super().validate(extra_validators):
            return False
        if self.leave.data:
            return True
        lacking = [
            self[f"q_{asked.question.code}"]
            for card in self.cards
            if not self[f"same_{card.group.code}"].data
            for asked in card.questions
        ]
        self.open_fields = tuple(field for field in lacking if not field.data)
        for field in self.open_fields:
            self.refuse(field.short_name, UNANSWERED)
        return not self.open_fields

    def replies(self) -> AnswerOnTablet:
        """Build the command."""
        return AnswerOnTablet(groups=self.groups())
