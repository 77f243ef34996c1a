"""What the forms of all sections of the facts page share."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from clinic.core.access import Role
from clinic.core.text import N_
from clinic.intake.values import Section
from clinic.safety.rules.codes import Codes
from clinic.safety.rules.names import SOURCE_NAMES
from clinic.safety.values import FactKind, FactSource, RecordFact
from clinic.web.forms import BaseForm, ChoiceField, DateField, EnumField, FormKeyField, given
from clinic.web.words import translate

TO_COME = N_("This day is still to come")


class FactForm(BaseForm):
    """What the forms of all sections share: since when it is known, and from where."""

    section: Section
    form_key = FormKeyField()
    noted_on = DateField(N_("Known on"))
    source = EnumField(N_("From"), FactSource, SOURCE_NAMES)

    def __init__(
        self, formdata: Any = None, *, today: dt.date, role: Role, codes: Codes, form_key: str = ""
    ) -> None:
        """Make the form of a section; fields are named after it, so that seven share a page."""
        super().__init__(
            formdata,
            prefix=f"{self.section}-",
            data={"noted_on": today, "form_key": form_key, "source": self.usual_source(role)},
        )
        self.today = today
        self.codes = codes
        wanted = [FactSource.PATIENT, FactSource.STAFF, FactSource.LETTER]
        if role is Role.PHYSICIAN:
            wanted.insert(0, FactSource.PHYSICIAN)
        self.source.offer((one.value, translate(SOURCE_NAMES[one])) for one in wanted)
        self.offer()

    def usual_source(self, role: Role) -> FactSource:
        """Return where a fact of this section mostly comes from."""
        return FactSource.PHYSICIAN if role is Role.PHYSICIAN else FactSource.STAFF

    def offer(self) -> None:
        """Fill the lists to choose from."""

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, then that no day is still to come."""
        is_good = super().validate(extra_validators)
        for field in self:
            if isinstance(field, DateField) and field.data is not None and field.data > self.today:
                field.errors = [*field.errors, translate(TO_COME)]
                is_good = False
        return self.check() and is_good

    def check(self) -> bool:
        """Check what only several fields together can say."""
        return True

    def commands(self, patient_id: int) -> tuple[RecordFact, ...]:
        """Build the commands, each under the form's one-time key; raises as `wishes`."""
        wishes = self.wishes(patient_id)
        key = self.form_key.data
        if not key:
            return wishes
        return tuple(replace(wish, source_key=f"form:{key}:{n}") for n, wish in enumerate(wishes))

    def wishes(self, patient_id: int) -> tuple[RecordFact, ...]:
        """Build the commands; raises Invalid for a value that cannot be true."""
        raise AssertionError("a section says what it records")

    def _complain(self, name: str, message: str) -> bool:
        self.refuse(name, message)
        return False

    def _fact(self, patient_id: int, kind: FactKind, code: str, **more: Any) -> RecordFact:
        return RecordFact(
            patient_id=patient_id,
            kind=kind,
            code=code,
            noted_on=given(self.noted_on.data),
            source=self.source.member(),
            **more,
        )

    def _offer_concepts(self, field: ChoiceField, kinds: Sequence[FactKind]) -> None:
        concepts = [concept for kind in kinds for concept in self.codes.of_kind(kind)]
        field.offer(
            ((concept.code, translate(concept.name)) for concept in concepts),
            blank=translate(N_("Recognise it by its name")),
        )
