"""Recording consent papers and their withdrawal."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from clinic.consents.values import (
    PHOTO_SCOPES,
    ConsentKind,
    RecordConsent,
    Scope,
    WithdrawConsent,
)
from clinic.core.text import N_
from clinic.intake.forms.fields import ScopesField
from clinic.web.forms import (
    REQUIRED,
    BaseForm,
    ChoiceField,
    DateField,
    FormKeyField,
    TextField,
    given,
)
from clinic.web.words import translate

PATIENT, OTHER = "patient", "other"
NOT_BOTH = N_("Somebody else is named below: say that somebody else signed, or empty the name.")
BY_WHOM = ((PATIENT, N_("The patient")), (OTHER, N_("Somebody else for the patient")))


class ConsentForm(BaseForm):
    """Which paper was signed, in which language, by whom, on which day."""

    form_key = FormKeyField()
    text = ChoiceField(N_("Which paper was signed?"))
    given_on = DateField(N_("Signed on"), description=N_("The day written on the paper."))
    language = ChoiceField(
        N_("Language of the paper"), description=N_("In which the patient read it.")
    )
    by_whom = ChoiceField(N_("Who signed"))
    signer = TextField(
        N_("Name of who signed for the patient"),
        description=N_("Only where somebody else signed."),
        optional=True,
    )
    guardian = TextField(
        N_("Signed for the patient as"),
        description=N_("Mother, father, guardian."),
        optional=True,
    )
    interpreter = TextField(N_("Who translated, if somebody did"), optional=True)
    photos = ScopesField(N_("Photographs: what is ticked on the paper"), scopes=PHOTO_SCOPES)

    def offer(self, texts: Iterable[tuple[str, str]]) -> None:
        """Set the papers to choose from, as ("kind version", shown text), and who can sign."""
        self.by_whom.offer((value, translate(name)) for value, name in BY_WHOM)
        self.text.offer(texts, blank=translate(N_("Choose…")))

    def validate(self, extra_validators: Any = None) -> bool:
        """Ask for name and relation where somebody else signed, and for neither otherwise."""
        is_good = super().validate(extra_validators)
        if self.by_whom.data == OTHER:
            for field in (self.signer, self.guardian):
                if not field.text():
                    self.refuse(field.name, REQUIRED)
                    is_good = False
        elif self.by_whom.data == PATIENT and (self.signer.text() or self.guardian.text()):
            self.refuse("by_whom", NOT_BOTH)
            is_good = False
        return is_good

    def wish(self, patient_id: int, *, name: str) -> RecordConsent:
        """Build the command; `name` is the patient's, who signed unless somebody else did."""
        kind, _, version = given(self.text.data).partition(" ")
        return RecordConsent(
            patient_id=patient_id,
            kind=ConsentKind(kind),
            text_version=version,
            given_on=given(self.given_on.data),
            language=given(self.language.data),
            signer=self.signer.text() or name[: self.signer.max_length].rstrip(),
            guardian=self.guardian.text(),
            interpreter=self.interpreter.text(),
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
