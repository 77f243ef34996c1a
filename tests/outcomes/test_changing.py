"""The pages that describe a photograph anew, remove it, put it back, and give copies out."""

import re

from clinic.consents.values import Scope
from clinic.core.access import Role
from clinic.outcomes import queries
from clinic.outcomes.values import PhotographState
from tests.outcomes.conftest import opened, trail

TEACHING = Scope.PHOTO_TEACHING


def test_a_stale_description_shows_the_form_again_with_what_was_typed(studio, nurse):
    row = studio.keeps()
    form = {**studio.form(distance_cm="55"), "version": "1"}
    assert nurse.post(studio.url(row.public_id, "edit"), form).status_code == 303

    answer = nurse.post(studio.url(row.public_id, "edit"), {**form, "distance_cm": "66"})
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert 'value="66"' in page
    assert "Somebody else has changed this photograph" in page
    renewed = re.search(r'name="version"[^>]*value="(\d+)"', page)
    assert renewed
    again = {**form, "distance_cm": "66", "version": renewed[1]}
    assert nurse.post(studio.url(row.public_id, "edit"), again).status_code == 303
    studio.db.refresh(row)
    assert row.distance_cm == 66


def test_removing_asks_why_and_is_shown_as_removed(studio, nurse):
    row, doctor = studio.keeps(), studio.world.as_role(Role.PHYSICIAN)
    url = studio.url(row.public_id, "removal")

    assert nurse.post(url, {"reason": "x"}).status_code == 403
    assert doctor.post(url, {"reason": " "}).status_code == 422
    assert row.state is PhotographState.KEPT
    assert doctor.post(url, {"reason": "Another patient’s"}).status_code == 303

    page = nurse.get(studio.url()).get_data(as_text=True)
    assert "Removed photographs" in page
    assert "Another patient’s" in page
    assert nurse.get(studio.url(row.public_id, "picture")).status_code == 404
    assert nurse.post(studio.url(row.public_id, "restoration")).status_code == 403
    assert doctor.post(studio.url(row.public_id, "restoration")).status_code == 303
    assert nurse.get(studio.url(row.public_id, "picture")).status_code == 200


def test_a_copy_is_a_file_that_is_written_down(studio, nurse):
    row, doctor = studio.keeps(uses=frozenset({TEACHING})), studio.world.as_role(Role.PHYSICIAN)
    url = studio.url(row.public_id, "copies")

    copy = doctor.post(url, {"use": "photo_teaching"})
    assert copy.headers["Content-Disposition"].startswith("attachment; filename=")
    assert opened(copy.data).size == (400, 300)
    assert doctor.post(url, {"use": "photo_publication"}).status_code == 409
    for use in ("treatment", "", "x"):
        assert doctor.post(url, {"use": use}).status_code == 422
    assert nurse.post(url, {"use": "photo_teaching"}).status_code == 403

    assert len(queries.copies(studio.db, studio.alice.id)) == 1
    assert "Copies given out" in doctor.get(studio.url()).get_data(as_text=True)
    assert trail(studio, "photograph.given_out")[0].detail == {"use": "photo_teaching"}


def test_only_what_may_be_used_for_teaching_is_shown_as_such(studio, nurse):
    one = studio.keeps(uses=frozenset({TEACHING}))
    other = studio.keeps()

    page = nurse.get(studio.url() + "?use=photo_teaching").get_data(as_text=True)
    assert one.public_id in page
    assert other.public_id not in page
    assert nurse.get(studio.url() + "?use=treatment").status_code == 200
