"""A consent on the tablet: the text in the patient's language, the ticks, the signature."""

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.consents import rules
from clinic.core.errors import Invalid
from clinic.intake import queries, service
from clinic.intake.forms.signing import SignForm
from clinic.intake.queries import SigningPage
from clinic.intake.views.screen import CLEAR, asked_from, bp, home_of, of_patient
from clinic.scheduling.handed import Screen
from clinic.web.access import public
from clinic.web.database import read, transaction


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
    if not form.validate():
        return _page(screen, page, form), 422
    try:
        with transaction() as db:
            wish = form.wish(screen.text_id, screen.patient_id)
            service.sign_on_tablet(db, screen, wish, asked_from())
    except Invalid as bad:
        form.refuse_invalid(bad)
        return _page(screen, page, form), 422
    response = make_response(redirect(url_for("tablet.done"), 303))
    response.headers["Clear-Site-Data"] = CLEAR
    return response


def again(screen: Screen, locale: str) -> ResponseReturnValue:
    """Show the text in another language; what was ticked and drawn comes along."""
    page = queries.signing_page(read(), screen, locale=locale)
    return _page(screen, page, SignForm(request.form, kind=page.kind))


def _page(screen: Screen, page: SigningPage, form: SignForm) -> str:
    form.read_in.data = page.language
    return render_template(
        "tablet/consent.html",
        screen=screen,
        page=page,
        form=form,
        field=(rules.FIELD_WIDTH, rules.FIELD_HEIGHT, rules.MOST_STROKES, rules.MOST_NUMBERS),
    )
