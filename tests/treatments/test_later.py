"""The record of a visit that is over: written later, judged as of its day, and said to be so."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import Modality
from clinic.core import clock
from clinic.core.access import PASSWORD_FIELD, Role
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.followup.queries import work
from clinic.safety.models import PatientFact, ScreeningRecord
from clinic.safety.values import FactKind
from clinic.scheduling import late
from clinic.scheduling.models import Appointment
from clinic.scheduling.steps import MovedOn, NotNow
from clinic.scheduling.values import AppointmentStatus, StepVisit
from clinic.treatments import record
from clinic.treatments.preparation_values import Spin
from clinic.treatments.queries import sessions as queries
from clinic.treatments.service import later
from clinic.treatments.service import sessions as service
from clinic.treatments.values import LotAmount, SessionState, WriteLater
from tests import factories
from tests.accounts.conftest import PASSWORD
from tests.treatments.pages import hidden, text, written

THURSDAY = dt.datetime(2026, 11, 19, 11, 0)
"""Four days ago, in the clinic's wall time."""
WHY = "Kept on paper while the power was out"


def utc(hour, minute=0):
    return dt.datetime(2026, 11, 19, hour - 1, minute, tzinfo=dt.UTC)


@pytest.fixture
def over(chair):
    """A PRP of Thursday that was entered late."""
    return chair.book(THURSDAY, status=AppointmentStatus.DONE, arrived_at=None, late_reason=WHY)


def wish(visit, **changes):
    fields = {
        "appointment_id": visit.id,
        "version": visit.version,
        "first_local": dt.time(11, 40),
        "last_local": dt.time(12, 5),
        "reason": WHY,
        "is_acknowledged": True,
        **changes,
    }
    return WriteLater(**fields)


def opened(chair, visit, **changes):
    made = later.write_later(chair.db, chair.actor(), wish(visit, **changes))
    return queries.get(chair.db, made.id)


def drawn(chair, session, **changes):
    spin = Spin(rcf_g=400, minutes=10, started_at=utc(11, 18), ended_at=utc(11, 28))
    fields = {"drawn_at": utc(11, 15), "obtained_at": utc(11, 30), "spins": (spin,), **changes}
    chair.prepare(session, chair.blood(**fields))


def signed(chair, session):
    """What was answered only since is not known of Thursday: it asks for the tick."""
    return chair.sign(session, chair.whole(soft_limits_accepted=True))


def test_the_record_of_thursday_is_written_on_monday(chair, over):
    session = opened(chair, over)
    drawn(chair, session)

    done = signed(chair, session)

    assert done.state is SessionState.SIGNED
    assert (done.started_at, done.first_point_at, done.ended_at) == (
        utc(11),
        utc(11, 40),
        utc(12, 5),
    )
    assert done.signed_at == clock.now()
    assert done.written_later == WHY
    assert done.time_out == []
    assert record.is_intact(done)
    assert f'"written_later":"{WHY}"' in record.canonical_text(done)
    assert chair.db.get_one(Appointment, over.id).status is AppointmentStatus.DONE


def test_the_treatment_is_known_on_the_day_on_which_it_was(chair, over):
    session = opened(chair, over)
    drawn(chair, session)
    signed(chair, session)

    facts = chair.db.scalars(
        sa.select(PatientFact).where(PatientFact.kind == FactKind.TREATMENT)
    ).all()
    assert [(fact.code, fact.noted_on) for fact in facts] == [("prp", THURSDAY.date())]


def test_the_check_of_that_day_is_kept_and_has_to_be_seen(chair, over):
    chair.knows(FactKind.CONDITION, "haemophilia", noted_on=dt.date(2026, 11, 1))

    with pytest.raises(Invalid) as refused:
        opened(chair, over, is_acknowledged=False)
    assert refused.value.field == "acknowledged"

    session = opened(chair, over)
    kept = chair.db.get_one(ScreeningRecord, session.screening_id)
    assert kept.on == THURSDAY.date()
    assert kept.decision.value != "allow"


