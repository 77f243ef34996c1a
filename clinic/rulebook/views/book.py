"""The rules: their list, one rule with its versions, drafting the clinic's own version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.catalog.values import MODALITY_NAMES, Modality
from clinic.core.access import Permission
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.core.text import N_
from clinic.rulebook.forms import DraftForm, SeenForm, data_of, draft_form
from clinic.rulebook.queries import book as queries
from clinic.rulebook.queries.book import Sheet, Standing
from clinic.rulebook.rules.names import TREATMENTS, number_name
from clinic.rulebook.values import WORDING_NAMES, Aspect
from clinic.rulebook.views.words import amount, unit_word, wording
from clinic.safety import approving, editions
from clinic.safety import queries as safety_queries
from clinic.safety.approving import RulesMovedOn
from clinic.safety.rules.language import Applies, Rule
from clinic.safety.rules.names import CONFIDENCE_NAMES, KIND_NAMES, SCOPE_NAMES
from clinic.safety.rules.versions import DraftRule
from clinic.safety.values import Confidence, Decision, Releasable, RuleKind
from clinic.web.access import actor, require
from clinic.web.database import read, transaction
from clinic.web.words import translate, words_of

bp = Blueprint("rulebook", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One treatment of the list of rules."""

    url: str
    label: str
    count: int
    current: bool


def words() -> dict[str, Any]:
    """Return the names and functions by which pages write rules."""
    return {
        "amount": amount,
        "unit_word": unit_word,
        "wording": wording,
        "number_name": number_name,
        "kind_names": KIND_NAMES,
        "scope_names": SCOPE_NAMES,
        "confidence_names": CONFIDENCE_NAMES,
        "wording_names": WORDING_NAMES,
        "modality_names": MODALITY_NAMES,
        "kinds": RuleKind,
        "confidences": Confidence,
        "aspects": Aspect,
        "releasables": Releasable,
    }


@bp.get("/safety/rules")
@require(Permission.RULE_VIEW)
def index() -> ResponseReturnValue:
    """Show the rules of a treatment: what each decides, since when, and by whose approval."""
    book = queries.rulebook(read())
    chosen = Modality.PRP
    if request.args.get("treatment") in set(TREATMENTS):
        chosen = Modality(request.args["treatment"])
    of = {
        modality: [each for each in book.rules if _applies(each, modality)]
        for modality in TREATMENTS
    }
    return render_template(
        "rulebook/index.html",
        book=book,
        rules=[(each, _strongest(each.rule, chosen)) for each in of[chosen]],
        tabs=[
            Tab(
                url=url_for("rulebook.index", treatment=modality.value),
                label=translate(MODALITY_NAMES[modality]),
                count=len(of[modality]),
                current=modality is chosen,
            )
            for modality in TREATMENTS
        ],
        **words(),
    )


def _applies(standing: Standing, modality: Modality) -> bool:
    return standing.rule is None or _of(standing.rule, modality) is not None


def _of(rule: Rule, modality: Modality) -> Applies | None:
    return next((applies for applies in rule.applies_to if applies.modality is modality), None)


def _strongest(rule: Rule | None, modality: Modality) -> Decision | None:
    applies = _of(rule, modality) if rule else None
    if rule is None or applies is None:
        return None
    strongest = rule.cases[0].decision
    return strongest if applies.weaker is None else min(strongest, applies.weaker)


@bp.get("/safety/rules/<string:code>")
@require(Permission.RULE_VIEW)
def show(code: str) -> ResponseReturnValue:
    """Show one rule as it stands, its versions, and to an administrator the form of a draft."""
    return _page(queries.sheet(read(), code))


