"""Leaving a trace of looking: one row when a record or a list is opened, in a unit of its own."""

import hashlib
from collections.abc import Iterable
from typing import Any

from clinic.audit import service
from clinic.web.access import actor, is_background
from clinic.web.database import transaction


def opened(entity: str, entity_id: object, *, patient_id: int | None = None) -> None:
    """Record that the actor opened one record; call it before the page is rendered."""
    if is_background():
        return
    with transaction() as db:
        service.record(db, actor(), f"{entity}.opened", entity, entity_id, patient_id=patient_id)


def listed(what: str, ids: Iterable[int], **detail: Any) -> None:
    """Record that the actor saw a list: which one, how many rows, a digest of their ids."""
    if is_background():
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
