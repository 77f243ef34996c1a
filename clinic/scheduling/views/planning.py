"""The pages that plan a course: one that begins, and the rest of one. Same blueprint as courses."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlencode

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from sqlalchemy.orm import Session as Db
from werkzeug.datastructures import MultiDict

from clinic.audit import looks
from clinic.catalog import queries as catalog_queries
from clinic.catalog.values import CoursePattern, ResourceKind
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Forbidden, Invalid, NotFound
from clinic.core.text import N_
from clinic.patients import queries as patient_queries
from clinic.safety import queries as safety_queries
from clinic.safety.rules.redaction import STATUS_NAMES as RECEPTION_NAMES
from clinic.scheduling import course_judging, course_planning, course_queries, courses
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.course_forms import BeginForm, OtherForm, WishesForm, picks, written
from clinic.scheduling.course_planning import Ground
from clinic.scheduling.course_values import CoursePage, Pick, PlanCourse, Preview
from clinic.scheduling.rules.checks import LEVELS
from clinic.scheduling.rules.planning import Level
from clinic.scheduling.values import CourseStatus
from clinic.scheduling.views.courses import bp
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.errors import status_of
from clinic.web.words import translate, words_of

KEY_BYTES = 18
BEGUN = N_("The course has begun. It waits on the list of courses to call about.")
NOTHING_BOOKED = N_("Session %(number)s cannot be: %(why)s Nothing was booked or moved.")
NOT_READY = N_("Nothing was booked: change the sessions marked red first.")
NOT_CHECKED_OUT = N_("Nothing was booked: the check refuses a day. See below which.")
STEPS = ("earlier", "later", "other")
LOOKS = ("preview", *STEPS, "cut")
"""What only shows a plan: answered by a page of its own address, so that Back finds it again."""
BUTTONS = (*LOOKS, "confirm", "begin")
_LEFT_OUT = frozenset({"csrf_token", "form_key", "seen"})
_LONGEST = 200
__all__ = ["bp"]


@bp.get("/patients/<id:patient_id>/courses/new")
@require(Permission.APPOINTMENT_BOOK)
def new(patient_id: int) -> ResponseReturnValue:
    """Show what a course that begins is to be and when the patient can come, or a plan of it."""
    if _shows_plan(request.args):
        return _begin(patient_id)
    asked = request.args.get("service_id", "")
    form = BeginForm(
        form_key=secrets.token_urlsafe(KEY_BYTES),
        service_id=asked,
        first_from=clock.today(actor().zone),
    )
    _offer(form)
    chosen = _of_service(form)
    if chosen is not None:
        form.show(chosen)
    return _begin_page(patient_id, form)


def _offer(form: WishesForm) -> None:
    people = scheduling_queries.resources(read(), actor().location_id)
    form.offer([(p.id, p.name) for p in people if p.kind is ResourceKind.PRACTITIONER])
    if isinstance(form, BeginForm):
        offered = [
            (service.id, service.name)
            for service in catalog_queries.services(read())
            if service.modality.is_treatment
        ]
        form.offer_services(offered)
        if form.service_id.data in (None, "") and offered:
            usual = _with_course(read())
            form.service_id.data = str(usual or offered[0][0])


def _with_course(db: Db) -> int | None:
    """Return the first service of which there are courses."""
    return next(
        (
            service.id
            for service in sorted(
                catalog_queries.services(db), key=lambda s: s.modality.value != "prp"
            )
            if service.modality.is_treatment and catalog_queries.pattern_of(service).total > 1
        ),
        None,
    )


def _of_service(form: BeginForm) -> CoursePattern | None:
    chosen = form.service_id.chosen()
    if chosen is None:
        return None
    try:
        return catalog_queries.pattern_of(catalog_queries.service(read(), chosen))
    except NotFound:
        return None


def _begin_page(
    patient_id: int, form: BeginForm, preview: Preview | None = None, status: int = 200
) -> ResponseReturnValue:
    return _plan_page(
        patient_id,
        form,
        preview,
        status=status,
        course=None,
        action=url_for("courses.create", patient_id=patient_id),
        back=url_for("chart.patient", patient_id=patient_id),
        under_way=course_queries.under_way(read(), patient_id, form.service_id.chosen() or 0),
    )


def _plan_page(
    patient_id: int,
    form: WishesForm,
    preview: Preview | None,
    *,
    status: int,
    course: CoursePage | None,
    action: str,
    back: str,
    under_way: int | None = None,
) -> ResponseReturnValue:
    patient_queries.get(read(), patient_id, location_id=actor().location_id)
    page = render_template(
        "courses/plan.html",
        form=form,
        preview=preview,
        course=course,
        action=action,
        back=back,
        under_way=under_way,
        bar=safety_queries.bar(read(), actor(), patient_id, on=clock.today(actor().zone)),
        written=written,
        focus=_focus(preview),
        reception_names=RECEPTION_NAMES,
        reception_levels=LEVELS,
    )
    return page, status


def _focus(preview: Preview | None) -> str:
    """Return where the keyboard goes on: the row just changed, one to be changed, or confirming."""
    pressed, number = _pressed(_sent())
    if preview is None:
        return ""
    if pressed in STEPS and number:
        return f"earlier-{number}" if pressed == "earlier" else f"later-{number}"
    red = next((row.number for row in preview.rows if row.level is Level.RED), None)
    return f"later-{red}" if red is not None else "confirm"


def _pressed(sent: Mapping[str, str]) -> tuple[str, int]:
    """Return which button was pressed, and for which session; 0 for none."""
    pressed = next((name for name in BUTTONS if name in sent), "preview")
    raw = sent.get(pressed, "")
    return pressed, int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 4 else 0


@bp.post("/patients/<id:patient_id>/courses")
@require(Permission.APPOINTMENT_BOOK)
def create(patient_id: int) -> ResponseReturnValue:
    """Confirm a course that begins, all or nothing, or lead to the plan that is asked for."""
    if not _is_final(request.form):
        patient_queries.get(read(), patient_id, location_id=actor().location_id)
        return _to_plan(url_for("courses.new", patient_id=patient_id))
    return _begin(patient_id)


def _sent() -> MultiDict[str, str]:
    return request.form if request.method == "POST" else request.args


def _shows_plan(sent: Mapping[str, str]) -> bool:
    return any(name in sent for name in LOOKS)


def _is_final(sent: Mapping[str, str]) -> bool:
    return "confirm" in sent or "begin" in sent


def _to_plan(url: str) -> ResponseReturnValue:
    """Lead to the plan that a form asks for: what was typed stands in the address, no secret."""
    sent = request.form.items(multi=True)
    fields = [(name[:_LONGEST], text[:_LONGEST]) for name, text in sent if name not in _LEFT_OUT]
    fields += [] if _shows_plan(request.form) else [("preview", "1")]
    return redirect(f"{url}?{urlencode(fields)}", 303)


def _begin(patient_id: int) -> ResponseReturnValue:
    form = BeginForm(_sent())
    _offer(form)
    of_service = _of_service(form)
    # The numbers of one service are never planned for another: they are shown anew first.
    if of_service and _sent().get("numbers_of", form.service_id.data) != form.service_id.data:
        form.show_instead(of_service)
        return _begin_page(patient_id, form)
    if not form.validate() or of_service is None:
        return _begin_page(patient_id, form, status=422)
    form.show(of_service)
    _renew(form)
    try:
        pattern = form.pattern(of_service)
        service_id = form.service_id.chosen() or 0
        wish = PlanCourse(
            patient_id=patient_id,
            picks=(),
            form_key=form.form_key.data or "",
            service_id=service_id,
            pattern=pattern,
        )

        def ground() -> Ground:
            return course_planning.ground_of_new(
                read(),
                actor(),
                form.wishes(),
                patient_id=patient_id,
                service_id=service_id,
                pattern=pattern,
            )

        return _answer(
            wish, ground, lambda preview, status: _begin_page(patient_id, form, preview, status)
        )
    except Forbidden:
        raise
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _begin_page(patient_id, form, status=422)
    except NotFound:
        raise
    except ClinicError as error:
        form.refuse("", error)
        return _begin_page(patient_id, form, status=status_of(error))


@bp.get("/courses/<id:course_id>/plan")
@require(Permission.APPOINTMENT_BOOK)
def plan(course_id: int) -> ResponseReturnValue:
    """Propose the rest of a course: visits that fit stay, the others are moved, new ones found."""
    if _shows_plan(request.args):
        return _replan(course_id)
    course = course_queries.page(read(), actor(), course_id)
    looks.opened("course", course_id, patient_id=course.patient_id)
    form = WishesForm(form_key=secrets.token_urlsafe(KEY_BYTES))
    last = course.sessions[-1].practitioner_id if course.sessions else ""
    _offer(form)
    form.practitioner_id.data = str(last)
    preview = None
    if course.status is CourseStatus.ACTIVE and course.open_numbers:
        ground = course_planning.ground_of(read(), actor(), course, form.wishes())
        preview = course_judging.preview(ground, course_planning.propose(ground))
    return _rest_page(course, form, preview)


def _rest_page(
    course: CoursePage, form: WishesForm, preview: Preview | None = None, status: int = 200
) -> ResponseReturnValue:
    return _plan_page(
        course.patient_id,
        form,
        preview,
        status=status,
        course=course,
        action=url_for("courses.replan", course_id=course.id),
        back=url_for("courses.show", course_id=course.id),
    )


@bp.post("/courses/<id:course_id>/plan")
@require(Permission.APPOINTMENT_BOOK)
def replan(course_id: int) -> ResponseReturnValue:
    """Confirm the rest of a course, all or nothing, or lead to the plan that is asked for."""
    if not _is_final(request.form):
        course_queries.get(read(), actor(), course_id)
        return _to_plan(url_for("courses.plan", course_id=course_id))
    return _replan(course_id)


def _replan(course_id: int) -> ResponseReturnValue:
    course = course_queries.page(read(), actor(), course_id)
    form = WishesForm(_sent())
    _offer(form)
    if not form.validate():
        return _rest_page(course, form, status=422)
    _renew(form)
    wish = PlanCourse(
        patient_id=course.patient_id,
        picks=(),
        form_key=form.form_key.data or "",
        course_id=course_id,
        seen=_sent().get("seen", "")[:1500],
        was_called="called" in _sent(),
    )

    def page(preview: Preview | None, status: int) -> ResponseReturnValue:
        return _rest_page(course_queries.page(read(), actor(), course_id), form, preview, status)

    def ground() -> Ground:
        now = course_queries.page(read(), actor(), course_id)
        return course_planning.ground_of(read(), actor(), now, form.wishes())

    try:
        return _answer(wish, ground, page)
    except Invalid as bad:
        form.refuse_invalid(bad)
        return page(None, 422)


def _renew(form: WishesForm) -> None:
    """Give a page that was asked for by its address a one-time key of its own."""
    form.form_key.data = form.form_key.data or secrets.token_urlsafe(KEY_BYTES)


def _answer(
    wish: PlanCourse,
    ground_now: Callable[[], Ground],
    page: Callable[[Preview | None, int], ResponseReturnValue],
) -> ResponseReturnValue:
    """Do what the pressed button asks of a preview; what was picked is kept on every refusal."""
    ground = ground_now()
    is_begun = "begin" in request.form and wish.course_id is None
    if "confirm" not in request.form and not is_begun:
        chosen = _worked_out(ground, _sent())
        return page(course_judging.preview(ground, chosen), 200)
    chosen = [] if is_begun else picks(request.form, ground.numbers)
    good = [pick for pick in chosen if pick is not None]
    shown = course_judging.preview(ground, chosen)
    if len(good) < len(chosen) or not (chosen or is_begun):
        flash(translate(NOT_READY), "bad")
        return page(shown, 409)
    try:
        with transaction() as db:
            made = courses.plan(db, actor(), replace(wish, picks=tuple(good)))
    except courses.RowRefused as refused:
        why = words_of(refused.error).rstrip(".") + "."
        flash(translate(NOTHING_BOOKED, number=refused.number, why=why), "bad")
        return page(course_judging.preview(ground_now(), chosen), 409)
    except (Forbidden, NotFound):
        raise
    except ClinicError as error:
        flash(words_of(error), "bad")
        return page(course_judging.preview(ground_now(), chosen), status_of(error))
    if isinstance(made, dict):
        flash(translate(NOT_CHECKED_OUT), "bad")
        return page(course_judging.preview(ground_now(), chosen), 409)
    flash(translate(BEGUN) if is_begun else _done(shown), "ok")
    return redirect(url_for("courses.show", course_id=made.id), 303)


def _done(shown: Preview) -> str:
    said = []
    if shown.booked:
        said.append(
            ngettext("%(num)d session is booked.", "%(num)d sessions are booked.", shown.booked)
        )
    if shown.moved:
        said.append(
            ngettext("%(num)d session was moved.", "%(num)d sessions were moved.", shown.moved)
        )
    return " ".join(said)


def _worked_out(ground: Ground, sent: Mapping[str, str]) -> list[Pick | None]:
    """Return the plan after the button that was pressed; unknown buttons plan it anew."""
    chosen = picks(sent, ground.numbers)
    pressed, number = _pressed(sent)
    if pressed == "preview" or number not in ground.numbers[: len(chosen)]:
        return course_planning.propose(ground)
    index = list(ground.numbers).index(number)
    if pressed == "cut":
        return chosen[:index]
    if pressed == "other":
        chosen[index] = _other(ground, chosen, index, sent)
    else:
        by = 1 if pressed == "later" else -1
        chosen[index] = course_planning.stepped(ground, chosen, index, by=by)
    return course_planning.changed(ground, chosen, index)[: len(chosen)]


def _other(
    ground: Ground, chosen: list[Pick | None], index: int, sent: Mapping[str, str]
) -> Pick | None:
    typed = OtherForm.of(sent, ground.numbers[index])
    return course_planning.elsewhere(ground, chosen, index, typed.day.data, typed.hour.data)
