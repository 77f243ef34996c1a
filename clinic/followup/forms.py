"""What is asked on a call and about a side effect."""

import datetime as dt

from wtforms import BooleanField, SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.core.text import N_
from clinic.core.zones import ZONE_NAMES, Zone
from clinic.followup.rules.terms import AT_ONCE, RED_FLAGS, TERMS
from clinic.followup.values import (
    ACTIONS,
    CALL_RESULT_NAMES,
    OUTCOME_NAMES,
    CallResult,
    CloseSideEffect,
    LogCall,
    Outcome,
    ReportSideEffect,
    ReviewSideEffect,
    SideEffectKind,
)
from clinic.web.formats import ftime
from clinic.web.forms import (
    BaseForm,
    ChoiceField,
    DateField,
    EnumField,
    FormKeyField,
    NoteField,
    VersionField,
    WholeField,
    given,
)
from clinic.web.words import translate


class RedFlagsField(SelectMultipleField):
    """Any of the red flags, as ticks."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str = "", **kwargs: object) -> None:
        choices = [SelectChoice(code, translate(text)) for code, text in RED_FLAGS.items()]
        super().__init__(label, choices=choices, **kwargs)  # type: ignore[arg-type]  # stubs lag

    def pre_validate(self, form: object) -> None:
        """Ignore what is not in the list: only this application writes these boxes."""
        del form
        self.data = [flag for flag in self.data or () if flag in RED_FLAGS]


class CallForm(BaseForm):
    """One call: how it went, pain, what was said, red flags."""

    form_key = FormKeyField()
    result = EnumField(N_("How did it go?"), CallResult, CALL_RESULT_NAMES)
    pain = WholeField(N_("Pain now, 0 to 10"), least=0, most=10, optional=True)
    red_flags = RedFlagsField(N_("Any of these? A physician must hear of it today."))
    note = NoteField(N_("What was said"), optional=True)

    def wish(self, session_id: int, day: int | None) -> LogCall:
        """Build the command."""
        return LogCall(
            session_id=session_id,
            day=day,
            result=self.result.member(),
            pain=self.pain.data,
            note=self.note.text(),
            red_flags=tuple(self.red_flags.data or ()),
            form_key=self.form_key.data,
        )


class SideEffectForm(BaseForm):
    """One side effect: what, how bad, where, since when."""

    form_key = FormKeyField()
    kind = EnumField(
        N_("What happened?"),
        SideEffectKind,
        {kind: term.name for kind, term in TERMS.items()},
        blank=N_("Choose…"),
    )
    grade = ChoiceField(N_("Grade (CTCAE 5.0)"))
    zone = EnumField(N_("Where?"), Zone, ZONE_NAMES, optional=True, blank=N_("No single zone"))
    onset_on = DateField(N_("Since when?"))
    red_flags = RedFlagsField(N_("Any of these? A physician must see it today."))
    is_serious = BooleanField(N_("Serious: hospital, danger to life, lasting damage"))
    description = NoteField(N_("In the patient's words"), optional=True)

    def offer_grades(self) -> None:
        """Offer the grades of the chosen kind; all of them while none is chosen."""
        chosen = self.kind.data
        kinds = [SideEffectKind(chosen)] if chosen in {k.value for k in TERMS} else []
        grades = TERMS[kinds[0]].grades if kinds else dict.fromkeys(range(1, 6), "")
        self.grade.offer(
            (number, f"{number}  {translate(text)}".strip()) for number, text in grades.items()
        )

    def wish(self, session_id: int) -> ReportSideEffect:
        """Build the command."""
        return ReportSideEffect(
            session_id=session_id,
            kind=self.kind.member(),
            grade=int(given(self.grade.data)),
            is_serious=bool(self.is_serious.data),
            zone=self.zone.member(),
            onset_on=given(self.onset_on.data),
            description=self.description.text(),
            red_flags=tuple(self.red_flags.data or ()),
            form_key=self.form_key.data,
        )


class ReviewForm(BaseForm):
    """What a physician says of a side effect that goes on."""

    seen_version = VersionField()
    grade = ChoiceField(N_("Grade as you see it"))
    standing = EnumField(N_("How does it stand?"), Outcome, OUTCOME_NAMES)
    assessment = NoteField(N_("What you found and advised"))

    def offer_grades(self, kind: SideEffectKind) -> None:
        """Offer the grades that the term has."""
        self.grade.offer(
            (number, f"{number}  {translate(text)}") for number, text in TERMS[kind].grades.items()
        )

    def wish(self, side_effect_id: int) -> ReviewSideEffect:
        """Build the command."""
        return ReviewSideEffect(
            side_effect_id=side_effect_id,
            version=given(self.seen_version.data),
            grade=int(given(self.grade.data)),
            outcome=self.standing.member(),
            note=self.assessment.text(),
        )


_ENDINGS = {
    outcome: OUTCOME_NAMES[outcome]
    for outcome in (Outcome.RESOLVED, Outcome.RESOLVED_SEQUELAE, Outcome.NOT_RESOLVED)
}


class CloseForm(BaseForm):
    """How a side effect ended."""

    version = VersionField()
    outcome = EnumField(N_("How did it end?"), Outcome, _ENDINGS)
    resolved_on = DateField(N_("Resolved since"), optional=True)
    note = NoteField(N_("Why it may be closed"))

    def wish(self, side_effect_id: int) -> CloseSideEffect:
        """Build the command."""
        return CloseSideEffect(
            side_effect_id=side_effect_id,
            version=given(self.version.data),
            outcome=self.outcome.member(),
            resolved_on=self.resolved_on.data,
            note=self.note.text(),
        )


class ReactionForm(BaseForm):
    """Which reaction it is: one tap."""

    form_key = FormKeyField()
    kind = EnumField(
        N_("What happens?"), SideEffectKind, {kind: TERMS[kind].name for kind in AT_ONCE}
    )


class ActionsForm(BaseForm):
    """What was done."""

    done = SelectMultipleField(
        N_("What was done?"),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    more = NoteField(N_("What else"), optional=True, max_length=2000)

    def __init__(self, formdata: object = None, **given_data: object) -> None:
        super().__init__(formdata, **given_data)
        self.done.choices = [SelectChoice(code, translate(name)) for code, name in ACTIONS.items()]

    def text(self, at: dt.datetime, by: str) -> str:
        """Return what was done as one line with its time and name; empty for nothing."""
        done = [translate(ACTIONS[code]) for code in self.done.data or () if code in ACTIONS]
        words = "; ".join([*done, *filter(None, [self.more.text()])])
        return f"{ftime(at)} {by}: {words}" if words else ""
