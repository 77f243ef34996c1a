"""The pages of a session, as nurses and physicians use them."""

import datetime as dt
import json
import re
from typing import Any

import pytest

from clinic.catalog.values import Modality
from clinic.core.access import Role
from clinic.core.zones import Zone
from clinic.safety.values import FactKind, FactSource, FactState
from clinic.scheduling.values import AppointmentStatus
from clinic.treatments import points, queries, record
from clinic.treatments.rules import scalp
from clinic.treatments.values import Content, SessionState
from tests import factories
from tests.counting import statements
from tests.treatments.conftest import TODAY, some_sites

HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')


def hidden(page: str, name: str) -> str:
    tags = [tag for tag in HIDDEN.findall(page) if f'name="{name}"' in tag]
    found = re.search(r'value="([^"]*)"', tags[-1])
    assert found
    return found.group(1).replace("&#34;", '"').replace("&amp;", "&")


def written(chair, session, **changes: Any) -> dict[str, Any]:
    """A whole PRP session as its form sends it."""
    return {
        "version": str(session.version),
        "points": points.dumps(some_sites()),
        "blood": "30",
        "anticoagulant": "acd_a",
        "anticoagulant_volume": "3",
        "prp": "6",
        "lot_1": str(chair.kit.id),
        "each": "0.1",
        "depth": "3",
        "gauge": "30",
        "needle": "4",
        **changes,
    }


def text(answer) -> str:
    return answer.get_data(as_text=True)


# ------------------------------------------------------------------------------- beginning


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


# ------------------------------------------------------------------------------- the draft


def test_a_new_draft_proposes_the_first_expiring_kit_and_the_weight(chair, world, db):
    chair.knows(FactKind.VITAL, "weight", value_milli=61_500, unit="kg")
    session = chair.begin()

    page = text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))

    assert re.search(rf'<option selected value="{chair.kit.id}"', page)
    assert 'value="61.5"' in page
    assert page.count('role="button"') == sum(len(one.shapes) for one in scalp.drawings())


def test_an_unusable_lot_is_shown_with_its_reason_and_cannot_be_chosen(chair, world):
    chair.lidocaine.expires_on = dt.date(2026, 11, 1)
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)

    page = text(nurse.get(f"/sessions/{session.id}"))
    assert re.search(
        r"<option disabled[^>]*>✕ Lidocaine 2 % · \u2066A-2\u2069 · .2026-11-01. · expired",
        page,
    )
    answer = nurse.post(
        f"/sessions/{session.id}", written(chair, session, lot_2=str(chair.lidocaine.id))
    )
    assert answer.status_code == 422
    assert "Lot A-2 must not be used: expired" in text(answer)


@pytest.mark.parametrize(("blood", "each"), [("30.5", "0.1"), ("30,5", "0,1"), ("٣٠٫٥", "0.1")])
def test_a_nurse_saves_a_draft_with_comma_or_point(chair, world, db, blood, each):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)

    saved = nurse.post(f"/sessions/{session.id}", written(chair, session, blood=blood, each=each))

    assert saved.status_code == 303
    db.expire_all()
    stored = queries.get(db, session.id)
    assert stored.blood_ul == 30_500
    assert len(stored.sites) == 40
    page = text(nurse.get(saved.location))
    assert "Draft saved" in page
    assert "4.00" in page


def test_without_a_script_points_are_added_and_removed_by_the_table(chair, world, db):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    url = f"/sessions/{session.id}"
    empty = {"points": "", "blood": "30"}

    added = nurse.post(
        url,
        written(chair, session, **empty, do="add", add_zone="vertex", add_count="10"),
    )
    assert added.status_code == 303
    db.expire_all()
    (site,) = record.content_of(queries.get(db, session.id)).sites
    assert (site.zone, site.points, site.volume_ul, site.place) == (Zone.VERTEX, 10, 1_000, None)

    page = text(nurse.get(url))
    assert 'value="remove-1"' in page
    again = written(chair, session, points=hidden(page, "points"), version=hidden(page, "version"))
    assert nurse.post(url, {**again, "do": "remove-1"}).status_code == 303
    db.expire_all()
    assert queries.get(db, session.id).sites == []


