"""The mixed syringe: its age, its vials, what the leaflets say; and what signing takes."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.catalog import stock
from clinic.catalog.models import OpenedVial, Product, StockMovement
from clinic.catalog.stock_queries import level
from clinic.catalog.stock_values import CountLot, MovementKind
from clinic.catalog.values import Modality, ProductKind, StockUnit, Unusable
from clinic.consents.models import ConsentText
from clinic.core.access import Role
from clinic.treatments import record
from clinic.treatments.queries import mix as mix_queries
from clinic.treatments.rules import checks
from clinic.treatments.service import sessions as service
from clinic.treatments.values import LotAmount
from tests import factories
from tests.conftest import NOW
from tests.counting import statements
from tests.treatments.cases import LIDOCAINE, a_case, codes, forty
from tests.treatments.conftest import TODAY, settle
from tests.treatments.pages import text

MINUTE = dt.timedelta(minutes=1)
HOUR = 60 * MINUTE


def mixed(before: dt.timedelta, **changes):
    return replace(a_case(modality=Modality.MESOTHERAPY, mixed_at=NOW - before), at=NOW, **changes)


# ------------------------------------------------------------------------- how old it may be


@pytest.mark.parametrize(
    ("before", "refused", "unusual"),
    [
        (dt.timedelta(0), set(), set()),
        (60 * MINUTE, set(), set()),
        (60 * MINUTE + dt.timedelta(seconds=1), set(), {"mixed_unusual"}),
        (240 * MINUTE, set(), {"mixed_unusual"}),
        (240 * MINUTE + dt.timedelta(seconds=1), {"mixed_too_old"}, set()),
        (-MINUTE, {"in_the_future"}, set()),
    ],
)
def test_a_syringe_is_used_within_the_hour_and_never_after_four(before, refused, unusual):
    case = mixed(before)

    assert codes(checks.refused(case)) == refused
    assert codes(checks.unusual(case)) == unusual


def test_what_counts_is_when_the_injections_began():
    signed_late = mixed(9 * HOUR, begun_at=NOW - 8 * HOUR - 30 * MINUTE)

    assert codes(checks.refused(signed_late)) == codes(checks.unusual(signed_late)) == set()


def test_points_that_were_set_before_it_was_mixed_are_no_injection_of_it():
    case = mixed(5 * HOUR, begun_at=NOW - 5 * HOUR - MINUTE)

    assert codes(checks.refused(case)) == {"mixed_too_old"}


VITAMINS = replace(
    LIDOCAINE, kind=ProductKind.DRUG, name="Mix", ingredient="vitamins", amount_ul=1_000
)
BIOTIN = replace(VITAMINS, name="Biotin", ingredient="")
SALINE = replace(VITAMINS, kind=ProductKind.DILUENT, name="Saline", ingredient="")
NUMBING = replace(LIDOCAINE, amount_ul=1_000)


@pytest.mark.parametrize(
    ("used", "missing", "unusual"),
    [
        ((VITAMINS,), False, False),  # ready to use
        ((VITAMINS, VITAMINS), False, False),  # two lots of one product
        ((VITAMINS, BIOTIN), True, False),
        ((VITAMINS, SALINE), True, False),
        ((VITAMINS, NUMBING), False, True),
        ((VITAMINS, SALINE, NUMBING), True, False),
        ((NUMBING,), False, False),
    ],
)
def test_a_mixture_has_the_time_it_was_mixed_at(used, missing, unusual):
    def found(modality=Modality.MESOTHERAPY, **changes):
        weighed = {"weight_g": 80_000, "weight_on": TODAY, "sites": forty()}
        case = replace(a_case(modality=modality, used=used, **weighed, **changes), at=NOW)
        is_missing = "mixed" in {breach.field for breach in checks.missing(case)}
        return is_missing, "mixed_unknown" in codes(checks.unusual(case))

    assert found() == (missing, unusual)
    assert found(mixed_at=NOW) == found(Modality.PRP) == (False, False)


@pytest.mark.parametrize(
    ("before", "refused"),
    [
        (24 * HOUR, set()),
        (24 * HOUR + MINUTE, {"open_too_long"}),
        (-MINUTE, {"in_the_future"}),
    ],
)
def test_an_opened_vial_is_used_within_its_hours(before, refused):
    lot = replace(
        LIDOCAINE,
        kind=ProductKind.DRUG,
        name="Mix",
        ingredient="vitamins",
        open_hours=24,
        opened_at=NOW - before,
    )
    case = replace(a_case(used=(lot,)), at=NOW)

    assert codes(checks.refused(case)) == refused


def test_two_lots_of_a_product_are_held_against_its_leaflet_together():
    half = replace(LIDOCAINE, leaflet_ul=2_000, amount_ul=1_000)
    rest = replace(half, amount_ul=1_001)

    def unusual(*used):
        case = a_case(used=used, weight_g=80_000, weight_on=TODAY)
        return "leaflet" in codes(checks.unusual(case))

    assert not unusual(half, half)
    assert unusual(half, rest)


def test_two_lots_of_an_anaesthetic_are_unusual_together():
    each = replace(LIDOCAINE, amount_ul=4_000)

    def unusual(*used):
        case = a_case(used=used, weight_g=52_000, weight_on=TODAY)
        return "anaesthetic_unusual" in codes(checks.unusual(case))

    assert not unusual(each)
    assert unusual(each, each)


# ---------------------------------------------------------------------------- what signing takes


@pytest.fixture
def counted(chair):
    """Five kits, and 3 mL of the vitamins."""
    chair.db.get_one(Product, chair.kit.product_id).unit = StockUnit.PIECE
    for lot, amount in ((chair.kit, 5_000), (chair.vitamins, 3_000)):
        wish = CountLot(lot_id=lot.id, counted_milli=amount, reason="Shelf")
        stock.count(chair.db, chair.actor(Role.NURSE), wish)
    return chair


def content(chair, vitamins_ul=1_000, **changes):
    return chair.whole(
        lots=(LotAmount(lot_id=chair.vitamins.id, amount_ul=vitamins_ul, **changes),)
    )


def left(chair, lot):
    return level(chair.db, lot.id, chair.world.location.id)


def test_signing_draws_every_lot_of_the_session(counted):
    session = counted.signed(content(counted))

    assert (left(counted, counted.kit), left(counted, counted.vitamins)) == (4_000, 2_000)
    moved = counted.db.execute(
        sa.select(StockMovement.lot_id, StockMovement.amount_milli).where(
            StockMovement.session_id == session.id
        )
    )
    assert {tuple(row) for row in moved} == {
        (counted.kit.id, -1_000),
        (counted.vitamins.id, -1_000),
    }


def test_signing_twice_draws_once(counted):
    wanted = content(counted)
    session = counted.prepared()
    seen = session.version
    counted.sign(session, wanted)
    counted.sign(session, wanted, version=seen)

    assert left(counted, counted.kit) == 4_000


def test_of_too_little_nothing_is_signed_and_the_lot_is_named(counted):
    session = counted.prepared()

    with pytest.raises(service.ContentRefused) as refused:
        counted.sign(session, content(counted, vitamins_ul=3_001))

    (breach,) = refused.value.breaches
    assert (breach.code, breach.field) == ("stock_short", "lot_1")
    assert dict(breach.values) == {"lot": "V-3", "left": "3", "wanted": "3.001"}


def test_a_session_is_broken_off_whatever_the_shelf_says(counted, world):
    session = counted.prepared()
    wanted = replace(content(counted, vitamins_ul=3_500), sites=())

    ended = counted.abort(session, wanted)

    assert ended.is_aborted
    assert ended.lots[0].amount_ul == 3_500
    assert (left(counted, counted.kit), left(counted, counted.vitamins)) == (4_000, 0)
    rows = counted.db.execute(
        sa.select(StockMovement.kind, StockMovement.amount_milli, StockMovement.session_id)
        .where(StockMovement.lot_id == counted.vitamins.id)
        .order_by(StockMovement.id)
    )
    assert [tuple(row) for row in rows][1:] == [
        (MovementKind.COUNT, 500, None),
        (MovementKind.USE, -3_500, session.id),
    ]
    page = text(world.as_role(Role.PHYSICIAN).get(f"/sessions/{session.id}"))
    assert "More was used than the shelf should have held" in page


def test_a_draft_takes_nothing(counted):
    counted.save(counted.prepared(), content(counted))

    assert left(counted, counted.vitamins) == 3_000


def test_an_emptied_lot_is_refused_in_a_draft_as_well(counted):
    counted.signed(content(counted, vitamins_ul=3_000))
    other = counted.book(dt.datetime(2026, 11, 23, 15, 0))
    session = anothers_session(counted, other)

    with pytest.raises(service.ContentRefused) as refused:
        counted.save(session, content(counted))

    assert [(b.code, b.field) for b in refused.value.breaches] == [("lot_unusable", "lot_1")]


def anothers_session(chair, visit):
    """Another patient's session: the first one was treated just now."""
    patient = factories.a_patient(chair.db, location=chair.world.location)
    visit.patient_id = patient.id
    settle(chair, patient, list(chair.db.scalars(sa.select(ConsentText))))
    session = chair.begin(visit=visit)
    chair.prepare(session)
    return session


