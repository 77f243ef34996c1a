"""The password again, inside the form of an act that asks for it: drawn only when it is needed."""

from typing import Any

from flask import g
from wtforms import PasswordField

from clinic.core.access import PASSWORD_FIELD, PasswordNeeded
from clinic.core.text import N_
from clinic.web.access import is_confirmed
from clinic.web.forms import BaseForm


def refuse(said: str) -> None:
    """Remember for this request why the password that came with it does not count."""
    g.password_refusal = said


class AskingForm(BaseForm):
    """A form whose act asks for the password when it was last given too long ago.

    The view declares `@asks_inside`, the template draws `fields.password_again(form)`. What was
    typed here has been judged before the view is run.
    """

    own_password = PasswordField(
        N_("Your password again"),
        description=N_("You gave it more than 10 minutes ago. This act asks for it."),
    )

    def __init__(self, formdata: Any = None, **given: Any) -> None:
        super().__init__(formdata, **given)
        if formdata and "password_refusal" in g:
            self.own_password.errors = [g.password_refusal]  # also for a form that is not checked

    @property
    def shows_password(self) -> bool:
        """Tell whether the field is to be drawn."""
        return not is_confirmed()

    def is_asking(self) -> bool:
        """Tell whether what was filled in asks for the password."""
        return True

    def validate(self, extra_validators: Any = None) -> bool:
        """Refuse without a password that counts, beside whatever else is wrong."""
        is_good = super().validate(extra_validators)
        if self.is_asking() and not is_confirmed():
            self.refuse(PASSWORD_FIELD, g.get("password_refusal") or PasswordNeeded())
            return False
        return is_good
