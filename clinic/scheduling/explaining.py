"""The command `safety explain`: what the check says of a patient, or of a visit like its page."""

import datetime as dt

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.catalog import queries as catalog_queries
from clinic.catalog.models import Service
from clinic.catalog.values import Modality
from clinic.core import clock
from clinic.core.errors import ClinicError
from clinic.locations import queries as location_queries
from clinic.patients import queries as patient_queries
from clinic.patients.models import Patient
from clinic.safety import queries as safety_queries
from clinic.safety.commands import refuse, say
from clinic.safety.values import Screening
from clinic.scheduling import queries, visit
from clinic.web.database import transaction

_TREATMENTS = [modality.value for modality in Modality if modality.is_treatment]
NO_KIND = 0
"""The id of no service: its text is that of its kind."""


@click.command("explain")
@click.argument("patient", required=False)
@click.option("--appointment", type=int, help="A visit, instead of patient, service and date.")
@click.option(
    "--service",
    default="prp",
    show_default=True,
    help="A service by its code or name, or a kind of treatment.",
)
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

    Reading is noted in the audit trail. A visit that is still to come is checked as it is planned
    now, of one that is over the last check is printed.
    """
    if (patient is None) == (appointment is None):
        refuse(["Give a patient, or --appointment with the number of a visit."])
    try:
        with transaction() as db:
            screening, patient_id = (
                _of_visit(db, appointment)
                if appointment is not None
                else _of_patient(db, patient or "", service, day)
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
        refuse([str(unknown)])
    say(screening, as_json=as_json)


def _of_visit(db: Session, appointment_id: int) -> tuple[Screening, int]:
    row = queries.get(db, appointment_id)
    screening = visit.check_of(db, row)
    if screening is None:
        refuse([f"Visit {appointment_id} was never checked."])
    return screening, row.patient_id


def _of_patient(
    db: Session, named: str, service: str, day: dt.datetime | None
) -> tuple[Screening, int]:
    found = patient_queries.by_file_numbers(db, [named]).get(named)
    if found is None and named.isascii() and named.isdigit() and len(named) < 10:
        found = db.get(Patient, int(named))
    if found is None:
        refuse([f"PATIENT: there is no file number and no id {named!r}."])
    on = day.date() if day else clock.today(location_queries.get(db, found.location_id).zone)
    history = safety_queries.history_of(db, found.id)
    offered = _service(db, service)
    if isinstance(offered, Service):
        plan = queries.plan_for(db, offered, history, on=on)
    else:
        version = queries.consent_versions(db)(offered, NO_KIND, on)
        plan = queries.plan_of(
            offered, history, consent_version=version, interval_days=None, ingredients=()
        )
    return safety_queries.check(db, history, plan, on), found.id


def _service(db: Session, named: str) -> Service | Modality:
    """Return a treatment of the clinic by its code or its name, else the kind that is named."""
    treatments = [one for one in catalog_queries.services(db) if one.modality.is_treatment]
    for one in treatments:
        if named in {one.code, one.name}:
            return one
    if named not in _TREATMENTS:
        known = ", ".join([*_TREATMENTS, *(one.code for one in treatments)])
        refuse([f"--service: there is no {named!r}; it may be {known}, or the name of a service."])
    return Modality(named)
