"""The clinic's consent texts: all versions, the next one written, and put in force."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from clinic.audit import looks
from clinic.consents import queries, rules, shipped, writing
from clinic.consents.forms import ForceForm, WordsForm, words_form
from clinic.consents.models import ConsentText
from clinic.consents.values import CONSENT_NAMES, SCOPE_NAMES, ConsentKind, offered
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Conflict, Invalid, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import end_read, read, transaction
from clinic.web.formats import fdate, language_name
from clinic.web.words import translate

bp = Blueprint("texts", __name__, url_prefix="/consent-texts")
KEPT = N_("The draft is kept. A physician puts it in force.")
DONE = N_("The text is in force from %(date)s, by %(name)s.")


def _kind(raw: str) -> ConsentKind:
    if raw not in set(ConsentKind):
        raise NotFound(queries.NO_TEXT)
    return ConsentKind(raw)


def _language(raw: str) -> str:
    if raw not in current_app.config["LANGUAGES"]:
        raise NotFound(queries.NO_TEXT)
    return raw


@bp.get("")
@require(Permission.RULE_VIEW)
def index() -> ResponseReturnValue:
    """Show the versions of each text."""
    versions = queries.versions(read())
    return render_template(
        "texts/index.html",
        kinds={kind: [one for one in versions if one.kind is kind] for kind in ConsentKind},
        kind_names=CONSENT_NAMES,
        today=clock.today(actor().zone),
    )


@bp.get("/<id:text_id>")
@require(Permission.RULE_VIEW)
def show(text_id: int) -> ResponseReturnValue:
    """Show a text as the patient reads it; of a draft also what it lacks."""
    text = queries.text(read(), text_id)
    looks.opened("consent_text", text_id)
    form = ForceForm(data={"seen": text.version, "in_force": clock.today(actor().zone)})
    return _page(text, form)


@bp.post("/<id:text_id>/force")
@require(Permission.RULE_APPROVE)
@asks_inside
def force(text_id: int) -> ResponseReturnValue:
    """Put a draft in force by the physician's name."""
    text = queries.text(read(), text_id)
    form = ForceForm(request.form)
    if not form.validate():
        return _page(text, form), 422
    try:
        with transaction() as db:
            writing.put_in_force(db, actor(), form.wish(text_id))
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _page(text, form), 422
    except Conflict as moved_on:
        form.refuse("", moved_on)
        end_read()
        text = queries.text(read(), text_id)
        form.seen.renew(text.version)
        return _page(text, form), 409
    day = fdate(form.wish(text_id).in_force_from)
    flash(translate(DONE, date=day, name=actor().name), "ok")
    return redirect(url_for("texts.show", text_id=text_id), 303)


@bp.get("/<string:kind>/draft/<string:language>")
@require(Permission.RULE_DRAFT)
def edit(kind: str, language: str) -> ResponseReturnValue:
    """Show the words of the next version in one language."""
    about, written_in = _kind(kind), _language(language)
    row = queries.draft_of(read(), about)
    words = row.words if row is not None else writing.base_of(read(), about)
    said = {element: both[1] for element, both in words.get(written_in, {}).items()}
    form = words_form(about, written_in, seen=row.version if row else None, said=said)
    return _edit_page(form, about, written_in)


@bp.post("/<string:kind>/draft/<string:language>")
@require(Permission.RULE_DRAFT)
def update(kind: str, language: str) -> ResponseReturnValue:
    """Keep the words."""
    about, written_in = _kind(kind), _language(language)
    form = words_form(about, written_in, request.form)
    if not form.validate():
        return _edit_page(form, about, written_in), 422
    try:
        with transaction() as db:
            row = writing.draft(db, actor(), form.wish(about, written_in))
            text_id = row.id
    except StaleEdit as stale:
        form.refuse("", stale)
        end_read()
        now = queries.draft_of(read(), about)
        theirs = now.words.get(written_in, {}) if now else {}
        if now is not None:
            form.seen.renew(now.version)
        changes = [
            (shipped.heading(one, written_in), theirs.get(one, ["", ""])[1], form.said(one))
            for one in rules.elements(about)
            if theirs.get(one, ["", ""])[1] != form.said(one)
        ]
        return _edit_page(form, about, written_in, changes), 409
    flash(translate(KEPT), "ok")
    return redirect(url_for("texts.show", text_id=text_id, language=written_in), 303)


def _edit_page(
    form: WordsForm,
    kind: ConsentKind,
    language: str,
    changes: list[tuple[str, str, str]] | None = None,
) -> str:
    return render_template(
        "texts/edit.html",
        form=form,
        kind=kind,
        language=language,
        written_in=shipped.LANGUAGES,
        kind_names=CONSENT_NAMES,
        changes=changes or [],
    )


def _page(text: ConsentText, form: ForceForm) -> str:
    here = str(get_locale())
    asked = request.args.get("language", here)
    languages = tuple(text.words)
    shown = asked if asked in text.words else next(iter(languages), "")
    lacking = [
        (language_name(language) if language else "", shipped.heading(element, here))
        for language, element in (
            rules.missing(text.kind, text.words) if text.in_force_from is None else ()
        )
    ]
    return render_template(
        "texts/show.html",
        text=next(one for one in queries.versions(read()) if one.id == text.id),
        form=form,
        written_in=languages,
        shown=shown,
        said=[both for both in text.words.get(shown, {}).values() if both[1]],
        lacking=lacking,
        scopes=offered(text.kind),
        scope_names=SCOPE_NAMES,
        kind_names=CONSENT_NAMES,
    )
