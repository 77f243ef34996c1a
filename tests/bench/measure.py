"""Timing: warm-up, blocks of everything in turn, the best quiet block; medians, tails, statements.

Operations that are compared are measured in turn, block by block, so that a slow minute of the
machine falls on all of them; of each the block with the smallest median counts.
"""

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import event

BLOCKS = 7
_FRAMES = ("BEGIN", "PRAGMA", "SET LOCAL")
"""What only begins a transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something to measure: what it is called, one call of it, how many calls make a block."""

    name: str
    call: Callable[[], object]
    calls: int = 20
    engine: sa.Engine | None = None
    """Where statements are counted; None: not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One operation: milliseconds of the best block, and statements of one call."""

    median_ms: float
    p95_ms: float
    statements: int | None
    calls: int


def measure(operations: Sequence[Operation], *, blocks: int = BLOCKS) -> dict[str, Timing]:
    """Time operations in turn; return them by name."""
    counted: dict[str, int | None] = {}
    for each in operations:
        for _ in range(max(3, each.calls // 4)):
            each.call()
        counted[each.name] = None if each.engine is None else statements(each.engine, each.call)
    best: dict[str, list[float]] = {}
    for _ in range(blocks):
        for each in operations:
            taken = _block(each)
            known = best.get(each.name)
            if known is None or statistics.median(taken) < statistics.median(known):
                best[each.name] = taken
    return {
        each.name: Timing(
            median_ms=statistics.median(best[each.name]),
            p95_ms=tail(best[each.name]),
            statements=counted[each.name],
            calls=each.calls * blocks,
        )
        for each in operations
    }


def _block(operation: Operation) -> list[float]:
    gc.collect()
    gc.disable()
    try:
        return [_one(operation.call) for _ in range(operation.calls)]
    finally:
        gc.enable()


def _one(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1000


def tail(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]


def statements(engine: sa.Engine, call: Callable[[], object]) -> int:
    """Return how many statements one call sends, BEGIN and COMMIT aside: the fewest of three.

    Now and then a request also notes that its cookie was used.
    """
    counts = []
    for _ in range(3):
        with counting(engine) as seen:
            call()
        counts.append(len(seen))
    return min(counts)


@contextmanager
def counting(engine: sa.Engine) -> Iterator[list[str]]:
    """Collect the statements that are sent inside the block."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(_FRAMES):
            seen.append(statement)

    event.listen(engine, "after_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "after_cursor_execute", note)
