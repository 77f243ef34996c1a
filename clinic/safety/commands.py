"""The commands of the check: explain it for a patient, evaluate a case that is written down."""

import datetime as dt
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog.values import Modality
from clinic.consents import queries as consent_queries
from clinic.consents.values import ConsentKind
from clinic.core import clock
from clinic.core.errors import ClinicError
from clinic.core.zones import ZONE_NAMES, Zone
from clinic.locations import queries as location_queries
from clinic.patients import queries as patient_queries
from clinic.patients.models import Patient
from clinic.safety import queries
from clinic.safety.catalogue_files import shipped_catalogue, shipped_codes
from clinic.safety.rules.banner import usual_plan
from clinic.safety.rules.cases import read_case
from clinic.safety.rules.names import CONFIDENCE_NAMES
from clinic.safety.rules.plain import plain
from clinic.safety.rules.reading import BadCatalogue
from clinic.safety.rules.screening import screen
from clinic.safety.values import Finding, Message, Screening
from clinic.web.database import transaction

BAD_INPUT = 2
_TREATMENTS = [modality.value for modality in Modality if modality.is_treatment]


@click.group("safety", help="Explain and try the check of what stands against a treatment.")
def safety() -> None:
    """Group the commands of the check."""


@safety.command("explain")
@click.argument("patient", required=False)
@click.option("--appointment", type=int, help="A visit, instead of patient, service and date.")
@click.option("--service", type=click.Choice(_TREATMENTS), default="prp", show_default=True)
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Date; today if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@with_appcontext
def explain(
    patient: str | None,
    appointment: int | None,
    service: str,
    day: dt.datetime | None,
    *,
    as_json: bool,
) -> None:
    """Print what the check says for a PATIENT (file number or id), or for a visit.

    Reading is noted in the audit trail. A visit is checked with the plan of its newest check.
    """
    if (patient is None) == (appointment is None):
        _refuse(["Give a patient, or --appointment with the number of a visit."])
    try:
        with transaction() as db:
            screening, patient_id = (
                _of_visit(db, appointment)
                if appointment is not None
                else _of_patient(db, patient or "", Modality(service), day)
            )
            audit.record(
                db,
                None,
                "screening.explained",
                "patient",
                patient_id,
                patient_id=patient_id,
                name="command line",
            )
    except ClinicError as unknown:
        _refuse([str(unknown)])
    click.echo(_as_json(screening) if as_json else _as_text(screening))


@safety.command("evaluate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def evaluate(file: Path, *, as_json: bool) -> None:
    """Check a case written in FILE (JSON, see docs/safety-case.md), without any database."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as bad:
        _refuse([f"{file} is no JSON: {bad}"])
    try:
        groups = [group.code for group in shipped_catalogue().groups]
        case = read_case(data, shipped_codes(), groups)
    except BadCatalogue as bad:
        _refuse(list(bad.problems))
    screening = screen(case.history, case.plan, case.on, shipped_catalogue().rules)
    click.echo(_as_json(screening) if as_json else _as_text(screening))


def _of_visit(db: Session, appointment_id: int) -> tuple[Screening, int]:
    record = queries.latest_screening(db, appointment_id)
    if record is None:
        _refuse([f"Visit {appointment_id} does not exist, or was never checked."])
    return queries.check_again(db, record), record.patient_id


def _of_patient(
    db: Session, named: str, modality: Modality, day: dt.datetime | None
) -> tuple[Screening, int]:
    found = patient_queries.by_file_numbers(db, [named]).get(named)
    if found is None and named.isascii() and named.isdigit() and len(named) < 10:
        found = db.get(Patient, int(named))
    if found is None:
        _refuse([f"PATIENT: there is no file number and no id {named!r}."])
    on = day.date() if day else clock.today(location_queries.get(db, found.location_id).zone)
    history = queries.history_of(db, found.id)
    text = consent_queries.text_in_force(db, ConsentKind(modality.value), on=on)
    plan = usual_plan(history, modality, consent_version=text.version_name if text else None)
    return queries.check(db, history, plan, on), found.id


def _refuse(problems: list[str]) -> NoReturn:
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
