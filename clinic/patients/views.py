"""Finding, choosing, registering and changing patients."""

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, ngettext

from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Conflict, StaleEdit
from clinic.core.text import N_, one_line
from clinic.locations import queries as location_queries
from clinic.patients import finding, queries, service
from clinic.patients import rules as patient_rules
from clinic.patients.forms import EditForm, PatientForm, RegisterForm
from clinic.patients.models import Patient
from clinic.patients.values import (
    LANGUAGES,
    LIKENESS_NAMES,
    SEX_NAMES,
    STATUS_NAMES,
    PatientHit,
    PatientStatus,
    Sex,
)
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.links import own_path, with_values
from clinic.web.words import translate

bp = Blueprint("patients", __name__)
MOST = 20
LONGEST_SEARCH = 120
_WORDS = {
    "sex_names": SEX_NAMES,
    "status_names": STATUS_NAMES,
    "likeness_names": LIKENESS_NAMES,
}
_FIELDS = (
    "family_name",
    "given_name",
    "birth_date",
    "phone",
    "sex",
    "email",
    "address",
    "language",
    "note",
)


@bp.get("/patients")
@require(Permission.PATIENT_VIEW)
def index() -> ResponseReturnValue:
    """Search; with `pick`, each hit leads back to the page that asked for a patient."""
    typed = one_line(request.args.get("q", ""))[:LONGEST_SEARCH]
    db = read()
    found = finding.search(db, typed, limit=MOST + 1, location_id=actor().location_id)
    hits, has_more = found[:MOST], len(found) > MOST
    is_anybody = bool(hits) or queries.is_anybody(db)
    if typed:
        looks.listed("patient", (hit.id for hit in hits))
    next_url = own_path(request.args.get("next"))
    page = render_template(
        "patients/_hits.html" if _is_fragment() else "patients/index.html",
        typed=typed,
        hits=hits,
        has_more=has_more,
        is_anybody=is_anybody,
        pick=request.args.get("pick") == "1",
        next_url=next_url,
        going_to={hit.id: _page_of(hit.id, next_url) for hit in hits},
        **_WORDS,
    )
    response = make_response(page)
    if typed:
        response.headers["X-Announce"] = quote(_announcement(len(hits), has_more=has_more))
    return response


@bp.get("/patients/new")
@require(Permission.PATIENT_EDIT)
def new() -> ResponseReturnValue:
    """Show the form of a new patient, begun with what was searched for."""
    typed = one_line(request.args.get("q", ""))[:LONGEST_SEARCH]
    guess = patient_rules.guess_of(typed, today=clock.today(actor().zone))
    form = RegisterForm(
        **surroundings(),
        family_name=guess.family_name,
        given_name=guess.given_name,
        birth_date=guess.birth_date,
        form_key=secrets.token_urlsafe(18),
    )
    if guess.phone:
        form.phone.raw_data = [guess.phone]
    return _new_page(form)


@bp.post("/patients/new")
@require(Permission.PATIENT_EDIT)
def create() -> ResponseReturnValue:
    """Register somebody, or show who on file may be the same person."""
    form = RegisterForm(request.form, **surroundings())
    if not form.validate():
        return _new_page(form), 422
    try:
        with transaction() as db:
            wish = form.wish(seen=request.form.get("seen", ""))
            patient = service.register(db, actor(), wish)
    except service.LooksAlike as alike:
        looks.listed("patient", (hit.id for hit in alike.hits))
        return _new_page(form, alike.hits), 409
    except Conflict as refused:
        form.refuse("", refused)
        form.form_key.data = secrets.token_urlsafe(18)
        return _new_page(form), 409
    words = N_("%(name)s is registered. File number: %(number)s.")
    name = f"{patient.given_name} {patient.family_name}".strip()
    flash(translate(words, name=name, number=patient.file_number), "ok")
    return redirect(_page_of(patient.id, own_path(request.args.get("next"))), 303)


