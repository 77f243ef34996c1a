"""The benchmark itself: loading that can be resumed, guards that come back, judging of ratios."""

import datetime as dt
import itertools
from pathlib import Path

import pytest
import sqlalchemy as sa

from clinic.core.engine import Sessions, make_engine
from clinic.scheduling import recheck
from tests.bench import checks, judge, load, measure, proof, report, seed
from tests.bench.load import Loader, Row, Step
from tests.bench.measure import Operation, Timing
from tests.bench.people import People
from tests.bench.report import Result
from tests.bench.sizes import PER_DAY, PHYSICIANS, TODAY, Size
from tests.bench.visits import Visits

pytestmark = pytest.mark.once
TINY = Size(name="tiny", patients=200, appointments=4_800, sessions=900, batch=200)


def _timing(median: float, statements: int | None = None) -> Timing:
    return Timing(median_ms=median, p95_ms=median * 2, statements=statements, calls=1)


def _ratio(over: str) -> str:
    return next(ratio.name for ratio in judge.RATIOS if ratio.over == over)


# ---- rows ----


def test_the_same_size_gives_the_same_rows_each_time() -> None:
    for one, other in zip(seed.steps_of(TINY), seed.steps_of(TINY), strict=True):
        some = list(itertools.islice(one.rows(), 300))
        assert some == list(itertools.islice(other.rows(), 300))
        assert some
        assert all(len(row) == len(one.columns) for row in some)


def test_each_step_says_how_many_rows_it_has() -> None:
    for step in seed.steps_of(TINY):
        assert sum(1 for _ in step.rows()) == step.count, step.table


def test_today_is_a_full_day_of_every_physician() -> None:
    today = [visit for visit in Visits(TINY).all() if visit.local.date() == TODAY]

    assert len(today) == PHYSICIANS * PER_DAY
    assert all(visit.is_held for visit in today)
    assert len({visit.status for visit in today}) == 4


def test_patients_have_numbers_and_phones_of_their_own() -> None:
    people = list(People(TINY).all())

    assert len({one.file_number for one in people}) == TINY.patients
    assert len({one.phone for one in people}) == TINY.patients
    assert len({(one.given_name, one.family_name) for one in people}) > TINY.patients * 0.9


def test_values_are_written_as_each_driver_wants_them() -> None:
    noon = dt.datetime(2027, 3, 3, 13, tzinfo=dt.timezone(dt.timedelta(hours=1)))

    assert load.adapt(noon, "sqlite") == "2027-03-03 12:00:00.000000"
    assert load.adapt(noon, "postgresql") is noon
    assert load.adapt({"a": 1}, "sqlite") == '{"a": 1}'
    assert load.copied([(1, None, True, "a\tb\\", [])]) == "1\t\\N\tt\ta\\tb\\\\\t[]\n"


# ---- loading ----


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return make_engine(f"sqlite:///{tmp_path / 'tiny.sqlite3'}")


def test_a_seeded_database_has_all_rows_and_all_guards(engine: sa.Engine) -> None:
    seed.seed(engine, TINY)

    with engine.connect() as connection:
        for step in seed.steps_of(TINY):
            count = connection.scalar(sa.text(f"SELECT count(*) FROM {step.table}"))
            assert count == step.count, step.table
    assert seed.seed(engine, TINY) == 0.0
    assert seed.is_current(engine)


def test_a_guard_that_is_missing_is_found(engine: sa.Engine) -> None:
    seed.seed(engine, TINY)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER trg_screening_no_delete")

    with pytest.raises(RuntimeError, match="not as before loading"):
        proof.prove(engine)


def test_rows_that_overlap_are_found(engine: sa.Engine) -> None:
    seed.seed(engine, TINY)
    with engine.begin() as connection:
        triggers = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE name LIKE 'trg_occupancy%'"
        ).all()
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("UPDATE occupancy SET resource_id = 1 WHERE resource_id = 2")
        for _, text in triggers:
            connection.exec_driver_sql(text)

    with pytest.raises(RuntimeError, match="rows of occupancy overlap"):
        proof.prove(engine)


