"""Courses: one of them, stopping it, and whom to call."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import ClinicError, Forbidden, Invalid, NotFound
from clinic.core.text import N_
from clinic.safety import queries as safety_queries
from clinic.scheduling import course_queries, courses
from clinic.scheduling.course_forms import OUTCOME_NAMES, CallForm, StopForm
from clinic.scheduling.values import STATUS_NAMES, CourseStatus
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.errors import status_of
from clinic.web.words import translate, words_of

bp = Blueprint("courses", __name__)
STOPPED = N_("The course is stopped.")
RESUMED = N_("The course goes on. What was cancelled with it is not booked again by itself.")
NOTED = N_("Noted.")
ODD = N_("This button was out of date. Look at the course and press again.")


@bp.get("/courses/<id:course_id>")
@require(Permission.BOARD_VIEW)
def show(course_id: int) -> ResponseReturnValue:
    """Show a course: its sessions, what comes next, what was said on the phone."""
    return _course_page(course_id, is_look=True)


def _course_page(
    course_id: int,
    *,
    is_look: bool = False,
    stop_form: StopForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    course = course_queries.page(read(), actor(), course_id)
    if is_look:
        looks.opened("course", course_id, patient_id=course.patient_id)
    form = stop_form or StopForm(version=course.version, seen=course.seen, cancels=True)
    if stop_form is not None:
        form.version.renew(course.version)
        form.seen.data, form.seen.raw_data = course.seen, None
    page = render_template(
        "courses/show.html",
        course=course,
        bar=safety_queries.bar(read(), actor(), course.patient_id, on=clock.today(actor().zone)),
        stop_form=form,
        is_stopping=stop_form is not None,
        status_names=STATUS_NAMES,
        outcome_names=OUTCOME_NAMES,
        CourseStatus=CourseStatus,
    )
    return page, status


@bp.post("/courses/<id:course_id>/stop")
@require(Permission.APPOINTMENT_BOOK)
def stop(course_id: int) -> ResponseReturnValue:
    """Stop a course with its reason."""
    form = StopForm(request.form)
    if not form.validate():
        return _course_page(course_id, stop_form=form, status=422)
    try:
        with transaction() as db:
            courses.stop(db, actor(), form.wish(course_id))
    except (Forbidden, NotFound):
        raise
    except ClinicError as error:
        flash(words_of(error), "bad")
        return _course_page(course_id, stop_form=form, status=status_of(error))
    flash(translate(STOPPED), "ok")
    return redirect(url_for("courses.show", course_id=course_id), 303)


@bp.post("/courses/<id:course_id>/resume")
@require(Permission.APPOINTMENT_BOOK)
def resume(course_id: int) -> ResponseReturnValue:
    """Take the stop of a course back, and go on to planning what is left of it."""
    form = StopForm(request.form)
    version = form.version.data
    try:
        if version is None:
            course_queries.get(read(), actor(), course_id)
            raise Invalid(ODD)
        with transaction() as db:
            courses.resume(db, actor(), course_id, version)
    except (Forbidden, NotFound):
        raise
    except ClinicError as error:
        flash(words_of(error), "bad")
        return _course_page(course_id, status=status_of(error))
    flash(translate(RESUMED), "ok")
    course = course_queries.page(read(), actor(), course_id)
    page = "courses.plan" if course.open_numbers else "courses.show"
    return redirect(url_for(page, course_id=course_id), 303)


# ---- whom to call ----


@bp.get("/courses-to-call")
@require(Permission.APPOINTMENT_BOOK)
def due() -> ResponseReturnValue:
    """Show the courses under way without a coming visit, with whom to call."""
    return _due_page()


def _due_page(
    form: CallForm | None = None, course_id: int = 0, status: int = 200
) -> ResponseReturnValue:
    found = course_queries.due(read(), actor())
    if status == 200:
        looks.listed("courses_due", (one.id for one in found.due))
    page = render_template(
        "courses/due.html",
        found=found,
        form=form,
        bad_id=course_id,
        today_on=clock.today(actor().zone),
        outcome_names=OUTCOME_NAMES,
    )
    return page, status


@bp.post("/courses/<id:course_id>/calls")
@require(Permission.APPOINTMENT_BOOK)
def log_call(course_id: int) -> ResponseReturnValue:
    """Keep what came of a call."""
    form = CallForm(request.form)
    if not form.validate():
        return _due_page(form, course_id, 422)
    try:
        with transaction() as db:
            courses.log_call(db, actor(), form.wish(course_id))
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _due_page(form, course_id, 422)
    except (Forbidden, NotFound):
        raise
    except ClinicError as error:
        flash(words_of(error), "bad")
        return _due_page(form, course_id, status_of(error))
    flash(translate(NOTED), "ok")
    return redirect(url_for("courses.due"), 303)
