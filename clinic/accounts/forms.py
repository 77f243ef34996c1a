"""What people type to sign in and to be kept."""

from wtforms import PasswordField

from clinic.core.text import N_
from clinic.web.forms import BaseForm, TextField, required


class SignInForm(BaseForm):
    """Login and password."""

    login = TextField(N_("Login"), max_length=120)
    password = PasswordField(N_("Password"), [required()])
