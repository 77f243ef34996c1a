"""Timing: warm-up, several blocks, the best quiet block; medians, tails, statements."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import event

BLOCKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One operation: milliseconds of the best block, and statements of one call."""

    name: str
    median_ms: float
    p95_ms: float
    statements: int | None
    calls: int


def timed(
    name: str,
    call: Callable[[], object],
    *,
    calls: int = 20,
    blocks: int = BLOCKS,
    engine: sa.Engine | None = None,
) -> Timing:
    """Time a call; the block with the smallest median counts, because a quiet machine is the same one."""
    for _ in range(max(3, calls // 4)):
        call()
    statements = None if engine is None else count_statements(engine, call)
    best: list[float] | None = None
    for _ in range(blocks):
        gc.collect()
        gc.disable()
        taken = []
        for _ in range(calls):
            start = time.perf_counter()
            call()
            taken.append((time.perf_counter() - start) * 1000)
        gc.enable()
        if best is None or statistics.median(taken) < statistics.median(best):
            best = taken
    assert best is not None
    return Timing(
        name=name,
        median_ms=statistics.median(best),
        p95_ms=sorted(best)[max(0, round(len(best) * 0.95) - 1)],
        statements=statements,
        calls=calls * blocks,
    )


def count_statements(engine: sa.Engine, call: Callable[[], object]) -> int:
    """Return how many statements one call sends, BEGIN and COMMIT aside."""
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1

    event.listen(engine, "after_cursor_execute", count)
    try:
        call()
    finally:
        event.remove(engine, "after_cursor_execute", count)
    return seen
