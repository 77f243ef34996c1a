"""The clinic's consent texts: all versions, the next one written, and put in force."""

import datetime as dt
from collections.abc import Sequence

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from clinic.audit import looks
from clinic.catalog import queries as catalog_queries
from clinic.consents import queries, rules, shipped, writing
from clinic.consents.models import ConsentText
from clinic.consents.values import CONSENT_NAMES, SCOPE_NAMES, ConsentKind, Version, offered
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Conflict, Invalid, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.intake import queries as intake_queries
from clinic.intake import service
from clinic.intake.forms.texts import PART, ForceForm, TakeBackForm, WordsForm, words_form
from clinic.scheduling import recheck
from clinic.scheduling.recheck import Decided
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import end_read, look, read, transaction
from clinic.web.formats import fdate, language_name
from clinic.web.words import translate

bp = Blueprint("texts", __name__, url_prefix="/consent-texts")
KEPT = N_("The draft is kept. A physician puts it in force.")
DONE = N_(
    "The text is in force from %(date)s, by %(name)s. The visits that it is for were checked again."
)

TAKEN_BACK = N_(
    "From %(date)s on the text of the kind counts for this service again. Its visits were checked"
    " again."
)


def _kind(raw: str) -> ConsentKind:
    if raw not in set(ConsentKind):
        raise NotFound(queries.NO_TEXT)
    return ConsentKind(raw)


def _service(about: ConsentKind) -> int | None:
    """Return the service that the text is written for, of those of its kind; None for all."""
    raw = request.args.get("service", "")
    if not raw:
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) < 19):
        raise NotFound(catalog_queries.NO_SERVICE)
    found = catalog_queries.service(read(), int(raw))
    if found.modality.value != about.value:
        raise NotFound(catalog_queries.NO_SERVICE)
    return found.id


def _service_names() -> dict[int, str]:
    return {card.id: card.name for card in catalog_queries.service_cards(read())}


def _language(raw: str) -> str:
    if raw not in current_app.config["LANGUAGES"]:
        raise NotFound(queries.NO_TEXT)
    return raw


@bp.get("")
@require(Permission.RULE_VIEW)
def index() -> ResponseReturnValue:
    """Show the versions of each text."""
    versions = queries.versions(read())
    cards = catalog_queries.service_cards(read())
    today = clock.today(actor().zone)
    return render_template(
        "texts/index.html",
        kinds={kind: [one for one in versions if one.kind is kind] for kind in ConsentKind},
        in_force=_in_force(versions, today),
        kind_names=CONSENT_NAMES,
        service_names={card.id: card.name for card in cards},
        services={
            kind: [card for card in cards if card.is_active and card.modality.value == kind.value]
            for kind in ConsentKind
        },
        today=today,
    )


def _in_force(versions: Sequence[Version], today: dt.date) -> set[int]:
    """Return the ids of the newest in force of each kind and of each service."""
    newest: dict[tuple[ConsentKind, int | None], int] = {}
    for one in versions:
        if one.in_force_from is not None and one.in_force_from <= today:
            newest.setdefault((one.kind, one.service_id), one.id)
    return set(newest.values())


@bp.get("/<id:text_id>")
@require(Permission.RULE_VIEW)
def show(text_id: int) -> ResponseReturnValue:
    """Show a text as the patient reads it; of a draft also what it lacks."""
    text = queries.text(read(), text_id)
    looks.opened("consent_text", text_id)
    return _page(text, _fresh(text))


@bp.post("/<id:text_id>/force")
@require(Permission.RULE_APPROVE)
@asks_inside
def force(text_id: int) -> ResponseReturnValue:
    """Put a draft in force by the physician's name, then check the visits that it is for again.

    In small units of their own: in one with the text, every desk would wait until all are done.
    A check that was broken off is made up for at night, and by the one at the start of a visit.
    """
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
    with look() as seen:
        visits = intake_queries.asked_for(seen, text_id)
    recheck.run(look, _check, visits)
    day = fdate(form.wish(text_id).in_force_from)
    flash(translate(DONE, date=day, name=actor().name), "ok")
    return redirect(url_for("texts.show", text_id=text_id), 303)


@bp.post("/<id:text_id>/take-back")
@require(Permission.RULE_APPROVE)
@asks_inside
def take_back(text_id: int) -> ResponseReturnValue:
    """Take the text of a service back, then check the visits that it was for again."""
    text = queries.text(read(), text_id)
    form = TakeBackForm(request.form)
    if not form.validate():
        return _page(text, form), 422
    try:
        with transaction() as db:
            made_id = writing.take_back(db, actor(), form.wish(text_id)).id
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _page(text, form), 422
    except Conflict as moved_on:
        form.refuse("", moved_on)
        return _page(text, form), 409
    end_read()
    with look() as seen:
        visits = intake_queries.asked_for(seen, made_id)
    recheck.run(look, _check, visits)
    flash(translate(TAKEN_BACK, date=fdate(form.wish(text_id).in_force_from)), "ok")
    return redirect(url_for("texts.show", text_id=made_id), 303)


