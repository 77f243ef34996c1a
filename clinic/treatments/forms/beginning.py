"""What is typed to begin a session, or to write the record of one that is over."""

from wtforms import BooleanField, HiddenField

from clinic.core.text import N_
from clinic.treatments.values import BeginSession, WriteLater
from clinic.web.forms import BaseForm, TextField, TimeField, VersionField, given


class StartForm(BaseForm):
    """Beginning a session: what was seen, and the tick under what is to be heeded."""

    version = VersionField()
    facts_hash = HiddenField()
    acknowledged = BooleanField(N_("I have seen what is to be heeded"))

    def wish(self, appointment_id: int) -> BeginSession:
        """Return what to begin."""
        return BeginSession(
            appointment_id=appointment_id,
            version=given(self.version.data),
            facts_hash=str(self.facts_hash.data or "")[:64],
            is_acknowledged=bool(self.acknowledged.data),
        )


class LaterForm(BaseForm):
    """Writing the record of a visit that is over."""

    version = VersionField()
    first = TimeField(N_("First injection at"))
    last = TimeField(N_("Last injection at"))
    reason = TextField(N_("Why it is written only now"), max_length=200)
    acknowledged = BooleanField(N_("I have seen what the check of that day finds"))

    def wish(self, appointment_id: int) -> WriteLater:
        """Return what to write."""
        return WriteLater(
            appointment_id=appointment_id,
            version=given(self.version.data),
            first_local=given(self.first.data),
            last_local=given(self.last.data),
            reason=self.reason.text(),
            is_acknowledged=bool(self.acknowledged.data),
        )
