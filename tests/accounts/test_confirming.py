"""The password again before some acts: who is asked, when, and what a wrong one does."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.accounts import cookies
from clinic.accounts import service as account_service
from clinic.accounts.models import Account, CookieSession, Throttle
from clinic.accounts.values import AccountStatus
from clinic.catalog.values import ProductKind
from clinic.consents.models import ConsentText
from clinic.consents.values import ConsentKind
from clinic.core.access import (
    ASKS_PASSWORD,
    CONFIRMED_FOR,
    PASSWORD_FIELD,
    Permission,
    Role,
)
from clinic.locations.models import OpeningDay
from clinic.treatments.preparation_models import KitPreset
from clinic.web.access import asks_before, permission_of
from tests import factories
from tests.accounts.conftest import PASSWORD, actions, sign_in
from tests.accounts.test_confirming_services import a_room
from tests.conftest import NOW

SECOND = dt.timedelta(seconds=1)
LATE = NOW + CONFIRMED_FOR + SECOND
WRONG = "no such words here"
FIELD = f'name="{PASSWORD_FIELD}"'
OF_PHYSICIANS = {Permission.RELEASE, Permission.RULE_APPROVE, Permission.SESSION_SIGN}
INVITED = {"name": "Nora Lind", "login": "nora.lind", "role": "nurse"}


def text(response) -> str:
    return response.get_data(as_text=True)


def rows_of(db, account) -> list[CookieSession]:
    db.expire_all()
    return list(db.scalars(sa.select(CookieSession).where(CookieSession.account_id == account.id)))


@pytest.fixture
def boss(world, db, password_hash) -> Account:
    """The administrator's account, with the password PASSWORD."""
    account = world.accounts[Role.ADMINISTRATOR]
    account.password_hash = password_hash
    db.flush()
    return account


@pytest.fixture
def admin(world, boss):
    """The administrator's browser; the password was given at NOW."""
    visitor = world.as_role(Role.ADMINISTRATOR)
    visitor.token()
    return visitor


# ---- no view gets around it ----


OF_TWO_RECORDS = {"merging.create", "merging.undo"}
"""Asked inside, at a pair of records: `tests/merging/test_pages.py` brings one."""
OF_A_SESSION = {
    "areas.set_table",
    "identity.close",
    "treatments.abort",
    "treatments.add",
    "treatments.sign",
}
"""Asked inside, at a session: `tests/treatments/test_signing_views.py` and `test_tubes.py` bring
one."""