def test_calls_count_from_the_day_of_the_treatment(chair, over):
    session = opened(chair, over)
    drawn(chair, session)
    signed(chair, session)

    (task,) = work.due(
        chair.db, location_id=chair.world.location.id, zone=chair.world.location.zone
    )
    assert task.ended_at == utc(12, 5)
    assert task.call.due_on == dt.date(2026, 11, 20)


def test_what_can_never_be_is_refused_as_ever(chair, over):
    session = opened(chair, over)
    drawn(chair, session, drawn_at=utc(7), obtained_at=None, spins=(Spin(rcf_g=400, minutes=10),))

    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, chair.whole())

    assert {breach.code for breach in refused.value.breaches} == {"to_injection"}


def test_no_blood_is_drawn_after_the_first_injection(chair, over):
    session = opened(chair, over)
    drawn(chair, session, drawn_at=utc(11, 41), obtained_at=None, spins=(Spin(rcf_g=400),))

    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, chair.whole())

    assert {breach.code for breach in refused.value.breaches} == {"drawn_after"}


def test_no_clock_is_pressed_for_what_is_over(chair, over, world):
    session = opened(chair, over)

    page = text(world.as_role(Role.NURSE).get(f"/sessions/{session.id}/preparation"))

    assert 'name="drawn_at"' in page
    for act in ("drawn", "obtained", "start-1"):
        assert f'value="{act}"' not in page


def test_nothing_is_mixed_after_the_last_injection(chair):
    visit = chair.book(
        THURSDAY,
        chair.mesotherapy,
        status=AppointmentStatus.DONE,
        arrived_at=None,
        late_reason=WHY,
    )
    session = opened(chair, visit)
    content = chair.whole(
        lots=(LotAmount(lot_id=chair.vitamins.id, amount_ul=1_000),), mixed_at=utc(13)
    )

    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, content)

    assert "in_the_future" in {breach.code for breach in refused.value.breaches}


def test_a_lot_is_judged_on_the_day_on_which_it_was_used(chair, over):
    chair.kit.expires_on = dt.date(2026, 11, 20)
    chair.db.flush()
    session = opened(chair, over)
    drawn(chair, session)

    assert signed(chair, session).state is SessionState.SIGNED


def test_one_that_was_broken_off_then_leaves_the_visit_as_it_is(chair, over):
    session = opened(chair, over)

    ended = chair.abort(session, chair.whole(sites=()))

    assert ended.is_aborted
    assert ended.ended_at == utc(12, 5)
    assert chair.db.get_one(Appointment, over.id).status is AppointmentStatus.DONE


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": "late"}, "reason"),
        ({"first_local": dt.time(12, 6)}, "last"),
        ({"first_local": dt.time(1, 40)}, "first"),
        ({"first_local": dt.time(10, 59)}, "first"),
    ],
)
def test_hours_that_cannot_be_and_a_missing_reason_are_refused(chair, over, changes, field):
    with pytest.raises(Invalid) as refused:
        opened(chair, over, **changes)
    assert refused.value.field == field


def test_what_is_still_to_come_cannot_be_written(chair):
    # It is 10:00 in the clinic.
    today = chair.book(
        dt.datetime(2026, 11, 23, 9, 0), status=AppointmentStatus.DONE, arrived_at=None
    )

    with pytest.raises(Invalid) as refused:
        opened(chair, today, first_local=dt.time(9, 30), last_local=dt.time(10, 1))
    assert refused.value.field == "last"


def test_an_age_that_is_never_treated_has_a_slip_in_it(chair, over):
    chair.alice.birth_date = dt.date(2020, 1, 1)
    chair.db.flush()

    with pytest.raises(Conflict):
        opened(chair, over)