def test_adding_points_without_a_zone_says_so_and_keeps_what_was_typed(chair, world):
    session = chair.begin()

    answer = world.as_role(Role.NURSE).post(
        f"/sessions/{session.id}", written(chair, session, do="add", note="Left first")
    )

    assert answer.status_code == 422
    assert "Choose the zone" in text(answer)
    assert "Left first" in text(answer)
    assert points.loads(hidden(text(answer), "points")) == some_sites()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"blood": "3.999"}, "From 4 to 120 mL"),
        ({"blood": "120.001"}, "From 4 to 120 mL"),
        ({"blood": "30 mL"}, "Enter a number"),
        ({"blood": "1.000,5"}, "Enter a number"),
        ({"prp": "0.499"}, "From 0.5 to 30 mL"),
        ({"prp": "30.0"}, "must be less than the 30 mL of blood"),
        ({"prp": "3.999"}, "4 mL were injected, but only 3.999 mL of PRP"),
        ({"anticoagulant": "heparin"}, "Choose one of the list"),
        ({"pain": "11"}, "A whole number from 0 to 10"),
        ({"pain": "2.5"}, "A whole number from 0 to 10"),
        ({"weight": "29.999"}, "From 30 to 300 kg"),
        ({"weight_on": "2026-11-24"}, "Not after 2026-11-23"),
        ({"weight_on": "1066-01-01"}, "Not before"),
        ({"note": "a\0b"}, "cannot be stored"),
        ({"note": "x" * 4001}, "At most 4000"),
        ({"lot_1": "999999"}, "Choose one of the list"),
        ({"amount_3": "1"}, "Choose the lot that this amount belongs to"),
        ({"each": "0.501"}, "From 0.01 to 0.5 mL"),
        ({"depth": "13.1"}, "From 0.5 to 13 mm"),
        ({"needle": "1.9"}, "From 2 to 40 mm"),
        ({"gauge": "24"}, "Choose one of the list"),
    ],
    ids=lambda value: next(iter(value.items())).__str__()[:30] if isinstance(value, dict) else "",
)
def test_bad_input_is_refused_at_its_field_and_nothing_is_lost(chair, world, changes, words):
    session = chair.begin()

    answer = world.as_role(Role.NURSE).post(
        f"/sessions/{session.id}", written(chair, session, **{"note": "Keep me", **changes})
    )

    page = text(answer)
    assert answer.status_code == 422
    assert words in page
    if "note" not in changes:
        assert "Keep me" in page
    assert points.loads(hidden(page, "points")) == some_sites()


A_POINT = {"n": 1, "zone": "vertex", "ul": 100, "um": 3000, "gauge": 30}


def one(**changes: Any) -> str:
    return json.dumps([{**A_POINT, **changes}])


BAD_POINTS = [
    "no json",
    "{",
    "[" * 100_000,
    '{"n": 1}',
    "[1]",
    "[null]",
    "[{}]",
    one(n=0),
    one(n=True),
    one(n="1.5"),
    one(n=40_000),
    one(zone="elbow"),
    one(zone=["vertex"]),
    one(zone=None),
    one(ul=100.5),
    one(ul=-100),
    one(ul=float("nan")),
    one(ul=1).replace("1}", "1e400}").replace('"ul": 1,', '"ul": 1e400,'),
    one(ul="1" * 5000),
    one(view="top"),
    one(view="top", x=9999, y=1),
    one(view="under", x=1, y=1),
    one(points=0),
    one(points=401),
    json.dumps([A_POINT, A_POINT]),
    json.dumps([{**A_POINT, "n": n} for n in range(1, 402)]),
    "1" + "0" * 5000,
]


