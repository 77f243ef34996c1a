"""Translating what the lower floors marked: messages, labels, refusals."""

from flask_babel import gettext

from clinic.core.errors import ClinicError


def translate(message: str, **values: object) -> str:
    """Return a marked message in the language of the request, its gaps filled."""
    if not message:
        return ""
    text: str = gettext(message)
    return text % values if values else text


def words_of(error: ClinicError) -> str:
    """Return what a refusal says, in the language of the request."""
    return translate(error.message, **error.values)