def test_the_number_of_lots_does_not_change_the_number_of_statements(counted, db):
    def count(session, lots):
        wanted = counted.whole(lots=lots, note="same")
        counted.save(session, wanted)
        with statements(db.connection()) as seen:
            counted.sign(session, wanted)
        return len(seen)

    few = count(counted.prepared(), (LotAmount(lot_id=counted.vitamins.id, amount_ul=100),))
    other = counted.book(dt.datetime(2026, 11, 23, 15, 0))
    more = tuple(
        LotAmount(
            lot_id=factories.a_lot(db, name=f"Mix {n}", kind=ProductKind.DRUG).id,
            amount_ul=100,
        )
        for n in range(5)
    )
    assert count(anothers_session(counted, other), more) == few


# --------------------------------------------------------------------------- vials kept open


@pytest.fixture
def kept(counted):
    """The vitamins come in vials that are kept for a day."""
    product = counted.db.get_one(Product, counted.vitamins.product_id)
    product.open_hours = 24
    counted.db.flush()
    return product


def offered(chair, session):
    lots = mix_queries.lots(chair.db, session, on=TODAY)
    return next(lot for lot in lots if lot.id == chair.vitamins.id).vials


def test_what_is_kept_is_a_vial_from_the_signature_on(counted, kept):
    opened = NOW - 2 * HOUR
    counted.signed(content(counted, opened_at=opened))
    session = anothers_session(counted, counted.book(dt.datetime(2026, 11, 23, 15, 0)))

    (vial,) = offered(counted, session)
    assert (vial.opened_at, vial.until, vial.unusable) == (opened, opened + 24 * HOUR, None)
    wanted = content(counted, vial_id=vial.id)
    signed = counted.sign(session, wanted)
    assert record.content_of(signed) == wanted
    assert [use.opened_at for use in signed.lots] == [opened, None]
    assert len(counted.db.scalars(sa.select(OpenedVial)).all()) == 1


