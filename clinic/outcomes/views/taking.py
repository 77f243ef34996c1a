"""Taking photographs: a view is chosen, then pictures of it are sent, each judged by itself."""

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import CombinedMultiDict, FileStorage

from clinic.audit import looks
from clinic.consents.values import Scope
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Invalid
from clinic.core.text import one_line
from clinic.core.zones import Zone
from clinic.outcomes import pictures, queries, rules, service
from clinic.outcomes.files import Size
from clinic.outcomes.forms import PicturesForm, chosen
from clinic.outcomes.values import KeepPhotograph, PhotographView
from clinic.outcomes.views.shared import (
    day_of,
    fresh,
    now_local,
    place,
    shared,
    store,
    visit,
)
from clinic.web import errors, headers, uploads
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.words import words_of

bp = Blueprint("photographing", __name__)
MOST_AT_ONCE = 20
MOST_SENT = 2 * pictures.MOST_BYTES + 256 * 1024
"""Bytes of one form: the page sends one picture at a time; without a script two large ones fit."""


@bp.get("/patients/<id:patient_id>/photographs/views")
@require(Permission.PHOTOGRAPH_TAKE)
def views(patient_id: int) -> ResponseReturnValue:
    """Let a view be chosen, and show which were taken today."""
    album = queries.album(read(), actor(), patient_id)
    looks.opened("photographs", patient_id, patient_id=patient_id)
    today = clock.today(actor().zone)
    return render_template(
        "photographing/views.html",
        **shared(patient_id),
        album=album,
        newest={shot.place: shot for shot in reversed(album.shots)},
        taken={shot.place for shot in album.shots if day_of(shot) == today},
        zones=tuple(Zone),
        appointment_id=visit(),
    )


@bp.get("/patients/<id:patient_id>/photographs/new")
@require(Permission.PHOTOGRAPH_TAKE)
def new(patient_id: int) -> ResponseReturnValue:
    """Show the form of a view, filled with how it was taken the last time."""
    asked = place()
    if asked is None:
        return redirect(
            url_for("photographing.views", patient_id=patient_id, appointment_id=visit()), 303
        )
    album = queries.album(read(), actor(), patient_id)
    view, zone = asked
    form = PicturesForm(
        data={
            "form_key": secrets.token_urlsafe(18),
            "appointment_id": visit(),
            "view": view.value,
            "zone": zone.value if zone else "",
        }
    )
    form.propose(rules.last_conditions(album.shots, view, zone), now_local())
    return _form_page(patient_id, form)


@dataclass(slots=True)
class Outcome:
    """What became of the files of one form."""

    kept: int = 0
    refused: list[str] = field(default_factory=list)
    """A sentence for each file that was not kept, with the name it came under."""


@bp.post("/patients/<id:patient_id>/photographs")
@require(Permission.PHOTOGRAPH_TAKE)
@uploads.takes_files(MOST_SENT)
def create(patient_id: int) -> ResponseReturnValue:
    """Keep what is good of what was sent, and say of the rest what is wrong with it."""
    album = queries.album(read(), actor(), patient_id)
    form = PicturesForm(CombinedMultiDict([request.files, request.form]))
    sent = [file for file in request.files.getlist("pictures") if file.filename or file.read(1)]
    outcome, status = Outcome(), 422
    is_good = form.validate()
    if uploads.is_anothers(actor().id):
        form.refuse("", _("Somebody else has opened this page. Choose the pictures again here."))
        status = 409
    elif not sent:
        form.refuse(pictures.FIELD, _("Take or choose a picture first."))
    elif len(sent) > MOST_AT_ONCE:
        form.refuse(
            pictures.FIELD, _("At most %(most)s pictures at once, please.", most=MOST_AT_ONCE)
        )
    elif Scope.PHOTO_RECORD not in album.agreed:
        form.refuse("", service.ConsentMissing(service.UNAGREED))
        status = 409
    elif is_good:
        status = _keep_all(patient_id, form, sent, outcome)
    if request.accept_mimetypes.best == "application/json":
        said = [*outcome.refused] or ([form.first_error] if status != 200 else [])
        return jsonify(kept=outcome.kept, refused=said), status
    if status == 200:
        flash(_kept_words(outcome.kept), "ok")
        return redirect(_after(patient_id, form), 303)
    if outcome.kept:
        form.form_key.data = secrets.token_urlsafe(18)  # What was kept is not sent again.
    return _form_page(patient_id, form, outcome), status


