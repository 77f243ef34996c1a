"""The pages of intake: facts, questions before a visit, findings to release, consent papers."""

import datetime as dt
import secrets

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from clinic.audit import looks
from clinic.consents import queries as consent_queries
from clinic.consents.values import CONSENT_NAMES, SCOPE_NAMES, SIGNED_HOW_NAMES
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Conflict, Forbidden, Invalid, NotFound
from clinic.core.text import N_
from clinic.intake import queries, service
from clinic.intake.forms.consents import OTHER, PATIENT, ConsentForm, WithdrawForm
from clinic.intake.forms.fact import FactForm
from clinic.intake.forms.facts import FORMS
from clinic.intake.forms.questions import QuestionsForm, questions_form
from clinic.intake.forms.visit import ErrorForm, ReleaseForm
from clinic.intake.rules.stages import is_unusual
from clinic.intake.values import HAIR_NAMES, SECTION_NAMES, STATE_NAMES, Section
from clinic.patients import queries as patient_queries
from clinic.patients.rules import age_on
from clinic.patients.values import LANGUAGES, full_name
from clinic.safety import queries as safety_queries
from clinic.safety.rules.names import (
    MOMENT_NAMES,
    SOURCE_NAMES,
)
from clinic.safety.values import MissingKind
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import read, transaction
from clinic.web.formats import language_name
from clinic.web.words import translate, words_of

bp = Blueprint("intake", __name__)
KEY_BYTES = 18


def _status(error: ClinicError) -> int:
    return 422 if isinstance(error, Invalid) else 409


# ---- facts ----


def _facts_page(
    patient_id: int, *, filled: FactForm | None = None, wrong: tuple[int, ErrorForm] | None = None
) -> str:
    """Draw the page with an empty form a section, but for the one that was sent."""
    who = actor()
    page = queries.facts_page(read(), who, patient_id)
    forms = {
        section: filled
        if filled is not None and filled.section is section
        else kind(
            today=page.today,
            role=who.role,
            codes=safety_queries.codes(),
            form_key=secrets.token_urlsafe(KEY_BYTES),
        )
        for section, kind in FORMS.items()
    }
    return render_template(
        "intake/facts.html",
        page=page,
        bar=page.bar,
        forms=forms,
        filled=filled,
        wrong=wrong,
        error_form=ErrorForm(),
        section_names=SECTION_NAMES,
        source_names=SOURCE_NAMES,
        state_names=STATE_NAMES,
        hair_names=HAIR_NAMES,
        groups={group.code: group.name for group in safety_queries.rules().groups},
    )


@bp.get("/patients/<id:patient_id>/facts")
@require(Permission.CHART_VIEW)
def facts(patient_id: int) -> ResponseReturnValue:
    """Show what is known about a patient, with a form for each kind of fact."""
    patient_queries.get(read(), patient_id, location_id=actor().location_id)
    looks.opened("facts", patient_id, patient_id=patient_id)
    return _facts_page(patient_id)


@bp.post("/patients/<id:patient_id>/facts")
@require(Permission.FACT_RECORD)
def record(patient_id: int) -> ResponseReturnValue:
    """Record the facts of one section's form."""
    who = actor()
    raw = request.form.get("section", "")
    patient = patient_queries.get(read(), patient_id, location_id=actor().location_id)
    if raw not in set(Section):
        flash(_("This form is out of date. Please fill it in again."), "bad")
        return _facts_page(patient_id), 422
    form = FORMS[Section(raw)](
        request.form, today=clock.today(who.zone), role=who.role, codes=safety_queries.codes()
    )
    if not form.validate():
        return _facts_page(patient_id, filled=form), 422
    try:
        wishes = form.commands(patient_id)
        with transaction() as db:
            rows = service.record(db, who, wishes)
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _facts_page(patient_id, filled=form), 422
    code = rows[0].code
    name = rows[0].label or translate(safety_queries.codes().name(code))
    flash(
        ngettext("Recorded: %(name)s", "%(num)d facts recorded: %(name)s", len(rows), name=name),
        "ok",
    )
    if form.section is Section.STAGE and is_unusual(code, patient.sex):
        flash(
            _("%(stage)s is meant for the other sex. Recorded as given; look again.", stage=name),
            "warn",
        )
    return redirect(url_for("intake.facts", patient_id=patient_id, _anchor=form.section.value), 303)


