"""What the pages of intake show, gathered: facts, questions before a visit, findings to release."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.catalog.values import Modality
from clinic.consents import queries as consent_queries
from clinic.consents.values import ConsentKind, Paper, Scope, Version
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.intake.rules import questions as question_rules
from clinic.intake.rules.questions import GroupCard
from clinic.intake.rules.sheet import Line, Sheet, line_of, sheet
from clinic.intake.rules.tablet import TabletCard, tablet_cards
from clinic.patients import queries as patient_queries
from clinic.patients.values import PatientBar
from clinic.safety import editions, explaining
from clinic.safety import queries as safety_queries
from clinic.safety.explaining import Why
from clinic.safety.models import Release, ScreeningRecord
from clinic.safety.queries import Entry
from clinic.safety.rules.passage import is_released, passage
from clinic.safety.rules.screening import visit_decision
from clinic.safety.values import (
    Decision,
    History,
    Missing,
    Moment,
    Passage,
    Screening,
    Truth,
)
from clinic.scheduling import checking
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.handed import Screen
from clinic.scheduling.models import Appointment


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsPage:
    """All that is known about a patient, and its history."""

    bar: PatientBar
    sheet: Sheet
    entries: Sequence[tuple[Entry, Line]]
    today: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPage:
    """One visit with what a check says of it now."""

    visit: Appointment
    service_name: str
    modality: Modality
    on: dt.date
    bar: PatientBar
    history: History
    screening: Screening
    today: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsPage:
    """The form before a visit: what to ask now, what only counts on the day, what is answered."""

    of: VisitPage
    cards: tuple[GroupCard, ...]
    also_needed: tuple[Missing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TabletPage:
    """What a patient alone sees: questions, and own earlier words."""

    cards: tuple[TabletCard, ...]
    today: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """The findings of a visit, what stands in the way of its start, and what was released."""

    of: VisitPage
    passage: Passage
    decision: Decision
    """Of what was found and is not released; what is not known is left out."""
    is_all_released: bool
    releases: Mapping[str, tuple[Release, str]]
    """By fingerprint: the release and who gave it."""
    old_releases: Sequence[tuple[Release, str]]
    """Releases of this visit that hold no more, because the facts have changed."""
    checks: Sequence[ScreeningRecord]
    """The checks of this visit that were kept, newest first."""
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentsPage:
    """A patient's consent papers and the texts there are."""

    bar: PatientBar
    papers: Sequence[Paper]
    texts: Sequence[Version]
    """Those that are or will be in force."""
    services: Mapping[int, str]
    """{service: name}, for a text that is for one of them."""
    today: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPage:
    """A consent text as it is read on the tablet."""

    kind: ConsentKind
    version_name: str
    language: str
    """In which it is shown: the patient's if it is written in it, else English, else its first."""
    said: Sequence[tuple[str, str]]
    """(heading, words) of each element."""
    standing: tuple[Scope, ...]
    """What was agreed to before and holds until it is withdrawn."""


def facts_page(db: Session, actor: Actor, patient_id: int) -> FactsPage:
    """Return what stands about a patient and everything ever written; raises NotFound."""
    today = clock.today(actor.zone)
    bar = safety_queries.bar(db, actor, patient_id, on=today)
    codes = safety_queries.codes()
    history = safety_queries.history_of(db, patient_id)
    return FactsPage(
        bar=bar,
        sheet=sheet(history, codes, editions.in_force(db), today=today),
        entries=[
            (entry, line_of(entry.fact, codes)) for entry in safety_queries.entries(db, patient_id)
        ],
        today=today,
    )


def questions_page(db: Session, actor: Actor, appointment_id: int) -> QuestionsPage:
    """Return what to ask before a visit; raises NotFound."""
    page = visit_page(db, actor, appointment_id)
    return QuestionsPage(
        of=page,
        cards=question_rules.cards(
            page.screening,
            page.history,
            editions.in_force(db),
            safety_queries.codes(),
            today=page.today,
        ),
        also_needed=question_rules.also_needed(page.screening),
    )


