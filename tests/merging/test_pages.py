"""The pages of two records: the list, side by side, merging, two people, taking it back."""

import datetime as dt
import threading
from dataclasses import replace

import pytest

from clinic.core import clock as clinic_clock
from clinic.core.access import Role
from clinic.core.errors import Conflict
from clinic.merging import queries, service
from clinic.merging.values import FILE, MergePatients
from clinic.patients import service as patient_service
from clinic.patients.models import Patient
from clinic.patients.values import PatientStatus
from clinic.safety.values import FactKind
from tests import factories
from tests.counting import statements
from tests.merging.conftest import COMING
from tests.scheduling.test_race import a_clinic, real

__all__ = ["real"]


def text(page):
    return page.get_data(as_text=True)


@pytest.fixture
def desk(world):
    return world.as_role(Role.RECEPTIONIST)


def sent(two, **changes):
    return {
        "other_id": two.gone.id,
        "version": two.kept.version,
        "other_version": two.gone.version,
        "reason": "Same passport",
        "keep_file_number": "0",
        **changes,
    }


def alike(two, db, **changes):
    """Let the two records look like one person."""
    values = {"family_name": "Okoje", "birth_date": two.kept.birth_date, **changes}
    for name, value in values.items():
        setattr(two.gone, name, value)
    db.flush()
    patient_service.write_keys(db, [two.kept.id, two.gone.id])


# ---- the list ----

CROWD = [
    "Adler",
    "Brandt",
    "Conrad",
    "Dietrich",
    "Engel",
    "Fuchs",
    "Gerber",
    "Hagen",
    "Imhof",
    "Jung",
    "Kaiser",
    "Lorenz",
    "Morgenstern",
    "Neumann",
    "Ott",
    "Pfeiffer",
    "Quandt",
    "Richter",
    "Seidel",
    "Thoma",
    "Ulrich",
    "Vogt",
    "Winkler",
    "Zimmermann",
]


@pytest.mark.parametrize(
    ("changes", "words"),
    [({}, "similar name"), ({"phone": "kept", "birth_date": None}, "Same phone number")],
)
def test_pairs_that_look_alike_are_listed(two, db, desk, changes, words):
    if changes:
        changes = {**changes, "phone": two.kept.phone}
    alike(two, db, **changes)

    page = text(desk.get("/patients/duplicates"))
    for said in (words, two.kept.file_number, two.gone.file_number, "Compare"):
        assert said in page


def test_others_are_not_listed(two, db, desk):
    factories.a_patient(db, location=two.world.location, birth_date=two.kept.birth_date)
    elsewhere = factories.a_location(db)
    twin = factories.a_patient(db, location=elsewhere, family_name="Okoye", phone=two.kept.phone)
    erased = factories.a_patient(db, location=two.world.location, phone=two.kept.phone)
    erased.status = PatientStatus.ERASED
    patient_service.write_keys(db, [two.kept.id, twin.id, erased.id])

    assert "No two records look alike" in text(desk.get("/patients/duplicates"))


def test_two_people_are_not_asked_about_again_until_it_is_taken_back(two, db, desk):
    alike(two, db)
    url = f"/patients/{two.kept.id}/apart"
    for _ in range(2):
        answer = desk.post(url, {"other_id": two.gone.id, "why": "Twin sisters"})
        assert answer.status_code == 303
    assert "No two records look alike" in text(desk.get("/patients/duplicates"))
    assert queries.likely(db, location_id=two.world.location.id) == []

    (one,) = queries.recent(db, location_id=two.world.location.id, now=two.world.later())
    page = text(desk.get(f"/patients/decisions/{one.id}"))
    assert "Twin sisters" in page
    assert desk.post(f"/patients/decisions/{one.id}/undo").status_code == 303
    assert "Compare" in text(desk.get("/patients/duplicates"))


def test_the_list_takes_as_many_statements_for_one_pair_as_for_ten(two, db, desk, connection):
    alike(two, db)

    def cost():
        with statements(connection) as seen:
            desk.get("/patients/duplicates")
        return len(seen)

    cost()
    one = cost()
    more = [factories.a_patient(db, location=two.world.location, phone="+49301") for _ in range(5)]
    patient_service.write_keys(db, [patient.id for patient in more])
    assert cost() == one


