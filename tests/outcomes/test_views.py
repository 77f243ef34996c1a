"""The pages of photographs: sent, seen, compared, refused; with and without a script."""

import datetime as dt
import re
from io import BytesIO

import pytest
import sqlalchemy as sa

from clinic.consents.models import Consent
from clinic.consents.values import Scope
from clinic.core.access import Role
from clinic.outcomes.values import PhotographView
from clinic.outcomes.views import taking
from clinic.web import headers, uploads
from tests import factories
from tests.conftest import SECRET
from tests.counting import statements
from tests.outcomes.conftest import CLOSE, as_file, dots, opened, rows, trail
from tests.treatments.conftest import chair

__all__ = ["chair"]

RECORD, TEACHING = Scope.PHOTO_RECORD, Scope.PHOTO_TEACHING
GOOD = (as_file(dots()), "IMG_0001.JPG")
SVG = (b"<svg onload=alert(1)>", "../../<b>evil</b>.jpg")


def test_pictures_are_sent_kept_and_seen(studio, nurse):
    answer = studio.sends(nurse, GOOD, (as_file(dots(), "PNG"), "b.png"))

    assert (answer.status_code, answer.location) == (303, studio.url("views"))
    kept = rows(studio)
    assert [row.view for row in kept] == [PhotographView.VERTEX] * 2
    assert {row.storage_key for row in kept} == studio.on_disk()
    page = nurse.get(studio.url()).get_data(as_text=True)
    addresses = re.findall(r'src="([^"]+/thumbnail\?[^"]+)"', page)
    assert len(addresses) == 2
    for url in addresses:
        assert opened(nurse.get(url.replace("&amp;", "&")).data).size == (400, 300)


def test_a_picture_is_answered_as_nothing_but_a_picture(studio, nurse):
    studio.sends(nurse, GOOD)
    (row,) = rows(studio)

    for part in ("picture", "thumbnail"):
        answer = nurse.get(studio.url(row.public_id, part))
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert re.fullmatch(
            r'inline; filename="photograph-[\w-]{8}\.jpg"', answer.headers["Content-Disposition"]
        )
        assert opened(answer.data).format == "JPEG"


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.ADMINISTRATOR, None])
def test_who_is_no_clinician_gets_no_picture_and_no_page(studio, nurse, role):
    studio.sends(nurse, GOOD)
    (row,) = rows(studio)
    visitor = studio.world.as_role(role) if role else studio.world.stranger()

    for part in ((), ("views",), ("compare",), (row.public_id,), (row.public_id, "picture")):
        answer = visitor.get(studio.url(*part))
        assert answer.status_code == (403 if role else 303), part
        assert b"JFIF" not in answer.data
    if role is Role.RECEPTIONIST:
        page = visitor.get(f"/patients/{studio.alice.id}").get_data(as_text=True)
        assert "photograph" not in page.lower()
        assert studio.sends(visitor, GOOD).status_code == 403
    assert len(rows(studio)) == 1


def test_the_address_of_another_patient_or_place_leads_nowhere(studio, nurse):
    studio.sends(nurse, GOOD)
    (row,) = rows(studio)
    other = factories.a_patient(studio.db, location=studio.world.location)
    far = factories.a_patient(studio.db, location=factories.a_location(studio.db))

    for patient in (other, far):
        for part in ("", "/picture", "/thumbnail", "/edit"):
            url = f"/patients/{patient.id}/photographs/{row.public_id}{part}"
            assert nurse.get(url).status_code == 404, url
    assert nurse.get(f"/patients/{far.id}/photographs").status_code == 404
    assert nurse.get(studio.url("x" * 22, "picture")).status_code == 404


def test_of_several_the_good_are_kept_and_the_bad_said_with_their_name(studio, nurse):
    answer = studio.sends(nurse, GOOD, SVG, (b"", "empty.png"), taken_time="09:41")

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert len(rows(studio)) == 1
    assert len(studio.on_disk()) == 1
    assert "One picture is kept." in page
    assert "&lt;b&gt;evil&lt;/b&gt;.jpg: This is no whole JPEG" in page
    assert "empty.png: This file is empty." in page
    for typed in ('value="09:41"', 'value="40"', 'checked [^>]*value="ring"', 'value="vertex"'):
        assert re.search(typed, page), typed
    again = re.search(r'name="form_key"[^>]*value="([^"]+)"', page)
    assert again
    assert studio.sends(nurse, GOOD, form_key=again[1]).status_code == 303
    assert len(rows(studio)) == 2


