"""Leaving a trace of looking: one row when a record or a list is opened, in a unit of its own."""

import hashlib
import logging
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError

from clinic.audit import service
from clinic.web.access import actor, asked_for, current_actor, is_poll
from clinic.web.database import transaction
from clinic.web.errors import request_id

log = logging.getLogger("clinic")


def init_app(app: Flask) -> None:
    """Leave a trace of every attempt that was refused to somebody who is signed in (AL-01)."""

    @app.after_request
    def _denied(response: Response) -> Response:
        if response.status_code == 403 and current_actor() is not None:
            try:
                _record_denied()
            except SQLAlchemyError as failure:
                # The refusal stands all the same: it must not become a failure of the server.
                log.error("%s %s denial not kept", request_id(), type(failure).__name__)  # noqa: TRY400 - a traceback would hold the row
        return response


def _record_denied() -> None:
    method, endpoint, ids = asked_for()
    with transaction() as db:
        service.record(
            db,
            actor(),
            "access.denied",
            endpoint[:48],
            patient_id=ids.get("patient_id"),
            detail={"method": method, **{name: str(value)[:40] for name, value in ids.items()}},
        )


def opened(entity: str, entity_id: object, *, patient_id: int | None = None) -> None:
    """Record that the actor opened one record; call it before the page is rendered."""
    if is_poll():
        return
    with transaction() as db:
        service.record(db, actor(), f"{entity}.opened", entity, entity_id, patient_id=patient_id)


def listed(what: str, ids: Iterable[int], **detail: Any) -> None:
    """Record that the actor saw a list: which one, how many rows, a digest of their ids."""
    if is_poll():
        return
    seen = sorted(set(ids))
    digest = hashlib.sha256(",".join(map(str, seen)).encode()).hexdigest()[:16]
    with transaction() as db:
        service.record(
            db,
            actor(),
            f"{what}.listed",
            what,
            detail={**detail, "count": len(seen), "digest": digest},
        )