def guarded(app):
    """Return the rules of every view that changes something under a permission that asks."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if permission_of(app.view_functions[rule.endpoint]) in ASKS_PASSWORD
        and "POST" in (rule.methods or ())
        and rule.endpoint not in OF_TWO_RECORDS | OF_A_SESSION
    ]


def a_day_off(world, db):
    day = OpeningDay(
        location_id=world.location.id, day=dt.date(2026, 12, 24), name="Christmas Eve", times=[]
    )
    db.add(day)
    db.flush()
    return day


def a_text(db):
    """Let there be a draft of a consent text; return its id."""
    row = ConsentText(kind=ConsentKind.MESOTHERAPY, version_name="9.0")
    db.add(row)
    db.flush()
    return row.id


def a_preset(db):
    """Let there be a preset of a kit; return its id."""
    kit = factories.a_lot(db, name="Kit", kind=ProductKind.KIT)
    row = KitPreset(name="Two spins", product_id=kit.product_id, spins=[{"rcf_g": 400}])
    db.add(row)
    db.flush()
    return row.id


def test_every_view_under_a_permission_that_asks_asks(world, db, boss, password_hash, clock):
    """With an empty form, at real records: the field is on the page and nothing is changed."""
    world.accounts[Role.PHYSICIAN].password_hash = password_hash
    nurse, room = world.accounts[Role.NURSE], a_room(world, db)
    visit = factories.an_appointment(
        db,
        location=world.location,
        patient=factories.a_patient(db, location=world.location),
        service=factories.a_service(db),
        practitioner=a_room(world, db),
        room=room,
        starts_local=dt.datetime(2026, 11, 24, 10, 0),
    )
    ids = {"account_id": nurse.id, "resource_id": room.id, "appointment_id": visit.id}
    ids["service_id"] = visit.service_id
    ids["day_id"] = a_day_off(world, db).id
    ids["text_id"], ids["preset_id"] = a_text(db), a_preset(db)
    browsers = {role: world.as_role(role) for role in (Role.ADMINISTRATOR, Role.PHYSICIAN)}
    for browser in browsers.values():
        browser.token()
    clock(LATE)

    asked = 0
    for rule in guarded(world.app):
        view = world.app.view_functions[rule.endpoint]
        is_physicians = permission_of(view) in OF_PHYSICIANS
        with world.app.test_request_context():
            url = world.app.url_map.bind("localhost").build(
                rule.endpoint, {name: ids[name] for name in rule.arguments}
            )
        answer = browsers[Role.PHYSICIAN if is_physicians else Role.ADMINISTRATOR].post(url)
        assert answer.status_code == 422, rule.endpoint
        # A release stands at its finding, an approval below what waits: there is neither here.
        assert (FIELD in text(answer)) or is_physicians, rule.endpoint
        assert asks_before(view) or "form-errors" in text(answer) or is_physicians, rule.endpoint
        asked += 1

    assert asked >= 10
    assert [a for a in actions(db) if not a.endswith((".opened", ".listed"))] == []


def test_reading_asks_for_nothing(world, admin, clock):
    clock(LATE)

    for url in ("/people", "/people/new", "/clinic", "/clinic/resources"):
        assert admin.get(url).status_code == 200


# ---- inside a form ----


def test_the_field_is_drawn_only_when_it_is_needed(admin, clock):
    assert FIELD not in text(admin.get("/people/new"))
    clock(NOW + CONFIRMED_FOR)
    assert FIELD not in text(admin.get("/people/new"))

    clock(LATE)

    field = re.search(rf"<input[^>]*{FIELD}[^>]*>", text(admin.get("/people/new")))[0]
    assert 'type="password"' in field
    assert 'autocomplete="current-password"' in field
    assert "value=" not in field


def test_a_form_opened_fresh_and_sent_late_comes_back_with_the_field(admin, db, clock):
    clock(NOW + CONFIRMED_FOR)
    assert FIELD not in text(admin.get("/people/new"))
    clock(LATE)

    answer = admin.post("/people/new", INVITED)

    page = text(answer)
    assert answer.status_code == 422
    assert FIELD in page
    assert "Type your password to go on" in page
    assert 'value="Nora Lind"' in page
    assert 'value="nora.lind"' in page
    assert re.search(r'<option selected value="nurse"', page)
    assert db.scalar(sa.select(Account).where(Account.login == "nora.lind")) is None


def test_the_right_password_lets_the_act_happen_and_is_not_asked_for_again(admin, db, clock):
    clock(LATE)

    answer = admin.post("/people/new", {**INVITED, PASSWORD_FIELD: PASSWORD})

    assert answer.status_code == 201
    assert [a for a in actions(db) if a.startswith("account.")] == [
        "account.confirmed",
        "account.invited",
    ]
    clock(LATE + CONFIRMED_FOR)
    assert FIELD not in text(admin.get("/people/new"))
    clock(LATE + CONFIRMED_FOR + SECOND)
    assert FIELD in text(admin.get("/people/new"))


@pytest.mark.parametrize("password", [WRONG, "", "x" * 300, "\ud800 \0"])
def test_a_wrong_password_is_said_at_the_field_and_everything_typed_stays(
    admin, db, clock, password
):
    clock(LATE)

    answer = admin.post(
        "/people/new", {**INVITED, PASSWORD_FIELD: password.encode("utf-8", "surrogatepass")}
    )

    page = text(answer)
    assert answer.status_code == 422
    says = "This is not your present password" if password else "Type your password to go on"
    assert re.search(rf'id="{PASSWORD_FIELD}-err">.*{says}', page)
    assert 'value="Nora Lind"' in page
    assert WRONG not in page
    assert db.scalar(sa.select(Account).where(Account.login == "nora.lind")) is None
    assert actions(db).count("account.confirmation_refused") == bool(password)


def test_a_right_password_counts_although_the_form_needs_another_look(admin, clock):
    clock(LATE)

    answer = admin.post("/people/new", {**INVITED, "name": "", PASSWORD_FIELD: PASSWORD})

    assert answer.status_code == 422
    assert FIELD not in text(answer)
    assert admin.post("/people/new", INVITED).status_code == 201


def test_guessing_is_slowed_down_in_the_counter_that_all_processes_share(admin, db, boss, clock):
    clock(LATE)
    wrong = {**INVITED, PASSWORD_FIELD: WRONG}
    for _ in range(5):
        assert admin.post("/people/new", wrong).status_code == 422

    answer = admin.post("/people/new", {**INVITED, PASSWORD_FIELD: PASSWORD})

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 900
    assert "Wait 15 min" in text(answer)
    assert 'value="Nora Lind"' in text(answer)
    assert actions(db).count("account.confirmation_refused") == 5
    assert db.get(Throttle, f"confirm:user:{boss.id}").count == 5
    change = {"current": PASSWORD, "password": "x" * 20, "again": "x" * 20}
    assert admin.post("/account", change).status_code == 429


def test_a_right_password_forgets_the_failures(admin, db, boss, clock):
    clock(LATE)
    for _ in range(4):
        admin.post("/people/new", {**INVITED, PASSWORD_FIELD: WRONG})

    admin.post("/people/new", {**INVITED, PASSWORD_FIELD: PASSWORD})

    assert db.get(Throttle, f"confirm:user:{boss.id}") is None


def test_a_password_that_is_not_needed_is_not_judged(admin, db):
    answer = admin.post("/people/new", {**INVITED, PASSWORD_FIELD: WRONG})

    assert answer.status_code == 201
    assert db.scalar(sa.select(sa.func.count()).select_from(Throttle)) == 0


# ---- a button without a form of its own ----


def test_a_button_asks_on_a_page_of_its_own_and_then_does_what_was_pressed(world, admin, db, clock):
    nurse = world.accounts[Role.NURSE]
    url = f"/people/{nurse.id}/deactivate"
    clock(LATE)

    asked = admin.post(url, {"some": "thing <typed>"})

    page = text(asked)
    assert asked.status_code == 422
    assert f'action="{url}"' in page
    assert "thing &lt;typed&gt;" in page
    assert FIELD in page
    assert nurse.status is AccountStatus.ACTIVE
    again = admin.post(url, {"some": "thing", PASSWORD_FIELD: WRONG})
    assert again.status_code == 422
    assert "This is not your present password" in text(again)
    done = admin.post(url, {"some": "thing", PASSWORD_FIELD: PASSWORD})
    assert (done.status_code, done.location) == (303, "/people")
    db.refresh(nurse)
    assert nurse.status is AccountStatus.DEACTIVATED


# ---- the session ----


def test_signing_in_counts(world, boss, clock):
    visitor = world.stranger()
    clock(LATE)
    sign_in(visitor, boss.login)
    clock(LATE + CONFIRMED_FOR)

    assert FIELD not in text(visitor.get("/people/new"))


def test_the_session_gets_a_new_value_and_goes_on(admin, db, boss, clock):
    before = admin.client.get_cookie("sid").value
    (row,) = rows_of(db, boss)
    opened, kept = row.created_at, dict(row.data)
    clock(LATE)

    admin.post("/people/new", {**INVITED, PASSWORD_FIELD: PASSWORD})

    after = admin.client.get_cookie("sid").value
    (row,) = rows_of(db, boss)
    assert after != before
    assert row.token_hash == cookies.token_hash(after)
    assert (row.confirmed_at, row.seen_at, row.created_at) == (LATE, LATE, opened)
    assert dict(row.data) == kept
    # A form that was open in another tab holds the token of before: it is still good.
    assert admin.post("/people/new", {**INVITED, "login": "nora.2"}).status_code == 201
    admin.client.set_cookie("sid", before)
    assert admin.get("/people").status_code == 303


def test_a_session_that_ended_meanwhile_is_not_renewed(admin, db, boss, clock, monkeypatch):
    """Somebody signs them out everywhere between the judging and the keeping."""
    renew = cookies.renew

    def late(unit):
        account_service._end_sessions(unit, boss.id)
        return renew(unit)

    monkeypatch.setattr(cookies, "renew", late)
    clock(LATE)

    answer = admin.post("/people/new", {**INVITED, PASSWORD_FIELD: PASSWORD})

    assert answer.status_code == 401
    assert "account.confirmed" not in actions(db)
    assert db.scalar(sa.select(Account).where(Account.login == "nora.lind")) is None


def test_what_a_page_sends_by_itself_confirms_nothing(admin, db, boss, clock):
    clock(LATE)

    answer = admin.post(
        "/people/new", {**INVITED, PASSWORD_FIELD: PASSWORD}, headers={"X-Background": "1"}
    )

    assert answer.status_code == 422
    (row,) = rows_of(db, boss)
    assert row.confirmed_at == NOW


def test_a_foreign_form_cannot_use_up_the_guesses(admin, db, clock):
    clock(LATE)

    form = {"csrf_token": "forged", **INVITED, PASSWORD_FIELD: WRONG}
    answer = admin.client.post("/people/new", data=form)

    assert answer.status_code == 400
    assert db.scalar(sa.select(sa.func.count()).select_from(Throttle)) == 0
