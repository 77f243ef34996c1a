"""Keeping blood and PRP: who did what and when, beside the map, until the signature."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog import service as catalog
from clinic.catalog.models import Product, ProductLot
from clinic.catalog.values import ProductKind, ResourceKind
from clinic.core.access import Role
from clinic.core.errors import NotFound, StaleEdit
from clinic.safety.values import FactKind
from clinic.treatments import record
from clinic.treatments.preparation_values import Act, Activation, Brake, Kit, Preparation, Spin
from clinic.treatments.queries import sessions as queries
from clinic.treatments.service import sessions as service
from clinic.treatments.values import Content, LotAmount, LotRole, SessionState
from tests import factories
from tests.conftest import NOW
from tests.treatments.conftest import NEXT_YEAR, TODAY, some_sites


def stored(chair, session):
    chair.db.expire_all()
    return queries.get(chair.db, session.id)


def ago(minutes: int) -> dt.datetime:
    return NOW - dt.timedelta(minutes=minutes)


@pytest.fixture
def calcium(chair):
    """A lot of calcium chloride."""
    product = Product(
        code="cacl2", name="Calcium chloride", kind=ProductKind.DRUG, ingredient="calcium"
    )
    chair.db.add(product)
    chair.db.flush()
    lot = ProductLot(product_id=product.id, lot_no="C-9", expires_on=NEXT_YEAR)
    chair.db.add(lot)
    chair.db.flush()
    return lot


# ------------------------------------------------------------------------------- keeping


def test_only_a_prp_begins_with_its_preparation(chair):
    visit = chair.book(dt.datetime(2026, 11, 23, 15, 0), chair.mesotherapy)
    mixed = chair.begin(visit=visit)
    assert queries.get(chair.db, mixed.id).preparation is None
    chair.sign(
        mixed,
        chair.whole(
            lots=(LotAmount(lot_id=chair.vitamins.id, amount_ul=4_000),),
            sites=some_sites(40, volume_ul=100),
        ),
    )

    assert chair.row(chair.begin())


def test_what_is_kept_comes_back_whole(chair, calcium):
    session = chair.begin()
    content = chair.blood(
        drawn_at=ago(40),
        spins=(
            Spin(rcf_g=100, minutes=10, started_at=ago(38), ended_at=ago(28)),
            Spin(rcf_g=400, minutes=10, started_at=ago(26)),
        ),
        activation=Activation.CACL2,
        activator_ul=500,
        activator_lot_id=calcium.id,
        base_platelets_e6l=250_000,
    )
    chair.prepare(session, content)

    found = stored(chair, session)
    assert record.preparation_of(found) == content
    assert [(use.seq, use.role, use.amount_ul) for use in found.lots] == [
        (101, LotRole.KIT, None),
        (102, LotRole.ACTIVATOR, 500),
    ]
    assert set(queries.lots_of(chair.db, session.id)) == {chair.kit.id, calcium.id}


def test_nurse_and_physician_write_at_once_and_never_meet(chair):
    session = chair.begin()
    seen, prepared = session.version, chair.row(session).version

    chair.save(session, Content(note="map"), Role.PHYSICIAN, version=seen)
    chair.prepare(session, version=prepared)
    chair.save(session, Content(note="map again"), Role.PHYSICIAN, version=seen + 1)

    found = stored(chair, session)
    assert found.note == "map again"
    assert found.preparation.prp_ul == 5_000
    assert [use.role for use in found.lots] == [LotRole.KIT]


def test_each_time_has_the_name_of_who_brought_it(chair):
    session = chair.begin()
    drawn = chair.blood(drawn_at=ago(30))
    chair.prepare(session, drawn)
    chair.prepare(session, replace(drawn, prp_ul=4_500, obtained_at=ago(5)), Role.PHYSICIAN)

    row = stored(chair, session).preparation
    nurse, physician = chair.actor(Role.NURSE).id, chair.actor(Role.PHYSICIAN).id
    assert (row.drawn_by_id, row.obtained_by_id) == (nurse, physician)
    chair.prepare(session, replace(drawn, drawn_at=None, prp_ul=4_500), reason="Not drawn yet")
    row = stored(chair, session).preparation
    assert (row.drawn_at, row.drawn_by_id, row.obtained_by_id) == (None, None, None)


def test_a_time_that_was_kept_is_corrected_with_a_reason_in_the_trail(chair, db):
    session = chair.begin()
    spun = Spin(rcf_g=400, minutes=10, started_at=ago(20))
    kept = chair.blood(drawn_at=ago(30), spins=(spun,))
    chair.prepare(session, kept)
    changed = replace(kept, drawn_at=ago(29), spins=(replace(spun, started_at=None),))

    with pytest.raises(service.ContentRefused) as refused:
        chair.prepare(session, changed)
    assert [breach.field for breach in refused.value.breaches] == ["reason"]
    assert record.preparation_of(stored(chair, session)) == kept
    ended = replace(kept, spins=(replace(spun, ended_at=ago(10)),), obtained_at=ago(5))
    chair.prepare(session, ended)
    chair.prepare(session, changed, Role.PHYSICIAN, reason="The clock of the room was wrong")

    row = stored(chair, session).preparation
    assert (row.drawn_at, row.drawn_by_id) == (ago(29), chair.actor(Role.PHYSICIAN).id)
    last = sa.select(AuditEvent.detail).where(AuditEvent.action == "prp_preparation.saved")
    detail = db.scalars(last.order_by(AuditEvent.id.desc()).limit(1)).one()
    assert detail["reason"] == "The clock of the room was wrong"
    assert detail["corrected"]["drawn_at"] == [ago(30).isoformat(), ago(29).isoformat()]
    assert set(detail["corrected"]) == {"drawn_at", "started_1", "ended_1", "obtained_at"}


def test_a_spin_is_started_and_stopped_at_the_servers_time(chair, clock):
    session = chair.begin()
    content = chair.blood(prp_ul=None, spins=(Spin(rcf_g=400, minutes=10),))
    chair.prepare(session, content, act=Act.START_1)
    clock(NOW + dt.timedelta(minutes=12))
    kept = record.preparation_of(stored(chair, session))
    chair.prepare(session, kept, Role.PHYSICIAN, act=Act.STOP_1)

    (spin,) = stored(chair, session).spins
    assert (spin.started_at, spin.ended_at) == (NOW, NOW + dt.timedelta(minutes=12))
    assert (spin.started_by_id, spin.ended_by_id) == (
        chair.actor(Role.NURSE).id,
        chair.actor(Role.PHYSICIAN).id,
    )


def test_a_second_press_of_the_same_button_changes_nothing(chair):
    session = chair.begin()
    seen = chair.row(session).version
    first = chair.prepare(session, Preparation(), act=Act.START_1)
    began = stored(chair, session).spins[0].started_at
    version = first.version

    again = chair.prepare(session, Preparation(), act=Act.START_1, version=seen)

    assert again.version == version
    assert stored(chair, session).spins[0].started_at == began


def test_a_stale_save_is_refused(chair):
    session = chair.begin()
    seen = chair.row(session).version
    chair.prepare(session)

    with pytest.raises(StaleEdit):
        chair.prepare(session, chair.blood(prp_ul=4_500), version=seen)
    assert stored(chair, session).preparation.prp_ul == 5_000


def test_revolutions_are_kept_as_g(chair):
    session = chair.begin()
    chair.prepare(session, chair.blood(spins=(Spin(rpm=3_000, radius_mm=100, minutes=15),)))

    (spin,) = stored(chair, session).spins
    assert (spin.rcf_g, spin.rpm, spin.radius_mm) == (1_006, 3_000, 100)


def test_the_centrifuge_says_its_own_radius_and_when_its_service_was_due(chair):
    session = chair.begin()
    machine = factories.a_resource(
        chair.db,
        location=chair.world.location,
        kind=ResourceKind.DEVICE,
        radius_mm=85,
        service_due_on=TODAY - dt.timedelta(days=1),
    )
    spun = Spin(rpm=3_000, radius_mm=100, minutes=15, temperature_c=20, brake=Brake.OFF)
    chair.prepare(session, chair.blood(centrifuge_id=machine.id, spins=(spun,)))

    kept = record.preparation_of(stored(chair, session))
    assert kept.spins == (replace(spun, radius_mm=85, rcf_g=855),)
    assert kept.centrifuge_due_on == machine.service_due_on
    with pytest.raises(service.Unaccepted):
        chair.sign(session)
    chair.prepare(session, replace(kept, centrifuge_id=None))
    assert record.preparation_of(stored(chair, session)).centrifuge_due_on is None


def test_a_centrifuge_of_another_place_is_not_taken(chair):
    session = chair.begin()
    elsewhere = factories.a_resource(
        chair.db, location=factories.a_location(chair.db), kind=ResourceKind.DEVICE, radius_mm=85
    )
    chair.prepare(session, chair.blood(centrifuge_id=elsewhere.id))

    assert record.preparation_of(stored(chair, session)).centrifuge_id is None


def test_a_session_elsewhere_or_without_blood_has_no_preparation(chair):
    session = chair.begin()
    session.location_id = factories.a_location(chair.db).id
    chair.db.flush()

    with pytest.raises(NotFound):
        chair.prepare(session)


# --------------------------------------------------------------------------------- lots


def refusal(chair, session, **changes):
    with pytest.raises(service.ContentRefused) as refused:
        chair.prepare(session, chair.blood(**changes))
    return [(breach.code, breach.field) for breach in refused.value.breaches]


def test_a_kit_that_must_not_be_used_is_refused(chair):
    session = chair.begin()
    catalog.quarantine(chair.db, chair.actor(), chair.kit.id, "Cracked")

    assert refusal(chair, session) == [("lot_unusable", "kit_1")]


def test_only_a_kit_is_a_kit_and_only_once(chair, calcium):
    session = chair.begin()

    assert refusal(chair, session, kits=(Kit(lot_id=calcium.id),)) == [("no_kit", "kit_1")]
    assert refusal(chair, session, kits=(Kit(lot_id=999_999),)) == [("lot_gone", "kit_1")]
    twice = (Kit(lot_id=chair.kit.id), Kit(lot_id=chair.kit.id, pieces=2))
    assert refusal(chair, session, kits=twice) == [("lot_twice", "kit_2")]


def test_an_activator_is_what_was_chosen(chair, calcium):
    session = chair.begin()
    wrong = {"activation": Activation.THROMBIN, "activator_lot_id": calcium.id}

    assert refusal(chair, session, **wrong) == [("other_activator", "activator_lot")]


def test_an_activator_the_patient_is_allergic_to_is_refused(chair, calcium):
    session = chair.begin()
    chair.knows(FactKind.ALLERGY, "calcium_chloride", label="Calcium")
    added = {"activation": Activation.CACL2, "activator_lot_id": calcium.id, "activator_ul": 500}

    assert refusal(chair, session, **added) == [("lot_barred", "activator_lot")]


def test_a_kit_recalled_since_it_was_kept_keeps_the_session_from_being_signed(chair):
    session = chair.prepared()
    catalog.recall(chair.db, chair.actor(), chair.kit.id, "Called back by its maker")

    with pytest.raises(service.ContentRefused) as refused:
        chair.sign(session)
    assert [b.field for b in refused.value.breaches] == ["kit_1", "outside_given"]


# ----------------------------------------------------------------- with the map, and after


def test_no_more_is_injected_than_prp_and_activator_together(chair, calcium):
    session = chair.begin()
    chair.prepare(
        session,
        chair.blood(
            prp_ul=3_500,
            activation=Activation.CACL2,
            activator_ul=499,
            activator_lot_id=calcium.id,
        ),
    )
    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, chair.whole())
    assert [b.code for b in refused.value.breaches] == ["more_than_there_was"]

    kept = record.preparation_of(queries.get(chair.db, session.id))
    chair.prepare(session, replace(kept, activator_ul=500))
    chair.save(session, chair.whole())


def test_blood_of_more_than_four_hours_is_not_injected_but_can_be_broken_off(chair):
    session = chair.begin()
    chair.prepare(session, chair.blood(drawn_at=ago(241)))

    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, chair.whole())
    assert [b.code for b in refused.value.breaches] == ["to_injection"]
    ended = chair.abort(session, Content(sites=some_sites(3)), "to_injection@points")
    assert ended.state is SessionState.SIGNED


def test_what_was_injected_in_time_may_be_signed_in_the_evening(chair, clock):
    session = chair.begin()
    chair.prepare(session, chair.blood(drawn_at=ago(20)))
    chair.save(session, chair.whole())

    clock(NOW + dt.timedelta(hours=6))
    signed = chair.sign(session)
    assert (signed.first_point_at, signed.signed_at) == (NOW, NOW + dt.timedelta(hours=6))


@pytest.mark.parametrize("sites", [(), some_sites()])
def test_points_that_were_planned_before_the_draw_are_not_the_first(chair, clock, sites):
    session = chair.begin()
    chair.save(session, chair.whole())
    chair.save(session, chair.whole(sites=sites))
    clock(NOW + dt.timedelta(minutes=1))
    chair.prepare(session, chair.blood(drawn_at=NOW + dt.timedelta(minutes=1)))

    clock(NOW + dt.timedelta(minutes=242))
    with pytest.raises(service.ContentRefused) as refused:
        chair.sign(session)
    assert [breach.code for breach in refused.value.breaches] == ["to_injection", "unstated"]
    clock(NOW + dt.timedelta(minutes=31))
    assert chair.sign(session).first_point_at == NOW + dt.timedelta(minutes=31)


def test_blood_of_more_than_an_hour_needs_the_tick(chair):
    session = chair.begin()
    chair.prepare(session, chair.blood(drawn_at=ago(61)))

    with pytest.raises(service.Unaccepted):
        chair.sign(session)
    chair.sign(session, chair.whole(soft_limits_accepted=True))


def test_unusual_blood_needs_the_same_one_tick(chair):
    session = chair.begin()
    chair.prepare(session, chair.blood(blood_ul=61_000, anticoagulant_ul=6_000))

    with pytest.raises(service.Unaccepted):
        chair.sign(session)


def test_nothing_of_a_signed_session_is_prepared_again(chair):
    session = chair.signed()

    with pytest.raises(service.AlreadySigned):
        chair.prepare(session, chair.blood(prp_ul=4_500))


def test_each_save_leaves_one_line(chair, db):
    session = chair.begin()
    chair.prepare(session)
    chair.prepare(session, chair.blood(), act=Act.DRAWN)

    lines = db.scalars(
        sa.select(AuditEvent)
        .where(AuditEvent.action == "prp_preparation.saved")
        .order_by(AuditEvent.id)
    ).all()
    assert [line.action for line in lines] == ["prp_preparation.saved"] * 2
    assert [line.detail for line in lines] == [{}, {"act": "drawn"}]