@pytest.mark.parametrize("raw", BAD_POINTS, ids=range(len(BAD_POINTS)))
def test_points_that_cannot_be_read_are_refused_never_a_crash(chair, world, db, raw):
    session = chair.begin()

    answer = world.as_role(Role.NURSE).post(
        f"/sessions/{session.id}", written(chair, session, points=raw)
    )

    assert answer.status_code == 422
    assert "could not be read" in text(answer)
    assert queries.get(db, session.id).saved_at is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"x": 200, "y": 64}, "Point 1 does not lie in its zone: Vertex"),
        ({"ul": 501}, "Point 1: from 0.01 to 0.5 mL each"),
        ({"um": 13_000, "gauge": 24}, "Point 1: a needle of 25 to 34 G"),
        ({"nl": 1_999}, "Point 1: a needle of 2 to 40 mm"),
    ],
)
def test_a_point_outside_of_its_limits_is_named(chair, world, row, words):
    session = chair.begin()
    point = {"n": 1, "zone": "vertex", "view": "top", "x": 200, "y": 290, "ul": 100, "um": 3000}
    raw = json.dumps([{**point, "gauge": 30, "nl": 4000, **row}])

    answer = world.as_role(Role.NURSE).post(
        f"/sessions/{session.id}", written(chair, session, points=raw)
    )

    assert answer.status_code == 422
    assert words in text(answer)


def test_a_barred_zone_is_drawn_shut_and_refused_with_the_reason(chair, world):
    chair.knows(
        FactKind.HAIR,
        "hair",
        state=FactState.ABSENT,
        zone=Zone.VERTEX,
        began_on=dt.date(2020, 1, 1),
        source=FactSource.PHYSICIAN,
    )
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)

    page = text(nurse.get(f"/sessions/{session.id}"))
    assert re.search(r'class="zone  shut" data-zone="vertex"[^>]*aria-disabled="true"', page)
    assert "Vertex must not be treated:" in page

    answer = nurse.post(f"/sessions/{session.id}", written(chair, session))
    assert answer.status_code == 422
    assert text(answer).count("Vertex must not be treated:") >= 2


def test_an_anaesthetic_is_refused_one_microlitre_above_its_limit(chair, world):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    dosed = {"lot_2": str(chair.lidocaine.id), "weight": "52", "weight_on": "2026-11-20"}

    over = nurse.post(
        f"/sessions/{session.id}", written(chair, session, **dosed, amount_2="11,701")
    )
    assert over.status_code == 422
    assert "234.02 mg is too much for 52 kg: at most 234 mg (11.7 mL)" in text(over)

    assert (
        nurse.post(
            f"/sessions/{session.id}", written(chair, session, **dosed, amount_2="11.7")
        ).status_code
        == 303
    )
    assert "at most \u206611.7\u2069 mL" in text(nurse.get(f"/sessions/{session.id}"))


def test_a_stale_save_shows_both_texts_and_can_be_repeated(chair, world, db):
    session = chair.begin()
    seen = session.version
    chair.save(session, Content(note="Hers", blood_ul=20_000))
    nurse = world.as_role(Role.NURSE)

    answer = nurse.post(
        f"/sessions/{session.id}", written(chair, session, version=str(seen), note="Mine")
    )
    page = text(answer)
    assert answer.status_code == 409
    for words in ("Hers", "Mine", "20 mL", "30 mL", "VX: 40"):
        assert words in page

    again = nurse.post(
        f"/sessions/{session.id}",
        written(chair, session, version=hidden(page, "version"), note="Mine"),
    )
    assert again.status_code == 303
    db.expire_all()
    assert queries.get(db, session.id).note == "Mine"


def test_the_same_save_sent_twice_is_no_conflict(chair, world):
    session = chair.begin()
    nurse = world.as_role(Role.NURSE)
    data = written(chair, session)

    assert nurse.post(f"/sessions/{session.id}", data).status_code == 303
    assert nurse.post(f"/sessions/{session.id}", data).status_code == 303


# --------------------------------------------------------------------------------- signing


def test_a_physician_signs_and_the_record_is_read(chair, world, db):
    session = chair.begin()
    physician = world.as_role(Role.PHYSICIAN)

    done = physician.post(f"/sessions/{session.id}/signature", written(chair, session, pain="2"))

    assert done.status_code == 303
    page = text(physician.get(done.location))
    for words in ("K-17", "4.00", "ACD-A", "Add it"):
        assert words in page
    assert "data-scalp" not in page
    assert "not what was signed" not in page
    db.expire_all()
    assert queries.get(db, session.id).content_hash in page


def test_signing_twice_is_answered_the_same(chair, world):
    session = chair.begin()
    physician = world.as_role(Role.PHYSICIAN)
    data = written(chair, session)

    for _ in range(2):
        done = physician.post(f"/sessions/{session.id}/signature", data)
        assert done.status_code == 303


