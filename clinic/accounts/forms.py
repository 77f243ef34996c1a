"""What people type to sign in, to be invited, and to keep their own account."""

from typing import Any

from wtforms import HiddenField, PasswordField

from clinic.accounts.values import ChangeAccount, InviteAccount
from clinic.core.access import ROLE_NAMES, Role
from clinic.core.text import N_
from clinic.web.forms import BaseForm, EnumField, TextField, VersionField, given, required
from clinic.web.password_again import AskingForm

DIFFERENT = N_("The two passwords differ: type the same one twice")


class SignInForm(BaseForm):
    """Login and password, and what was typed elsewhere when the session ended."""

    login = TextField(N_("Login"), max_length=120)
    password = PasswordField(N_("Password"), [required()])
    kept = HiddenField()
    kept_for = HiddenField()


class NewPasswordForm(BaseForm):
    """A new password, typed twice."""

    password = PasswordField(
        N_("New password"),
        [required()],
        description=N_("At least 15 characters. A few words that belong to no saying are good."),
    )
    again = PasswordField(N_("The same password again"), [required()])

    def validate(self, extra_validators: Any = None) -> bool:
        """Both must be the same."""
        good = super().validate(extra_validators)
        if good and self.password.data != self.again.data:
            self.refuse("again", DIFFERENT)
            return False
        return good


class ChangePasswordForm(NewPasswordForm):
    """The present password, then a new one."""

    current = PasswordField(N_("Your present password"), [required()])


class InviteForm(AskingForm):
    """Somebody new."""

    name = TextField(N_("Name"), max_length=120)
    login = TextField(
        N_("Login"), max_length=60, description=N_("What this person types to sign in")
    )
    role = EnumField(N_("Role"), Role, ROLE_NAMES, blank=N_("Choose"))

    def command(self) -> InviteAccount:
        """Build the command."""
        return InviteAccount(
            login=self.login.text(), name=self.name.text(), role=given(self.role.member())
        )


class AccountForm(AskingForm):
    """Name and role of somebody who is there already."""

    version = VersionField()
    name = TextField(N_("Name"), max_length=120)
    role = EnumField(N_("Role"), Role, ROLE_NAMES)

    def command(self, account_id: int) -> ChangeAccount:
        """Build the command."""
        return ChangeAccount(
            account_id=account_id,
            name=self.name.text(),
            role=given(self.role.member()),
            version=given(self.version.data),
        )
