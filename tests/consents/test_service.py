"""Consent papers: which text, when, by whom, withdrawn."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.consents import queries, service
from clinic.consents.models import Consent, ConsentText
from clinic.consents.values import (
    ConsentKind,
    RecordConsent,
    Scope,
    WithdrawConsent,
)
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
        "language": "en",
        "signer": "Alice Example",
        **changes,
    }
    return RecordConsent(**fields)


def a_withdrawal(consent_id, **changes):
    fields = {
        "consent_id": consent_id,
        "scopes": frozenset({Scope.TREATMENT}),
        "withdrawn_on": TODAY,
        "reason": "changed her mind",
        **changes,
    }
    return WithdrawConsent(**fields)


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
        a_withdrawal(consent.id, reason=" changed her mind "),
    )

    paper = queries.of_patient(db, patient_queries.records(patient.id))[0]
    assert paper.withdrawn_on == TODAY
    withdrawn = paper.withdrawals[Scope.TREATMENT]
    assert withdrawn.by == world.accounts[Role.NURSE].name
    assert withdrawn.reason == "changed her mind"
    assert paper.standing == ()


@pytest.mark.parametrize("days", [-1, 1], ids=["before it was given", "to come"])
def test_a_withdrawal_on_an_impossible_day_is_refused(db, patient, desk, days):
    consent = service.record(db, desk, a_paper(patient))

    with pytest.raises(Invalid) as refused:
        service.withdraw(
            db,
            desk,
            a_withdrawal(consent.id, withdrawn_on=TODAY + dt.timedelta(days=days)),
        )
    assert refused.value.field == "withdrawn_on"


def test_a_consent_is_withdrawn_once(db, patient, desk):
    consent = service.record(db, desk, a_paper(patient))
    wish = a_withdrawal(consent.id)
    service.withdraw(db, desk, wish)

    with pytest.raises(service.AlreadyWithdrawn):
        service.withdraw(db, desk, wish)


def test_an_unknown_consent_is_not_found(db, desk):
    with pytest.raises(NotFound):
        service.withdraw(db, desk, a_withdrawal(999_999))


def test_the_newest_text_in_force_is_the_one_to_sign(db, patient):
    db.add(
        ConsentText(kind=ConsentKind.PRP, version_name="3.0", in_force_from=dt.date(2026, 12, 1))
    )
    db.flush()

    def version(on):
        text = queries.text_in_force(db, ConsentKind.PRP, on=on)
        return text.version_name if text else None

    assert version(dt.date(2026, 11, 30)) == "1.0"
    assert version(dt.date(2026, 12, 1)) == "3.0"
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


# ---- scopes ----


def scopes(db, patient):
    return queries.photo_scopes(db, patient_queries.records(patient.id))


def test_a_treatments_paper_can_give_photographs_too(db, patient, desk):
    photos = frozenset({Scope.PHOTO_RECORD, Scope.PHOTO_TEACHING})
    service.record(db, desk, a_paper(patient, photos=photos))

    paper = queries.of_patient(db, patient_queries.records(patient.id))[0]
    assert paper.given == (Scope.TREATMENT, Scope.PHOTO_RECORD, Scope.PHOTO_TEACHING)
    assert scopes(db, patient) == photos


def test_withdrawing_one_scope_hides_it_at_once_and_leaves_the_others(db, patient, desk):
    photos = frozenset({Scope.PHOTO_RECORD, Scope.PHOTO_TEACHING})
    consent = service.record(db, desk, a_paper(patient, photos=photos))

    service.withdraw(db, desk, a_withdrawal(consent.id, scopes=frozenset({Scope.PHOTO_TEACHING})))

    assert scopes(db, patient) == {Scope.PHOTO_RECORD}
    paper = queries.of_patient(db, patient_queries.records(patient.id))[0]
    assert paper.withdrawn_on is None  # of the treatment, which the safety check reads
    service.withdraw(db, desk, a_withdrawal(consent.id))
    assert scopes(db, patient) == {Scope.PHOTO_RECORD}


def test_a_later_paper_without_its_tick_takes_nothing_back(db, patient, desk):
    service.record(db, desk, a_paper(patient, photos=frozenset({Scope.PHOTO_RECORD})))
    service.record(db, desk, a_paper(patient, kind=ConsentKind.MESOTHERAPY))

    assert scopes(db, patient) == {Scope.PHOTO_RECORD}


def test_a_no_to_photographs_means_every_paper_that_allowed_them(db, patient, desk):
    photos = frozenset({Scope.PHOTO_RECORD, Scope.PHOTO_PUBLICATION})
    first = service.record(db, desk, a_paper(patient, photos=photos))
    service.record(db, desk, a_paper(patient, kind=ConsentKind.MESOTHERAPY, photos=photos))

    no = a_withdrawal(first.id, scopes=frozenset({Scope.PHOTO_PUBLICATION, Scope.TREATMENT}))
    service.withdraw(db, desk, no, records=patient_queries.records(patient.id))

    assert scopes(db, patient) == {Scope.PHOTO_RECORD}
    papers = queries.of_patient(db, patient_queries.records(patient.id))
    standing = {paper.kind: paper.standing for paper in papers}
    assert Scope.TREATMENT in standing[ConsentKind.MESOTHERAPY]


def test_a_no_to_a_treatment_means_every_paper_of_its_kind(db, patient, desk):
    first = service.record(db, desk, a_paper(patient))
    service.record(db, desk, a_paper(patient))  # signed again on the same day
    service.record(db, desk, a_paper(patient, kind=ConsentKind.MESOTHERAPY))

    records = patient_queries.records(patient.id)
    service.withdraw(db, desk, a_withdrawal(first.id), records=records)

    standing = [(paper.kind, bool(paper.standing)) for paper in queries.of_patient(db, records)]
    assert sorted(standing) == [
        (ConsentKind.MESOTHERAPY, True),
        (ConsentKind.PRP, False),
        (ConsentKind.PRP, False),
    ]


@pytest.mark.parametrize(
    "withdrawn", [frozenset(), frozenset({Scope.PHOTO_PUBLICATION})], ids=["none", "never given"]
)
def test_only_what_was_given_is_withdrawn(db, patient, desk, withdrawn):
    consent = service.record(db, desk, a_paper(patient))

    with pytest.raises(Invalid) as refused:
        service.withdraw(db, desk, a_withdrawal(consent.id, scopes=withdrawn))
    assert refused.value.field == "scopes"


def test_a_paper_about_photographs_names_one(db, patient, desk):
    with pytest.raises(Invalid) as refused:
        service.record(db, desk, a_paper(patient, kind=ConsentKind.PHOTOGRAPHS))
    assert refused.value.field == "photos"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent SET photo_publication = TRUE",
        "DELETE FROM consent",
        "UPDATE consent_withdrawal SET reason = 'x'",
        "DELETE FROM consent_withdrawal",
        "UPDATE consent_text SET version_name = '9' WHERE kind = 'prp'",
        "UPDATE consent_text SET in_force_from = NULL WHERE kind = 'prp'",
        "DELETE FROM consent_text WHERE kind = 'photographs'",
    ],
)
def test_the_database_changes_nothing_that_was_signed(db, patient, desk, statement):
    consent = service.record(db, desk, a_paper(patient))
    service.withdraw(db, desk, a_withdrawal(consent.id))
    db.flush()

    with pytest.raises(sa.exc.IntegrityError, match="append_only"), db.begin_nested():
        db.execute(sa.text(statement))