@bp.get("/patients/<id:patient_id>/edit")
@require(Permission.PATIENT_EDIT)
def edit(patient_id: int) -> ResponseReturnValue:
    """Show the form of a patient who is on file."""
    patient = queries.get(read(), patient_id, location_id=actor().location_id)
    values = {name: getattr(patient, name) for name in _FIELDS}
    form = EditForm(**surroundings(), **values, version=patient.version)
    is_in_use = patient.status is not PatientStatus.ERASED
    looks.opened("patient", patient_id, patient_id=patient_id)
    return _edit_page(patient_id, form, is_in_use=is_in_use)


@bp.post("/patients/<id:patient_id>/edit")
@require(Permission.PATIENT_EDIT)
def update(patient_id: int) -> ResponseReturnValue:
    """Save the changes; when somebody else was faster, show both texts."""
    form = EditForm(request.form, **surroundings())
    queries.get(read(), patient_id, location_id=actor().location_id)
    if not form.validate():
        return _edit_page(patient_id, form), 422
    try:
        with transaction() as db:
            service.change(db, actor(), form.command(patient_id))
    except StaleEdit as stale:
        form.refuse("", stale)
        now = queries.get(read(), patient_id, location_id=actor().location_id)
        form.version.renew(now.version)
        return _edit_page(patient_id, form, differences=_differences(now, form)), 409
    except service.NotInUse as refused:
        form.refuse("", refused)
        return _edit_page(patient_id, form, is_in_use=False), 409
    flash(translate(N_("The changes are saved.")), "ok")
    return redirect(_page_of(patient_id, own_path(request.args.get("next"))), 303)


def _is_fragment() -> bool:
    return request.headers.get("X-Fragment") == "#hits"


def _page_of(patient_id: int, next_url: str | None) -> str:
    """Return where to go with a patient: back to who asked for one, else to the patient's page."""
    if next_url:
        return with_values(next_url, patient_id=patient_id)
    return url_for("chart.patient", patient_id=patient_id)


def _announcement(count: int, *, has_more: bool) -> str:
    if has_more:
        return translate(N_("More than %(count)s patients found"), count=count)
    if not count:
        return translate(N_("Nobody found"))
    return str(ngettext("One patient found", "%(num)s patients found", count))


def surroundings() -> dict[str, Any]:
    """Return what a form of a patient has to know: country, today, languages."""
    location = location_queries.get(read(), actor().location_id)
    names = get_locale().languages
    offered = sorted(((code, names.get(code, code)) for code in LANGUAGES), key=lambda one: one[1])
    return {
        "country": location.country,
        "today": clock.today(location.zone),
        "languages": offered,
        "usual_language": location.locale,
    }


def _new_page(form: RegisterForm, alike: Sequence[PatientHit] = ()) -> str:
    next_url = own_path(request.args.get("next"))
    return render_template(
        "patients/new.html",
        form=form,
        focus=_first_empty(form) if not (alike or form.errors) else "",
        alike=alike,
        going_to={hit.id: _page_of(hit.id, next_url) for hit in alike},
        next_url=next_url,
        **_WORDS,
    )


def _first_empty(form: RegisterForm) -> str:
    """Return the first of the four fields that a search has not filled already."""
    four = ("family_name", "given_name", "birth_date", "phone")
    return next((name for name in four if not (form[name].data or form[name].raw_data)), four[0])


def _edit_page(
    patient_id: int,
    form: EditForm,
    *,
    is_in_use: bool = True,
    differences: Sequence[tuple[str, str, str]] = (),
) -> str:
    next_url = own_path(request.args.get("next"))
    return render_template(
        "patients/edit.html",
        form=form,
        bar=queries.card(read(), patient_id, today=clock.today(actor().zone)),
        patient_id=patient_id,
        is_in_use=is_in_use,
        differences=differences,
        next_url=next_url,
        back_url=_page_of(patient_id, next_url),
    )


def _differences(now: Patient, form: PatientForm) -> list[tuple[str, str, str]]:
    """Return (label, text on file, text typed) of each field that differs."""
    typed = form.identity()
    return [
        (str(form[name].label.text), _shown(getattr(now, name)), _shown(typed[name]))
        for name in _FIELDS
        if getattr(now, name) != typed[name]
    ]


def _shown(value: object) -> str:
    return translate(SEX_NAMES[value]) if isinstance(value, Sex) else str(value or "")
