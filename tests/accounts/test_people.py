"""The administrator's pages: invite, change, deactivate, sign out."""

import re

import pytest
import sqlalchemy as sa

from clinic.accounts.models import Account
from clinic.accounts.values import AccountStatus
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from tests import factories
from tests.accounts.conftest import PASSWORD, sign_in
from tests.counting import statements

BOB = {"login": "bob", "name": "Bob Night", "role": "nurse"}
UNKNOWN = 2**31 - 1


def text(response) -> str:
    return response.get_data(as_text=True)


@pytest.fixture
def admin(world):
    return world.as_role(Role.ADMINISTRATOR)


def test_the_list_shows_everybody_and_leaves_one_row(world, db, admin):
    page = text(admin.get("/people"))

    for account in world.accounts.values():
        assert account.name in page
    events = db.scalars(sa.select(AuditEvent).where(AuditEvent.action == "account.listed")).all()
    assert [event.detail["count"] for event in events] == [4]


def test_the_list_asks_the_same_few_questions_however_long_it_is(world, db, connection, admin):
    for _ in range(30):
        factories.an_account(db, location=world.location, role=Role.NURSE)
    admin.get("/people")

    with statements(connection) as seen:
        admin.get("/people")

    assert len(seen) <= 5


def test_a_new_person_gets_in_by_the_link_that_is_shown_once(world, db, admin):
    answer = admin.post("/people/new", BOB)

    assert answer.status_code == 201
    link = re.search(r'value="(http://localhost/invitations/[\w-]{43})"', text(answer))[1]
    account = db.scalar(sa.select(Account).where(Account.login == "bob"))
    assert link not in text(admin.get(f"/people/{account.id}"))
    visitor = world.stranger()
    done = visitor.post(
        link.removeprefix("http://localhost"), {"password": PASSWORD, "again": PASSWORD}
    )
    assert done.status_code == 303
    assert sign_in(visitor, "bob").status_code == 303


def test_pressing_twice_makes_one_person(world, db, admin):
    assert admin.post("/people/new", BOB).status_code == 201
    again = admin.post("/people/new", BOB)

    assert again.status_code == 422
    assert "Somebody has this login already" in text(again)
    assert db.scalar(sa.select(sa.func.count()).where(Account.login == "bob")) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"login": ""}, "Please fill this in"),
        ({"login": "b o b"}, "without blanks"),
        ({"login": "b"}, "2 to 60"),
        ({"login": "x" * 61}, "At most 60"),
        ({"login": "bob\0"}, "cannot be stored"),
        ({"name": ""}, "Please fill this in"),
        ({"name": "   "}, "Please fill this in"),
        ({"name": "x" * 121}, "At most 120"),
        ({"name": "\u202eevil"}, "cannot be stored"),
        ({"role": ""}, "Please fill this in"),
        ({"role": "root"}, "Choose one of the list"),
        ({"role": "nurse\0"}, "Choose one of the list"),
    ],
)
def test_a_bad_invitation_comes_back_with_everything_typed(db, admin, change, says):
    answer = admin.post("/people/new", {**BOB, **change})

    assert answer.status_code == 422
    assert says in text(answer)
    if "name" not in change:
        assert "Bob Night" in text(answer)
    assert db.scalar(sa.select(sa.func.count()).where(Account.name.like("Bob%"))) == 0


def page_of(account: Account, **changes) -> dict[str, str]:
    fields = {"name": account.name, "role": account.role.value, "version": account.version}
    return {name: str(value) for name, value in {**fields, **changes}.items()}


def test_a_person_is_renamed(world, db, admin):
    nurse = world.accounts[Role.NURSE]

    answer = admin.post(f"/people/{nurse.id}", page_of(nurse, name="O'Brien-Ñandú 李"))

    assert answer.status_code == 303
    db.refresh(nurse)
    assert nurse.name == "O'Brien-Ñandú 李"
    assert "O&#39;Brien-Ñandú 李 was saved" in text(admin.get("/people"))


def test_who_saves_second_sees_both_texts_and_can_save_again(world, db, admin):
    nurse = world.accounts[Role.NURSE]
    old = page_of(nurse, name="Second")
    admin.post(f"/people/{nurse.id}", page_of(nurse, name="First"))

    answer = admin.post(f"/people/{nurse.id}", old)

    assert answer.status_code == 409
    assert "First" in text(answer)
    assert "<ins>Second</ins>" in text(answer)
    db.refresh(nurse)
    assert f'name="version" type="hidden" value="{nurse.version}"' in text(answer)
    again = admin.post(f"/people/{nurse.id}", {**old, "version": str(nurse.version)})
    assert again.status_code == 303
    db.refresh(nurse)
    assert nurse.name == "Second"


