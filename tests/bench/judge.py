"""What is too slow: ratios to floors of the same run, statements a call, never milliseconds."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import Timing

DATABASES = ("sqlite", "postgresql")
BASELINE = Path(__file__).with_name("baseline.json")
SLACK = 1.25
"""How far a ratio or a number of statements may lie above the committed one."""
BOARD, BOARD_SMALL, BARE_PAGE, RAW_DAY = (
    "day board", "day board at 10,000", "bare Flask page of the day", "day query, raw driver",
)  # fmt: skip
EMPTY, SEARCH, PATIENT, WORK_LIST, OPENING = (
    "empty signed-in page", "patient search", "patient page", "work list", "next opening",
)  # fmt: skip
RAW_INSERT, BARE_POST, BOOKING, SAVE = (
    "guarded insert, raw", "bare guarded POST", "booking POST", "session save, 40 points",
)  # fmt: skip
SCREEN_ONE, SCREEN_MANY = "screening one visit", "screening 200 visits"
SCREEN_BATCH, NIGHTLY = "screening a chain's visits", "nightly look at 14 days"
HTTP = "HTTP: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times as long one thing may take as another, at any size."""

    over: str
    under: str
    most: float | None = None
    """The bar; None: only watched, so that it does not get worse."""

    @property
    def name(self) -> str:
        """Return both names."""
        return f"{self.over} / {self.under}"


RATIOS = (
    Ratio(over=BOARD, under=BARE_PAGE, most=2.5),
    Ratio(over=BOARD, under=BOARD_SMALL, most=1.3),
    Ratio(over=SEARCH, under=EMPTY, most=3),
    Ratio(over=PATIENT, under=EMPTY),
    Ratio(over=WORK_LIST, under=EMPTY),
    Ratio(over=OPENING, under=EMPTY),
    Ratio(over=BOOKING, under=BARE_POST, most=6),
    Ratio(over=SAVE, under=BARE_POST),
    Ratio(over=SCREEN_MANY, under=SCREEN_ONE, most=60),
    Ratio(over=SCREEN_BATCH, under=SCREEN_MANY),
    Ratio(over=NIGHTLY, under=SCREEN_MANY),
)
BUDGETS = {
    BOARD: (12.0, 16.0), SEARCH: (8.0, 8.0), BOOKING: (12.0, 12.0), SCREEN_ONE: (5.0, 5.0),
    SCREEN_MANY: (250.0, 250.0), SCREEN_BATCH: (6000.0, 6000.0), PATIENT: (20.0, 20.0),
    WORK_LIST: (20.0, 20.0), OPENING: (100.0, 100.0),
}  # fmt: skip
"""Milliseconds on a quiet machine of 2 cores, on SQLite and PostgreSQL: for orientation only."""
MEMORY_MB = 250


def ratios_of(timings: Mapping[str, Timing]) -> dict[str, float]:
    """Return the ratios whose two sides were measured, by name."""
    return {
        ratio.name: timings[ratio.over].median_ms / timings[ratio.under].median_ms
        for ratio in RATIOS
        if ratio.over in timings and ratio.under in timings
    }


def missed(ratios: Mapping[str, float]) -> list[Ratio]:
    """Return the ratios that are above their bar."""
    return [
        ratio
        for ratio in RATIOS
        if ratio.most is not None and ratios.get(ratio.name, 0) > ratio.most
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worse:
    """Something that is further above the committed value than it may be."""

    name: str
    committed: float
    now: float

    def __str__(self) -> str:
        return f"{self.name}: {self.now:.2f}, committed {self.committed:.2f}"


def worse(now: Mapping[str, float], committed: Mapping[str, float]) -> list[Worse]:
    """Return what is more than a quarter above its committed value; new names pass."""
    return [
        Worse(name=name, committed=committed[name], now=value)
        for name, value in now.items()
        if name in committed and value > committed[name] * SLACK
    ]


def lower(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    """Return the better of two measurements of the same ratios: noise only ever adds."""
    return {name: min(value, second.get(name, value)) for name, value in first.items()}


def committed() -> dict[str, dict[str, dict[str, float]]]:
    """Return {database: {"ratios": ..., "statements": ...}} as it is in the repository."""
    if not BASELINE.exists():
        return {}
    found: dict[str, dict[str, dict[str, float]]] = json.loads(BASELINE.read_text(encoding="utf-8"))
    return found


def commit(kept: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    """Write a new baseline; databases that were not measured keep theirs."""
    merged = {**committed(), **kept}
    BASELINE.write_text(json.dumps(merged, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def statements_of(timings: Mapping[str, Timing]) -> dict[str, float]:
    """Return the statements of one call, by name, where they were counted."""
    return {name: each.statements for name, each in timings.items() if each.statements is not None}


def groups_of(names: Iterable[str], groups: Mapping[str, Iterable[str]]) -> list[str]:
    """Return which groups of operations have to be measured again for these ratios."""
    wanted = {ratio.over for ratio in RATIOS if ratio.name in set(names)}
    return [group for group, members in groups.items() if wanted & set(members)]
