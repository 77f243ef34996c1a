"""The text of a service is taken back: that of its kind counts again, and its visits say so."""

import datetime as dt

import pytest

from clinic.consents import queries, rules, writing
from clinic.consents import service as consents
from clinic.consents.values import ConsentKind, TakeTextBack
from clinic.core.access import Role
from clinic.core.errors import Conflict, Invalid
from clinic.intake import queries as intake_queries
from clinic.intake import service
from clinic.scheduling import recheck
from tests.intake.conftest import a_visit
from tests.intake.test_texts_in_force import (
    IN_A_WEEK,
    TODAY,
    a_draft,
    a_paper,
    lacks_consent,
    put,
    signed,
    text_of,
)

__all__ = ["signed"]


@pytest.fixture
def visit(world, db, signed):
    """A visit of a service with a text of its own, that nobody has signed."""
    made = a_visit(world, db, signed)
    put(world, db, a_draft(world, db, made))
    return made


def own_text(db, visit):
    return queries.text_in_force(db, ConsentKind.PRP, on=TODAY, service_id=visit.service_id)


def take_back(world, db, text, *, on=TODAY):
    who = world.actor(Role.PHYSICIAN)
    made = writing.take_back(db, who, TakeTextBack(text_id=text.id, in_force_from=on))
    recheck.recheck(db, who, intake_queries.asked_for(db, made.id))
    return made


def test_the_text_of_the_kind_counts_again_and_the_visit_says_so_at_once(world, db, visit):
    assert lacks_consent(db, visit)

    take_back(world, db, own_text(db, visit))

    assert own_text(db, visit).service_id is None
    assert not lacks_consent(db, visit)


def test_from_a_later_day_it_counts_for_the_visits_from_then_on(world, db, signed, visit):
    text = own_text(db, visit)
    later = a_visit(world, db, signed, starts_local=IN_A_WEEK)
    later.service_id = visit.service_id
    db.flush()

    take_back(world, db, text, on=IN_A_WEEK.date())

    assert lacks_consent(db, visit)
    assert not lacks_consent(db, later)
    assert own_text(db, visit) is text


def test_both_ways_to_find_a_text_agree(world, db, visit):
    take_back(world, db, own_text(db, visit), on=IN_A_WEEK.date())

    for days in (0, 6, 7, 30):
        on = TODAY + dt.timedelta(days=days)
        asked = {"on": on, "service_id": visit.service_id}
        found = rules.applying(queries.texts(db), ConsentKind.PRP, **asked)
        assert found.id == queries.text_in_force(db, ConsentKind.PRP, **asked).id


def test_a_new_text_of_the_service_may_follow(world, db, visit):
    take_back(world, db, own_text(db, visit))
    draft = a_draft(world, db, visit)

    put(world, db, draft)

    assert own_text(db, visit) is draft
    assert draft.version_name == "5.0"
    assert lacks_consent(db, visit)


def test_nobody_signs_what_took_a_text_back(world, db, signed, visit):
    made = take_back(world, db, own_text(db, visit))

    with pytest.raises(Invalid):
        service.record_consent(db, world.actor(Role.NURSE), a_paper(signed, made.version_name))
    offered = text_of(world.as_role(Role.NURSE).get(f"/patients/{signed.id}/consents"))
    assert f'value="prp {made.version_name}"' not in offered


def test_only_the_newest_text_of_a_service_is_taken_back(world, db, visit):
    text = own_text(db, visit)
    of_kind = queries.text_of(db, ConsentKind.PRP, "1.0")
    with pytest.raises(Invalid):
        take_back(world, db, text, on=TODAY - dt.timedelta(days=1))
    with pytest.raises(Conflict):
        take_back(world, db, of_kind)
    made = take_back(world, db, text)
    for again in (text, made):
        with pytest.raises(Conflict):
            take_back(world, db, again)


def test_a_physician_takes_it_back_on_its_page(world, db, visit):
    text = own_text(db, visit)
    doctor, admin = world.as_role(Role.PHYSICIAN), world.as_role(Role.ADMINISTRATOR)
    url = f"/consent-texts/{text.id}/take-back"
    assert url in text_of(doctor.get(f"/consent-texts/{text.id}"))
    assert url not in text_of(admin.get(f"/consent-texts/{text.id}"))
    assert doctor.post(url, {"in_force": "2026-11-22"}).status_code == 422
    assert doctor.post(url, {"in_force": ""}).status_code == 422

    answer = doctor.post(url, {"in_force": TODAY.isoformat()})

    assert answer.status_code == 303
    assert "takes the text of this service back" in text_of(doctor.get(answer.location))
    assert "Taken back" in text_of(doctor.get("/consent-texts"))
    assert not lacks_consent(db, visit)
    assert doctor.post(url, {"in_force": TODAY.isoformat()}).status_code == 409
    assert own_text(db, visit).version_name == consents.FIRST_VERSION