def test_an_interrupted_load_goes_on_where_it_stopped(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "CHUNK", 100)
    loader = Loader(engine)
    loader.begin()
    loader.take_off()
    step = next(step for step in seed.steps_of(TINY) if step.table == "patient_search_key")
    handed: list[int] = []

    def broken() -> list[Row]:
        rows = list(itertools.islice(step.rows(), 250))
        handed.append(len(rows))
        return rows

    short = Step(table=step.table, columns=step.columns, count=step.count, rows=broken)
    with pytest.raises(RuntimeError, match="250 rows instead of"):
        loader.load(short)
    assert loader.done(step.table) == 250

    loader.load(step)
    assert loader.done(step.table) == step.count
    with engine.connect() as connection:
        count = connection.scalar(sa.text("SELECT count(*) FROM patient_search_key"))
    assert count == step.count


def test_each_thousand_of_a_batch_asks_the_same_of_the_database(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed.seed(engine, TINY)
    sessions = Sessions(engine)
    visits = checks.any_treatments(sessions, TINY.batch)
    assert len(visits) == TINY.batch

    def cost(some: list[recheck.OpenVisit]) -> int:
        return measure.statements(engine, lambda: checks.screen_batch(sessions, some))

    whole = cost(visits)
    monkeypatch.setattr(recheck, "LOOKED_AT", TINY.batch // 4)

    assert whole == cost(visits[: TINY.batch // 4]) == 6
    assert cost(visits) == 4 * whole


# ---- measuring and judging ----


def test_the_tail_is_what_95_of_100_do_not_exceed() -> None:
    assert measure.tail(list(range(1, 101))) == 95
    assert measure.tail([3.0]) == 3.0


def test_the_best_block_of_each_operation_counts() -> None:
    calls = itertools.count()
    found = measure.measure([Operation(name="a", call=lambda: next(calls), calls=4)], blocks=3)

    assert found["a"].calls == 12
    assert found["a"].statements is None
    assert 0 <= found["a"].median_ms <= found["a"].p95_ms


def test_ratios_are_made_of_what_was_measured() -> None:
    timings = {judge.BOARD: _timing(10), judge.BARE_PAGE: _timing(5), judge.SEARCH: _timing(3)}

    assert judge.ratios_of(timings) == {f"{judge.BOARD} / {judge.BARE_PAGE}": 2.0}


def test_a_ratio_above_its_bar_is_missed_and_one_on_it_is_not() -> None:
    board, search = _ratio(judge.BOARD), _ratio(judge.SEARCH)

    assert [ratio.name for ratio in judge.missed({board: 2.51, search: 3.0})] == [board]


def test_only_what_is_a_quarter_above_the_committed_value_is_worse() -> None:
    committed = {"a": 2.0, "b": 2.0, "gone": 1.0}

    found = judge.worse({"a": 2.5, "b": 2.51, "new": 99.0}, committed)

    assert [one.name for one in found] == ["b"]
    assert str(found[0]) == "b: 2.51, committed 2.00"


def test_of_two_measurements_the_lower_ratio_counts() -> None:
    assert judge.lower({"a": 3.0, "b": 1.0}, {"a": 2.0}) == {"a": 2.0, "b": 1.0}


def test_a_failing_ratio_names_the_group_to_measure_again() -> None:
    groups = {"board": [judge.BOARD, judge.BARE_PAGE], "pages": [judge.SEARCH]}

    assert judge.groups_of([_ratio(judge.BOARD)], groups) == ["board"]


def test_the_committed_baseline_names_only_what_is_measured() -> None:
    names = {ratio.name for ratio in judge.RATIOS if ratio.under != judge.BOARD_SMALL}

    assert set(judge.committed()) == set(judge.DATABASES)
    for kept in judge.committed().values():
        assert set(kept["ratios"]) == names
        assert all(value > 0 for value in (*kept["ratios"].values(), *kept["statements"].values()))


def test_the_table_says_what_missed_its_bar() -> None:
    ratio = _ratio(judge.BOARD)
    result = Result(
        database="sqlite",
        version="SQLite 3",
        timings={judge.BOARD: _timing(20, 8)},
        ratios={ratio: 3.0},
        memory_mb=100,
        seeded_s=0,
        size_mb=1,
    )

    text = report.table(result)

    assert f"| {judge.BOARD} | 20.00 | 40.00 | 8 | 12 |" in text
    assert f"| {ratio} | 3.00 | 2.5 | MISSED |" in text
