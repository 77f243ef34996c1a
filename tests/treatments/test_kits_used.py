"""How many kits, tubes or ampoules a session used: said, signed, and drawn."""

import re

import pytest
import sqlalchemy as sa

from clinic.catalog import stock
from clinic.catalog.models import Product, StockMovement
from clinic.catalog.stock_values import CountLot
from clinic.catalog.values import StockUnit
from clinic.core.access import Role
from clinic.treatments import record
from clinic.treatments.preparation_values import Kit
from clinic.treatments.queries import sessions as queries
from clinic.treatments.service import sessions as service
from clinic.treatments.values import LotRole
from tests.treatments.pages import text, written
from tests.treatments.test_mixing import content, counted, left
from tests.treatments.test_preparation_views import typed, url

__all__ = ["counted"]


def prepared(chair, pieces):
    session = chair.begin()
    chair.prepare(session, chair.blood(kits=(Kit(lot_id=chair.kit.id, pieces=pieces),)))
    return session


def stored(chair, session):
    chair.db.expire_all()
    return queries.get(chair.db, session.id)


@pytest.mark.parametrize(("pieces", "drawn"), [(None, 1_000), (1, 1_000), (3, 3_000), (5, 5_000)])
def test_signing_draws_as_many_kits_as_were_used(counted, pieces, drawn):
    signed = counted.sign(prepared(counted, pieces))

    (kit,) = [use for use in signed.lots if use.role is LotRole.KIT]
    assert kit.pieces == pieces
    assert left(counted, counted.kit) == 5_000 - drawn
    moved = counted.db.scalar(
        sa.select(StockMovement.amount_milli).where(StockMovement.session_id == signed.id)
    )
    assert moved == -drawn


def test_of_more_kits_than_there_are_nothing_is_signed(counted):
    session = prepared(counted, 6)

    with pytest.raises(service.ContentRefused) as refused:
        counted.sign(session)

    (breach,) = refused.value.breaches
    assert (breach.code, breach.field) == ("stock_short", "kit_1")
    assert dict(breach.values) == {"lot": "K-17", "left": "5", "wanted": "6"}
    assert left(counted, counted.kit) == 5_000


def test_the_signature_holds_how_many_there_were(counted):
    signed = counted.sign(prepared(counted, 3))

    assert '"pieces":3' in record.canonical_text(signed)


def test_the_number_is_typed_kept_and_shown_again(chair, world):
    session, nurse = chair.begin(), world.as_role(Role.NURSE)

    assert nurse.post(url(session), typed(session, chair, pieces_1="2")).status_code == 303

    kept = record.preparation_of(stored(chair, session))
    assert kept.kits == (Kit(lot_id=chair.kit.id, pieces=2),)
    assert 'name="pieces_1" placeholder="1" type="text" value="2"' in text(nurse.get(url(session)))
    # Another number alone is a change, too.
    assert nurse.post(url(session), typed(session, chair, pieces_1="")).status_code == 303
    assert record.preparation_of(stored(chair, session)).kits == (Kit(lot_id=chair.kit.id),)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pieces_1": "0"}, "A whole number from 1 to 50, please"),
        ({"pieces_1": "51"}, "A whole number from 1 to 50, please"),
        ({"pieces_1": "two"}, "Enter a number such as"),
        ({"pieces_2": "2"}, "Choose the lot that these pieces belong to"),
    ],
)
def test_a_number_that_cannot_be_is_told_and_nothing_is_lost(chair, world, changes, words):
    session, nurse = chair.begin(), world.as_role(Role.NURSE)

    answer = nurse.post(url(session), typed(session, chair, blood="31", **changes))

    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="31"' in text(answer)
    assert record.preparation_of(stored(chair, session)).kits == ()


def test_the_record_says_how_many_were_used(chair, world):
    signed = chair.sign(prepared(chair, 2))

    page = text(world.as_role(Role.PHYSICIAN).get(f"/sessions/{signed.id}"))

    assert "× 2" in page


# ------------------------------------------------------------------- ampoules of a mixture


@pytest.fixture
def ampoules(counted):
    """The vitamins come in ampoules, of which five are left."""
    counted.db.get_one(Product, counted.vitamins.product_id).unit = StockUnit.PIECE
    counted.db.flush()
    wish = CountLot(lot_id=counted.vitamins.id, counted_milli=5_000, reason="Shelf")
    stock.count(counted.db, counted.actor(Role.NURSE), wish)
    return counted


@pytest.mark.parametrize(("pieces", "rest"), [(None, 4_000), (2, 3_000), (5, 0)])
def test_signing_draws_as_many_ampoules_as_were_opened(ampoules, pieces, rest):
    wanted = content(ampoules, vitamins_ul=2_000, pieces=pieces)
    signed = ampoules.signed(wanted)

    assert record.content_of(signed) == wanted
    assert left(ampoules, ampoules.vitamins) == rest


def test_the_ampoules_are_typed_in_the_mix(ampoules, world):
    session, nurse = ampoules.begin(), world.as_role(Role.NURSE)
    lot = str(ampoules.vitamins.id)
    address = f"/sessions/{session.id}"
    assert 'name="used_1"' in text(nurse.get(address))

    form = written(session, lot_1=lot, amount_1="2", used_1="3")
    assert nurse.post(address, form).status_code == 303

    (kept,) = record.content_of(stored(ampoules, session)).lots
    assert (kept.amount_ul, kept.pieces) == (2_000, 3)
    assert re.search(r'name="used_1"[^>]*value="3"', text(nurse.get(address)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"used_1": "2"}, "Choose the lot that these pieces belong to"),
        ({"lot_1": "{lot}", "used_1": "51"}, "A whole number from 1 to 50, please"),
        ({"lot_1": "{lot}v1", "used_1": "2"}, "A vial that was open is one"),
    ],
)
def test_ampoules_that_cannot_be_are_told_at_their_field(ampoules, world, changes, words):
    session = ampoules.begin()
    values = {key: value.format(lot=ampoules.vitamins.id) for key, value in changes.items()}

    answer = world.as_role(Role.NURSE).post(f"/sessions/{session.id}", written(session, **values))

    assert answer.status_code == 422
    assert words in text(answer)
    assert record.content_of(stored(ampoules, session)).lots == ()


def test_where_nothing_is_counted_in_pieces_none_are_asked_for(chair, world):
    session = chair.begin()

    assert 'name="used_1"' not in text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))