def _keep_all(
    patient_id: int, form: PicturesForm, sent: Sequence[FileStorage], outcome: Outcome
) -> int:
    """Keep one file after the other; return the status of the answer."""
    worst = 200
    for number, file in enumerate(sent):
        try:
            _keep(patient_id, form, file, number)
        except ClinicError as refused:
            worst = max(worst, errors.status_of(refused))
            if isinstance(refused, Invalid) and refused.field not in {"", pictures.FIELD}:
                form.refuse_invalid(refused)
                return worst
            name = one_line(file.filename or "")[:60] or str(number + 1)
            outcome.refused.append(f"{name}: {words_of(refused)}")
        else:
            outcome.kept += 1
    if outcome.refused:
        form.refuse(pictures.FIELD, " ".join(outcome.refused))
    return worst


def _keep(patient_id: int, form: PicturesForm, file: FileStorage, number: int) -> None:
    """Redraw a picture, write its files, and only then its row; without the row the files go."""
    file.seek(0)
    made = pictures.redrawn(file.read(pictures.MOST_BYTES + 1))
    key = form.form_key.data
    storage_key = store().write({Size.SMALL: made.small, Size.FULL: made.full})
    wish = KeepPhotograph(
        patient_id=patient_id,
        appointment_id=form.appointment_id.data,
        described=form.described(),
        storage_key=storage_key,
        sha256=made.sha256,
        width=made.width,
        height=made.height,
        size=len(made.full) + len(made.small),
        form_key=f"{key}-{number}" if key else None,
    )
    is_ours = False
    try:
        with transaction() as db:
            row = service.keep(db, actor(), wish, most_bytes=store().most_bytes)
        is_ours = row.storage_key == storage_key
    finally:
        if not is_ours and not queries.is_known(fresh(), storage_key):
            store().drop(storage_key)


def _kept_words(count: int) -> str:
    words: str = ngettext("The photograph is kept.", "%(num)d photographs are kept.", count)
    return words


def _after(patient_id: int, form: PicturesForm) -> str:
    """Return where taking goes on: to the choice of the next view."""
    return url_for(
        "photographing.views", patient_id=patient_id, appointment_id=form.appointment_id.data
    )


def _form_page(patient_id: int, form: PicturesForm, outcome: Outcome | None = None) -> Response:
    looks.opened("photographs", patient_id, patient_id=patient_id)  # It shows the reference.
    album = queries.album(fresh(), actor(), patient_id)
    view, zone = chosen(PhotographView, form.view.data), chosen(Zone, form.zone.data)
    page = render_template(
        "photographing/new.html",
        **shared(patient_id),
        album=album,
        form=form,
        view=view,
        zone=zone,
        ghost=rules.reference(album.shots, view, zone) if view else None,
        outcome=outcome,
        send_url=uploads.address("photographing.create", actor().id, patient_id=patient_id),
        renew_url=url_for(
            "photographing.new",
            patient_id=patient_id,
            view=view.value if view else None,
            zone=zone.value if zone else None,
            appointment_id=form.appointment_id.data,
        ),
        taken_by=actor().id,
        good_until=clock.now() + dt.timedelta(seconds=uploads.LASTS_S),
        most_bytes=pictures.MOST_BYTES,
        apple=pictures.APPLE,
    )
    return Response(page, headers=headers.WITH_CAMERA)
