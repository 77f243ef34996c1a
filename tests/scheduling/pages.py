"""Forms and words of the desk's pages, as its tests use them."""

import html
import re

import sqlalchemy as sa

from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.scheduling.models import Appointment
from tests import factories

DAY = "2026-11-24"
CLINICAL = re.compile(
    r"enoxaparin|blood thinner|anticoagul|pregnan|bleeding|ibuprofen|painkiller|nsaid|platelet"
    r"|rule <|prescriber|haematolog",
    re.IGNORECASE,
)
"""Words that no page of reception may hold."""


def text_of(page):
    return html.unescape(page.get_data(as_text=True))


def count(db):
    return db.scalar(sa.select(sa.func.count()).select_from(Appointment))


def a_form(desk, **changes):
    fields = {
        "patient_id": desk.alice.id,
        "service_id": desk.consultation.id,
        "date": DAY,
        "start": "10:00",
        "practitioner_id": desk.physician.id,
        "room_id": "",
        "form_key": "k" * 24,
        **changes,
    }
    return {name: str(value) for name, value in fields.items()}


def book(world, desk, role=Role.RECEPTIONIST, **changes):
    return world.as_role(role).post("/appointments", a_form(desk, **changes))


def a_step(visit, **more):
    return {"version": str(visit.version), **more}


def another_physician(desk):
    return factories.a_resource(
        desk.db, location=desk.world.location, kind=ResourceKind.PRACTITIONER, name="Dr Haddad"
    )


def a_walk_in(desk, **changes):
    fields = a_form(desk, **changes)
    return {name: value for name, value in fields.items() if name not in {"date", "start"}}


def a_move(desk, visit, **changes):
    return a_step(
        visit,
        **{
            "date": DAY,
            "start": "11:00",
            "practitioner_id": str(desk.physician.id),
            "room_id": str(desk.room.id),
            **changes,
        },
    )
