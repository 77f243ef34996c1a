"""A move is taken back to where the visit stood, as long as nobody else has come there since."""

import datetime as dt
import threading

import pytest

from clinic.app import create_app
from clinic.core.access import Role
from clinic.safety.values import FactKind
from clinic.scheduling import moving, service
from clinic.scheduling.distances import TooNear
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.models import Appointment
from tests.scheduling import coursing
from tests.scheduling.conftest import TOMORROW_10, a_desk
from tests.scheduling.moments import a_move, a_step, at
from tests.scheduling.test_distances import APART
from tests.scheduling.test_race import OVERLAPS, real
from tests.world import World

__all__ = ["real"]
WHY = "Stitches must come out today"


def overbooked(desk):
    """A visit of a second patient beside one that was there first."""
    desk.book()
    return desk.book(Role.NURSE, patient_id=desk.bob().id, overbook_reason=WHY)


def moved(desk, visit, role=Role.NURSE, **changes):
    changes = {"starts_local": at(14), **changes}
    moving.move(desk.db, desk.actor(role), a_move(visit, **changes))
    desk.db.flush()


def undo(desk, visit, role=Role.NURSE):
    with desk.db.begin_nested():
        moving.move_back(desk.db, desk.actor(role), a_step(visit))


def test_an_overbooked_visit_goes_back_beside_what_it_lay_beside(desk):
    visit = overbooked(desk)
    moved(desk, visit)

    undo(desk, visit)

    assert (visit.starts_local, visit.overbook_reason) == (TOMORROW_10, WHY)


def test_it_does_not_go_back_beside_what_came_since(desk):
    """Its reason was not given for that: who books there wants the time."""
    visit = overbooked(desk)
    moved(desk, visit)
    desk.book(
        Role.NURSE,
        patient_id=desk.bob(given_name="Bea").id,
        starts_local=at(10, 15),
        overbook_reason=WHY,
    )

    with pytest.raises(SlotTaken):
        undo(desk, visit)

    desk.db.refresh(visit)
    assert visit.starts_local == at(14)


def test_who_may_not_overbook_does_not_do_so_by_taking_back(desk):
    visit = overbooked(desk)
    moved(desk, visit, Role.RECEPTIONIST)

    with pytest.raises(SlotTaken) as refused:
        undo(desk, visit, Role.RECEPTIONIST)

    assert refused.value.clashes


def test_where_it_is_free_by_now_anybody_takes_it_back(desk):
    first = desk.book()
    visit = desk.book(Role.NURSE, patient_id=desk.bob().id, overbook_reason=WHY)
    moved(desk, visit, Role.RECEPTIONIST)
    desk.cancel(first)
    desk.db.flush()

    undo(desk, visit, Role.RECEPTIONIST)

    assert (visit.starts_local, visit.overbook_reason) == (TOMORROW_10, None)


def test_a_session_is_not_taken_back_too_near_to_one_that_moved_since(desk):
    coursing.begun(desk, service_id=desk.mesotherapy.id, pattern=APART)
    first, second = coursing.visits(desk)[:2]
    on = second.starts_local
    moved(desk, second, starts_local=on + dt.timedelta(days=1))
    moved(desk, first, starts_local=first.starts_local + dt.timedelta(days=2))

    with pytest.raises(TooNear):
        undo(desk, second)


def test_the_reason_to_book_ahead_comes_back_with_it(desk):
    visit = desk.book(service_id=desk.prp.id, starts_local=at(10, day=30))
    visit.recheck_reason = "Due date is near"
    desk.db.flush()
    moved(desk, visit, starts_local=at(14, day=30))
    assert visit.recheck_reason == ""
    desk.knows(FactKind.PREGNANCY, "pregnant")

    undo(desk, visit)

    assert (visit.starts_local, visit.recheck_reason) == (at(10, day=30), "Due date is near")


def test_of_an_undo_and_a_booking_at_once_one_has_the_time(real, config):
    app = create_app(config, sessions=real, testing=True)
    with real.write() as db, db.begin():
        desk = a_desk(World(app, db), db)
        visit = desk.book()
        who, wish = desk.actor(), desk.wish(patient_id=desk.bob().id)
        moving.move(db, who, a_move(visit, starts_local=at(14)))
        db.flush()
        back = a_step(visit)
    barrier, results = threading.Barrier(2), {}

    def act(name, work):
        barrier.wait()
        try:
            with real.write() as db, db.begin():
                work(db)
            results[name] = "done"
        except SlotTaken:
            results[name] = "taken"

    threads = [
        threading.Thread(target=act, args=("undo", lambda db: moving.move_back(db, who, back))),
        threading.Thread(target=act, args=("book", lambda db: service.book(db, who, wish))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results.values()) == ["done", "taken"]
    with real.read() as db:
        assert db.scalar(OVERLAPS) == 0
        stands = db.get_one(Appointment, back.appointment_id).starts_local
    assert stands == (TOMORROW_10 if results["undo"] == "done" else at(14))
