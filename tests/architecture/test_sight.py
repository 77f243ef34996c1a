"""What a role must not see is not in the values its page is built from.

Every address that reception or an administrator may open is opened, with ids of a patient about
whom everything clinical there is has been written, in one word that stands nowhere else. Then
everything that can be reached from what its template was given is looked at. A new page is opened
without a row here; a new value of a clinical package must be let in by name.
"""

import dataclasses
import datetime as dt
import enum
import functools
import itertools
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from flask import template_rendered

from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.core.db import Base
from clinic.intake.forms.consents import ConsentForm, WithdrawForm
from clinic.intake.forms.fields import ScopesField
from clinic.intake.forms.tablet import CodeForm
from clinic.intake.forms.texts import ForceForm, TakeBackForm, WordsForm
from clinic.intake.queries import ConsentsPage
from clinic.rulebook.forms import ApproveForm, DraftForm, NumberField
from clinic.rulebook.queries.book import Awaiting, Rulebook, Sheet, Standing
from clinic.rulebook.values import (
    Aspect,
    Change,
    Difference,
    Part,
    PartResult,
    PastVersion,
    Shift,
    Signature,
)
from clinic.rulebook.views.book import Tab
from clinic.safety.rules import language
from clinic.safety.values import (
    Confidence,
    Decision,
    FactKind,
    FactSource,
    ReceptionScreening,
    ReceptionStatus,
    Releasable,
    RuleKind,
    Scope,
)
from clinic.treatments.delivery import Technique, ZoneDose
from clinic.treatments.forms.presets import PresetChangeForm, PresetForm
from clinic.treatments.forms.protocol import ProtocolForm
from clinic.treatments.preparation_values import KitProduct, PresetCard, Spin
from clinic.treatments.rules.protocol import Protocol
from tests import factories
from tests.architecture.story import SECRET_WORD, Story, story
from tests.architecture.test_access import MAY, VIEWS
from tests.papers.reading import text_of
from tests.treatments.conftest import TODAY, chair

__all__ = ["chair", "story"]
pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""What a page is given does not depend on the database."""

CLINICAL = (
    "clinic.safety",
    "clinic.intake",
    "clinic.rulebook",
    "clinic.treatments",
    "clinic.followup",
    "clinic.outcomes",
)
FOR_THE_DESK = {
    ReceptionScreening,
    ReceptionStatus,
    ConsentsPage,
    ConsentForm,
    ScopesField,
    WithdrawForm,
}
THE_CATALOGUE = {
    ApproveForm,
    Aspect,
    Awaiting,
    Change,
    Difference,
    DraftForm,
    ForceForm,
    TakeBackForm,
    NumberField,
    Part,
    PartResult,
    PastVersion,
    Rulebook,
    Sheet,
    Shift,
    Signature,
    Standing,
    Tab,
    WordsForm,
    Decision,
    RuleKind,
    Scope,
    Confidence,
    Releasable,
    FactKind,
    FactSource,
    KitProduct,
    PresetCard,
    PresetChangeForm,
    PresetForm,
    Protocol,
    ProtocolForm,
    Spin,
    Technique,
    ZoneDose,
}
THE_CATALOGUE |= {
    kind
    for kind in vars(language).values()
    if isinstance(kind, type) and kind.__module__ == language.__name__
}
"""The rules themselves, which hold no patient: for those who may read them."""
FOR_ALL = {CodeForm}
"""The code of the tablet, before it is anybody's."""
LET_IN = {Role.RECEPTIONIST: FOR_THE_DESK | FOR_ALL, Role.ADMINISTRATOR: THE_CATALOGUE | FOR_ALL}
FLASKS_OWN = {"g", "request", "session", "config"}
"""Flask puts them beside the values of every page: the request, not what the page is built from."""
NO_PAGES = {"assets.show", "health.live", "health.ready", "accounts.sign_out"}
PLAIN = (str, bytes, int, float, dt.date, dt.time, dt.timedelta, dt.tzinfo, enum.Enum, type)


