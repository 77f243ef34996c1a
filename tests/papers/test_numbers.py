"""Numbers on paper: written as the patient's language writes them, never another number."""

import pytest
from flask_babel import force_locale

from clinic.catalog.models import Product
from clinic.core.access import Role
from clinic.papers import pieces
from clinic.safety.values import Message
from clinic.treatments.service import mixing
from clinic.treatments.values import LotAmount
from tests.papers.reading import text_of
from tests.treatments.conftest import some_sites


@pytest.mark.parametrize(
    ("locale", "weight", "each", "strength"),
    [
        ("en", "52.5 kg", "0.05 mL", "7.25 mg/mL"),
        ("de", "52,5 kg", "0,05 mL", "7,25 mg/mL"),
        ("ar", "52.5", "0.05", "7.25"),  # A reader of text guesses the order of the units.
    ],
)
def test_decimals_are_written_as_the_language_writes_them(
    world, db, chair, locale, weight, each, strength
):
    chair.alice.language = locale
    db.get_one(Product, chair.vitamins.product_id).strength_ug_per_ml = 7_250
    session = chair.prepared()
    content = chair.whole(
        sites=some_sites(80, volume_ul=50),
        weight_g=52_500,
        weight_on=chair.visit.starts_local.date(),
        lots=(LotAmount(lot_id=chair.vitamins.id, amount_ul=1_500),),
    )
    chair.sign(session, content)

    data = world.as_role(Role.NURSE).get(f"/sessions/{session.id}/record.pdf").data

    text = text_of(data)
    for fact in (weight, each, strength):
        assert fact in text, fact
    if locale == "de":
        assert "0.05" not in text


@pytest.mark.parametrize(("locale", "sign"), [("en", "."), ("de", ","), ("ar", ".")])
def test_a_sentence_takes_the_sign_and_a_number_of_a_lot_keeps_its_own(app, locale, sign):
    message = Message(
        msgid=mixing.SHORT,
        values=(("lot", "12.5"), ("left", "1.25"), ("wanted", "2")),
    )
    with app.test_request_context(), force_locale(locale):
        said = pieces.told(message)
        assert "12.5" in said
        assert f"1{sign}25" in said
        assert pieces.decimals("1.05 × 10⁹, 0.5 %") == f"1{sign}05 × 10⁹, 0{sign}5 %"
