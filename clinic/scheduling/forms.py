"""The forms of the desk: booking, moving, cancelling, and the plain steps of a visit."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField
from wtforms.validators import StopValidation

from clinic.core.text import N_
from clinic.scheduling.rules.checks import REASON_LENGTH
from clinic.scheduling.values import (
    CANCEL_REASON_NAMES,
    AppointmentOrigin,
    BookAppointment,
    CancelAppointment,
    CancelReason,
    MoveAppointment,
    NamedOpening,
)
from clinic.web.forms import (
    BAD_CHOICE,
    MAX_ID,
    BaseForm,
    ChoiceField,
    DateField,
    EnumField,
    FormKeyField,
    IdField,
    NoteField,
    TextField,
    TimeField,
    VersionField,
    given,
)
from clinic.web.password_again import AskingForm
from clinic.web.words import translate

ANY_ROOM = N_("Any free room")
FIRST_HOUR, SECOND_HOUR = "first", "second"
_HOURS = ((FIRST_HOUR, N_("The first, in summer time")), (SECOND_HOUR, N_("The second")))
NAME_SPOKEN = N_("The patient has said the full name, and it matches")
BIRTH_DATE_SPOKEN = N_("The patient has said the date of birth, and it matches")
REASONS = frozenset(
    {"recheck_reason", "release_reason", "overbook_reason", "near_reason", "late_reason"}
)
CHOOSE_PATIENT = N_("Find the patient first")
SAY_WHY = N_("Give your reason in at least %(least)s characters")


class PickField(ChoiceField):
    """A record of a list by its id. Whether it is offered is for the service to say."""

    def pre_validate(self, form: Any) -> None:
        """Refuse what is no id at all."""
        del form
        raw = str(self.data or "")
        if raw and not (raw.isascii() and raw.isdigit() and 0 < int(raw[:11]) <= MAX_ID):
            self.data = ""
            raise StopValidation(translate(BAD_CHOICE))

    def chosen(self) -> int | None:
        """Return the id that was chosen, None for none or for what is no id."""
        raw = str(self.data or "")
        is_id = raw.isascii() and raw.isdigit() and 0 < int(raw[:11]) <= MAX_ID
        return int(raw) if is_id else None


class PlaceForm(BaseForm):
    """With whom and where; what booking, moving and walking in share."""

    practitioner_id = PickField(N_("Practitioner"))
    room_id = PickField(N_("Room"), optional=True)
    recheck_reason = NoteField(
        N_("Why it is booked all the same"),
        max_length=300,
        optional=True,
        description=N_("The visit is checked again before it begins. At least 10 characters."),
    )
    overbook_reason = NoteField(
        N_("Why it is booked over what is booked"),
        max_length=300,
        optional=True,
        description=N_(
            "At least 10 characters, nothing medical: it stands on the visit, and everybody at the"
            " desk reads it."
        ),
    )
    near_reason = NoteField(
        N_("Why it comes nearer to another session"),
        max_length=300,
        optional=True,
        description=N_(
            "At least 10 characters, nothing medical: it stands in the history of the visit."
        ),
    )

    def offer(
        self, practitioners: Sequence[tuple[int, str]], rooms: Sequence[tuple[int, str]]
    ) -> None:
        """Set who and what can be chosen."""
        self.practitioner_id.offer(practitioners, blank=translate(N_("Choose")))
        self.room_id.offer(rooms, blank=translate(ANY_ROOM))

    def validate(self, extra_validators: Any = None) -> bool:
        """Check what was typed; a reason that is too short is no reason."""
        is_good = bool(super().validate(extra_validators))
        for field in self:
            if field.name in REASONS and field.data and len(field.data) < REASON_LENGTH:
                field.errors = [translate(SAY_WHY, least=REASON_LENGTH)]
                is_good = False
        return is_good


class TimedForm(PlaceForm):
    """When, as the wall time that is promised."""

    date = DateField(N_("Date"), earliest=dt.date(2000, 1, 1), latest=lambda: dt.date(2199, 12, 31))
    start = TimeField(N_("Start"))
    second_hour = ChoiceField(N_("Which of the two?"), optional=True)

    def __init__(self, formdata: Any = None, **values: Any) -> None:
        super().__init__(formdata, **values)
        self.second_hour.offer(((key, translate(name)) for key, name in _HOURS), blank="")

    def wished_local(self) -> dt.datetime | None:
        """Return the wished wall time as far as it can be read, also before validation."""
        if self.date.data is None or self.start.data is None:
            return None
        return dt.datetime.combine(self.date.data, self.start.data)

    def which_hour(self) -> bool | None:
        """Return whether the second of two same hours was chosen; None for no choice."""
        return {FIRST_HOUR: False, SECOND_HOUR: True}.get(str(self.second_hour.data or ""))

    def take(self, opening: NamedOpening) -> None:
        """Fill in a free time that was offered."""
        hours = {None: "", False: FIRST_HOUR, True: SECOND_HOUR}
        self.date.data, self.date.raw_data = opening.starts_local.date(), None
        self.start.data, self.start.raw_data = opening.starts_local.time(), None
        self.practitioner_id.data = str(opening.practitioner_id or "")
        self.room_id.data = str(opening.room_id or "")
        self.second_hour.data = hours[opening.second_hour]


class WhoForm(PlaceForm, AskingForm):
    """Who comes, and for what."""

    q = TextField(
        N_("Patient"),
        optional=True,
        description=N_("Name, birth date, phone or file number"),
    )
    asked = TextField(optional=True)
    """What was searched for when the hits on the page were found."""
    patient_id = IdField()
    service_id = PickField(N_("Service"))
    note = TextField(
        N_("Note for the desk"),
        max_length=400,
        optional=True,
        description=N_("Nothing medical: everybody at the desk reads it."),
    )
    release_reason = NoteField(
        N_("Your reason for releasing it for this visit"),
        max_length=1000,
        optional=True,
        description=N_("At least 10 characters. It is kept with the visit for ever."),
    )
    form_key = FormKeyField()

    def is_asking(self) -> bool:
        """Tell whether a finding is released with the booking: only that asks for the password."""
        return bool(self.release_reason.text())

    def offer_services(self, services: Sequence[tuple[int, str]]) -> None:
        """Set what can be booked."""
        self.service_id.offer(services, blank=translate(N_("Choose")))

    def validate(self, extra_validators: Any = None) -> bool:
        """Check what was typed; the search field says that nobody was chosen."""
        is_good = super().validate(extra_validators)
        if self.patient_id.errors:
            self.patient_id.data, self.patient_id.raw_data = None, None
            self.patient_id.errors = []
            self.q.errors = [translate(CHOOSE_PATIENT)]
        return is_good


class BookingForm(WhoForm, TimedForm):
    """Book a visit: who, what, when, with whom, where. Devices choose themselves."""

    def wish(self) -> BookAppointment:
        """Build the command of a validated form."""
        return BookAppointment(
            patient_id=given(self.patient_id.data),
            service_id=given(self.service_id.chosen()),
            starts_local=given(self.wished_local()),
            practitioner_id=given(self.practitioner_id.chosen()),
            room_id=self.room_id.chosen(),
            note=self.note.text(),
            second_hour=self.which_hour(),
            recheck_reason=self.recheck_reason.text(),
            overbook_reason=self.overbook_reason.text(),
            near_reason=self.near_reason.text(),
            release_reason=self.release_reason.text(),
            form_key=self.form_key.data,
        )


class WalkInForm(WhoForm):
    """Somebody is here without a booking: no time to choose, both identifiers to tick."""

    name_spoken = BooleanField(NAME_SPOKEN)
    birth_date_spoken = BooleanField(BIRTH_DATE_SPOKEN)

    def wish(self, *, now_local: dt.datetime) -> BookAppointment:
        """Build the command of a validated form."""
        return BookAppointment(
            patient_id=given(self.patient_id.data),
            service_id=given(self.service_id.chosen()),
            starts_local=now_local,
            practitioner_id=given(self.practitioner_id.chosen()),
            room_id=self.room_id.chosen(),
            note=self.note.text(),
            origin=AppointmentOrigin.WALK_IN,
            recheck_reason=self.recheck_reason.text(),
            overbook_reason=self.overbook_reason.text(),
            near_reason=self.near_reason.text(),
            release_reason=self.release_reason.text(),
            name_spoken=bool(self.name_spoken.data),
            birth_date_spoken=bool(self.birth_date_spoken.data),
            form_key=self.form_key.data,
        )


class PastForm(WhoForm, TimedForm):
    """Enter a visit that took place and was never booked."""

    late_reason = NoteField(
        N_("Why it is entered only now"),
        max_length=300,
        description=N_(
            "At least 10 characters, nothing medical: it stands on the visit, and everybody at the"
            " desk reads it."
        ),
    )

    def wish(self) -> BookAppointment:
        """Build the command of a validated form."""
        return BookAppointment(
            patient_id=given(self.patient_id.data),
            service_id=given(self.service_id.chosen()),
            starts_local=given(self.wished_local()),
            practitioner_id=given(self.practitioner_id.chosen()),
            room_id=self.room_id.chosen(),
            note=self.note.text(),
            second_hour=self.which_hour(),
            late_reason=self.late_reason.text(),
            form_key=self.form_key.data,
        )


class MoveForm(TimedForm):
    """Move a visit, with the reason for its history."""

    version = VersionField()
    reason = TextField(
        N_("Why it is moved"),
        max_length=300,
        optional=True,
        description=N_("Nothing medical: everybody at the desk reads it."),
    )

    def wish(self, appointment_id: int) -> MoveAppointment:
        """Build the command of a validated form."""
        return MoveAppointment(
            appointment_id=appointment_id,
            version=given(self.version.data),
            starts_local=given(self.wished_local()),
            practitioner_id=given(self.practitioner_id.chosen()),
            room_id=self.room_id.chosen(),
            second_hour=self.which_hour(),
            reason=self.reason.text(),
            recheck_reason=self.recheck_reason.text(),
            overbook_reason=self.overbook_reason.text(),
            near_reason=self.near_reason.text(),
        )


class CancelForm(BaseForm):
    """Cancel a visit: each reason is a button that sends it."""

    version = VersionField()
    reason = EnumField(N_("Why"), CancelReason, CANCEL_REASON_NAMES)
    note = TextField(
        N_("In words"),
        max_length=200,
        optional=True,
        description=N_("Nothing medical: everybody at the desk reads it."),
    )

    def wish(self, appointment_id: int) -> CancelAppointment:
        """Build the command of a validated form."""
        return CancelAppointment(
            appointment_id=appointment_id,
            version=given(self.version.data),
            reason=self.reason.member(),
            note=self.note.text(),
        )
