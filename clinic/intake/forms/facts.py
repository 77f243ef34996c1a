"""The forms of the facts page, one for each section."""

from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag

from clinic.core.access import Role
from clinic.core.text import N_
from clinic.core.units import shown_unit
from clinic.core.zones import ZONE_NAMES, Zone
from clinic.intake.forms.fact import FactForm
from clinic.intake.forms.fields import OneOfField, ZonesField
from clinic.intake.rules.results import read_result
from clinic.intake.values import STAGES, Section
from clinic.safety.rules.codes import OTHER
from clinic.safety.rules.plausible import units_offered
from clinic.safety.values import FactKind, FactSource, FactState, RecordFact
from clinic.web.forms import (
    REQUIRED,
    ChoiceField,
    DateField,
    EnumField,
    TextField,
    given,
)
from clinic.web.words import translate

NAME_IT = N_("Choose one of the list, or write its name")


class ConditionForm(FactForm):
    """An illness, a symptom, a diagnosis, or that there is none."""

    section = Section.CONDITION
    code = ChoiceField(N_("Condition"), optional=True)
    label = TextField(N_("Name, as written"), max_length=200, optional=True)
    state = OneOfField(
        N_("Does the patient have it?"),
        ((FactState.PRESENT, N_("Yes")), (FactState.ABSENT, N_("No"))),
        default=FactState.PRESENT.value,
    )
    began_on = DateField(N_("Since"), optional=True)
    ended_on = DateField(
        N_("Until"), optional=True, description=N_("Leave empty while it goes on.")
    )
    zone = EnumField(
        N_("Zone"), Zone, ZONE_NAMES, optional=True, blank=N_("Whole scalp or elsewhere")
    )

    def offer(self) -> None:
        """Offer conditions and symptoms."""
        self._offer_concepts(self.code, (FactKind.CONDITION, FactKind.SYMPTOM))

    def check(self) -> bool:
        """Ask for a code or a name."""
        if not self.code.data and not self.label.text():
            return self._complain("code", NAME_IT)
        return True

    def wishes(self, patient_id: int) -> tuple[RecordFact, ...]:
        """Record one condition; its name tells the code where none was chosen."""
        label = self.label.text()
        code = self.code.data or self.codes.classify_condition("", label)
        concept = self.codes.concept(code or OTHER[FactKind.CONDITION])
        assert concept is not None
        state = FactState(self.state.data or FactState.PRESENT)
        return (
            self._fact(
                patient_id,
                concept.kind,
                concept.code,
                label=label,
                state=state,
                zone=self.zone.member(),
                began_on=self.began_on.data,
                ended_on=self.ended_on.data,
            ),
        )


class MedicineForm(FactForm):
    """A medicine, taken now or stopped on a day."""

    section = Section.MEDICINE
    label = TextField(
        N_("Name and strength"), max_length=200, description=N_("As on the pack: Enoxaparin 40 mg")
    )
    code = ChoiceField(N_("Class"), optional=True)
    taken = OneOfField(
        N_("Is it taken?"), (("now", N_("Takes it")), ("stopped", N_("Stopped"))), default="now"
    )
    began_on = DateField(N_("Since"), optional=True)
    last_on = DateField(
        N_("Last dose"),
        optional=True,
        description=N_("Not known? Leave it as taken: the check then takes no chances."),
    )
    zone = EnumField(
        N_("Zone"), Zone, ZONE_NAMES, optional=True, blank=N_("Whole scalp or elsewhere")
    )

    def offer(self) -> None:
        """Offer the classes of medicines."""
        self._offer_concepts(self.code, (FactKind.MEDICATION,))

    def check(self) -> bool:
        """Ask for the last dose of what was stopped, and for none of what is taken."""
        has_last = bool(self.last_on.raw_data and self.last_on.raw_data[0])
        if self.taken.data == "stopped" and not has_last:
            return self._complain("last_on", REQUIRED)
        if self.taken.data != "stopped" and has_last:
            return self._complain("last_on", N_("Choose “Stopped”, or leave this day empty"))
        return True

    def wishes(self, patient_id: int) -> tuple[RecordFact, ...]:
        """Record one medicine; its name tells the class where none was chosen."""
        code = self.code.data or self.codes.classify_medicine(self.label.text())
        return (
            self._fact(
                patient_id,
                FactKind.MEDICATION,
                code or OTHER[FactKind.MEDICATION],
                label=self.label.text(),
                zone=self.zone.member(),
                began_on=self.began_on.data,
                ended_on=self.last_on.data,
            ),
        )


class AllergyForm(FactForm):
    """An allergy, that a test found none, or that none is known."""

    section = Section.ALLERGY
    answer = OneOfField(
        N_("What is known?"),
        (
            ("allergic", N_("Allergic")),
            ("tested", N_("Tested, not allergic")),
            ("none", N_("No known allergy")),
        ),
        default="allergic",
    )
    code = ChoiceField(N_("To what"), optional=True)
    label = TextField(N_("Name, as written"), max_length=200, optional=True)
    began_on = DateField(N_("Since"), optional=True)

    def offer(self) -> None:
        """Offer the allergens."""
        self._offer_concepts(self.code, (FactKind.ALLERGY,))

    def check(self) -> bool:
        """Ask to what, unless there is none."""
        if self.answer.data != "none" and not self.code.data and not self.label.text():
            return self._complain("code", NAME_IT)
        return True

    def wishes(self, patient_id: int) -> tuple[RecordFact, ...]:
        """Record one allergy or its absence."""
        if self.answer.data == "none":
            return (
                self._fact(patient_id, FactKind.ALLERGY, "any_allergy", state=FactState.ABSENT),
                self._fact(patient_id, FactKind.ALLERGY, "no_known_allergy"),
            )
        label = self.label.text()
        code = self.code.data or self.codes.classify_allergy("", label)
        state = FactState.ABSENT if self.answer.data == "tested" else FactState.PRESENT
        return (
            self._fact(
                patient_id,
                FactKind.ALLERGY,
                code or OTHER[FactKind.ALLERGY],
                label=label,
                state=state,
                began_on=self.began_on.data,
            ),
        )