@bp.post("/patients/<id:patient_id>/facts/<id:fact_id>/error")
@require(Permission.FACT_RECORD)
def mark_error(patient_id: int, fact_id: int) -> ResponseReturnValue:
    """Mark a fact as entered in error."""
    patient_queries.get(read(), patient_id, location_id=actor().location_id)
    form = ErrorForm(request.form)
    if not form.validate():
        return _facts_page(patient_id, wrong=(fact_id, form)), 422
    try:
        with transaction() as db:
            service.mark_error(db, actor(), form.wish(fact_id), patient_id=patient_id)
    except (Invalid, Conflict) as refused:
        form.refuse("reason", refused)
        return _facts_page(patient_id, wrong=(fact_id, form)), _status(refused)
    flash(_("Marked as entered in error. The visits to come were checked again."), "ok")
    return redirect(url_for("intake.facts", patient_id=patient_id, _anchor="history"), 303)


# ---- questions before a visit ----


def _questions_page(page: queries.QuestionsPage, form: QuestionsForm) -> str:
    return render_template(
        "intake/questions.html",
        page=page,
        of=page.of,
        bar=page.of.bar,
        form=form,
        source_names=SOURCE_NAMES,
        kinds=MissingKind,
        is_over=page.of.visit.status not in service.OPEN,
    )


@bp.get("/appointments/<id:appointment_id>/questions")
@require(Permission.FACT_RECORD)
def questions(appointment_id: int) -> ResponseReturnValue:
    """Show the questions that matter for a visit, filled with what still counts."""
    who = actor()
    page = queries.questions_page(read(), who, appointment_id)
    form = questions_form(
        page.cards,
        safety_queries.codes(),
        today=page.of.today,
        form_key=secrets.token_urlsafe(KEY_BYTES),
    )
    looks.opened("questions", appointment_id, patient_id=page.of.visit.patient_id)
    return _questions_page(page, form)


@bp.post("/appointments/<id:appointment_id>/questions")
@require(Permission.FACT_RECORD)
def answer(appointment_id: int) -> ResponseReturnValue:
    """Record the answers."""
    who = actor()
    page = queries.questions_page(read(), who, appointment_id)
    form = questions_form(
        page.cards, safety_queries.codes(), today=page.of.today, formdata=request.form
    )
    if not form.validate():
        return _questions_page(page, form), 422
    try:
        with transaction() as db:
            service.answer(db, who, form.wish(appointment_id))
    except (Invalid, Conflict) as refused:
        form.refuse(getattr(refused, "field", ""), refused)
        return _questions_page(page, form), _status(refused)
    flash(_("The answers are recorded and the visit was checked again."), "ok")
    return redirect(url_for("intake.review", appointment_id=appointment_id), 303)


# ---- findings and their release ----


def _review_page(appointment_id: int, form: ReleaseForm | None = None) -> str:
    page = queries.review_page(read(), actor(), appointment_id)
    return render_template(
        "intake/review.html",
        page=page,
        of=page.of,
        bar=page.of.bar,
        form=form,
        empty_form=ReleaseForm(),
        why=page.why,
        moment_names=MOMENT_NAMES,
        is_over=page.of.visit.status not in service.OPEN,
    )


@bp.get("/appointments/<id:appointment_id>/review")
@require(Permission.CHART_VIEW)
def review(appointment_id: int) -> ResponseReturnValue:
    """Show the findings of a visit, why, and what would clear them."""
    visit = queries.visit(read(), actor(), appointment_id)
    looks.opened("review", appointment_id, patient_id=visit.patient_id)
    return _review_page(appointment_id)


@bp.post("/appointments/<id:appointment_id>/releases")
@require(Permission.RELEASE)
@asks_inside
def release(appointment_id: int) -> ResponseReturnValue:
    """Release one finding for this visit."""
    form = ReleaseForm(request.form)
    if not form.validate():
        return _review_page(appointment_id, form), 422
    try:
        with transaction() as db:
            service.release(db, actor(), form.wish(appointment_id))
    except (Invalid, Conflict, Forbidden) as refused:
        form.refuse("reason", refused)
        status = 403 if isinstance(refused, Forbidden) else _status(refused)
        return _review_page(appointment_id, form), status
    flash(_("Released for this visit only."), "ok")
    return redirect(url_for("intake.review", appointment_id=appointment_id), 303)


# ---- consent papers ----


