"""A signed session says for ever what was said on the day, whatever is renamed after it."""

import datetime as dt
import re
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from clinic.accounts.models import Account
from clinic.catalog.models import Product, ProductLot, ProductPack, Service
from clinic.catalog.values import RegulatoryClass, ResourceKind
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.zones import Zone
from clinic.papers import queries as papers
from clinic.papers import session_sheet
from clinic.patients.models import Patient
from clinic.safety.models import Release
from clinic.scheduling.models import Resource
from clinic.treatments import judging, named, record
from clinic.treatments.delivery import KeepProtocol, MeasureZones
from clinic.treatments.models import LotUse, ProtocolDose, TreatmentSession
from clinic.treatments.preparation_models import KitPreset
from clinic.treatments.preparation_values import Kit
from clinic.treatments.queries import named as named_queries
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules import limits, signing
from clinic.treatments.service import areas, protocol
from clinic.treatments.service import sessions as service
from clinic.treatments.values import AddAddendum, LotAmount
from tests import factories
from tests.papers.reading import plain, text_of
from tests.treatments.cases import A_DOSE
from tests.treatments.conftest import TODAY, some_sites
from tests.treatments.pages import text

GTIN = "04012345000016"
UDI = f"(01){GTIN}(17)271130(10)K-17(21)A7"
VERTEX = replace(A_DOSE, each_ul=150, least_ul=3_500, most_ul=4_500)


@pytest.fixture
def signed(chair, db):
    """A signed session with everything that has a name."""
    for lot in (chair.kit, chair.vitamins):
        product = db.get_one(Product, lot.product_id)
        product.manufacturer = f"Maker of {product.name}"
        product.regulatory_class = RegulatoryClass.DEVICE_IIA
        product.strength_ug_per_ml = 7_000
    db.add(ProductPack(product_id=chair.vitamins.product_id, gtin=GTIN))
    machine = factories.a_resource(
        db, location=chair.world.location, kind=ResourceKind.DEVICE, name="Old spinner"
    )
    preset = KitPreset(name="Old preset", product_id=chair.kit.product_id)
    db.add(preset)
    db.flush()
    wish = KeepProtocol(
        service_id=chair.prp.id,
        version=db.get_one(Service, chair.prp.id).version,
        doses=(VERTEX,),
    )
    protocol.keep(db, chair.actor(Role.ADMINISTRATOR), wish)
    measured = MeasureZones(
        patient_id=chair.alice.id, measured_on=TODAY, areas=((Zone.VERTEX, 5_000),)
    )
    areas.measure(db, chair.actor(), measured)
    session = chair.begin()
    blood = chair.blood(
        kits=(Kit(lot_id=chair.kit.id, udi=UDI),), preset_id=preset.id, centrifuge_id=machine.id
    )
    chair.prepare(session, blood)
    lots = (LotAmount(lot_id=chair.vitamins.id, amount_ul=1_000),)
    db.add(
        Release(
            appointment_id=chair.visit.id,
            author_id=chair.actor().id,
            rule_code="r",
            rule_version=1,
            fingerprint="f",
            reason="Weighed and talked over",
            at=clock.now(),
        )
    )
    made = chair.sign(session, chair.whole(lots=lots))
    wish = AddAddendum(session_id=made.id, body="More.", reason="Late", form_key="k" * 20)
    service.add(db, chair.actor(), wish)
    return made


RENAMED = {
    "products": sa.update(Product).values(
        name="NEW",
        manufacturer="NEW",
        regulatory_class=RegulatoryClass.COSMETIC,
        strength_ug_per_ml=1,
    ),
    "packs": sa.update(ProductPack).where(ProductPack.gtin == GTIN).values(gtin="00000000000017"),
    "lots": sa.update(ProductLot)
    .where(ProductLot.lot_no == "K-17")
    .values(lot_no="NEW", expires_on=dt.date(2030, 1, 1)),
    "preset": sa.update(KitPreset).values(name="NEW"),
    "centrifuge": sa.update(Resource).where(Resource.name == "Old spinner").values(name="NEW"),
    "people": sa.update(Account).values(name="NEW"),
    "service": sa.update(Service).values(name="NEW"),
    "protocol": sa.update(ProtocolDose).values(least_ul=1, most_ul=2, depth_um=300, points=1),
    "no protocol": sa.delete(ProtocolDose),
}


def page_of(world, session):
    """The words of the page's main part, without what each page makes anew."""
    page = text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}"))
    main = re.search(r"<main.*</main>", page, re.DOTALL)
    assert main
    return plain(re.sub(r"<input[^>]*>", "", main[0]))


def paper_of(world, session):
    return text_of(world.as_role(Role.NURSE).get(f"/sessions/{session.id}/record.pdf").data)


def stored(db, session):
    db.expire_all()
    return queries.get(db, session.id)


@pytest.mark.parametrize("what", RENAMED)
def test_whatever_is_renamed_page_paper_and_hash_stay_as_signed(world, db, signed, what):
    page, paper = page_of(world, signed), paper_of(world, signed)

    assert db.execute(RENAMED[what]).rowcount
    db.flush()

    assert page_of(world, signed) == page
    assert paper_of(world, signed) == paper
    assert record.is_intact(stored(db, signed))


