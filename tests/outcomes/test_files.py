"""Files and rows belong together: also after a kill, on a full disk, and when a file is lost."""

import datetime as dt
import os
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from clinic.audit.service import chain_key
from clinic.core.access import Role
from clinic.core.engine import Sessions, make_engine
from clinic.core.errors import NotFound
from clinic.outcomes import files, service, sweeping
from clinic.outcomes.files import Size, Store, Unwritten
from clinic.outcomes.models import Photograph
from clinic.outcomes.values import RemovePhotograph
from tests.conftest import NOW, SECRET

ROOT = Path(__file__).parents[2]
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
PARTS = {Size.SMALL: b"small", Size.FULL: b"full"}


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "photographs", most_bytes=10**9)


def aged(store: Store, by: dt.timedelta = 2 * HOUR, *, now: dt.datetime = NOW) -> None:
    for path in store.root.rglob("*.jpg"):
        os.utime(path, times=((now - by).timestamp(),) * 2)


@pytest.mark.once
def test_files_lie_under_random_names_for_their_owner_alone(store):
    keys = [store.write(PARTS) for _ in range(5)]

    assert len(set(keys)) == 5
    for key in keys:
        folder = store.root / key[:2] / key[2:4]
        assert store.read(key, Size.FULL) == b"full"
        assert store.read(key, Size.SMALL) == b"small"
        for path in (store.root, folder.parent, folder):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
        for path in folder.glob("*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not list(store.root.rglob(".*"))


@pytest.mark.once
def test_a_missing_file_is_said_in_words(store):
    key = store.write(PARTS)
    store.drop(key)
    store.drop(key)

    with pytest.raises(NotFound):
        store.read(key, Size.FULL)


@pytest.mark.once
def test_a_full_disk_leaves_nothing_behind(store, monkeypatch):
    calls = []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 5:  # three folders and the small file went well
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(Unwritten):
        store.write(PARTS)

    assert [path for path in store.root.rglob("*") if path.is_file()] == []


@pytest.mark.once
def test_the_last_of_the_disk_is_left_to_the_records(tmp_path):
    store = Store(tmp_path / "photographs", most_bytes=10**9, least_free=10**18)

    with pytest.raises(Unwritten):
        store.write(PARTS)
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


@pytest.fixture
def look(studio):
    @contextmanager
    def looked():
        yield studio.db

    return looked


def test_a_sweep_takes_old_files_without_a_row_and_nothing_else(studio, look):
    studio.agrees()
    kept, orphan = studio.keeps(), studio.store.write(PARTS)
    half = studio.store.root / orphan[:2] / orphan[2:4] / f".{orphan}.small.jpg"
    half.write_bytes(b"half")
    aged(studio.store, HOUR / 2)
    assert sweeping.sweep(look, studio.store, now=NOW).orphans == 0

    aged(studio.store)
    first, second = (sweeping.sweep(look, studio.store, now=NOW) for _ in range(2))

    assert (first.orphans, first.drafts, first.over, first.missing) == (1, 1, 0, ())
    assert (second.orphans, second.drafts, second.over, second.missing) == (0, 0, 0, ())
    assert studio.on_disk() == {kept.storage_key}


def test_a_sweep_of_an_older_database_takes_nothing(studio, look):
    """Pictures of the days since its backup have no row there: they are not rubbish."""
    keys = {studio.store.write(PARTS) for _ in range(11)}
    aged(studio.store)

    with pytest.raises(sweeping.TooMany):
        sweeping.sweep(look, studio.store, now=NOW)
    assert studio.on_disk() == keys

    assert sweeping.sweep(look, studio.store, now=NOW, most=11).orphans == 11
    assert studio.on_disk() == set()


def test_the_files_of_a_removed_picture_go_after_the_grace_time(studio, look):
    studio.agrees()
    row = studio.keeps()
    wish = RemovePhotograph(patient_id=studio.alice.id, key=row.public_id, reason="Blurred")
    service.remove(studio.db, studio.actor(Role.PHYSICIAN), wish)
    studio.db.flush()
    aged(studio.store)

    assert sweeping.sweep(look, studio.store, now=NOW + 30 * DAY).over == 0
    assert studio.store.has(row.storage_key)
    found = [sweeping.sweep(look, studio.store, now=NOW + 31 * DAY) for _ in range(2)]

    assert [one.over for one in found] == [1, 0]
    assert [one.missing for one in found] == [(), ()]
    assert studio.on_disk() == set()


def test_a_row_whose_file_is_lost_is_named(studio, look):
    studio.agrees()
    row = studio.keeps()
    studio.db.flush()
    (studio.store.root / row.storage_key[:2] / row.storage_key[2:4]).joinpath(
        f"{row.storage_key}.small.jpg"
    ).unlink()

    assert sweeping.sweep(look, studio.store, now=NOW).missing == (row.storage_key,)


# ---- kill -9 ----

CHILD = """
import sys, time
from io import BytesIO
from pathlib import Path
from clinic.app import create_app
from clinic.audit.service import chain_key
from clinic.consents import service as consents
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.engine import Sessions, make_engine
from clinic.outcomes import files, service
from config import Config
from tests.conftest import NOW, SECRET, lay_tables
from tests.outcomes.conftest import Studio, as_file, dots
from tests import factories
from tests.world import World

clock.now = lambda: NOW
folder, where = Path(sys.argv[1]), sys.argv[2]
engine = make_engine(f"sqlite:///{folder / 'clinic.sqlite3'}")
lay_tables(engine)
sessions = Sessions(engine, info={"audit_key": chain_key(SECRET)})
config = Config(data_dir=folder, database_url="", secret_key=SECRET)
app = create_app(config, sessions=sessions, testing=True)
with sessions.write() as db, db.begin():
    world = World(app, db)
    consents.install_defaults(db)
    alice = factories.a_patient(db, location=world.location)
    studio = Studio(world, db, alice, files.store_of(app.extensions))
    studio.agrees()
    nurse = world.as_role(Role.NURSE)
    alice_id = alice.id

def hang(*args, **kwargs):
    print("here", flush=True)
    time.sleep(60)

if where == "while a file is written":
    files.Path.replace = hang
elif where == "between file and row":
    service.keep = hang
elif where == "before the commit":
    keep = service.keep
    service.keep = lambda *args, **kwargs: (keep(*args, **kwargs), hang())[0]
answer = studio.sends(nurse, (as_file(dots()), "a.jpg"))
assert answer.status_code == 303, answer.status_code
hang()
"""
POINTS = {
    "while a file is written": (0, 0, 0, 1),
    "between file and row": (0, 1, 1, 0),
    "before the commit": (0, 1, 1, 0),
    "after the answer": (1, 1, 0, 0),
}
"""Where it is killed: rows, pictures on the disk, and what a sweep takes: pictures, drafts."""


@pytest.mark.once
@pytest.mark.parametrize("where", POINTS)
def test_a_photograph_is_its_file_and_its_row_also_after_a_kill(tmp_path, where):
    rows, pictures, orphans, drafts = POINTS[where]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), where],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "here\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()

    engine = make_engine(f"sqlite:///{tmp_path / 'clinic.sqlite3'}")
    sessions = Sessions(engine, info={"audit_key": chain_key(SECRET)})
    store = Store(tmp_path / "photographs", most_bytes=10**9)
    with sessions.read() as db:
        keys = db.scalars(sa.select(Photograph.storage_key)).all()
    engine.dispose()
    later = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    assert (len(keys), len(list(store.keys(before=later)))) == (rows, pictures)
    assert all(store.has(key) for key in keys)

    aged(store, now=dt.datetime.now(dt.UTC))
    for taken in ((orphans, drafts), (0, 0))[: 1 + orphans]:
        swept = sweep(tmp_path)
        assert swept.returncode == 0, swept.stderr
        assert swept.stdout == (
            f"Removed {taken[0]} pictures without a photograph, 0 of removed photographs and"
            f" {taken[1]} half-written files.\n"
        )
    assert set(store.keys(before=later)) == set(keys)
    for lost in keys:
        store.drop(lost)
        swept = sweep(tmp_path)
        assert swept.returncode == 1
        assert lost in swept.stderr


def sweep(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "photographs", "sweep"],
        cwd=ROOT,
        env={**os.environ, "CLINIC_DATA_DIR": str(folder), "SECRET_KEY": SECRET},
        capture_output=True,
        text=True,
        check=False,
    )
