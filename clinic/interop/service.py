"""Bringing patients and facts in from files: all of it in one transaction, nobody twice.

What is here already is never changed by an import. A line that says something else than what is
here is reported, for somebody to look at.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.text import N_
from clinic.interop.rules import patient_list
from clinic.interop.values import Count, FactLine, FactsOf, PatientLine, Plan, Remark, Report
from clinic.patients import finding
from clinic.patients import queries as patient_queries
from clinic.patients import service as patient_service
from clinic.patients.models import Patient
from clinic.patients.values import PatientHit, RegisterPatient
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety_service
from clinic.safety.models import PatientFact
from clinic.safety.values import RecordFact
from clinic.scheduling import service as scheduling_service

_OF_PATIENT = ("family_name", "given_name", "birth_date", "sex", "deceased_on")
_OF_LIST = (
    "family_name", "given_name", "birth_date", "sex", "phone", "email", "address", "note",
)  # fmt: skip
_OF_FACT = (
    "kind", "code", "state", "label", "began_on", "ended_on", "noted_on", "value_milli", "unit",
)  # fmt: skip


def import_people(
    db: Session,
    actor: Actor | None,
    plan: Plan,
    *,
    location_id: int,
    watched: Callable[[Sequence[FactsOf]], Iterable[FactsOf]] = iter,
) -> Report:
    """Register the patients of a plan and record their facts; whoever is here stays as is.

    `watched` goes through the patients with facts, for a progress bar. Statements: a fixed number
    for the patients, a few for each patient with facts.
    """
    report = Report(refused=list(plan.refused), absent=plan.absent, repeated=plan.repeated)
    here = patient_queries.of_source(db, plan.system)
    fresh = [line for line in plan.patients if line.source_id not in here]
    report.patients = Count(new=len(fresh), here=len(plan.patients) - len(fresh))
    for line in plan.patients:
        if line.source_id in here:
            _compare_patient(report, line, here[line.source_id], _OF_PATIENT)

    made = _register(db, actor, fresh, location_id)
    report.deceased = sum(1 for line in fresh if line.wish.deceased_on)
    ids = {key: patient.id for key, patient in here.items()}
    ids |= {line.source_id: patient.id for line, patient in zip(fresh, made, strict=True)}
    for source_id, lines in watched(_by_patient(plan.facts)):
        is_new = _record(db, actor, report, ids[source_id], lines)
        if is_new and source_id in here:
            scheduling_service.rescreen(db, actor, ids[source_id])
    _finish(db, actor, plan, report)
    return report


def import_list(db: Session, actor: Actor | None, plan: Plan, *, location_id: int) -> Report:
    """Register a list of patients; whoever is here already is found again and stays as is.

    A line is refused when its file number belongs to somebody else, and when the person is on
    file under another number.
    """
    report = Report(refused=list(plan.refused))
    here = patient_queries.of_source(db, plan.system)
    numbers = patient_queries.by_file_numbers(
        db, (line.wish.file_number for line in plan.patients if line.wish.file_number)
    )
    people = _people_on_file(db, plan.patients, location_id)
    fresh: list[PatientLine] = []
    for line in plan.patients:
        same = here.get(line.source_id) or numbers.get(line.wish.file_number)
        twin = people.get(patient_list.identity(line.wish))
        if same is not None and line.source_id not in here and not _is_person(same, line.wish):
            report.refused.append(_belongs_to_another(line))
        elif same is not None:
            report.patients.here += 1
            _compare_patient(report, line, same, _OF_LIST)
        elif twin is not None and line.wish.file_number:
            report.refused.append(_on_file_as(line, twin))
        elif twin is not None:
            report.patients.here += 1
        else:
            fresh.append(line)

    _register(db, actor, fresh, location_id)
    report.patients.new = len(fresh)
    _finish(db, actor, plan, report)
    return report


def _by_patient(facts: Iterable[FactLine]) -> list[FactsOf]:
    found: dict[str, list[FactLine]] = {}
    for fact in facts:
        found.setdefault(fact.source_id, []).append(fact)
    return [(source_id, tuple(lines)) for source_id, lines in found.items()]


def _register(
    db: Session, actor: Actor | None, fresh: Sequence[PatientLine], location_id: int
) -> list[Patient]:
    wishes = [replace(line.wish, source_id=line.source_id) for line in fresh]
    return patient_service.register_many(db, actor, wishes, location_id=location_id)


def _finish(db: Session, actor: Actor | None, plan: Plan, report: Report) -> None:
    report.refused.sort(key=lambda one: (one.file, one.line))
    report.differing.sort(key=lambda one: (one.file, one.line))
    detail = {"system": plan.system, **report.counts()}
    audit.record(db, actor, "import.finished", "import", plan.system, detail=detail)


def _record(
    db: Session, actor: Actor | None, report: Report, patient_id: int, lines: Sequence[FactLine]
) -> bool:
    """Record the facts of one patient that are not here; tell whether there was any."""
    keys = [line.wish.source_key for line in lines if line.wish.source_key]
    earlier = safety_queries.facts_of_sources(db, patient_id, keys)
    fresh: list[RecordFact] = []
    for line in lines:
        count = report.facts.setdefault(line.file, Count())
        before = earlier.get(line.wish.source_key or "")
        if before is None:
            fresh.append(replace(line.wish, patient_id=patient_id))
            count.new += 1
            count.unknown += not line.is_known
        else:
            count.here += 1
            _compare_fact(report, line, before)
    if fresh:
        safety_service.record_facts(db, actor, fresh)
    return bool(fresh)


def _compare_patient(
    report: Report, line: PatientLine, here: Patient, fields: Iterable[str]
) -> None:
    wish: RegisterPatient = line.wish
    differing = [name for name in fields if getattr(here, name) != getattr(wish, name)]
    # An empty cell says nothing; what is here may have been asked for since.
    differing = [name for name in differing if getattr(wish, name) not in {None, "", "unknown"}]
    if differing:
        report.differing.append(
            Remark(
                file=line.file,
                line=line.line,
                message=N_("file %(number)s says otherwise in %(fields)s and was left as it is"),
                values={"number": here.file_number, "fields": ", ".join(differing)},
            )
        )


def _compare_fact(report: Report, line: FactLine, here: PatientFact) -> None:
    differing = [name for name in _OF_FACT if getattr(here, name) != getattr(line.wish, name)]
    if differing:
        report.differing.append(
            Remark(
                file=line.file,
                line=line.line,
                message=N_("was imported before with another %(fields)s and was left as it is"),
                values={"fields": ", ".join(differing)},
            )
        )


def _people_on_file(
    db: Session, lines: Iterable[PatientLine], location_id: int
) -> Mapping[str, PatientHit]:
    """Return who is on file with a birth date of the list, by identity."""
    days = {line.wish.birth_date for line in lines if line.wish.birth_date}
    return {
        patient_list.identity(
            RegisterPatient(
                family_name=hit.family_name,
                given_name=hit.given_name,
                birth_date=hit.born,
                phone=hit.phone,
            )
        ): hit
        for hit in finding.born_on(db, days, location_id=location_id)
    }


def _is_person(here: Patient, wish: RegisterPatient) -> bool:
    name = patient_list.folded_name
    return (
        name(here.family_name) == name(wish.family_name)
        and name(here.given_name) == name(wish.given_name)
        and wish.birth_date in {None, here.birth_date}
    )


def _belongs_to_another(line: PatientLine) -> Remark:
    return Remark(
        file=line.file,
        line=line.line,
        message=N_("file number %(number)s belongs to somebody else here"),
        values={"number": line.wish.file_number},
    )


def _on_file_as(line: PatientLine, twin: PatientHit) -> Remark:
    return Remark(
        file=line.file,
        line=line.line,
        message=N_(
            "somebody of this name and birth date is on file as %(number)s; "
            "register by hand if this is another person"
        ),
        values={"number": twin.file_number},
    )
