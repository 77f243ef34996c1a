"""Signing a session, breaking it off, and adding to it."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from clinic.audit.models import AuditEvent
from clinic.core.engine import constraint_of
from clinic.core.errors import Conflict
from clinic.core.zones import Zone
from clinic.safety.models import PatientFact
from clinic.safety.values import FactKind
from clinic.scheduling.values import AppointmentStatus
from clinic.treatments import record
from clinic.treatments.models import InjectionSite, LotUse, TreatmentSession
from clinic.treatments.preparation_models import PrpPreparation, PrpSpin
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules import signing
from clinic.treatments.service import sessions as service
from clinic.treatments.values import (
    AbortSession,
    AddAddendum,
    Content,
    SessionState,
)
from tests.treatments.conftest import TODAY, some_sites

# ------------------------------------------------------------------------------- signing


def test_signing_locks_the_session_and_ends_the_visit(chair, db):
    session = chair.signed()
    db.expire_all()
    stored = queries.get(db, session.id)

    assert stored.state is SessionState.SIGNED
    assert stored.signed_by_id == chair.actor().id
    assert record.is_intact(stored)
    assert chair.visit.status is AppointmentStatus.DONE


def test_signing_writes_the_treatment_as_a_fact(chair, db):
    content = chair.whole(weight_g=52_000, weight_on=TODAY)
    chair.signed(content)

    rows = db.scalars(
        sa.select(PatientFact).where(
            PatientFact.patient_id == chair.alice.id,
            PatientFact.kind.in_([FactKind.TREATMENT, FactKind.VITAL]),
        )
    ).all()
    assert {(row.kind, row.code, row.noted_on, row.value_milli) for row in rows} == {
        (FactKind.TREATMENT, "prp", TODAY, None),
        (FactKind.VITAL, "weight", TODAY, 52_000),
    }


def test_a_known_weight_is_not_recorded_again(chair, db):
    chair.knows(FactKind.VITAL, "weight", value_milli=52_000, unit="kg")
    chair.signed(chair.whole(weight_g=52_000, weight_on=TODAY))

    weights = sa.select(PatientFact).where(PatientFact.kind == FactKind.VITAL)
    assert len(db.scalars(weights).all()) == 1


def test_signing_checks_the_next_visit_again(chair, db):
    soon = chair.book(
        dt.datetime(2026, 11, 30, 10, 0), status=AppointmentStatus.BOOKED, arrived_at=None
    )
    chair.signed()
    db.refresh(soon)

    assert soon.decision is not None
    assert soon.decision.value == "defer"


def test_an_incomplete_session_is_not_signed(chair, db):
    session = chair.begin_only()

    with pytest.raises(service.ContentRefused) as refused:
        chair.sign(session, Content(sites=some_sites()))

    assert [breach.field for breach in refused.value.breaches] == [
        "time_out",
        "identity",
        "kit_1",
        "blood",
        "drawn_at",
        "anticoagulant",
        "prp",
        "activation",
    ]
    assert queries.get(db, session.id).state is SessionState.DRAFT


def test_unusual_values_need_one_tick(chair):
    session = chair.prepared()
    odd = chair.whole(sites=some_sites(10))

    with pytest.raises(service.Unaccepted) as refused:
        chair.sign(session, odd)
    assert refused.value.field == "soft_limits_accepted"

    signed = chair.sign(session, replace(odd, soft_limits_accepted=True))
    assert signed.state is SessionState.SIGNED


def test_signing_twice_signs_once(chair):
    session = chair.prepared()
    seen = session.version
    first = chair.sign(session)
    stamp = first.signed_at

    second = chair.sign(session, version=seen)

    assert second.id == first.id
    assert second.signed_at == stamp


def test_what_was_signed_as_whole_is_not_said_to_be_broken_off(chair):
    session = chair.prepared()
    chair.sign(session)

    with pytest.raises(service.AlreadySigned):
        chair.abort(session, chair.whole())


def test_another_content_is_not_signed_into_a_signed_session(chair):
    session = chair.signed()

    with pytest.raises(service.AlreadySigned):
        chair.sign(session, chair.whole(note="late"))
    with pytest.raises(service.AlreadySigned):
        chair.save(session, chair.whole(note="late"))


@pytest.mark.parametrize(
    "change",
    [
        sa.update(TreatmentSession).values(note="x"),
        sa.update(TreatmentSession).values(state="draft"),
        sa.delete(TreatmentSession),
        sa.update(InjectionSite).values(volume_ul=1),
        sa.delete(InjectionSite),
        sa.update(LotUse).values(amount_ul=1),
        sa.delete(LotUse),
        sa.update(PrpPreparation).values(prp_ul=7_000),
        sa.delete(PrpPreparation),
        sa.update(PrpSpin).values(rcf_g=900),
        sa.delete(PrpSpin),
    ],
    ids=str,
)
def test_the_database_itself_refuses_to_change_a_signed_session(chair, db, change):
    session = chair.signed()
    table = change.table.name
    key = "id" if table == "treatment_session" else "session_id"

    with pytest.raises(DBAPIError) as refused, db.begin_nested():
        db.execute(change.where(change.table.c[key] == session.id))

    assert "signed" in (constraint_of(refused.value) or str(refused.value.orig))


def test_the_database_refuses_to_add_a_point_to_a_signed_session(chair, db):
    session = chair.signed()

    with pytest.raises(DBAPIError), db.begin_nested():
        db.execute(
            sa.insert(InjectionSite).values(
                session_id=session.id,
                seq=999,
                zone=Zone.VERTEX,
                points=1,
                volume_ul=100,
                depth_um=3_000,
                needle_gauge=30,
            )
        )


def test_the_database_refuses_to_add_a_spin_to_a_signed_session(chair, db):
    session = chair.signed()

    with pytest.raises(DBAPIError), db.begin_nested():
        db.execute(sa.insert(PrpSpin).values(session_id=session.id, seq=1))


def test_every_column_is_signed_for_or_left_out_on_purpose():
    whole = sa.inspect(TreatmentSession)
    left_out = {
        "id",
        "state",
        "content_hash",
        "content_format",
        "version",
        "saved_at",
        "unusual_seen",
    }
    of_parts = {"id", "session_id", "version", "saved_at"}
    signed = {"session": (whole, signing.SESSION[signing.FORMAT], left_out)} | {
        part: (whole.relationships[part].mapper, names, of_parts)
        for part, names in signing.PARTS[signing.FORMAT].items()
    }
    assert signed.keys() == {"session", *whole.relationships.keys()}
    for mapper, names, without in signed.values():
        assert set(names) == {column.key for column in mapper.column_attrs} - without
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("number", "found"),
    [(1, "9943628b49933066"), (2, "b7ce649e314b74a0"), (3, "8e1d11a740f8c70a")],
)
def test_a_format_that_was_signed_under_is_never_touched(number, found):
    signed = repr((signing.SESSION[number], sorted(signing.PARTS[number].items())))
    assert signing.content_hash(signed)[:16] == found


def test_what_was_signed_under_the_first_format_still_holds(chair, db):
    session = chair.signed()
    prepared = session.preparation
    moved = {name: getattr(prepared, name) for name in signing.MOVED}
    assert moved["blood_ul"] == 30_000
    first = signing.canonical(
        1,
        {name: moved.get(name, getattr(session, name, None)) for name in signing.SESSION[1]},
        {
            part: [{name: getattr(row, name) for name in names} for row in getattr(session, part)]
            for part, names in signing.PARTS[1].items()
        },
    )
    assert '"format":1' in first

    db.expunge(session)
    session.content_format, session.content_hash = 1, signing.content_hash(first)
    assert record.is_intact(session)

    session.note += "."
    assert not record.is_intact(session)


# -------------------------------------------------------------------------- breaking off


def abort(chair, session, content, reason="Patient felt faint"):
    wish = AbortSession(
        session_id=session.id, version=session.version, content=content, reason=reason
    )
    return service.abort(chair.db, chair.actor(), wish)


def test_a_broken_off_session_keeps_what_was_given(chair, db):
    session = abort(chair, chair.begin(), Content(sites=some_sites(3)))
    db.expire_all()
    stored = queries.get(db, session.id)

    assert stored.is_aborted
    assert stored.state is SessionState.SIGNED
    assert stored.abort_reason == "Patient felt faint"
    assert len(stored.sites) == 3
    assert record.is_intact(stored)
    assert chair.visit.status is AppointmentStatus.CANCELLED
    assert db.scalar(sa.select(PatientFact).where(PatientFact.kind == FactKind.TREATMENT))


def test_nothing_given_is_no_treatment(chair, db):
    abort(chair, chair.begin(), Content())

    assert not db.scalar(sa.select(PatientFact).where(PatientFact.kind == FactKind.TREATMENT))


def test_also_a_broken_off_session_holds_nothing_impossible(chair):
    with pytest.raises(service.ContentRefused):
        abort(chair, chair.begin(), Content(pain=11))


# ------------------------------------------------------------------------------- addenda


def words(session, **changes):
    fields = {
        "session_id": session.id,
        "body": "The kit was opened at 10:05.",
        "reason": "Forgotten",
        "form_key": "k" * 20,
        **changes,
    }
    return AddAddendum(**fields)


def test_an_addendum_stands_beside_the_signed_text(chair, db):
    session = chair.signed()
    before = session.content_hash

    service.add(db, chair.actor(), words(session))
    service.add(db, chair.actor(), words(session))
    db.expire_all()

    (added,) = queries.addenda(db, session.id)
    assert added.body.startswith("The kit")
    assert added.author == chair.actor().name
    assert queries.get(db, session.id).content_hash == before


def test_a_draft_takes_no_addendum(chair, db):
    with pytest.raises(Conflict):
        service.add(db, chair.actor(), words(chair.begin()))


def test_an_addendum_is_never_changed(chair, db):
    added = service.add(db, chair.actor(), words(chair.signed()))

    with pytest.raises(DBAPIError), db.begin_nested():
        db.execute(sa.text("UPDATE addendum SET body = 'x' WHERE id = :id"), {"id": added.id})


# -------------------------------------------------------------------------------- traces


def test_each_step_leaves_one_line_of_its_own(chair, db):
    session = chair.prepared()
    chair.save(session, Content(note="x"))
    chair.sign(session)
    service.add(db, chair.actor(), words(session))

    lines = db.scalars(
        sa.select(AuditEvent.action)
        .where(AuditEvent.entity == "treatment_session")
        .order_by(AuditEvent.id)
    ).all()
    assert lines == [
        "treatment_session.begun",
        *["treatment_session.said"] * 5,
        "treatment_session.saved",
        "treatment_session.signed",
        "treatment_session.added_to",
    ]
