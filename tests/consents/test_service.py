"""Consent papers: which text, when, by whom, withdrawn."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.consents import queries, service
from clinic.consents.models import Consent, ConsentText
from clinic.consents.values import ConsentKind, RecordConsent, WithdrawConsent
from clinic.core.access import Role
from clinic.core.errors import Invalid, NotFound
from clinic.patients import queries as patient_queries
from tests import factories

TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def patient(world, db):
    service.install_defaults(db)
    return factories.a_patient(db, location=world.location)


@pytest.fixture
def desk(world):
    return world.actor(Role.RECEPTIONIST)


def a_paper(patient, **changes):
    fields = {
        "patient_id": patient.id,
        "kind": ConsentKind.PRP,
        "text_version": "1.0",
        "given_on": TODAY,
        **changes,
    }
    return RecordConsent(**fields)


def test_a_paper_is_on_file_with_who_took_it(world, db, patient, desk):
    service.record(db, desk, a_paper(patient))

    paper = queries.of_patient(db, patient_queries.records(patient.id))[0]
    assert (paper.kind, paper.text_version, paper.given_on) == (ConsentKind.PRP, "1.0", TODAY)
    assert paper.taken_by == world.accounts[Role.RECEPTIONIST].name
    assert db.scalars(sa.select(AuditEvent.action)).all()[-1] == "consent.recorded"


def test_the_same_form_sent_twice_makes_one_paper(db, patient, desk):
    wish = a_paper(patient, form_key="k" * 24)

    assert service.record(db, desk, wish) is service.record(db, desk, wish)
    assert db.scalar(sa.select(sa.func.count()).select_from(Consent)) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text_version": "9.9"}, "text_version"),
        ({"given_on": TODAY + dt.timedelta(days=1)}, "given_on"),
        ({"given_on": dt.date(2019, 12, 31)}, "given_on"),
    ],
    ids=["no such text", "to come", "before the text"],
)
def test_a_paper_that_cannot_be_is_refused(db, patient, desk, changes, field):
    with pytest.raises(Invalid) as refused:
        service.record(db, desk, a_paper(patient, **changes))

    assert refused.value.field == field


def test_a_withdrawal_keeps_the_paper(world, db, patient, desk):
    consent = service.record(db, desk, a_paper(patient, given_on=TODAY - dt.timedelta(days=9)))

    service.withdraw(
        db,
        world.actor(Role.NURSE),
        WithdrawConsent(consent_id=consent.id, withdrawn_on=TODAY, reason=" changed her mind "),
    )

    paper = queries.of_patient(db, patient_queries.records(patient.id))[0]
    assert paper.withdrawn_on == TODAY
    assert paper.withdrawn_by == world.accounts[Role.NURSE].name
    assert paper.withdrawn_reason == "changed her mind"


@pytest.mark.parametrize("days", [-1, 1], ids=["before it was given", "to come"])
def test_a_withdrawal_on_an_impossible_day_is_refused(db, patient, desk, days):
    consent = service.record(db, desk, a_paper(patient))

    with pytest.raises(Invalid) as refused:
        service.withdraw(
            db,
            desk,
            WithdrawConsent(
                consent_id=consent.id,
                withdrawn_on=TODAY + dt.timedelta(days=days),
                reason="changed her mind",
            ),
        )
    assert refused.value.field == "withdrawn_on"


def test_a_consent_is_withdrawn_once(db, patient, desk):
    consent = service.record(db, desk, a_paper(patient))
    wish = WithdrawConsent(consent_id=consent.id, withdrawn_on=TODAY, reason="changed her mind")
    service.withdraw(db, desk, wish)

    with pytest.raises(service.AlreadyWithdrawn):
        service.withdraw(db, desk, wish)


def test_an_unknown_consent_is_not_found(db, desk):
    with pytest.raises(NotFound):
        service.withdraw(
            db, desk, WithdrawConsent(consent_id=999_999, withdrawn_on=TODAY, reason="x")
        )


def test_the_newest_text_in_force_is_the_one_to_sign(db, patient):
    db.add(
        ConsentText(kind=ConsentKind.PRP, version_name="2.0", in_force_from=dt.date(2026, 12, 1))
    )
    db.flush()

    def version(on):
        text = queries.text_in_force(db, ConsentKind.PRP, on=on)
        return text.version_name if text else None

    assert version(dt.date(2026, 11, 30)) == "1.0"
    assert version(dt.date(2026, 12, 1)) == "2.0"
    assert version(dt.date(2019, 1, 1)) is None


def test_the_defaults_are_installed_once(db, patient):
    service.install_defaults(db)

    assert len(queries.texts(db)) == len(ConsentKind)


def test_papers_of_many_patients_come_in_one_statement(world, db, connection, patient, desk):
    from tests.counting import statements

    others = [factories.a_patient(db, location=world.location) for _ in range(3)]
    for other in (patient, *others):
        service.record(db, desk, a_paper(other))
    ids = [patient.id, *(other.id for other in others)]

    with statements(connection) as sent:
        found = queries.for_histories(db, ids)

    assert len(sent) == 1
    assert {patient_id for patient_id, _ in found} == set(ids)
