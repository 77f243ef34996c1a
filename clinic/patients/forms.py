"""What is typed about somebody: who they are and how to reach them."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from wtforms import BooleanField

from clinic.core.text import N_
from clinic.patients.values import (
    CHANNEL_NAMES,
    LANGUAGES,
    NO_EMAIL,
    NO_PHONE,
    SEX_NAMES,
    TICK,
    ChangePatient,
    Channel,
    RegisterPatient,
    Sex,
)
from clinic.web.forms import (
    BaseForm,
    ChoiceField,
    DateField,
    EmailField,
    EnumField,
    FormKeyField,
    NoteField,
    PhoneField,
    TextField,
    VersionField,
    given,
)


class PatientForm(BaseForm):
    """The fields of a patient; a phone number is read for the country of the clinic."""

    family_name = TextField(N_("Family name"), max_length=120)
    given_name = TextField(
        N_("Given name"),
        optional=True,
        description=N_("Leave empty only for somebody who has one name."),
    )
    birth_date = DateField(N_("Birth date"), optional=True)
    phone = PhoneField(N_("Phone"), optional=True)
    sex = EnumField(N_("Sex"), Sex, SEX_NAMES, optional=True)
    email = EmailField(N_("E-mail"), optional=True)
    address = TextField(N_("Address"), max_length=300, optional=True)
    language = ChoiceField(N_("Language"), optional=True)
    note = NoteField(
        N_("Note for the desk"),
        max_length=400,
        optional=True,
        description=N_("Nothing medical: everybody who books reads this."),
    )

    def __init__(
        self,
        formdata: Any = None,
        *,
        country: str,
        today: dt.date,
        languages: Iterable[tuple[str, str]],
        usual_language: str,
        **given_values: Any,
    ) -> None:
        self._country, self._today = country, today
        self._usual_language = usual_language if usual_language in LANGUAGES else "en"
        # A list without a choice shows its first entry, and would save it: female.
        usual = {"language": self._usual_language, "sex": Sex.UNKNOWN}
        super().__init__(formdata, **{**usual, **given_values})
        self.language.offer(languages)

    def process(self, *args: Any, **kwargs: Any) -> None:
        """Tell the fields where and when they are before they read what was typed."""
        self.phone.region = self._country
        self.birth_date.latest = lambda: self._today
        super().process(*args, **kwargs)

    def identity(self) -> dict[str, Any]:
        """Return the values that both commands take."""
        return {
            "family_name": self.family_name.text(),
            "given_name": self.given_name.text(),
            "birth_date": self.birth_date.data,
            "phone": self.phone.data or "",
            "sex": self.sex.member() or Sex.UNKNOWN,
            "email": self.email.data or "",
            "address": self.address.text(),
            "language": self.language.data or self._usual_language,
            "note": self.note.text(),
        }


class RegisterForm(PatientForm):
    """Somebody new."""

    channel = EnumField(N_("Messages by"), Channel, CHANNEL_NAMES, optional=True)
    agreed = BooleanField(N_("The patient has agreed to be written to about visits"))
    form_key = FormKeyField()

    def validate(self, extra_validators: Any = None) -> bool:
        """Ask for the agreement and the address of the way that was chosen."""
        is_good = super().validate(extra_validators)
        if self.channel.errors:
            return False
        channel = self.channel.member() or Channel.NONE
        if channel is not Channel.NONE and not self.agreed.data:
            self.refuse("agreed", TICK)
            is_good = False
        if channel is Channel.EMAIL and not self.email.data:
            self.refuse("email", NO_EMAIL)
            is_good = False
        if channel is Channel.SMS and not self.phone.data:
            self.refuse("phone", NO_PHONE)
            is_good = False
        return is_good

    def wish(self, *, seen: str) -> RegisterPatient:
        """Build the command; `seen` names who was shown as alike, as the page's button sends it."""
        ids = frozenset(int(number) for number in re.findall(r"\d{1,10}", seen[:400], re.ASCII))
        return RegisterPatient(
            **self.identity(),
            channel=self.channel.member() or Channel.NONE,
            form_key=self.form_key.data or None,
            look_alikes_seen=ids,
        )


class EditForm(PatientForm):
    """Somebody who is on file."""

    version = VersionField()

    def command(self, patient_id: int) -> ChangePatient:
        """Build the command."""
        return ChangePatient(
            patient_id=patient_id, version=given(self.version.data), **self.identity()
        )
