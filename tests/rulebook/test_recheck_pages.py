"""After an approval the coming visits are checked again, in parts that a button begins."""

import datetime as dt

import pytest

from clinic.catalog.values import ResourceKind
from clinic.core.access import Role
from clinic.safety import editions
from clinic.safety.values import Decision
from clinic.scheduling import recheck
from tests import factories
from tests.rulebook.pages import text
from tests.rulebook.test_approval_pages import approve
from tests.rulebook.test_dry_run_pages import draft, house, visit
from tests.safety.conftest import a_clear_patient

__all__ = ["draft", "house", "visit"]
URL = "/safety/rechecks"
D = Role.PHYSICIAN


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.NURSE, Role.ADMINISTRATOR])
def test_only_a_physician_checks_the_coming_visits_again(world, role):
    assert world.as_role(role).get(URL).status_code == 403
    assert world.as_role(role).post(URL).status_code == 403


def test_a_coming_visit_turns_after_the_approval(world, db, draft, visit):
    recheck.recheck(db, None, [visit.id])
    assert visit.decision < Decision.DEFER
    physician = world.as_role(D)

    approved = approve(world, db, "nsaid_recent")
    before = text(physician.get(approved.location))
    answer = physician.post(URL)
    after = text(physician.get(answer.location))

    assert approved.location == URL
    assert "Check the next visit" in before
    assert (answer.status_code, answer.location) == (303, f"{URL}?after={visit.id}")
    assert "Every coming visit is checked with the rules in force" in after
    db.refresh(visit)
    assert visit.decision is Decision.DEFER


def test_each_press_takes_a_bounded_part(world, db, visit, house, monkeypatch):
    monkeypatch.setattr(recheck, "WRITTEN", 2)
    others = [
        factories.an_appointment(
            db,
            location=world.location,
            patient=a_clear_patient(world, db),
            starts_local=dt.datetime(2026, 12, 1, 8) + dt.timedelta(hours=n),
            **house,
        )
        for n in range(2)
    ]
    physician = world.as_role(D)

    first = physician.post(URL)
    second = physician.post(URL, {"after": str(others[0].id)})

    assert first.location == f"{URL}?after={others[0].id}"
    assert "\u20662 of 3" in text(physician.get(first.location)) or "2 of 3" in text(
        physician.get(first.location)
    )
    assert second.location == f"{URL}?after={others[1].id}"
    assert all(each.decision is not None for each in (visit, *others) if not db.refresh(each))


@pytest.mark.parametrize("after", ["x", "-1", "0", "99999999999", "\u0000", "1.5"])
def test_a_bad_place_is_refused_in_words(world, visit, after):
    answer = world.as_role(D).post(URL, {"after": after})

    assert answer.status_code == 422
    assert "Choose one of the list" in text(answer) or "cannot be stored" in text(answer)
    assert world.as_role(D).get(URL, query_string={"after": after}).status_code == 200


def test_without_visits_nothing_is_left_to_do(world):
    physician = world.as_role(D)

    assert "No visit is booked" in text(physician.get(URL))
    assert physician.post(URL, {"after": "5"}).status_code == 303


def test_while_nothing_is_approved_the_physicians_board_and_visit_say_so(
    unapproved, db, house_of_unapproved
):
    physician = unapproved.as_role(D)

    board = text(physician.get("/board"))
    page = text(physician.get(f"/appointments/{house_of_unapproved.id}"))

    assert "Nothing is checked yet" in board
    assert 'href="/safety/approvals/new"' in board
    assert "No rule is approved: nothing was checked" in page
    assert "Nothing was found" not in page
    assert 'href="/safety/approvals/new"' in page
    for role in (Role.NURSE, Role.RECEPTIONIST):
        assert "/safety/approvals/new" not in text(unapproved.as_role(role).get("/board"))


@pytest.fixture
def house_of_unapproved(unapproved, db):
    """A visit of tomorrow in a clinic without approved rules."""
    made = {
        "service": factories.a_service(db),
        "patient": factories.a_patient(db, location=unapproved.location),
        **{
            name: factories.a_resource(db, location=unapproved.location, kind=kind)
            for name, kind in (
                ("practitioner", ResourceKind.PRACTITIONER),
                ("room", ResourceKind.ROOM),
            )
        },
    }
    assert editions.newest(db) is None
    return factories.an_appointment(db, location=unapproved.location, **made)


def test_an_approved_board_says_nothing_of_it(world):
    assert "Nothing is checked yet" not in text(world.as_role(D).get("/board"))
