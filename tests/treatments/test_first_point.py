"""What comes before the first point, and when the first point was set."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.treatments import points
from clinic.treatments.models import TreatmentSession
from clinic.treatments.preparation_values import CheckTube
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules import tubes
from clinic.treatments.service import drafts, identity, sessions, time_out
from clinic.treatments.typed import KeepTyped
from clinic.treatments.values import Content, DraftStep, Page, TimeOut
from tests.conftest import NOW
from tests.treatments.conftest import some_sites
from tests.treatments.pages import hidden, text, written

LATER = NOW + dt.timedelta(minutes=20)
TAB = Page(tab="a" * 24)


def refused(chair, session, sites) -> list[str]:
    with pytest.raises(sessions.ContentRefused) as found:
        chair.save(session, Content(sites=sites))
    return [breach.field for breach in found.value.breaches]


def type_points(chair, session, sites, seq=1) -> None:
    """Let a page send what is typed, as it does by itself."""
    wish = KeepTyped(
        session_id=session.id,
        step=DraftStep.SESSION,
        page=TAB,
        version=session.version,
        seq=seq,
        fields=(("points", points.dumps(sites)), ("note", "x")),
    )
    drafts.keep(chair.db, chair.actor(), wish)


def first_point(chair, session) -> dt.datetime | None:
    return chair.db.scalar(
        sa.select(TreatmentSession.first_point_at).where(TreatmentSession.id == session.id)
    )


# --------------------------------------------------------------------------- what comes before


def test_no_point_is_kept_before_the_time_out_is_whole_and_the_tube_read(chair):
    session = chair.begin_only()

    assert refused(chair, session, some_sites(1)) == ["time_out", "identity"]
    chair.save(session, Content(note="Without points"))
    for line in TimeOut:
        assert "time_out" in refused(chair, session, some_sites(1))
        time_out.say(chair.db, chair.actor(), session.id, line)
        chair.db.expire(session, ["time_out"])
    assert refused(chair, session, some_sites(1)) == ["identity"]
    chair.read_tube(session)

    assert chair.save(session, Content(sites=some_sites(1))).first_point_at == NOW


def test_points_that_are_kept_may_stay_or_go_but_no_other_comes(chair):
    session = chair.begin()
    chair.save(session, Content(sites=some_sites(3)))
    time_out.take_back(chair.db, chair.actor(), session.id, TimeOut.LOT)
    chair.db.expire(session, ["time_out"])

    chair.save(session, Content(sites=some_sites(3), note="x"))
    chair.save(session, Content(sites=some_sites(2)))
    assert refused(chair, session, some_sites(3)) == ["time_out"]
    assert refused(chair, session, some_sites(2, volume_ul=110)) == ["time_out"]


def test_a_mesotherapy_has_no_tube_to_read(chair):
    visit = chair.book(dt.datetime(2026, 11, 23, 15, 0), chair.mesotherapy)
    session = chair.begin_only(visit=visit)
    assert refused(chair, session, some_sites(1)) == ["time_out"]
    chair.say(session)

    assert chair.save(session, Content(sites=some_sites(1))).first_point_at == NOW


def test_the_page_says_what_comes_first_and_keeps_what_was_typed(chair, world):
    session = chair.begin_only()
    nurse = world.as_role(Role.NURSE)

    answer = nurse.post(f"/sessions/{session.id}", written(session, note="Left first"))

    page = text(answer)
    assert answer.status_code == 422
    for words in ("The safety time-out is not whole", "Read the code of the tube", "Left first"):
        assert words in page
    assert len(points.loads(hidden(page, "points"))) == 40
    assert queries.get(chair.db, session.id).sites == []


# ---------------------------------------------------------------------------- when it was set


def test_the_first_point_is_that_which_was_typed_first(chair, clock):
    session = chair.prepared()
    version = session.version
    type_points(chair, session, some_sites(1))
    clock(LATER)
    type_points(chair, session, some_sites(40), seq=2)

    assert first_point(chair, session) == NOW
    assert queries.get(chair.db, session.id).version == version, "the page is not stale by it"
    clock(NOW + dt.timedelta(hours=6))
    signed = chair.sign(session, page=TAB)
    assert (signed.first_point_at, signed.signed_at) == (NOW, NOW + dt.timedelta(hours=6))


def test_a_point_typed_before_the_time_out_or_the_tube_was_planned(chair, clock):
    session = chair.begin_only()
    type_points(chair, session, some_sites(1))
    chair.say(session)
    type_points(chair, session, some_sites(2), seq=2)
    assert first_point(chair, session) is None

    clock(LATER)
    chair.read_tube(session)
    type_points(chair, session, some_sites(3), seq=3)
    assert first_point(chair, session) == LATER


def test_typed_points_that_were_taken_away_again_were_none(chair, clock):
    session = chair.prepared()
    type_points(chair, session, some_sites(1))
    type_points(chair, session, (), seq=2)
    assert first_point(chair, session) is None
    type_points(chair, session, some_sites(1), seq=3)
    drafts.discard(chair.db, chair.actor(), session.id, DraftStep.SESSION, TAB)
    assert first_point(chair, session) is None

    clock(LATER)
    assert chair.save(session, Content(sites=some_sites(1))).first_point_at == LATER


def test_what_is_kept_stays_the_first_whatever_is_typed_after_it(chair, clock):
    session = chair.prepared()
    chair.save(session, Content(sites=some_sites(2)))
    clock(LATER)
    type_points(chair, session, ())
    type_points(chair, session, some_sites(5), seq=2)
    drafts.discard(chair.db, chair.actor(), session.id, DraftStep.SESSION, TAB)

    assert first_point(chair, session) == NOW


@pytest.mark.parametrize("raw", ["", "[]", "nonsense", '[{"n": 1}]', "[" * 5_000])
def test_what_cannot_be_read_is_no_point(chair, raw):
    session = chair.prepared()
    wish = KeepTyped(
        session_id=session.id,
        step=DraftStep.SESSION,
        page=TAB,
        version=session.version,
        seq=1,
        fields=(("points", raw),),
    )
    drafts.keep(chair.db, chair.actor(), wish)

    assert first_point(chair, session) is None


def test_reading_nobodys_tube_leaves_a_line(chair, db):
    session = chair.begin()
    wish = CheckTube(session_id=session.id, code=tubes.with_check("ZZZZZZZ"))
    assert identity.check(db, chair.actor(), wish) is not None

    action = AuditEvent.action == "prp_preparation.unknown_tube_read"
    assert len(db.scalars(sa.select(AuditEvent).where(action)).all()) == 1
