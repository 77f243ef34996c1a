"""The five lines before the first point, and that a signature without them is refused."""

import pytest
import sqlalchemy as sa

from clinic.core.access import Role
from clinic.core.errors import Conflict
from clinic.treatments.models import TimeOutLine
from clinic.treatments.queries import drafts as queries
from clinic.treatments.service import sessions
from clinic.treatments.service import time_out as service
from clinic.treatments.values import AbortSession, SessionState, TimeOut
from tests.conftest import NOW
from tests.treatments.conftest import some_sites
from tests.treatments.pages import text, written


@pytest.fixture
def session(chair):
    begun = chair.prepared()
    for line in TimeOut:
        service.take_back(chair.db, chair.actor(), begun.id, line)
    chair.db.expire(begun, ["time_out"])
    return begun


def test_a_line_keeps_who_said_it_first_and_when(chair, session, db):
    service.say(db, chair.actor(Role.NURSE), session.id, TimeOut.LOT)
    service.say(db, chair.actor(), session.id, TimeOut.LOT)

    (stamp,) = queries.time_out(db, session.id).values()
    assert (stamp.by, stamp.at) == (chair.actor(Role.NURSE).name, NOW)


def test_a_signature_needs_all_five_lines(chair, session, db):
    for line in TimeOut:
        with pytest.raises(sessions.ContentRefused) as refused:
            chair.sign(session)
        assert refused.value.breaches[0].field == "time_out"
        assert session.state is SessionState.DRAFT
        service.say(db, chair.actor(), session.id, line)
        db.expire(session, ["time_out"])

    assert chair.sign(session).state is SessionState.SIGNED


def test_what_was_given_without_it_is_kept_when_the_session_is_broken_off(chair, session, world):
    wish = AbortSession(
        session_id=session.id,
        version=session.version,
        content=chair.whole(sites=some_sites(3)),
        reason="Felt faint",
    )
    sessions.abort(chair.db, chair.actor(), wish)

    assert session.state is SessionState.SIGNED
    assert "not said" in text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))


def test_a_signed_time_out_is_not_changed(chair, db):
    signed = chair.signed()

    for act in (service.say, service.take_back):
        with pytest.raises(Conflict):
            act(db, chair.actor(), signed.id, TimeOut.LOT)


def test_one_tap_says_a_line_and_another_takes_it_back(chair, session, world, db):
    nurse = world.as_role(Role.NURSE)
    url = f"/sessions/{session.id}/time-out"
    answer = nurse.post(url, {"say": "lot"}, headers={"X-Fragment": "#time-out"})

    card = text(answer)
    assert answer.status_code == 200
    assert "<html" not in card
    assert card.count('aria-pressed="true"') == 1
    assert nurse.post(url, {"say": "side"}).status_code == 303
    assert nurse.post(url, {"take_back": "lot"}).status_code == 303
    assert nurse.post(url, {"say": "nonsense"}).status_code == 303
    assert list(db.scalars(sa.select(TimeOutLine.line))) == [TimeOut.SIDE]


def test_the_signature_says_on_the_page_what_is_missing(chair, session, world):
    answer = world.as_role(Role.PHYSICIAN).post(
        f"/sessions/{session.id}/signature", written(session)
    )

    assert answer.status_code == 422
    assert "The safety time-out is not whole" in text(answer)
