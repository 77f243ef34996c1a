"""The day board of a physician who comes and goes: own parts, free gaps, what is overbooked."""

from clinic.catalog.values import Modality
from clinic.core.access import Role
from tests import factories
from tests.chart.boards import board, card_of, classes_of, free_times, text_of


def test_the_physicians_own_part_of_a_visit_is_solid_and_the_gap_is_free(world, desk):
    visit = desk.book(Role.PHYSICIAN, service_id=desk.prp.id)
    shown = text_of(board(world))

    assert {"appt", "has-gap"} <= set(classes_of(shown, visit))
    assert 'data-own="5:6"' in card_of(shown, visit)
    assert '<span class="own from-5 long-6"></span>' in card_of(shown, visit)
    # 10:25 to 10:55 is the physician's own.
    assert {"10:00", "11:00"} <= set(free_times(shown, desk.physician))
    assert not {"10:15", "10:30", "10:45"} & set(free_times(shown, desk.physician))
    rooms = text_of(board(world, view="rooms"))
    assert "data-own" not in card_of(rooms, visit)
    assert "10:00" not in free_times(rooms, desk.room)


def test_a_short_review_in_the_gap_stands_beside_the_visit(world, desk):
    prp = desk.book(Role.PHYSICIAN, service_id=desk.prp.id)
    review = factories.a_service(
        desk.db, modality=Modality.CONSULTATION, name="Review", duration_min=15
    )
    for part in review.segments:
        part.length_min = 15
    desk.db.flush()
    short = desk.book(patient_id=desk.bob().id, service_id=review.id, room_id=desk.room_2.id)
    shown = text_of(board(world))

    assert {"lane-1", "lane-2"} <= set(classes_of(shown, prp)) | set(classes_of(shown, short))
    assert "data-own" not in card_of(shown, short)


def test_what_is_overbooked_is_striped_and_says_so(world, desk):
    desk.book()
    over = desk.book(
        Role.PHYSICIAN,
        patient_id=desk.bob().id,
        room_id=desk.room_2.id,
        overbook_reason="Stitches must come out today",
    )
    shown = text_of(board(world))

    assert "over-booked" in card_of(shown, over)
    assert "Overbooked" in card_of(shown, over)
    assert "Stitches" not in shown
