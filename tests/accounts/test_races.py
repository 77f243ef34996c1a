"""Two at once, in a database where units really commit: counters, last administrators, links."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm.exc import StaleDataError

from clinic.accounts import service, signing_in
from clinic.accounts.models import Account
from clinic.accounts.signing_in import Counter
from clinic.accounts.values import AcceptInvitation, AccountStatus, InviteAccount
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.engine import Sessions
from clinic.core.errors import ClinicError, NotFound
from clinic.locations import service as locations
from clinic.locations.models import Location
from clinic.locations.values import FoundLocation
from tests import factories
from tests.audit.conftest import own_engine, own_sessions

__all__ = ["own_engine", "own_sessions"]


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run these in threads that start together; return what each gave or raised."""
    start = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(n: int) -> None:
        start.wait()
        try:
            results[n] = works[n]()
        except Exception as error:
            results[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def clinic(own_sessions: Sessions) -> Sessions:
    with own_sessions.write() as db, db.begin():
        locations.found(db, FoundLocation(name="Clinic", zone="Europe/Berlin", country="DE"))
    return own_sessions


def _confirmed(account: Account) -> Actor:
    actor = service.actor_of(account, address="", request_id="")
    return replace(actor, confirmed_at=clock.now())


def test_of_many_guesses_at_once_only_five_are_judged(clinic):
    counters = [Counter("login:user:x", 5), Counter("login:addr:y", 100)]

    def guess() -> bool:
        with clinic.write() as db, db.begin():
            return not signing_in.count_attempt(db, counters)

    judged = at_once(*[guess] * 16)

    assert sorted(map(str, judged)) == ["False"] * 11 + ["True"] * 5


def test_two_administrators_cannot_take_each_other_out(clinic):
    with clinic.write() as db, db.begin():
        place = db.scalars(sa.select(Location)).one()
        one, two = (
            factories.an_account(db, location=place, role=Role.ADMINISTRATOR) for _ in range(2)
        )
        ids = one.id, two.id
        actors = [_confirmed(account) for account in (one, two)]

    def take(actor, victim: int) -> str:
        with clinic.write() as db, db.begin():
            return service.deactivate(db, actor, victim).status.value

    results = at_once(lambda: take(actors[0], ids[1]), lambda: take(actors[1], ids[0]))

    with clinic.read() as db:
        left = [i for i in ids if db.get_one(Account, i).status is AccountStatus.ACTIVE]
    assert len(left) == 1
    assert sorted(type(result).__name__ for result in results) == ["LastAdministrator", "str"]


def test_a_link_pressed_twice_at_once_works_once(clinic):
    with clinic.write() as db, db.begin():
        wish = InviteAccount(login="bob", name="Bob", role=Role.NURSE)
        _, token = service.invite(db, None, wish)

    def accept(password_hash: str) -> str:
        with clinic.write() as db, db.begin():
            return str(
                service.accept(db, AcceptInvitation(token=token, password_hash=password_hash))
            )

    results = at_once(lambda: accept("$one"), lambda: accept("$two"))

    refused = [result for result in results if isinstance(result, Exception)]
    assert len(refused) == 1
    assert isinstance(refused[0], NotFound | StaleDataError)


def test_one_login_is_given_once_however_many_ask(clinic):
    def invite() -> int:
        with clinic.write() as db, db.begin():
            wish = InviteAccount(login="bob", name="Bob", role=Role.NURSE)
            return service.invite(db, None, wish)[0].id

    results = at_once(*[invite] * 6)

    refused = [result for result in results if isinstance(result, ClinicError)]
    assert len(refused) == 5
    assert {error.field for error in refused} == {"login"}


def test_sweeps_at_once_do_not_wait_for_each_other(clinic):
    def sweep() -> tuple[int, int]:
        with clinic.write() as db, db.begin():
            return service.purge(db)

    assert at_once(*[sweep] * 4) == [(0, 0)] * 4
