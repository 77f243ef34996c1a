"""Why flagged, one click away in every place that shows a finding to clinicians."""

import datetime as dt
import re

import pytest

from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.safety import explaining, service
from clinic.safety.values import FactKind, FactSource, RecordFact, ReleaseFinding
from clinic.scheduling import recheck
from tests import factories
from tests.counting import statements
from tests.safety.conftest import TODAY

D, N = Role.PHYSICIAN, Role.NURSE
REASON = "One tablet, seen and discussed with the patient."


def text(response):
    return re.sub(r"\s+", " ", response.get_data(as_text=True))


@pytest.fixture
def book(world, db, patient):
    made = {
        "service": factories.a_service(db),
        "practitioner": factories.a_resource(
            db, location=world.location, kind=ResourceKind.PRACTITIONER
        ),
        "room": factories.a_resource(db, location=world.location, kind=ResourceKind.ROOM),
    }

    def booked(**changes):
        visit = factories.an_appointment(
            db, location=world.location, patient=patient, **made, **changes
        )
        recheck.recheck(db, None, [visit.id])
        return visit

    return booked


@pytest.fixture
def flagged(book, known):
    """Tomorrow's visit of somebody who took ibuprofen today."""
    known(FactKind.MEDICATION, "nsaid", label="Ibuprofen 400 mg", ended_on=TODAY)
    return book()


def release(world, db, visit, reason=REASON):
    [decided] = recheck.decide(recheck.gather(db, recheck.of_ids(db, [visit.id])))
    finding = next(f for f in decided.screening.findings if f.rule_code == "nsaid_recent")
    wish = ReleaseFinding(appointment_id=visit.id, fingerprint=finding.fingerprint, reason=reason)
    return service.release(db, world.actor(D), wish)


PLACES = ("/appointments/{visit}", "/appointments/{visit}/review", "/patients/{patient}")


@pytest.mark.parametrize("place", [*PLACES, "/appointments/{visit}/session"])
@pytest.mark.parametrize("role", [N, D])
def test_all_of_it_is_one_click_away(world, flagged, patient, place, role):
    page = text(world.as_role(role).get(place.format(visit=flagged.id, patient=patient.id)))

    [why] = [
        part
        for part in page.split('<details class="why"')[1:]
        if "Painkiller (NSAID) lately" in part[:200]
    ][:1]
    why = why.split("</details>")[0]
    days = 0 if place.endswith("/session") else 1  # a session is checked for the day it begins
    assert f"Ibuprofen 400 mg: last on Nov 23, 2026. Days before the visit: {days}" in why
    assert "the rule asks for 2. Clear on Nov 25, 2026" in why
    assert f"recorded by {world.accounts[D].name} on Nov 23, 2026" in why
    assert "Leach 2024" in why
    assert "One paper or consistent practice" in why
    assert "What clears it" in why
    link = 'href="/safety/rules/nsaid_recent#v1"'
    assert (link in why) == (role is D)
    assert "nsaid_recent v1" in why


def test_a_refused_booking_says_why_to_clinicians(world, db, flagged, patient):
    form = {
        "patient_id": patient.id,
        "service_id": flagged.service_id,
        "practitioner_id": flagged.practitioner_id,
        "room_id": flagged.room_id,
        "date": "2026-11-24",
        "start": "15:00",
        "form_key": "k" * 24,
    }

    page = text(world.as_role(D).post("/appointments", form))
    desk = text(world.as_role(Role.RECEPTIONIST).post("/appointments", form))

    assert "Why, and what clears it" in page
    assert "recorded by" in page
    assert "Why, and what clears it" not in desk
    assert "buprofen" not in desk


def test_a_fact_without_an_author_still_says_when_it_was_recorded(world, db, patient, book):
    service.record_fact(
        db,
        None,
        RecordFact(
            patient_id=patient.id,
            kind=FactKind.MEDICATION,
            code="nsaid",
            ended_on=TODAY,
            noted_on=TODAY,
            source=FactSource.IMPORTED,
        ),
    )

    page = text(world.as_role(D).get(f"/appointments/{book().id}/review"))

    assert "Imported, known on Nov 23, 2026 ; recorded on Nov 23, 2026" in page or (
        "Imported, known on Nov 23, 2026; recorded on Nov 23, 2026" in page
    )


@pytest.mark.parametrize("place", PLACES)
def test_earlier_releases_of_the_rule_stand_at_the_finding(
    world, db, flagged, book, patient, place
):
    release(world, db, flagged)
    later = book(starts_local=dt.datetime(2026, 11, 24, 14))

    page = text(world.as_role(D).get(place.format(visit=later.id, patient=patient.id)))

    if place != "/patients/{patient}":  # that page shows the next visit: the released one
        assert "Earlier releases" in page
        assert f"{world.accounts[D].name}, Nov 23, 2026" in page
        assert "for the visit of Nov 24, 2026" in page
        assert REASON in page


def test_the_release_of_this_very_visit_is_no_earlier_one(world, db, flagged):
    release(world, db, flagged)

    page = text(world.as_role(D).get(f"/appointments/{flagged.id}"))

    assert page.count(REASON) == 1
    assert "Earlier releases" not in page


def test_what_explains_costs_one_statement(world, db, flagged, patient, connection):
    release(world, db, flagged)

    with statements(connection) as seen:
        found = explaining.why(db, patient.id)

    assert len(seen) == 1
    [past] = found.earlier["nsaid_recent"]
    assert (past.on, past.reason) == (dt.date(2026, 11, 24), REASON)
