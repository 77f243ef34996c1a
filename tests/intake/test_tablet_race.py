"""One code opens once and answers are sent once, however many try at the same moment."""

import sqlalchemy as sa

from clinic.accounts.rules import token_hash
from clinic.consents import service as consents
from clinic.core.access import Role
from clinic.core.errors import Invalid
from clinic.intake import service
from clinic.intake.service import SentAlready
from clinic.intake.values import AnswerOnTablet, GroupReply
from clinic.safety.rules.answers import Answer, Reply
from clinic.scheduling import handed, handovers
from clinic.scheduling import service as scheduling
from clinic.scheduling.handed_models import Handover
from clinic.scheduling.handovers import Request
from tests import factories
from tests.conftest import NOW, SECRET
from tests.scheduling.test_race import a_clinic, all_at_once, real

__all__ = ["real"]
HERE = Request(address="127.0.0.1", request_id="race")
NO = Answer(reply=Reply.NO)
SCARS = GroupReply(group="scars_and_fainting", answers={"fainted": NO})


def a_visit(sessions):
    actor, wish, _ = a_clinic(sessions)
    with sessions.write() as db, db.begin():
        consents.install_defaults(db)
        physician = factories.an_account(
            db,
            location=db.get_one(factories.Location, actor.location_id),
            role=Role.PHYSICIAN,
        )
        factories.an_approved_catalogue(db, physician_id=physician.id, at=NOW)
        return actor, scheduling.book(db, actor, wish).id


def test_one_of_many_opens_the_screen(real):
    actor, visit = a_visit(real)
    with real.write() as db, db.begin():
        _, code = handovers.hand_over(db, actor, visit, secret=SECRET)

    results = all_at_once(
        real, lambda db, _: handovers.open_screen(db, code, secret=SECRET, request=HERE)
    )

    assert len([one for one in results if isinstance(one, str)]) == 1
    assert len([one for one in results if isinstance(one, Invalid)]) == len(results) - 1


def test_one_of_many_sends_the_answers(real):
    actor, visit = a_visit(real)
    with real.write() as db, db.begin():
        _, code = handovers.hand_over(db, actor, visit, secret=SECRET)
        token = handovers.open_screen(db, code, secret=SECRET, request=HERE)
        screen = handed.screen(db, token_hash(token))
        handovers.confirm_name(db, screen, HERE)

    wish = AnswerOnTablet(groups=(SCARS,))
    results = all_at_once(real, lambda db, _: len(service.answer_on_tablet(db, screen, wish, HERE)))

    assert [one for one in results if isinstance(one, int)] == [1]
    assert len([one for one in results if isinstance(one, SentAlready)]) == len(results) - 1


def test_many_hand_over_and_one_is_left(real):
    actor, visit = a_visit(real)

    results = all_at_once(
        real, lambda db, _: handovers.hand_over(db, actor, visit, secret=SECRET)[1]
    )

    assert all(isinstance(one, str) for one in results), results
    with real.read() as db:
        left = db.scalars(sa.select(Handover.id).where(Handover.ended_at.is_(None))).all()
    assert len(left) == 1
