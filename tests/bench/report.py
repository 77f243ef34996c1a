"""The result as a table, as JSON, and beside an earlier one."""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from tests.bench import judge
from tests.bench.measure import Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was measured on one database."""

    database: str
    version: str
    timings: dict[str, Timing]
    ratios: dict[str, float]
    memory_mb: float
    """Of the server's process after all pages, at its highest."""
    seeded_s: float
    """0 when it was seeded by an earlier run."""
    size_mb: float


def machine() -> str:
    """Return what the figures were taken on; never a name of it."""
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def table(result: Result) -> str:
    """Return the figures of one database as a table of Markdown."""
    column = judge.DATABASES.index(result.database)
    lines = [
        "| what | median ms | p95 ms | statements | budget ms |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, timing in result.timings.items():
        budget = judge.BUDGETS.get(name)
        count = "" if timing.statements is None else str(timing.statements)
        aim = "" if budget is None else f"{budget[column]:g}"
        lines.append(f"| {name} | {timing.median_ms:.2f} | {timing.p95_ms:.2f} | {count} | {aim} |")
    lines += ["", "| ratio in this run | is | at most |  |", "| --- | ---: | ---: | --- |"]
    for ratio in judge.RATIOS:
        if ratio.name in result.ratios:
            value = result.ratios[ratio.name]
            bar = "" if ratio.most is None else f"{ratio.most:g}"
            verdict = "" if ratio.most is None else ("ok" if value <= ratio.most else "MISSED")
            lines.append(f"| {ratio.name} | {value:.2f} | {bar} | {verdict} |")
    return "\n".join(lines)


def show(result: Result, size: str) -> None:
    """Print one database's figures."""
    click.echo(f"\n{result.version}, {size}: {result.size_mb:,.0f} MB, {machine()}\n")
    click.echo(table(result))
    click.echo(f"\nmemory of the server: {result.memory_mb:.0f} MB of {judge.MEMORY_MB}")


def as_json(results: list[Result], size: str) -> dict[str, Any]:
    """Return everything as plain values."""
    return {
        "size": size,
        "machine": machine(),
        "databases": {result.database: asdict(result) for result in results},
    }


def write(path: Path, results: list[Result], size: str) -> None:
    """Keep the figures for a later run to compare with."""
    path.write_text(json.dumps(as_json(results, size), indent=2) + "\n", encoding="utf-8")
    click.echo(f"\nwritten to {path}")


def compare(path: Path, results: list[Result], size: str) -> None:
    """Print how the figures have moved since an earlier file; ratios tell more than times."""
    earlier = json.loads(path.read_text(encoding="utf-8"))
    if earlier["size"] != size:
        click.echo(f"\n{path} is of size {earlier['size']}: times cannot be compared")
    for result in results:
        before: Mapping[str, Any] | None = earlier["databases"].get(result.database)
        if before is None:
            continue
        click.echo(f"\n{result.database}, since {path}")
        for name, timing in result.timings.items():
            old = before["timings"].get(name)
            if old is not None:
                click.echo(_moved(name, old["median_ms"], timing.median_ms, "ms"))
        for name, value in result.ratios.items():
            if name in before["ratios"]:
                click.echo(_moved(name, before["ratios"][name], value, "x"))


def _moved(name: str, old: float, new: float, unit: str) -> str:
    change = (new / old - 1) * 100 if old else 0.0
    return f"  {name:<60} {old:9.2f} -> {new:9.2f} {unit:<2} {change:+5.0f} %"
