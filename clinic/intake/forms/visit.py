"""The forms of a visit: the questions before it, the release of a finding, a fact put right."""

from clinic.core.text import N_
from clinic.safety.values import MarkFactError, ReleaseFinding
from clinic.web.forms import BaseForm, FormKeyField, NoteField, TextField
from clinic.web.password_again import AskingForm


class ErrorForm(BaseForm):
    """Why a fact is wrong."""

    reason = TextField(N_("What was wrong with it?"), max_length=300)

    def wish(self, fact_id: int) -> MarkFactError:
        """Build the command."""
        return MarkFactError(fact_id=fact_id, reason=self.reason.text())


class ReleaseForm(AskingForm):
    """A physician's reason for releasing one finding for one visit."""

    fingerprint = FormKeyField()
    reason = NoteField(
        N_("Your reason"),
        max_length=1000,
        description=N_("At least 10 characters. It is kept with the visit for ever."),
    )

    def wish(self, appointment_id: int) -> ReleaseFinding:
        """Build the command."""
        return ReleaseFinding(
            appointment_id=appointment_id,
            fingerprint=self.fingerprint.data or "",
            reason=self.reason.text(),
        )
