"""`import synthea` and `import patients` on the command line."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from flask.cli import AppGroup

from clinic.core import clock
from clinic.core.errors import ClinicError
from clinic.interop import service
from clinic.interop.rules import patient_list, synthea
from clinic.interop.rules.files import read_table
from clinic.interop.values import FactsOf, Plan, Remark, Report
from clinic.locations import queries as location_queries
from clinic.locations.models import Location
from clinic.safety import queries as safety_queries
from clinic.web.database import end_read, read, transaction

SOME_REFUSED = 3
"""Exit status when lines were refused; 1 when nothing could be imported at all."""

group = AppGroup("import", help="Bring patients and medical facts in from files.")
_dry_run = click.option("--dry-run", is_flag=True, help="Report only; nothing is written.")


class _OnlyLooked(Exception):
    """Takes a dry run's report out of the transaction, which is then rolled back."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


@group.command("synthea")
@click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, readable=True, path_type=Path)
)
@_dry_run
def import_synthea(folder: Path, *, dry_run: bool) -> None:
    """Import the CSV export of Synthea from FOLDER: patients, and their facts."""
    try:
        where = _first_place()
        plan = _read_synthea(folder, where)
        report = _run(plan, where, dry_run=dry_run)
    except ClinicError as refused:
        raise _nothing(refused) from refused
    _tell(report, dry_run=dry_run)


@group.command("patients")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@_dry_run
def import_patients(file: Path, *, dry_run: bool) -> None:
    """Import a list of patients from FILE, a CSV with the columns of docs/import.md."""
    try:
        where = _first_place()
        table = read_table(
            file.name,
            file.read_bytes(),
            required=patient_list.REQUIRED,
            known=patient_list.COLUMNS,
        )
        today = clock.today(where.zone)
        plan = patient_list.translate(
            table, country=where.country, today=today, language=where.locale
        )
        report = _run(plan, where, dry_run=dry_run)
    except ClinicError as refused:
        raise _nothing(refused) from refused
    _tell(report, dry_run=dry_run)


def _nothing(refused: ClinicError) -> click.ClickException:
    return click.ClickException(f"{str(refused).rstrip('.')}. Nothing was imported.")


def _first_place() -> Location:
    try:
        return location_queries.first(read())
    finally:
        end_read()


def _read_synthea(folder: Path, where: Location) -> Plan:
    if not (folder / synthea.PATIENTS).is_file():
        raise click.ClickException(f"There is no {synthea.PATIENTS} in {folder}.")
    there = [name for name in synthea.COLUMNS if (folder / name).is_file()]
    with click.progressbar(
        there, label="Reading", file=sys.stderr, item_show_func=lambda name: name or ""
    ) as names:
        tables = {
            name: read_table(name, (folder / name).read_bytes(), required=synthea.COLUMNS[name])
            for name in names
        }
    return synthea.translate(
        tables,
        codes=safety_queries.codes(),
        zone=where.zone,
        today=clock.today(where.zone),
        language=where.locale,
    )


def _run(plan: Plan, where: Location, *, dry_run: bool) -> Report:
    try:
        with transaction() as db:
            if plan.system == patient_list.SYSTEM:
                report = service.import_list(db, None, plan, location_id=where.id)
            else:
                report = service.import_people(
                    db, None, plan, location_id=where.id, watched=_watched
                )
            _roll_back_if(dry_run, report)
    except _OnlyLooked as looked:
        return looked.report
    return report


def _roll_back_if(dry_run: bool, report: Report) -> None:
    if dry_run:
        raise _OnlyLooked(report)


def _watched(items: Sequence[FactsOf]) -> Iterable[FactsOf]:
    """Go through the items with a progress bar on a terminal."""
    with click.progressbar(items, label="Writing", file=sys.stderr) as bar:
        yield from bar


def _tell(report: Report, *, dry_run: bool) -> None:
    patients = report.patients
    click.echo(
        f"patients: {patients.new} new ({report.deceased} of them deceased), "
        f"{patients.here} here already"
    )
    for name, count in report.facts.items():
        unknown = f", {count.unknown} of them known to no rule: kept as words"
        click.echo(
            f"{name}: {count.new} new{unknown if count.unknown else ''}, {count.here} here already"
        )
    for name in report.absent:
        click.echo(f"{name}: not in the folder")
    if report.repeated:
        click.echo(f"repeated word for word, taken once: {report.repeated}")
    _list("Left as it is here, though the file says otherwise", report.differing)
    _list("Refused", report.refused)
    click.echo("Nothing was written: this was a dry run." if dry_run else "Done.")
    if report.refused:
        sys.exit(SOME_REFUSED)


def _list(title: str, remarks: Sequence[Remark]) -> None:
    if remarks:
        click.echo(f"{title} ({len(remarks)}):")
        for one in remarks:
            click.echo(f"  {one}")