@pytest.mark.parametrize(("unit", "rest"), [(StockUnit.PIECE, 2_000), (StockUnit.ML, 1_000)])
def test_a_vial_that_is_a_piece_is_drawn_once_when_it_is_opened(counted, kept, unit, rest):
    kept.unit = unit
    counted.signed(content(counted))
    session = anothers_session(counted, counted.book(dt.datetime(2026, 11, 23, 15, 0)))
    (vial,) = offered(counted, session)

    counted.sign(session, content(counted, vial_id=vial.id))

    assert left(counted, counted.vitamins) == rest


def test_a_vial_for_one_patient_is_refused_for_another(counted, kept):
    kept.is_single_patient = True
    counted.signed(content(counted))
    session = anothers_session(counted, counted.book(dt.datetime(2026, 11, 23, 15, 0)))
    (vial,) = offered(counted, session)

    assert vial.unusable is Unusable.USED_ON_ANOTHER
    with pytest.raises(service.ContentRefused) as refused:
        counted.save(session, content(counted, vial_id=vial.id))
    assert [(b.code, b.field) for b in refused.value.breaches] == [("lot_unusable", "lot_1")]


def test_a_vial_that_was_open_too_long_is_refused(counted, kept, clock):
    counted.signed(content(counted, opened_at=NOW - HOUR))
    session = anothers_session(counted, counted.book(dt.datetime(2026, 11, 23, 15, 0)))
    # What is asked is the vial's age alone.
    counted.prepare(session, counted.blood(drawn_at=None), reason="Not drawn yet")
    (vial,) = offered(counted, session)

    clock(NOW + 23 * HOUR + MINUTE)
    with pytest.raises(service.ContentRefused) as refused:
        counted.save(session, content(counted, vial_id=vial.id))
    assert {b.code for b in refused.value.breaches} >= {"lot_unusable"}
    clock(NOW + 23 * HOUR)
    counted.save(session, content(counted, vial_id=vial.id))
    # From the first point on it does not matter how late somebody writes.
    clock(NOW + 23 * HOUR + MINUTE)
    counted.save(session, content(counted, vial_id=vial.id, vitamins_ul=900))


def test_a_vial_that_was_thrown_away_is_refused(counted, kept):
    counted.signed(content(counted))
    session = anothers_session(counted, counted.book(dt.datetime(2026, 11, 23, 15, 0)))
    (vial,) = offered(counted, session)
    stock.discard(counted.db, counted.actor(Role.NURSE), vial.id)

    with pytest.raises(service.ContentRefused) as refused:
        counted.save(session, content(counted, vial_id=vial.id))
    assert [b.code for b in refused.value.breaches] == ["vial_gone"]


def test_what_is_thrown_away_after_the_session_is_no_vial(counted):
    counted.signed(content(counted))

    assert counted.db.scalars(sa.select(OpenedVial)).all() == []


def test_the_signature_holds_the_vial_and_the_time_of_mixing(counted):
    wanted = replace(content(counted, opened_at=NOW - MINUTE), mixed_at=NOW - MINUTE)
    signed = counted.signed(wanted)

    text = record.canonical_text(signed)
    assert '"mixed_at":"2026-11-23T08:59:00.000000+00:00"' in text
    assert '"opened_at":"2026-11-23T08:59:00.000000+00:00"' in text


def test_what_was_too_old_and_given_is_written_down_by_breaking_off(counted):
    wanted = replace(content(counted), mixed_at=NOW - 5 * HOUR)
    session = counted.prepared()
    with pytest.raises(service.ContentRefused):
        counted.sign(session, wanted)

    ended = counted.abort(session, wanted, "mixed_too_old@mixed")

    assert ended.mixed_at == NOW - 5 * HOUR
    assert left(counted, counted.vitamins) == 2_000
