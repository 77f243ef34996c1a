"""Who stops a lot and who signs with it wait for each other in one order: never both at once."""

import datetime as dt
import threading
import time

import pytest
import sqlalchemy as sa

from clinic.app import create_app
from clinic.catalog import service as catalog
from clinic.catalog.models import ProductLot
from clinic.catalog.values import LotState
from clinic.consents.models import ConsentText
from clinic.core.access import Role
from clinic.followup import service as followup
from clinic.followup.values import ReportSideEffect, SideEffectKind
from clinic.treatments.models import TreatmentSession
from clinic.treatments.service import sessions as service
from clinic.treatments.values import LotAmount, SessionState, SignSession
from tests import factories
from tests.scheduling.test_race import real
from tests.treatments.conftest import TODAY, a_chair, settle
from tests.world import World

__all__ = ["real"]
PATIENCE_S = 20


class Two:
    """Alice, treated with the same lots with which Bob is being treated."""

    def __init__(self, chair, signed: TreatmentSession, wish: SignSession) -> None:
        self.chair, self.signed_id, self.wish = chair, signed.id, wish
        self.lot_ids = (chair.kit.id, chair.vitamins.id)

    def sign(self, db):
        return service.sign(db, self.chair.actor(Role.PHYSICIAN), self.wish)

    def report(self, db):
        wish = ReportSideEffect(
            session_id=self.signed_id,
            kind=SideEffectKind.INFECTION,
            grade=2,
            is_serious=False,
            zone=None,
            onset_on=TODAY,
            description="",
            red_flags=(),
            form_key="k" * 20,
        )
        return followup.report(db, self.chair.actor(Role.NURSE), wish)

    def quarantine(self, db):
        return catalog.quarantine(db, self.chair.actor(Role.NURSE), self.lot_ids[0], "Cracked")

    def recall(self, db):
        return catalog.recall(db, self.chair.actor(Role.NURSE), self.lot_ids[1], "Letter")


@pytest.fixture
def two(real, config) -> Two:
    app = create_app(config, sessions=real, testing=True)
    with real.write() as db, db.begin():
        chair = a_chair(World(app, db), db)
        content = chair.whole(lots=(LotAmount(lot_id=chair.vitamins.id, amount_ul=500),))
        signed = chair.signed(content)
        bob = factories.a_patient(db, location=chair.world.location)
        settle(chair, bob, list(db.scalars(sa.select(ConsentText))))
        session = chair.begin(visit=chair.book(dt.datetime(2026, 11, 23, 15, 0), patient=bob))
        chair.prepare(session)
        wish = SignSession(session_id=session.id, version=session.version, content=content)
        return Two(chair, signed, wish)


def while_it_holds_the_lots(sessions, signing, other) -> list[object]:
    """Stop a signature right before it takes the audit trail, until `other` waits for a lock."""
    holds, go_on, results = threading.Event(), threading.Event(), [None, None]

    def stop_at_the_trail(_connection, _cursor, statement, _values, _context, _many) -> None:
        if "pg_advisory_xact_lock" in statement and threading.current_thread() is first:
            holds.set()
            assert go_on.wait(PATIENCE_S)

    def run(number, work) -> None:
        try:
            with sessions.write() as db, db.begin():
                results[number] = work(db)
        except Exception as error:
            results[number] = error

    first = threading.Thread(target=run, args=(0, signing))
    second = threading.Thread(target=run, args=(1, other))
    sa.event.listen(sessions.engine, "before_cursor_execute", stop_at_the_trail)
    try:
        first.start()
        assert holds.wait(PATIENCE_S), results
        second.start()
        assert is_waiting_for_a_lock(sessions, second), results
        go_on.set()
    finally:
        go_on.set()
        first.join()
        second.join()
        sa.event.remove(sessions.engine, "before_cursor_execute", stop_at_the_trail)
    return results


def is_waiting_for_a_lock(sessions, second: threading.Thread) -> bool:
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and second.is_alive():
        with sessions.read() as db:
            if db.scalar(waiting):
                return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("real", ["postgresql"], indirect=True)
@pytest.mark.parametrize("stop", ["report", "quarantine", "recall"])
def test_who_stops_a_lot_waits_for_a_signature_without_holding_the_audit_trail(real, two, stop):
    signed, stopped = while_it_holds_the_lots(real, two.sign, getattr(two, stop))

    assert isinstance(signed, TreatmentSession), signed
    assert not isinstance(stopped, Exception), stopped
    with real.read() as db:
        assert db.get_one(TreatmentSession, two.wish.session_id).state is SessionState.SIGNED
        states = {db.get_one(ProductLot, lot_id).state for lot_id in two.lot_ids}
        assert states - {LotState.OK}, "the lot was stopped after the signature"