def _check(ids: Sequence[int]) -> Sequence[Decided]:
    with transaction() as db:
        return recheck.recheck(db, actor(), ids)


@bp.get("/<string:kind>/draft/<string:language>")
@require(Permission.RULE_DRAFT)
def edit(kind: str, language: str) -> ResponseReturnValue:
    """Show the words of the next version in one language."""
    about, written_in = _kind(kind), _language(language)
    service_id = _service(about)
    row = queries.draft_of(read(), about, service_id=service_id)
    words = row.words if row is not None else writing.base_of(read(), about, service_id=service_id)
    said = {element: both[1] for element, both in words.get(written_in, {}).items()}
    form = words_form(about, written_in, seen=row.version if row else None, said=said)
    return _edit_page(form, about, written_in, service_id)


@bp.post("/<string:kind>/draft/<string:language>")
@require(Permission.RULE_DRAFT)
def update(kind: str, language: str) -> ResponseReturnValue:
    """Keep the words."""
    about, written_in = _kind(kind), _language(language)
    service_id = _service(about)
    form = words_form(about, written_in, request.form)
    if not form.validate():
        return _edit_page(form, about, written_in, service_id), 422
    try:
        with transaction() as db:
            row = service.draft_text(db, actor(), form.wish(about, written_in, service_id))
            text_id = row.id
    except StaleEdit as stale:
        form.refuse("", stale)
        end_read()
        now = queries.draft_of(read(), about, service_id=service_id)
        theirs = now.words.get(written_in, {}) if now else {}
        if now is not None:
            form.seen.renew(now.version)
        changes = [
            (shipped.heading(one, written_in), theirs.get(one, ["", ""])[1], form.said(one))
            for one in rules.elements(about)
            if theirs.get(one, ["", ""])[1] != form.said(one)
        ]
        return _edit_page(form, about, written_in, service_id, changes), 409
    flash(translate(KEPT), "ok")
    return redirect(url_for("texts.show", text_id=text_id, language=written_in), 303)


def _edit_page(
    form: WordsForm,
    kind: ConsentKind,
    language: str,
    service_id: int | None,
    changes: list[tuple[str, str, str]] | None = None,
) -> str:
    row = queries.draft_of(read(), kind, service_id=service_id)
    words = row.words if row is not None else writing.base_of(read(), kind, service_id=service_id)
    others = {code: words[code] for code in words if code != language}
    empty = [form[PART + one] for one in rules.ELEMENTS[kind] if not form.said(one)]
    return render_template(
        "texts/edit.html",
        form=form,
        kind=kind,
        language=language,
        service_id=service_id,
        service_names=_service_names(),
        lacking=_lacking(kind, others) if others else [],
        empty=empty if len(empty) < len(rules.ELEMENTS[kind]) else [],
        written_in=shipped.LANGUAGES,
        kind_names=CONSENT_NAMES,
        changes=changes or [],
    )


def _fresh(text: ConsentText) -> ForceForm | TakeBackForm:
    """Return what can be done with a text: a draft is put in force, what is in force taken back."""
    today = clock.today(actor().zone)
    if text.in_force_from is not None:
        return TakeBackForm(data={"in_force": today})
    return ForceForm(data={"seen": text.version, "in_force": today})


def _page(text: ConsentText, form: ForceForm | TakeBackForm) -> str:
    if isinstance(form, TakeBackForm) and text.in_force_from is None:
        form = _fresh(text)  # A draft has nothing to be taken back.
    known = queries.versions(read())
    newest = next(
        one
        for one in known
        if (one.kind, one.service_id) == (text.kind, text.service_id)
        and (one.in_force_from is not None or text.in_force_from is None)
    )
    here = str(get_locale())
    asked = request.args.get("language", here)
    languages = tuple(text.words)
    shown = asked if asked in text.words else next(iter(languages), "")
    return render_template(
        "texts/show.html",
        text=next(one for one in known if one.id == text.id),
        can_be_taken_back=bool(text.service_id and text.words and text.in_force_from)
        and newest.id == text.id,
        form=form,
        written_in=languages,
        shown=shown,
        said=[both for both in text.words.get(shown, {}).values() if both[1]],
        lacking=_lacking(text.kind, text.words) if text.in_force_from is None else [],
        is_example=text.in_force_from is None and _is_example(text),
        service_names=_service_names(),
        scopes=offered(text.kind),
        scope_names=SCOPE_NAMES,
        kind_names=CONSENT_NAMES,
    )


def _lacking(kind: ConsentKind, words: rules.Words) -> list[tuple[str, str]]:
    """Return (language, element) of what is missing, by name; of no words at all: everything."""
    here = str(get_locale())
    return [
        (language_name(language) if language else "", shipped.heading(element, here))
        for language, element in rules.missing(kind, words)
    ]


def _is_example(text: ConsentText) -> bool:
    """Tell whether a text still carries the remark of the example that came with the program."""
    example = shipped.words(text.kind)
    return any(
        said.get(rules.NOTE, ["", ""])[1] == example[language][rules.NOTE][1]
        for language, said in text.words.items()
        if language in example
    )
