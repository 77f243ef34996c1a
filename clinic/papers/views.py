"""Papers as PDF: the record of a session, the sheet for the days after it, a signed consent.

Each is made when it is asked for, in the patient's language, and kept nowhere.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from flask import Blueprint, Response, abort, current_app, flash, g, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from clinic.audit import looks
from clinic.core.access import Permission
from clinic.papers import aftercare_sheet, consent_sheet, queries, session_sheet
from clinic.web.access import actor, require
from clinic.web.database import read
from clinic.web.words import words_of

bp = Blueprint("papers", __name__)
AT_ONCE, WAITING = 2, 2
"""Papers drawn at the same time, each for up to some seconds, and how many more may wait: the
server's other threads stay free."""
WAIT_S = 20
_turns = BoundedSemaphore(AT_ONCE)
_queue = BoundedSemaphore(AT_ONCE + WAITING)


@bp.get("/sessions/<id:session_id>/record.pdf")
@require(Permission.CHART_VIEW)
def session_record(session_id: int) -> ResponseReturnValue:
    """Hand out the record of a session; of a draft with its mark."""
    record = queries.session_record(read(), actor(), session_id)
    patient_id = queries.patient_of_session(read(), session_id)
    looks.opened("session_record", session_id, patient_id=patient_id)
    return _pdf(lambda: session_sheet.drawn(record), record.whose.language, f"session-{session_id}")


@bp.get("/appointments/<id:appointment_id>/aftercare.pdf")
@require(Permission.APPOINTMENT_CHECKIN)
def aftercare(appointment_id: int) -> ResponseReturnValue:
    """Hand out the sheet for the days after a visit; the desk gives it to the patient."""
    try:
        sheet = queries.aftercare(read(), actor(), appointment_id)
    except queries.NoSheet as none:
        flash(words_of(none), "warn")
        return redirect(url_for("scheduling.show", appointment_id=appointment_id), 303)
    patient_id = queries.patient_of_visit(read(), appointment_id)
    looks.opened("aftercare_sheet", appointment_id, patient_id=patient_id)
    return _pdf(
        lambda: aftercare_sheet.drawn(sheet), sheet.whose.language, f"aftercare-{appointment_id}"
    )


@bp.get("/consents/<id:consent_id>/consent.pdf")
@require(Permission.CONSENT_RECORD)
def consent(consent_id: int) -> ResponseReturnValue:
    """Hand out a consent as it was signed, in the language that was read."""
    signed = queries.signed_consent(read(), actor(), consent_id)
    looks.opened("signed_consent", consent_id, patient_id=signed.patient_id)
    spoken = signed.language or signed.whose.language
    return _pdf(lambda: consent_sheet.drawn(signed), spoken, f"consent-{consent_id}")


def _pdf(draw: Callable[[], bytes], locale: str, name: str) -> Response:
    spoken = locale if locale in current_app.config["LANGUAGES"] else "en"
    with _held(_queue, 0), _held(_turns, WAIT_S), _speaking(spoken):
        data = draw()
    response = Response(data, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response


@contextmanager
def _held(places: BoundedSemaphore, wait_s: float) -> Iterator[None]:
    """Hold one of the places for the while; who waits too long is told to come back."""
    if not places.acquire(timeout=wait_s):
        abort(503)
    try:
        yield
    finally:
        places.release()


@contextmanager
def _speaking(locale: str) -> Iterator[None]:
    """Write in a language for the while; the page around it keeps its own."""
    own = g.pop("language", None)
    try:
        with force_locale(locale):
            yield
    finally:
        g.pop("language", None)
        if own is not None:
            g.language = own
