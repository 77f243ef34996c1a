"""Beginning a session and keeping its draft."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.catalog import service as catalog
from clinic.core.access import Role
from clinic.core.errors import Conflict, NotFound, StaleEdit
from clinic.core.zones import Zone
from clinic.safety.models import ScreeningRecord
from clinic.safety.values import FactKind, FactSource, FactState, Moment
from clinic.scheduling.values import AppointmentStatus, Refused
from clinic.treatments import record
from clinic.treatments.models import InjectionSite, TreatmentSession
from clinic.treatments.queries import sessions as queries
from clinic.treatments.service import sessions as service
from clinic.treatments.values import (
    Content,
    LotAmount,
    LotRole,
    Place,
    SaveSession,
    SessionState,
    View,
)
from tests import factories
from tests.counting import statements
from tests.treatments.conftest import TODAY, some_sites, spot


def codes(refused: pytest.ExceptionInfo[service.ContentRefused]) -> list[str]:
    return [breach.code for breach in refused.value.breaches]


# ----------------------------------------------------------------------------- beginning


def test_beginning_makes_a_draft_of_an_arrived_visit(chair, db):
    session = chair.begin()

    assert session.state is SessionState.DRAFT
    assert chair.visit.status is AppointmentStatus.IN_TREATMENT
    kept = db.get(ScreeningRecord, session.screening_id)
    assert kept.moment is Moment.START
    assert session.performer_id == chair.actor(Role.NURSE).id


def test_beginning_twice_gives_the_same_session(chair):
    wish = chair.wish()
    first = service.begin(chair.db, chair.actor(Role.NURSE), wish)
    second = service.begin(chair.db, chair.actor(Role.NURSE), wish)

    assert first.id == second.id


def test_a_session_does_not_begin_against_what_stands(chair, db):
    chair.knows(FactKind.CONDITION, "fever", noted_on=TODAY)
    chair.knows(FactKind.MEDICATION, "nsaid", label="Ibuprofen", ended_on=TODAY, noted_on=TODAY)

    answer = service.begin(db, chair.actor(Role.NURSE), chair.wish())

    assert isinstance(answer, Refused)
    assert answer.passage.in_the_way
    assert queries.of_appointment(db, chair.visit.id) is None
    assert chair.visit.status is AppointmentStatus.ARRIVED


def test_facts_that_changed_after_the_page_was_seen_are_looked_at_again(chair, db):
    wish = chair.wish()
    chair.knows(FactKind.REVIEW, "other", noted_on=TODAY)

    with pytest.raises(StaleEdit):
        service.begin(db, chair.actor(Role.NURSE), wish)


def test_a_consultation_has_no_session(chair, db):
    from clinic.catalog.values import Modality

    talk = factories.a_service(db, modality=Modality.CONSULTATION)
    visit = chair.book(dt.datetime(2026, 11, 23, 14, 0), talk)

    with pytest.raises(Conflict):
        service.begin(db, chair.actor(Role.NURSE), chair.wish(visit))


@pytest.mark.parametrize(("born", "is_refused"), [(2014, False), (2015, True), (1925, True)])
def test_nobody_of_an_impossible_age_is_treated(chair, db, born, is_refused):
    chair.alice.birth_date = dt.date(born, 6, 1)
    db.flush()

    def begin():
        return service.begin(db, chair.actor(Role.NURSE), chair.wish())

    if is_refused:
        with pytest.raises(Conflict) as refused:
            begin()
        assert "birth date" in str(refused.value)
    else:
        assert isinstance(begin(), Refused | TreatmentSession)


def test_a_visit_of_another_place_is_not_found(chair, db):
    elsewhere = replace(chair.actor(Role.NURSE), location_id=factories.a_location(db).id)

    with pytest.raises(NotFound):
        service.begin(db, elsewhere, chair.wish())


# ------------------------------------------------------------------------------- keeping


def test_a_draft_keeps_what_is_written_so_far(chair, db):
    session = chair.begin()
    content = Content(weight_g=61_500, pain=2, note="left side first", sites=some_sites(3))

    saved = chair.save(session, content)
    db.expire_all()

    assert record.content_of(queries.get(db, saved.id)) == content
    assert saved.saved_at is not None


def test_a_whole_content_comes_back_as_it_was_kept(chair, db):
    content = chair.whole(
        lots=(
            LotAmount(lot_id=chair.vitamins.id, amount_ul=500),
            LotAmount(lot_id=chair.lidocaine.id, amount_ul=2_000),
        ),
        weight_g=52_000,
        weight_on=TODAY,
        pain=4,
        note="Zwei Zeilen\nعربي",
        sites=(
            *some_sites(2, Zone.PARIETAL_L, place=spot(Zone.PARIETAL_L, View.LEFT)),
            replace(
                some_sites(1)[0], seq=9, points=10, volume_ul=1_000, place=None, needle_um=None
            ),
        ),
    )
    session = chair.save(chair.begin(), content)
    db.expire_all()

    stored = queries.get(db, session.id)
    assert record.content_of(stored) == content
    assert [(use.role, use.dose_ug) for use in stored.lots] == [
        (LotRole.ACTIVE, None),
        (LotRole.ANAESTHETIC, 40_000),
    ]


def test_each_save_raises_the_version_also_when_only_points_changed(chair):
    session = chair.begin()
    first = chair.save(session, Content(sites=some_sites(2))).version
    second = chair.save(session, Content(sites=some_sites(1))).version

    assert second == first + 1


def test_a_stale_save_is_refused_and_keeps_nothing(chair, db):
    session = chair.begin()
    seen = session.version
    chair.save(session, Content(note="first"))

    with pytest.raises(StaleEdit):
        chair.save(session, Content(note="second"), version=seen)
    assert queries.get(db, session.id).note == "first"


def test_the_same_content_sent_twice_is_kept_once(chair, db):
    session = chair.begin()
    seen = session.version
    content = Content(note="first", sites=some_sites(2))
    version = chair.save(session, content).version

    again = chair.save(session, content, version=seen)

    assert again.version == version


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content(sites=some_sites(1, volume_ul=501)), "each"),
        (Content(sites=some_sites(401, volume_ul=10)), "points"),
        (Content(sites=some_sites(1, place=spot(Zone.MIDSCALP))), "misplaced"),
        (
            Content(sites=some_sites(1, place=Place(view=View.FRONT, x_permille=1, y_permille=1))),
            "misplaced",
        ),
        (Content(lots=(LotAmount(lot_id=999_999),)), "lot_gone"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_impossible_is_not_kept_even_in_a_draft(chair, content, code):
    session = chair.begin()

    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, content)

    assert codes(refused) == [code]


def test_a_lot_in_quarantine_is_refused_with_its_reason(chair):
    session = chair.begin()
    catalog.quarantine(chair.db, chair.actor(), chair.vitamins.id, "Cracked")

    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, Content(lots=(LotAmount(lot_id=chair.vitamins.id),)))

    (breach,) = refused.value.breaches
    assert (breach.code, breach.field) == ("lot_unusable", "lot_1")
    assert dict(breach.values) == {"lot": "V-3", "reason": "in quarantine"}


def test_an_expired_lot_is_refused(chair):
    chair.vitamins.expires_on = dt.date(2026, 11, 22)
    session = chair.begin()

    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, Content(lots=(LotAmount(lot_id=chair.vitamins.id),)))

    assert codes(refused) == ["lot_unusable"]


def test_a_kit_is_no_part_of_a_mix(chair):
    with pytest.raises(service.ContentRefused) as refused:
        chair.save(chair.begin(), Content(lots=(LotAmount(lot_id=chair.kit.id),)))

    assert codes(refused) == ["lot_of_kit"]


def test_a_lot_named_twice_is_refused(chair):
    lot = LotAmount(lot_id=chair.vitamins.id)
    session = chair.begin()

    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, Content(lots=(lot, lot)))

    assert codes(refused) == ["lot_twice"]


def test_an_anaesthetic_needs_a_weight_in_the_record(chair):
    session = chair.begin()
    lots = (LotAmount(lot_id=chair.lidocaine.id, amount_ul=11_700),)

    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, Content(lots=lots))
    assert codes(refused) == ["weight_missing"]

    saved = chair.save(session, Content(lots=lots, weight_g=52_000, weight_on=TODAY))
    assert queries.get(chair.db, saved.id).lots[0].dose_ug == 234_000
    with pytest.raises(service.ContentRefused) as refused:
        chair.save(
            session,
            Content(
                lots=(LotAmount(lot_id=chair.lidocaine.id, amount_ul=11_701),),
                weight_g=52_000,
                weight_on=TODAY,
            ),
        )
    assert codes(refused) == ["anaesthetic"]


def test_a_zone_that_the_check_bars_is_refused_with_the_reason(chair):
    chair.knows(
        FactKind.HAIR,
        "hair",
        state=FactState.ABSENT,
        zone=Zone.VERTEX,
        began_on=dt.date(2020, 1, 1),
        source=FactSource.PHYSICIAN,
    )
    session = chair.begin()

    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, Content(sites=some_sites(2)))

    (breach,) = refused.value.breaches
    assert breach.code == "zone_barred"
    assert dict(breach.values)["zone"] is Zone.VERTEX
    assert dict(breach.values)["reason"]
    assert chair.save(session, Content(sites=some_sites(2, Zone.MIDSCALP))).saved_at


def test_forty_points_and_four_hundred_take_the_same_few_statements(chair, db, connection):
    session = chair.begin()
    chair.save(session, chair.whole(sites=some_sites(1)))

    def cost(content):
        db.expire_all()
        fresh = queries.get(db, session.id)
        with statements(connection) as seen:
            chair.save(fresh, content)
        return seen

    few = cost(chair.whole())
    many = cost(chair.whole(sites=some_sites(400, volume_ul=10)))

    assert len(few) == len(many) <= 24, few
    assert db.scalar(sa.select(sa.func.count()).select_from(InjectionSite)) == 400


def test_an_unknown_session_and_one_of_another_place_are_not_found(chair, db):
    session = chair.begin()
    elsewhere = replace(chair.actor(), location_id=factories.a_location(db).id)
    for actor, session_id in ((chair.actor(), 999_999), (elsewhere, session.id)):
        wish = SaveSession(session_id=session_id, version=1, content=Content())
        with pytest.raises(NotFound):
            service.save(db, actor, wish)
