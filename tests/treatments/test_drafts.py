"""What is typed and not kept yet: who may write it, what is never overwritten, when it goes."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.accounts.models import CookieSession
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.errors import Conflict, Invalid, NotFound, StaleEdit
from clinic.treatments.models import SessionDraft
from clinic.treatments.queries import drafts as queries
from clinic.treatments.service import drafts as service
from clinic.treatments.service import sessions
from clinic.treatments.typed import KeepTyped
from clinic.treatments.values import (
    AbortSession,
    Content,
    DraftStep,
    Page,
    SaveSession,
    SessionState,
    SignSession,
)
from tests import factories
from tests.conftest import NOW
from tests.treatments.pages import hidden, text, written

TAB, OTHER = Page(tab="a" * 24), Page(tab="b" * 24)


def typing(session, page=TAB, seq=1, words="Left first", **changes) -> KeepTyped:
    wish = KeepTyped(
        session_id=session.id,
        step=DraftStep.SESSION,
        page=page,
        version=session.version,
        seq=seq,
        fields=(("note", words), ("version", str(session.version))),
    )
    return replace(wish, **changes)


def typed(chair, session):
    chair.db.flush()
    chair.db.expire_all()
    return queries.typed(chair.db, session.id, DraftStep.SESSION)


def keep(chair, wish, role=Role.PHYSICIAN) -> int:
    return service.keep(chair.db, chair.actor(role), wish)


@pytest.fixture
def session(chair):
    return chair.prepared()


# ----------------------------------------------------------------------- who may write


def test_a_page_writes_again_and_again_and_the_trail_has_one_line(chair, session, db):
    assert keep(chair, typing(session)) == 1
    assert keep(chair, typing(session, seq=2, words="Left first, then right")) == 2

    kept = typed(chair, session)
    assert dict(kept.fields)["note"] == "Left first, then right"
    assert (kept.by, kept.saved_at) == (chair.actor().name, NOW)
    lines = sa.select(AuditEvent).where(AuditEvent.action == "treatment_session.typed_in")
    assert len(db.scalars(lines).all()) == 1


def test_what_arrives_late_changes_nothing(chair, session):
    keep(chair, typing(session, seq=3, words="newer"))

    assert keep(chair, typing(session, seq=2, words="older")) == 3
    assert dict(typed(chair, session).fields)["note"] == "newer"


def test_another_page_of_one_person_goes_on_where_it_has_seen_everything(chair, session):
    keep(chair, typing(session))

    assert keep(chair, typing(session, page=replace(OTHER, seen=1), seq=2)) == 2
    with pytest.raises(service.TypedElsewhere) as held:
        keep(chair, typing(session, seq=2, words="from the first page"))
    assert held.value.is_new
    assert dict(typed(chair, session).fields)["note"] == "Left first"


def test_another_person_takes_over_only_on_purpose(chair, session):
    keep(chair, typing(session))
    wish = typing(session, page=replace(OTHER, seen=1), seq=2, words="by the nurse")

    with pytest.raises(service.TypedElsewhere) as held:
        keep(chair, wish, Role.NURSE)
    assert not held.value.is_new
    assert held.value.held.by == chair.actor().name
    with pytest.raises(service.TypedElsewhere):
        service.check(chair.db, chair.actor(Role.NURSE), wish)

    assert keep(chair, replace(wish, takes_over=True), Role.NURSE) == 2
    assert typed(chair, session).by == chair.actor(Role.NURSE).name


def test_words_that_were_not_seen_are_not_overwritten_on_purpose_either(chair, session):
    keep(chair, typing(session, seq=4))

    with pytest.raises(service.TypedElsewhere):
        keep(chair, typing(session, page=replace(OTHER, seen=3), seq=5, takes_over=True))


def test_what_was_kept_meanwhile_is_said(chair, session):
    before = session.version
    chair.save(session, Content(note="kept"))

    with pytest.raises(StaleEdit):
        keep(chair, typing(session, version=before))
    assert typed(chair, session) is None


def test_a_signed_session_takes_no_more_words(chair):
    signed = chair.signed()

    with pytest.raises(Conflict):
        keep(chair, typing(signed))


@pytest.mark.parametrize(
    "fields", [(("note", "x" * (service.MOST + 1)),), tuple(("n", "") for _ in range(401))]
)
def test_more_than_a_form_is_refused(chair, session, fields):
    with pytest.raises(Invalid):
        keep(chair, typing(session, fields=fields))


def test_a_session_of_another_place_is_not_found(chair, session, db):
    elsewhere = replace(chair.actor(), location_id=factories.a_location(db).id)

    with pytest.raises(NotFound):
        service.keep(db, elsewhere, typing(session))


# ------------------------------------------------------------------------- when it goes


def test_keeping_the_form_drops_what_its_own_page_typed(chair, session):
    keep(chair, typing(session))
    sessions.save(
        chair.db,
        chair.actor(),
        SaveSession(
            session_id=session.id, version=session.version, content=Content(note="x"), page=TAB
        ),
    )

    assert typed(chair, session) is None


def test_keeping_another_form_leaves_words_it_has_not_seen(chair, session):
    keep(chair, typing(session, seq=2))
    unseen = SaveSession(
        session_id=session.id,
        version=session.version,
        content=Content(note="x"),
        page=replace(OTHER, seen=1),
    )
    sessions.save(chair.db, chair.actor(), unseen)

    assert dict(typed(chair, session).fields)["note"] == "Left first"


@pytest.mark.parametrize("page", [TAB, replace(OTHER, seen=1)])
def test_signing_drops_what_its_page_shows(chair, session, page, db):
    keep(chair, typing(session))
    chair_sign(chair, session, page)

    assert db.scalar(sa.select(sa.func.count()).select_from(SessionDraft)) == 0


def chair_sign(chair, session, page):
    wish = SignSession(
        session_id=session.id, version=session.version, content=chair.whole(), page=page
    )
    return sessions.sign(chair.db, chair.actor(), wish)


def test_nothing_is_signed_or_broken_off_over_words_that_nobody_looked_at(chair, session):
    keep(chair, typing(session), Role.NURSE)

    with pytest.raises(service.TypedElsewhere):
        chair_sign(chair, session, OTHER)
    with pytest.raises(service.TypedElsewhere):
        wish = AbortSession(
            session_id=session.id, version=session.version, content=Content(), reason="Faint"
        )
        sessions.abort(chair.db, chair.actor(), wish)
    assert session.state is SessionState.DRAFT


def test_only_what_the_page_shows_is_discarded(chair, session):
    keep(chair, typing(session, seq=2))

    with pytest.raises(service.TypedElsewhere):
        service.discard(
            chair.db, chair.actor(), session.id, DraftStep.SESSION, replace(OTHER, seen=1)
        )
    for _ in range(2):
        service.discard(chair.db, chair.actor(), session.id, DraftStep.SESSION, TAB)
    assert typed(chair, session) is None


# ---------------------------------------------------------------------------- the pages


def sent(chair, session, role=Role.PHYSICIAN, **changes):
    return {
        **written(session, note="Half a sen"),
        "draft_tab": TAB.tab,
        "draft_seen": "0",
        "draft_seq": "1",
        "draft_account": str(chair.actor(role).id),
        "own_password": "never kept",
        **changes,
    }


def test_a_page_keeps_what_it_holds_and_gives_it_back_as_it_was(chair, world, session):
    physician = world.as_role(Role.PHYSICIAN)
    url = f"/sessions/{session.id}"
    answer = physician.post(f"{url}/drafts/session", sent(chair, session, weight="6o"))

    assert answer.get_json()["seq"] == 1
    assert "10:00:00" in answer.get_json()["at"]
    names = {name for name, _ in typed(chair, session).fields}
    assert not names & {"csrf_token", "own_password", "draft_tab", "draft_account"}
    page = text(physician.get(url))
    assert "Half a sen" in page
    assert 'value="6o"' in page
    assert "not yet saved" in page
    assert "another look" not in page
    assert hidden(page, "draft_seen") == "1"


def test_both_texts_are_shown_when_the_form_was_kept_meanwhile(chair, world, session):
    physician = world.as_role(Role.PHYSICIAN)
    url = f"/sessions/{session.id}"
    physician.post(f"{url}/drafts/session", sent(chair, session))
    chair.save(session, chair.whole(note="By the nurse"))

    page = text(physician.get(url))

    assert "Both texts" in page
    assert "By the nurse" in page
    assert "Half a sen" in page
    assert hidden(page, "version") == str(session.version)


def test_unreadable_points_of_a_page_come_back_without_harm(chair, world, session):
    physician = world.as_role(Role.PHYSICIAN)
    url = f"/sessions/{session.id}"
    for broken in ("[{", '[{"n":1}]', "[]]"):
        physician.post(
            f"{url}/drafts/session", sent(chair, session, points=broken, lot_1="x", weight_on="?")
        )
        chair.save(session, Content(note=broken))
        assert physician.get(url).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "why"),
    [
        ({"version": "x"}, 422, "unreadable"),
        ({"draft_tab": ""}, 422, "unreadable"),
        ({"draft_tab": "a" * 20 + "\0"}, 422, "unreadable"),
        ({"draft_account": ""}, 409, "person"),
        ({"version": "99"}, 409, "kept"),
        ({"note": "x" * (service.MOST + 1)}, 422, "refused"),
    ],
)
def test_a_page_is_told_why_nothing_is_kept(chair, world, session, changes, status, why):
    answer = world.as_role(Role.PHYSICIAN).post(
        f"/sessions/{session.id}/drafts/session",
        sent(chair, session, **changes),
    )

    assert (answer.status_code, answer.get_json()["why"]) == (status, why)
    assert answer.get_json()["said"]
    assert typed(chair, session) is None


def test_a_form_that_is_not_there_takes_no_words_that_would_block_the_signature(
    chair, world, session
):
    physician, url = world.as_role(Role.PHYSICIAN), f"/sessions/{session.id}"

    for step in ("mix", "nonsense"):
        answer = physician.post(f"{url}/drafts/{step}", sent(chair, session))
        assert answer.status_code == 404
    assert physician.post(f"{url}/signature", written(session)).status_code == 303


def test_only_what_somebody_typed_prolongs_the_sign_in(chair, world, session, db, clock):
    physician = world.as_role(Role.PHYSICIAN)
    physician.token()
    url = f"/sessions/{session.id}/drafts/session"

    def seen():
        db.expire_all()
        return db.scalars(sa.select(CookieSession.seen_at)).one()

    later = NOW + dt.timedelta(minutes=10)
    clock(later)
    by_itself = {"X-Background": "1"}
    assert physician.post(url, sent(chair, session), headers=by_itself).status_code == 200
    assert seen() == NOW
    assert physician.post(url, sent(chair, session, draft_seq="2")).status_code == 200
    assert seen() == later
    clock(later + dt.timedelta(minutes=1))
    assert physician.post(url, sent(chair, session, draft_check="1")).status_code == 204
    assert seen() == later + dt.timedelta(minutes=1)
    clock(later + dt.timedelta(minutes=17))
    assert physician.post(url, sent(chair, session), headers=by_itself).status_code == 401


def test_what_is_typed_can_be_discarded_on_its_page(chair, world, session):
    nurse = world.as_role(Role.NURSE)
    url = f"/sessions/{session.id}"
    nurse.post(f"{url}/drafts/session", sent(chair, session, Role.NURSE))
    page = text(nurse.get(url))

    answer = nurse.post(f"{url}/drafts/session/discard", {"draft_seen": hidden(page, "draft_seen")})

    assert answer.status_code == 303
    assert "Half a sen" not in text(nurse.get(url))
    assert clock.now() == NOW
