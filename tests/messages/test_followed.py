"""What is queued and what was said follow a visit through a closed time and through a merge."""

import datetime as dt

import pytest

from clinic.core.access import Role
from clinic.merging import service as merging
from clinic.merging.values import FILE, MESSAGES, MergePatients
from clinic.patients.models import Patient
from clinic.scheduling import blocks, damage
from clinic.scheduling.closing import BlockKind, LayBlock, Placed
from clinic.scheduling.damage import InBlock
from tests import factories
from tests.messages.conftest import VISIT_AT, Desk
from tests.messages.test_sending import text_of

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def twin(desk: Desk) -> Patient:
    """A second record of the patient, who agreed to nothing there, with another address."""
    return factories.a_patient(
        desk.db,
        location=desk.world.location,
        family_name=desk.patient.family_name,
        email="second@example.org",
        language="en",
    )


def merged(desk: Desk, kept: Patient, gone: Patient, **choices: int):
    desk.db.flush()
    wish = MergePatients(
        patient_id=kept.id,
        other_id=gone.id,
        versions={kept.id: kept.version, gone.id: gone.version},
        choices={FILE: kept.id, **choices},
        reason="Same passport",
    )
    return merging.merge(desk.db, desk.actor, wish)


def test_moving_all_out_of_a_closed_time_tells_each_patient_once(desk, mailbox, later):
    desk.agree()
    visit = desk.book()
    later(3)
    desk.send()
    day = VISIT_AT.replace(hour=0)
    wish = LayBlock(
        kind=BlockKind.LEAVE,
        resource_ids=(desk.person.id,),
        starts_local=day,
        ends_local=day + dt.timedelta(days=1),
    )
    block = blocks.lay(desk.db, desk.actor, wish)
    desk.db.flush()
    later(5)
    assert desk.send().sent == 0, "the visit still stands where it stood"

    to = Placed(
        appointment_id=visit.id,
        version=visit.version,
        starts_local=VISIT_AT + dt.timedelta(days=3),
        practitioner_id=desk.person.id,
        room_id=desk.room.id,
    )
    assert (
        damage.move_all(
            desk.db,
            desk.actor,
            InBlock(block=blocks.card(desk.db, desk.actor, block.id)),
            [to],
            reason="leave",
        )
        == 1
    )
    later(3)
    assert (desk.send().sent, desk.send().sent) == (1, 0)

    assert desk.states(visit) == ["confirmation sent", "moved sent"]
    assert "30. November" in text_of(mailbox.taken[1][1])


def test_a_merge_says_nothing_again_and_the_next_news_goes_to_the_record_that_stays(
    desk, twin, mailbox, later
):
    desk.agree()
    visit = desk.book()
    later(3)
    desk.send()

    merged(desk, twin, desk.patient, **{MESSAGES: desk.patient.id})
    desk.db.flush()
    later(3)
    assert desk.send().sent == 0, "who was told once is not told again"
    desk.move(visit, VISIT_AT + HOUR)
    later(3)
    desk.send()

    assert [to for to, _ in mailbox.taken] == [["alice@example.org"], ["second@example.org"]]
    assert "Friday" in text_of(mailbox.taken[1][1])
    assert desk.states(visit) == ["confirmation sent", "moved sent"]


def test_without_the_agreement_of_the_record_that_stays_nothing_leaves(desk, twin, mailbox, later):
    desk.agree()
    desk.book()
    merged(desk, twin, desk.patient, **{MESSAGES: twin.id})
    later(3)

    assert desk.send().sent == 0
    assert mailbox.taken == []


def test_a_merge_taken_back_sends_the_news_where_it_went_before(desk, twin, mailbox, later):
    desk.agree()
    visit = desk.book()
    later(3)
    desk.send()
    pair = merged(desk, twin, desk.patient, **{MESSAGES: desk.patient.id})
    desk.db.flush()
    merging.undo(desk.db, desk.actor, pair.id)
    desk.db.flush()
    later(3)
    assert desk.send().sent == 0
    desk.move(visit, VISIT_AT + HOUR)
    later(3)
    desk.send()

    assert [to for to, _ in mailbox.taken] == [["alice@example.org"], ["alice@example.org"]]
    assert desk.states(visit) == ["confirmation sent", "moved sent"]


def test_what_failed_before_a_merge_is_sent_again_to_the_record_that_stays(
    desk, twin, mailbox, later
):
    desk.agree()
    visit = desk.book()
    mailbox.to_recipient = "550 no such user"
    later(3)
    desk.send()
    merged(desk, twin, desk.patient, **{MESSAGES: desk.patient.id})
    desk.db.flush()
    mailbox.to_recipient = ""
    page = desk.world.as_role(Role.RECEPTIONIST)
    (row,) = desk.rows(visit)

    again = page.post(f"/appointments/{visit.id}/messages/{row.id}/again")

    assert again.status_code == 303
    assert desk.send().sent == 1
    assert mailbox.taken[0][0] == ["second@example.org"]
