"""Keeping, describing, removing and giving out photographs; nothing without the patient's word."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import ResourceKind
from clinic.consents.values import Scope
from clinic.core.access import Role
from clinic.core.errors import Conflict, Elsewhere, Invalid, NotFound, StaleEdit
from clinic.merging import service as merging
from clinic.merging.values import MergePatients
from clinic.outcomes import queries, rules, service
from clinic.outcomes.models import Photograph
from clinic.outcomes.service import ConsentMissing
from clinic.outcomes.values import (
    ChangePhotograph,
    PhotographState,
    PhotographView,
    RemovePhotograph,
)
from clinic.patients.values import PatientStatus
from tests import factories
from tests.conftest import NOW
from tests.outcomes.conftest import CLOSE, Studio

RECORD, TEACHING, PUBLICATION = (
    Scope.PHOTO_RECORD,
    Scope.PHOTO_TEACHING,
    Scope.PHOTO_PUBLICATION,
)


def actions(studio: Studio) -> list[str]:
    wanted = sa.select(AuditEvent.action).where(AuditEvent.entity == "photograph")
    return list(studio.db.scalars(wanted.order_by(AuditEvent.id)))


def album(studio: Studio) -> queries.Album:
    return queries.album(studio.db, studio.actor(), studio.alice.id)


def removal(studio: Studio, row: Photograph, reason: str = "Blurred") -> RemovePhotograph:
    return RemovePhotograph(patient_id=studio.alice.id, key=row.public_id, reason=reason)


def test_a_picture_is_kept_with_how_it_was_taken(studio):
    studio.agrees()
    row = studio.keeps(**CLOSE, uses=frozenset({TEACHING}))

    (shot,) = album(studio).shots
    assert (shot.id, shot.key) == (row.id, row.public_id)
    assert shot.place == (PhotographView.TRICHOSCOPY, CLOSE["zone"])
    assert shot.taken_at == dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
    assert shot.taken_by == studio.world.accounts[Role.NURSE].name
    assert shot.uses == {RECORD, TEACHING}
    assert shot.conditions.distance_cm is None  # of a head, not of a lens on the skin
    assert actions(studio) == ["photograph.kept"]


def test_names_are_long_random_and_never_the_number(studio):
    studio.agrees()
    keys = {studio.keeps().public_id for _ in range(20)}

    assert len(keys) == 20
    assert {len(key) for key in keys} == {22}


def test_without_a_paper_nothing_is_kept(studio):
    with pytest.raises(ConsentMissing):
        studio.keeps()

    studio.agrees(TEACHING)  # whoever agrees to teaching alone has not agreed to the record
    with pytest.raises(ConsentMissing):
        studio.keeps()
    assert album(studio).shots == ()


def test_a_use_that_was_not_agreed_to_is_refused(studio):
    studio.agrees(RECORD, TEACHING)

    with pytest.raises(ConsentMissing):
        studio.keeps(uses=frozenset({PUBLICATION}))
    assert studio.keeps(uses=frozenset({TEACHING})).uses == {RECORD, TEACHING}


def test_withdrawing_hides_everything_at_once_and_keeps_it(studio):
    paper = studio.agrees(RECORD)
    row = studio.keeps()
    studio.withdraws(paper, RECORD)

    found = album(studio)
    assert (found.shots, found.hidden, found.agreed) == ((), 1, frozenset())
    with pytest.raises(NotFound):
        queries.to_show(studio.db, studio.actor(), studio.alice.id, row.public_id)
    with pytest.raises(ConsentMissing):
        studio.keeps()

    studio.agrees(RECORD)
    assert [shot.id for shot in album(studio).shots] == [row.id]


def test_withdrawing_one_use_leaves_the_record(studio):
    paper = studio.agrees(RECORD, TEACHING)
    studio.keeps(uses=frozenset({TEACHING}))
    studio.withdraws(paper, TEACHING)

    found = album(studio)
    assert rules.usable(found.shots[0], RECORD, found.agreed)
    assert not rules.usable(found.shots[0], TEACHING, found.agreed)


def test_the_same_key_keeps_one(studio):
    studio.agrees()
    one, other = studio.keeps(form_key="k" * 20), studio.keeps(form_key="k" * 20)

    assert one is other
    assert len(album(studio).shots) == 1


def test_a_visit_must_be_the_patients_own(studio):
    studio.agrees()
    location = studio.world.location
    stranger = factories.a_patient(studio.db, location=location)
    service_row = factories.a_service(studio.db)
    person, room = (
        factories.a_resource(studio.db, location=location, kind=kind)
        for kind in (ResourceKind.PRACTITIONER, ResourceKind.ROOM)
    )
    visits = [
        factories.an_appointment(
            studio.db,
            location=location,
            patient=patient,
            service=service_row,
            practitioner=person,
            room=room,
            starts_local=dt.datetime(2026, 11, 24, hour, 0),
        )
        for patient, hour in ((studio.alice, 10), (stranger, 14))
    ]

    assert studio.keeps(appointment_id=visits[0].id).appointment_id == visits[0].id
    for number in (visits[1].id, 2**31 - 1):
        with pytest.raises(NotFound):
            studio.keeps(appointment_id=number)


@pytest.mark.parametrize(
    ("local", "field"),
    [
        (dt.datetime(2026, 11, 23, 10, 10), "taken_on"),
        (dt.datetime(2026, 3, 29, 2, 30), "taken_time"),
    ],
    ids=["still to come", "an hour that the clocks jump over"],
)
def test_a_time_that_cannot_be_is_refused(studio, local, field):
    studio.agrees()

    with pytest.raises(Invalid) as refused:
        studio.keeps(taken_local=local)
    assert refused.value.field == field


def test_an_hour_that_comes_twice_is_the_first(studio):
    studio.agrees()

    row = studio.keeps(taken_local=dt.datetime(2026, 10, 25, 2, 30))
    assert row.taken_at == dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)


def test_trichoscopy_names_its_zone(studio):
    studio.agrees()

    with pytest.raises(Invalid) as refused:
        studio.keeps(view=PhotographView.TRICHOSCOPY)
    assert refused.value.field == "zone"
    assert studio.keeps(zone=CLOSE["zone"]).zone is None


def test_a_patient_has_room_for_so_many(studio, monkeypatch):
    studio.agrees()
    studio.keeps()

    monkeypatch.setattr(rules, "MOST_OF_PATIENT", 1)
    with pytest.raises(service.NoRoom):
        studio.keeps()


def test_all_places_share_the_room_and_what_is_removed_takes_some_until_its_files_go(studio, clock):
    studio.agrees()
    kept = studio.keeps(size=4_000)
    removed = studio.keeps(size=3_000)
    service.remove(studio.db, studio.actor(Role.PHYSICIAN), removal(studio, removed))
    elsewhere = factories.a_location(studio.db)
    kept.patient_id = factories.a_patient(studio.db, location=elsewhere).id
    studio.db.flush()

    def is_room(for_bytes: int) -> bool:
        wish = studio.wish(size=for_bytes)
        try:
            with studio.db.begin_nested() as attempt:
                service.keep(studio.db, studio.actor(), wish, most_bytes=10_000)
                attempt.rollback()
        except service.NoRoom:
            return False
        return True

    assert (is_room(3_000), is_room(3_001)) == (True, False)
    clock(NOW + dt.timedelta(days=30, hours=23))
    assert (is_room(3_000), is_room(3_001)) == (True, False)
    clock(NOW + dt.timedelta(days=31))
    assert (is_room(6_000), is_room(6_001)) == (True, False)


def test_a_closed_record_takes_none(studio):
    studio.agrees()
    studio.alice.status = PatientStatus.DECEASED

    with pytest.raises(Conflict):
        studio.keeps()


def test_it_is_described_anew_with_names_of_fields_only_in_the_trail(studio):
    studio.agrees()
    row = studio.keeps()
    described = studio.described(view=PhotographView.MIDLINE, uses=frozenset({TEACHING}))
    wish = ChangePhotograph(
        patient_id=studio.alice.id, key=row.public_id, version=1, described=described
    )

    service.change(studio.db, studio.actor(), wish)

    assert (row.view, row.uses, row.version) == (PhotographView.MIDLINE, {RECORD, TEACHING}, 2)
    last = studio.db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert last.detail == {"fields": ["for_teaching", "view"]}
    with pytest.raises(StaleEdit):
        service.change(studio.db, studio.actor(), wish)


def test_a_new_use_of_a_kept_picture_needs_the_patients_word_an_old_one_stays_written(studio):
    paper = studio.agrees(RECORD, TEACHING)
    row = studio.keeps(uses=frozenset({TEACHING}))
    studio.withdraws(paper, TEACHING)

    def changed(version: int, *uses: Scope) -> ChangePhotograph:
        described = studio.described(uses=frozenset(uses))
        return ChangePhotograph(
            patient_id=studio.alice.id, key=row.public_id, version=version, described=described
        )

    service.change(studio.db, studio.actor(), changed(1, TEACHING))
    assert row.version == 1
    with pytest.raises(ConsentMissing):
        service.change(studio.db, studio.actor(), changed(1, TEACHING, PUBLICATION))


def test_removing_keeps_the_row_and_can_be_taken_back_for_a_month(studio, clock):
    studio.agrees()
    row, doctor = studio.keeps(), studio.actor(Role.PHYSICIAN)
    with pytest.raises(Invalid):
        service.remove(studio.db, doctor, removal(studio, row, "  "))

    service.remove(studio.db, doctor, removal(studio, row))
    service.remove(studio.db, doctor, removal(studio, row, "Again"))

    found = album(studio)
    assert found.shots == ()
    (gone,) = found.removed
    assert (gone.removed_reason, gone.removed_by, gone.removed_at) == ("Blurred", doctor.name, NOW)
    with pytest.raises(NotFound):
        queries.to_show(studio.db, doctor, studio.alice.id, row.public_id)

    service.restore(studio.db, doctor, studio.alice.id, row.public_id)
    assert (row.state, row.removed_at) == (PhotographState.KEPT, None)
    assert len(album(studio).shots) == 1
    assert actions(studio)[1:] == ["photograph.removed", "photograph.restored"]

    service.remove(studio.db, doctor, removal(studio, row))
    clock(NOW + dt.timedelta(days=30))
    with pytest.raises(Conflict):
        service.restore(studio.db, doctor, studio.alice.id, row.public_id)


def test_a_copy_is_given_out_for_what_both_allow_and_listed(studio):
    paper = studio.agrees(RECORD, TEACHING)
    row, doctor = studio.keeps(uses=frozenset({TEACHING})), studio.actor(Role.PHYSICIAN)
    give = (studio.db, doctor, studio.alice.id, row.public_id)

    service.give_out(*give, TEACHING)
    with pytest.raises(ConsentMissing):
        service.give_out(*give, PUBLICATION)
    studio.withdraws(paper, TEACHING)
    with pytest.raises(ConsentMissing):
        service.give_out(*give, TEACHING)

    (copy,) = queries.copies(studio.db, studio.alice.id)
    assert (copy.photograph_id, copy.use, copy.by) == (row.id, TEACHING, doctor.name)


def test_nobody_reaches_the_picture_of_another_patient_or_place(studio):
    studio.agrees()
    row, actor = studio.keeps(), studio.actor()
    other = factories.a_patient(studio.db, location=studio.world.location)
    elsewhere = factories.a_location(studio.db)
    far = factories.a_patient(studio.db, location=elsewhere)

    for patient_id in (other.id, far.id):
        with pytest.raises(NotFound):
            queries.shot(studio.db, actor, patient_id, row.public_id)
        with pytest.raises(NotFound):
            service.remove(
                studio.db,
                actor,
                RemovePhotograph(patient_id=patient_id, key=row.public_id, reason="x"),
            )


def test_of_two_records_the_one_that_stays_shows_the_pictures(studio):
    studio.agrees()
    row = studio.keeps()
    kept = factories.a_patient(studio.db, location=studio.world.location)
    wish = MergePatients(
        patient_id=kept.id, other_id=studio.alice.id, versions={}, choices={}, reason="One person"
    )
    pair = merging.merge(studio.db, studio.actor(Role.RECEPTIONIST), wish)

    found = queries.album(studio.db, studio.actor(), kept.id)
    assert [shot.id for shot in found.shots] == [row.id]
    with pytest.raises(Elsewhere):
        album(studio)

    merging.undo(studio.db, studio.actor(Role.RECEPTIONIST), pair.id)
    assert [shot.id for shot in album(studio).shots] == [row.id]
    assert queries.album(studio.db, studio.actor(), kept.id).shots == ()


def test_the_database_itself_keeps_a_removal_whole(studio):
    studio.agrees()
    row = studio.keeps()
    broken = sa.update(Photograph).where(Photograph.id == row.id).values(state="removed")

    with pytest.raises(sa.exc.IntegrityError), studio.db.begin_nested():
        studio.db.execute(broken)
