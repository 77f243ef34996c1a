"""Loading the demo clinic: its people, its past, and a full board for today."""

import datetime as dt

from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.demo import hours, photographs, staff, written
from clinic.demo.people import faces
from clinic.demo.stage import Stage
from clinic.demo.story import Story
from clinic.outcomes.files import Store

_ZONE = "Europe/Berlin"
_YEAR_AGO = dt.timedelta(days=200)


def load(db: Session, store: Store) -> tuple[dict[str, str], ...]:
    """Fill an empty database and folder of pictures; return role, login and password of one a role.

    Everything goes through the services of the pages, at pretended instants, so that histories,
    checks and the audit trail are what a clinic would have.
    """
    now, today = clock.now(), clock.today(_ZONE)
    with clock.pretend(now - _YEAR_AGO):
        people = staff.make(db, today=today)
    stage = Stage(db, people, now=now)
    story = Story(stage, today=today)
    story.tell()
    photographs.plan(stage, story.ids, faces(), store, today=today)
    stage.at(now - dt.timedelta(hours=18), lambda: staff.draft_rule(db, people.administrator))
    stage.play()
    hours.keep(db, people, today=today)
    written.to(db, people.location)
    return people.accounts
