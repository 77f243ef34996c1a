"""What is asked about messages: the servers, what a patient agreed to, decisions about one."""

import re
from typing import Any

from wtforms import BooleanField, PasswordField
from wtforms.validators import Optional, ValidationError

from clinic.core.text import N_
from clinic.messages.rules import may_call
from clinic.messages.values import (
    KIND_NAMES,
    SECURITY_NAMES,
    SMS_NAMES,
    ChangeSettings,
    MailSecurity,
    MessageKind,
    SetContact,
    SmsWay,
)
from clinic.patients.values import CHANNEL_NAMES, Channel
from clinic.scheduling.values import CONFIRMATION_NAMES, Confirmation
from clinic.web.forms import (
    BaseForm,
    EmailField,
    EnumField,
    IdField,
    PhoneField,
    TextField,
    TimeField,
    WholeField,
    given,
)
from clinic.web.password_again import AskingForm
from clinic.web.words import translate

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-fA-F:]+")
_SENDER = re.compile(r"\+?[A-Za-z0-9 ]+")
BAD_HOST = N_("This is no name of a server, such as mail.example.org")
BAD_URL = N_("Give an address that begins with https:// and holds no password.")
BAD_SENDER = N_("Letters and digits only")
BAD_SECRET = N_("This password holds characters that cannot be stored.")
LONG_SECRET = 400


class SeenField(IdField):
    """The version that the page was made from; 0 while there is no row."""

    def parse(self, raw: str) -> int:
        """Read 0 or a version."""
        return 0 if raw == "0" else super().parse(raw)

    def renew(self, version: int) -> None:
        """Take the present version: saving again is then meant."""
        self.data, self.raw_data = version, None


class SecretField(PasswordField):
    """A password of a server: never shown again, left as it is when nothing is typed."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label, [Optional()], **kwargs)

    def pre_validate(self, form: Any) -> None:
        """Refuse what no server takes in a header."""
        del form
        typed = self.data or ""
        if len(typed) > LONG_SECRET or not typed.isprintable():
            raise ValidationError(translate(BAD_SECRET))


class SettingsForm(AskingForm):
    """The clinic's servers, and when messages leave."""

    version = SeenField()
    smtp_host = TextField(
        N_("Mail server"),
        max_length=253,
        optional=True,
        description=N_("For example mail.example.org. Empty: no e-mail is sent."),
    )
    smtp_port = WholeField(N_("Port"), least=1, most=65535)
    smtp_security = EnumField(N_("Encryption"), MailSecurity, SECURITY_NAMES)
    smtp_login = TextField(N_("Login at the mail server"), max_length=254, optional=True)
    smtp_password = SecretField(N_("Password at the mail server"))
    forget_smtp = BooleanField(N_("Forget the password of the mail server"))
    sender = EmailField(N_("Messages come from"), optional=True)
    sms_way = EnumField(N_("SMS leave by"), SmsWay, SMS_NAMES)
    sms_url = TextField(
        N_("Address of the SMS provider"),
        max_length=400,
        optional=True,
        description=N_("Begins with https://. What is sent there: docs/messages.md."),
    )
    sms_sender = TextField(N_("Sender shown on SMS"), max_length=20, optional=True)
    sms_token = SecretField(N_("Key of the SMS provider"))
    forget_sms = BooleanField(N_("Forget the key of the SMS provider"))
    reminder_hours = WholeField(
        N_("Remind so many hours before"),
        least=0,
        most=336,
        description=N_("0 is no reminders."),
    )
    quiet_from = TimeField(N_("No messages from"))
    quiet_until = TimeField(
        N_("No messages until"), description=N_("The same time twice: messages leave at any hour.")
    )

    def __init__(self, formdata: Any = None, **values: Any) -> None:
        super().__init__(formdata, **values)
        self.is_testing = False

    def validate_smtp_host(self, field: Any) -> None:
        """Refuse what is no name of a machine."""
        if field.data and not _HOST.fullmatch(field.data):
            raise ValidationError(translate(BAD_HOST))

    def validate_sms_url(self, field: Any) -> None:
        """Refuse an address that a message must not go to."""
        if field.data and not may_call(field.data, is_testing=self.is_testing):
            raise ValidationError(translate(BAD_URL))

    def validate_sms_sender(self, field: Any) -> None:
        """Refuse what no provider shows."""
        if field.data and not _SENDER.fullmatch(field.data):
            raise ValidationError(translate(BAD_SENDER))

    def command(self) -> ChangeSettings:
        """Build the command."""
        return ChangeSettings(
            version=given(self.version.data),
            smtp_host=self.smtp_host.text(),
            smtp_port=given(self.smtp_port.data),
            smtp_security=self.smtp_security.member(),
            smtp_login=self.smtp_login.text(),
            sender=self.sender.data or "",
            sms_way=self.sms_way.member(),
            sms_url=self.sms_url.text(),
            sms_sender=self.sms_sender.text(),
            reminder_hours=given(self.reminder_hours.data),
            quiet_from=given(self.quiet_from.data),
            quiet_until=given(self.quiet_until.data),
        )


class TrialForm(AskingForm):
    """A test message to oneself."""

    email = EmailField(N_("My e-mail address"), optional=True)
    phone = PhoneField(N_("My mobile number"), optional=True)

    def validate(self, extra_validators: Any = None) -> bool:
        """Ask for one of the two."""
        is_good = super().validate(extra_validators)
        if is_good and bool(self.email.data) == bool(self.phone.data):
            self.refuse("email", N_("Give one of the two: e-mail or mobile number."))
            return False
        return is_good


class ContactForm(BaseForm):
    """Which messages a patient wants, and that they agreed."""

    version = SeenField()
    channel = EnumField(N_("Messages by"), Channel, CHANNEL_NAMES)
    agreed = BooleanField(N_("The patient has agreed to be written to about visits"))

    def command(self, patient_id: int) -> SetContact:
        """Build the command."""
        return SetContact(
            patient_id=patient_id,
            version=given(self.version.data),
            channel=self.channel.member(),
            agreed=bool(self.agreed.data),
        )


class WithholdForm(BaseForm):
    """Which queued message shall not be sent."""

    kind = EnumField("", MessageKind, KIND_NAMES)


class AnswerForm(BaseForm):
    """What a patient answered, as far as it bears on the coming."""

    answer = EnumField("", Confirmation, CONFIRMATION_NAMES, optional=True, blank="")
