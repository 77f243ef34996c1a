"""Services: what can be booked, and what each of them holds, kept by the administrator."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from clinic.audit import looks
from clinic.catalog import queries, services
from clinic.catalog.after_values import FOLLOW_UP_DAYS, LATEST_INFECTION
from clinic.catalog.service_forms import (
    EMPTY_ROWS,
    AfterForm,
    ServiceChangeForm,
    ServiceForm,
    after_form,
    begun_with,
    present,
)
from clinic.catalog.service_forms import WORDS as WORDS_OF
from clinic.catalog.values import DEVICE_NAMES, KIND_NAMES, MODALITY_NAMES, CoursePattern, Modality
from clinic.core.access import Permission
from clinic.core.errors import Invalid, NotFound, StaleEdit
from clinic.locations import queries as location_queries
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import read, transaction
from clinic.web.formats import language_name

bp = Blueprint("services", __name__, url_prefix="/clinic/services")
WORDS = {"kinds": KIND_NAMES, "devices": DEVICE_NAMES, "modalities": MODALITY_NAMES}
NO_COURSE = CoursePattern(sessions=1, interval_days=28, tolerance_days=7, least_days=1)
ROWS = 6
"""Rows of a new service; a button gives more."""


@bp.get("")
@require(Permission.CLINIC_MANAGE)
def index() -> ResponseReturnValue:
    """List the services with a picture of each."""
    cards = queries.service_cards(read())
    looks.listed("service", (card.id for card in cards))
    return render_template("services/index.html", cards=cards, **WORDS)


def _new_page(form: ServiceForm) -> str:
    return render_template("services/new.html", form=form, **WORDS)


@bp.get("/new")
@require(Permission.CLINIC_MANAGE)
def new() -> ResponseReturnValue:
    """Show the form of a new service."""
    return _new_page(ServiceForm(data=begun_with(NO_COURSE), rows=ROWS))


@bp.post("/new")
@require(Permission.CLINIC_MANAGE)
@asks_inside
def create() -> ResponseReturnValue:
    """Put one more on the list; the form's other button gives it more rows."""
    form = ServiceForm(request.form, rows=_rows())
    if "more" in request.form:
        return _new_page(form)
    if not form.validate():
        return _new_page(form), 422
    try:
        with transaction() as db:
            services.add_service(db, actor(), form.wish())
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _new_page(form), 422
    flash(_("It can be booked from now on."), "ok")
    return redirect(url_for("services.index"), 303)


def _edit_page(form: ServiceChangeForm, service_id: int) -> str:
    card = queries.service_card(read(), service_id)
    return render_template("services/edit.html", form=form, card=card, **WORDS)


@bp.get("/<id:service_id>")
@require(Permission.CLINIC_MANAGE)
def edit(service_id: int) -> ResponseReturnValue:
    """Show one with its parts."""
    card = queries.service_card(read(), service_id)
    looks.opened("service", service_id)
    return _edit_page(ServiceChangeForm(data=present(card)), service_id)


@bp.post("/<id:service_id>")
@require(Permission.CLINIC_MANAGE)
@asks_inside
def update(service_id: int) -> ResponseReturnValue:
    """Change it or put it out of use; who was slower keeps what was typed."""
    form = ServiceChangeForm(request.form, rows=_rows())
    if "more" in request.form:
        return _edit_page(form, service_id)
    if not form.validate():
        return _edit_page(form, service_id), 422
    try:
        with transaction() as db:
            services.change_service(db, actor(), form.change(service_id))
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _edit_page(form, service_id), 422
    except StaleEdit as stale:
        form.version.renew(queries.service_card(read(), service_id).version)
        form.refuse("", stale)
        return _edit_page(form, service_id), 409
    flash(_("The change was saved. Visits that are booked keep what they hold."), "ok")
    return redirect(url_for("services.index"), 303)


def _languages() -> dict[str, str]:
    return {code: language_name(code) for code in current_app.config["LANGUAGES"]}


def _after_page(
    form: AfterForm, service_id: int, changes: list[tuple[str, str, str]] | None = None
) -> str:
    after = queries.after(read(), service_id)
    if not after.modality.is_treatment:
        raise NotFound(queries.NO_SERVICE)
    place = location_queries.get(read(), actor().location_id)
    return render_template(
        "services/after.html",
        form=form,
        after=after,
        changes=changes or [],
        usual=FOLLOW_UP_DAYS[after.modality],
        is_too_short=after.modality is Modality.MESOTHERAPY and after.days[-1] <= LATEST_INFECTION,
        latest=LATEST_INFECTION,
        has_phones=bool(place.phone and place.emergency_phone),
        spoken=_languages(),
        prefix=WORDS_OF,
    )


@bp.get("/<id:service_id>/after")
@require(Permission.CLINIC_MANAGE)
def after(service_id: int) -> ResponseReturnValue:
    """Show what follows a session of it: days to call on, the clinic's own words of advice."""
    kept = queries.after(read(), service_id)
    looks.opened("service", service_id)
    return _after_page(after_form(_languages(), after=kept), service_id)


@bp.post("/<id:service_id>/after")
@require(Permission.CLINIC_MANAGE)
@asks_inside
def keep_after(service_id: int) -> ResponseReturnValue:
    """Keep it; who was slower keeps what was typed."""
    form = after_form(_languages(), request.form)
    if not form.validate():
        return _after_page(form, service_id), 422
    try:
        with transaction() as db:
            services.keep_after(db, actor(), form.wish(service_id))
    except StaleEdit as stale:
        now = queries.after(read(), service_id)
        form.version.renew(now.version)
        form.refuse("", stale)
        both = [
            (form[f"{WORDS_OF}{code}"].label.text, now.words.get(code, ""), said)
            for code, said in form.words().items()
            if now.words.get(code, "") != said
        ]
        days = form.days.show(now.days), form.days.show(form.days.data)
        return _after_page(form, service_id, [(form.days.label.text, *days), *both]), 409
    flash(_("Kept. The next sheet is printed with it."), "ok")
    return redirect(url_for("services.after", service_id=service_id), 303)


def _rows() -> int:
    """Return how many rows the form showed, and three more when they were asked for."""
    raw = request.form.get("rows", "")
    shown = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 3 else 0
    return shown + (EMPTY_ROWS if "more" in request.form else 0)