def test_a_pair_is_found_however_many_look_a_little_alike_after_it(two, db, desk):
    """More than two hundred newer ones share a birth date and one name: they hid the pair."""
    alike(two, db)
    crowd = [
        factories.a_patient(
            db,
            location=two.world.location,
            family_name=name,
            given_name=two.kept.given_name,
            birth_date=two.kept.birth_date,
            phone="",
        ).id
        for name in CROWD
    ]
    patient_service.write_keys(db, crowd)
    db.flush()

    found = queries.likely(db, location_id=two.world.location.id)

    assert {two.kept.id, two.gone.id} in [{pair.one.id, pair.other.id} for pair in found]


# ---- side by side ----


def test_a_second_record_is_looked_for_first(two, desk):
    answer = desk.get(f"/patients/{two.kept.id}/merge")

    assert answer.status_code == 303
    assert answer.location == f"/patients?pick=1&next=/patients/{two.kept.id}/merge"
    found = text(desk.get(answer.location + "&q=okoje"))
    assert f"/patients/{two.kept.id}/merge?patient_id={two.gone.id}" in found


@pytest.mark.parametrize(("role", "is_clinical"), [(Role.RECEPTIONIST, False), (Role.NURSE, True)])
def test_both_records_stand_side_by_side_with_what_comes_together(two, world, role, is_clinical):
    two.fact(FactKind.CONDITION, "keloid")
    two.course()
    url = f"/patients/{two.kept.id}/merge?patient_id={two.gone.id}"

    page = text(world.as_role(role).get(url))
    for words in ("Alice Okoye", "Alicia Okoje", "Apr 12, 1985", "Apr 13, 1985", "Courses"):
        assert words in page
    assert ("Medical facts" in page) is is_clinical
    assert ("Other entries of the medical record" in page) is not is_clinical
    assert page.count('type="radio"') == 2 * 5


def test_the_chosen_values_are_kept_and_the_old_address_leads_on(two, db, desk, world):
    answer = desk.post(
        f"/patients/{two.kept.id}/merge", sent(two, keep_name="1", keep_phone="1", keep_email="0")
    )

    assert answer.location == f"/patients/{two.kept.id}"
    db.refresh(two.kept)
    assert (two.kept.family_name, two.kept.phone, two.kept.email) == ("Okoje", "+4915112345678", "")
    nurse = world.as_role(Role.NURSE)
    for tail in ("", "/edit", "/consents", "/messages", "/facts"):
        led = nurse.get(f"/patients/{two.gone.id}{tail}")
        assert led.status_code == 303, tail
        assert led.location == f"/patients/{two.kept.id}{tail}"
    page = text(nurse.get(f"/patients/{two.gone.id}", follow_redirects=True))
    assert "was merged into this one" in page
    assert nurse.get(f"/appointments/new?patient_id={two.gone.id}").location.endswith(
        f"patient_id={two.kept.id}"
    )
    assert desk.post(f"/patients/{two.gone.id}/edit", {"family_name": "X"}).status_code == 409
    assert "also Alicia Okoje" in text(desk.get("/patients?q=okoye"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": " "}, "Please fill this in"),
        ({"reason": "x" * 301}, "At most 300"),
        ({"keep_name": "7"}, "Choose one of the list"),
        ({"keep_file_number": "-1"}, "Choose one of the list"),
        ({"version": "x"}, "Choose one of the list"),
        ({"other_version": ""}, "Please fill this in"),
    ],
)
def test_bad_input_is_refused_and_nothing_typed_is_lost(two, db, desk, changes, words):
    form = sent(two, keep_phone="1", **{"reason": "Same passport", **changes})

    answer = desk.post(f"/patients/{two.kept.id}/merge", form)
    page = text(answer)
    assert answer.status_code == 422
    assert words in page
    assert page.count('name="keep_phone" value="1" checked') == 1
    if "reason" not in changes:
        assert "Same passport" in page
    db.refresh(two.gone)
    assert two.gone.status is PatientStatus.ACTIVE


@pytest.mark.parametrize("other", ["", "x", "0", "99999999999", "-1"])
def test_without_a_second_record_it_begins_anew(two, desk, other):
    answer = desk.post(f"/patients/{two.kept.id}/merge", sent(two, other_id=other))

    assert answer.status_code == 303
    assert answer.location == f"/patients/{two.kept.id}/merge"


