"""A visit booked in the very instant in which a consent text or rules come into force."""

import datetime as dt
import threading
import time

import pytest
import sqlalchemy as sa

from clinic.app import create_app
from clinic.consents import queries as consent_queries
from clinic.consents import service as consents
from clinic.consents import writing
from clinic.consents.values import ConsentKind, PutInForce, RecordConsent
from clinic.core.access import Role
from clinic.intake import queries as intake_queries
from clinic.safety import approving, editions
from clinic.safety.rules import versions
from clinic.safety.rules.versions import ApproveRules, DraftRule
from clinic.scheduling import moving, queries, recheck, service
from clinic.scheduling.models import Resource
from tests.scheduling.conftest import a_desk
from tests.scheduling.moments import a_move, at
from tests.scheduling.test_race import real
from tests.scheduling.test_race_checks import HELD_S, first_and_second
from tests.world import World

__all__ = ["real"]
TODAY = dt.date(2026, 11, 23)
FROM = dt.date(2026, 11, 25)
"""A day after the visit as it is booked; moved, it is one day later."""


class Clinic:
    """Alice has signed the text in force; its next version, and a rule, wait for a physician."""

    def __init__(self, sessions, config) -> None:
        self.sessions = sessions
        app = create_app(config, sessions=sessions, testing=True)
        with sessions.write() as db, db.begin():
            desk = a_desk(World(app, db), db)
            self.is_sqlite = db.get_bind().dialect.name == "sqlite"
            consents.install_defaults(db)
            self.desk, self.physician = desk.actor(), desk.actor(Role.PHYSICIAN)
            paper = RecordConsent(
                patient_id=desk.alice.id,
                kind=ConsentKind.PRP,
                text_version="1.0",
                given_on=TODAY,
                language="en",
                signer="Alice Example",
            )
            consents.record(db, self.physician, paper)
            self.wish = desk.wish(service_id=desk.prp.id)
            rule = editions.proposal(db, "nsaid_recent").then
            approving.draft(
                db,
                desk.actor(Role.ADMINISTRATOR),
                DraftRule(
                    code=rule.code,
                    seen=rule.mark,
                    is_on=False,
                    numbers={},
                    decisions={},
                    reason="Too many calls for this one",
                ),
            )

    def book(self, db):
        return service.book(db, self.desk, self.wish).id

    def move(self, visit_id):
        def step(db):
            visit = queries.get(db, visit_id)
            return moving.move(db, self.desk, a_move(visit, starts_local=at(10, day=26)))

        return step

    def put_in_force(self, db, since=TODAY):
        text = consent_queries.draft_of(db, ConsentKind.PRP)
        wish = PutInForce(text_id=text.id, version=text.version, in_force_from=since)
        return writing.put_in_force(db, self.physician, wish).id

    def put_and_check(self, since=TODAY):
        """Put the text in force and check the visits that are found then, as the page does."""
        with self.sessions.write() as db, db.begin():
            text_id = self.put_in_force(db, since)
        with self.sessions.read() as db:
            ids = intake_queries.asked_for(db, text_id)
        with self.sessions.write() as db, db.begin():
            recheck.recheck(db, self.physician, ids)

    def approve(self):
        """Approve the drafted rule; return the visits that are found then."""
        with self.sessions.write() as db, db.begin():
            together, _ = versions.chosen(editions.proposals(db), None)
            seen = versions.edition(together)
            wish = ApproveRules(codes=frozenset({"nsaid_recent"}), seen=seen)
            approving.approve(db, self.physician, wish)
        with self.sessions.read() as db:
            return recheck.coming(db)

    def lacks_consent(self, visit_id):
        with self.sessions.read() as db:
            kept = queries.latest_checks(db, [visit_id])[visit_id]
            return "consent_missing" in {finding["rule_code"] for finding in kept.findings}


@pytest.fixture
def clinic(real, config):
    return Clinic(real, config)


def while_it_is_written(clinic, first, then):
    """Begin `then`, of several units, while `first` is checked and not yet written.

    Somebody else holds the rooms and people for that long. SQLite has one writer anyway.
    """
    results = [None, None]

    def leads() -> None:
        with clinic.sessions.write() as db, db.begin():
            results[0] = first(db)

    def follows() -> None:
        results[1] = then()

    leader, follower = threading.Thread(target=leads), threading.Thread(target=follows)
    if clinic.is_sqlite:
        leader.start()
        leader.join()
        follower.start()
    else:
        with clinic.sessions.write() as db, db.begin():
            db.execute(sa.select(Resource.id).with_for_update())
            leader.start()
            time.sleep(HELD_S)
            follower.start()
            time.sleep(HELD_S)
    leader.join()
    follower.join()
    return results


def test_a_visit_that_is_being_booked_is_found_by_the_text(clinic):
    visit, _ = while_it_is_written(clinic, clinic.book, clinic.put_and_check)

    assert clinic.lacks_consent(visit)


def test_a_visit_that_is_booked_behind_the_text_is_asked_for_it(clinic):
    _, visit = first_and_second(clinic.sessions, clinic.put_in_force, clinic.book)

    assert clinic.lacks_consent(visit)


def test_a_visit_that_is_being_moved_behind_the_day_of_the_text_is_found(clinic):
    with clinic.sessions.write() as db, db.begin():
        visit = clinic.book(db)

    while_it_is_written(clinic, clinic.move(visit), lambda: clinic.put_and_check(FROM))

    assert clinic.lacks_consent(visit)


def test_a_visit_that_is_being_booked_is_found_by_new_rules(clinic):
    visit, found = while_it_is_written(clinic, clinic.book, clinic.approve)

    assert found == [visit]
