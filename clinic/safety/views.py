"""Read-only pages of the check: the catalogue of rules, and why a visit was flagged."""

import re
from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.accounts import queries as account_queries
from clinic.audit import looks
from clinic.catalog.values import MODALITY_NAMES, Modality
from clinic.core import clock
from clinic.core.access import Permission
from clinic.core.units import shown_unit
from clinic.safety import queries
from clinic.safety.rules.language import Case, Number, Rule
from clinic.safety.rules.names import (
    CONFIDENCE_NAMES,
    ITEM_NAMES,
    KIND_NAMES,
    MOMENT_NAMES,
    SCOPE_NAMES,
    SOURCE_NAMES,
)
from clinic.safety.values import Confidence, Decision, MissingKind, RuleKind, Scope
from clinic.web.access import actor, require
from clinic.web.database import read
from clinic.web.words import translate

bp = Blueprint("safety", __name__)


@bp.app_template_filter()
def ingredient_name(ingredient: str) -> str:
    """Return what a finding of one ingredient is about, in the language of the request."""
    return translate(ITEM_NAMES.get(ingredient, ingredient))


_GAP = re.compile(r"%\(\w+\)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCard:
    """One rule as the catalogue page shows it for one treatment."""

    code: str
    version: int
    name: str
    kind: RuleKind
    scope: Scope
    strongest: Decision
    cases: tuple[Case, ...]
    unknown: Decision | None
    physician_unknown: str
    numbers: tuple[Number, ...]
    anchor: str
    clears: str
    asks: tuple[str, ...]
    reception: tuple[str, ...]
    may_show_date: bool
    confidence: Confidence
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One treatment of the catalogue page."""

    url: str
    label: str
    count: int
    current: bool


@bp.get("/safety/rules")
@require(Permission.RULE_VIEW)
def index() -> ResponseReturnValue:
    """Show the rules of a treatment with their wording, numbers, confidence and sources."""
    catalogue = queries.rules()
    treatments = [modality for modality in Modality if modality.is_treatment]
    chosen = Modality.PRP
    if request.args.get("treatment") in treatments:
        chosen = Modality(request.args["treatment"])
    sources = dict(catalogue.sources)
    groups = {group.code: group.name for group in catalogue.groups}
    return render_template(
        "safety/index.html",
        rules=[_card(rule, chosen, sources) for rule in _of(chosen)],
        tabs=[
            Tab(
                url=url_for("safety.index", treatment=modality.value),
                label=MODALITY_NAMES[modality],
                count=len(_of(modality)),
                current=modality is chosen,
            )
            for modality in treatments
        ],
        asked_name=lambda code: groups.get(code) or queries.codes().name(code),
        wording=_wording,
        kind_names=KIND_NAMES,
        scope_names=SCOPE_NAMES,
        confidence_names=CONFIDENCE_NAMES,
    )


@bp.get("/screenings/<id:screening_id>")
@require(Permission.CHART_VIEW)
def show(screening_id: int) -> ResponseReturnValue:
    """Show one check as it was kept: findings, facts, arithmetic, rules, sources, releases."""
    who = actor()
    patient_id = queries.screening(read(), screening_id).patient_id
    looks.opened("screening", screening_id, patient_id=patient_id)
    db = read()
    record = queries.screening(db, screening_id)
    given = queries.releases(db, record.appointment_id) if record.appointment_id else ()
    makers = account_queries.names(db, [record.actor_id])
    return render_template(
        "safety/show.html",
        record=record,
        screening=queries.screening_of(record),
        bar=queries.bar(db, who, record.patient_id, on=clock.today(who.zone)),
        made_by=makers.get(record.actor_id or 0, ""),
        releases={row.fingerprint: (row, name) for row, name in given},
        sources=dict(queries.rules().sources),
        modality_names=MODALITY_NAMES,
        moment_names=MOMENT_NAMES,
        source_names=SOURCE_NAMES,
        confidence_names=CONFIDENCE_NAMES,
        code_name=queries.codes().name,
        shown_unit=shown_unit,
        kinds=MissingKind,
    )


def _of(modality: Modality) -> list[Rule]:
    return [
        rule
        for rule in queries.rules().rules
        if any(applies.modality is modality for applies in rule.applies_to)
    ]


def _card(rule: Rule, modality: Modality, sources: dict[str, str]) -> RuleCard:
    weaker = next(applies.weaker for applies in rule.applies_to if applies.modality is modality)
    strongest = rule.cases[0].decision
    return RuleCard(
        code=rule.code,
        version=rule.version,
        name=rule.name,
        kind=rule.kind if weaker is None else RuleKind.NOTICE,
        scope=rule.scope,
        strongest=strongest if weaker is None else min(strongest, weaker),
        cases=rule.cases,
        unknown=rule.unknown,
        physician_unknown=rule.physician_unknown,
        numbers=rule.numbers,
        anchor=rule.anchor,
        clears=rule.clears,
        asks=rule.asks,
        reception=tuple(dict.fromkeys(case.reception for case in rule.cases)),
        may_show_date=rule.may_show_date,
        confidence=rule.confidence,
        sources=tuple(sources[key] for key in rule.sources),
    )


def _wording(text: str) -> str:
    """Return a wording as it reads before the facts of a patient are in it."""
    return _GAP.sub("…", translate(text)).replace("%%", "%")
