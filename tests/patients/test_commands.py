"""The command that makes the search keys anew."""

import sqlalchemy as sa

from clinic.patients import finding
from clinic.patients.commands import group
from clinic.patients.models import PatientSearchKey


def test_rebuilding_on_the_command_line_mends_lost_keys(app, db, register):
    register("Aust", "Karl")
    db.execute(sa.delete(PatientSearchKey))

    done = app.test_cli_runner().invoke(group, ["rebuild"])

    assert done.exit_code == 0
    assert "1 patients" in done.output
    assert [hit.name for hit in finding.search(db, "aust")] == ["Karl Aust"]
