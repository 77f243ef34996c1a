"""Every form of the product, sent from an old page, and by somebody of another place.

Each address that a role may open is opened, its forms are read as a browser reads them, and each
button is pressed. A new page is held to this without a row here.
"""

import hashlib
import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import sqlalchemy as sa

from clinic.core.access import Permission, Role
from clinic.core.db import Base
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus
from tests import factories
from tests.architecture.posted import Form, forms_of
from tests.architecture.story import Story, story
from tests.architecture.test_access import MAY, PUBLIC, VIEWS
from tests.architecture.test_sight import addresses
from tests.treatments.conftest import chair
from tests.world import Visitor, World

__all__ = ["chair", "story"]
pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
TRAIL = {"audit_event", "audit_mark", "cookie_session", "sign_in_attempt"}
"""What a refused request may write: who looked, and when somebody was last seen."""
LEAST = {Role.RECEPTIONIST: 15, Role.NURSE: 15, Role.PHYSICIAN: 15, Role.ADMINISTRATOR: 7}
"""So many addresses at least take a version from a role."""
OWN = {"accounts.sign_out", "accounts.prefer", "account.change_password", "account.end_others"}
"""What somebody does to their own account, wherever they are."""
ELSEWHERE = {
    "account.accept",
    "accounts.create",
    "approvals.check_again",
    "areas.set_table",
    "approvals.create",
    "audit.check",
    "board.switch_names",
    "catalog.create",
    "catalog.create_lot",
    "catalog.stop",
    "catalog.update",
    "days.close",
    "days.create",
    "days.open_again",
    "days.take_over",
    "locations.update",
    "mailing.try_out",
    "mailing.update",
    "patients.create",
    "resources.create",
    "rulebook.draft",
    "protocol.update",
    "services.create",
    "services.keep_after",
    "services.update",
    "stock.count",
    "stock.discard",
    "stock.receive",
    "stock.release",
    "stock.transfer",
    "stock.waste",
    "presets.create",
    "presets.update",
    "texts.force",
    "texts.update",
    "tablet.open_screen",
}
"""Of the clinic as a whole, or of the place of whoever sends it: no other place's id is in it."""
LEADS_ON = re.compile(r"/appointments/\d+/session")
"""A treatment is begun on a page of its own: the button of the board only leads there."""
SCANNED = {"scan"}
"""Filled in by a reader of barcodes: what a person types there is no words."""
ACT = re.compile(r"([a-z_]+ \d+) (\d+)")


def written(db: Any) -> dict[str, str]:
    """Return a digest of each table."""
    db.flush()
    return {
        table.name: hashlib.sha256(
            repr(db.execute(sa.select(table).order_by(*table.primary_key)).all()).encode()
        ).hexdigest()
        for table in Base.metadata.sorted_tables
        if table.name not in TRAIL
    }


def filled_in(story: Story) -> Iterator[str]:
    """Yield addresses of pages whose form is filled in already, and of the list of today."""
    names = ("patient_id", "service_id", "practitioner_id")
    patient, service = story.ids["patient_id"][0], story.ids["service_id"][0]
    named = dict(zip(names, (patient, service, story.coming.practitioner_id), strict=True))
    named |= {"date": "2026-11-24", "start": "14:00", "preview": "1"}
    for path in ("/appointments/new", f"/patients/{patient}/courses/new", "/waiting-list/new"):
        yield f"{path}?{urlencode(named)}"
    yield f"/appointments/walk-in?patient_id={patient}&service_id={service}"
    yield f"/patients/{patient}/merge?patient_id={story.ids['patient_id'][1]}"
    yield "/waiting-list/fitting?date=2026-11-25&start=10:00&minutes=60"
    yield "/board?date=2026-11-23&view=list"


def forms(story: Story, role: Role) -> dict[tuple[str, ...], tuple[str, Form]]:
    """Return the forms of every page that a role may open, each once, with where it stands."""
    visitor = story.chair.world.as_role(role)
    visitor.token()
    found: dict[tuple[str, ...], tuple[str, Form]] = {}
    may_book = role in MAY[Permission.APPOINTMENT_BOOK]
    for url in [*addresses(story, role, "GET"), *(filled_in(story) if may_book else ())]:
        answer = visitor.get(url)
        if answer.mimetype != "text/html" or answer.status_code != 200:
            continue
        for form in forms_of(answer.get_data(as_text=True), url):
            path = urlsplit(form.action).path
            key = (path, *sorted({name for name, _ in form.fields}))
            key += tuple(sorted(button[1] for button in form.buttons if button[0] == "act"))
            found.setdefault(key, (url, form))
    return found


def endpoint_of(world: World, url: str) -> str:
    return str(world.app.url_map.bind("localhost").match(urlsplit(url).path, method="POST")[0])


