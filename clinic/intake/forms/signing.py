"""Signing a consent on the tablet or withdrawing it: ticks, names, a drawn or typed signature."""

import json
from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, HiddenField

from clinic.consents import rules
from clinic.consents.values import ConsentKind, Scope, SignConsent, SignWithdrawal, offered
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.intake.forms.fields import ScopesField
from clinic.web.forms import BaseForm, TextField
from clinic.web.words import translate

LONGEST = 60_000
"""Letters of a drawn signature as it is sent."""
NOT_AGREED = N_(
    "Nothing is signed without this tick. If you do not agree, give the tablet back:"
    " that is all right."
)
NOTHING_WITHDRAWN = N_(
    "Tick what you withdraw. If you do not want to withdraw anything, go back to the text."
)
NOTHING_TICKED = N_("Tick what you agree to. If you agree to none of it, give the tablet back.")


class SignatureForm(BaseForm):
    """What is ticked, who signs, and the signature: drawn, or a typed name with its tick."""

    scopes = ScopesField(N_("I agree to"))
    strokes = HiddenField()
    signer = TextField(N_("Your first and last name"))
    guardian = TextField(
        N_("If you sign for the patient: as what?"),
        description=N_("Mother, father, guardian. Leave it empty if you are the patient."),
        optional=True,
    )
    typed = BooleanField(N_("I cannot draw here: my typed name is my signature."))

    drawn: rules.Strokes | None = None

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the name and the signature."""
        is_good = super().validate(extra_validators)
        try:
            self.drawn = None if self.typed.data else rules.strokes_of(self._sent())
        except Invalid as bad:
            self.refuse("typed", bad)
            is_good = False
        return is_good

    def _sent(self) -> object:
        raw = self.strokes.data or ""
        try:
            return json.loads(raw) if 0 < len(raw) <= LONGEST else None
        except (ValueError, RecursionError):
            return None


class SignForm(SignatureForm):
    """What the patient agrees to, and the signature. Nothing is ticked beforehand."""

    read_in = HiddenField()
    """The language that was shown: what was read is what is signed."""
    interpreter = TextField(N_("Who translated for you, if somebody did"), optional=True)

    def __init__(self, formdata: Any = None, *, kind: ConsentKind, **given: Any) -> None:
        """Make the form of a text of this kind."""
        super().__init__(formdata, **given)
        self.kind = kind
        self.scopes.offer(offered(kind))

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the ticks, the name and the signature."""
        is_good = super().validate(extra_validators)
        ticked = self.scopes.ticked()
        if self.kind is not ConsentKind.PHOTOGRAPHS and Scope.TREATMENT not in ticked:
            self.refuse("scopes", NOT_AGREED)
            is_good = False
        elif not ticked:
            self.refuse("scopes", NOTHING_TICKED)
            is_good = False
        return is_good

    def wish(self, text_id: int, patient_id: int) -> SignConsent:
        """Build the command after validate()."""
        return SignConsent(
            text_id=text_id,
            patient_id=patient_id,
            language=self.read_in.data or "",
            photos=self.scopes.ticked() - {Scope.TREATMENT},
            signer=self.signer.text(),
            guardian=self.guardian.text(),
            interpreter=self.interpreter.text(),
            strokes=self.drawn,
        )


class TakeBackForm(SignatureForm):
    """What the patient withdraws from today on, and the signature. Nothing is ticked beforehand."""

    taking_back = HiddenField(default="y")
    """Says which page to show again in another language."""
    reason = TextField(
        N_("Why"), max_length=200, description=N_("You do not have to say why."), optional=True
    )

    def __init__(
        self, formdata: Any = None, *, standing: Sequence[Scope] = (), **given: Any
    ) -> None:
        """Make the form of what stands."""
        super().__init__(formdata, **given)
        self.scopes.offer(standing)
        self.scopes.label.text = translate(N_("From today on I do not agree any more to"))

    def validate(self, extra_validators: Any = None) -> bool:
        """Check that something is ticked, the name and the signature."""
        is_good = super().validate(extra_validators)
        if not self.scopes.ticked():
            self.refuse("scopes", NOTHING_WITHDRAWN)
            is_good = False
        return is_good

    def wish(self, kind: ConsentKind, patient_id: int) -> SignWithdrawal:
        """Build the command after validate()."""
        return SignWithdrawal(
            kind=kind,
            patient_id=patient_id,
            scopes=self.scopes.ticked(),
            reason=self.reason.text(),
            signer=self.signer.text(),
            guardian=self.guardian.text(),
            strokes=self.drawn,
        )