def test_the_name_of_the_upload_chooses_nothing(studio, nurse):
    for name in (
        "../../../etc/passwd",
        "a.php",
        "x.svg",
        "\u202egpj.exe",
        "a%0d%0aSet-Cookie: x",
        "",
    ):
        assert studio.sends(nurse, (GOOD[0], name or "blob")).status_code == 303, name

    root = studio.store.root
    names = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    assert len(names) == 12
    assert all(re.fullmatch(r"(..)/(..)/\1\2[0-9a-f]{28}\.(full|small)\.jpg", n) for n in names)


def test_the_page_of_a_script_gets_its_answer_as_data(studio, nurse):
    options = {"headers": {"Accept": "application/json"}}

    good = studio.sends(nurse, GOOD, options=options)
    bad = studio.sends(nurse, SVG, options=options)
    wrong = studio.sends(nurse, GOOD, hair="", options=options)

    assert (good.status_code, good.get_json()) == (200, {"kept": 1, "refused": []})
    assert bad.status_code == wrong.status_code == 422
    assert "no whole JPEG" in bad.get_json()["refused"][0]
    assert wrong.get_json() == {"kept": 0, "refused": ["Please fill this in"]}
    assert len(rows(studio)) == len(studio.on_disk()) == 1


def test_a_double_click_keeps_one_picture_and_one_file(studio, nurse):
    for _ in range(2):
        assert studio.sends(nurse, GOOD, form_key="k" * 20).status_code == 303

    assert len(rows(studio)) == len(studio.on_disk()) == 1


