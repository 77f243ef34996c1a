"""Photographs of a patient as they are looked at: by date, one large, two beside each other."""

import datetime as dt
from collections.abc import Sequence

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.consents.values import PHOTO_SCOPES, Scope
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import NotFound
from clinic.outcomes import pictures, queries, rules
from clinic.outcomes.files import Size
from clinic.outcomes.forms import RemoveForm, chosen
from clinic.outcomes.queries import Album
from clinic.outcomes.values import PhotographView, Shot
from clinic.outcomes.views.shared import (
    Place,
    answer,
    day_of,
    place,
    shared,
    store,
    visit,
    was_seen,
)
from clinic.web.access import actor, require
from clinic.web.database import read

bp = Blueprint("photographs", __name__)
_ORDER = list(PhotographView)


@bp.get("/patients/<id:patient_id>/photographs")
@require(Permission.CHART_VIEW)
def index(patient_id: int) -> ResponseReturnValue:
    """Show a patient's photographs by date; only those for one use when that is asked for."""
    album = queries.album(read(), actor(), patient_id)
    use = chosen(PHOTO_SCOPES, request.args.get("use")) or Scope.PHOTO_RECORD
    shots = [shot for shot in album.shots if rules.usable(shot, use, album.agreed)]
    looks.opened("photographs", patient_id, patient_id=patient_id)
    return render_template(
        "photographs/index.html",
        **shared(patient_id),
        album=album,
        use=use,
        counts={one: _count(album, one) for one in PHOTO_SCOPES},
        days=_by_day(shots),
        comparable=_comparable(album.shots),
        copies=queries.copies(read(), patient_id),
        by_id={shot.id: shot for shot in (*album.shots, *album.removed)},
        appointment_id=visit(),
    )


@bp.get("/patients/<id:patient_id>/photographs/<string:key>")
@require(Permission.CHART_VIEW)
def show(patient_id: int, key: str) -> ResponseReturnValue:
    """Show one photograph large, how it was taken, and what can be done with it."""
    queries.get_here(read(), actor(), patient_id, key)
    return page_of(patient_id, key)


def page_of(patient_id: int, key: str, form: RemoveForm | None = None) -> str:
    """Return the page of one photograph, also with a form that was refused."""
    shot = queries.shot(read(), actor(), patient_id, key)
    agreed = queries.agreed(read(), patient_id)
    looks.opened("photograph", shot.id, patient_id=patient_id)
    return render_template(
        "photographs/show.html",
        **shared(patient_id),
        shot=shot,
        is_open=shot.is_kept and Scope.PHOTO_RECORD in agreed,
        agreed=agreed,
        given=[use for use in PHOTO_SCOPES if rules.usable(shot, use, agreed)],
        may_restore=rules.may_restore(shot.removed_at, clock.now()),
        form=form or RemoveForm(),
    )


@bp.get("/patients/<id:patient_id>/photographs/<string:key>/picture")
@require(Permission.CHART_VIEW)
def picture(patient_id: int, key: str) -> ResponseReturnValue:
    """Answer with a picture as it is kept; each is a look of its own."""
    row = queries.to_show(read(), actor(), patient_id, key)
    looks.opened("photograph", row.id, patient_id=patient_id)
    return answer(row, Size.FULL)


@bp.get("/patients/<id:patient_id>/photographs/<string:key>/thumbnail")
@require(Permission.CHART_VIEW)
def thumbnail(patient_id: int, key: str) -> ResponseReturnValue:
    """Answer with a small picture; asked for outside of a page, it is a look of its own."""
    row = queries.to_show(read(), actor(), patient_id, key)
    if not was_seen(patient_id):
        looks.opened("photograph", row.id, patient_id=patient_id)
    return answer(row, Size.SMALL)


@bp.get("/patients/<id:patient_id>/photographs/compare")
@require(Permission.CHART_VIEW)
def compare(patient_id: int) -> ResponseReturnValue:
    """Show two dates of one view beside each other, and say what makes them hard to compare."""
    album = queries.album(read(), actor(), patient_id)
    places = _comparable(album.shots)
    asked = place() or (places[0] if places else (None, None))
    shots = [shot for shot in album.shots if shot.place == asked]
    shown = rules.pair(shots, request.args.get("before"), request.args.get("after"))
    looks.opened("photographs", patient_id, patient_id=patient_id)
    mode = request.args.get("mode")
    return render_template(
        "photographs/compare.html",
        **shared(patient_id),
        album=album,
        places=places,
        place=asked,
        shots=shots,
        shown=shown,
        steps=rules.neighbours(shots, shown) if shown else {},
        differs=rules.differences(*shown, percents=_percents(shown)) if shown else [],
        mode=mode if mode in {"slider", "blink"} else "side",
    )


def _percents(shown: tuple[Shot, Shot]) -> tuple[int, int] | None:
    """Return how bright two pictures are; None when a file is lost, as the page will show."""
    try:
        one, other = (
            pictures.brightness(store().read(shot.storage_key, Size.SMALL)) for shot in shown
        )
    except NotFound:
        return None
    return one, other


def _count(album: Album, use: Scope) -> int:
    return sum(rules.usable(shot, use, album.agreed) for shot in album.shots)


def _by_day(shots: Sequence[Shot]) -> list[tuple[dt.date, list[Shot]]]:
    """Return (day, its pictures in the order of the views), newest day first."""
    days: dict[dt.date, list[Shot]] = {}
    for shot in shots:
        days.setdefault(day_of(shot), []).append(shot)
    return [
        (day, sorted(found, key=lambda shot: (_ORDER.index(shot.view), shot.taken_at)))
        for day, found in days.items()
    ]


def _comparable(shots: Sequence[Shot]) -> list[Place]:
    """Return the views of which there are two pictures, in the order of the views."""
    places = [shot.place for shot in shots]
    found = {one for one in places if places.count(one) > 1}
    return sorted(found, key=lambda one: (_ORDER.index(one[0]), one[1] or ""))