def test_page_and_paper_say_what_was_on_the_packs_and_what_the_protocol_said(world, signed):
    page, paper = page_of(world, signed), paper_of(world, signed)

    for fact in (
        "Angel kit",
        "Maker of Angel kit",
        "Medical device, class IIa",
        "7 mg/mL",
        "K-17",
        f"UDI scanned: {UDI}",
        f"GTIN on the list: {GTIN}",
        "Old preset",
        "Old spinner",
        "Weighed and talked over",
        "within it",
        "0.08",
        "The protocol is as it was at the signature.",
        "The protocol is the clinic’s own.",
    ):
        assert fact in page, fact
        # A code is broken over the lines of its column.
        assert fact.replace(" ", "") in paper.replace(" ", ""), fact
    assert "protocol 3.50–4.50" in page
    for fact in ("3.5–4.5 mL", "20 × 0.15 mL, 2.5 mm, 31 G × 6 mm, Nappage", "usual 0.05 to 0.1"):
        assert fact in paper, fact


def test_a_paper_says_under_which_name_it_was_signed_and_the_name_of_today(world, db, signed):
    before = paper_of(world, signed)
    was = f"{signed.as_signed['patient']}"
    assert f"Patient {was}" in before

    change = sa.update(Patient).values(family_name="Adeyemi", birth_date=dt.date(1990, 1, 2))
    db.execute(change)
    db.flush()

    paper = paper_of(world, signed)
    assert f"Patient {was}" in paper
    assert "Today" in paper
    assert "Adeyemi" in paper
    assert was in page_of(world, signed)
    assert record.is_intact(stored(db, signed))


def test_a_session_of_another_zone_area_noted_later_stays_as_signed(world, db, chair, signed):
    paper = paper_of(world, signed)
    later = MeasureZones(
        patient_id=chair.alice.id, measured_on=TODAY, areas=((Zone.VERTEX, 1_000),)
    )
    areas.measure(db, chair.actor(), later)

    assert paper_of(world, signed) == paper


def test_what_was_ticked_as_unusual_is_said_in_words_and_not_by_limits_of_later(world, db, chair):
    session = chair.prepared()
    odd = chair.whole(sites=some_sites(10), soft_limits_accepted=True)
    judged = judging.judge(db, chair.actor(), queries.get(db, session.id), odd)
    assert judged.unusual
    signed = chair.sign(session, odd)

    kept = named_queries.of(db, stored(db, signed)).unusual
    assert kept == tuple(breach.sentence for breach in judged.unusual)
    for words in ("10 points; a session usually has 20 to 150", "checked and accepted"):
        assert words in page_of(world, signed)
        assert words in paper_of(world, signed)


def test_a_draft_says_what_is_named_today(world, db, chair):
    session = chair.prepared()
    db.execute(sa.update(Product).values(name=Product.code))
    db.flush()

    assert "Angel kit" not in paper_of(world, session)
    assert session.as_signed is None


def test_a_session_signed_before_reads_as_it_did_and_says_whose_names_these_are(world, db, signed):
    """Under the third format neither the names nor what was scanned were kept or signed."""
    session = stored(db, signed)
    people = session.as_signed["people"]
    with db.no_autoflush:
        db.expunge(session)
        session.as_signed, session.content_format = None, 3
        session.content_hash = signing.content_hash(record.canonical_text(session))
        assert record.is_intact(session)
        found = named_queries.of(db, session)

    assert not found.is_kept
    assert found.labels[101].product == "Angel kit"
    assert found.people[session.performer_id] == people[str(session.performer_id)]
    assert (found.protocol.doses, found.per_cm2) == ({}, None), "today's was not in force then"


def test_the_paper_of_a_session_signed_before_says_so_and_compares_with_nothing(app, chair, signed):
    whole = papers.session_record(chair.db, chair.actor(), signed.id)
    before = replace(whole, named=named.without_limits(whole.named))

    with app.test_request_context():
        text = text_of(session_sheet.drawn(before))

    assert "Angel kit" in text
    assert "Signed before names were kept" in text
    assert "not kept then" in text
    for words in ("within it", "usual 0.05", "The protocol is"):
        assert words not in text, words


def test_the_hash_stands_for_every_name(db, signed):
    session = stored(db, signed)
    db.expunge(session)
    kept = dict(session.as_signed)
    for key, value in kept.items():
        session.as_signed = {**kept, key: [value, "other"]}
        assert not record.is_intact(session), key
    session.as_signed = kept
    assert record.is_intact(session)
    session.lots[0].udi = "(01)00000000000017"
    assert not record.is_intact(session)


@pytest.mark.parametrize("kept", [{}, {"labels": []}, {"heading": None}])
def test_names_that_somebody_broke_around_the_lock_fail_no_page(db, signed, kept):
    session = stored(db, signed)
    db.expunge(session)
    session.as_signed = kept

    assert named.read(kept) is None
    assert named_queries.of(db, session).labels[101].product == "Angel kit"
    assert not record.is_intact(session)


def test_what_is_kept_is_read_as_it_was(db, signed):
    session = stored(db, signed)
    found = named_queries.of(db, session)

    assert replace(found, unusual=()) == named_queries.today(db, session)
    assert named.plain_of(found) == session.as_signed
    assert found.protocol.doses == {Zone.VERTEX: VERTEX}
    assert found.per_cm2 == limits.PER_CM2


@pytest.mark.parametrize(
    "change",
    [
        sa.update(TreatmentSession).values(as_signed={}),
        sa.update(TreatmentSession).values(as_signed=None),
        sa.update(LotUse).values(udi=None),
        sa.text("UPDATE addendum SET author_name = 'x'"),
        sa.text("UPDATE treatment_session SET as_signed = NULL"),
        sa.text("DELETE FROM lot_use"),
    ],
    ids=str,
)
def test_the_database_itself_refuses_to_change_what_was_kept(db, signed, change):
    with pytest.raises(DBAPIError), db.begin_nested():
        db.execute(change)
