"""Recording consent papers and their withdrawal."""

import datetime as dt
from collections.abc import Iterable, Sequence

from clinic.consents.values import (
    PHOTO_SCOPES,
    ConsentKind,
    RecordConsent,
    Scope,
    WithdrawConsent,
)
from clinic.core.text import N_
from clinic.intake.forms.fields import ScopesField
from clinic.web.forms import BaseForm, ChoiceField, DateField, FormKeyField, TextField, given
from clinic.web.words import translate


class ConsentForm(BaseForm):
    """Which paper was signed, on which day."""

    form_key = FormKeyField()
    text = ChoiceField(N_("Which paper was signed?"))
    given_on = DateField(N_("Signed on"), description=N_("The day written on the paper."))
    photos = ScopesField(N_("Photographs: what is ticked on the paper"), scopes=PHOTO_SCOPES)

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
            photos=self.photos.ticked(),
            form_key=self.form_key.data,
        )


class WithdrawForm(BaseForm):
    """What of a consent does not hold any more, from which day on, and why."""

    scopes = ScopesField(N_("What is withdrawn"))
    withdrawn_on = DateField(N_("Withdrawn on"))
    reason = TextField(N_("Why"), max_length=200)

    def __init__(
        self,
        formdata: object = None,
        *,
        consent_id: int,
        standing: Sequence[Scope],
        today: dt.date | None = None,
    ) -> None:
        """Make the form of one paper; several share a page. Of one scope nothing is asked."""
        super().__init__(formdata, prefix=f"withdraw-{consent_id}-", data={"withdrawn_on": today})
        self.standing = standing
        self.scopes.offer(standing)
        if len(standing) < 2:
            del self.scopes

    def wish(self, consent_id: int) -> WithdrawConsent:
        """Build the command."""
        ticked = self.scopes.ticked() if "scopes" in self else frozenset(self.standing)
        return WithdrawConsent(
            consent_id=consent_id,
            scopes=ticked,
            withdrawn_on=given(self.withdrawn_on.data),
            reason=self.reason.text(),
        )
