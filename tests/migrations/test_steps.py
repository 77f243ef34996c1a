"""Each revision goes up, down and up again, keeps the rows, and fails as a whole or not at all."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from clinic.core import migrate
from clinic.core.engine import make_engine
from tests.migrations.fingerprint import fingerprint
from tests.migrations.rows import PARENTS, ROWS, counted, put_in

REVISIONS = [
    script.revision
    for script in reversed(list(ScriptDirectory(str(migrate.SCRIPTS)).walk_revisions()))
]
SCRATCH = textwrap.dedent("""
    import sqlalchemy as sa
    from alembic import op

    revision = "scratch"
    down_revision = {head!r}


    def upgrade() -> None:
        with op.batch_alter_table({table!r}, recreate={recreate!r}) as batch:
            batch.add_column(sa.Column("scratch", sa.String(8)))
        {more}


    def downgrade() -> None:
        with op.batch_alter_table({table!r}) as batch:
            batch.drop_column("scratch")
""")


@pytest.fixture
def engine(url):
    """The database under test, its connections closed between the steps."""
    engine = make_engine(url)
    yield engine
    engine.dispose()


def state(engine: sa.Engine):
    with engine.connect() as connection:
        found = fingerprint(connection)
    engine.dispose()
    return found


def with_one_more(folder: Path, *, table: str, recreate: str = "auto", more: str = "") -> Path:
    """Return a folder with the project's revisions and one that changes a table."""
    folder.mkdir()
    for script in (migrate.SCRIPTS / "versions").glob("*.py"):
        (folder / script.name).write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
    text = SCRATCH.format(head=migrate.head(), table=table, recreate=recreate, more=more)
    (folder / "scratch.py").write_text(text, encoding="utf-8")
    return folder


def test_each_revision_goes_up_down_and_up_to_the_same_schema(url, engine):
    for revision in REVISIONS:
        before = state(engine)
        command.upgrade(migrate.settings(url), revision)
        after = state(engine)
        command.downgrade(migrate.settings(url), "-1")
        assert state(engine) == before, revision
        command.upgrade(migrate.settings(url), revision)
        assert state(engine) == after, revision
        assert after != before, revision


def test_all_the_way_down_nothing_is_left(url, engine):
    migrate.upgrade(url)

    command.downgrade(migrate.settings(url), "base")

    assert state(engine) == set()


@pytest.mark.parametrize("start", REVISIONS)
def test_rows_survive_the_upgrade_from_every_revision(url, engine, start):
    command.upgrade(migrate.settings(url), start)
    put_in(engine)
    before = counted(engine)
    engine.dispose()

    migrate.upgrade(url)

    assert counted(engine) == before
    assert sum(before.values()) >= len(PARENTS)


def test_rows_of_every_kind_are_tried(url, engine):
    migrate.upgrade(url)
    put_in(engine)

    assert all(counted(engine)[table] for table, _ in ROWS)


def test_a_parent_made_anew_keeps_its_children(tmp_path):
    url = f"sqlite:///{tmp_path / 'clinic.sqlite3'}"
    migrate.upgrade(url)
    engine = make_engine(url)
    put_in(engine)
    before = counted(engine)
    engine.dispose()
    versions = with_one_more(tmp_path / "versions", table="service", recreate="always")

    command.upgrade(migrate.settings(url, versions=versions), "head")

    assert counted(engine) == before
    assert before["service_segment"] == 1
    engine.dispose()


def test_a_table_made_anew_loses_its_triggers_and_the_fingerprint_says_so(tmp_path):
    """Why a batch revision of a guarded table ends with the text of its guards."""
    url = f"sqlite:///{tmp_path / 'clinic.sqlite3'}"
    migrate.upgrade(url)
    engine = make_engine(url)
    before = {name for kind, name, _ in state(engine) if kind == "trigger"}
    versions = with_one_more(tmp_path / "versions", table="occupancy", recreate="always")

    command.upgrade(migrate.settings(url, versions=versions), "head")

    after = {name for kind, name, _ in state(engine) if kind == "trigger"}
    assert before - after == {"trg_occupancy_no_overlap_ins", "trg_occupancy_no_overlap_upd"}


def test_a_revision_that_fails_leaves_nothing_behind(url, engine, tmp_path):
    migrate.upgrade(url)
    before = state(engine)
    broken = with_one_more(
        tmp_path / "versions", table="service", more='op.execute("SELECT nothing FROM service")'
    )

    with pytest.raises(sa.exc.DBAPIError):
        command.upgrade(migrate.settings(url, versions=broken), "head")

    assert state(engine) == before
    assert migrate.current(engine) == migrate.head()


def test_a_revision_that_orphans_rows_is_rolled_back(tmp_path):
    url = f"sqlite:///{tmp_path / 'clinic.sqlite3'}"
    migrate.upgrade(url)
    engine = make_engine(url)
    put_in(engine)
    before = counted(engine)
    engine.dispose()
    versions = with_one_more(
        tmp_path / "versions", table="product", more='op.execute("DELETE FROM service")'
    )

    with pytest.raises(RuntimeError, match="broke foreign keys"):
        command.upgrade(migrate.settings(url, versions=versions), "head")

    assert counted(engine) == before
    engine.dispose()


def test_an_upgrade_on_sqlite_first_copies_what_was_there(tmp_path):
    url = f"sqlite:///{tmp_path / 'clinic.sqlite3'}"
    command.upgrade(migrate.settings(url), REVISIONS[0])
    engine = make_engine(url)
    put_in(engine)
    before = counted(engine)
    engine.dispose()

    done = migrate.upgrade(url)

    assert (done.before, done.after) == (REVISIONS[0], migrate.head())
    assert done.backup is not None
    assert done.backup.stat().st_mode & 0o077 == 0
    copy = make_engine(f"sqlite:///{done.backup}")
    assert counted(copy) == before
    assert migrate.current(copy) == REVISIONS[0]
    copy.dispose()
    assert migrate.upgrade(url).backup is None, "nothing to do, nothing to copy"


def test_a_new_database_file_is_for_its_owner_alone(tmp_path):
    migrate.upgrade(f"sqlite:///{tmp_path / 'clinic.sqlite3'}")

    assert (tmp_path / "clinic.sqlite3").stat().st_mode & 0o777 == 0o600


def test_two_upgrades_at_once_do_not_hurt_each_other(url, engine):
    program = "import sys; from clinic.core import migrate; migrate.upgrade(sys.argv[1])"
    command_line = [sys.executable, "-c", program, url]
    root = migrate.SCRIPTS.parent

    both = [subprocess.Popen(command_line, cwd=root, stderr=subprocess.PIPE) for _ in range(2)]
    errors = [process.communicate(timeout=120)[1] for process in both]

    assert [process.returncode for process in both] == [0, 0], errors
    assert migrate.current(engine) == migrate.head()
