"""A kit is scanned: its lot is chosen, its preset filled in, and nothing is guessed."""

import datetime as dt

import pytest

from clinic.catalog.models import Product, ProductLot, ProductPack
from clinic.catalog.values import LotState
from clinic.core.access import Role
from clinic.treatments import record
from clinic.treatments.preparation_models import KitPreset
from clinic.treatments.preparation_values import Kit, Preparation
from clinic.treatments.queries import sessions as queries
from tests.papers.reading import plain as words_of
from tests.treatments.conftest import NEXT_YEAR
from tests.treatments.pages import hidden, text

GTIN, OTHER = "04012345000016", "04012345000023"
UDI = f"(01){GTIN}(17)271130(10)K-17"


@pytest.fixture
def kit(chair, db):
    product = db.get_one(Product, chair.kit.product_id)
    db.add(ProductPack(product_id=product.id, gtin=GTIN))
    db.add(
        KitPreset(
            name="Two spins",
            product_id=product.id,
            blood_ul=20_000,
            spins=[{"rcf_g": 100, "minutes": 10}],
        )
    )
    db.flush()
    return chair.kit


@pytest.fixture
def nurse(world):
    return world.as_role(Role.NURSE)


def scanned(chair, nurse, session, code: str, **changes: str):
    url = f"/sessions/{session.id}/preparation"
    version = hidden(text(nurse.get(url)), "version")
    return nurse.post(url, {"version": version, "scan": code, **changes})


def kept(chair, session) -> Preparation:
    chair.db.expire_all()
    return record.preparation_of(queries.get(chair.db, session.id))


@pytest.mark.parametrize(
    ("code", "udi"),
    [
        (UDI, UDI),
        (f"]d201{GTIN}1727113010K-17", UDI),
        (f"]d201{GTIN}1727113010K-17\x1d21A7", f"{UDI}(21)A7"),
        ("k-17", ""),
        (GTIN, f"(01){GTIN}"),
    ],
)
def test_one_scan_chooses_the_lot_and_fills_in_the_preset(chair, nurse, kit, code, udi):
    session = chair.begin()

    assert scanned(chair, nurse, session, code).status_code == 303

    found = kept(chair, session)
    assert found.kits == (Kit(lot_id=kit.id, udi=udi),)
    assert (found.blood_ul, found.spins[0].rcf_g) == (20_000, 100)


def test_what_was_typed_before_the_scan_stays(chair, nurse, kit):
    session = chair.begin()
    assert scanned(chair, nurse, session, UDI, blood="18", minutes_1="12").status_code == 303

    found = kept(chair, session)
    assert (found.blood_ul, found.spins[0].minutes, found.spins[0].rcf_g) == (18_000, 12, 100)


def test_a_scan_replaces_the_lot_that_was_proposed_and_no_word_that_was_typed(
    chair, nurse, kit, db
):
    later = ProductLot(product_id=kit.product_id, lot_no="K-18", expires_on=NEXT_YEAR)
    db.add(later)
    preset = db.query(KitPreset).one()
    db.flush()
    session = chair.begin()
    typed = {"kit_1": str(kit.id), "preset": str(preset.id), "blood": "18"}

    assert scanned(chair, nurse, session, "K-18", **typed).status_code == 303

    found = kept(chair, session)
    assert (found.kits, found.blood_ul) == ((Kit(lot_id=later.id),), 18_000)
    again = {**typed, "kit_1": str(later.id)}
    assert scanned(chair, nurse, session, "K-18", **again).status_code == 303
    assert kept(chair, session).kits == found.kits


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (f"(01){GTIN}(17)271129(10)K-17", "The pack says 2027-11-29, the list 2027-11-30"),
        (f"(01){GTIN}(17)271130(10)K-99", "No product or lot on the list has this code"),
        (f"(01){OTHER}(10)K-17", "No product or lot on the list has this code"),
        ("hello", "This is no barcode of a pack"),
        ("4012345000017", "The last digit of the product number is wrong"),
    ],
)
def test_what_is_not_the_kit_is_said_at_the_field_and_nothing_is_lost(
    chair, nurse, kit, code, words
):
    session = chair.begin()

    answer = scanned(chair, nurse, session, code, blood="18")

    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="18"' in text(answer)
    assert kept(chair, session) == Preparation()


def test_a_kit_that_must_not_be_used_is_not_taken(chair, nurse, kit, db):
    kit.state, kit.state_reason = LotState.RECALLED, "By its maker"
    db.flush()

    answer = scanned(chair, nurse, chair.begin(), UDI)

    assert answer.status_code == 422
    assert "Lot K-17 must not be used: recalled" in text(answer)


