"""Consent texts: what one must hold, drafts, putting in force, never changed afterwards."""

import datetime as dt
from dataclasses import replace

import pytest

from clinic.consents import queries, rules, service, shipped, writing
from clinic.consents.values import ConsentKind, DraftText, PutInForce
from clinic.core.access import PasswordNeeded, Role
from clinic.core.errors import Conflict, Invalid, StaleEdit

TODAY = dt.date(2026, 11, 23)
CLINICAL_MD_7 = {
    "both": 16,  # of its list; version, signatures and time are columns of the signed consent
    "prp": 6,
    "mesotherapy": 4,
}


@pytest.fixture
def physician(world, db):
    service.install_defaults(db)
    return world.actor(Role.PHYSICIAN)


def draft(db, kind=ConsentKind.PRP):
    return queries.draft_of(db, kind)


def put(db, actor, text, *, on=TODAY):
    wish = PutInForce(text_id=text.id, version=text.version, in_force_from=on)
    return writing.put_in_force(db, actor, wish)


# ---- what a text holds ----


@pytest.mark.once
def test_the_elements_are_those_of_the_domain_notes():
    shared = set(rules.ELEMENTS[ConsentKind.PRP]) & set(rules.ELEMENTS[ConsentKind.MESOTHERAPY])

    assert len(shared) == CLINICAL_MD_7["both"] + 1  # risks and what is done are said apart
    for kind in ("prp", "mesotherapy"):
        assert len(set(rules.ELEMENTS[ConsentKind(kind)]) - shared) == CLINICAL_MD_7[kind]


@pytest.mark.once
@pytest.mark.parametrize("language", shipped.LANGUAGES)
@pytest.mark.parametrize("kind", list(ConsentKind))
def test_the_example_holds_every_element_in_every_language(kind, language):
    said = shipped.words(kind)[language]

    for element in rules.elements(kind):
        heading, text = said[element]
        assert heading.strip(), element
        assert len(text) > 30, element
    assert rules.missing(kind, shipped.words(kind)) == ()


@pytest.mark.once
def test_the_example_says_that_it_is_one():
    assert "EXAMPLE" in shipped.words(ConsentKind.PRP)["en"][rules.NOTE][1]
    assert "not legal advice" in shipped.words(ConsentKind.PHOTOGRAPHS)["en"][rules.NOTE][1]


@pytest.mark.once
@pytest.mark.parametrize("kind", list(ConsentKind))
def test_each_missing_element_is_named(kind):
    for element in rules.ELEMENTS[kind]:
        words = shipped.words(kind)
        words["de"][element][1] = "  "
        del words["ar"][element]
        assert rules.missing(kind, words) == (("de", element), ("ar", element))
    assert rules.missing(kind, {})


# ---- in force ----


def test_a_new_clinic_has_nothing_in_force_that_nobody_read(db, physician):
    assert [text.version_name for text in queries.texts(db)] == ["1.0"] * len(ConsentKind)
    assert queries.to_sign(db, on=TODAY) == []
    assert draft(db).words == shipped.words(ConsentKind.PRP)


def test_a_physician_puts_a_text_in_force_by_name_and_date(db, physician):
    text = put(db, physician, draft(db))

    in_force = queries.text_in_force(db, ConsentKind.PRP, on=TODAY)
    assert in_force is text
    newest = queries.versions(db)[0]
    assert [one.id for one in queries.to_sign(db, on=TODAY)] == [text.id]
    assert newest.in_force_from is None  # drafts of the others stand first
    assert (text.approved_by_id, text.approved_at is None) == (physician.id, False)


def test_a_text_that_lacks_something_is_refused_and_told_what(db, physician, world):
    admin = world.actor(Role.ADMINISTRATOR)
    text = draft(db)
    said = {one: both[1] for one, both in text.words["de"].items()} | {"risks": " "}
    wish = DraftText(kind=ConsentKind.PRP, language="de", said=said, version=text.version)
    writing.draft(db, admin, wish)
    db.flush()

    with pytest.raises(writing.Incomplete) as refused:
        put(db, physician, text)
    assert refused.value.missing == (("de", "risks"),)


def test_a_language_without_words_is_left_out(db, physician, world):
    text = draft(db)
    wish = DraftText(kind=ConsentKind.PRP, language="ar", said={}, version=text.version)
    writing.draft(db, world.actor(Role.ADMINISTRATOR), wish)
    db.flush()

    assert set(put(db, physician, text).words) == {"en", "de"}