class PregnancyForm(FactForm):
    """Pregnant, perhaps, trying, breastfeeding, or nothing of these."""

    section = Section.PREGNANCY
    answer = OneOfField(N_("Which of these?"))
    began_on = DateField(N_("Since"), optional=True)

    def offer(self) -> None:
        """Offer each of them, and none of them."""
        self.answer.choices = [
            *(
                SelectChoice(concept.code, translate(concept.name))
                for concept in self.codes.of_kind(FactKind.PREGNANCY)
            ),
            SelectChoice("none", translate(N_("None of these"))),
        ]

    def check(self) -> bool:
        """Ask for an answer."""
        return bool(self.answer.data) or self._complain("answer", REQUIRED)

    def wishes(self, patient_id: int) -> tuple[RecordFact, ...]:
        """Record the one chosen, or that none holds."""
        if self.answer.data != "none":
            return (
                self._fact(
                    patient_id,
                    FactKind.PREGNANCY,
                    given(self.answer.data),
                    began_on=self.began_on.data,
                ),
            )
        return tuple(
            self._fact(patient_id, FactKind.PREGNANCY, concept.code, state=FactState.ABSENT)
            for concept in self.codes.of_kind(FactKind.PREGNANCY)
        )


class ResultForm(FactForm):
    """A laboratory value or a measurement, in the unit of the report."""

    section = Section.RESULT
    test = ChoiceField(N_("What was measured, in which unit"))
    value = TextField(N_("Value"), max_length=20)
    noted_on = DateField(
        N_("Collected on"), description=N_("The day of the blood draw or measurement.")
    )

    def offer(self) -> None:
        """Offer each result in each of its units."""
        self.test.offer(
            (
                (f"{concept.code} {unit}", self._named(translate(concept.name), unit))
                for kind in (FactKind.LAB, FactKind.VITAL)
                for concept in self.codes.of_kind(kind)
                for unit in units_offered(self.codes, concept.code)
            ),
            blank=translate(N_("Choose…")),
        )

    def usual_source(self, role: Role) -> FactSource:
        """Results mostly come on a report."""
        return FactSource.LETTER

    def wishes(self, patient_id: int) -> tuple[RecordFact, ...]:
        """Record one value in its canonical unit, and what the report said."""
        code, _, unit = str(self.test.data).partition(" ")
        raw = self.value.text()
        milli = read_result(self.codes, code, raw, unit)
        concept = self.codes.concept(code)
        assert concept is not None
        return (
            self._fact(
                patient_id,
                concept.kind,
                code,
                value_milli=milli,
                unit=concept.unit,
                as_reported=f"{raw} {unit}",
            ),
        )

    @staticmethod
    def _named(name: str, unit: str) -> str:
        shown = shown_unit(unit)
        return f"{name}, {shown}" if shown else name


class StageForm(FactForm):
    """The stage of hair loss on one of the scales."""

    section = Section.STAGE
    code = ChoiceField(N_("Scale and stage"))
    noted_on = DateField(N_("Assessed on"))

    def offer(self) -> None:
        """Offer all stages of all scales."""
        self.code.offer(
            ((stage.code, stage.name) for stage in STAGES.values()),
            blank=translate(N_("Choose…")),
        )

    def wishes(self, patient_id: int) -> tuple[RecordFact, ...]:
        """Record one stage."""
        stage = STAGES[given(self.code.data)]
        return (self._fact(patient_id, FactKind.STAGE, stage.code, label=stage.name),)


class HairForm(FactForm):
    """Whether there is hair in zones of the scalp, and since when there is none."""

    section = Section.HAIR
    zones = ZonesField(N_("Zones"))
    state = OneOfField(
        N_("Is there hair?"),
        (
            (FactState.PRESENT, N_("Hair, or fine hairs")),
            (FactState.ABSENT, N_("No hair")),
            (FactState.UNSURE, N_("Not sure")),
        ),
    )
    began_on = DateField(
        N_("Bald since"),
        optional=True,
        description=N_("A rough day is enough: the check counts months."),
    )
    noted_on = DateField(N_("Seen on"))

    def check(self) -> bool:
        """Ask for zones and an answer; a day only where there is no hair."""
        is_good = True
        if not self.zones.zones():
            is_good = self._complain("zones", N_("Tick at least one zone"))
        if not self.state.data:
            is_good = self._complain("state", REQUIRED)
        if self.began_on.data and self.state.data != FactState.ABSENT:
            is_good = self._complain("began_on", N_("Only where there is no hair"))
        return is_good

    def wishes(self, patient_id: int) -> tuple[RecordFact, ...]:
        """Record each zone."""
        return tuple(
            self._fact(
                patient_id,
                FactKind.HAIR,
                "hair",
                zone=zone,
                state=FactState(self.state.data),
                began_on=self.began_on.data,
            )
            for zone in self.zones.zones()
        )


FORMS: dict[Section, type[FactForm]] = {
    form.section: form
    for form in (
        ConditionForm,
        MedicineForm,
        AllergyForm,
        PregnancyForm,
        ResultForm,
        StageForm,
        HairForm,
    )
}
