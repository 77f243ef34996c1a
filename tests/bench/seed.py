"""A reproducible clinic of a chosen size, written past the application."""

import hashlib
import time
from pathlib import Path

import click
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from clinic.models import metadata
from tests.bench import proof
from tests.bench.load import Loader, Step
from tests.bench.past import Past
from tests.bench.people import People
from tests.bench.sizes import Size
from tests.bench.staff import make_staff
from tests.bench.treated import Treated
from tests.bench.visits import Visits

_STAFF, _PROVED = "staff", "proved"
_MADE_BY = (
    "names.txt", "sizes.py", "people.py", "past.py", "visits.py", "treated.py", "staff.py",
)  # fmt: skip


def steps_of(size: Size) -> list[Step]:
    """Return all tables of a size in the order in which they are written."""
    visits = Visits(size)
    return [
        *People(size).steps(),
        *visits.steps(),
        *Past(size, visits).steps(),
        *Treated(size, visits).steps(),
    ]


def version() -> str:
    """Return what a database was seeded by: other tables or another recipe are another clinic."""
    digest = hashlib.sha256()
    for table in metadata.sorted_tables:
        digest.update(str(CreateTable(table)).encode())
        digest.update(str(sorted(str(index) for index in table.indexes)).encode())
    for name in _MADE_BY:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()[:16]


def is_current(engine: sa.Engine) -> bool:
    """Tell whether the database is empty or was begun by this recipe."""
    tables = sa.inspect(engine).get_table_names()
    if not tables:
        return True
    return "bench_step" in tables and Loader(engine).done(version()) > 0


def seed(engine: sa.Engine, size: Size) -> float:
    """Fill the database; return the seconds it took. What an earlier run loaded is kept."""
    begin = time.monotonic()
    loader = Loader(engine)
    loader.begin()
    if loader.done(_PROVED):
        return 0.0
    loader.note(version(), 1)
    loader.take_off()
    if not loader.done(_STAFF):
        with engine.begin() as connection:
            make_staff(connection)
        loader.note(_STAFF, 1)
    for step in steps_of(size):
        loader.load(step)
    loader.put_back()
    proof.prove(engine)
    loader.note(_PROVED, 1)
    taken = time.monotonic() - begin
    click.echo(f"seeded {size.name} in {taken:,.0f} s")
    return taken
