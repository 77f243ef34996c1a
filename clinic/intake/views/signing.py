"""A consent on the tablet: the text in the patient's language, what is ticked or withdrawn."""

from collections.abc import Callable

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from clinic.consents import rules
from clinic.consents.values import Scope
from clinic.core import clock
from clinic.core.errors import Invalid
from clinic.intake import queries, service
from clinic.intake.forms.signing import SignForm, TakeBackForm
from clinic.intake.queries import SigningPage
from clinic.intake.views.screen import CLEAR, asked_from, bp, home_of, of_patient
from clinic.scheduling.handed import Screen
from clinic.web.access import public
from clinic.web.database import read, transaction
from clinic.web.forms import BaseForm

FIELD = (rules.FIELD_WIDTH, rules.FIELD_HEIGHT, rules.MOST_STROKES, rules.MOST_NUMBERS)
"""Of a drawn signature: its size, the most strokes and the most numbers."""


@bp.get("/consent")
@public
def consent() -> ResponseReturnValue:
    """Show the text, nothing ticked."""
    screen = of_patient()
    if screen.text_id is None:
        return redirect(url_for(home_of(screen)), 303)
    page = queries.signing_page(read(), screen)
    return _page(screen, page, SignForm(kind=page.kind))


@bp.post("/consent")
@public
def sign() -> ResponseReturnValue:
    """Keep what was signed and end the screen; the second of two says that it was."""
    screen = of_patient()
    if screen.text_id is None:
        return redirect(url_for(home_of(screen)), 303)
    page = queries.signing_page(read(), screen)
    form = SignForm(request.form, kind=page.kind)
    text_id = screen.text_id
    return _ended(
        form,
        lambda db: service.sign_on_tablet(
            db, screen, form.wish(text_id, screen.patient_id), asked_from()
        ),
        lambda: _page(screen, page, form),
    )


@bp.get("/consent/withdrawal")
@public
def withdrawal() -> ResponseReturnValue:
    """Show what was agreed to and can be withdrawn, nothing ticked."""
    screen = of_patient()
    if screen.text_id is None:
        return redirect(url_for(home_of(screen)), 303)
    page = queries.signing_page(read(), screen)
    if not page.standing:
        return redirect(url_for("tablet.consent"), 303)
    return _withdrawal_page(screen, page, TakeBackForm(standing=page.standing))


@bp.post("/consent/withdrawal")
@public
def withdraw() -> ResponseReturnValue:
    """Keep what was withdrawn and end the screen; the second of two says that it was."""
    screen = of_patient()
    if screen.text_id is None:
        return redirect(url_for(home_of(screen)), 303)
    page = queries.signing_page(read(), screen)
    form = TakeBackForm(request.form, standing=page.standing)
    return _ended(
        form,
        lambda db: service.withdraw_on_tablet(
            db, screen, form.wish(page.kind, screen.patient_id), asked_from()
        ),
        lambda: _withdrawal_page(screen, page, form),
    )


def again(screen: Screen, locale: str) -> ResponseReturnValue:
    """Show the page in another language; what was ticked and drawn comes along."""
    page = queries.signing_page(read(), screen, locale=locale)
    if request.form.get("taking_back"):
        form = TakeBackForm(request.form, standing=page.standing)
        return _withdrawal_page(screen, page, form)
    return _page(screen, page, SignForm(request.form, kind=page.kind))


def _ended(
    form: BaseForm, act: Callable[[Session], object], shown: Callable[[], str]
) -> ResponseReturnValue:
    """Do what the patient signed and end the screen, or show the page with what is wrong."""
    if not form.validate():
        return shown(), 422
    try:
        with transaction() as db:
            act(db)
    except Invalid as bad:
        form.refuse_invalid(bad)
        return shown(), 422
    response = make_response(redirect(url_for("tablet.done"), 303))
    response.headers["Clear-Site-Data"] = CLEAR
    return response


def _page(screen: Screen, page: SigningPage, form: SignForm) -> str:
    form.read_in.data = page.language
    return render_template(
        "tablet/consent.html",
        screen=screen,
        page=page,
        form=form,
        field=FIELD,
    )


def _withdrawal_page(screen: Screen, page: SigningPage, form: TakeBackForm) -> str:
    return render_template(
        "tablet/withdrawal.html",
        screen=screen,
        page=page,
        form=form,
        is_of_treatment=Scope.TREATMENT in page.standing,
        today=clock.today(screen.zone),
        field=FIELD,
    )