def test_what_is_missing_is_said_at_each_field(chair, world):
    session = chair.begin()

    answer = world.as_role(Role.PHYSICIAN).post(
        f"/sessions/{session.id}/signature", {"version": str(session.version)}
    )

    page = text(answer)
    assert answer.status_code == 422
    for words in (
        "Choose the lot of the blood kit",
        "Enter how much blood was drawn",
        "Choose the anticoagulant",
        "Enter how much PRP was obtained",
        "Set at least one point",
    ):
        assert words in page


def test_unusual_values_are_listed_and_signed_after_one_tick(chair, world, db):
    session = chair.begin()
    physician = world.as_role(Role.PHYSICIAN)
    odd = written(chair, session, points=points.dumps(some_sites(5)))

    answer = physician.post(f"/sessions/{session.id}/signature", odd)
    page = text(answer)
    assert answer.status_code == 422
    assert "A session usually has 20 to 150 points" in page
    assert 'name="soft_limits_accepted"' in page

    done = physician.post(f"/sessions/{session.id}/signature", {**odd, "soft_limits_accepted": "y"})
    assert done.status_code == 303
    db.expire_all()
    assert queries.get(db, session.id).soft_limits_accepted


def test_a_signed_session_is_not_written_again_and_shows_both_texts(chair, world):
    session = chair.signed()

    answer = world.as_role(Role.NURSE).post(
        f"/sessions/{session.id}", written(chair, session, note="Too late")
    )

    assert answer.status_code == 409
    assert "This session is signed." in text(answer)
    assert "Too late" in text(answer)


def test_a_session_is_broken_off_with_its_reason(chair, world, db):
    session = chair.begin()
    physician = world.as_role(Role.PHYSICIAN)
    url = f"/sessions/{session.id}/abort"
    given = {"version": str(session.version), "points": points.dumps(some_sites(3))}

    refused = physician.post(url, given)
    assert refused.status_code == 422
    assert "Write why the session is broken off" in text(refused)

    assert physician.post(url, {**given, "reason": "Felt faint"}).status_code == 303
    page = text(physician.get(f"/sessions/{session.id}"))
    assert "Broken off" in page
    assert "Felt faint" in page
    db.expire_all()
    assert queries.get(db, session.id).state is SessionState.SIGNED


# -------------------------------------------------------------------------------- addenda


def test_an_addendum_is_shown_with_author_time_and_reason(chair, world):
    session = chair.signed()
    physician = world.as_role(Role.PHYSICIAN)
    key = hidden(text(physician.get(f"/sessions/{session.id}")), "form_key")
    data = {"body": "Vertex, not midscalp.", "why": "Typing error", "form_key": key}

    for _ in range(2):
        assert physician.post(f"/sessions/{session.id}/addenda", data).status_code == 303

    page = text(physician.get(f"/sessions/{session.id}"))
    assert page.count("Vertex, not midscalp.") == 1
    assert "Typing error" in page
    assert chair.actor().name in page


@pytest.mark.parametrize("data", [{}, {"body": "x"}, {"why": "x"}, {"body": " ", "why": " "}])
def test_an_addendum_needs_words_and_a_reason(chair, world, data):
    session = chair.signed()

    answer = world.as_role(Role.PHYSICIAN).post(f"/sessions/{session.id}/addenda", data)

    assert answer.status_code == 422
    assert "Please fill this in" in text(answer)


def test_a_draft_takes_no_addendum(chair, world):
    session = chair.begin()

    answer = world.as_role(Role.PHYSICIAN).post(
        f"/sessions/{session.id}/addenda", {"body": "x", "why": "y"}
    )

    assert answer.status_code == 409


# ----------------------------------------------------------------------------------- lists


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
    assert "Point 1: from 0.005 to 0.3 mL each" in text(answer)


# ----------------------------------------------------------------------------------- roles


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


# --------------------------------------------------------------------------------- budgets


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
    chair.sign(queries.get(db, session.id))
    assert cost(f"/sessions/{session.id}") <= 30
    assert cost("/sessions") <= 10
