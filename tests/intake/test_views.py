"""The facts page and the consent papers: what they show to whom, record, and say to bad input."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.core.access import Role
from clinic.safety.models import PatientFact
from clinic.safety.values import FactKind, FactSource, FactState
from tests import factories

CLINICAL = [Role.NURSE, Role.PHYSICIAN]
TODAY, YESTERDAY, TOMORROW = "2026-11-23", "2026-11-22", "2026-11-24"


def facts_url(patient):
    return f"/patients/{patient.id}/facts"


def text(response):
    return response.get_data(as_text=True)


def section(name, **fields):
    """The form of a section as a browser sends it."""
    common = {"noted_on": TODAY, "source": "staff", **fields}
    return {"section": name, **{f"{name}-{key}": value for key, value in common.items()}}


def facts_of(db, patient):
    wanted = sa.select(PatientFact).where(PatientFact.patient_id == patient.id)
    return list(db.scalars(wanted.order_by(PatientFact.id)))


@pytest.mark.parametrize("role", CLINICAL)
def test_the_facts_page_shows_what_stands_in_its_groups(world, patient, known, role):
    known(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    known(
        FactKind.LAB,
        "platelets",
        value_milli=98_000,
        unit="10*9/L",
        noted_on=dt.date(2026, 10, 12),
        source=FactSource.LETTER,
    )
    known(FactKind.ALLERGY, "no_known_allergy")

    page = text(world.as_role(role).get(facts_url(patient)))

    assert "Enoxaparin 40 mg" in page
    assert "98 ×10⁹/L" in page
    assert "42 d old, valid 90 d" in page
    assert "No known allergy" in page


@pytest.mark.parametrize(
    ("form", "kind", "code", "extra"),
    [
        (
            section("condition", code="keloid", state="present", began_on="2020-01-02"),
            "condition",
            "keloid",
            {"began_on": dt.date(2020, 1, 2)},
        ),
        (
            section("condition", code="", label="Hepatitis C since 2011", state="present"),
            "condition",
            "hepatitis_c",
            {"label": "Hepatitis C since 2011"},
        ),
        (section("condition", label="Bunion", state="present"), "condition", "other_condition", {}),
        (
            section("condition", code="psoriasis", state="absent"),
            "condition",
            "psoriasis",
            {"state": FactState.ABSENT},
        ),
        (
            section("condition", code="sepsis", state="absent", ended_on="2026-11-01"),
            "condition",
            "sepsis",
            {"state": FactState.ABSENT, "ended_on": dt.date(2026, 11, 1)},
        ),
        (
            section("medicine", label="Clexane 40 mg", taken="now"),
            "medication",
            "anticoagulant",
            {"ended_on": None},
        ),
        (
            section("medicine", label="Ibuprofen 400", taken="stopped", last_on="21.11.2026"),
            "medication",
            "nsaid",
            {"ended_on": dt.date(2026, 11, 21)},
        ),
        (
            section("medicine", label="Herbal tea", taken="now", code="supplement"),
            "medication",
            "supplement",
            {},
        ),
        (section("allergy", answer="none"), "allergy", "no_known_allergy", {}),
        (section("allergy", answer="allergic", label="Latex gloves"), "allergy", "latex", {}),
        (
            section("allergy", answer="tested", code="citrate", source="letter"),
            "allergy",
            "citrate",
            {"state": FactState.ABSENT, "source": FactSource.LETTER},
        ),
        (
            section("pregnancy", answer="pregnant", began_on="2026-09-01"),
            "pregnancy",
            "pregnant",
            {},
        ),
        (
            section("result", test="platelets /uL", value="98000", source="letter"),
            "lab",
            "platelets",
            {"value_milli": 98_000, "unit": "10*9/L", "as_reported": "98000 /uL"},
        ),
        (
            section("result", test="weight kg", value="72,5"),
            "vital",
            "weight",
            {"value_milli": 72_500},
        ),
        (
            section("stage", code="norwood_iii_vertex"),
            "stage",
            "norwood_iii_vertex",
            {"label": "Norwood-Hamilton III vertex"},
        ),
        (
            section("hair", zones="vertex", state="absent", began_on="2019-01-01"),
            "hair",
            "hair",
            {"zone": "vertex", "state": FactState.ABSENT},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_section_records_its_fact(world, db, patient, form, kind, code, extra):
    answer = world.as_role(Role.NURSE).post(facts_url(patient), form)

    assert answer.status_code == 303, text(answer)
    row = facts_of(db, patient)[-1]
    assert (row.kind.value, row.code) == (kind, code)
    for name, value in extra.items():
        assert getattr(row, name) == value, name


def test_none_of_these_denies_them_all(world, db, patient):
    world.as_role(Role.NURSE).post(facts_url(patient), section("pregnancy", answer="none"))

    rows = facts_of(db, patient)
    assert len(rows) == 5
    assert {row.state for row in rows} == {FactState.ABSENT}


def test_several_zones_are_recorded_at_once(world, db, patient):
    form = section("hair", zones=["vertex", "midscalp"], state="present")

    world.as_role(Role.PHYSICIAN).post(facts_url(patient), form)

    assert {row.zone.value for row in facts_of(db, patient)} == {"vertex", "midscalp"}


BAD = {
    "nothing chosen": (section("condition"), "Choose one of the list, or write its name"),
    "unknown condition": (section("condition", code="x"), "Choose one of the list"),
    "unknown state": (section("condition", code="keloid", state="perhaps"), "Choose one"),
    "unknown zone": (section("condition", code="keloid", zone="nose"), "Choose one"),
    "to come": (section("condition", code="keloid", noted_on=TOMORROW), "still to come"),
    "begun to come": (section("condition", code="keloid", began_on=TOMORROW), "still to come"),
    "absurd date": (section("condition", code="keloid", noted_on="0001-01-01"), "Not before"),
    "no such day": (section("condition", code="keloid", noted_on="2026-02-30"), "no such day"),
    "no date": (section("condition", code="keloid", noted_on="soon"), "Enter a date"),
    "empty date": (section("condition", code="keloid", noted_on=""), "Please fill this in"),
    "before the birth": (section("condition", code="keloid", began_on="1980-01-01"), "was born"),
    "end before beginning": (
        section("condition", code="keloid", began_on="2026-02-02", ended_on="2026-01-01"),
        "end is before the beginning",
    ),
    "overlong": (section("condition", label="x" * 201), "At most 200 characters"),
    "NUL": (section("condition", label="a\0b"), "cannot be stored"),
    "unknown source": (section("condition", code="keloid", source="oracle"), "Choose one"),
    "forbidden source": (section("condition", code="keloid", source="system"), "Choose one"),
    "no name": (section("medicine", taken="now"), "Please fill this in"),
    "blank name": (section("medicine", label="   ", taken="now"), "Please fill this in"),
    "stopped, no day": (section("medicine", label="Aspirin", taken="stopped"), "fill this in"),
    "taken, last day": (
        section("medicine", label="Aspirin", taken="now", last_on=YESTERDAY),
        "or leave this day empty",
    ),
    "allergy to nothing": (section("allergy", answer="allergic"), "or write its name"),
    "no answer": (section("pregnancy"), "Please fill this in"),
    "unknown answer": (section("pregnancy", answer="perhaps"), "Choose one"),
    "platelets of 105/µL": (
        section("result", test="platelets /uL", value="105"),
        "10⁵ /µL (= 100 ×10⁹/L)",
    ),
    "haemoglobin in the wrong unit": (
        section("result", test="haemoglobin g/dL", value="95"),
        "Was 95 g/L meant?",
    ),
    "thousands": (section("result", test="platelets /uL", value="98,000"), "separator: 98000"),
    "no number": (section("result", test="platelets /uL", value="low"), "Enter a number"),
    "no value": (section("result", test="platelets /uL", value=""), "Please fill this in"),
    "no test": (section("result", test="", value="98"), "Please fill this in"),
    "unknown test": (section("result", test="platelets kg", value="98"), "Choose one"),
    "weight of a truck": (section("result", test="weight kg", value="3000"), "from 30 to 300"),
    "no stage": (section("stage"), "Please fill this in"),
    "unknown stage": (section("stage", code="norwood_x"), "Choose one"),
    "no zone": (section("hair", state="present"), "Tick at least one zone"),
    "no state": (section("hair", zones="vertex"), "Please fill this in"),
    "hair since": (
        section("hair", zones="vertex", state="present", began_on="2020-01-01"),
        "Only where there is no hair",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_says_so_at_the_field_and_keeps_what_was_typed(world, db, patient, name):
    form, words = BAD[name]

    answer = world.as_role(Role.NURSE).post(facts_url(patient), form)

    assert answer.status_code == 422
    page = text(answer)
    assert words in page.replace("&#39;", "'")
    assert 'aria-invalid="true"' in page or "form-errors" in page
    assert facts_of(db, patient) == []
    for key, value in form.items():
        if key.endswith(("label", "value", "_on")) and value and "\0" not in value:
            assert f'value="{value.strip()}"' in page or value in page, key


@pytest.mark.parametrize("which", ["", "surgery", "Condition"])
def test_an_unknown_section_is_refused(world, patient, which):
    answer = world.as_role(Role.NURSE).post(facts_url(patient), {"section": which})

    assert answer.status_code == 422


def test_a_double_click_records_one_fact(world, db, patient):
    nurse = world.as_role(Role.NURSE)
    page = text(nurse.get(facts_url(patient)))
    key = re.search(r'name="condition-form_key"[^>]*value="([^"]+)"', page)[1]
    form = section("condition", code="keloid", form_key=key)

    assert nurse.post(facts_url(patient), form).status_code == 303
    assert nurse.post(facts_url(patient), form).status_code == 303

    assert len(facts_of(db, patient)) == 1


def test_a_scale_of_the_other_sex_is_recorded_with_a_warning(world, db, patient):
    nurse = world.as_role(Role.NURSE)

    nurse.post(facts_url(patient), section("stage", code="norwood_iv"))

    assert "meant for the other sex" in text(nurse.get(facts_url(patient)))
    assert facts_of(db, patient)[0].code == "norwood_iv"


def test_only_a_physician_may_say_examined_by_a_physician(world, db, patient):
    form = section("condition", code="keloid", source="physician")

    assert world.as_role(Role.NURSE).post(facts_url(patient), form).status_code == 422
    assert world.as_role(Role.PHYSICIAN).post(facts_url(patient), form).status_code == 303


def test_a_fact_changes_the_visit_at_once(world, db, patient, visit):
    form = section("medicine", label="Ibuprofen 400", taken="stopped", last_on=TODAY)

    world.as_role(Role.NURSE).post(facts_url(patient), form)

    db.refresh(visit)
    assert visit.decision.value == "defer"


# ---- entered in error ----


def error_url(patient, fact):
    return f"/patients/{patient.id}/facts/{fact.id}/error"


def test_a_fact_in_error_stays_struck_through_in_the_history(world, db, patient, known):
    row = known(FactKind.CONDITION, "keloid", label="Thick scar")
    nurse = world.as_role(Role.NURSE)

    answer = nurse.post(error_url(patient, row), {"reason": "another patient's letter"})

    assert answer.status_code == 303
    page = text(nurse.get(facts_url(patient)))
    assert re.search(r"<s><bdi>Thick scar</bdi>", page)
    assert "another patient&#39;s letter" in page


@pytest.mark.parametrize(
    ("reason", "words"),
    [("", "fill this in"), ("  ", "fill this in"), ("x" * 301, "At most 300"), ("a\0", "stored")],
)
def test_an_error_needs_a_reason(world, db, patient, known, reason, words):
    row = known(FactKind.CONDITION, "keloid")

    answer = world.as_role(Role.NURSE).post(error_url(patient, row), {"reason": reason})

    assert answer.status_code == 422
    assert words in text(answer)
    db.refresh(row)
    assert row.error_at is None


def test_a_fact_is_put_right_once(world, patient, known):
    row = known(FactKind.CONDITION, "keloid")
    nurse = world.as_role(Role.NURSE)
    nurse.post(error_url(patient, row), {"reason": "another patient"})

    assert nurse.post(error_url(patient, row), {"reason": "again"}).status_code == 409


def test_the_fact_of_somebody_else_is_not_found(world, db, patient, known):
    row = known(FactKind.CONDITION, "keloid")
    other = factories.a_patient(db, location=world.location)

    answer = world.as_role(Role.NURSE).post(error_url(other, row), {"reason": "not mine"})

    assert answer.status_code == 404