@bp.post("/safety/rules/<string:code>/drafts")
@require(Permission.RULE_DRAFT)
def draft(code: str) -> ResponseReturnValue:
    """Draft a version of a rule."""
    released = editions.floor_of(code)
    if released is None:
        raise NotFound(queries.NO_RULE)
    form = _form(released, request.form)
    is_read, wish = form.validate(), form.wish(released)
    for problem in approving.problems(wish):
        form.refuse_invalid(problem)
        is_read = False
    if not is_read:
        return _page(queries.sheet(read(), code), form), 422
    try:
        with transaction() as db:
            approving.draft(db, actor(), wish)
    except Invalid as refused:
        form.refuse_invalid(refused)
        return _page(queries.sheet(read(), code), form), 422
    except RulesMovedOn as moved:
        sheet = queries.sheet(read(), code)
        if not _is_there(sheet, wish):
            form.refuse("", moved)
            return _page(sheet, form, stale=_both(sheet, released, form)), 409
    flash(translate(N_("The draft is kept. It acts when a physician has approved it.")), "ok")
    return redirect(url_for("rulebook.show", code=code), 303)


@bp.post("/safety/rules/<string:code>/withdrawals")
@require(Permission.RULE_DRAFT)
def withdraw(code: str) -> ResponseReturnValue:
    """Take the draft of a rule back."""
    form = SeenForm(request.form)
    if editions.floor_of(code) is None:
        raise NotFound(queries.NO_RULE)
    if not form.validate():
        flash(form.first_error, "bad")
        return redirect(url_for("rulebook.show", code=code), 303)
    try:
        with transaction() as db:
            approving.withdraw(db, actor(), code, seen=form.seen.text())
    except (Conflict, Invalid) as refused:
        flash(words_of(refused), "warn")
    else:
        flash(translate(N_("The draft was taken back.")), "ok")
    return redirect(url_for("rulebook.show", code=code), 303)


def _page(
    sheet: Sheet, form: DraftForm | None = None, stale: list[tuple[str, str, str]] | None = None
) -> str:
    who = actor()
    released = sheet.released
    may_draft = who.may(Permission.RULE_DRAFT) and released is not None
    if may_draft and form is None and released is not None:
        form = _form(released, data=_shown(sheet, released))
    elif form is not None and stale is not None:
        form.seen.data = sheet.seen
    catalogue = safety_queries.rules()
    groups = {group.code: group.name for group in catalogue.groups}
    return render_template(
        "rulebook/show.html",
        sheet=sheet,
        form=form if may_draft else None,
        stale=stale or [],
        sources=dict(catalogue.sources),
        asked_name=lambda code: groups.get(code) or safety_queries.codes().name(code),
        treatments=TREATMENTS,
        applies=_of,
        **words(),
    )


def _form(released: Rule, formdata: Any = None, **given: Any) -> DraftForm:
    form = draft_form(released, formdata, **given)
    for case in released.cases:
        form.decision_of(case).label.text = wording(case.physician, released.numbers)
    return form


def _shown(sheet: Sheet, released: Rule) -> Mapping[str, object]:
    return data_of(sheet.proposed or released, is_on=sheet.is_proposed_on, seen=sheet.seen)


def _is_there(sheet: Sheet, wish: DraftRule) -> bool:
    """Tell whether exactly this awaits approval already: the form was sent twice."""
    newest = next((version for version in sheet.versions if version.is_waiting), None)
    if newest is None or newest.reason != wish.reason.strip() or sheet.proposed is None:
        return False
    made = approving.wished(wish, version=newest.version)
    return made.mark == sheet.seen


def _both(sheet: Sheet, released: Rule, form: DraftForm) -> list[tuple[str, str, str]]:
    """Return label, saved text and typed text of everything that differs, for a stale page."""
    now = _form(released, data=_shown(sheet, released))
    yes, no = translate(N_("On")), translate(N_("Off"))
    rows = [(form.is_on.label.text, yes if now.is_on.data else no, yes if form.is_on.data else no)]
    for number in released.numbers:
        name = f"number-{number.name}"
        rows.append((form[name].label.text, str(now[name].data), str(form[name].data or "")))
    for case in released.cases:
        typed, saved = form.decision_of(case), now.decision_of(case)
        offered: dict[str, str] = {value: str(name) for value, name, *_ in saved.iter_choices()}
        rows.append(
            (typed.label.text, offered.get(saved.data, ""), offered.get(typed.data or "", ""))
        )
    return rows