def test_the_next_version_begins_with_the_words_in_force(db, physician, world):
    put(db, physician, draft(db))
    db.flush()
    said = {one: both[1] for one, both in shipped.words(ConsentKind.PRP)["en"].items()}
    wish = DraftText(
        kind=ConsentKind.PRP, language="en", said=said | {"cost": "100 each."}, version=0
    )

    row = writing.draft(db, world.actor(Role.ADMINISTRATOR), wish)

    assert (row.version_name, row.in_force_from) == ("3.0", None)
    assert row.words["en"]["cost"] == ["Cost", "100 each."]
    assert row.words["ar"] == shipped.words(ConsentKind.PRP)["ar"]


def test_who_was_slower_is_told(db, physician, world):
    text = draft(db)
    wish = DraftText(kind=ConsentKind.PRP, language="en", said={}, version=text.version + 1)
    with pytest.raises(StaleEdit):
        writing.draft(db, world.actor(Role.ADMINISTRATOR), wish)
    with pytest.raises(StaleEdit):
        writing.put_in_force(
            db,
            physician,
            PutInForce(text_id=text.id, version=text.version + 1, in_force_from=TODAY),
        )


def test_a_text_is_put_in_force_once_and_not_for_the_past(db, physician):
    text = draft(db)
    with pytest.raises(Invalid) as past:
        put(db, physician, text, on=TODAY - dt.timedelta(days=1))
    assert past.value.field == "in_force"
    put(db, physician, text)
    with pytest.raises(Conflict):
        put(db, physician, text)


def test_no_version_comes_before_one_that_is_to_come(db, physician, world):
    put(db, physician, draft(db), on=TODAY + dt.timedelta(days=10))
    db.flush()
    said = {one: both[1] for one, both in shipped.words(ConsentKind.PRP)["en"].items()}
    admin = world.actor(Role.ADMINISTRATOR)
    wish = DraftText(kind=ConsentKind.PRP, language="en", said=said, version=0)
    text = writing.draft(db, admin, wish)
    db.flush()

    with pytest.raises(Invalid, match="choose that day"):
        put(db, physician, text)


def test_putting_in_force_asks_for_the_password(db, physician):
    with pytest.raises(PasswordNeeded):
        put(db, replace(physician, confirmed_at=None), draft(db))


# ---- the pages ----


def text_of(answer):
    return answer.get_data(as_text=True)


def test_the_administrator_writes_and_the_physician_puts_in_force(world, db, physician):
    admin, doctor = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.PHYSICIAN)
    text = draft(db)
    url = "/consent-texts/prp/draft/en"
    said = {f"part_{one}": both[1] for one, both in text.words["en"].items()}

    page = text_of(admin.get(url))
    assert said["part_risks"][:40] in page
    kept = admin.post(url, {**said, "part_cost": "", "seen": text.version})
    assert kept.status_code == 303
    shown = text_of(doctor.get(f"/consent-texts/{text.id}"))
    assert "something that a consent text must hold is missing" in shown
    db.refresh(text)
    form = {"seen": text.version, "in_force": TODAY.isoformat(), "is_read": "y"}
    assert doctor.post(f"/consent-texts/{text.id}/force", form).status_code == 422

    admin.post(url, {**said, "seen": text.version})
    db.refresh(text)
    form["seen"] = text.version
    unread = doctor.post(f"/consent-texts/{text.id}/force", {**form, "is_read": ""})
    assert unread.status_code == 422
    assert doctor.post(f"/consent-texts/{text.id}/force", form).status_code == 303
    assert doctor.post(f"/consent-texts/{text.id}/force", form).status_code == 409
    assert world.accounts[Role.PHYSICIAN].name in text_of(doctor.get("/consent-texts"))


def test_a_stale_edit_shows_both(world, db, physician):
    admin = world.as_role(Role.ADMINISTRATOR)
    text = draft(db)
    form = {"part_cost": "Mine.", "seen": text.version}
    admin.post("/consent-texts/prp/draft/en", {"part_cost": "Theirs.", "seen": text.version})

    answer = admin.post("/consent-texts/prp/draft/en", form)

    assert answer.status_code == 409
    assert "Theirs." in text_of(answer)
    assert "Mine." in text_of(answer)


@pytest.mark.parametrize(
    "url", ["/consent-texts/surgery/draft/en", "/consent-texts/prp/draft/xx", "/consent-texts/9999"]
)
def test_what_is_not_there_is_not_found(world, physician, url):
    assert world.as_role(Role.ADMINISTRATOR).get(url).status_code == 404


def test_the_words_cannot_break_the_page(world, db, physician):
    text = draft(db)
    admin = world.as_role(Role.ADMINISTRATOR)
    form = {"part_cost": "<script>alert(1)</script>", "seen": text.version}
    admin.post("/consent-texts/prp/draft/en", form)

    page = text_of(admin.get(f"/consent-texts/{text.id}?language=en"))
    assert "&lt;script&gt;alert" in page
    assert "<script>alert" not in page
