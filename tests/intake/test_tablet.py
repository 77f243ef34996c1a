"""The tablet in a patient's hands: code, name, a locked screen, and nothing else."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.core.access import Role
from clinic.safety.values import FactKind, FactSource
from clinic.scheduling.handed_models import Handover
from clinic.scheduling.rules import handovers as handover_rules
from clinic.scheduling.values import AppointmentStatus
from tests.conftest import NOW, SECRET
from tests.intake.conftest import a_visit
from tests.intake.tablet import (
    IBUPROFEN,
    MINUTE,
    hand_over,
    lines_of,
    opened,
    renew,
    saying_no,
    text,
    the_tablet,
)
from tests.world import TOKEN

# ---- handing over ----


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN])
def test_the_desk_hands_over_and_sees_a_code_once(world, db, visit, role):
    code = hand_over(world, visit, role)

    row = db.scalars(sa.select(Handover)).one()
    assert row.made_by_id == world.accounts[role].id
    assert row.code_hash == handover_rules.code_digest(SECRET, code.replace(" ", ""))
    assert row.expires_at - row.made_at == 10 * MINUTE
    assert code not in text(world.as_role(role).get(f"/appointments/{visit.id}"))
    assert [line.entity_id for line in lines_of(db, "handover.made")] == [str(row.id)]


def test_a_new_handover_ends_the_old_one(world, visit):
    first, second = hand_over(world, visit), hand_over(world, visit)
    tablet = the_tablet(world)

    assert tablet.post("/tablet", {"code": first}).status_code == 422
    assert tablet.post("/tablet", {"code": second}).status_code == 303


def test_a_new_handover_ends_the_screen_of_the_old_one(world, visit):
    tablet = opened(world, visit)
    hand_over(world, visit)

    assert tablet.get("/tablet/questions").status_code == 410


def test_the_desk_takes_the_tablet_back(world, db, visit):
    tablet = opened(world, visit)
    desk = world.as_role(Role.RECEPTIONIST)

    answer = desk.post(f"/appointments/{visit.id}/handover/end")

    assert answer.status_code == 303
    assert tablet.get("/tablet/questions").status_code == 410
    assert len(lines_of(db, "handover.taken_back")) == 1


def test_nothing_is_handed_over_for_a_visit_that_is_over(world, db, visit):
    visit.status = AppointmentStatus.DONE
    db.flush()

    answer = world.as_role(Role.RECEPTIONIST).post(f"/appointments/{visit.id}/handover")

    assert answer.status_code == 409
    assert db.scalars(sa.select(Handover)).all() == []


def test_the_database_keeps_a_visit_at_one_that_has_not_ended(world, db, visit):
    hand_over(world, visit)
    again = Handover(
        appointment_id=visit.id,
        made_by_id=world.accounts[Role.NURSE].id,
        code_hash="0" * 64,
        locale="en",
        made_at=NOW,
        expires_at=NOW,
    )
    with pytest.raises(sa.exc.IntegrityError), db.begin_nested():
        db.add(again)
        db.flush()


# ---- the code ----


def test_a_code_opens_however_it_is_typed_and_once(world, db, visit):
    code = hand_over(world, visit).lower().replace(" ", "-")
    tablet = the_tablet(world)

    answer = tablet.post("/tablet", {"code": f" {code} "})

    assert (answer.status_code, answer.location) == (303, "/tablet/name")
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("tablet="))
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/" in cookie
    other = the_tablet(world)
    assert other.post("/tablet", {"code": code}).status_code == 422
    assert len(lines_of(db, "handover.opened")) == 1
    assert len(lines_of(db, "handover.refused")) == 1


def test_over_https_the_cookie_is_bound_to_the_host(world, visit):
    code = hand_over(world, visit)
    tablet = world.stranger()
    page = text(tablet.get("/tablet", base_url="https://localhost"))
    form = {"code": code, "csrf_token": TOKEN.search(page)[1]}

    answer = tablet.client.post("/tablet", data=form, base_url="https://localhost")

    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if "tablet=" in c)
    assert cookie.startswith("__Host-tablet=")
    assert "Secure" in cookie


def test_an_old_code_opens_nothing(world, visit, clock):
    code = hand_over(world, visit)
    clock(NOW + 10 * MINUTE)

    answer = the_tablet(world).post("/tablet", {"code": code})

    assert answer.status_code == 422
    assert "Ask for a new one at the desk" in text(answer)


@pytest.mark.parametrize(
    "code", ["", "   ", "short", "AAAAAAAAA", "IIIIIIII", "ÄÖÜÄÖÜÄÖ", "A\x00A"]
)
def test_what_cannot_be_a_code_is_said_at_the_field(world, code):
    answer = the_tablet(world).post("/tablet", {"code": code})

    assert answer.status_code == 422
    assert 'id="code-err"' in text(answer)


def test_guessing_is_slowed_down_for_the_address_and_for_nobody_who_signs_in(
    world, visit, monkeypatch
):
    monkeypatch.setattr(handover_rules, "PER_ADDRESS", 30)
    code = hand_over(world, visit)
    tablet = the_tablet(world)
    for _ in range(handover_rules.PER_ADDRESS):
        assert tablet.post("/tablet", {"code": "AAAAAAAA"}).status_code == 422

    answer = tablet.post("/tablet", {"code": code})

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert world.as_role(Role.NURSE).get("/account").status_code == 200


def test_strangers_at_the_same_address_do_not_close_a_tablet_that_was_used_before(
    world, visit, monkeypatch
):
    monkeypatch.setattr(handover_rules, "PER_ADDRESS", 3)
    monkeypatch.setattr(handover_rules, "PER_BROWSER", 2)
    tablet, stranger = opened(world, visit), the_tablet(world)
    tablet.post("/tablet/end")
    for _ in range(3):
        stranger.post("/tablet", {"code": "AAAAAAAA"})
    assert stranger.post("/tablet", {"code": "AAAAAAAA"}).status_code == 429

    renew(tablet, "/tablet")
    assert tablet.post("/tablet", {"code": hand_over(world, visit)}).status_code == 303

    tablet.post("/tablet/end")
    for _ in range(2):  # It has a counter of its own, not none.
        tablet.post("/tablet", {"code": "AAAAAAAA"})
    assert tablet.post("/tablet", {"code": "AAAAAAAA"}).status_code == 429


def test_another_code_ends_the_screen_that_was_there(world, db, patient, visit):
    tablet = opened(world, visit)
    other = a_visit(world, db, patient, starts_local=dt.datetime(2026, 11, 25, 10, 0))

    assert tablet.post("/tablet", {"code": hand_over(world, other)}).status_code == 303

    first, second = db.scalars(sa.select(Handover).order_by(Handover.id))
    assert (first.ended_at, second.ended_at) == (NOW, None)
    assert lines_of(db, "handover.ended")[0].detail["why"] == "another code"


def test_the_desk_reads_its_own_language_and_goes_on_after_a_patient(world, visit):
    tablet = opened(world, visit)
    tablet.post("/tablet/language", {"language": "ar"})
    tablet.post("/tablet/questions", IBUPROFEN)

    thanks = text(tablet.get("/tablet/done"))
    assert 'dir="rtl"' in thanks
    assert 'href="/tablet"' in thanks
    assert 'lang="en" dir="ltr"' in text(tablet.get("/tablet"))


def test_nothing_is_handed_over_while_the_patient_types(world, visit):
    desk, address = world.as_role(Role.RECEPTIONIST), f"/appointments/{visit.id}/handover"
    assert f'action="{address}"' in text(desk.get(f"/appointments/{visit.id}"))

    opened(world, visit)

    page = text(desk.get(f"/appointments/{visit.id}"))
    assert f'action="{address}"' not in page
    assert f'action="{address}/end"' in page


def test_whoever_is_signed_in_is_signed_out_by_the_code(world, db, visit):
    code = hand_over(world, visit)
    nurse = world.as_role(Role.NURSE)
    assert "is signed in here" in renew(nurse, "/tablet")

    answer = nurse.post("/tablet", {"code": code})

    assert answer.location == "/tablet/name"
    assert "storage" in answer.headers["Clear-Site-Data"]
    assert len(lines_of(db, "account.signed_out")) == 1
    nurse.client.delete_cookie("tablet")
    assert nurse.get("/account").status_code == 303


# ---- the screen ----


def test_the_name_is_asked_before_anything_is_shown(world, visit, patient):
    code = hand_over(world, visit)
    tablet = the_tablet(world)
    tablet.post("/tablet", {"code": code})

    page = text(tablet.get("/tablet/name"))

    assert f"{patient.given_name} {patient.family_name[0]}." in page
    assert patient.family_name not in page
    assert patient.file_number not in page
    assert tablet.get("/tablet/questions").location == "/tablet/name"
    assert tablet.post("/tablet/questions", IBUPROFEN).location == "/tablet/name"


def test_another_person_ends_it_at_once(world, db, visit):
    code = hand_over(world, visit)
    tablet = the_tablet(world)
    tablet.post("/tablet", {"code": code})

    tablet.post("/tablet/end")

    assert tablet.get("/tablet/name").status_code == 410
    assert lines_of(db, "handover.ended")[0].detail["why"] == "not this person"


@pytest.mark.parametrize(
    "url", ["/", "/sign-in", "/board", "/patients", "/account", "/audit-trail"]
)
def test_while_the_screen_is_open_every_page_leads_back_to_it(world, visit, url):
    tablet = opened(world, visit)

    answer = tablet.get(url, follow_redirects=True)

    assert answer.request.path == "/tablet/questions"


def test_nobody_signs_in_beside_an_open_screen(world, visit):
    tablet = opened(world, visit)

    answer = tablet.post("/sign-in", {"login": "x", "password": "y"})

    assert (answer.status_code, answer.location) == (303, "/tablet")


def test_the_questions_show_nothing_of_the_clinic_and_no_way_out(world, patient, visit, known):
    known(FactKind.MEDICATION, "warfarin", label="Marcumar")
    known(FactKind.CONDITION, "keloid", source=FactSource.PHYSICIAN)
    known(FactKind.CONDITION, "bbv", label="Hepatitis C", source=FactSource.PATIENT)
    tablet = opened(world, visit)

    answer = tablet.get("/tablet/questions")
    page = text(answer)

    assert "Are you pregnant?" in page
    for word in ("Marcumar", "arfarin", "Hepatitis C", "On record", patient.family_name, "Stop"):
        assert word not in page
    assert set(re.findall(r'<a [^>]*href="([^"]*)"', page)) == {"#main"}
    assert "checked" not in page
    assert answer.headers["Cache-Control"] == "no-store"


def test_medicines_on_record_are_left_to_a_nurse(world, visit, known):
    known(FactKind.MEDICATION, "other_medicine", label="Ramipril")

    page = text(opened(world, visit).get("/tablet/questions"))

    assert "medicines_changed" not in page


def test_no_man_is_asked_whether_he_is_pregnant(world, db, patient, visit):
    nurse = world.as_role(Role.NURSE)
    nurse.post(f"/appointments/{visit.id}/questions", saying_no("pregnancy"))
    assert "pregnant" in text(opened(world, visit).get("/tablet/questions"))
    patient.sex = "male"
    db.flush()

    page = text(opened(world, visit).get("/tablet/questions"))

    assert "pregnant" not in page
    assert "painkiller" in page


def test_without_a_touch_it_ends(world, visit, clock):
    tablet = opened(world, visit)
    clock(NOW + 9 * MINUTE)
    assert tablet.post("/tablet/touch").status_code == 204
    clock(NOW + 18 * MINUTE)
    assert tablet.get("/tablet/questions").status_code == 200
    clock(NOW + 29 * MINUTE)

    assert tablet.get("/tablet/questions").status_code == 410
    assert tablet.post("/tablet/touch").status_code == 410
    assert tablet.post("/tablet/questions", IBUPROFEN).status_code == 410


def touches_until(tablet, clock, minutes, since=0):
    for minute in range(since + 5, minutes + 1, 5):
        clock(NOW + minute * MINUTE)
        assert tablet.post("/tablet/touch").status_code == 204


def test_it_ends_although_somebody_is_there(world, visit, clock):
    tablet = opened(world, visit)
    touches_until(tablet, clock, 25)

    clock(NOW + 30 * MINUTE)

    assert tablet.get("/tablet/questions").status_code == 410
    assert tablet.post("/tablet/longer").status_code == 410
    assert tablet.get("/sign-in").status_code == 200


def test_who_needs_more_time_gets_it(world, visit, clock):
    tablet = opened(world, visit)
    touches_until(tablet, clock, 25)
    assert 'data-left="300"' in text(tablet.get("/tablet/questions"))

    answer = tablet.post("/tablet/longer")

    assert answer.get_json() == {"seconds": 30 * 60}
    touches_until(tablet, clock, 50, since=25)
    assert tablet.post("/tablet/questions", IBUPROFEN).location == "/tablet/done"


def test_nobody_goes_on_for_ever(world, visit, clock):
    tablet = opened(world, visit)
    for minutes in range(25, 116, 5):
        touches_until(tablet, clock, minutes, since=0 if minutes == 25 else minutes - 5)
        tablet.post("/tablet/longer")

    assert tablet.post("/tablet/longer").get_json() == {"seconds": 5 * 60}
    clock(NOW + 120 * MINUTE)
    assert tablet.get("/tablet/questions").status_code == 410


def test_without_a_code_there_is_nothing(world):
    tablet = the_tablet(world)

    for url in ("/tablet/name", "/tablet/questions", "/tablet/done"):
        assert tablet.get(url).location == "/tablet"
    for url in ("/tablet/name", "/tablet/questions", "/tablet/end", "/tablet/language"):
        assert tablet.post(url, IBUPROFEN).location == "/tablet"


def test_a_cookie_that_is_not_ours_is_nobodys(world, visit):
    opened(world, visit)
    tablet = the_tablet(world)
    tablet.client.set_cookie("tablet", "x" * 43)

    assert tablet.get("/tablet/questions").location == "/tablet"