def parts(value: object) -> Iterator[tuple[str, object]]:
    """Yield what a value holds, each with the step that leads to it."""
    if isinstance(value, Mapping):
        for key, held in list(value.items()):
            yield ".key", key
            yield f"[{key!r}]", held
    elif isinstance(value, list | tuple | set | frozenset):
        for number, held in enumerate(value):
            yield f"[{number}]", held
    elif isinstance(value, types.MethodType):
        yield ".self", value.__self__
    elif isinstance(value, types.FunctionType):
        for cell in value.__closure__ or ():
            yield ".closure", cell.cell_contents
    elif isinstance(value, functools.partial):
        yield ".partial", (value.func, value.args, value.keywords)
    elif type(value).__module__.startswith(("clinic.", "wtforms.")):
        if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                yield f".{field.name}", getattr(value, field.name)
        for name, held in getattr(value, "__dict__", {}).items():
            yield f".{name}", held


def reachable(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield a value and everything that can be reached from it; rows are not entered."""
    seen: dict[int, object] = {}  # kept, so that no id is given twice
    open_ = [(path, value)]
    while open_:
        path, one = open_.pop()
        if id(one) in seen:
            continue
        seen[id(one)] = one
        yield path, one
        if not isinstance(one, PLAIN) and not isinstance(one, Base):
            open_ += [(path + step, held) for step, held in parts(one)]


def complaints(role: Role, context: Mapping[str, Any]) -> Iterator[str]:
    """Yield what this role must not have been given."""
    for name, given in context.items():
        if name in FLASKS_OWN:
            continue
        for path, value in reachable(given, name):
            kind = type(value)
            if isinstance(value, Base):
                yield f"{path} is a row: {value!r}"
            elif kind.__module__.startswith(CLINICAL) and not (LET_IN[role] & set(kind.__mro__)):
                yield f"{path} is a {kind.__module__}.{kind.__name__}"
            elif isinstance(value, str) and SECRET_WORD in value:
                yield f"{path} says {value!r}"


def addresses(story: Story, role: Role, method: str) -> Iterator[str]:
    """Yield every address of a method that a role may use, with every id there is for it."""
    app = story.chair.world.app
    for rule in app.url_map.iter_rules():
        needed = VIEWS[rule.endpoint]
        is_open = needed == "public" or role in MAY[needed]
        if rule.endpoint in NO_PAGES or not is_open or method not in (rule.methods or ()):
            continue
        names = sorted(rule.arguments)
        for values in itertools.product(*(story.ids[name] for name in names)):
            with app.test_request_context():
                yield app.url_map.bind("localhost").build(
                    rule.endpoint, dict(zip(names, values, strict=True))
                )


@contextmanager
def noted(app: Any) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Note the name of each page drawn, and what it was given."""
    drawn: list[tuple[str, dict[str, Any]]] = []

    def note(_app: object, template: Any, context: dict[str, Any], **_rest: object) -> None:
        drawn.append((template.name, context))

    with template_rendered.connected_to(note, app):
        yield drawn


def filled(story: Story) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield forms of the desk that a check refuses, or that are filled in while being written."""
    chair, coming, arriving = story.chair, story.coming, story.arriving
    room, person = (
        factories.a_resource(chair.db, location=chair.world.location, kind=kind)
        for kind in (ResourceKind.ROOM, ResourceKind.PRACTITIONER)
    )
    booking = {
        "patient_id": chair.alice.id,
        "service_id": chair.prp.id,
        "practitioner_id": person.id,
        "room_id": room.id,
        "date": "2026-11-24",
        "start": "14:00",
        "form_key": "k" * 24,
    }
    spoken = {"name_spoken": "y", "birth_date_spoken": "y"}
    for url in ("/appointments", f"/board/bookings?date={TODAY}"):
        yield url, booking
        yield url, {**booking, "search": "1"}
        yield url, {"q": "Okoye", "search": "1", "form_key": "k" * 24}
    yield "/appointments/walk-in", {**booking, **spoken}
    place = {**booking, "version": coming.version}
    yield f"/appointments/{coming.id}/move", place
    yield (
        f"/board/moves?date={TODAY}",
        {**place, "appointment_id": coming.id, "resource_id": person.id},
    )
    came = {"version": arriving.version, **spoken}
    yield f"/appointments/{arriving.id}/arrival", came
    yield f"/board/arrivals?date={TODAY}", {**came, "appointment_id": arriving.id}
    yield f"/appointments/{coming.id}/cancellation", {"version": 99, "reason": "safety"}
    course = {"service_id": chair.prp.id, "form_key": "c" * 24, "sessions_planned": "3"}
    yield f"/patients/{chair.alice.id}/courses", {**course, "preview": "1"}
    row = f"2026-11-30T10:00|{person.id}|{room.id}|"
    yield f"/patients/{chair.alice.id}/courses", {**course, "confirm": "1", "row-1": row}
    rest = f"/courses/{story.ids['course_id'][0]}/plan"
    yield rest, {"preview": "1"}
    yield rest, {"confirm": "1", "row-2": row, "row-3": f"2026-12-07T10:00|{person.id}|{room.id}|"}


QUERIES = (
    f"/board?date={TODAY}&view=rooms",
    "/board?date=2026-11-27",
    "/patients?q=Okoye",
    "/patients/{patient}/merge?patient_id={twin}",
    "/appointments/new?patient_id={patient}&service_id={service}&date=2026-11-24&start=14:00",
    "/appointments/walk-in?patient_id={patient}&service_id={service}",
    "/waiting-list/new?patient_id={patient}&service_id={service}",
    "/waiting-list/fitting?date=2026-11-25&start=10:00&minutes=60&practitioner_id={practitioner}",
)


def said(answer: Any) -> str:
    """Return what an answer says: of a paper what a reader of text finds in it."""
    is_paper = answer.mimetype == "application/pdf"
    return text_of(answer.data) if is_paper else answer.get_data(as_text=True)


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.ADMINISTRATOR])
def test_a_page_is_built_without_what_its_reader_must_not_see(world, story, role):
    visitor, found = world.as_role(role), set()
    visitor.token()
    with noted(world.app) as drawn:
        for url in addresses(story, role, "GET"):
            answer = visitor.get(url)
            assert answer.status_code < 400, url
            assert SECRET_WORD not in said(answer), url
        if role is Role.RECEPTIONIST:
            patient, twin = story.ids["patient_id"]
            named = {
                "patient": patient,
                "twin": twin,
                "service": story.chair.prp.id,
                "practitioner": story.chair.visit.practitioner_id,
            }
            for query in QUERIES:
                assert visitor.get(query.format(**named)).status_code < 400, query
            for url, form in filled(story):
                answer = visitor.post(url, form, follow_redirects=True)
                assert SECRET_WORD not in answer.get_data(as_text=True), url
        for url in addresses(story, role, "POST"):
            answer = visitor.post(url)
            assert answer.status_code < 500, url
            assert SECRET_WORD not in answer.get_data(as_text=True), url
    for name, context in drawn:
        found |= {f"{name}: {complaint}" for complaint in complaints(role, context)}

    assert sorted(found) == []
    assert len({name for name, _ in drawn}) >= 9


def test_what_the_desk_is_refused_is_said_without_a_reason(world, story):
    desk = world.as_role(Role.RECEPTIONIST)

    answers = {url: desk.post(url, form).status_code for url, form in filled(story)}

    assert answers["/appointments/walk-in"] == 409
    assert answers[f"/appointments/{story.coming.id}/move"] == 409
    assert 500 not in answers.values()


def test_the_same_look_finds_all_of_it_on_a_page_of_the_physician(world, story):
    physician = world.as_role(Role.PHYSICIAN)
    with noted(world.app) as drawn:
        physician.get(f"/appointments/{story.coming.id}")
        physician.get(f"/patients/{story.chair.alice.id}")

    said = [list(complaints(Role.RECEPTIONIST, context)) for _, context in drawn]
    for kind in ("values.Finding", "values.Screening", SECRET_WORD):
        assert all(any(kind in one for one in page) for page in said), kind
    assert any("is a row: <Release" in one for one in said[0])
