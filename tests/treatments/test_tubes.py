"""Whose tube it is: the code of a label, reading it at the chair, and the stop for another's."""

import datetime as dt
import itertools
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.accounts import passwords
from clinic.audit.models import AuditEvent
from clinic.consents.models import ConsentText
from clinic.core.access import CONFIRMED_FOR, PASSWORD_FIELD, PasswordNeeded, Role
from clinic.core.errors import Conflict, Invalid, StaleEdit
from clinic.treatments.preparation_models import Incident
from clinic.treatments.preparation_values import CheckTube, CloseIncident, SavePreparation
from clinic.treatments.queries import identity as queries
from clinic.treatments.rules import tubes
from clinic.treatments.service import identity, preparation
from clinic.treatments.service import sessions as service
from clinic.treatments.values import AbortSession, Content, SessionState
from tests import factories
from tests.accounts.conftest import PASSWORD
from tests.conftest import NOW
from tests.papers.reading import text_of
from tests.treatments.conftest import settle, some_sites
from tests.treatments.pages import hidden, text, written

TICKS = {"said_name": "y", "said_birth": "y"}
CODE = tubes.with_check("7KTM2QZ")


# --------------------------------------------------------------------------------- codes


def test_a_code_is_read_as_people_write_it():
    assert tubes.read(CODE) == CODE
    assert tubes.read(f" {CODE[:4].lower()}-{CODE[4:]} ") == CODE
    zero = tubes.with_check("0000000")
    assert tubes.read(zero.replace("0", "O", 3)) == zero


def test_any_one_wrong_sign_is_found():
    for place, sign in itertools.product(range(8), tubes.SIGNS):
        other = CODE[:place] + sign + CODE[place + 1 :]
        assert (tubes.read(other) is None) is (other != CODE), other


def test_any_two_signs_that_changed_places_are_found():
    for one, two in itertools.combinations(range(8), 2):
        signs = list(CODE)
        signs[one], signs[two] = signs[two], signs[one]
        assert (tubes.read("".join(signs)) is None) is ("".join(signs) != CODE)


@pytest.mark.parametrize("typed", ["", "7KTM", CODE + "A", "ÄÄÄÄÄÄÄÄ", "1ILU1ILU", "' OR 1=1"])
def test_what_is_no_code_is_none(typed):
    assert tubes.read(typed) is None


# --------------------------------------------------------------------------- at the chair


@pytest.fixture
def session(chair):
    """Begun, its label printed, its tube not read."""
    begun = chair.begin_only()
    chair.say(begun)
    identity.print_label(chair.db, chair.actor(Role.NURSE), begun.id)
    return begun


@pytest.fixture
def other(chair, session):
    """The session of another patient at the same time, its label printed."""
    patient = factories.a_patient(chair.db, location=chair.world.location, family_name="Zulu")
    texts = list(chair.db.scalars(sa.select(ConsentText)))
    settle(chair, patient, texts)
    begun = chair.begin_only(visit=chair.book(dt.datetime(2026, 11, 23, 11, 0), patient=patient))
    identity.print_label(chair.db, chair.actor(Role.NURSE), begun.id)
    return begun


def test_a_label_has_one_code_however_often_it_is_printed(chair, session, db):
    code = chair.row(session).tube_code
    again = identity.print_label(db, chair.actor(Role.NURSE), session.id)

    assert tubes.read(again) == again == code
    assert chair.row(session).labels_printed == 2
    action = AuditEvent.action == "prp_preparation.label_printed"
    lines = db.scalars(sa.select(AuditEvent.detail).where(action).order_by(AuditEvent.id)).all()
    assert lines == [{"times": 1}, {"times": 2}]


def test_after_another_label_the_tube_is_read_again(chair, session, db):
    chair.read_tube(session)
    identity.print_label(db, chair.actor(Role.NURSE), session.id)

    row = chair.row(session)
    assert (row.identity_at, row.identity_by_id) == (None, None)
    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, Content(sites=some_sites(1)))
    assert [b.field for b in refused.value.breaches] == ["identity"]


def test_the_right_tube_is_stamped_with_who_and_when_and_leaves_the_card_alone(chair, session):
    version = chair.row(session).version

    assert chair.read_tube(session) is None

    row = chair.row(session)
    assert row.identity_by_id == chair.actor().id
    assert row.identity_at is not None
    assert row.version == version


def test_a_session_with_points_is_not_signed_before_its_tube_was_read(chair, session, db):
    wish = SavePreparation(
        session_id=session.id, version=chair.row(session).version, content=chair.blood()
    )
    preparation.save(db, chair.actor(Role.NURSE), wish)
    with pytest.raises(service.ContentRefused) as refused:
        chair.sign(session)
    assert [b.field for b in refused.value.breaches] == ["identity"]

    chair.read_tube(session)
    assert chair.sign(session).state is SessionState.SIGNED


