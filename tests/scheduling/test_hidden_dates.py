"""Who books learns no day that a rule hides, not even by trying one after the other."""

import datetime as dt
import html
import re

import pytest

from clinic.core.access import Role
from clinic.safety.models import ScreeningRecord
from clinic.safety.values import FactKind, FactSource
from clinic.scheduling import moving
from clinic.scheduling.values import MoveAppointment, Refused

ENDED = dt.date(2026, 8, 20)
"""Last treatment of a cancer of the scalp: PRP is stopped for 180 days."""
CLEAR = dt.datetime(2027, 2, 16, 10, 0)
BEFORE, AFTER = CLEAR - dt.timedelta(days=1), CLEAR + dt.timedelta(days=7)


@pytest.fixture
def ill(desk):
    desk.settle()
    desk.knows(
        FactKind.CONDITION,
        "scalp_cancer",
        ended_on=ENDED,
        noted_on=ENDED,
        source=FactSource.LETTER,
    )
    return desk.alice


def tried(desk, at):
    return desk.refused(Role.RECEPTIONIST, service_id=desk.prp.id, starts_local=at)


def test_the_day_is_where_the_rule_says(desk, ill):
    assert desk.refused(Role.NURSE, service_id=desk.prp.id, starts_local=BEFORE)
    desk.book(Role.NURSE, service_id=desk.prp.id, starts_local=CLEAR)


def test_the_desk_is_refused_alike_on_every_day(desk, ill):
    said = [tried(desk, at) for at in (BEFORE, CLEAR, AFTER)]

    assert all(one.screening == said[0].screening for one in said)
    assert all(one.passage == said[0].passage for one in said)
    assert said[0].passage.offers_from is None
    assert {row.on for row in desk.db.query(ScreeningRecord)} == {dt.date(2026, 11, 23)}


def test_the_page_foresees_the_same_word_on_every_day(world, desk, ill):
    def shown(at):
        page = world.as_role(Role.RECEPTIONIST).get(
            f"/appointments/new?patient_id={ill.id}&service_id={desk.prp.id}&date={at.date()}"
        )
        text = html.unescape(page.get_data(as_text=True))
        return set(re.findall(r'class="chip (\w+)', text)), "physician will contact" in text

    assert shown(BEFORE) == shown(CLEAR) == shown(AFTER)


def test_a_visit_that_a_nurse_has_booked_moves_within_its_day_only(desk, ill):
    visit = desk.book(Role.NURSE, service_id=desk.prp.id, starts_local=CLEAR)

    def moved(at):
        wish = MoveAppointment(
            appointment_id=visit.id,
            version=visit.version,
            starts_local=at,
            practitioner_id=desk.physician.id,
        )
        return moving.move(desk.db, desk.actor(Role.RECEPTIONIST), wish)

    assert isinstance(moved(AFTER), Refused)
    assert moved(CLEAR + dt.timedelta(hours=1)) is visit


def test_a_consultation_and_a_day_that_may_be_named_are_booked_as_ever(desk, ill):
    desk.book(Role.RECEPTIONIST, starts_local=AFTER)
    desk.took_ibuprofen()
    bob = desk.bob()

    assert desk.book(Role.RECEPTIONIST, patient_id=bob.id, service_id=desk.prp.id)
