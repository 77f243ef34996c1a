"""What the pages of photographs share: words, what the address asks for, the files' own answers."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import Response, current_app, request, url_for
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from clinic.consents.values import PHOTO_SCOPES, Scope
from clinic.core import clock, walltime
from clinic.core.zones import Zone
from clinic.outcomes import files, rules
from clinic.outcomes.files import Size, Store
from clinic.outcomes.forms import chosen
from clinic.outcomes.models import Photograph
from clinic.outcomes.values import USE_NAMES, VIEW_NAMES, PhotographView, Shot
from clinic.safety import queries as safety_queries
from clinic.web.access import actor
from clinic.web.database import end_read, read

Place = tuple[PhotographView, Zone | None]
SEEN_FOR_S = 15 * 60
"""How long the thumbnails of a page belong to the look that the page itself has left."""
PLAIN = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
NAMES: dict[str, Any] = {
    "view_names": VIEW_NAMES,
    "use_names": USE_NAMES,
    "views": PhotographView,
    "scopes": Scope,
    "photo_scopes": PHOTO_SCOPES,
    "conditions_of": rules.conditions,
}


def store() -> Store:
    """Return where the files are."""
    return files.store_of(current_app.extensions)


def answer(row: Photograph, size: Size, *, as_file: bool = False) -> Response:
    """Answer with a file that nothing can make anything else of than a picture."""
    response = Response(store().read(row.storage_key, size), mimetype="image/jpeg", headers=PLAIN)
    kind = "attachment" if as_file else "inline"
    name = f"photograph-{row.public_id[:8]}.jpg"
    response.headers["Content-Disposition"] = f'{kind}; filename="{name}"'
    return response


def fresh() -> Session:
    """Return a session that sees what was written since the last look."""
    end_read()
    return read()


def shared(patient_id: int) -> dict[str, Any]:
    """Return what every page about photographs shows."""
    who = actor()
    bar = safety_queries.bar(read(), who, patient_id, on=clock.today(who.zone))
    return {**NAMES, "bar": bar, "patient_id": patient_id, "address": _address(patient_id)}


def _address(patient_id: int) -> Callable[[Shot], str]:
    """Return what writes the address of a thumbnail that belongs to the look of this page."""
    seen = _seal().dumps([actor().id, patient_id])

    def written(shot: Shot) -> str:
        return url_for("photographs.thumbnail", patient_id=patient_id, key=shot.key, seen=seen)

    return written


def was_seen(patient_id: int) -> bool:
    """Tell whether the page that asks has left a look at this patient's photographs just now."""
    try:
        seen: object = _seal().loads(request.args.get("seen", ""), max_age=SEEN_FOR_S)
    except BadData:
        return False
    return seen == [actor().id, patient_id]


def _seal() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="photographs")


def place() -> Place | None:
    """Return the view that the address names, with its zone when it has one."""
    view = chosen(PhotographView, request.args.get("view"))
    zone = chosen(Zone, request.args.get("zone"))
    if view is None or (view is PhotographView.TRICHOSCOPY) != (zone is not None):
        return None
    return view, zone


def visit() -> int | None:
    """Return the visit that the address names: what is taken belongs to it."""
    raw = request.args.get("appointment_id", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None


def now_local() -> dt.datetime:
    """Return the clinic's wall time to the minute."""
    return walltime.to_local(clock.now(), actor().zone).replace(second=0, microsecond=0)


def day_of(shot: Shot) -> dt.date:
    """Return the clinic's day on which a picture was taken."""
    return shot.taken_at.astimezone(clock.zone_of(actor().zone)).date()