def test_what_is_no_code_and_what_is_nobodys_is_said_at_the_field(chair, session, db):
    chair.read_tube(session)
    with pytest.raises(Invalid) as refused:
        identity.check(db, chair.actor(), CheckTube(session_id=session.id, code="7KTM2QZ9"))
    assert (refused.value.field, refused.value.message) == ("code", identity.NO_CODE)
    assert chair.row(session).identity_at is not None

    nobodys = CheckTube(session_id=session.id, code=tubes.with_check("ZZZZZZZ"))
    said = identity.check(db, chair.actor(), nobodys)
    assert isinstance(said, Invalid)
    assert (said.field, said.message) == ("code", identity.NOBODYS)
    assert chair.row(session).identity_at is None, "what lies at this chair is not known any more"
    assert db.scalar(sa.select(sa.func.count()).select_from(Incident)) == 0


def test_anothers_tube_stops_everything_until_a_physician_has_closed_it(chair, session, other, db):
    chair.prepare(session)
    incident = chair.read_tube(session, of=other)

    assert (incident.session_id, incident.other_session_id) == (session.id, other.id)
    assert chair.row(session).identity_at is None, "what was stamped before counts no more"
    assert chair.read_tube(session).id == incident.id, "not even the right one is stamped"
    with pytest.raises(service.ContentRefused) as refused:
        chair.sign(session)
    assert {b.code for b in refused.value.breaches} == {"wrong_tube", "identity"}

    wish = CloseIncident(incident_id=incident.id, version=incident.version, note="Put aside")
    identity.close(db, chair.actor(), wish)
    assert chair.read_tube(session) is None
    assert chair.sign(session).state is SessionState.SIGNED
    (kept,) = queries.of_session(db, session.id)
    assert (kept.closing_note, kept.other_patient.split()[-1]) == ("Put aside", "Zulu")
    lines = db.scalars(
        sa.select(AuditEvent.action).where(AuditEvent.entity == "incident").order_by(AuditEvent.id)
    ).all()
    assert lines == ["incident.opened", "incident.closed"]


def test_the_record_says_for_ever_that_anothers_tube_was_read(chair, world, session, other, db):
    chair.prepare(session)
    incident = chair.read_tube(session, of=other)
    wish = CloseIncident(incident_id=incident.id, version=incident.version, note="Put aside")
    identity.close(db, chair.actor(), wish)
    chair.read_tube(session)
    chair.sign(session)
    physician = world.as_role(Role.PHYSICIAN)

    page = text(physician.get(f"/sessions/{session.id}"))
    paper = text_of(physician.get(f"/sessions/{session.id}/record.pdf").data)

    assert "Another patient’s tube at this chair" in page
    assert "Put aside" in page
    assert "Another patient’s tube read here" in paper
    assert "Zulu" not in paper, "the paper is the patient's: whose tube it was is not on it"


def test_a_session_of_the_wrong_tube_can_be_broken_off(chair, session, other, db):
    chair.read_tube(session, of=other)
    wish = AbortSession(
        session_id=session.id,
        version=session.version,
        content=Content(sites=some_sites(2)),
        reason="Wrong tube",
    )

    assert service.abort(db, chair.actor(), wish).state is SessionState.SIGNED


def test_an_incident_is_closed_once_and_by_who_has_seen_it(chair, session, other, db):
    incident = chair.read_tube(session, of=other)
    fields = {"incident_id": incident.id, "note": "Put aside"}
    with pytest.raises(StaleEdit):
        identity.close(db, chair.actor(), CloseIncident(version=incident.version + 1, **fields))
    version = incident.version
    identity.close(db, chair.actor(), CloseIncident(version=version, **fields))
    with pytest.raises(Conflict):
        identity.close(db, chair.actor(), CloseIncident(version=version, **fields))


def test_a_signed_session_gets_no_more_labels_and_is_read_no_more(chair, db):
    signed = chair.signed()
    with pytest.raises(service.AlreadySigned):
        identity.print_label(db, chair.actor(Role.NURSE), signed.id)
    with pytest.raises(service.AlreadySigned):
        chair.read_tube(signed)


# ------------------------------------------------------------------------------ the pages


def test_the_label_has_both_identifiers_in_print_and_only_the_code_in_its_picture(chair, world):
    begun = chair.begin_only()
    nurse = world.as_role(Role.NURSE)
    assert nurse.get(f"/sessions/{begun.id}/label").status_code == 303

    done = nurse.post(f"/sessions/{begun.id}/label")
    page = text(nurse.get(done.location))

    code = chair.row(begun).tube_code
    assert tubes.shown(code) in page
    assert "Okoye" in page
    assert page.count('class="qr"') == 2, "a tube and the syringe"


