"""The pages of a session, as nurses and physicians use them: beginning, lists, roles, budgets."""

import datetime as dt
import re

import pytest

from clinic.catalog.values import Modality
from clinic.core.access import Role
from clinic.safety.values import FactKind
from clinic.scheduling.values import AppointmentStatus
from clinic.treatments import points
from clinic.treatments.queries import sessions as queries
from clinic.treatments.values import Content
from tests import factories
from tests.conftest import NOW
from tests.counting import statements
from tests.treatments.conftest import TODAY, some_sites
from tests.treatments.pages import hidden, text, written

# ----------------------------------------------------------------------------- beginning


def test_the_brief_shows_the_way_and_the_button_begins(chair, world):
    chair.knows(FactKind.ALLERGY, "penicillin", label="Penicillin rash")
    nurse = world.as_role(Role.NURSE)
    url = f"/appointments/{chair.visit.id}/session"

    page = text(nurse.get(url))
    assert "Start the session" in page
    assert "Penicillin rash" in page
    assert "This is the first session here." in page

    begun = nurse.post(
        url,
        {
            "version": hidden(page, "version"),
            "facts_hash": hidden(page, "facts_hash"),
            "acknowledged": "y",
        },
    )
    assert begun.status_code == 303
    assert nurse.get(begun.location).status_code == 200
    assert nurse.get(url).location == begun.location


def test_what_stands_in_the_way_is_shown_and_refuses(chair, world, db):
    chair.knows(FactKind.MEDICATION, "nsaid", label="Ibuprofen 400 mg", ended_on=TODAY)
    nurse = world.as_role(Role.NURSE)
    url = f"/appointments/{chair.visit.id}/session"

    page = text(nurse.get(url))
    assert "The session cannot start" in page
    assert 'aria-disabled="true"' in page
    answer = nurse.post(
        url, {"version": hidden(page, "version"), "facts_hash": hidden(page, "facts_hash")}
    )

    assert answer.status_code == 409
    assert "The session cannot start" in text(answer)
    assert queries.of_appointment(db, chair.visit.id) is None


def test_a_fact_that_came_meanwhile_is_looked_at_first(chair, world):
    nurse = world.as_role(Role.NURSE)
    url = f"/appointments/{chair.visit.id}/session"
    page = text(nurse.get(url))
    seen = {"version": hidden(page, "version"), "facts_hash": hidden(page, "facts_hash")}
    chair.knows(FactKind.ALLERGY, "latex", label="Latex")

    answer = nurse.post(url, {**seen, "acknowledged": "y"})

    assert answer.status_code in {409, 422}
    assert queries.of_appointment(chair.db, chair.visit.id) is None
    assert hidden(text(answer), "facts_hash") != seen["facts_hash"]


def test_a_visit_that_has_not_arrived_cannot_begin(chair, world, db):
    visit = chair.book(
        dt.datetime(2026, 11, 23, 15, 0), status=AppointmentStatus.BOOKED, arrived_at=None
    )
    nurse = world.as_role(Role.NURSE)
    page = text(nurse.get(f"/appointments/{visit.id}/session"))

    assert "A session begins when the patient has arrived." in page
    answer = nurse.post(
        f"/appointments/{visit.id}/session",
        {"version": hidden(page, "version"), "facts_hash": hidden(page, "facts_hash")},
    )
    assert answer.status_code == 409


def test_a_consultation_offers_no_session(chair, world, db):
    talk = factories.a_service(db, modality=Modality.CONSULTATION)
    visit = chair.book(dt.datetime(2026, 11, 23, 15, 0), talk)
    nurse = world.as_role(Role.NURSE)
    url = f"/appointments/{visit.id}/session"

    page = text(nurse.get(url))
    assert "Nothing is injected in this kind of visit." in page
    assert "Start the session" not in page
    answer = nurse.post(url, {"version": str(visit.version), "facts_hash": "x"})
    assert answer.status_code == 409


