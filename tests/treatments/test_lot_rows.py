"""The lots of a session's page: scanned, typed, with the times of their vials, looked over."""

import datetime as dt

import pytest

from clinic.catalog import service as catalog
from clinic.catalog.models import OpenedVial, Product, ProductPack
from clinic.core.access import Role
from clinic.safety.values import FactKind
from clinic.treatments import record
from clinic.treatments.queries import sessions as queries
from clinic.treatments.values import LotAmount
from tests import factories
from tests.conftest import NOW
from tests.treatments.conftest import NEXT_YEAR
from tests.treatments.pages import hidden, text, written

GTIN = "04006381333931"
WHOLE = f"(01){GTIN}(17)271130(10)V-3"


@pytest.fixture
def session(chair):
    return chair.begin()


@pytest.fixture
def scanned(chair):
    """A pack of the vitamins carries a number."""
    chair.db.add(ProductPack(product_id=chair.vitamins.product_id, gtin=GTIN))
    chair.db.flush()


def kept(chair, session):
    chair.db.expire_all()
    return record.content_of(queries.get(chair.db, session.id)).lots


def saved(world, chair, session, **changes):
    form = written(session, **changes)
    return world.as_role(Role.NURSE).post(f"/sessions/{session.id}", form)


@pytest.mark.parametrize(
    ("code", "udi"),
    [
        pytest.param(f"]d201{GTIN}17271130" + "10V-3", WHOLE, id="data matrix"),
        pytest.param(f"]d201{GTIN}" + "10V-3\x1d17271130", WHOLE, id="with its separator"),
        pytest.param(f"(01){GTIN}(10)V-3", f"(01){GTIN}(10)V-3", id="parentheses"),
        pytest.param("4006381333931", f"(01){GTIN}", id="the product alone"),
        pytest.param("V-3", "", id="the lot as typed"),
        pytest.param("v-3", "", id="in small letters"),
    ],
)
def test_a_scan_chooses_the_lot_of_the_next_free_row(world, chair, session, scanned, code, udi):
    answer = saved(world, chair, session, scan=code)

    assert answer.status_code == 303
    assert kept(chair, session) == (LotAmount(lot_id=chair.vitamins.id, udi=udi),)
    # Shown again and saved again it is still what was scanned.
    page = text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))
    again = {"lot_1": str(chair.vitamins.id), "codes": hidden(page, "codes"), "note": "more"}
    assert saved(world, chair, queries.get(chair.db, session.id), **again).status_code == 303
    assert kept(chair, session) == (LotAmount(lot_id=chair.vitamins.id, udi=udi),)


def test_a_lot_that_is_scanned_twice_stands_there_once(world, chair, session):
    lot = str(chair.vitamins.id)
    assert saved(world, chair, session, lot_1=lot, scan="V-3").status_code == 303
    assert kept(chair, session) == (LotAmount(lot_id=chair.vitamins.id),)


def test_of_several_lots_a_scan_of_the_product_chooses_the_first_to_expire(
    world, chair, session, scanned
):
    sooner = factories.a_lot(chair.db, name="x", kind=chair_kind(chair))
    sooner.product_id = chair.vitamins.product_id
    sooner.expires_on = NEXT_YEAR - dt.timedelta(days=90)
    chair.db.flush()

    saved(world, chair, session, scan=GTIN)

    assert kept(chair, session)[0] == LotAmount(lot_id=sooner.id, udi=f"(01){GTIN}")


def chair_kind(chair):
    return chair.db.get_one(Product, chair.vitamins.product_id).kind


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("4012345000047", "No product or lot on the list has this code"),
        ("nothing", "This is no barcode of a pack"),
        ("4006381333932", "last digit of the product number is wrong"),
        (f"01{GTIN}17280101" + "10V-3", "The pack says 2028-01-01, the list 2027-11-30"),
    ],
)
def test_a_scan_that_means_no_lot_is_told_and_nothing_is_lost(
    world, chair, session, scanned, code, words
):
    answer = saved(world, chair, session, scan=code, note="typed")

    assert answer.status_code == 422
    assert words in text(answer)
    assert "typed" in text(answer)
    assert kept(chair, session) == ()


@pytest.mark.parametrize("code", ["V-3", "10V-3"])
def test_a_number_that_lots_of_two_products_have_is_not_guessed(world, chair, session, code):
    factories.a_lot(chair.db, name="x", kind=chair_kind(chair)).lot_no = "V-3"
    chair.db.flush()

    answer = saved(world, chair, session, scan=code)

    assert answer.status_code == 422
    assert "Several products have a lot of this number" in text(answer)
    assert kept(chair, session) == ()


def test_a_stopped_lot_is_not_chosen_by_its_code(world, chair, session):
    catalog.recall(chair.db, chair.actor(), chair.vitamins.id, "Letter")

    answer = saved(world, chair, session, scan="V-3")

    assert answer.status_code == 422
    assert "Lot V-3 must not be used: recalled" in text(answer)


