"""Recording consent papers and their withdrawal."""

import datetime as dt
from collections.abc import Iterable

from clinic.consents.values import ConsentKind, RecordConsent, WithdrawConsent
from clinic.core.text import N_
from clinic.web.forms import BaseForm, ChoiceField, DateField, FormKeyField, TextField, given
from clinic.web.words import translate


class ConsentForm(BaseForm):
    """Which paper was signed, on which day."""

    form_key = FormKeyField()
    text = ChoiceField(N_("Which paper was signed?"))
    given_on = DateField(N_("Signed on"), description=N_("The day written on the paper."))

    def offer(self, texts: Iterable[tuple[str, str]]) -> None:
        """Set the papers to choose from, as ("kind version", shown text)."""
        self.text.offer(texts, blank=translate(N_("Choose…")))

    def wish(self, patient_id: int) -> RecordConsent:
        """Build the command."""
        kind, _, version = given(self.text.data).partition(" ")
        return RecordConsent(
            patient_id=patient_id,
            kind=ConsentKind(kind),
            text_version=version,
            given_on=given(self.given_on.data),
            form_key=self.form_key.data,
        )


class WithdrawForm(BaseForm):
    """From which day on a consent does not hold, and why."""

    withdrawn_on = DateField(N_("Withdrawn on"))
    reason = TextField(N_("Why"), max_length=200)

    def __init__(
        self, formdata: object = None, *, consent_id: int, today: dt.date | None = None
    ) -> None:
        """Make the form of one paper; several share a page."""
        super().__init__(formdata, prefix=f"withdraw-{consent_id}-", data={"withdrawn_on": today})

    def wish(self, consent_id: int) -> WithdrawConsent:
        """Build the command."""
        return WithdrawConsent(
            consent_id=consent_id,
            withdrawn_on=given(self.withdrawn_on.data),
            reason=self.reason.text(),
        )
