"""Reading the audit trail: newest first, narrowed down, checked, and of one patient."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks, queries, service
from clinic.audit import rules as audit_rules
from clinic.audit.forms import FilterForm
from clinic.audit.models import AuditEvent
from clinic.audit.values import ENTITY_NAMES, NOBODY, SYSTEM, VERB_NAMES, Line
from clinic.core import walltime
from clinic.core.access import ROLE_NAMES, Permission, Role
from clinic.core.text import N_
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.words import translate

bp = Blueprint("audit", __name__)
PAGE = 100
CHECKED_EACH_TIME = 500
CHECKED_AT_MOST = 50_000
"""Rows that a page checks on request; the command line checks any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row in words."""

    id: int
    at: dt.datetime
    entity_id: str
    patient_id: int | None
    address: str
    who: str
    role: str
    verb: str
    entity: str
    lines: list[Line]


@bp.get("/audit-trail")
@require(Permission.AUDIT_VIEW)
def index() -> ResponseReturnValue:
    """Show the newest rows, or those before one of them."""
    form = FilterForm(request.args)
    people = queries.people(read())
    form.person.offer(people, blank=translate(N_("Everybody")))
    if not form.validate():
        return _page(form, [], more=False), 422

    day = form.day.data
    since, until = walltime.day_bounds(day, actor().zone) if day else (None, None)
    events = queries.newest(
        read(),
        before_id=form.before.data,
        patient_id=form.patient.data,
        actor_id=int(form.person.data) if form.person.data else None,
        since=since,
        until=until,
        limit=PAGE + 1,
    )
    shown = events[:PAGE]
    page = _page(form, [_row(event) for event in shown], more=len(events) > PAGE)
    looks.listed("audit_event", (event.id for event in shown))
    return page


@bp.post("/audit-trail/check")
@require(Permission.AUDIT_VIEW)
def check() -> ResponseReturnValue:
    """Check the chain of as many rows as a page can wait for, and say what was found."""
    count, broken = service.verify_newest(read(), CHECKED_AT_MOST)
    with transaction() as db:
        service.checked(db, actor(), count=count, broken=broken)
    if broken is None:
        flash(translate(N_("%(count)s rows were checked: the chain is whole."), count=count), "ok")
    else:
        flash(
            translate(
                N_(
                    "The chain is broken at row %(id)s: it was changed, or rows before it are gone."
                ),
                id=broken,
            ),
            "bad",
        )
    return redirect(url_for("audit.index"), 303)


@bp.get("/audit-trail/patients/<id:patient_id>")
@require(Permission.AUDIT_VIEW)
def patient(patient_id: int) -> ResponseReturnValue:
    """Show who opened or changed what of one patient."""
    found = queries.accesses(read(), patient_id)
    looks.opened("patient_audit", patient_id, patient_id=patient_id)
    rows = [
        {
            "access": access,
            "who": _who(access.name),
            "role": _role(access.role),
            "verb": _verb(access.action),
            "entity": _entity(audit_rules.entity_of(access.action)),
        }
        for access in found
    ]
    return render_template("audit/patient.html", rows=rows, patient_id=patient_id)


def _page(form: FilterForm, rows: list[Row], *, more: bool) -> str:
    count, broken = service.verify_newest(read(), CHECKED_EACH_TIME)
    kept: dict[str, Any] = {
        name: value
        for name, value in request.args.items()
        if name in {"person", "patient", "day"} and value
    }
    return render_template(
        "audit/index.html",
        form=form,
        rows=rows,
        older=url_for("audit.index", **kept, before=rows[-1].id) if more else "",
        newest=url_for("audit.index", **kept) if form.before.data else "",
        is_narrowed=bool(kept),
        checked=count,
        broken=broken,
    )


def _row(event: AuditEvent) -> Row:
    return Row(
        id=event.id,
        at=event.at,
        entity_id=event.entity_id,
        patient_id=event.patient_id,
        address=event.address,
        who=_who(event.actor_name),
        role=_role(event.role),
        verb=_verb(event.action),
        entity=_entity(event.entity),
        lines=audit_rules.lines(event.detail),
    )


def _who(name: str) -> str:
    return translate({"nobody": NOBODY, "system": SYSTEM}.get(name, "")) or name


def _role(role: str) -> str:
    return translate(ROLE_NAMES[Role(role)]) if role in set(Role) else ""


def _verb(action: str) -> str:
    verb = audit_rules.verb_of(action)
    return translate(VERB_NAMES.get(verb, "")) or verb.replace("_", " ")


def _entity(entity: str) -> str:
    return translate(ENTITY_NAMES.get(entity, "")) or entity.replace("_", " ").replace(".", ": ")
