"""Merging two records and taking it back: nothing is lost, nothing signed is touched."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit import service as audit
from clinic.audit.models import AuditEvent
from clinic.chart.queries import patient as chart_queries
from clinic.consents import queries as consent_queries
from clinic.core import clock as clinic_clock
from clinic.core.access import Role
from clinic.core.db import Base
from clinic.core.errors import Conflict, Elsewhere, NotFound, StaleEdit
from clinic.followup.queries import effects
from clinic.merging import queries, service
from clinic.merging.values import APART, EVIDENCE, FILE, KIND_NAMES, MESSAGES
from clinic.messages import queries as message_queries
from clinic.patients import finding
from clinic.patients import queries as patient_queries
from clinic.patients import service as patient_service
from clinic.patients.models import ContactWish
from clinic.patients.values import Channel, PatientStatus, Sex
from clinic.safety import explaining
from clinic.safety import queries as safety_queries
from clinic.safety.values import FactKind
from clinic.scheduling import service as scheduling
from clinic.scheduling.models import Appointment
from clinic.treatments.models import TreatmentSession
from clinic.treatments.queries import areas
from tests import factories
from tests.merging.conftest import COMING, MAKERS

REFERENCES = queries.references()


def _consents(db, patient_id):
    return [
        paper.id for paper in consent_queries.of_patient(db, patient_queries.records(patient_id))
    ]


def _checks(db, patient_id):
    """A check is read where a release of an earlier visit explains a finding."""
    visits = {
        past.appointment_id
        for several in explaining.why(db, patient_id).earlier.values()
        for past in several
    }
    table = Base.metadata.tables["screening"]
    return list(db.scalars(sa.select(table.c.id).where(table.c.appointment_id.in_(visits))))


READERS = {
    "patient_fact": lambda db, who: [one.fact.id for one in safety_queries.entries(db, who)],
    "consent": _consents,
    "screening": _checks,
    "treatment_session": lambda db, who: [s.id for s in chart_queries.sessions(db, who)],
    "contact": lambda db, who: [c.session_id for c in effects.contacts(db, patient_id=who)],
    "side_effect": lambda db, who: [
        e.id for e in effects.of_patient(db, who, today=dt.date(2026, 11, 23))
    ],
    "zone_area": lambda db, who: [
        a.id for a in areas.areas(db, location_id=0, patient_id=who).values()
    ],
}


def snapshot(db):
    """All rows of all tables but the trail, the checks and the pairs; versions left out."""
    db.flush()
    return {
        table.name: sorted(
            str(
                [
                    value
                    for column, value in zip(table.c, row, strict=True)
                    if column.name != "version"
                ]
            )
            for row in db.execute(sa.select(table))
        )
        for table in Base.metadata.sorted_tables
        if table.name not in {"audit_event", "patient_pair", "screening", "cookie_session"}
    }


def whose(db, one, row):
    return db.scalar(sa.select(one.column).where(one.key == row.id))


# ---- nothing is forgotten ----


def test_every_column_that_refers_to_a_patient_is_known():
    """A new table needs a maker here; it is moved by itself unless it is named as evidence."""
    named = {one.table.name for one in REFERENCES}

    assert {one.name for one in REFERENCES} == set(MAKERS)
    assert named >= EVIDENCE
    assert set(READERS) == EVIDENCE
    assert not APART & named
    assert named <= set(KIND_NAMES)
    refers = {
        table.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.target_fullname == "patient.id"
    }
    assert refers == named | APART


@pytest.mark.parametrize("one", REFERENCES, ids=lambda one: one.name)
def test_a_row_of_each_kind_comes_along_and_goes_back(two, db, one):
    row = MAKERS[one.name](two)

    pair = two.merge()
    if one.table.name in EVIDENCE:
        assert whose(db, one, row) == two.gone.id
        key = row.session_id if one.table.name == "contact" else row.id
        assert key in READERS[one.table.name](db, two.kept.id)
    else:
        assert whose(db, one, row) == two.kept.id
        assert pair.moved[one.name] == [row.id]

    two.undo(pair)
    assert whose(db, one, row) == two.gone.id
    if one.table.name in EVIDENCE:
        assert key not in READERS[one.table.name](db, two.kept.id)


def test_a_row_of_every_kind_is_counted(two, db):
    for make in MAKERS.values():
        if (
            make is not MAKERS["side_effect.patient_id"]
            and make is not MAKERS["contact.patient_id"]
        ):
            make(two)

    counts = queries.counts(db, [two.kept.id, two.gone.id])
    assert {"appointment", "course", "consent", "patient_fact", "treatment_session"} <= set(counts)
    assert counts["course"] == {two.gone.id: 1}
    assert counts["appointment"][two.kept.id] == 1


# ---- what is chosen ----


def test_the_record_that_stays_gets_what_was_chosen_and_is_found_under_both(two, db):
    ids = (two.kept.id, two.gone.id)
    two.gone.sex = Sex.FEMALE
    two.merge(
        choices={FILE: ids[0], "name": ids[1], "phone": ids[1], "sex": ids[1], "email": ids[0]},
        versions={},
    )

    assert (two.kept.family_name, two.kept.given_name) == ("Okoje", "Alicia")
    assert (two.kept.phone, two.kept.sex, two.kept.email) == ("+4915112345678", Sex.FEMALE, "")
    assert two.gone.status is PatientStatus.MERGED
    for typed in ("okoye", "okoje", "5678", two.gone.file_number, "1985-04-13", "12.04.1985"):
        hits = finding.search(db, typed, location_id=two.world.location.id)
        assert [hit.id for hit in hits] == [two.kept.id], typed


def test_the_file_number_says_which_record_stays(two, db):
    pair = two.merge(choices={FILE: two.gone.id, "name": two.kept.id})

    assert (pair.kept_id, pair.gone_id) == (two.gone.id, two.kept.id)
    assert two.gone.family_name == "Okoye"
    assert two.chair.visit.patient_id == two.gone.id


def test_somebody_alike_to_the_old_name_is_still_offered(two, db, world):
    two.merge()

    (hit,) = finding.look_alikes(
        db,
        location_id=world.location.id,
        family_name="Okoje",
        given_name="Alicia",
        birth_date=None,
        phone="+4915112345678",
    )
    assert hit.id == two.kept.id


def test_which_messages_were_agreed_to_is_chosen(two, db):
    def wants(patient, channel):
        db.add(
            ContactWish(
                patient_id=patient.id,
                noted_by_id=two.actor().id,
                channel=channel,
                agreed_on=dt.date(2026, 11, 1),
                noted_at=clinic_clock.now(),
            )
        )
        db.flush()

    wants(two.gone, Channel.SMS)
    pair = two.merge(choices={FILE: two.kept.id, MESSAGES: two.gone.id})
    assert message_queries.wish_of(db, two.kept.id).channel is Channel.SMS

    two.undo(pair)
    assert message_queries.wish_of(db, two.kept.id) is None
    assert message_queries.wish_of(db, two.gone.id).channel is Channel.SMS


# ---- taken back ----


def test_undone_all_is_exactly_as_before(two, db):
    for make in MAKERS.values():
        if make.__name__ not in {"visit", "check", "session", "call"}:
            make(two)
    two.visit()
    for patient in (two.kept, two.gone):
        scheduling.rescreen(db, two.actor(), patient.id)
    patient_service.rebuild_search(db, two.actor())
    before = snapshot(db)

    both = dict.fromkeys(("name", "birth_date", "sex", "phone", "email", "note"), two.gone.id)
    pair = two.merge(choices={FILE: two.kept.id, **both})
    assert snapshot(db) != before
    two.undo(pair)

    assert snapshot(db) == before


def test_what_came_since_stays_and_a_changed_field_keeps_its_change(two, db):
    pair = two.merge(choices={FILE: two.kept.id, "phone": two.gone.id, "email": two.gone.id})
    since = two.visit(dt.datetime(2026, 12, 8, 10), patient=two.kept)
    noted = two.fact(FactKind.CONDITION, "keloid", patient_id=two.kept.id)
    two.kept.phone = "+4930999"
    db.flush()

    two.undo(pair)
    assert noted.patient_id == two.kept.id
    assert db.get(Appointment, since.id).patient_id == two.kept.id
    assert (two.kept.phone, two.kept.email) == ("+4930999", "")


def test_a_visit_treated_since_stays_with_its_session(two, db):
    visit = two.visit(COMING)
    later, check = two.visit(dt.datetime(2026, 12, 29, 10)), two.check()
    pair = two.merge()
    treated = TreatmentSession(
        appointment_id=visit.id,
        patient_id=visit.patient_id,
        location_id=visit.location_id,
        service_id=visit.service_id,
        performer_id=two.actor(Role.NURSE).id,
        screening_id=check.id,
        started_at=visit.starts_at,
        map_version="1",
    )
    db.add(treated)
    db.flush()
    assert treated.patient_id == two.kept.id

    two.undo(pair)
    db.expire_all()
    assert visit.patient_id == two.kept.id
    assert later.patient_id == two.gone.id


def test_a_merge_is_taken_back_for_thirty_days_and_no_longer(two, clock):
    pair = two.merge()
    clock(pair.decided_at + dt.timedelta(days=30, seconds=1))
    with pytest.raises(Conflict, match="30 days"):
        two.undo(pair)

    clock(pair.decided_at + dt.timedelta(days=30))
    two.undo(pair)
    with pytest.raises(Conflict, match="already"):
        two.undo(pair)


def test_of_two_merges_the_later_one_is_taken_back_first(two, db):
    third = factories.a_patient(db, location=two.world.location, family_name="Third")
    first = two.merge()
    second = two.merge(
        patient_id=third.id,
        other_id=two.kept.id,
        choices={FILE: third.id},
        versions={},
    )
    assert two.gone.merged_into_id == third.id

    with pytest.raises(Conflict, match="Take that back first"):
        two.undo(first)
    two.undo(second)
    assert two.gone.merged_into_id == two.kept.id
    assert two.kept.status is PatientStatus.ACTIVE
    two.undo(first)
    assert two.gone.status is PatientStatus.ACTIVE


# ---- what is refused ----


def test_two_visits_at_one_time_are_shown_first(two, db):
    mine = two.visit(COMING, patient=two.kept)
    theirs = two.visit(COMING + dt.timedelta(minutes=30))

    with pytest.raises(service.VisitsClash) as refused:
        two.merge()
    (clash,) = refused.value.clashes
    assert (clash.visit_id, clash.other_id) == (mine.id, theirs.id)
    assert two.gone.status is PatientStatus.ACTIVE


@pytest.mark.parametrize(
    "standing", [PatientStatus.ERASED, PatientStatus.DECEASED, PatientStatus.ARCHIVED]
)
@pytest.mark.parametrize("which", ["kept", "gone"])
def test_a_record_in_another_standing_is_not_merged(two, db, which, standing):
    getattr(two, which).status = standing
    db.flush()

    with pytest.raises(service.NotMergeable):
        two.merge(versions={})


def test_two_records_of_somebody_dead_are_one(two, db):
    two.kept.status = two.gone.status = PatientStatus.DECEASED
    db.flush()
    pair = two.merge(versions={})
    assert two.kept.status is PatientStatus.DECEASED

    two.undo(pair)
    assert two.gone.status is PatientStatus.DECEASED


def test_a_record_is_not_merged_into_itself_nor_twice(two):
    with pytest.raises(service.NotMergeable):
        two.merge(other_id=two.kept.id, versions={})
    two.merge()
    with pytest.raises(service.NotMergeable, match="meanwhile"):
        two.merge(versions={})


def test_a_page_that_is_out_of_date_merges_nothing(two, db):
    wish = two.wish()
    two.gone.phone = "+4930111"
    db.flush()

    with pytest.raises(StaleEdit):
        service.merge(db, two.actor(), wish)


def test_records_of_another_place_are_not_there(two, db):
    elsewhere = factories.a_patient(db, location=factories.a_location(db))

    for ids in ((two.kept.id, elsewhere.id), (elsewhere.id, two.kept.id), (two.kept.id, 999_999)):
        with pytest.raises(NotFound):
            two.merge(patient_id=ids[0], other_id=ids[1], versions={}, choices={})


# ---- traces ----


def test_each_step_leaves_one_line_and_the_chain_holds(two, db):
    two.session()
    pair = two.merge()
    two.undo(pair)

    lines = db.scalars(
        sa.select(AuditEvent)
        .where(AuditEvent.entity == "patient", AuditEvent.entity_id == str(two.kept.id))
        .order_by(AuditEvent.id)
    ).all()
    assert [line.action for line in lines] == ["patient.merged", "patient.unmerged"]
    assert lines[0].detail["other"] == two.gone.id
    assert audit.verify(db)[1] is None


def test_the_old_number_leads_on(two, db):
    two.merge()

    with pytest.raises(Elsewhere) as led:
        patient_queries.get(db, two.gone.id, location_id=two.world.location.id)
    assert led.value.instead == {"patient_id": two.kept.id}
    today = dt.date(2026, 11, 23)
    assert patient_queries.card(db, two.gone.id, today=today).id == two.kept.id
    assert safety_queries.lock_patient(db, two.gone.id).id == two.kept.id
