"""Translating what the lower floors marked: messages, labels, refusals."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from babel import Locale
from babel.dates import format_date
from babel.support import NullTranslations
from flask import Flask, g
from flask_babel import get_locale, get_translations
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from clinic.core.errors import ClinicError


@dataclass(frozen=True, slots=True)
class Language:
    """What a page is written in."""

    locale: Locale
    words: NullTranslations


def language() -> Language:
    """Return the language of this request, looked up once: a page asks several hundred times."""
    found = g.get("language")
    if found is None:
        found = g.language = Language(get_locale(), get_translations())
    return cast("Language", found)


def init_app(app: Flask) -> None:
    """Let the templates translate by the language that was looked up."""
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of Jinja's i18n
        gettext=_of_language("ugettext"),
        ngettext=_of_language("ungettext"),
        pgettext=_of_language("upgettext"),
        npgettext=_of_language("unpgettext"),
        newstyle=True,
    )
    app.jinja_env.globals["_"] = _word


@pass_eval_context
def _word(context: EvalContext, message: str, /, **values: object) -> str:
    """Translate as Jinja's own `_` does, at a third of its time: a page has a hundred words."""
    text: str = language().words.ugettext(message)
    if context.autoescape:
        text = Markup(text)  # noqa: S704 - what is written in a template or a catalogue
    return text % values if values or "%" in text else text


def _of_language(method: str) -> Callable[..., str]:
    def written(*texts: object) -> str:
        return str(getattr(language().words, method)(*texts))

    return written


def translate(message: str, **values: object) -> str:
    """Return a marked message in the language of the request, its gaps filled."""
    if not message:
        return ""
    text: str = language().words.ugettext(message)
    return text % {name: _written(value) for name, value in values.items()} if values else text


def _written(value: object) -> object:
    """Write a day, or a wall time of a day, as the language does; anything else stays."""
    if not isinstance(value, dt.date):
        return value
    day = format_date(value, "medium", locale=language().locale)
    return f"{day}, \u2066{value:%H:%M}\u2069" if isinstance(value, dt.datetime) else day


def words_of(error: ClinicError) -> str:
    """Return what a refusal says, in the language of the request."""
    return translate(error.message, **error.values)