@pytest.mark.parametrize("data", [{}, {"version": "x"}, {"version": "99999999999999999999"}])
def test_a_broken_beginning_is_refused(chair, world, data):
    answer = world.as_role(Role.NURSE).post(f"/appointments/{chair.visit.id}/session", data)

    assert answer.status_code == 422


# --------------------------------------------------------------------------------- lists


def test_the_list_shows_drafts_first_and_then_what_was_signed(chair, world):
    chair.signed()
    visit = chair.book(
        dt.datetime(2026, 11, 23, 15, 0),
        chair.mesotherapy,
        patient=factories.a_patient(chair.db, location=world.location, family_name="Zulu"),
    )
    draft = _draft_of(chair, visit)

    page = text(world.as_role(Role.NURSE).get("/sessions"))

    assert page.index(f"/sessions/{draft.id}") < page.index("Okoye")
    assert "Not signed yet" in page


def test_what_is_not_signed_stays_on_the_list_until_it_is_and_own_comes_first(chair, world, db):
    """A nurse may have begun it: a physician must see it too, and signs it."""
    hours = iter(range(11, 20))

    def another(by=Role.NURSE, **changes):
        patient = factories.a_patient(db, location=world.location)
        visit = chair.book(
            dt.datetime(2026, 11, 23, next(hours), 0), chair.mesotherapy, patient=patient, **changes
        )
        draft, visit.status = _draft_of(chair, visit), AppointmentStatus.IN_TREATMENT
        visit.started_at = NOW
        draft.performer_id = chair.actor(by).id
        db.flush()
        return draft

    signed, nurses, own = chair.signed(), another(), another(Role.PHYSICIAN)
    old = another(Role.PHYSICIAN)
    old.started_at -= dt.timedelta(days=3)
    broken_off, elsewhere = another(), another()
    chair.abort(queries.get(db, broken_off.id), Content(sites=some_sites(3)))
    elsewhere.location_id = factories.a_location(db).id
    db.flush()

    page = text(world.as_role(Role.PHYSICIAN).get("/sessions"))
    listed = page[page.index('id="drafts"') : page.index('id="signed"')]
    found = [int(number) for number in re.findall(r'href="/sessions/(\d+)"', listed)]

    assert found == [old.id, own.id, nurses.id]
    assert {signed.id, broken_off.id, elsewhere.id}.isdisjoint(found)


def _draft_of(chair, visit):
    from clinic.core import clock
    from clinic.safety import queries as safety_queries
    from clinic.safety import service as safety
    from clinic.safety.values import Moment
    from clinic.scheduling import queries as scheduling_queries
    from clinic.treatments.models import TreatmentSession
    from clinic.treatments.rules import scalp

    history = safety_queries.history_of(chair.db, visit.patient_id)
    plan = scheduling_queries.plan_for(chair.db, visit, history, on=TODAY)
    kept = safety.screen_for(
        chair.db,
        chair.actor(),
        patient_id=visit.patient_id,
        plan=plan,
        on=TODAY,
        moment=Moment.START,
        appointment_id=visit.id,
    )
    session = TreatmentSession(
        appointment_id=visit.id,
        patient_id=visit.patient_id,
        location_id=visit.location_id,
        service_id=visit.service_id,
        performer_id=chair.actor(Role.NURSE).id,
        screening_id=kept.record.id,
        started_at=clock.now(),
        map_version=scalp.MAP_VERSION,
    )
    chair.db.add(session)
    chair.db.flush()
    return session


def test_a_mesotherapy_has_no_blood_and_its_own_limits(chair, world, db):
    visit = chair.book(dt.datetime(2026, 11, 23, 15, 0), chair.mesotherapy)
    session = _draft_of(chair, visit)
    nurse = world.as_role(Role.NURSE)

    page = text(nurse.get(f"/sessions/{session.id}"))
    assert "Blood drawn" not in page
    assert "0.005 to 0.3" in page
    assert re.search(rf'<option selected value="{chair.vitamins.id}"', page)
    answer = nurse.post(
        f"/sessions/{session.id}",
        {"version": str(session.version), "points": points.dumps(some_sites(1, volume_ul=301))},
    )
    assert "Point 1: 0.301 mL each; from 0.005 to 0.3 mL" in text(answer)


