"""A text put in force: for a kind or one service, and felt by the coming visits at once."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog.values import Modality
from clinic.consents import queries, shipped, writing
from clinic.consents import service as consents
from clinic.consents.models import ConsentText
from clinic.consents.values import ConsentKind, DraftText, PutInForce, RecordConsent
from clinic.core.access import Role
from clinic.core.errors import NotFound
from clinic.intake import queries as intake_queries
from clinic.intake import service
from clinic.scheduling import handed, recheck
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling import service as scheduling
from tests.counting import statements
from tests.intake.conftest import a_visit

TODAY = dt.date(2026, 11, 23)
IN_A_WEEK = dt.datetime(2026, 11, 30, 10, 0)
WORDS = {one: both[1] for one, both in shipped.words(ConsentKind.PRP)["en"].items()}


@pytest.fixture
def signed(world, db, patient):
    """Alice has signed the first version of the text of all PRP services."""
    consents.record(db, world.actor(Role.NURSE), a_paper(patient, "1.0"))
    return patient


def a_paper(patient, version):
    return RecordConsent(
        patient_id=patient.id,
        kind=ConsentKind.PRP,
        text_version=version,
        given_on=TODAY,
        language="en",
        signer="Alice Example",
    )


def lacks_consent(db, visit):
    kept = scheduling_queries.latest_checks(db, [visit.id])[visit.id]
    return "consent_missing" in {finding["rule_code"] for finding in kept.findings}


def put(world, db, text, *, on=TODAY):
    wish = PutInForce(text_id=text.id, version=text.version, in_force_from=on)
    who = world.actor(Role.PHYSICIAN)
    writing.put_in_force(db, who, wish)
    db.flush()
    recheck.recheck(db, who, intake_queries.asked_for(db, text.id))


def a_draft(world, db, visit):
    """A text for the service of a visit, complete."""
    wish = DraftText(
        kind=ConsentKind.PRP, language="en", said=WORDS, version=0, service_id=visit.service_id
    )
    text = service.draft_text(db, world.actor(Role.ADMINISTRATOR), wish)
    db.flush()
    return text


def test_a_new_version_is_found_out_at_once(world, db, signed):
    visit = a_visit(world, db, signed)
    assert not lacks_consent(db, visit)

    put(world, db, queries.draft_of(db, ConsentKind.PRP))

    assert lacks_consent(db, visit)
    actions = db.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions[-2:] == ["consent_text.approved", "appointment.rechecked"]


def test_a_version_to_come_is_asked_of_the_visits_from_its_day_on(world, db, signed):
    soon = a_visit(world, db, signed)
    later = a_visit(world, db, signed, starts_local=IN_A_WEEK)

    put(world, db, queries.draft_of(db, ConsentKind.PRP), on=IN_A_WEEK.date())

    assert not lacks_consent(db, soon)
    assert lacks_consent(db, later)


def test_the_text_of_one_service_is_asked_of_its_visits_only(world, db, signed):
    its_own = a_visit(world, db, signed)
    other = a_visit(world, db, signed, starts_local=IN_A_WEEK)

    put(world, db, a_draft(world, db, its_own))

    assert lacks_consent(db, its_own)
    assert not lacks_consent(db, other)


def test_who_signs_the_text_of_the_service_may_be_treated(world, db, signed):
    visit = a_visit(world, db, signed)
    text = a_draft(world, db, visit)
    put(world, db, text)
    offered = handed.to_sign(db, signed.id, Modality.PRP, service_id=visit.service_id, on=TODAY)
    assert [(one.text_id, one.signed_on) for one in offered] == [(text.id, None)]

    service.record_consent(db, world.actor(Role.NURSE), a_paper(signed, text.version_name))

    assert not lacks_consent(db, visit)


def test_a_newer_text_of_the_kind_leaves_a_service_with_its_own_alone(world, db, signed):
    visit = a_visit(world, db, signed)
    text = a_draft(world, db, visit)
    put(world, db, text)
    service.record_consent(db, world.actor(Role.NURSE), a_paper(signed, text.version_name))

    put(world, db, queries.draft_of(db, ConsentKind.PRP))

    assert not lacks_consent(db, visit)
    in_force = queries.text_in_force(db, ConsentKind.PRP, on=TODAY, service_id=visit.service_id)
    assert in_force is text


def test_the_draft_of_a_service_stands_beside_the_one_of_its_kind(world, db, signed):
    visit = a_visit(world, db, signed)

    text = a_draft(world, db, visit)

    assert queries.draft_of(db, ConsentKind.PRP).version_name == "2.0"
    assert queries.draft_of(db, ConsentKind.PRP, service_id=visit.service_id) is text
    assert text.version_name == "3.0"  # numbers run through a kind: a version is named once


def test_a_text_is_only_for_a_service_of_its_kind(world, db, signed):
    visit = a_visit(world, db, signed, modality=Modality.MESOTHERAPY)

    with pytest.raises(NotFound):
        a_draft(world, db, visit)


def test_a_service_has_one_draft(world, db, signed):
    visit = a_visit(world, db, signed)
    a_draft(world, db, visit)
    db.add(ConsentText(kind=ConsentKind.PRP, version_name="9.0", service_id=visit.service_id))

    with pytest.raises(sa.exc.IntegrityError):
        db.flush()


def test_ten_visits_cost_as_many_statements_as_one(world, db, connection, signed):
    def cost(text):
        with statements(connection) as sent:
            put(world, db, text)
        return len(sent)

    first = a_visit(world, db, signed)
    of_one = cost(a_draft(world, db, first))
    others = [
        a_visit(world, db, signed, starts_local=IN_A_WEEK + dt.timedelta(days=n)) for n in range(10)
    ]
    scheduling.rescreen(db, world.actor(Role.NURSE), signed.id)

    assert cost(queries.draft_of(db, ConsentKind.PRP)) <= of_one
    assert all(lacks_consent(db, visit) for visit in others)


# ---- the pages ----


def text_of(answer):
    return answer.get_data(as_text=True)


def test_the_administrator_writes_a_text_for_one_service(world, db, signed):
    visit = a_visit(world, db, signed)
    admin, doctor = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.PHYSICIAN)
    url = f"/consent-texts/prp/draft/en?service={visit.service_id}"
    assert WORDS["risks"][:40] in text_of(admin.get(url))

    kept = admin.post(url, {f"part_{one}": said for one, said in WORDS.items()})

    assert kept.status_code == 303
    text = queries.draft_of(db, ConsentKind.PRP, service_id=visit.service_id)
    form = {"seen": text.version, "in_force": TODAY.isoformat(), "is_read": "y"}
    assert doctor.post(f"/consent-texts/{text.id}/force", form).status_code == 303
    assert lacks_consent(db, visit)
    assert "Every service without its own text" in text_of(admin.get("/consent-texts"))


def test_the_visits_are_checked_in_small_units_after_the_text_is_in_force(
    world, db, signed, monkeypatch
):
    """In one unit with it, the chain of the audit trail and every patient stayed locked."""
    monkeypatch.setattr(recheck, "WRITTEN", 1)
    first = a_visit(world, db, signed)
    second = a_visit(world, db, signed, starts_local=IN_A_WEEK)
    text = queries.draft_of(db, ConsentKind.PRP)
    form = {"seen": text.version, "in_force": TODAY.isoformat(), "is_read": "y"}

    world.as_role(Role.PHYSICIAN).post(f"/consent-texts/{text.id}/force", form)

    trail = db.execute(sa.select(AuditEvent.action, AuditEvent.detail).order_by(AuditEvent.id))
    written = [(action, detail.get("visits")) for action, detail in trail.all()[-3:]]
    assert written == [
        ("consent_text.approved", None),
        ("appointment.rechecked", [first.id]),
        ("appointment.rechecked", [second.id]),
    ]


def test_what_is_missing_is_named_while_it_is_written(world, db, signed):
    admin = world.as_role(Role.ADMINISTRATOR)
    text = queries.draft_of(db, ConsentKind.PRP)
    said = {f"part_{one}": words for one, words in WORDS.items()} | {"part_cost": " "}
    admin.post("/consent-texts/prp/draft/en", {**said, "seen": text.version})

    here = text_of(admin.get("/consent-texts/prp/draft/en"))
    in_german = text_of(admin.get("/consent-texts/prp/draft/de"))

    assert '<a href="#part_cost">English: Cost</a>' in here
    assert "<li>English: Cost</li>" in in_german


@pytest.mark.parametrize("raw", ["0", "99999", "x", "1" * 30])
def test_a_service_that_is_not_there_is_not_found(world, signed, raw):
    admin = world.as_role(Role.ADMINISTRATOR)

    assert admin.get(f"/consent-texts/prp/draft/en?service={raw}").status_code == 404


def test_a_draft_says_that_nobody_has_approved_it(world, db, signed):
    text = queries.draft_of(db, ConsentKind.PRP)

    page = text_of(world.as_role(Role.PHYSICIAN).get(f"/consent-texts/{text.id}"))

    assert "A text is a draft until a physician" in page
    assert "still carries the remark of the example" in page
