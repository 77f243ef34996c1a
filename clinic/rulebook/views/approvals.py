"""What would change with the next approval, and the physician's approval itself."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.audit import looks
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.rulebook.forms import ApproveForm, RecheckForm
from clinic.rulebook.queries import book as queries
from clinic.rulebook.queries import trying
from clinic.rulebook.rules import trial
from clinic.rulebook.views.book import words
from clinic.safety import approving
from clinic.safety.approving import RulesMovedOn
from clinic.safety.rules.reading import BadCatalogue
from clinic.scheduling import recheck
from clinic.web.access import actor, asks_inside, require
from clinic.web.database import read, transaction
from clinic.web.words import translate

bp = Blueprint("approvals", __name__)
UNREADABLE = N_("This release cannot read a rule that awaits approval: nothing can be tried out.")
APPROVED = N_("The rules are in force from now on, approved by %(name)s.")


@bp.get("/safety/approvals/new")
@require(Permission.RULE_VIEW)
def new() -> ResponseReturnValue:
    """Show every change that awaits approval, and to a physician the form of it."""
    return _page()


@bp.post("/safety/approvals")
@require(Permission.RULE_APPROVE)
@asks_inside
def create() -> ResponseReturnValue:
    """Put the ticked changes in force, by the physician's name and today's date."""
    form = ApproveForm(request.form)
    if not form.validate():
        return _page(form), 422
    is_first = queries.approved(read()) is None
    try:
        with transaction() as db:
            approving.approve(db, actor(), form.wish(is_first=is_first))
    except Invalid as refused:
        if queries.is_in_force(read(), form.seen.data or ""):
            return redirect(url_for("rulebook.index"), 303)  # The form was sent twice.
        form.refuse_invalid(refused)
        return _page(form), 422
    except RulesMovedOn as moved:
        form.refuse("", moved)
        return _page(form), 409
    flash(translate(APPROVED, name=actor().name), "ok")
    return redirect(url_for("approvals.rechecking"), 303)


@bp.get("/safety/dry-run")
@require(Permission.RULE_VIEW)
def dry_run() -> ResponseReturnValue:
    """Try every change together on one part: the coming visits, or a month of the last twelve."""
    who = actor()
    all_ = trial.parts(clock.today(who.zone))
    chosen = next((part for part in all_ if part.key == request.args.get("part")), all_[0])
    try:
        result = trying.tried(read(), who, trying.proposed(read()), chosen)
    except BadCatalogue:
        flash(translate(UNREADABLE), "bad")
        return redirect(url_for("approvals.new"), 303)
    if result.visits:
        looks.listed("dry_run", (visit.patient_id for visit in result.visits), part=chosen.key)
    return render_template(
        "approvals/dry_run.html", parts=all_, results={chosen.key: result}, **words()
    )


@bp.get("/safety/rechecks")
@require(Permission.RULE_APPROVE)
def rechecking() -> ResponseReturnValue:
    """Show how many of the coming visits are checked with the rules in force."""
    return _rechecking(RecheckForm(request.args))


@bp.post("/safety/rechecks")
@require(Permission.RULE_APPROVE)
def check_again() -> ResponseReturnValue:
    """Check the next of the coming visits again, in one unit of bounded size."""
    form = RecheckForm(request.form)
    if not form.validate():
        return _rechecking(form), 422
    after = form.after.data or 0
    some = [id_ for id_ in trying.to_recheck(read()) if id_ > after][: recheck.WRITTEN]
    if some:
        with transaction() as db:
            recheck.recheck(db, actor(), some)
    return redirect(url_for("approvals.rechecking", after=some[-1] if some else after), 303)


def _rechecking(form: RecheckForm) -> str:
    after = form.after.data if form.validate() else None
    return render_template(
        "approvals/rechecking.html",
        progress=trying.progress(read(), after or 0),
        approved=queries.approved(read()),
        most=recheck.WRITTEN,
        form=form,
        **words(),
    )


def _page(form: ApproveForm | None = None) -> str:
    page = queries.awaiting(read())
    ticked = {change.code for change in page.changes}
    if form is None:
        form = ApproveForm()
    else:
        ticked &= set(form.codes.data or ())
    form.seen.data = page.edition
    return render_template(
        "approvals/new.html",
        page=page,
        form=form,
        ticked=ticked,
        today=clock.today(actor().zone),
        parts=trial.parts(clock.today(actor().zone)) if page.changes else (),
        results={},
        **words(),
    )
