"""What an administrator types about a rule, and what a physician ticks."""

from collections.abc import Mapping
from decimal import Decimal as Number
from typing import Any

from wtforms import BooleanField, HiddenField, SelectMultipleField

from clinic.core import units
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.rulebook.rules.names import DECISION_NAMES, number_name
from clinic.safety.rules.language import Case, Rule
from clinic.safety.rules.versions import ApproveRules, DraftRule
from clinic.safety.values import Decision, RuleKind
from clinic.web.forms import BaseForm, ChoiceField, IdField, NoteField, ParsedField, TextField
from clinic.web.password_again import AskingForm
from clinic.web.words import translate

WHOLE = frozenset({"day", "month", "year"})
"""Units that are counted in whole numbers."""
MOST_WHOLE = 3650
MOST = 10_000


class NumberField(ParsedField):
    """A number of a rule, as a decimal text; whole where its unit is counted."""

    def __init__(self, label: str = "", *, unit: str, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.rule_unit = unit
        is_whole = unit in WHOLE
        self.render_kw = {"inputmode": "numeric" if is_whole else "decimal", "dir": "ltr"}

    def parse(self, raw: str) -> str:
        """Read the number; refuse what no rule can mean."""
        value = units.decimal(raw)
        if self.rule_unit in WHOLE:
            if value != value.to_integral_value() or value > MOST_WHOLE:
                raise Invalid(
                    N_("A whole number from %(least)s to %(most)s, please"),
                    least=0,
                    most=MOST_WHOLE,
                )
            return str(int(value))
        if value * 1000 != (value * 1000).to_integral_value():
            raise Invalid(N_("At most three decimals, please"))
        if value > MOST:
            raise Invalid(N_("A number up to %(most)s, please"), most=MOST)
        return f"{value:f}"


class DraftForm(BaseForm):
    """A version of a rule: its numbers and decisions are added by `draft_form`."""

    seen = HiddenField()
    is_on = BooleanField(N_("This rule is on"))
    reason = NoteField(
        N_("Reason"),
        max_length=300,
        description=N_(
            "What a physician reads who is asked to approve it; at least 10 characters."
        ),
    )

    def decision_of(self, case: Case) -> ChoiceField:
        """Return the field of what a case decides."""
        field = self[f"decision-{case.name}"]
        assert isinstance(field, ChoiceField)
        return field

    def wish(self, rule: Rule) -> DraftRule:
        """Return what was typed; what cannot be read is left as released."""
        return DraftRule(
            code=rule.code,
            numbers={
                n.name: self[f"number-{n.name}"].data
                for n in rule.numbers
                if self[f"number-{n.name}"].data
            },
            decisions={
                c.name: Decision(self[f"decision-{c.name}"].data)
                for c in rule.cases
                if self[f"decision-{c.name}"].data in set(DECISION_NAMES)
            },
            is_on=self.is_on.data or rule.kind is RuleKind.ABSOLUTE,
            reason=self.reason.text(),
            seen=self.seen.data or "",
        )


def draft_form(released: Rule, formdata: Any = None, **given: Any) -> DraftForm:
    """Return the form of a rule, with a field for each of its numbers and cases.

    An absolute rule offers no decision that is weaker than it was released.
    """
    fields: dict[str, Any] = {
        f"number-{number.name}": NumberField(number_name(number.name), unit=number.unit)
        for number in released.numbers
    }
    for case in released.cases:
        fields[f"decision-{case.name}"] = ChoiceField(N_("Decides"))
    made = type("RuleForm", (DraftForm,), fields)
    form: DraftForm = made(formdata, **given)
    is_absolute = released.kind is RuleKind.ABSOLUTE
    for case in released.cases:
        form.decision_of(case).offer(
            (decision.value, translate(name))
            for decision, name in DECISION_NAMES.items()
            if not is_absolute or decision >= case.decision
        )
    return form


def data_of(rule: Rule, *, is_on: bool, seen: str) -> Mapping[str, object]:
    """Return what the form shows of a rule before anybody has typed."""
    numbers = {f"number-{n.name}": _shown(n.value) for n in rule.numbers}
    decisions = {f"decision-{c.name}": c.decision.value for c in rule.cases}
    return {"is_on": is_on, "seen": seen, **numbers, **decisions}


def _shown(value: str) -> str:
    return f"{Number(value):f}"


class SeenForm(BaseForm):
    """A button about a rule as a page showed it."""

    seen = TextField(max_length=80)


class RecheckForm(BaseForm):
    """The next visits to check again: those with higher ids than the last one's."""

    after = IdField(optional=True)


class ApproveForm(AskingForm):
    """The changes that a physician puts in force."""

    seen = HiddenField()
    codes = SelectMultipleField(N_("Changes"), choices=[], validate_choice=False)

    def wish(self, *, is_first: bool) -> ApproveRules:
        """Return what was ticked; the first approval takes every rule."""
        return ApproveRules(
            codes=None if is_first else frozenset(self.codes.data or ()),
            seen=self.seen.data or "",
        )
