"""A reaction while a session is under way: stamped by one tap, nothing of the draft is lost."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.catalog.values import ProductKind
from clinic.core.access import Role
from clinic.followup.models import SideEffect
from clinic.followup.rules.terms import AT_ONCE, TERMS
from clinic.followup.values import SideEffectKind
from clinic.safety.models import PatientFact
from clinic.safety.values import FactKind
from clinic.treatments.queries import sessions as session_queries
from clinic.treatments.values import Content, SessionState
from tests import factories
from tests.conftest import NOW
from tests.treatments.conftest import chair, some_sites
from tests.treatments.pages import hidden, text, written
from tests.treatments.test_signing import abort

__all__ = ["chair"]


@pytest.fixture
def session(chair):
    return chair.begin()


def effects(db) -> list[SideEffect]:
    db.expire_all()
    return list(db.scalars(sa.select(SideEffect)))


def tap(chair, session, kind="vasovagal", role=Role.NURSE):
    browser = chair.world.as_role(role)
    key = hidden(text(browser.get(f"/sessions/{session.id}/reaction")), "form_key")
    return (
        browser,
        browser.post(f"/sessions/{session.id}/reaction", {"kind": kind, "form_key": key}),
        key,
    )


def test_one_tap_keeps_what_and_when_and_by_whom(chair, session, db):
    browser, answer, key = tap(chair, session)
    again = browser.post(f"/sessions/{session.id}/reaction", {"kind": "vasovagal", "form_key": key})

    assert answer.status_code == again.status_code == 303
    (effect,) = effects(db)
    assert (effect.kind, effect.grade) == (SideEffectKind.VASOVAGAL, 3)
    assert (effect.reported_at, effect.onset_on) == (NOW, dt.date(2026, 11, 23))
    assert effect.reported_by_id == chair.actor(Role.NURSE).id
    assert session_queries.get(db, session.id).state is SessionState.DRAFT
    page = text(browser.get(answer.location))
    assert "A physician must see this today." in page
    assert "Laid flat, legs up" in page


@pytest.mark.parametrize(("then", "where"), [("go_on", ""), ("break_off", "?break_off=1#end-card")])
def test_what_was_done_is_kept_and_the_session_goes_on_or_is_broken_off(
    chair, session, db, then, where
):
    browser, answer, _ = tap(chair, session)
    done = {"done": ["laid_flat", "vitals"], "more": "110/70 after 3 min", "then": then}

    back = browser.post(answer.location, done)

    assert back.location == f"/sessions/{session.id}{where}"
    (effect,) = effects(db)
    for words in ("Laid flat", "Pulse and blood pressure", "110/70", "10:00"):
        assert words in effect.description
    page = text(browser.get(answer.location))
    assert "110/70" in page
    assert browser.post(answer.location, {"then": then}).status_code == 303
    assert effects(db)[0].description == effect.description


def test_what_is_typed_in_the_session_stays(chair, session, world):
    nurse = world.as_role(Role.NURSE)
    typed = {
        **written(session, note="Half a sen"),
        "draft_tab": "t" * 24,
        "draft_seq": "1",
        "draft_account": str(chair.actor(Role.NURSE).id),
    }
    assert nurse.post(f"/sessions/{session.id}/drafts/session", typed).status_code == 200
    tap(chair, session)

    assert "Half a sen" in text(nurse.get(f"/sessions/{session.id}"))


def test_after_a_faint_the_session_is_signed_as_any_other(chair, session):
    tap(chair, session)

    chair.prepare(session)
    assert chair.sign(session).state is SessionState.SIGNED


def test_after_an_allergy_what_was_given_is_kept_by_breaking_off(chair, session, db):
    lot = factories.a_lot(db, name="Lidocaine 1 %", kind=ProductKind.ANAESTHETIC)
    assert lot.id
    chair.save(session, chair.whole(sites=some_sites(5), soft_limits_accepted=True))
    tap(chair, session, "allergic")

    assert db.scalar(sa.select(PatientFact).where(PatientFact.kind == FactKind.SIDE_EFFECT))
    broken_off = abort(chair, session, Content(sites=some_sites(5)), "Hives")
    assert broken_off.is_aborted


@pytest.mark.parametrize("data", [{}, {"kind": "shedding"}, {"kind": "x"}])
def test_what_does_not_begin_at_once_is_no_reaction(chair, session, data, db):
    answer = chair.world.as_role(Role.NURSE).post(f"/sessions/{session.id}/reaction", data)

    assert answer.status_code == 422
    assert effects(db) == []


def test_each_reaction_has_a_term_and_a_grade():
    assert all(TERMS[kind].grades for kind in AT_ONCE)
    assert len(AT_ONCE) == len(set(AT_ONCE))


def test_a_session_of_another_place_is_not_found(chair, session, db):
    session.location_id = factories.a_location(db).id
    db.flush()

    answer = chair.world.as_role(Role.NURSE).get(f"/sessions/{session.id}/reaction")
    assert answer.status_code == 404
