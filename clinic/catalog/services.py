"""Keeping services: what a visit of each holds, part by part, and for how long."""

from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from clinic.audit import service as audit
from clinic.catalog import queries
from clinic.catalog.after_values import FOLLOW_UP_DAYS, KeepAfter
from clinic.catalog.models import Service, ServiceSegment
from clinic.catalog.rules import offers
from clinic.catalog.service import free_code
from clinic.catalog.values import AddService, ChangeService, KeepService, Modality, Segment
from clinic.core import clock
from clinic.core.access import Actor, refuse_unconfirmed
from clinic.core.changes import before_after
from clinic.core.errors import Invalid, NotFound, StaleEdit
from clinic.core.text import N_

ONLY_MESOTHERAPY = N_("Only a mesotherapy plans what is injected")
NAME_TAKEN = N_("A service of this name is on the list already")
STALE = N_("Somebody else has changed this service in the meantime. Look again and save.")


def add_service(db: Session, actor: Actor, wish: AddService) -> Service:
    """Put a service on the list, under a code made of its name.

    Raises Invalid when the name is taken or its parts cannot be, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    kept = wish.service
    _refuse(kept, wish.modality)
    if queries.has_service(db, name=kept.name):
        raise Invalid(NAME_TAKEN, field="name")

    service = Service(
        code=free_code(kept.name, queries.codes(db, of=Service)),
        name=kept.name,
        modality=wish.modality,
        duration_min=offers.duration_min(kept.segments),
        **queries.columns_of(kept.course),
        ingredients=sorted(kept.ingredients),
        segments=rows_of(kept.segments),
    )
    db.add(service)
    db.flush()  # The audit line needs the id.
    detail = {
        "name": service.name,
        "parts": _written(kept.segments),
        "ingredients": ", ".join(service.ingredients),
    }
    audit.record(db, actor, "service.added", "service", service.id, detail=detail)
    return service


def change_service(db: Session, actor: Actor, wish: ChangeService) -> Service:
    """Change a service or put it out of use; booked visits hold what they were booked with.

    A visit takes the parts as they are now when it is moved. Raises NotFound, StaleEdit, Invalid
    when the name is taken or its parts cannot be, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    service, kept = queries.service(db, wish.service_id), wish.service
    if service.version != wish.version:
        raise StaleEdit(STALE)
    _refuse(kept, service.modality)
    if kept.name != service.name and queries.has_service(db, name=kept.name):
        raise Invalid(NAME_TAKEN, field="name")
    after: dict[str, Any] = {
        "name": kept.name,
        **queries.columns_of(kept.course),
        "duration_min": offers.duration_min(kept.segments),
        "is_active": wish.is_active,
    }
    detail = before_after(service, after)
    before = _written(queries.parts_of(service))
    if before != _written(kept.segments):
        detail["parts"] = [before, _written(kept.segments)]
    planned = sorted(kept.ingredients)
    if planned != service.ingredients:
        detail["ingredients"] = [", ".join(service.ingredients), ", ".join(planned)]
    if not detail:
        return service

    for name, value in after.items():
        setattr(service, name, value)
    service.ingredients = planned
    flag_modified(service, "name")  # Parts are rows of their own: the version moves with them.
    db.flush()  # Says "stale" before any part is touched.
    if "parts" in detail:
        service.segments.clear()
        db.flush()  # The old rows go first: service and number are unique.
        service.segments.extend(rows_of(kept.segments))
    audit.record(db, actor, "service.changed", "service", service.id, detail={"changes": detail})
    return service


def keep_after(db: Session, actor: Actor, wish: KeepAfter) -> Service:
    """Keep on which days after a session somebody calls, and what the clinic's sheet adds.

    The usual days of the modality are kept as such. Raises NotFound, also for a service that is no
    treatment, StaleEdit, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    service = queries.service(db, wish.service_id)
    if not service.modality.is_treatment:
        raise NotFound(queries.NO_SERVICE)
    if service.version != wish.version:
        raise StaleEdit(STALE)
    days = None if wish.days == FOLLOW_UP_DAYS[service.modality] else list(wish.days)
    words = {language: said for language, said in wish.words.items() if said}
    detail = before_after(service, {"follow_up_days": days, "aftercare": words})
    if detail:
        before = offers.follow_up_days(service.modality, service.follow_up_days)
        today = clock.today(actor.zone).isoformat()
        known = {str(day): service.follow_up_since.get(str(day), "") for day in before}
        since = {str(day): known.get(str(day), today) for day in wish.days}
        service.follow_up_since = {day: on for day, on in since.items() if on}
        service.follow_up_days, service.aftercare = days, words
        audit.record(
            db, actor, "service.changed", "service", service.id, detail={"changes": detail}
        )
    return service


def rows_of(parts: tuple[Segment, ...]) -> list[ServiceSegment]:
    """Return the rows of the parts of a service, numbered anew from 1."""
    return [
        ServiceSegment(
            seq=seq,
            kind=part.kind,
            device_type=part.device_type,
            offset_min=part.offset_min,
            length_min=part.length_min,
        )
        for seq, part in enumerate(parts, 1)
    ]


def _refuse(kept: KeepService, modality: Modality) -> None:
    if kept.ingredients and modality is not Modality.MESOTHERAPY:
        raise Invalid(ONLY_MESOTHERAPY, field="ingredients")
    for mistake in offers.mistakes(kept.segments):
        field = f"{mistake.at}_{mistake.seq}" if mistake.seq else ""
        raise Invalid(mistake.sentence, field=field, **mistake.values)


def _written(parts: tuple[Segment, ...]) -> str:
    return ", ".join(
        f"{part.device_type or part.kind.value} {part.offset_min}+{part.length_min}"
        for part in parts
    )
