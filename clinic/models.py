"""All models in one place, for migrations and tests."""

from clinic.accounts import models as accounts
from clinic.audit import models as audit
from clinic.catalog import models as catalog
from clinic.consents import models as consents
from clinic.core.db import Base
from clinic.followup import models as followup
from clinic.locations import models as locations
from clinic.messages import models as messages
from clinic.outcomes import models as outcomes
from clinic.patients import models as patients
from clinic.safety import models as safety
from clinic.scheduling import course_models as courses
from clinic.scheduling import handed_models as handed
from clinic.scheduling import held
from clinic.scheduling import models as scheduling
from clinic.treatments import models as treatments
from clinic.treatments import preparation_models as preparations
from clinic.waiting import models as waiting

metadata = Base.metadata

__all__ = [
    "accounts",
    "audit",
    "catalog",
    "consents",
    "courses",
    "followup",
    "handed",
    "held",
    "locations",
    "messages",
    "metadata",
    "outcomes",
    "patients",
    "preparations",
    "safety",
    "scheduling",
    "treatments",
    "waiting",
]