def tablet_page(db: Session, screen: Screen) -> TabletPage:
    """Return what the patient is asked on the tablet; as many statements whatever is known."""
    today = clock.today(screen.zone)
    found = scheduling_queries.get(db, screen.appointment_id)
    history = safety_queries.history_of(db, screen.patient_id)
    plan = scheduling_queries.plan_for(db, found, history)
    codes, on = safety_queries.codes(), found.starts_local.date()
    screening = safety_queries.check(db, history, plan, on)
    # What the rules would ask of this person knowing nothing: no man is asked whether he is
    # pregnant because a nurse once wrote down that he is not.
    unknown = safety_queries.check(db, replace(history, facts=()), plan, on)
    groups = question_rules.groups_lacking(screening) | question_rules.groups_lacking(unknown)
    cards = [
        card
        for card in question_rules.cards(
            screening, history, editions.in_force(db), codes, today=today
        )
        if card.group.code in groups
    ]
    return TabletPage(cards=tablet_cards(cards, history, codes), today=today)


def signing_page(db: Session, screen: Screen, *, locale: str | None = None) -> SigningPage:
    """Return the text that a screen was handed over for; raises NotFound for none."""
    text = consent_queries.text(db, screen.text_id or 0)
    wanted = (locale or screen.locale, "en", *text.words)
    language = next(one for one in wanted if one in text.words)
    return SigningPage(
        kind=text.kind,
        version_name=text.version_name,
        language=language,
        said=[(heading, words) for heading, words in text.words[language].values() if words],
        standing=consent_queries.standing(
            db, patient_queries.records(screen.patient_id), text.kind
        ),
    )


def review_page(db: Session, actor: Actor, appointment_id: int) -> ReviewPage:
    """Return the findings of a visit as they stand now; raises NotFound."""
    page = visit_page(db, actor, appointment_id)
    given = safety_queries.releases(db, appointment_id)
    seen = {finding.fingerprint for finding in page.screening.findings}
    releases = {row.fingerprint: (row, name) for row, name in given if row.fingerprint in seen}
    found = [f for f in page.screening.findings if f.truth is Truth.PRESENT]
    standing = [f for f in found if not is_released(f, releases)]
    return ReviewPage(
        of=page,
        passage=passage(
            page.screening, Moment.START, actor.role, frozenset(releases), today=page.today
        ),
        decision=visit_decision(standing, page.screening.plan),
        is_all_released=bool(found) and not standing,
        releases=releases,
        checks=safety_queries.screenings_of(db, appointment_id),
        old_releases=[(row, name) for row, name in given if row.fingerprint not in seen],
        why=explaining.why(db, page.visit.patient_id),
    )


def visit(db: Session, actor: Actor, appointment_id: int) -> Appointment:
    """Return a visit of the actor's place; raises NotFound for any other."""
    found = scheduling_queries.get(db, appointment_id)
    if found.location_id != actor.location_id:
        raise NotFound(scheduling_queries.NO_VISIT)
    return found


def visit_page(db: Session, actor: Actor, appointment_id: int) -> VisitPage:
    """Return a visit checked against what is known now; keeps nothing. Raises NotFound."""
    today = clock.today(actor.zone)
    found = visit(db, actor, appointment_id)
    history = safety_queries.history_of(db, found.patient_id)
    service = catalog_queries.service(db, found.service_id)
    on = found.starts_local.date()
    plan = scheduling_queries.plan_for(db, found, history)
    return VisitPage(
        visit=found,
        service_name=service.name,
        modality=service.modality,
        on=on,
        bar=safety_queries.bar(db, actor, found.patient_id, on=today),
        history=history,
        screening=safety_queries.check(db, history, plan, on),
        today=today,
    )


def consents_page(db: Session, actor: Actor, patient_id: int) -> ConsentsPage:
    """Return a patient's papers, newest first; raises NotFound."""
    today = clock.today(actor.zone)
    return ConsentsPage(
        bar=safety_queries.bar(db, actor, patient_id, on=today),
        papers=consent_queries.of_patient(db, patient_queries.records(patient_id)),
        texts=[
            text
            for text in consent_queries.versions(db)
            if text.in_force_from is not None and (text.languages or text.service_id is None)
        ],
        services={card.id: card.name for card in catalog_queries.service_cards(db)},
        today=today,
    )


def asked_for(db: Session, text_id: int) -> Sequence[int]:
    """Return the open visits that a text in force is for, from its day on; two statements.

    Empty for photographs: no visit waits for them.
    """
    text = consent_queries.text(db, text_id)
    if text.kind is ConsentKind.PHOTOGRAPHS or text.in_force_from is None:
        return ()
    return checking.asked_for(
        db, Modality(text.kind.value), service_id=text.service_id, since=text.in_force_from
    )