def test_a_record_with_itself_and_one_that_does_not_exist(two, desk):
    same = f"/patients/{two.kept.id}/merge?patient_id={two.kept.id}"
    assert "This is the same record" in text(desk.get(same))
    answer = desk.post(f"/patients/{two.kept.id}/merge", sent(two, other_id=two.kept.id))
    assert answer.status_code == 409
    assert desk.get(f"/patients/{two.kept.id}/merge?patient_id=999999").status_code == 404
    form = sent(two, other_id=999999)
    assert desk.post(f"/patients/{two.kept.id}/merge", form).status_code == 404
    assert desk.get("/patients/decisions/999999").status_code == 404


def test_a_page_that_is_out_of_date_shows_both_records_anew(two, db, desk):
    form = sent(two)
    two.gone.phone = "+4930111222"
    db.flush()

    answer = desk.post(f"/patients/{two.kept.id}/merge", form)
    assert answer.status_code == 409
    assert "+49 30 111222" in text(answer)
    again = sent(two)
    assert desk.post(f"/patients/{two.kept.id}/merge", again).status_code == 303
    assert desk.post(f"/patients/{two.kept.id}/merge", again).status_code == 409


def test_visits_at_one_time_are_linked_and_the_button_is_not_there(two, desk):
    mine = two.visit(COMING, patient=two.kept)
    theirs = two.visit(COMING)
    url = f"/patients/{two.kept.id}/merge"

    for answer in (desk.get(f"{url}?patient_id={two.gone.id}"), desk.post(url, sent(two))):
        page = text(answer)
        assert f"/appointments/{mine.id}" in page
        assert f"/appointments/{theirs.id}" in page
        assert "Merge the two records" not in page
    assert answer.status_code == 409


def test_the_password_is_asked_for_after_ten_minutes_and_nothing_is_lost(two, desk, clock, db):
    clock(two.world.later(minutes=11))

    answer = desk.post(f"/patients/{two.kept.id}/merge", sent(two))
    assert answer.status_code == 422
    assert "Your password again" in text(answer)
    assert "Same passport" in text(answer)
    db.refresh(two.gone)
    assert two.gone.status is PatientStatus.ACTIVE


# ---- taken back ----


def test_a_merge_is_taken_back_from_its_page(two, db, desk):
    two.visit()
    desk.post(f"/patients/{two.kept.id}/merge", sent(two, keep_phone="1"))
    (one,) = queries.recent(db, location_id=two.world.location.id, now=two.world.later())
    url = f"/patients/decisions/{one.id}"

    page = text(desk.get(url))
    for words in ("Same passport", "1 goes back", "Take the merge back"):
        assert words in page
    assert desk.post(f"{url}/undo").location == url
    again = desk.post(f"{url}/undo")
    assert again.status_code == 409
    assert "already" in text(again)
    assert desk.get(f"/patients/{two.gone.id}").status_code == 200


def test_taking_back_asks_for_the_password_after_ten_minutes(two, db, desk, clock):
    pair = two.merge()
    clock(two.world.later(minutes=11))

    answer = desk.post(f"/patients/decisions/{pair.id}/undo")
    assert answer.status_code == 422
    assert "Your password again" in text(answer)
    db.refresh(two.gone)
    assert two.gone.status is PatientStatus.MERGED


def test_after_thirty_days_the_button_is_gone(two, db, desk, clock, world):
    pair = two.merge()
    clock(pair.decided_at + dt.timedelta(days=31))
    desk = world.as_role(Role.RECEPTIONIST)

    assert "That time is over" in text(desk.get(f"/patients/decisions/{pair.id}"))
    assert desk.post(f"/patients/decisions/{pair.id}/undo").status_code == 409


# ---- at once ----


def test_two_people_merge_the_same_records_at_once(real):
    nobody, _, (one, other, *_) = a_clinic(real)
    actor = replace(nobody, confirmed_at=clinic_clock.now())
    begin, told = threading.Barrier(2), []

    def merge(ids):
        wish = MergePatients(
            patient_id=ids[0],
            other_id=ids[1],
            versions={},
            choices={FILE: ids[0]},
            reason="One person",
        )
        begin.wait()
        try:
            with real.write() as db, db.begin():
                service.merge(db, actor, wish)
            told.append("merged")
        except Conflict:
            told.append("refused")

    threads = [threading.Thread(target=merge, args=(ids,)) for ids in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(told) == ["merged", "refused"]
    with real.read() as db:
        standing = [db.get(Patient, number).status for number in (one, other)]
    assert sorted(standing) == [PatientStatus.ACTIVE, PatientStatus.MERGED]