def _consents_page(
    patient_id: int,
    form: ConsentForm | None = None,
    *,
    withdrawal: tuple[int, WithdrawForm] | None = None,
) -> str:
    page = queries.consents_page(read(), actor(), patient_id)
    if form is None:
        form = ConsentForm(data=_begun(patient_id, page.today))
    _offer_texts(form, page)
    withdrawals = {
        paper.id: WithdrawForm(consent_id=paper.id, standing=paper.standing, today=page.today)
        for paper in page.papers
        if paper.standing
    }
    if withdrawal is not None:
        withdrawals[withdrawal[0]] = withdrawal[1]
    return render_template(
        "intake/consents.html",
        page=page,
        bar=page.bar,
        form=form,
        withdrawals=withdrawals,
        opened=withdrawal[0] if withdrawal else None,
        kind_names=CONSENT_NAMES,
        scope_names=SCOPE_NAMES,
        how_names=SIGNED_HOW_NAMES,
    )


def _begun(patient_id: int, today: dt.date) -> dict[str, object]:
    """Return what an empty form begins with: the patient's language, and who mostly signs."""
    patient = patient_queries.get(read(), patient_id)
    age = age_on(patient.birth_date, today)
    return {
        "given_on": today,
        "form_key": secrets.token_urlsafe(KEY_BYTES),
        "language": patient.language,
        "by_whom": OTHER if age is not None and age < service.OF_AGE else PATIENT,
    }


def _offer_texts(form: ConsentForm, page: queries.ConsentsPage) -> None:
    names = sorted(((code, language_name(code)) for code in LANGUAGES), key=lambda one: one[1])
    form.language.offer(names, blank=translate(N_("Choose…")))
    form.offer(
        (
            f"{text.kind} {text.version_name}",
            _(
                "%(kind)s, version %(version)s",
                kind=": ".join(
                    filter(
                        None,
                        (
                            translate(CONSENT_NAMES[text.kind]),
                            page.services.get(text.service_id or 0),
                        ),
                    )
                ),
                version=text.version_name,
            ),
        )
        for text in page.texts
        if text.in_force_from is not None and text.in_force_from <= page.today
    )


@bp.get("/patients/<id:patient_id>/consents")
@require(Permission.CONSENT_RECORD)
def consents(patient_id: int) -> ResponseReturnValue:
    """Show the papers a patient has signed, and the form for another."""
    patient_queries.get(read(), patient_id, location_id=actor().location_id)
    looks.opened("consents", patient_id, patient_id=patient_id)
    return _consents_page(patient_id)


@bp.post("/patients/<id:patient_id>/consents")
@require(Permission.CONSENT_RECORD)
def record_consent(patient_id: int) -> ResponseReturnValue:
    """Record a signed paper."""
    form = ConsentForm(request.form)
    _offer_texts(form, queries.consents_page(read(), actor(), patient_id))
    if not form.validate():
        return _consents_page(patient_id, form), 422
    try:
        patient = patient_queries.get(read(), patient_id)
        name = full_name(patient.given_name, patient.family_name)
        with transaction() as db:
            service.record_consent(db, actor(), form.wish(patient_id, name=name))
    except Invalid as bad:
        form.refuse("text" if bad.field == "text_version" else bad.field, bad)
        return _consents_page(patient_id, form), 422
    flash(_("The paper is recorded."), "ok")
    return redirect(url_for("intake.consents", patient_id=patient_id), 303)


@bp.post("/patients/<id:patient_id>/consents/<id:consent_id>/withdrawal")
@require(Permission.CONSENT_RECORD)
def withdraw_consent(patient_id: int, consent_id: int) -> ResponseReturnValue:
    """Record that a consent is withdrawn."""
    page = queries.consents_page(read(), actor(), patient_id)
    paper = next((one for one in page.papers if one.id == consent_id), None)
    if paper is None:
        raise NotFound(consent_queries.NO_CONSENT)
    form = WithdrawForm(request.form, consent_id=consent_id, standing=paper.standing)
    if not form.validate():
        return _consents_page(patient_id, withdrawal=(consent_id, form)), 422
    try:
        with transaction() as db:
            service.withdraw_consent(db, actor(), form.wish(consent_id), patient_id=patient_id)
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _consents_page(patient_id, withdrawal=(consent_id, form)), 422
    except Conflict as moved_on:
        flash(words_of(moved_on), "warn")
        return _consents_page(patient_id), 409
    flash(_("The withdrawal is recorded. The visits to come were checked again."), "ok")
    return redirect(url_for("intake.consents", patient_id=patient_id), 303)
