"""The commands `safety explain` and `safety evaluate`."""

import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.safety.values import FactKind
from tests.safety.conftest import TODAY

CASE = {
    "on": "2026-12-01",
    "person": {"birth_date": "1985-04-12", "sex": "female"},
    "plan": {"service": "prp", "zones": ["vertex"], "consent_version": "1.0"},
    "facts": [
        {"kind": "consent", "code": "prp", "label": "1.0", "noted_on": "2026-11-20"},
        {"kind": "lab", "code": "platelets", "value": 98000, "unit": "/uL"},
        {"kind": "medication", "code": "nsaid", "label": "Ibuprofen", "ended_on": "2026-11-30"},
    ],
}


@pytest.fixture
def run(app):
    runner = app.test_cli_runner()
    return lambda *arguments: runner.invoke(args=["safety", *map(str, arguments)])


@pytest.fixture
def written(tmp_path):
    def write(data):
        path = tmp_path / "case.json"
        path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        return path

    return write


def test_explain_prints_the_arithmetic_of_a_patient(run, db, patient, known):
    known(FactKind.MEDICATION, "nsaid", label="Ibuprofen 400 mg", ended_on=TODAY)

    told = run("explain", patient.file_number, "--on", "2026-11-24")

    assert told.exit_code == 0, told.output
    assert "prp on 2026-11-24: DEFER" in told.output
    assert "Ibuprofen 400 mg: last on 2026-11-23. Days before the visit: 1" in told.output
    assert "Rule nsaid_recent v1" in told.output


def test_explain_speaks_json(run, db, patient, known):
    known(FactKind.LAB, "platelets", value_milli=40_000, unit="10*9/L")

    told = json.loads(run("explain", patient.id, "--on", "2026-11-24", "--json").output)

    assert told["decision"] == "block"
    assert told["findings"][0]["rule_code"] == "plt_critical"
    assert "40 10*9/L" in told["findings"][0]["arithmetic"][0]


def test_explain_leaves_a_trace(run, db, patient):
    run("explain", patient.file_number)

    line = db.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (line.action, line.patient_id) == ("screening.explained", patient.id)


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain",),
        ("explain", "nobody"),
        ("explain", "99999999999999999999"),
        ("explain", "1", "--appointment", "1"),
        ("explain", "--appointment", "999999"),
        ("explain", "1", "--on", "yesterday"),
        ("explain", "1", "--service", "surgery"),
    ],
)
def test_explain_says_what_is_wrong_and_ends_with_two(run, db, arguments):
    told = run(*arguments)

    assert told.exit_code == 2
    assert told.output.strip()
    assert "Traceback" not in told.output


def test_evaluate_needs_no_database(run, written):
    told = run("evaluate", written(CASE))

    assert told.exit_code == 0, told.output
    assert "prp on 2026-12-01: DEFER" in told.output
    assert "98 10*9/L" in told.output


DOCUMENT = Path(__file__).parents[2] / "docs" / "safety-case.md"


def test_the_documented_case_gives_what_the_document_says(run, written):
    text = DOCUMENT.read_text(encoding="utf-8")
    case = re.search(r"```json\n(.*?)```", text, re.DOTALL)[1]
    table = text.partition("## The result")[2].partition("## ")[0]
    rows = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    fields = [set(re.findall(r"`(\w+)(?:\[\])?`", row)) for row in rows]

    told = json.loads(run("evaluate", written(case), "--json").output)

    assert set(told) == set.union(*fields[:6])
    assert told["findings"]
    for finding in told["findings"]:
        assert set(finding) == set.union(*fields[6:])
    assert (told["decision"], told["earliest_clear_on"]) == ("defer", "2026-12-02")


def test_evaluate_gives_the_same_answer_twice(run, written):
    assert (
        run("evaluate", written(CASE), "--json").output
        == run("evaluate", written(CASE), "--json").output
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"on": "soon"}, "case.on: must be a date"),
        ({"plan": {"service": "surgery"}}, "case.plan.service: must be one of prp"),
        ({"plan": {"service": "prp", "zones": ["nose"]}}, "case.plan.zones: nose is no zone"),
        ({"facts": [{"kind": "lab"}]}, "case.facts[0].code: must be a text"),
        ({"facts": [{"kind": "x", "code": "y"}]}, "case.facts[0].kind: must be one of"),
        (
            {"facts": [{"kind": "lab", "code": "platelets", "value": 105, "unit": "/uL"}]},
            "case.facts[0].value: must be from 5 to 2000 10*9/L; was 10⁵ /µL (= 100 ×10⁹/L) or",
        ),
        (
            {"facts": [{"kind": "medication", "code": "nsaidd"}]},
            "case.facts[0].code: nsaidd is no medication; it must be one of",
        ),
        (
            {"facts": [{"kind": "condition", "code": "nsaid"}]},
            "case.facts[0].code: nsaid is no condition; it must be one of",
        ),
        (
            {"facts": [{"kind": "review", "code": "illnesses"}]},
            "case.facts[0].code: illnesses is no review; it must be one of pregnancy, bleeding",
        ),
        (
            {"facts": [{"kind": "consent", "code": "meso"}]},
            "case.facts[0].code: meso is no consent; it must be one of prp, mesotherapy",
        ),
        (
            {"plan": {"service": "mesotherapy", "ingredients": ["dutasterid"]}},
            "case.plan.ingredients: dutasterid is no ingredient; it must be one of lidocaine",
        ),
        (
            {"plan": {"service": "mesotherapy", "lots": [{"ingredient": "x"}]}},
            "case.plan.lots[0].ingredient: x is no ingredient",
        ),
        (
            {"facts": [{"kind": "lab", "code": "platelets", "value": 98, "unit": "kg"}]},
            "case.facts[0].unit: must be one of 10*9/L",
        ),
        ({"facts": "none"}, "case.facts: must be a list of tables"),
        ({"colour": "red"}, "case.colour: is not known here"),
        ({"person": {"sex": "?"}}, "case.person.sex: must be one of female"),
    ],
)
def test_evaluate_names_the_field_and_what_is_allowed(run, written, change, problem):
    told = run("evaluate", written({**CASE, **change}))

    assert told.exit_code == 2
    assert problem in told.output


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "3"])
def test_evaluate_refuses_what_is_no_case(run, written, text):
    told = run("evaluate", written(text))

    assert told.exit_code == 2
    assert "Traceback" not in told.output


def test_evaluate_refuses_a_file_that_is_not_there(run, tmp_path):
    assert run("evaluate", tmp_path / "none.json").exit_code == 2
