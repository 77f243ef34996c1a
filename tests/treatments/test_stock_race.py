"""Twenty sessions signed at once against one lot with stock for ten: real threads and commits."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.app import create_app
from clinic.catalog import service as catalog
from clinic.catalog import stock
from clinic.catalog.models import Product, ProductLot, StockLevel, StockMovement
from clinic.catalog.stock_values import CountLot, MovementKind, WasteLot
from clinic.catalog.values import StockUnit
from clinic.consents.models import ConsentText
from clinic.core.access import Role
from clinic.core.errors import Invalid
from clinic.treatments.models import TreatmentSession
from clinic.treatments.rules import outside as outside_rules
from clinic.treatments.service import sessions as service
from clinic.treatments.values import AbortSession, AllTheSame, SessionState, SignSession
from tests import factories
from tests.scheduling.test_race import all_at_once, real
from tests.scheduling.test_race_checks import first_and_second
from tests.treatments.conftest import Chair, a_chair, settle
from tests.world import World

__all__ = ["real"]
PATIENTS, STOCK = 20, 10


@pytest.fixture
def clinic(real, config) -> tuple[Chair, list[SignSession]]:
    """A kit of which ten are left, and twenty begun sessions that name it."""
    app = create_app(config, sessions=real, testing=True)
    with real.write() as db, db.begin():
        chair = a_chair(World(app, db), db)
        db.get_one(Product, chair.kit.product_id).unit = StockUnit.PIECE
        texts = list(db.scalars(sa.select(ConsentText)))
        wishes = []
        for n in range(PATIENTS):
            patient = factories.a_patient(db, location=chair.world.location)
            settle(chair, patient, texts)
            visit = chair.book(dt.datetime(2026, 11, 23, 11, 0), patient=patient)
            session = chair.begin(visit=visit)
            chair.prepare(session)
            wishes.append(
                SignSession(
                    session_id=session.id,
                    version=session.version,
                    content=chair.whole(note=f"session {n}"),
                )
            )
        stock.count(
            db,
            chair.actor(Role.NURSE),
            CountLot(lot_id=chair.kit.id, counted_milli=STOCK * 1000, reason="Shelf"),
        )
    return chair, wishes


def codes_and_fields(refused: service.ContentRefused) -> set[tuple[str, str]]:
    return {(breach.code, breach.field) for breach in refused.breaches}


def left(sessions, lot: ProductLot) -> tuple[int | None, int | None]:
    """What the level says, and what the movements say together."""
    with sessions.read() as db:
        level = db.scalar(sa.select(StockLevel.level_milli).where(StockLevel.lot_id == lot.id))
        moved = db.scalar(
            sa.select(sa.func.sum(StockMovement.amount_milli)).where(StockMovement.lot_id == lot.id)
        )
        return level, moved


def test_of_twenty_signatures_ten_are_given_and_ten_told_and_nothing_is_left(real, clinic):
    chair, wishes = clinic

    results = all_at_once(
        real,
        lambda db, n: service.sign(db, chair.actor(Role.PHYSICIAN), wishes[n]),
        desks=PATIENTS,
    )

    signed = [result for result in results if isinstance(result, TreatmentSession)]
    told = [result for result in results if isinstance(result, service.ContentRefused)]
    assert (len(signed), len(told)) == (STOCK, PATIENTS - STOCK), results
    # Who looked before the last was drawn is told by the draw, who looked later by the list; that
    # can be given all the same by who says why, and then there is nothing to draw.
    about = set[tuple[str, str]]().union(*map(codes_and_fields, told))
    short, used_up = ("stock_short", "kit_1"), ("lot_unusable", "kit_1")
    assert about <= {short, used_up, ("unstated", "outside_given")}, about
    assert all(codes_and_fields(refused) & {short, used_up} for refused in told)
    assert left(real, chair.kit) == (0, 0)
    with real.read() as db:
        states = db.scalars(sa.select(TreatmentSession.state)).all()
        assert states.count(SessionState.SIGNED) == STOCK
        assert states.count(SessionState.DRAFT) == PATIENTS - STOCK


def test_of_twenty_broken_off_all_are_kept_and_the_shelf_was_miscounted(real, clinic):
    chair, wishes = clinic
    ends = [
        AbortSession(
            session_id=wish.session_id,
            version=wish.version,
            content=replace(wish.content, sites=()),
            reason="Faint",
        )
        for wish in wishes
    ]

    def end(wish):
        return lambda db: service.abort(db, chair.actor(Role.PHYSICIAN), wish)

    results = all_at_once(real, lambda db, n: end(ends[n])(db), desks=PATIENTS)
    # Who looked after the last one was drawn reads that the lot is used up, and ticks it.
    for wish, result in zip(ends, results, strict=True):
        if isinstance(result, service.ContentRefused):
            assert codes_and_fields(result) == {
                ("lot_unusable", "kit_1"),
                ("unstated", "outside_given"),
            }
            given = AllTheSame(seen=outside_rules.seen(result.outside), reason="It was at hand")
            with real.write() as db, db.begin():
                end(replace(wish, given=given))(db)

    assert left(real, chair.kit) == (0, 0)
    with real.read() as db:
        used = db.scalar(
            sa.select(sa.func.sum(StockMovement.amount_milli)).where(
                StockMovement.kind == MovementKind.USE
            )
        )
        assert used == -PATIENTS * 1000
        ended = db.scalars(sa.select(TreatmentSession.is_aborted)).all()
        assert ended == [True] * PATIENTS


def test_twenty_that_throw_away_at_once_never_go_below_nought(real, clinic):
    chair, _wishes = clinic
    wish = WasteLot(lot_id=chair.kit.id, amount_milli=1000, reason="Broken")

    results = all_at_once(
        real, lambda db, _n: stock.waste(db, chair.actor(Role.NURSE), wish), desks=PATIENTS
    )

    told = [result for result in results if isinstance(result, Invalid)]
    assert [result.field for result in told] == ["amount"] * (PATIENTS - STOCK), results
    assert left(real, chair.kit) == (0, 0)


def test_a_lot_that_is_being_stopped_is_not_signed(real, clinic):
    chair, wishes = clinic

    def stop(db):
        return catalog.quarantine(db, chair.actor(Role.NURSE), chair.kit.id, "Cracked")

    _, refused = first_and_second(
        real, stop, lambda db: service.sign(db, chair.actor(Role.PHYSICIAN), wishes[0])
    )

    assert isinstance(refused, service.ContentRefused), refused
    assert left(real, chair.kit) == (STOCK * 1000, STOCK * 1000)
