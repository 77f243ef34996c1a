"""A board that asks for news by itself stays in step, and never keeps somebody signed in."""

import datetime as dt
import re

import sqlalchemy as sa

from clinic.accounts.models import CookieSession
from clinic.core.access import Role
from tests.chart.conftest import desk
from tests.conftest import NOW
from tests.scheduling.conftest import statements
from tests.scheduling.moments import at

__all__ = ["desk", "statements"]
DAY = "/board?date=2026-11-24"
POLL = {"X-Background": "1", "X-Fragment": "#board"}
SECONDS = 4


def stamp_of(page) -> str:
    return re.search(r'data-stamp="([^"]+)"', page.text)[1]


def test_two_boards_stay_in_step_while_nobody_touches_them_until_the_idle_limit(world, desk, clock):
    """Fifteen minutes of polls, each four seconds, while another desk books: then sign in."""
    world.db.flush()
    watcher, worker = world.as_role(Role.RECEPTIONIST), world.as_role(Role.NURSE)
    stamp = stamp_of(watcher.get(DAY))
    of_watcher = CookieSession.account_id == world.accounts[Role.RECEPTIONIST].id
    told, booked = 0, 0
    for second in range(0, 15 * 60 + 1, SECONDS):
        clock(NOW + dt.timedelta(seconds=second))
        if second % 180 == 0:
            desk.book(patient_id=desk.bob().id, starts_local=at(8 + booked))
            world.db.flush()
            booked += 1
            assert worker.get(DAY).status_code == 200
        answer = watcher.get(f"{DAY}&since={stamp}", headers=POLL)
        assert answer.status_code in {200, 204}, second
        if answer.status_code == 200:
            told, stamp = told + 1, stamp_of(answer)
            assert answer.text.count("data-appointment") >= booked

    assert (told, booked) == (6, 6), "each change is seen by the very next poll, nothing else is"
    assert world.db.scalar(sa.select(CookieSession.seen_at).where(of_watcher)) == NOW

    clock(NOW + dt.timedelta(minutes=15, seconds=SECONDS))
    assert watcher.get(f"{DAY}&since={stamp}", headers=POLL).status_code == 401
    asked = watcher.get(DAY)
    assert asked.status_code == 303
    assert asked.location.startswith("/sign-in?next=/board")
    assert worker.get(DAY).status_code == 200, "who worked meanwhile is still there"


def test_one_touch_of_the_board_is_an_act_and_counts(world, desk, clock):
    world.db.flush()
    watcher = world.as_role(Role.RECEPTIONIST)
    watcher.get(DAY)
    clock(NOW + dt.timedelta(minutes=14))
    watcher.get(f"{DAY}&view=rooms", headers={"X-Fragment": "#board"})

    clock(NOW + dt.timedelta(minutes=28))

    assert watcher.get(DAY, headers=POLL).status_code in {200, 204}
