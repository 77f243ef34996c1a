"""Vials that are open: offered though the shelf is empty, seen though nobody has signed yet."""

import datetime as dt

import pytest

from clinic.catalog import stock
from clinic.catalog.stock_values import CountLot
from clinic.catalog.values import StockUnit, Unusable
from clinic.core.access import Role
from clinic.treatments import record
from clinic.treatments.queries import mix as mix_queries
from clinic.treatments.service import sessions as service
from clinic.treatments.values import AbortSession, LotAmount
from tests.conftest import NOW
from tests.treatments.conftest import TODAY
from tests.treatments.pages import text, written
from tests.treatments.test_mixing import HOUR, anothers_session, content, counted, kept, left

__all__ = ["counted", "kept"]


@pytest.fixture
def last_one(counted, kept):
    """Vials are pieces, and one is left."""
    kept.unit = StockUnit.PIECE
    counted.db.flush()
    wish = CountLot(lot_id=counted.vitamins.id, counted_milli=1_000, reason="Shelf")
    stock.count(counted.db, counted.actor(Role.NURSE), wish)
    return counted


def second(chair):
    return anothers_session(chair, chair.book(dt.datetime(2026, 11, 23, 15, 0)))


def choice(chair, session):
    lots = mix_queries.lots(chair.db, session, on=TODAY)
    return next(lot for lot in lots if lot.id == chair.vitamins.id)


# ------------------------------------------------------------------- the last vial of a lot


def test_the_open_vial_of_a_lot_that_is_used_up_is_offered_and_signed(last_one):
    last_one.signed(content(last_one))
    session = second(last_one)

    lot = choice(last_one, session)
    assert (lot.level_milli, lot.unusable, lot.is_offered) == (0, Unusable.EMPTY, True)
    (vial,) = lot.vials
    assert vial.unusable is None
    wanted = content(last_one, vial_id=vial.id)
    signed = last_one.sign(session, wanted)
    assert record.content_of(signed) == wanted
    assert left(last_one, last_one.vitamins) == 0


def test_a_new_vial_of_a_lot_that_is_used_up_is_refused(last_one):
    last_one.signed(content(last_one))
    session = second(last_one)

    with pytest.raises(service.ContentRefused) as refused:
        last_one.save(session, content(last_one))

    assert [(b.code, b.field) for b in refused.value.breaches] == [("lot_unusable", "lot_1")]


@pytest.mark.parametrize(
    ("changes", "later", "reason"),
    [
        ({"unit": StockUnit.ML}, 0, Unusable.EMPTY),
        ({"is_single_patient": True}, 0, Unusable.USED_ON_ANOTHER),
        ({}, 25, Unusable.OPEN_TOO_LONG),
        ({"is_active": False}, 0, Unusable.WITHDRAWN),
    ],
)
def test_the_open_vial_of_a_lot_that_is_used_up_is_refused_for_its_own_reasons(
    last_one, kept, clock, changes, later, reason
):
    last_one.signed(content(last_one))
    session = second(last_one)
    for name, value in changes.items():
        setattr(kept, name, value)
    last_one.db.flush()
    if StockUnit.ML in changes.values():
        wish = CountLot(lot_id=last_one.vitamins.id, counted_milli=0, reason="Shelf")
        stock.count(last_one.db, last_one.actor(Role.NURSE), wish)
    clock(NOW + later * HOUR)

    lot = choice(last_one, session)

    assert [vial.unusable for vial in lot.vials] == [reason]
    assert not lot.is_offered


def test_the_page_offers_the_open_vial_and_strikes_the_lot_out(last_one, world):
    last_one.signed(content(last_one))
    session = second(last_one)
    (vial,) = choice(last_one, session).vials

    page = text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))

    lot = last_one.vitamins.id
    assert f'<option value="{lot}v{vial.id}">' in page
    assert f'<option disabled value="{lot}">' in page


def test_the_code_of_a_lot_that_is_used_up_chooses_its_open_vial(last_one, world):
    last_one.signed(content(last_one))
    session = second(last_one)
    (vial,) = choice(last_one, session).vials

    form = written(session, scan="V-3")
    answer = world.as_role(Role.NURSE).post(f"/sessions/{session.id}", form)

    assert answer.status_code == 303, text(answer)
    last_one.db.expire_all()
    assert [use.vial_id for use in service.queries.get(last_one.db, session.id).lots][:1] == [
        vial.id
    ]


# ----------------------------------------------------------------- opened and not yet signed


@pytest.fixture
def opened(counted, kept):
    """A draft in which a vial was opened two hours ago, and the session of another patient."""
    first = counted.prepared()
    counted.save(first, content(counted, opened_at=NOW - 2 * HOUR))
    return first, second(counted)


def test_a_vial_that_an_unsigned_session_opened_is_seen_by_the_next_and_not_chosen(counted, opened):
    first, other = opened

    (vial,) = choice(counted, other).vials
    assert (vial.id, vial.unusable, vial.opened_at) == (None, Unusable.UNSIGNED, NOW - 2 * HOUR)
    assert vial.by == counted.world.accounts[Role.NURSE].name
    assert choice(counted, first).vials == ()


def test_once_it_is_signed_the_vial_is_one_to_choose(counted, opened):
    first, other = opened
    counted.sign(first, content(counted, opened_at=NOW - 2 * HOUR))

    (vial,) = choice(counted, other).vials
    assert (vial.id is not None, vial.unusable) == (True, None)


@pytest.mark.parametrize("is_broken_off", [False, True])
def test_what_is_not_kept_open_is_not_seen(counted, kept, opened, is_broken_off):
    first, other = opened
    if is_broken_off:
        wish = AbortSession(
            session_id=first.id, version=first.version, content=counted.whole(), reason="Left"
        )
        service.abort(counted.db, counted.actor(), wish)
    else:
        kept.open_hours = None
        counted.db.flush()

    assert choice(counted, other).vials == ()


def test_the_page_and_the_look_at_the_mix_say_who_opened_it(counted, world, opened):
    _first, other = opened
    lot = str(counted.vitamins.id)
    nurse = world.as_role(Role.NURSE)
    words = f"by {counted.world.accounts[Role.NURSE].name} in a session that is not signed yet"

    empty = text(nurse.get(f"/sessions/{other.id}"))
    looked = text(nurse.post(f"/sessions/{other.id}/mix", written(other, lot_1=lot)))
    counted.save(other, content(counted))
    page = text(nurse.get(f"/sessions/{other.id}"))

    assert words not in empty
    assert words in looked
    assert words in page
    assert f'<option disabled value="{lot}v0">' in page


def test_a_vial_that_is_not_signed_yet_is_refused_whoever_sends_it(counted, world, opened):
    _first, other = opened
    form = written(other, lot_1=f"{counted.vitamins.id}v0", amount_1="1")

    answer = world.as_role(Role.NURSE).post(f"/sessions/{other.id}", form)

    assert answer.status_code == 422
    assert "This opened vial is not kept any more" in text(answer)
    assert (
        LotAmount(lot_id=counted.vitamins.id)
        not in record.content_of(service.queries.get(counted.db, other.id)).lots
    )
