"""Two records that look like one person: the list, side by side, merging, taking it back."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Conflict, StaleEdit
from clinic.core.text import N_
from clinic.merging import page as pages
from clinic.merging import queries, service
from clinic.merging.forms import ApartForm, MergeForm, UndoForm
from clinic.merging.values import FIELDS, UNDO_DAYS, Decided
from clinic.patients.values import LIKENESS_NAMES, STATUS_NAMES, Verdict
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import read, transaction
from clinic.web.words import translate, words_of

bp = Blueprint("merging", __name__)
MERGED = N_(
    "The two records are one now. This can be taken back for %(days)s days,"
    " under Probable duplicates."
)
APART = N_("Noted: these are two people.")
UNDONE = N_("Taken back. Both records are as they were.")
_OTHER = "patient_id"
"""The parameter by which the search brings the second record along."""


@bp.app_template_global()
def merged_into(patient_id: int) -> list[Decided]:
    """Return what was merged into a record, for the page of its patient and who may merge."""
    who = actor()
    if not who.may(Permission.PATIENT_MERGE):
        return []
    return queries.merged_into(read(), patient_id, location_id=who.location_id, now=clock.now())


@bp.get("/patients/duplicates")
@require(Permission.PATIENT_MERGE)
def index() -> ResponseReturnValue:
    """List pairs that look like one person, and what was decided about others."""
    pairs = queries.likely(read(), location_id=actor().location_id)
    looks.listed("patient", (hit.id for pair in pairs for hit in (pair.one, pair.other)))
    return render_template(
        "merging/index.html",
        pairs=pairs,
        decided=queries.recent(read(), location_id=actor().location_id, now=clock.now()),
        likeness_names=LIKENESS_NAMES,
        status_names=STATUS_NAMES,
        verdicts=Verdict,
    )


@bp.get("/patients/<id:patient_id>/merge")
@require(Permission.PATIENT_MERGE)
def new(patient_id: int) -> ResponseReturnValue:
    """Show two records side by side; without a second one, look for it first."""
    other = request.args.get(_OTHER, "")
    if not (other.isascii() and other.isdigit() and 0 < int(other[:11]) < 2**31):
        here = url_for("merging.new", patient_id=patient_id)
        return redirect(url_for("patients.index", pick=1, next=here), 303)
    form = MergeForm(other_id=int(other))
    shown = _page(patient_id, form)
    for number in (patient_id, int(other)):
        looks.opened("patient", number, patient_id=number)
    return shown


@bp.post("/patients/<id:patient_id>/merge")
@require(Permission.PATIENT_MERGE)
@asks_inside
def create(patient_id: int) -> ResponseReturnValue:
    """Merge, or say at the form why not."""
    form = MergeForm(request.form)
    if not form.validate():
        return (_page(patient_id, form), 422) if form.other_id.data else _again(patient_id)
    wish = form.wish(patient_id)
    try:
        with transaction() as db:
            pair = service.merge(db, actor(), wish)
            kept_id = pair.kept_id
    except StaleEdit as stale:
        form.refuse("", stale)
        return _page(patient_id, form, is_stale=True), 409
    except (service.NotMergeable, service.VisitsClash) as refused:
        form.refuse("", refused)
        return _page(patient_id, form), 409
    flash(translate(MERGED, days=UNDO_DAYS), "ok")
    return redirect(url_for("chart.patient", patient_id=kept_id), 303)


@bp.post("/patients/<id:patient_id>/apart")
@require(Permission.PATIENT_EDIT)
def apart(patient_id: int) -> ResponseReturnValue:
    """Note that two records are two people."""
    form = ApartForm(request.form)
    if not form.validate():
        if not form.other_id.data:
            return _again(patient_id)
        return _page(patient_id, MergeForm(other_id=form.other_id.data), apart_form=form), 422
    try:
        with transaction() as db:
            service.keep_apart(db, actor(), patient_id, form.other_id.data, form.why.text())
    except service.NotMergeable as refused:
        flash(words_of(refused), "bad")
        return redirect(url_for("merging.index"), 303)
    flash(translate(APART), "ok")
    return redirect(url_for("merging.index"), 303)


@bp.get("/patients/decisions/<id:pair_id>")
@require(Permission.PATIENT_MERGE)
def show(pair_id: int) -> ResponseReturnValue:
    """Show what was decided about two records, and what taking it back would do."""
    return _decision_page(pair_id, UndoForm())


@bp.post("/patients/decisions/<id:pair_id>/undo")
@require(Permission.PATIENT_MERGE)
@asks_inside
def undo(pair_id: int) -> ResponseReturnValue:
    """Take a decision back."""
    who = actor()
    _, decided = queries.decision(read(), pair_id, location_id=who.location_id, now=clock.now())
    form = UndoForm(request.form, asks=decided.verdict is Verdict.ONE)
    if not form.validate():
        return _decision_page(pair_id, form), 422
    try:
        with transaction() as db:
            service.undo(db, who, pair_id)
    except Conflict as refused:
        form.refuse("", refused)
        return _decision_page(pair_id, form), 409
    flash(translate(UNDONE), "ok")
    return redirect(url_for("merging.show", pair_id=pair_id), 303)


def _again(patient_id: int) -> ResponseReturnValue:
    """Begin anew: the second record is not named, or not as this application names it."""
    return redirect(url_for("merging.new", patient_id=patient_id), 303)


def _page(
    patient_id: int,
    form: MergeForm,
    *,
    apart_form: ApartForm | None = None,
    is_stale: bool = False,
) -> str:
    other_id = form.other_id.data
    assert other_id is not None
    both = pages.both(read(), actor(), patient_id, other_id)
    if is_stale or form.version.data is None:
        form.version.renew(both.versions[0])
        form.other_version.renew(both.versions[1])
    return render_template(
        "merging/new.html",
        form=form,
        apart_form=apart_form or ApartForm(other_id=other_id),
        both=both,
        field_names=FIELDS,
        undo_days=UNDO_DAYS,
    )


def _decision_page(pair_id: int, form: UndoForm) -> str:
    db, who = read(), actor()
    pair, decided = queries.decision(db, pair_id, location_id=who.location_id, now=clock.now())
    is_merge = decided.verdict is Verdict.ONE
    return render_template(
        "merging/show.html",
        form=form,
        decided=decided,
        is_merge=is_merge,
        back=pages.what_returns(db, pair) if is_merge and pair.undone_at is None else None,
        undo_days=UNDO_DAYS,
    )
