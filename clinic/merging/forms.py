"""What is filled in to join two records, to call them two people, and to take that back."""

from collections.abc import Mapping
from typing import Any

from clinic.core.text import N_
from clinic.merging.values import FIELDS, MergePatients
from clinic.web.forms import (
    BAD_CHOICE,
    BaseForm,
    IdField,
    TextField,
    VersionField,
    given,
)
from clinic.web.password_again import AskingForm


class MergeForm(AskingForm):
    """Two records side by side: the one of the page, the other one, and what is chosen of each."""

    other_id = IdField()
    version = VersionField()
    other_version = VersionField()
    reason = TextField(
        N_("Why is it one person?"),
        max_length=300,
        description=N_("For example: the patient showed a passport with this birth date."),
    )

    def __init__(self, formdata: Any = None, **values: Any) -> None:
        super().__init__(formdata, **values)
        self._raw: Mapping[str, str] = formdata or {}

    def picked(self, name: str) -> str:
        """Return what was picked of a field, as it was sent."""
        return str(self._raw.get(f"keep_{name}", ""))

    def validate(self, extra_validators: Any = None) -> bool:
        """Refuse a choice that is neither of the two records, beside whatever else is wrong."""
        is_good = super().validate(extra_validators)
        if any(self.picked(name) not in {"", "0", "1"} for name in FIELDS):
            self.refuse("", BAD_CHOICE)
            return False
        return is_good

    def wish(self, patient_id: int) -> MergePatients:
        """Build the command; what was not picked stays as the record that stays has it."""
        ids = (patient_id, given(self.other_id.data))
        return MergePatients(
            patient_id=patient_id,
            other_id=ids[1],
            versions={ids[0]: given(self.version.data), ids[1]: given(self.other_version.data)},
            choices={name: ids[int(self.picked(name))] for name in FIELDS if self.picked(name)},
            reason=self.reason.text(),
        )


class ApartForm(BaseForm):
    """Two people, and how that is known."""

    other_id = IdField()
    why = TextField(N_("How is that known?"), max_length=300)


class UndoForm(AskingForm):
    """Taking a decision back: nothing is filled in but, for a merge, the password."""

    def __init__(self, formdata: Any = None, *, asks: bool = True) -> None:
        super().__init__(formdata)
        self._asks = asks

    def is_asking(self) -> bool:
        """Tell whether it is a merge that is taken back."""
        return self._asks
