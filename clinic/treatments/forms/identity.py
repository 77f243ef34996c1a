"""Reading a tube at the chair, and closing what went wrong."""

from wtforms import BooleanField

from clinic.core.text import N_
from clinic.treatments.preparation_values import CheckTube, CloseIncident
from clinic.web.forms import BaseForm, NoteField, TextField, VersionField, given, required


class TubeForm(BaseForm):
    """Two ticks and the code of the label; a scanner types it and presses Enter."""

    said_name = BooleanField(
        N_("The patient has said the full name: it is the one on the tube"), [required()]
    )
    said_birth = BooleanField(
        N_("The patient has said the date of birth: it is the one on the tube"), [required()]
    )
    code = TextField(N_("Code of the tube"), max_length=20)

    def wish(self, session_id: int) -> CheckTube:
        """Return what was read, after validate()."""
        is_said = bool(self.said_name.data and self.said_birth.data)
        return CheckTube(session_id=session_id, code=self.code.text(), is_said=is_said)


class ClosingForm(BaseForm):
    """What was done about an incident."""

    version = VersionField()
    note = NoteField(N_("What happened, and what was done"), max_length=300)

    def wish(self, incident_id: int) -> CloseIncident:
        """Return what closes it."""
        return CloseIncident(
            incident_id=incident_id, version=given(self.version.data), note=self.note.text()
        )