def test_a_ninth_lot_has_no_row(world, chair, session):
    rows = {
        f"lot_{n}": str(factories.a_lot(chair.db, name=f"Mix {n}", kind=chair_kind(chair)).id)
        for n in range(1, 9)
    }

    answer = saved(world, chair, session, **rows, scan="V-3")

    assert answer.status_code == 422
    assert "All rows are taken" in text(answer)


# -------------------------------------------------------------------------------- times


def test_the_times_of_mixing_and_opening_are_the_clinics_wall_time(world, chair, session):
    changes = {"lot_1": str(chair.vitamins.id), "amount_1": "1,5", "opened_1": "9:40"}
    assert saved(world, chair, session, **changes, mixed="09:50").status_code == 303

    chair.db.expire_all()
    stored = record.content_of(queries.get(chair.db, session.id))
    assert stored.lots[0] == LotAmount(
        lot_id=chair.vitamins.id, amount_ul=1_500, opened_at=NOW - dt.timedelta(minutes=20)
    )
    assert stored.mixed_at == NOW - dt.timedelta(minutes=10)
    page = text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))
    assert 'value="09:40"' in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mixed": "10:01"}, "This time has not come yet"),
        ({"mixed": "05:59"}, "Mixed 241 minutes before the injection"),
        ({"mixed": "25:00"}, "Enter a time such as 14:30"),
        ({"opened_1": "09:00"}, "Choose the lot whose vial was opened then"),
        ({"amount_1": "1"}, "Choose the lot that this amount belongs to"),
        ({"lot_1": "9" * 12}, "Choose one of the list"),
        ({"lot_1": "1v1"}, "Choose one of the list"),
    ],
)
def test_what_cannot_be_is_refused_at_the_field(world, chair, session, changes, words):
    answer = saved(world, chair, session, **changes)

    assert answer.status_code == 422
    assert words in text(answer)


def test_an_opened_vial_is_offered_before_a_new_one_and_kept(world, chair, session):
    chair.db.get_one(Product, chair.vitamins.product_id).open_hours = 24
    vial = OpenedVial(
        lot_id=chair.vitamins.id,
        location_id=world.location.id,
        session_id=session.id,
        opened_at=NOW - dt.timedelta(hours=3),
    )
    chair.db.add(vial)
    chair.db.flush()
    value = f"{chair.vitamins.id}v{vial.id}"
    page = text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))
    assert page.index(f'<option value="{value}"') < page.index(
        f'<option value="{chair.vitamins.id}"'
    )

    assert saved(world, chair, session, lot_1=value, amount_1="1").status_code == 303

    assert kept(chair, session)[0].vial_id == vial.id
    page = text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))
    assert f'selected value="{value}"' in page


# ------------------------------------------------------------------------- looked over


def looked(world, chair, session, **changes):
    form = written(session, **changes)
    return world.as_role(Role.NURSE).post(f"/sessions/{session.id}/mix", form)


def test_what_the_rules_say_is_told_as_soon_as_a_lot_is_chosen(world, chair, session):
    changes = {"lot_1": str(chair.lidocaine.id), "amount_1": "11,71", "weight": "52"}
    answer = looked(world, chair, session, **changes, weight_on="2026-11-20")

    assert answer.status_code == 200
    assert "234.2 mg is too much for 52 kg: at most 234 mg (11.7 mL)" in text(answer)
    assert kept(chair, session) == ()

    answer = looked(
        world, chair, session, **{**changes, "amount_1": "11.7"}, weight_on="2026-11-20"
    )
    assert "too much" not in text(answer)
    assert ">234<" in text(answer)


def test_an_allergy_is_told_as_soon_as_its_ingredient_is_chosen(world, chair):
    visit = chair.book(dt.datetime(2026, 11, 23, 15, 0), chair.mesotherapy)
    session = chair.begin(visit=visit)
    product = chair.db.get_one(Product, chair.vitamins.product_id)
    product.ingredient = "biotin"
    product.strength_ug_per_ml = 5_000
    chair.knows(FactKind.ALLERGY, "biotin", label="Biotin")
    chair.db.flush()

    meso = looked(world, chair, session, lot_1=str(chair.vitamins.id), amount_1="1")

    assert meso.status_code == 200
    assert "Hair mix must not be used" in text(meso)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_1": "x", "weight": "?"},
        {"lot_1": "999999", "amount_1": "1"},
        {"points": "{}"},
        {"lot_1": "1v99", "opened_1": "99:99"},
    ],
)
def test_a_look_at_nonsense_is_no_failure(world, chair, session, changes):
    assert looked(world, chair, session, **changes).status_code == 200


def test_only_who_writes_a_session_looks_at_its_mixture(world, chair, session):
    form = written(session)

    for role in (Role.RECEPTIONIST, Role.ADMINISTRATOR):
        assert world.as_role(role).post(f"/sessions/{session.id}/mix", form).status_code == 403
    assert world.as_role(Role.NURSE).post("/sessions/999999/mix", form).status_code == 404
