"""The command that sweeps up."""

import datetime as dt

from clinic.accounts.commands import purge
from clinic.accounts.models import Throttle
from tests.conftest import NOW


def test_purge_says_how_many_rows_went(app, db):
    db.add(Throttle(key="old", count=1, resets_at=NOW - dt.timedelta(days=1)))
    db.flush()

    result = app.test_cli_runner().invoke(purge)

    assert result.exit_code == 0
    assert result.output == "Deleted 0 ended sessions and 1 old counters.\n"
