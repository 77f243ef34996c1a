"""The forms of a visit's steps: arriving, plain steps, what was heard, and what the board sends."""

import datetime as dt

from wtforms import BooleanField

from clinic.core.text import N_
from clinic.scheduling.forms import BIRTH_DATE_SPOKEN, NAME_SPOKEN
from clinic.scheduling.rules import promise
from clinic.scheduling.values import (
    CONFIRMATION_NAMES,
    ArriveVisit,
    Confirmation,
    ConfirmVisit,
    StartVisit,
    StepVisit,
)
from clinic.web.forms import BaseForm, EnumField, IdField, TextField, VersionField, given


class ArriveForm(BaseForm):
    """Both identifiers, spoken by the patient."""

    version = VersionField()
    name_spoken = BooleanField(NAME_SPOKEN)
    birth_date_spoken = BooleanField(BIRTH_DATE_SPOKEN)

    def wish(self, appointment_id: int) -> ArriveVisit:
        """Build the command of a validated form."""
        return ArriveVisit(
            appointment_id=appointment_id,
            version=given(self.version.data),
            name_spoken=bool(self.name_spoken.data),
            birth_date_spoken=bool(self.birth_date_spoken.data),
        )


class StepForm(BaseForm):
    """One plain step of a visit."""

    version = VersionField()

    def wish(self, appointment_id: int) -> StepVisit:
        """Build the command of a validated form."""
        return StepVisit(appointment_id=appointment_id, version=given(self.version.data))


class HandOverForm(BaseForm):
    """What the tablet is handed over for: a consent text, or else the questions."""

    text_id = IdField(optional=True)


class NoShowForm(BaseForm):
    """Note that nobody came, perhaps with words."""

    version = VersionField()
    note = TextField(max_length=200, optional=True)

    def wish(self, appointment_id: int) -> StepVisit:
        """Build the command of a validated form."""
        return StepVisit(
            appointment_id=appointment_id,
            version=given(self.version.data),
            reason=self.note.text(),
        )


class StrikeForm(BaseForm):
    """Say why a visit should never have been entered."""

    version = VersionField()
    reason = TextField(
        N_("Why it should never have been entered"),
        max_length=200,
        description=N_("At least 10 characters, nothing medical: it stands in the history."),
    )

    def wish(self, appointment_id: int) -> StepVisit:
        """Build the command of a validated form."""
        return StepVisit(
            appointment_id=appointment_id,
            version=given(self.version.data),
            reason=self.reason.text(),
        )


class ConfirmForm(BaseForm):
    """What was heard about the coming to a visit; nothing takes it back."""

    version = VersionField()
    answer = EnumField(N_("Coming"), Confirmation, CONFIRMATION_NAMES, optional=True, blank="")

    def wish(self, appointment_id: int) -> ConfirmVisit:
        """Build the command of a validated form."""
        return ConfirmVisit(
            appointment_id=appointment_id,
            version=given(self.version.data),
            answer=self.answer.member(),
        )


class StartForm(BaseForm):
    """Begin a consultation by hand."""

    version = VersionField()
    seen_facts_hash = TextField(max_length=64)

    def wish(self, appointment_id: int) -> StartVisit:
        """Build the command of a validated form."""
        return StartVisit(
            appointment_id=appointment_id,
            version=given(self.version.data),
            seen_facts_hash=self.seen_facts_hash.text(),
        )


class PlacedForm(BaseForm):
    """What the day board sends when a card is dropped or dragged: another time, another lane."""

    appointment_id = IdField()
    version = VersionField()
    starts_at = TextField(max_length=16)
    """Local ISO minute."""
    resource_id = IdField()

    def starts_local(self) -> dt.datetime | None:
        """Return the wall time of the place; None when it is none."""
        try:
            local = dt.datetime.strptime(self.starts_at.text(), "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - wall time
        except ValueError:
            return None
        return local if promise.is_of_our_time(local) else None


class IdForm(BaseForm):
    """Which visit."""

    appointment_id = IdField()


class TakenForm(IdForm):
    """Which visit, seen at which version, is to have a free time that was offered."""

    version = VersionField()


class BoardArriveForm(IdForm, ArriveForm):
    """An arrival noted on the day board."""