@pytest.mark.parametrize(
    "change",
    [
        {"version": ""},
        {"version": " "},
        {"version": "x"},
        {"version": "-1"},
        {"version": str(2**40)},
        {"name": ""},
        {"role": "root"},
        {"role": ""},
    ],
)
def test_a_bad_change_changes_nothing(world, db, admin, change):
    nurse = world.accounts[Role.NURSE]

    answer = admin.post(f"/people/{nurse.id}", page_of(nurse, **{"name": "Typed", **change}))

    assert answer.status_code == 422
    db.refresh(nurse)
    assert nurse.name != "Typed"


def test_a_form_cannot_reach_another_person_or_field(world, db, admin):
    nurse, physician = world.accounts[Role.NURSE], world.accounts[Role.PHYSICIAN]
    extra = {"account_id": str(physician.id), "id": str(physician.id), "login": "root"}
    extra |= {"status": "deactivated", "password_hash": "x", "location_id": "9"}

    admin.post(f"/people/{nurse.id}", {**page_of(nurse, name="Nora New"), **extra})

    db.refresh(nurse)
    db.refresh(physician)
    assert (nurse.name, nurse.status) == ("Nora New", AccountStatus.ACTIVE)
    assert nurse.login != "root"
    assert physician.name != "Nora New"


def test_nobody_raises_their_own_role(world, db, admin):
    own = world.accounts[Role.ADMINISTRATOR]
    factories.an_account(db, location=world.location, role=Role.ADMINISTRATOR)

    answer = admin.post(f"/people/{own.id}", page_of(own, role="physician"))

    assert answer.status_code == 403
    assert "Nobody changes their own role" in text(answer)
    assert admin.post(f"/people/{own.id}/deactivate").status_code == 403
    db.refresh(own)
    assert (own.role, own.status) == (Role.ADMINISTRATOR, AccountStatus.ACTIVE)


def test_access_is_taken_away_and_given_again(world, db, admin):
    nurse = world.accounts[Role.NURSE]
    visitor = world.as_role(Role.NURSE)

    assert admin.post(f"/people/{nurse.id}/deactivate").status_code == 303
    assert visitor.get("/account").status_code == 303
    assert "Give access again" in text(admin.get(f"/people/{nurse.id}"))
    assert admin.post(f"/people/{nurse.id}/link").status_code == 409

    assert admin.post(f"/people/{nurse.id}/reactivate").status_code == 303
    assert world.as_role(Role.NURSE).get("/account").status_code == 200


def test_an_administrator_signs_somebody_out_everywhere(world, admin):
    visitor = world.as_role(Role.NURSE)
    assert "1 browser" in text(admin.get(f"/people/{world.accounts[Role.NURSE].id}"))

    answer = admin.post(f"/people/{world.accounts[Role.NURSE].id}/sessions/end")

    assert answer.status_code == 303
    assert visitor.get("/account").status_code == 303
    assert admin.get("/people").status_code == 200


def test_signing_oneself_out_everywhere_leaves_this_browser(world, admin):
    there = world.as_role(Role.ADMINISTRATOR)

    admin.post(f"/people/{world.accounts[Role.ADMINISTRATOR].id}/sessions/end")

    assert admin.get("/people").status_code == 200
    assert there.get("/people").status_code == 303


def test_a_forgotten_password_is_chosen_anew_by_its_owner(world, nurse, admin):
    answer = admin.post(f"/people/{nurse.id}/link")

    assert answer.status_code == 201
    link = re.search(r'value="http://localhost(/invitations/[\w-]{43})"', text(answer))[1]
    new = "nine brass owls hum low"
    world.stranger().post(link, {"password": new, "again": new})
    assert sign_in(world.stranger(), nurse.login).status_code == 422
    assert sign_in(world.stranger(), nurse.login, new).status_code == 303


@pytest.mark.parametrize("verb", ["", "/link", "/deactivate", "/reactivate", "/sessions/end"])
def test_an_unknown_person_is_not_found(admin, verb):
    form = {"name": "x", "role": "nurse", "version": "1"}

    assert admin.post(f"/people/{UNKNOWN}{verb}", form).status_code == 404
    assert admin.get(f"/people/{UNKNOWN}").status_code == 404


def test_an_invalid_form_for_an_unknown_person_is_not_found_either(admin):
    assert admin.post(f"/people/{UNKNOWN}", {}).status_code == 404


def test_names_come_back_as_text(world, db, admin):
    nurse = world.accounts[Role.NURSE]
    nurse.name = "<script>alert('x')</script>"
    db.flush()

    for url in ("/people", f"/people/{nurse.id}"):
        page = text(admin.get(url))
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(&#39;x&#39;)" in page
    assert "<script>alert" not in text(world.as_role(Role.NURSE).get("/account"))


def test_who_may_not_manage_people_cannot_tell_who_exists(world):
    visitor = world.as_role(Role.PHYSICIAN)

    there = visitor.get(f"/people/{world.accounts[Role.NURSE].id}")
    not_there = visitor.get(f"/people/{UNKNOWN}")

    assert there.status_code == not_there.status_code == 403
    strip = re.compile(r"/people/\d+|value=\"[^\"]*\"")
    assert strip.sub("", text(there)) == strip.sub("", text(not_there))
