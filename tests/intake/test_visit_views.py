"""The questions before a visit, and the findings with their release."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.accounts import passwords
from clinic.core.access import CONFIRMED_FOR, PASSWORD_FIELD, Role
from clinic.core.zones import Zone
from clinic.safety import queries as safety_queries
from clinic.safety.models import PatientFact, Release
from clinic.safety.values import FactKind, FactSource, FactState
from tests.conftest import NOW
from tests.intake.conftest import a_visit

REASON = "Prescriber was called; the benefit outweighs the bruise."
BLEEDING = {"q_bleeding_diagnosis": "no", "q_bleeding_easily": "no"}


def text(response):
    return response.get_data(as_text=True)


def questions_url(visit):
    return f"/appointments/{visit.id}/questions"


def review_url(visit):
    return f"/appointments/{visit.id}/review"


def releases_url(visit):
    return f"/appointments/{visit.id}/releases"


def facts_of(db, patient):
    wanted = sa.select(PatientFact).where(PatientFact.patient_id == patient.id)
    return list(db.scalars(wanted.order_by(PatientFact.id)))


def unknown_of(db, visit):
    record = safety_queries.latest_screening(db, visit.id)
    return {f["rule_code"] for f in record.findings if f["truth"] == "unknown"}


# ---- questions ----


def test_the_form_asks_what_is_not_known(world, visit):
    page = text(world.as_role(Role.NURSE).get(questions_url(visit)))

    assert "Are you pregnant?" in page
    assert "Do not stop it. Tell us the name." in page
    assert "Not asked yet" in page
    assert "Record the paper" in page
    assert "Enter the result" in page


@pytest.mark.parametrize(
    ("role", "source"), [(Role.NURSE, FactSource.STAFF), (Role.PHYSICIAN, FactSource.PHYSICIAN)]
)
def test_a_no_settles_its_group(world, db, patient, visit, role, source):
    assert "bleeding_disorder" in unknown_of(db, visit)

    answer = world.as_role(role).post(questions_url(visit), BLEEDING)

    assert answer.status_code == 303
    assert "bleeding_disorder" not in unknown_of(db, visit)
    assert {row.source for row in facts_of(db, patient)} == {source}


def test_a_yes_records_the_name_and_the_last_day(world, db, patient, visit):
    world.as_role(Role.NURSE).post(
        questions_url(visit),
        {
            "q_painkiller": "yes",
            "name_painkiller": "Ibuprofen 400 mg",
            "day_painkiller": "2026-11-23",
            "q_own_aspirin": "no",
        },
    )

    row = next(row for row in facts_of(db, patient) if row.label)
    assert (row.code, row.label, row.ended_on) == (
        "nsaid",
        "Ibuprofen 400 mg",
        dt.date(2026, 11, 23),
    )
    db.refresh(visit)
    assert visit.decision.value == "defer"


def test_dont_know_stays_a_question(world, db, visit):
    world.as_role(Role.NURSE).post(
        questions_url(visit), {"q_bleeding_diagnosis": "unsure", "q_bleeding_easily": "no"}
    )

    assert "bleeding_disorder" in unknown_of(db, visit)


def test_groups_left_alone_record_nothing(world, db, patient, visit):
    world.as_role(Role.NURSE).post(questions_url(visit), BLEEDING)

    assert {row.code for row in facts_of(db, patient)} == {
        "bleeding",
        "bleeding_disorder",
        "platelet_dysfunction",
        "bleeding_tendency",
    }


def test_no_change_renews_a_group_in_one_tap(world, db, patient, known):
    known(FactKind.REVIEW, "blood_thinners", noted_on=dt.date(2026, 9, 3))
    visit = a_visit(world, db, patient)
    nurse = world.as_role(Role.NURSE)
    assert "No change since Sep 3" in text(nurse.get(questions_url(visit)))

    answer = nurse.post(questions_url(visit), {"same_blood_thinners": "y"})

    assert answer.status_code == 303
    newest = facts_of(db, patient)[-1]
    assert (newest.kind, newest.code) == (FactKind.REVIEW, "blood_thinners")
    assert newest.noted_on == dt.date(2026, 11, 23)
    assert newest.recorded_by_id == world.accounts[Role.NURSE].id


def test_what_still_counts_comes_filled_in_and_is_not_written_again(world, db, patient, visit):
    nurse = world.as_role(Role.NURSE)
    nurse.post(questions_url(visit), BLEEDING)
    before = len(facts_of(db, patient))

    page = text(nurse.get(questions_url(visit)))
    again = nurse.post(questions_url(visit), BLEEDING)

    assert re.search(r'name="q_bleeding_diagnosis"[^>]*value="no"[^>]*checked', page) or re.search(
        r'checked[^>]*name="q_bleeding_diagnosis"[^>]*value="no"', page
    )
    assert again.status_code == 422
    assert "Nothing is answered yet" in text(again)
    assert len(facts_of(db, patient)) == before


def test_a_medicine_open_for_long_asks_still_taken(world, db, patient, visit, known):
    row = known(
        FactKind.MEDICATION,
        "anticoagulant",
        label="Enoxaparin 40 mg",
        began_on=dt.date(2024, 3, 3),
        noted_on=dt.date(2024, 3, 3),
        source=FactSource.IMPORTED,
    )
    nurse = world.as_role(Role.NURSE)
    page = text(nurse.get(questions_url(visit)))
    assert "On record: since Mar 3, 2024, Imported" in page

    answer = nurse.post(
        questions_url(visit), {f"open_{row.id}": "ended", f"end_{row.id}": "2024-06-01"}
    )

    assert answer.status_code == 303
    facts = text(nurse.get(f"/patients/{patient.id}/facts"))
    assert "Last dose on Jun 1, 2024" in facts


def test_a_double_click_answers_once(world, db, patient, visit):
    nurse = world.as_role(Role.NURSE)
    page = text(nurse.get(questions_url(visit)))
    key = re.search(r'name="form_key"[^>]*value="([^"]+)"', page)[1]
    form = {**BLEEDING, "form_key": key}

    nurse.post(questions_url(visit), form)
    count = len(facts_of(db, patient))
    nurse.post(questions_url(visit), form)

    assert len(facts_of(db, patient)) == count


BAD = {
    "nothing": ({}, "Nothing is answered yet"),
    "unknown reply": ({"q_fainted": "maybe", "same_scars_and_fainting": "y"}, "Choose one of"),
    "name without reply": ({"name_painkiller": "Ibuprofen"}, "Yes, No or Don’t know?"),
    "day without reply": ({"day_own_aspirin": "2026-11-20"}, "Yes, No or Don’t know?"),
    "day to come": (
        {"q_own_aspirin": "yes", "day_own_aspirin": "2026-11-24"},
        "still to come",
    ),
    "absurd day": ({"q_own_aspirin": "yes", "day_own_aspirin": "0099-01-01"}, "Not before"),
    "no day": ({"q_own_aspirin": "yes", "day_own_aspirin": "yesterday"}, "Enter a date"),
    "overlong name": ({"q_painkiller": "yes", "name_painkiller": "x" * 201}, "At most 200"),
    "NUL": ({"q_painkiller": "yes", "name_painkiller": "a\0b"}, "cannot be stored"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_says_so_and_keeps_the_others(world, db, patient, visit, name):
    form, words = BAD[name]

    answer = world.as_role(Role.NURSE).post(questions_url(visit), {**form, "q_thick_scars": ""})

    assert answer.status_code == 422
    assert words in text(answer).replace("&#39;", "’").replace("'", "’")
    assert facts_of(db, patient) == []
    for value in form.values():
        if "\0" not in value and len(value) > 6:
            assert value in text(answer)


def test_no_change_and_answers_contradict(world, db, patient, visit, known):
    known(FactKind.REVIEW, "bleeding", noted_on=dt.date(2025, 1, 3))

    answer = world.as_role(Role.NURSE).post(
        questions_url(visit), {"same_bleeding": "y", "q_bleeding_easily": "yes"}
    )

    assert answer.status_code == 422
    assert "not both" in text(answer)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"open": "ended"}, "Please fill this in"),
        ({"open": "ended", "end": "2026-11-24"}, "still to come"),
        ({"open": "ended", "end": "2020-01-01"}, "before the beginning"),
        ({"open": "still", "end": "2026-11-20"}, "leave this day empty"),
        ({"end": "2026-11-20"}, "leave this day empty"),
        ({"open": "perhaps"}, "Choose one of the list"),
    ],
)
def test_a_bad_end_of_a_record_is_refused(world, db, patient, visit, known, fields, words):
    row = known(FactKind.MEDICATION, "nsaid", label="Naproxen", began_on=dt.date(2026, 1, 1))

    answer = world.as_role(Role.NURSE).post(
        questions_url(visit), {f"{name}_{row.id}": value for name, value in fields.items()}
    )

    assert answer.status_code == 422
    assert words in text(answer)
    assert len(facts_of(db, patient)) == 1


def test_a_nurse_is_told_why_a_physicians_record_stays(world, db, patient, visit, known):
    row = known(FactKind.MEDICATION, "nsaid", label="Naproxen", source=FactSource.PHYSICIAN)

    answer = world.as_role(Role.NURSE).post(
        questions_url(visit), {f"open_{row.id}": "ended", f"end_{row.id}": "2026-11-22"}
    )

    assert answer.status_code == 422
    assert "only a physician can end it" in text(answer)


def test_a_consultation_asks_nothing(world, db, patient):
    from clinic.catalog.values import Modality

    visit = a_visit(world, db, patient, modality=Modality.CONSULTATION)

    assert "Nothing to ask" in text(world.as_role(Role.NURSE).get(questions_url(visit)))


# ---- findings and releases ----


@pytest.fixture
def held(db, visit, known):
    """The fingerprint of a blood thinner that waits for a physician."""
    known(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    findings = safety_queries.latest_screening(db, visit.id).findings
    return next(f["fingerprint"] for f in findings if f["rule_code"] == "anticoagulant")


def test_findings_show_arithmetic_sources_and_what_clears_them(world, visit, known):
    known(FactKind.MEDICATION, "nsaid", label="Ibuprofen 400 mg", ended_on=dt.date(2026, 11, 23))

    page = text(world.as_role(Role.NURSE).get(review_url(visit)))

    assert "Ibuprofen 400 mg: last on Nov 23, 2026. Days before the visit: 1" in page
    assert "the rule asks for 2. Clear on Nov 25, 2026" in page
    assert "Leach 2024" in page
    assert "Paracetamol is no problem" in page
    assert "from Wednesday, November 25, 2026" in page


def test_only_a_physician_gets_the_release_form(world, visit, held):
    assert f'value="{held}"' in text(world.as_role(Role.PHYSICIAN).get(review_url(visit)))
    assert f'value="{held}"' not in text(world.as_role(Role.NURSE).get(review_url(visit)))


def test_an_absolute_finding_has_no_form(world, visit, known):
    known(FactKind.LAB, "platelets", value_milli=40_000, unit="10*9/L")

    page = text(world.as_role(Role.PHYSICIAN).get(review_url(visit)))

    assert "Release for this visit…" not in page
    assert "Nobody" in page


def test_a_physician_releases_with_a_reason(world, db, visit, held):
    physician = world.as_role(Role.PHYSICIAN)

    answer = physician.post(releases_url(visit), {"fingerprint": held, "reason": REASON})

    assert answer.status_code == 303
    page = text(physician.get(review_url(visit)))
    assert REASON in page
    assert f"Released by {world.accounts[Role.PHYSICIAN].name}" in page
    db.refresh(visit)
    assert visit.is_released


def test_a_release_form_sent_late_asks_for_the_password_and_keeps_the_reason(
    world, db, visit, held, clock
):
    world.accounts[Role.PHYSICIAN].password_hash = passwords.make_hash("seven copper kettles")
    physician = world.as_role(Role.PHYSICIAN)
    field = f'name="{PASSWORD_FIELD}"'
    form = {"fingerprint": held, "reason": REASON}
    clock(NOW + CONFIRMED_FOR)
    assert field not in text(physician.get(review_url(visit)))
    physician.token()
    clock(NOW + CONFIRMED_FOR + dt.timedelta(seconds=1))

    for sent, says in (
        ({}, "Type your password to go on"),
        ({PASSWORD_FIELD: "six tin kettles"}, "This is not your present password"),
    ):
        refused = physician.post(releases_url(visit), {**form, **sent})
        page = text(refused)
        assert refused.status_code == 422
        assert page.count(field) == 1
        assert re.search(rf'id="password-{held[:12]}-err">.*{says}', page)
        assert REASON in page
        assert '<details class="why" open>' in page
    assert db.scalar(sa.select(sa.func.count()).select_from(Release)) == 0

    done = physician.post(releases_url(visit), {**form, PASSWORD_FIELD: "seven copper kettles"})
    assert done.status_code == 303
    assert db.scalar(sa.select(Release.reason)) == REASON


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.PHYSICIAN])
def test_nobody_else_releases(world, db, visit, held, role):
    answer = world.as_role(role).post(releases_url(visit), {"fingerprint": held, "reason": REASON})

    assert answer.status_code == 403
    assert db.scalar(sa.select(sa.func.count()).select_from(Release)) == 0


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("", "Please fill this in"),
        ("too short", "at least 10 characters"),
        ("x" * 1001, "At most 1000"),
        ("long enough\0", "cannot be stored"),
    ],
)
def test_a_bad_reason_is_refused_at_its_field(world, db, visit, held, reason, words):
    answer = world.as_role(Role.PHYSICIAN).post(
        releases_url(visit), {"fingerprint": held, "reason": reason}
    )

    assert answer.status_code == 422
    assert words in text(answer)
    assert reason[:9] in text(answer)
    assert db.scalar(sa.select(sa.func.count()).select_from(Release)) == 0


def test_a_finding_that_has_changed_is_not_released_and_the_reason_is_kept(
    world, db, visit, held, known
):
    known(FactKind.MEDICATION, "warfarin", label="Warfarin 5 mg")

    answer = world.as_role(Role.PHYSICIAN).post(
        releases_url(visit), {"fingerprint": held, "reason": REASON}
    )

    assert answer.status_code == 409
    assert "The facts have changed" in text(answer)
    assert REASON in text(answer)
    assert db.scalar(sa.select(sa.func.count()).select_from(Release)) == 0


def test_an_absolute_finding_is_released_by_nobody(world, db, visit, known):
    known(FactKind.LAB, "platelets", value_milli=40_000, unit="10*9/L")
    finding = safety_queries.latest_screening(db, visit.id).findings[0]

    answer = world.as_role(Role.PHYSICIAN).post(
        releases_url(visit), {"fingerprint": finding["fingerprint"], "reason": REASON}
    )

    assert answer.status_code == 403
    assert db.scalar(sa.select(sa.func.count()).select_from(Release)) == 0


def test_a_release_that_no_longer_holds_is_shown_as_such(world, db, visit, held, known):
    physician = world.as_role(Role.PHYSICIAN)
    physician.post(releases_url(visit), {"fingerprint": held, "reason": REASON})
    known(FactKind.MEDICATION, "warfarin", label="Warfarin 5 mg")

    page = text(physician.get(review_url(visit)))

    assert "Releases that no longer hold" in page
    assert REASON in page


def test_a_barred_zone_leaves_the_visit_a_caution(world, db, visit, known):
    known(
        FactKind.HAIR,
        "hair",
        zone=Zone.VERTEX,
        state=FactState.ABSENT,
        began_on=dt.date(2019, 1, 1),
    )
    known(FactKind.HAIR, "hair", zone=Zone.MIDSCALP)

    page = text(world.as_role(Role.PHYSICIAN).get(review_url(visit)))

    assert "No hair in the zone · Vertex" in page
    assert "Do not inject" not in page


def test_kept_checks_are_linked(world, db, visit, held):
    record = safety_queries.latest_screening(db, visit.id)

    assert f'href="/screenings/{record.id}"' in text(
        world.as_role(Role.NURSE).get(review_url(visit))
    )
