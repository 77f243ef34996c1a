"""The dry run on its page: for clinicians with visits, for an administrator in numbers."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.safety import approving, editions
from clinic.safety import service as safety
from clinic.safety.rules.versions import ApproveRules, DraftRule
from clinic.safety.values import FactKind, RecordFact, ReleaseFinding
from clinic.scheduling import recheck
from clinic.scheduling.values import AppointmentStatus
from tests import factories
from tests.counting import statements
from tests.rulebook.pages import REASON, proposal, text
from tests.safety.conftest import TODAY, a_clear_patient

URL = "/safety/dry-run"
D, A = Role.PHYSICIAN, Role.ADMINISTRATOR
DAY = dt.timedelta(days=1)


@pytest.fixture
def house(world, db):
    """A service, a physician and a room to book."""
    return {
        "service": factories.a_service(db),
        "practitioner": factories.a_resource(
            db, location=world.location, kind=ResourceKind.PRACTITIONER
        ),
        "room": factories.a_resource(db, location=world.location, kind=ResourceKind.ROOM),
    }


@pytest.fixture
def visit(world, db, patient, known, house):
    """Alice tomorrow at ten, ibuprofen three days before: clear by the rule as it is in force."""
    last = TODAY - 2 * DAY
    known(FactKind.MEDICATION, "nsaid", label="Ibuprofen", ended_on=last, noted_on=last)
    return factories.an_appointment(db, location=world.location, patient=patient, **house)


@pytest.fixture
def draft(world, db):
    """The window of the rule for painkillers, drafted as five days."""
    wish = DraftRule(
        code="nsaid_recent",
        numbers={"window": "5"},
        decisions={},
        is_on=True,
        reason=REASON,
        seen=proposal(db).then.mark,
    )
    return approving.draft(db, world.actor(A), wish)


@pytest.mark.parametrize(
    ("role", "status"), [(Role.RECEPTIONIST, 403), (Role.NURSE, 403), (D, 200), (A, 200)]
)
def test_a_dry_run_is_for_physicians_and_administrators(world, role, status):
    assert world.as_role(role).get(URL).status_code == status


def test_a_physician_sees_which_coming_visit_turns_and_how(world, draft, visit, patient):
    page = text(world.as_role(D).get(f"{URL}?part=coming"))

    assert "1 of 1 visits would change." in page
    assert f'href="/appointments/{visit.id}"' in page
    assert f"Alice {patient.family_name}" in page
    assert "Painkiller (NSAID) lately" in page
    assert "Not yet" in page


def test_an_administrator_sees_how_many_and_nobody(world, draft, visit, patient):
    page = text(world.as_role(A).get(f"{URL}?part=coming"))

    assert "1 of 1 visits would change." in page
    assert "Not yet" in page
    assert patient.family_name not in page
    assert "/appointments/" not in page
    assert "Painkiller" not in page


def test_without_a_change_no_visit_turns(world, visit):
    assert "1 visit, none would change." in text(world.as_role(D).get(URL))


def test_a_past_visit_is_judged_by_what_was_known_on_its_day(
    world, db, draft, patient, known, house, clock
):
    ten = dt.datetime(2026, 10, 12, 10)
    told = ten.date() - 3 * DAY
    clock(dt.datetime(2026, 10, 12, 6, tzinfo=dt.UTC))
    known(FactKind.MEDICATION, "nsaid", ended_on=told, noted_on=told)
    clock(dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC))
    late = a_clear_patient(world, db)
    safety.record_fact(
        db,
        world.actor(D),
        RecordFact(
            patient_id=late.id,
            kind=FactKind.MEDICATION,
            code="nsaid",
            ended_on=told,
            noted_on=told,
        ),
    )
    for whose, hours in ((patient, 0), (late, 2)):
        factories.an_appointment(
            db,
            location=world.location,
            patient=whose,
            starts_local=ten + dt.timedelta(hours=hours),
            status=AppointmentStatus.DONE,
            **house,
        )

    page = text(world.as_role(D).get(f"{URL}?part=2026-10"))

    assert "1 of 2 visits would change." in page
    assert patient.family_name in page
    assert late.family_name not in page


def test_a_visit_that_did_not_take_place_is_left_out(world, db, draft, visit):
    visit.status = AppointmentStatus.NO_SHOW
    db.flush()

    assert "No visits." in text(world.as_role(D).get(URL))


def test_a_release_that_would_end_is_said(world, db, patient, known, house):
    known(FactKind.MEDICATION, "nsaid", ended_on=TODAY)
    visit = factories.an_appointment(db, location=world.location, patient=patient, **house)
    recheck.recheck(db, None, [visit.id])
    [decided] = recheck.decide(recheck.gather(db, recheck.of_ids(db, [visit.id])))
    finding = next(f for f in decided.screening.findings if f.rule_code == "nsaid_recent")
    wish = ReleaseFinding(appointment_id=visit.id, fingerprint=finding.fingerprint, reason=REASON)
    safety.release(db, world.actor(D), wish)
    seen = proposal(db).then.mark
    off = DraftRule(
        code="nsaid_recent", numbers={}, decisions={}, is_on=False, reason=REASON, seen=seen
    )
    approving.draft(db, world.actor(A), off)

    page = text(world.as_role(D).get(URL))

    assert "1 visit with a release of these rules" in page
    assert "Its release ends" in page


@pytest.mark.parametrize("part", ["2026-11", "2025-12", "2019-01", "x", "", "\u0000", "coming"])
def test_any_part_of_the_address_is_answered(world, draft, visit, part):
    answer = world.as_role(D).get(URL, query_string={"part": part})

    assert answer.status_code == 200
    assert text(answer).count("data-tried") == 1


def test_before_the_first_approval_all_of_it_can_be_tried(unapproved, db):
    page = unapproved.as_role(D).get(URL)

    assert page.status_code == 200


def test_a_rule_that_cannot_be_read_is_said(world, db, draft, monkeypatch):
    def unreadable(version):
        raise editions.BadCatalogue(["nsaid_recent.cases: gone"])

    physician = world.as_role(D)
    physician.get(URL)
    monkeypatch.setattr(editions, "built", unreadable)

    answer = physician.get(URL)

    assert answer.status_code == 303
    assert "nothing can be tried out" in text(physician.get(answer.location))


def test_a_look_at_whose_visits_turn_leaves_a_trace(world, db, draft, visit):
    world.as_role(D).get(URL)

    line = db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (line.action, line.detail["count"]) == ("dry_run.listed", 1)


def test_ten_visits_cost_no_more_statements_than_one(world, db, draft, visit, house, connection):
    physician = world.as_role(D)
    physician.get(URL)
    with statements(connection) as one:
        physician.get(URL)
    for n in range(9):
        factories.an_appointment(
            db,
            location=world.location,
            patient=a_clear_patient(world, db),
            starts_local=dt.datetime(2026, 11, 25, 8) + dt.timedelta(hours=n),
            **house,
        )

    with statements(connection) as ten:
        physician.get(URL)

    assert len(ten) == len(one) <= 20


def test_the_trial_turns_into_what_the_visit_says_after_the_approval(world, db, draft, visit):
    seen = editions.next_edition(db)
    approving.approve(db, world.actor(D), ApproveRules(codes=None, seen=seen))

    [decided] = recheck.decide(recheck.gather(db, recheck.of_ids(db, [visit.id])))

    assert decided.known.decision.value == "defer"
    assert "none would change" in text(world.as_role(D).get(URL))
