"""What narrows the audit trail down."""

import datetime as dt

from clinic.core import clock
from clinic.core.text import N_
from clinic.web.forms import MAX_ID, BaseForm, ChoiceField, DateField, IdField, WholeField


def _tomorrow() -> dt.date:
    return clock.now().date() + dt.timedelta(days=1)  # somewhere it is tomorrow already


class FilterForm(BaseForm):
    """Person, patient and day; all may be left empty. Sent by GET."""

    person = ChoiceField(N_("Person"), optional=True)
    patient = WholeField(N_("Patient number"), least=1, most=MAX_ID, optional=True)
    day = DateField(N_("Day"), optional=True, latest=_tomorrow)
    before = IdField(optional=True)
