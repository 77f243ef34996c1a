"""The commands: what they print, what they leave, how they end."""

import pytest
import sqlalchemy as sa

from clinic.interop.commands import SOME_REFUSED, group
from clinic.patients.models import Patient
from clinic.safety.models import PatientFact
from tests.interop.conftest import REAL

WARFARIN = "2026-11-01T08:00:00Z,,anna,e1,1,Warfarin 5 MG Oral Tablet"


@pytest.fixture
def command(world, app):
    def run(*arguments):
        return app.test_cli_runner().invoke(group, [str(one) for one in arguments])

    return run


def count(db, model):
    return db.scalar(sa.select(sa.func.count()).select_from(model))


def test_the_real_files_are_imported_and_counted(command, db):
    done = command("synthea", REAL)

    assert done.exit_code == 0, done.output
    assert "patients: 59 new (9 of them deceased), 0 here already" in done.output
    assert "observations.csv: 2921 new, 0 here already" in done.output
    assert done.output.strip().endswith("Done.")
    assert count(db, Patient) == 59


def test_a_dry_run_tells_all_and_writes_nothing(command, db, folder):
    there = folder(medications=[WARFARIN, "x,,anna,e,1,Warfarin"])

    done = command("synthea", there, "--dry-run")

    assert done.exit_code == SOME_REFUSED
    assert "patients: 1 new" in done.output
    assert "medications.csv: 1 new" in done.output
    assert "medications.csv, line 3: START is no date" in done.output
    assert "conditions.csv: not in the folder" in done.output
    assert "Nothing was written" in done.output
    assert count(db, Patient) == count(db, PatientFact) == 0


def test_refused_lines_are_named_and_the_others_come_in(command, db, folder):
    there = folder(medications=[WARFARIN, WARFARIN.replace("anna", "nobody")])

    done = command("synthea", there)

    assert done.exit_code == SOME_REFUSED
    assert "Refused (1):" in done.output
    assert "medications.csv, line 3: its patient is not in patients.csv" in done.output
    assert count(db, PatientFact) == 1


def test_a_second_run_doubles_nobody_and_says_so(command, db, folder):
    there = folder(medications=[WARFARIN, WARFARIN])
    command("synthea", there)

    done = command("synthea", there)

    assert done.exit_code == 0
    assert "patients: 0 new (0 of them deceased), 1 here already" in done.output
    assert "medications.csv: 0 new, 1 here already" in done.output
    assert "taken once: 1" in done.output
    assert count(db, PatientFact) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"START,STOP\n", "does not name PATIENT"),
        ("START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION\nü\n".encode("latin-1"), "not in UTF-8"),
        (b'START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION\n"x\n', "quotation marks"),
    ],
)
def test_a_broken_file_imports_nothing_at_all(command, db, folder, content, words):
    there = folder()
    (there / "medications.csv").write_bytes(content)

    done = command("synthea", there)

    assert done.exit_code == 1
    assert words in done.output
    assert "Nothing was imported" in done.output
    assert count(db, Patient) == 0


def test_a_folder_without_patients_is_refused(command, tmp_path):
    assert "There is no patients.csv" in command("synthea", tmp_path).output
    assert command("synthea", tmp_path / "nowhere").exit_code == 2


def test_a_list_is_imported_with_the_clinics_country(command, db, tmp_path):
    file = tmp_path / "patients.csv"
    file.write_text("family_name;phone\nMüller;0151 12345678\nAust;hello\n", encoding="utf-8")

    dry = command("patients", file, "--dry-run")
    assert dry.exit_code == SOME_REFUSED
    assert count(db, Patient) == 0

    done = command("patients", file)
    assert done.exit_code == SOME_REFUSED
    assert "patients: 1 new" in done.output
    assert "patients.csv, line 3: phone is no phone number" in done.output
    assert db.scalar(sa.select(Patient.phone)) == "+4915112345678"


def test_a_list_with_an_unknown_column_imports_nothing(command, db, tmp_path):
    file = tmp_path / "patients.csv"
    file.write_text("family_name,blood_group\nMüller,A\n", encoding="utf-8")

    done = command("patients", file)

    assert done.exit_code == 1
    assert "unknown columns blood_group" in done.output
    assert count(db, Patient) == 0


def test_there_must_be_a_clinic_to_import_into(app, db, folder):
    done = app.test_cli_runner().invoke(group, ["synthea", str(folder())])

    assert done.exit_code == 2
    assert "set-up" in done.output