def outdated(fields: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a page sends that was opened before somebody else's change; None without one."""
    if "version" in fields:
        return {**fields, "version": "77"}
    if ACT.fullmatch(str(fields.get("act", ""))):
        return {**fields, "act": ACT.sub(r"\1 77", str(fields["act"]))}
    return None


def as_typed(name: str) -> str:
    """Return what somebody types into an empty field."""
    known = {
        "email": "typed@example.org",
        "sender": "typed@example.org",
        "sms_sender": "Typed sender",
        "smtp_host": "mail.typed.example",
        "sms_url": "https://typed.example/sms",
        "phone": "+49 30 5550101",
    }
    if name.startswith("hours_"):
        return "07:05–11:10"
    return known.get(name, f"Typed into {name}, and not lost")


def by_script(story: Story, fields: dict[str, Any]) -> dict[str, Any]:
    """Fill in what the script of the board fills in before it sends a form."""
    values = {
        "appointment_id": str(story.coming.id),
        "version": str(story.coming.version),
        "act": f"confirmed {story.coming.id} {story.coming.version}",
        "starts_at": "2026-11-27T11:00",
        "resource_id": str(story.coming.practitioner_id),
    }
    return {name: text or values.get(name, text) for name, text in fields.items()}


@pytest.mark.parametrize("role", list(Role))
def test_a_page_that_is_out_of_date_writes_nothing_and_keeps_what_was_typed(world, story, role):
    visitor = world.as_role(role)
    visitor.token()
    pages = list(forms(story, role).values())
    before = written(world.db)
    wrong, answers = [], dict[str, set[int]]()
    for _, form in pages:
        for action, fields in form.sent():
            old = outdated(fields)
            if old is None:
                continue
            old.pop("csrf_token", None)
            texts = {n: as_typed(n) for n in form.typed - SCANNED if old.get(n) == ""}
            ticked = {name: value for name, value in form.ticks if name not in old}
            endpoint = endpoint_of(world, action)
            # Once as it stands, too: what is typed here may not be what a field takes.
            for typed in ({}, texts) if texts else ({},):
                answer = visitor.post(action, by_script(story, old) | typed | ticked)
                page = html.unescape(answer.text)
                answers.setdefault(endpoint, set()).add(answer.status_code)
                lost = [name for name, text in typed.items() if text not in page]
                if lost:
                    wrong.append((endpoint, answer.status_code, "lost", lost))
                leads_on = LEADS_ON.fullmatch(answer.location or "")
                if answer.status_code not in {409, 422, 200} and not leads_on:
                    wrong.append((endpoint, answer.status_code))
    # A button that only fills in answers 200; one of several may be refused for its field first.
    wrong += [
        (endpoint, "never 409", said) for endpoint, said in answers.items() if 409 not in said
    ]

    assert wrong == []
    assert written(world.db) == before
    assert len(answers) >= LEAST[role], "pages with a version are not found any more"


def strangers(world: World) -> dict[Role, Visitor]:
    """Return a browser for each role of another place of the clinic."""
    place = factories.a_location(world.db)
    mine = dict(world.accounts)
    found = {}
    for role in Role:
        world.accounts[role] = factories.an_account(world.db, location=place, role=role)
        found[role] = world.as_role(role)
        found[role].token()
    world.accounts.update(mine)
    return found


@pytest.mark.parametrize("role", list(Role))
def test_what_belongs_to_another_place_is_not_there_and_stays_as_it_is(world, story, role):
    pages = list(forms(story, role).values())
    visitor = strangers(world)[role]
    before, name = written(world.db), story.chair.alice.family_name
    wrong = []
    for _, form in pages:
        for action, fields in form.sent():
            endpoint = endpoint_of(world, action)
            if endpoint in OWN:
                continue
            fields.pop("csrf_token", None)
            ticked = {tick: value for tick, value in form.ticks if tick not in fields}
            typed = {n: as_typed(n) for n in form.typed if fields.get(n) == ""}
            if endpoint in ELSEWHERE:
                assert written(world.db) == before
            answer = visitor.post(action, by_script(story, fields) | typed | ticked)
            if answer.status_code >= 500 or name in answer.text:
                wrong.append((endpoint, answer.status_code, "fails, or names the patient"))
            if endpoint in ELSEWHERE:
                before = written(world.db)
            elif answer.status_code not in {200, 403, 404, 409, 422}:
                wrong.append((endpoint, answer.status_code, action, fields))

    assert wrong == []
    assert written(world.db) == before


def test_a_form_of_another_role_is_refused_and_writes_nothing(world, story):
    pages = [page for role in Role for page in forms(story, role).values()]
    visitors = {role: world.as_role(role) for role in Role}
    for visitor in visitors.values():
        visitor.token()
    before = written(world.db)
    wrong, refused = [], dict[Role, set[str]]()
    for form in {form.action: form for _, form in pages}.values():
        for action, fields in form.sent():
            endpoint = endpoint_of(world, action)
            needed = VIEWS[endpoint]
            fields.pop("csrf_token", None)
            for role, visitor in visitors.items():
                if needed == PUBLIC or role in MAY[Permission(needed)]:
                    continue
                answer = visitor.post(action, by_script(story, fields))
                refused.setdefault(role, set()).add(endpoint)
                if answer.status_code != 403:
                    wrong.append((role, endpoint, answer.status_code))

    assert wrong == []
    assert written(world.db) == before
    assert min(len(endpoints) for endpoints in refused.values()) >= 5, refused


def test_a_step_on_the_board_asks_for_more_than_the_board_does(world, story):
    """The address takes every verb from the desk; the use case knows who may do what."""
    talk = world.db.get_one(Appointment, story.ids["appointment_id"][5])
    talk.status, talk.occupies = AppointmentStatus.ARRIVED, True
    desk = world.as_role(Role.RECEPTIONIST)

    answer = desk.post("/board/steps", {"act": f"start {talk.id} {talk.version}"})

    world.db.refresh(talk)
    assert (answer.status_code, talk.status) == (403, AppointmentStatus.ARRIVED)
