"""What happened while the page that takes photographs was open."""

from clinic.consents.values import Scope
from clinic.core.access import Role
from tests.outcomes.conftest import as_file, dots, rows
from tests.treatments.conftest import chair

__all__ = ["chair"]

RECORD = Scope.PHOTO_RECORD
GOOD = (as_file(dots()), "IMG_0001.JPG")


def test_a_session_that_was_signed_meanwhile_keeps_its_pictures_and_its_hash(studio, nurse, chair):
    """The page was open while the physician signed: pictures belong to the visit."""
    session = chair.signed()
    studio.alice = chair.alice
    studio.agrees(RECORD)
    before = session.content_hash

    answer = studio.sends(nurse, GOOD, appointment_id=str(session.appointment_id))

    assert answer.status_code == 303
    (row,) = rows(studio)
    studio.db.refresh(session)
    assert (row.appointment_id, session.content_hash) == (session.appointment_id, before)


def test_a_consent_withdrawn_while_pictures_are_taken_stops_the_next_one(studio):
    paper, nurse = studio.agrees(RECORD), studio.world.as_role(Role.NURSE)
    assert studio.sends(nurse, GOOD).status_code == 303
    studio.withdraws(paper, RECORD)

    assert studio.sends(nurse, GOOD).status_code == 409
    assert {row.storage_key for row in rows(studio)} == studio.on_disk()
    assert len(rows(studio)) == 1


def test_too_many_at_once_are_refused_before_one_is_drawn(studio, nurse):
    answer = studio.sends(nurse, *(GOOD for _ in range(60)))

    assert answer.status_code == 422
    assert "At most 20 pictures at once" in answer.get_data(as_text=True)
    assert (rows(studio), studio.on_disk()) == ([], set())