def test_a_typed_code_is_compared_and_both_ticks_are_asked(chair, world, session):
    nurse = world.as_role(Role.NURSE)
    url, code = f"/sessions/{session.id}/identity", chair.row(session).tube_code
    assert nurse.get(url).status_code == 200

    for missing in TICKS:
        data = {name: tick for name, tick in TICKS.items() if name != missing}
        answer = nurse.post(url, {**data, "code": code})
        assert answer.status_code == 422
        assert code in text(answer)
    assert chair.row(session).identity_at is None
    nobodys = tubes.with_check("ZZZZZZZ")
    for wrong in ("nonsense", nobodys):
        assert nurse.post(url, {**TICKS, "code": wrong}).status_code == 422
    assert nurse.post(url, {**TICKS, "code": code.lower()}).status_code == 303
    assert "tube read at the chair" in text(nurse.get(f"/sessions/{session.id}"))


def test_anothers_tube_stops_before_anybody_was_asked(chair, world, session, other):
    nurse, url = world.as_role(Role.NURSE), f"/sessions/{session.id}/identity"
    assert nurse.post(url, {"code": chair.row(session).tube_code}).status_code == 422
    assert queries.open_incident(chair.db, session.id) is None

    answer = nurse.post(url, {"code": chair.row(other).tube_code})
    assert answer.status_code == 409
    assert "Inject nothing." in text(answer)
    assert queries.open_incident(chair.db, session.id) is not None


def test_anothers_tube_is_a_red_page_on_the_list_of_physicians(chair, world, session, other):
    physician, nurse = world.as_role(Role.PHYSICIAN), world.as_role(Role.NURSE)
    code = chair.row(other).tube_code

    answer = nurse.post(f"/sessions/{session.id}/identity", {**TICKS, "code": code})
    page = text(answer)
    assert answer.status_code == 409
    assert "Inject nothing." in page
    assert 'name="code"' not in page, "nothing goes on here"
    number = queries.open_incident(chair.db, session.id).id
    for url in ("/sessions", f"/sessions/{session.id}", f"/sessions/{other.id}"):
        assert f"/incidents/{number}" in text(physician.get(url)), url
    data = written(session)
    refused = physician.post(f"/sessions/{session.id}/signature", data)
    assert refused.status_code == 422
    assert "Another patient’s tube was read at this chair" in text(refused)

    url = f"/incidents/{number}"
    version = hidden(text(physician.get(url)), "version")
    assert nurse.post(f"{url}/close", {"version": version, "note": "x"}).status_code == 403
    assert physician.post(f"{url}/close", {"version": version}).status_code == 422
    closed = physician.post(f"{url}/close", {"version": version, "note": "Put aside"})
    assert closed.status_code == 303
    assert "Put aside" in text(physician.get(url))
    assert f"/incidents/{number}" not in text(physician.get("/sessions"))


def test_after_ten_minutes_closing_an_incident_asks_for_the_password(
    chair, world, session, other, clock
):
    world.accounts[Role.PHYSICIAN].password_hash = passwords.make_hash(PASSWORD)
    incident = chair.read_tube(session, of=other)
    physician = world.as_role(Role.PHYSICIAN)
    physician.token()
    clock(NOW + CONFIRMED_FOR + dt.timedelta(seconds=1))
    url, data = f"/incidents/{incident.id}/close", {"version": incident.version, "note": "Aside"}

    asked = physician.post(url, data)
    assert asked.status_code == 422
    assert f'name="{PASSWORD_FIELD}"' in text(asked)
    assert "Aside" in text(asked)
    assert incident.closed_at is None

    assert physician.post(url, {**data, PASSWORD_FIELD: PASSWORD}).status_code == 303


def test_no_service_closes_for_who_has_not_given_the_password(chair, session, other):
    incident = chair.read_tube(session, of=other)
    late = replace(chair.actor(), confirmed_at=None)
    wish = CloseIncident(incident_id=incident.id, version=incident.version, note="Aside")

    with pytest.raises(PasswordNeeded):
        identity.close(chair.db, late, wish)


@pytest.mark.parametrize("path", ["label", "identity"])
def test_only_who_treats_reads_tubes(chair, world, session, path):
    for role in Role:
        may = role in {Role.NURSE, Role.PHYSICIAN}
        client = world.as_role(role)
        assert (client.get(f"/sessions/{session.id}/{path}").status_code == 200) is may, role
        assert (client.post(f"/sessions/{session.id}/{path}").status_code != 403) is may, role


def test_an_incident_elsewhere_is_not_found(chair, world, session, other, db):
    incident = chair.read_tube(session, of=other)
    session.location_id = factories.a_location(db).id
    db.flush()
    physician = world.as_role(Role.PHYSICIAN)

    assert physician.get(f"/incidents/{incident.id}").status_code == 404
    assert physician.post(f"/incidents/{incident.id}/close", {"note": "x"}).status_code == 404
    assert physician.get(f"/sessions/{session.id}/identity").status_code == 404
    assert physician.get("/incidents/999999").status_code == 404
