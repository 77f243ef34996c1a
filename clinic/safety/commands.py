"""The commands of the check: evaluate a case that is written down, say what was found."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click

from clinic.core.zones import ZONE_NAMES, Zone
from clinic.safety.catalogue_files import shipped_catalogue, shipped_codes
from clinic.safety.rules.cases import read_case
from clinic.safety.rules.names import CONFIDENCE_NAMES
from clinic.safety.rules.plain import plain
from clinic.safety.rules.reading import BadCatalogue
from clinic.safety.rules.screening import screen
from clinic.safety.values import Finding, Message, Screening

BAD_INPUT = 2


@click.group("safety", help="Explain and try the check of what stands against a treatment.")
def safety() -> None:
    """Group the commands of the check."""


@safety.command("evaluate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def evaluate(file: Path, *, as_json: bool) -> None:
    """Check a case written in FILE (JSON, see docs/safety-case.md), without any database."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as bad:
        refuse([f"{file} is no JSON: {bad}"])
    try:
        groups = [group.code for group in shipped_catalogue().groups]
        case = read_case(data, shipped_codes(), groups)
    except BadCatalogue as bad:
        refuse(list(bad.problems))
    screening = screen(case.history, case.plan, case.on, shipped_catalogue().rules)
    say(screening, as_json=as_json)


def say(screening: Screening, *, as_json: bool) -> None:
    """Print a check, in words or as JSON."""
    click.echo(_as_json(screening) if as_json else _as_text(screening))


def refuse(problems: list[str]) -> NoReturn:
    """Print what is wrong with the input, and end with 2."""
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(BAD_INPUT)


def _said(message: Message) -> str:
    values: Mapping[str, object] = {
        name: ZONE_NAMES[value] if isinstance(value, Zone) else value
        for name, value in message.as_dict().items()
    }
    return message.msgid % values


def _as_text(screening: Screening) -> str:
    plan = screening.plan
    standing = screening.decision.value.upper() if screening.is_checked else "NOT CHECKED"
    lines = [f"{plan.modality.value} on {screening.on}: {standing}"]
    if screening.earliest_clear_on:
        lines.append(f"Nothing that ends is left from {screening.earliest_clear_on}.")
    for finding in screening.findings:
        lines += _lines(finding)
    return "\n".join(lines)


def _lines(finding: Finding) -> list[str]:
    where = finding.zone.value if finding.zone else finding.ingredient or ""
    head = f"[{finding.decision.value.upper()}] {finding.name}{f' ({where})' if where else ''}"
    basis = CONFIDENCE_NAMES[finding.confidence]
    return [
        "",
        head,
        f"  {_said(finding.message)}",
        *(f"  = {_said(sum_)}" for sum_ in finding.arithmetic),
        *(f"  ? {_said(missing.message)}" for missing in finding.missing),
        f"  Clears: {finding.clears}",
        f"  Rule {finding.rule_code} v{finding.rule_version};"
        f" {basis}; sources: {', '.join(finding.sources)}",
    ]


def _as_json(screening: Screening) -> str:
    data = {
        "service": screening.plan.modality.value,
        "on": screening.on.isoformat(),
        "is_checked": screening.is_checked,
        "decision": screening.decision.value,
        "earliest_clear_on": plain(screening.earliest_clear_on),
        "bookable_from": plain(screening.bookable_from),
        "plan": plain(screening.plan),
        "findings": [
            plain(finding)
            | {
                "message": _said(finding.message),
                "arithmetic": [_said(each) for each in finding.arithmetic],
                "missing": [
                    {"kind": m.kind.value, "code": m.code, "message": _said(m.message)}
                    for m in finding.missing
                ],
            }
            for finding in screening.findings
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False)
