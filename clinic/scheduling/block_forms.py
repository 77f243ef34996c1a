"""What is asked about a block, and where its visits go."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.core.text import N_
from clinic.scheduling.closing import BLOCK_NAMES, BlockKind, LayBlock
from clinic.web.forms import (
    BaseForm,
    DateField,
    EnumField,
    TextField,
    TimeField,
    VersionField,
    given,
)


def _latest() -> dt.date:
    return dt.date(2199, 12, 31)


class ResourcesField(SelectMultipleField):
    """Any of the people, rooms and devices, as ticks."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        """Ignore what is no id; whether it is offered is for the service to say."""
        del form
        self.data = [raw for raw in self.data or () if raw.isascii() and raw.isdigit()]

    def chosen(self) -> tuple[int, ...]:
        """Return the ids."""
        return tuple(int(raw) for raw in self.data or () if len(raw) < 10)


class BlockForm(BaseForm):
    """Leave, maintenance, a closure or a meeting: of whom, from when until when."""

    kind = EnumField(N_("What is it?"), BlockKind, BLOCK_NAMES)
    resource_ids = ResourcesField(N_("Who or what"), choices=[])
    starts_on = DateField(N_("From"), latest=_latest)
    starts = TimeField(
        N_("From what time"), optional=True, description=N_("Left empty: the whole day")
    )
    ends_on = DateField(
        N_("Until"), latest=_latest, optional=True, description=N_("Left empty: the same day")
    )
    ends = TimeField(N_("Until what time"), optional=True)
    note = TextField(
        N_("Note"),
        max_length=200,
        optional=True,
        description=N_("Everybody at the desk reads it: nothing private."),
    )

    def offer(self, resources: Sequence[tuple[int, str]]) -> None:
        """Set who and what can be blocked."""
        self.resource_ids.choices = [SelectChoice(str(id_), name) for id_, name in resources]

    def wish(self) -> LayBlock:
        """Build the command of a validated form; no times are whole days."""
        starts_on = given(self.starts_on.data)
        ends_on = self.ends_on.data or starts_on
        ends_local = (
            dt.datetime.combine(ends_on, self.ends.data)
            if self.ends.data is not None
            else dt.datetime.combine(ends_on + dt.timedelta(days=1), dt.time())
        )
        return LayBlock(
            kind=self.kind.member(),
            resource_ids=self.resource_ids.chosen(),
            starts_local=dt.datetime.combine(starts_on, self.starts.data or dt.time()),
            ends_local=ends_local,
            note=self.note.text(),
        )


class LiftForm(BaseForm):
    """Take a block away."""

    version = VersionField()


def chosen(sent: Mapping[str, str]) -> dict[int, tuple[str, str]]:
    """Return {visit: (time as its button carries it, version)} of a sent list of visits."""
    found = {}
    for name, raw in sent.items():
        visit = name.removeprefix("to_")
        if name.startswith("to_") and raw and visit.isascii() and visit.isdigit():
            found[int(visit)] = (raw, sent.get(f"version_{visit}", ""))
    return found