# --------------------------------------------------------------------------------- roles


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("get", "/sessions", {Role.NURSE, Role.PHYSICIAN}),
        ("get", "/sessions/{id}", {Role.NURSE, Role.PHYSICIAN}),
        ("post", "/sessions/{id}", {Role.NURSE, Role.PHYSICIAN}),
        ("post", "/sessions/{id}/signature", {Role.PHYSICIAN}),
        ("post", "/sessions/{id}/abort", {Role.PHYSICIAN}),
        ("post", "/sessions/{id}/addenda", {Role.PHYSICIAN}),
        ("get", "/appointments/{visit}/session", {Role.NURSE, Role.PHYSICIAN}),
        ("post", "/appointments/{visit}/session", {Role.NURSE, Role.PHYSICIAN}),
    ],
)
def test_who_may_do_what(chair, world, method, path, allowed):
    session = chair.begin()
    url = path.format(id=session.id, visit=chair.visit.id)

    for role in Role:
        status = getattr(world.as_role(role), method)(url).status_code
        assert (status != 403) == (role in allowed), (role, status)
        assert status < 500


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/sessions/{}"),
        ("post", "/sessions/{}"),
        ("post", "/sessions/{}/signature"),
        ("post", "/sessions/{}/abort"),
        ("post", "/sessions/{}/addenda"),
        ("get", "/appointments/{}/session"),
    ],
)
def test_what_does_not_exist_or_is_elsewhere_is_not_found(chair, world, db, method, path):
    physician = world.as_role(Role.PHYSICIAN)
    session = chair.begin()
    there = factories.a_location(db)
    session.location_id = there.id
    chair.visit.location_id = there.id
    db.flush()
    own = session.id if "sessions" in path else chair.visit.id
    data = {"body": "x", "why": "y", "reason": "z", "version": "1"}

    for number in (999_999, own):
        url = path.format(number)
        answer = physician.get(url) if method == "get" else physician.post(url, data)
        assert answer.status_code == 404, url


# ------------------------------------------------------------------------------- budgets


def test_the_pages_take_few_statements_however_many_points(chair, world, db, connection):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    nurse.get("/sessions")

    def cost(url):
        with statements(connection) as seen:
            assert nurse.get(url).status_code == 200
        return len(seen)

    chair.save(session, chair.whole(sites=some_sites(1)))
    few = cost(f"/sessions/{session.id}")
    chair.save(queries.get(db, session.id), chair.whole(sites=some_sites(400, volume_ul=10)))
    many = cost(f"/sessions/{session.id}")
    assert few == many <= 45
    chair.prepare(session)
    chair.sign(queries.get(db, session.id))
    assert cost(f"/sessions/{session.id}") <= 32
    assert cost("/sessions") <= 10


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ({"amount_1": "11,7"}, 303, ""),
        ({"amount_1": "11.7"}, 303, ""),
        ({"amount_1": "11,71"}, 422, "is too much"),
        ({"amount_1": "11.71"}, 422, "is too much"),
        ({"weight": "52,0", "amount_1": "11,7"}, 303, ""),
        ({"weight": "51,9"}, 422, "is too much"),
        ({"weight": ""}, 422, "weight"),
        ({"weight_on": "2026-05-26"}, 422, "days"),
        ({"weight_on": "2026-05-27"}, 303, ""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_anaesthetic_is_dosed_by_what_is_typed_with_comma_or_point(
    chair, world, typed, status, words
):
    session = chair.begin()
    form = {"lot_1": str(chair.lidocaine.id), "amount_1": "11.7", "weight": "52"}

    answer = world.as_role(Role.NURSE).post(
        f"/sessions/{session.id}",
        written(session, **{**form, "weight_on": "2026-11-20", "points": "[]", **typed}),
    )

    assert answer.status_code == status, text(answer)
    assert words in text(answer)
