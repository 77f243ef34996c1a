"""The pages of the waiting list: who waits, and who fits a time that became free."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from clinic.audit import looks
from clinic.catalog.values import ResourceKind
from clinic.core import clock, walltime
from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Invalid, NotFound
from clinic.core.text import N_
from clinic.locations import queries as location_queries
from clinic.locations.values import WEEKDAYS
from clinic.patients import queries as patient_queries
from clinic.safety import queries as safety_queries
from clinic.safety.rules.redaction import STATUS_NAMES as RECEPTION_NAMES
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.rules.asking import PART_NAMES, PartOfDay
from clinic.scheduling.rules.checks import LEVELS
from clinic.scheduling.values import Span
from clinic.waiting import service
from clinic.waiting.forms import AddForm, ChangeForm, FreedForm, RemoveForm, WishesForm
from clinic.waiting.queries import entries, fitting
from clinic.waiting.queries.entries import OfferCard
from clinic.waiting.queries.fitting import Found
from clinic.waiting.values import USUAL_DAYS, WAY_NAMES, FreedTime, Priority
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.errors import status_of
from clinic.web.words import translate, words_of

bp = Blueprint("waiting", __name__)
ADDED = N_("%(who)s waits now.")
CHANGED = N_("The entry was changed.")
REMOVED = N_("%(who)s waits no more.")
ODD = N_("This button was out of date. Look at the list and press again.")
_WORDS = {
    "part_names": PART_NAMES,
    "way_names": WAY_NAMES,
    "weekdays": WEEKDAYS,
    "PartOfDay": PartOfDay,
    "Priority": Priority,
    "reception_names": RECEPTION_NAMES,
    "reception_levels": LEVELS,
}


@bp.app_template_global()
def waiting_words() -> dict[str, Any]:
    """Return the names that the pieces of these pages draw with, wherever they stand."""
    return _WORDS


def number(name: str) -> int | None:
    """Return an id of the address; None for none, and for what is no id."""
    raw = request.args.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and 0 < len(raw) < 10 else None


@bp.get("/waiting-list")
@require(Permission.APPOINTMENT_BOOK)
def index() -> ResponseReturnValue:
    """Show who waits and what is being offered."""
    return list_page()


def list_page() -> str:
    """Draw the list as it stands."""
    cards = entries.listed(read(), actor())
    looks.listed("waiting_entry", (card.id for card in cards))
    offered = entries.offered(read(), actor())
    return render_template(
        "waiting/index.html",
        entries=cards,
        offers=offered,
        is_full=len(cards) >= entries.MOST,
    )


# ---- entries ----


@bp.get("/waiting-list/new")
@require(Permission.APPOINTMENT_BOOK)
def new() -> ResponseReturnValue:
    """Show the form for a patient; of somebody who waits for the service already, their entry."""
    patient_id = number("patient_id")
    if patient_id is None:
        return redirect(url_for("patients.index", pick=1, next=url_for("waiting.new")), 303)
    patient_queries.get(read(), patient_id, location_id=actor().location_id)
    today = clock.today(actor().zone)
    service_id, practitioner_id = number("service_id"), number("practitioner_id")
    waits = entries.of_patient(read(), actor(), patient_id)
    there = entries.waits_for(waits, service_id) if service_id else None
    if there is not None:
        return redirect(url_for("waiting.edit", entry_id=there), 303)
    form = AddForm(
        patient_id=patient_id,
        visit_id=number("visit_id"),
        service_id=str(service_id or ""),
        practitioner_id=str(practitioner_id or ""),
        part_of_day=PartOfDay.ANY.value,
        priority=Priority.USUAL.value,
        notice_hours="2",
        from_on=today,
        until_on=today + dt.timedelta(days=USUAL_DAYS),
    )
    return _form_page("waiting/new.html", form, patient_id)


def _form_page(template: str, form: WishesForm, patient_id: int, **more: Any) -> str:
    db, who = read(), actor()
    people = [
        (row.id, row.name)
        for row in scheduling_queries.resources(db, who.location_id)
        if row.kind is ResourceKind.PRACTITIONER
    ]
    form.offer([(row.id, row.name) for row in scheduling_queries.offered(db)], people)
    bar = safety_queries.bar(db, who, patient_id, on=clock.today(who.zone))
    looks.opened("patient", patient_id, patient_id=patient_id)
    return render_template(template, form=form, bar=bar, **more)


@bp.post("/waiting-list")
@require(Permission.APPOINTMENT_BOOK)
def create() -> ResponseReturnValue:
    """Put somebody on the list."""
    form = AddForm(request.form)
    patient_id = form.patient_id.data
    if patient_id is None:
        return _odd()
    if not form.validate():
        return _form_page("waiting/new.html", form, patient_id), 422
    try:
        with transaction() as db:
            service.add(db, actor(), form.wish())
    except Invalid as error:
        form.refuse_invalid(error)
        return _form_page("waiting/new.html", form, patient_id), 422
    except NotFound:
        raise
    except ClinicError as error:
        form.refuse("", error)
        return _form_page("waiting/new.html", form, patient_id), status_of(error)
    return _done(ADDED, patient_id)


def _done(said: str, patient_id: int) -> ResponseReturnValue:
    bar = safety_queries.bar(read(), actor(), patient_id, on=clock.today(actor().zone))
    flash(translate(said, who=bar.name), "ok")
    return redirect(url_for("waiting.index"), 303)


def _odd() -> ResponseReturnValue:
    flash(translate(ODD), "bad")
    return list_page(), 422


@bp.get("/waiting-list/<id:entry_id>/edit")
@require(Permission.APPOINTMENT_BOOK)
def edit(entry_id: int) -> ResponseReturnValue:
    """Show what somebody wishes, to be changed."""
    card = entries.card(read(), actor(), entry_id)
    form = ChangeForm(
        version=card.version,
        service_id=str(card.service_id),
        practitioner_id=str(card.practitioner_id or ""),
        days=[str(day) for day in card.days],
        part_of_day=card.part_of_day.value,
        from_on=card.from_on,
        until_on=card.until_on,
        notice_hours=str(card.notice_hours),
        priority=card.priority.value,
        note=card.note,
    )
    return _form_page("waiting/edit.html", form, card.patient_id, entry=card)


@bp.post("/waiting-list/<id:entry_id>")
@require(Permission.APPOINTMENT_BOOK)
def update(entry_id: int) -> ResponseReturnValue:
    """Change what somebody wishes."""
    card = entries.card(read(), actor(), entry_id)
    form = ChangeForm(request.form)
    if not form.validate():
        return _form_page("waiting/edit.html", form, card.patient_id, entry=card), 422
    try:
        with transaction() as db:
            service.change(db, actor(), form.wish(entry_id))
    except Invalid as error:
        form.refuse_invalid(error)
        return _form_page("waiting/edit.html", form, card.patient_id, entry=card), 422
    except ClinicError as error:
        if status_of(error) == 404:
            raise
        now = entries.card(read(), actor(), entry_id)
        form.version.renew(now.version)
        form.refuse("", error)
        return _form_page("waiting/edit.html", form, now.patient_id, entry=now), status_of(error)
    flash(translate(CHANGED), "ok")
    return redirect(url_for("waiting.index"), 303)


@bp.post("/waiting-list/<id:entry_id>/removal")
@require(Permission.APPOINTMENT_BOOK)
def remove(entry_id: int) -> ResponseReturnValue:
    """Take somebody off the list, with what was offered to them."""
    form = RemoveForm(request.form)
    if not form.validate() or form.version.data is None:
        return _odd()
    try:
        with transaction() as db:
            entry = service.remove(db, actor(), entry_id, form.version.data)
            patient_id = entry.patient_id
    except ClinicError as error:
        return refused(error)
    return _done(REMOVED, patient_id)


def refused(error: ClinicError) -> ResponseReturnValue:
    """Show the list as it stands now, with the refusal above it."""
    if status_of(error) in {403, 404}:
        raise error
    flash(words_of(error), "bad")
    return list_page(), status_of(error)


# ---- who fits ----


@bp.get("/waiting-list/fitting")
@require(Permission.APPOINTMENT_BOOK)
def who_fits() -> ResponseReturnValue:
    """Show who may be offered a time that became free."""
    form = FreedForm(request.args)
    if not request.args:
        form = FreedForm(
            MultiDict({"date": clock.today(actor().zone).isoformat(), "minutes": "30"})
        )
        return fitting_page(form, is_asked=False)
    return fitting_page(form)


def fitting_page(form: FreedForm, *, is_asked: bool = True) -> ResponseReturnValue:
    """Draw the page of a free time; an odd time is said at its field."""
    db, who = read(), actor()
    people = [
        (row.id, row.name)
        for row in scheduling_queries.resources(db, who.location_id)
        if row.kind is ResourceKind.PRACTITIONER
    ]
    form.offer(people)
    found, span, query = None, None, {}
    if is_asked and form.validate():
        freed = form.freed()
        span, query = _span(freed), _query(freed)
        found = fitting.who_fits(db, who, span, freed.practitioner_id)
    offers = entries.offered(db, who)
    if found is not None:
        looks.listed("waiting_entry", (fit.entry.id for fit in found.fits))
    page = render_template(
        "waiting/who_fits.html",
        form=form,
        found=found,
        query=query,
        offers=[offer for offer in offers if span and span.overlaps(offer.span)],
        elsewhere=entries.open_by_entry(offers),
        person=dict(people).get(form.practitioner_id.chosen() or 0, ""),
        is_over=span is not None and span.end <= clock.now(),
        hold_min=location_queries.get(read(), who.location_id).hold_min,
    )
    return page, 200 if not is_asked or found is not None else 422


def _span(freed: FreedTime) -> Span:
    start = walltime.to_utc_forward(freed.starts_local, actor().zone)
    return Span(start=start, end=start + dt.timedelta(minutes=freed.minutes))


def _query(freed: FreedTime) -> dict[str, Any]:
    """Return what the address of a free time says."""
    return {
        "date": freed.starts_local.date().isoformat(),
        "start": freed.starts_local.strftime("%H:%M"),
        "minutes": freed.minutes,
        "practitioner_id": freed.practitioner_id,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class FreedCard:
    """Who fits a time, beside the visit that has given it up."""

    found: Found
    query: dict[str, Any]
    elsewhere: Mapping[int, OfferCard]


@bp.app_template_global()
def who_fits_there(
    starts_local: dt.datetime, minutes: int, practitioner_id: int
) -> FreedCard | None:
    """Return who may be offered a time that a visit gave up; None when over, or nobody waits."""
    who = actor()
    freed = FreedTime(starts_local=starts_local, minutes=minutes, practitioner_id=practitioner_id)
    if not who.may(Permission.APPOINTMENT_BOOK) or _span(freed).end <= clock.now():
        return None
    found = fitting.who_fits(read(), who, _span(freed), practitioner_id)
    if not found.fits and not found.others:
        return None
    looks.listed("waiting_entry", (fit.entry.id for fit in found.fits))
    offers = entries.offered(read(), who)
    return FreedCard(found=found, query=_query(freed), elsewhere=entries.open_by_entry(offers))