def test_only_a_visit_that_is_over_and_only_as_it_was_seen(chair, over):
    earlier = chair.book(dt.datetime(2026, 11, 20, 11, 0), status=AppointmentStatus.BOOKED)
    with pytest.raises(MovedOn):
        opened(chair, earlier)
    with pytest.raises(MovedOn):
        opened(chair, over, version=over.version + 1)


def test_written_twice_it_is_one_record(chair, over):
    version = over.version
    first = opened(chair, over)

    assert opened(chair, over, version=version).id == first.id


def test_nothing_is_written_of_a_talk_or_elsewhere(chair, over):
    friday = THURSDAY + dt.timedelta(days=1)
    talk = chair.book(friday, chair.mesotherapy, status=AppointmentStatus.DONE, arrived_at=None)
    chair.mesotherapy.modality = Modality.CONSULTATION
    chair.db.flush()
    with pytest.raises(Conflict):
        opened(chair, talk)
    elsewhere = replace(chair.actor(), location_id=factories.a_location(chair.db).id)
    with pytest.raises(NotFound):
        later.write_later(chair.db, elsewhere, wish(over))


def test_a_visit_with_a_record_is_never_struck(chair, over):
    opened(chair, over)
    chair.db.refresh(over)
    strike = StepVisit(
        appointment_id=over.id, version=over.version, reason="It never took place at all"
    )

    with pytest.raises(NotNow):
        late.strike(chair.db, chair.actor(), strike)


def test_one_audit_line_says_why(chair, over):
    session = opened(chair, over)

    (line,) = chair.db.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "treatment_session.begun")
    ).all()
    assert line.detail == {"written_later": WHY}
    assert line.patient_id == session.patient_id


# ---- the pages ----


def sent(over, **changes):
    fields = {"version": str(over.version), "first": "11:40", "last": "12:05", "reason": WHY}
    return {**fields, "acknowledged": "y", **changes}


def test_the_way_from_the_visit_to_the_signed_page(chair, over, world):
    physician = world.as_role(Role.PHYSICIAN)
    assert "/session" in text(physician.get(f"/appointments/{over.id}"))
    page = text(physician.get(f"/appointments/{over.id}/session"))
    assert "Write the record" in page
    assert WHY in page  # From the visit that was entered late.

    answer = physician.post(f"/appointments/{over.id}/session/later", sent(over))
    assert answer.status_code == 303
    session = queries.of_appointment(chair.db, over.id)
    where = answer.location
    draft = text(physician.get(where))
    assert "Written after the visit was over." in draft
    assert 'id="time-out"' not in draft
    drawn(chair, session)
    to_sign = f"/sessions/{session.id}/signature"
    asked = physician.post(to_sign, written(session, **{PASSWORD_FIELD: PASSWORD}))
    assert asked.status_code == 422
    ticked = {
        "soft_limits_accepted": "y",
        "unusual_seen": hidden(text(asked), "unusual_seen"),
        PASSWORD_FIELD: PASSWORD,
    }
    answer = physician.post(to_sign, written(session, **ticked))
    assert answer.status_code == 303, text(answer)
    page = text(physician.get(where))
    assert "Written after the visit was over." in page
    assert "not documented" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"first": "later"}, "Enter a time"),
        ({"last": ""}, "Please fill this in"),
        ({"reason": ""}, "Please fill this in"),
        ({"reason": "late"}, "at least 10 characters"),
        ({"first": "12:06"}, "comes after the first"),
        ({"first": "1:40"}, "The visit began at 11:00"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_lost(over, world, changes, words):
    physician = world.as_role(Role.PHYSICIAN)

    answer = physician.post(f"/appointments/{over.id}/session/later", sent(over, **changes))

    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="12:05"' in text(answer) or "last" in changes


def test_a_nurse_reads_that_a_physician_writes_it(over, world):
    nurse = world.as_role(Role.NURSE)

    assert "A physician writes it." in text(nurse.get(f"/appointments/{over.id}/session"))
    assert nurse.post(f"/appointments/{over.id}/session/later", sent(over)).status_code == 403