WRONG = {
    "no file": ({}, (), "Take or choose a picture first."),
    "no view": ({"view": ""}, (GOOD,), "Please fill this in"),
    "a view that is none": ({"view": "feet"}, (GOOD,), "Choose one of the list"),
    "trichoscopy of nowhere": ({"view": "trichoscopy"}, (GOOD,), "Choose the zone"),
    "a distance": ({"distance_cm": "4000"}, (GOOD,), "A whole number from 5 to 200"),
    "tomorrow": ({"taken_on": "2026-11-24"}, (GOOD,), "This is still to come"),
    "NUL": ({"distance_cm": "4\0"}, (GOOD,), "cannot be stored"),
    "a visit of nobody": ({"appointment_id": str(2**31 - 1)}, (GOOD,), "IMG_0001.JPG: "),
    "twenty-one": ({}, (GOOD,) * 21, "At most 20 pictures at once"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_and_no_file_stays(studio, nurse, what):
    changes, sent, words = WRONG[what]

    answer = studio.sends(nurse, *sent, **changes)

    assert answer.status_code in {404, 422}
    assert words in answer.get_data(as_text=True)
    assert rows(studio) == []
    assert studio.on_disk() == set()


def test_without_the_patients_word_there_is_a_way_to_the_paper_and_no_picture(studio):
    nurse = studio.world.as_role(Role.NURSE)

    answer = studio.sends(nurse, GOOD)
    page = nurse.get(studio.url("new?view=vertex")).get_data(as_text=True)

    assert answer.status_code == 409
    assert "has not agreed to photographs" in answer.get_data(as_text=True)
    assert f'href="/patients/{studio.alice.id}/consents"' in page
    assert (rows(studio), studio.on_disk()) == ([], set())


def test_a_withdrawal_hides_every_page_at_once(studio):
    paper, nurse = studio.agrees(RECORD), studio.world.as_role(Role.NURSE)
    row = studio.keeps()
    studio.withdraws(paper, RECORD)

    page = nurse.get(studio.url()).get_data(as_text=True)
    assert "One photograph is kept but not shown." in page
    assert "thumbnail" not in page
    assert "thumbnail" not in nurse.get(studio.url("views")).get_data(as_text=True)
    assert "/picture" not in nurse.get(studio.url(row.public_id)).get_data(as_text=True)
    for part in ("picture", "thumbnail", "edit"):
        assert nurse.get(studio.url(row.public_id, part)).status_code == 404


def test_a_form_may_be_large_there_and_nowhere_else(studio, nurse):
    large = as_file(dots()) + b"\0" * 5_000_000

    assert studio.sends(nurse, (large, "a.jpg")).status_code == 303
    assert nurse.post("/account", {"x": "y" * 3_000_000}).status_code == 413
    whole = b"\0" * (taking.MOST_SENT + 1)
    assert studio.sends(nurse, (whole, "a.jpg")).status_code == 413
    for visitor in (studio.world.stranger(), studio.world.as_role(Role.RECEPTIONIST)):
        answer = visitor.client.post(studio.url(), data={"pictures": (BytesIO(large), "a.jpg")})
        assert answer.status_code in {401, 403}


def test_only_the_page_that_takes_pictures_may_show_unsent_ones_and_use_the_camera(studio, nurse):
    studio.keeps()
    for part in ("", "views", "compare"):
        answer = nurse.get(studio.url(part).rstrip("/"))
        assert "blob:" not in answer.headers["Content-Security-Policy"]
        assert "camera=()" in answer.headers["Permissions-Policy"]

    for answer in (nurse.get(studio.url("new?view=vertex")), studio.sends(nurse, SVG)):
        csp = answer.headers["Content-Security-Policy"]
        assert "img-src 'self' blob:;" in csp
        assert csp.replace(" blob:", "") == headers.CSP
        assert "camera=(self)" in answer.headers["Permissions-Policy"]


def test_the_form_is_sent_to_an_address_that_lets_large_bodies_in(studio, nurse):
    page = nurse.get(studio.url("new?view=vertex")).get_data(as_text=True)

    action = re.search(r'action="([^"]+)" enctype', page)
    assert action
    path, query = action[1].replace("&amp;", "&").split("?")
    assert path == studio.url()
    assert uploads.is_sealed(SECRET, path, query)
    sent = {**studio.form(), "pictures": (BytesIO(GOOD[0]), "a.jpg")}
    assert nurse.post(f"{path}?{query}", sent).status_code == 303


def test_the_address_of_somebody_elses_page_keeps_nothing(studio, nurse):
    page = nurse.get(studio.url("new?view=vertex")).get_data(as_text=True)
    action = re.search(r'action="([^"]+)" enctype', page)
    assert action
    url = action[1].replace("&amp;", "&")
    sent = {**studio.form(), "pictures": (BytesIO(GOOD[0]), "a.jpg")}

    answer = studio.world.as_role(Role.PHYSICIAN).post(url, sent)

    assert answer.status_code == 409
    assert "Somebody else has opened this page" in answer.get_data(as_text=True)
    sent = {**studio.form(), "pictures": (BytesIO(GOOD[0]), "a.jpg")}
    assert nurse.post(url, sent).status_code == 303


def test_every_look_leaves_one_line(studio, nurse):
    studio.keeps()
    studio.keeps(taken_local=dt.datetime(2026, 11, 1, 9, 0))
    page = nurse.get(studio.url()).get_data(as_text=True)
    for url in re.findall(r'src="([^"]+/thumbnail\?[^"]+)"', page):
        assert nurse.get(url.replace("&amp;", "&")).status_code == 200

    assert len(trail(studio, "photographs.opened")) == 1
    assert trail(studio, "photograph.opened") == []

    (row, _) = rows(studio)
    url = re.findall(r"\?seen=([^\"&]+)", page)[0]
    other = studio.world.as_role(Role.PHYSICIAN)
    other.get(studio.url(row.public_id, f"thumbnail?seen={url}"))  # not the physician's own look
    nurse.get(studio.url(row.public_id, "thumbnail"))
    nurse.get(studio.url(row.public_id, "picture"))
    assert len(trail(studio, "photograph.opened")) == 3
    assert {event.patient_id for event in trail(studio, "photograph.opened")} == {studio.alice.id}


def test_a_refused_form_that_shows_pictures_is_a_look_too(studio, nurse):
    row = studio.keeps()

    page = studio.sends(nurse, view="vertex").get_data(as_text=True)
    assert "/thumbnail?seen=" in page
    assert len(trail(studio, "photographs.opened")) == 1
    page = nurse.post(studio.url(row.public_id, "edit"), {}).get_data(as_text=True)
    assert "/thumbnail?seen=" in page
    assert len(trail(studio, "photograph.opened")) == 1


def test_pages_cost_the_same_with_two_pictures_and_with_twenty(studio, nurse, connection):
    def cost() -> list[int]:
        counts = []
        for part in ("", "/views", "/compare", "/new?view=vertex"):
            with statements(connection) as seen:
                assert nurse.get(studio.url() + part).status_code == 200
            counts.append(len(seen))
        return counts

    studio.keeps()
    studio.keeps()
    cost()
    few = cost()
    for _ in range(18):
        studio.keeps()
    assert cost() == few


def test_two_dates_are_compared_and_what_differs_is_said(studio, nurse):
    wet = studio.described(taken_local=dt.datetime(2026, 8, 1, 9, 0))
    first = studio.keeps(described=wet)
    last = studio.keeps()
    close = studio.keeps(**CLOSE)

    page = nurse.get(studio.url("compare")).get_data(as_text=True)
    assert "Taken the same way" in page
    assert [first.public_id, last.public_id] == re.findall(r'src="[^"]*/([\w-]{22})/picture"', page)
    assert close.public_id not in page

    form = {**studio.form(light="daylight"), "version": str(last.version)}
    assert nurse.post(studio.url(last.public_id, "edit"), form).status_code == 303
    page = nurse.get(studio.url("compare?view=vertex")).get_data(as_text=True)
    assert "Not comparable" in page
    assert re.search(r"Lighting: <bdi>Ring light</bdi>.*<bdi>Daylight</bdi>", page)
    studio.store.drop(first.storage_key)
    assert nurse.get(studio.url("compare?view=vertex")).status_code == 200
    alone = nurse.get(studio.url("compare?view=trichoscopy&zone=vertex")).get_data(as_text=True)
    assert "There is nothing to compare yet" in alone
    assert nurse.get(studio.url("compare?view=x&before=y&mode=z")).status_code == 200


def test_the_next_picture_starts_from_the_last_one(studio, nurse):
    studio.keeps(taken_local=dt.datetime(2026, 8, 1, 9, 0))

    page = nurse.get(studio.url("new?view=vertex")).get_data(as_text=True)
    assert re.search(r'data-ghost src="[^"]+/thumbnail', page)
    assert re.search(r'value="ring"[^>]*checked|checked[^>]*value="ring"', page)
    assert "Reference: the first picture, Aug 1, 2026" in page
    assert "Lighting: <bdi>Ring light</bdi>" in page  # how it must be taken to be comparable
    assert "data-ghost " not in nurse.get(studio.url("new?view=front")).get_data(as_text=True)
    assert nurse.get(studio.url("new?view=trichoscopy")).location == studio.url("views")


def test_a_lost_file_is_said_and_does_not_break_the_page(studio, nurse):
    row = studio.keeps()
    studio.store.drop(row.storage_key)

    assert nurse.get(studio.url(row.public_id, "picture")).status_code == 404
    assert nurse.get(studio.url()).status_code == 200


def test_pictures_are_two_clicks_from_the_patient(studio, nurse):
    studio.keeps(taken_local=dt.datetime(2026, 8, 1, 9, 0))
    studio.keeps()

    patient = nurse.get(f"/patients/{studio.alice.id}").get_data(as_text=True)
    assert f'href="{studio.url()}"' in patient
    assert f'href="{studio.url("compare")}"' in nurse.get(studio.url()).get_data(as_text=True)


def test_the_history_tells_a_day_of_pictures_to_clinicians_alone_while_the_patient_agrees(
    studio, nurse
):
    paper = studio.agrees(RECORD)
    studio.keeps(taken_local=dt.datetime(2026, 8, 1, 9, 0))
    studio.keeps(**CLOSE)
    studio.keeps()
    page = f"/patients/{studio.alice.id}"

    told = nurse.get(page).get_data(as_text=True)
    assert re.search(r'#day-2026-11-23">2 photographs</a>', told)
    assert "<p>Vertex from above, Trichoscopy</p>" in told
    assert re.search(r'#day-2026-08-01">1 photograph</a>', told)
    assert told.index("2 photographs") < told.index("1 photograph<")
    assert 'id="day-2026-11-23"' in nurse.get(studio.url()).get_data(as_text=True)
    desk = studio.world.as_role(Role.RECEPTIONIST).get(page).get_data(as_text=True)
    assert "photograph" not in desk.lower()

    for consent in studio.db.scalars(sa.select(Consent).where(Consent.id != paper.id)):
        studio.withdraws(consent, RECORD)
    studio.withdraws(paper, RECORD)
    assert "#day-2026" not in nurse.get(page).get_data(as_text=True)


def test_a_day_is_the_clinics_day(studio, nurse):
    studio.keeps(taken_local=dt.datetime(2026, 11, 22, 0, 30))

    page = nurse.get(studio.url()).get_data(as_text=True)
    assert "Sunday, November 22, 2026" in page


def test_who_came_from_a_session_goes_back_to_it_and_the_picture_belongs_to_its_visit(
    studio, nurse, chair
):
    session = chair.begin()
    studio.alice = chair.alice
    studio.agrees(RECORD)
    page = nurse.get(f"/sessions/{session.id}").get_data(as_text=True)
    assert f'href="{studio.url()}?appointment_id={session.appointment_id}"' in page

    answer = studio.sends(nurse, GOOD, appointment_id=str(session.appointment_id))
    assert answer.location == studio.url(f"views?appointment_id={session.appointment_id}")
    back = f'href="/appointments/{session.appointment_id}/session"'
    for part in ("views", ""):
        url = f"{studio.url(part).rstrip('/')}?appointment_id={session.appointment_id}"
        assert back in nurse.get(url).get_data(as_text=True)
    (row,) = rows(studio)
    assert row.appointment_id == session.appointment_id