def test_of_two_presets_none_is_guessed(chair, nurse, kit, db):
    db.add(KitPreset(name="One spin", product_id=kit.product_id, blood_ul=30_000))
    db.flush()
    session = chair.begin()

    assert scanned(chair, nurse, session, UDI).status_code == 303
    found = kept(chair, session)
    assert (found.kits, found.blood_ul) == ((Kit(lot_id=kit.id, udi=UDI),), None)


def test_the_record_says_what_was_scanned_not_what_the_list_has(chair, nurse, kit, db):
    db.add(ProductPack(product_id=kit.product_id, gtin=OTHER, holds_milli=10_000))
    db.flush()
    session = chair.begin()
    outer = f"(01){OTHER}(10)K-17"
    scanned(chair, nurse, session, outer)
    # The card is saved again without another scan: the code is still known.
    version = hidden(text(nurse.get(f"/sessions/{session.id}/preparation")), "version")
    codes = hidden(text(nurse.get(f"/sessions/{session.id}/preparation")), "codes")
    url = f"/sessions/{session.id}/preparation"
    sent = {"version": version, "codes": codes, "kit_1": str(kit.id), "blood": "21"}
    assert nurse.post(url, sent).status_code == 303
    assert kept(chair, session).kits == (Kit(lot_id=kit.id, udi=outer),)

    chair.prepare(session, chair.blood(kits=kept(chair, session).kits), reason="x")
    chair.sign(queries.get(db, session.id))

    page = words_of(text(nurse.get(f"/sessions/{session.id}")))
    assert f"UDI scanned: {outer}" in page
    assert GTIN not in page


def test_without_a_scan_the_record_names_the_only_pack_and_of_several_none(chair, nurse, kit, db):
    session = chair.begin()
    chair.prepare(session)
    url = f"/sessions/{session.id}"
    one = chair.sign(session)
    assert f"GTIN on the list: {GTIN}" in words_of(text(nurse.get(url)))
    assert one.as_signed["labels"]["101"]["gtin"] == GTIN


@pytest.mark.parametrize(
    "codes", ["x", "1=", "=(01)", f"{10**12}=(01){GTIN}", "{id}=(01)" + OTHER, "{id}=(01)"]
)
def test_a_code_that_is_not_of_the_lot_is_none(chair, nurse, kit, codes):
    session = chair.begin()
    sent = {"kit_1": str(kit.id), "codes": codes.format(id=kit.id)}
    assert scanned(chair, nurse, session, "", **sent).status_code == 303
    assert kept(chair, session).kits == (Kit(lot_id=kit.id),)


# ------------------------------------------------------------------------- the preset


def test_a_barcode_chooses_the_product_of_a_preset(chair, world, kit, db):
    administrator = world.as_role(Role.ADMINISTRATOR)
    sent = administrator.post("/clinic/kits/new", {"name": "Scanned", "udi": UDI})

    assert sent.status_code == 303
    row = db.query(KitPreset).filter_by(name="Scanned").one()
    assert row.product_id == kit.product_id
    assert f"UDI/GTIN {GTIN}" in text(administrator.get("/clinic/kits"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"udi": f"(01){OTHER}"}, f"No kit of the list has the number {OTHER}"),
        ({"udi": "(10)K-17"}, "This barcode names no product"),
        ({"udi": "hello"}, "This is no barcode of a pack"),
    ],
)
def test_a_barcode_of_no_kit_is_said_at_the_field(chair, world, kit, changes, words):
    administrator = world.as_role(Role.ADMINISTRATOR)

    answer = administrator.post("/clinic/kits/new", {"name": "Scanned", **changes})

    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="Scanned"' in text(answer)


def test_a_barcode_of_another_product_than_the_chosen_one_is_refused(chair, world, kit, db):
    other = Product(code="other", name="Other kit", kind=kit_kind(db, kit))
    db.add(other)
    db.flush()
    data = {"name": "Scanned", "udi": UDI, "product": str(other.id)}

    answer = world.as_role(Role.ADMINISTRATOR).post("/clinic/kits/new", data)

    assert answer.status_code == 422
    assert "This barcode is of Angel kit" in text(answer)


def kit_kind(db, kit):
    return db.get_one(Product, kit.product_id).kind


def test_an_old_pack_is_told_apart_by_its_century(chair, nurse, kit, db):
    kit.expires_on = dt.date(2026, 12, 31)
    db.flush()

    assert scanned(chair, nurse, chair.begin(), f"(01){GTIN}(17)261200(10)K-17").status_code == 303
