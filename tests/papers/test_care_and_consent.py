"""The sheet for the days after, and a signed consent: what each says, and what it must not."""

import datetime as dt

import pytest
from pypdfium2 import PdfDocument

from clinic.catalog.values import Modality
from clinic.consents import queries as consent_queries
from clinic.consents import service as consents
from clinic.consents import shipped, writing
from clinic.consents.values import ConsentKind, PutInForce, Scope, SignConsent, WithdrawConsent
from clinic.core.access import Role
from clinic.followup.rules.terms import RED_FLAGS
from clinic.papers import care
from clinic.safety.queries import rules
from clinic.safety.values import Confidence, FactKind
from clinic.scheduling.values import AppointmentStatus
from tests.papers.reading import ink_of, is_embedded, outside_of, pages_of, plain, text_of

TODAY = dt.date(2026, 11, 23)
SQUIGGLE = [[20, 40, 120, 90, 60, 150, 300, 60], [310, 100, 420, 101]]


# ---- aftercare ----


def sheet(world, visit, role=Role.RECEPTIONIST):
    answer = world.as_role(role).get(f"/appointments/{visit.id}/aftercare.pdf")
    assert answer.status_code == 200
    return answer.data


def test_the_sheet_tells_what_to_do_and_when_to_call(world, db, chair):
    world.location.phone, world.location.emergency_phone = "+49305550100", "+49305550199"
    chair.book(dt.datetime(2026, 12, 21, 9, 30), status=AppointmentStatus.BOOKED)

    text = text_of(sheet(world, chair.visit))

    for line in care.lines("after", Modality.PRP):
        assert plain(line.words["en"])[:40] in text
    for code, flag in RED_FLAGS.items():
        assert (flag[:25] in text) is (code != "mixup"), flag
    for said in (
        "+49 30 5550100",
        "+49 30 5550199",
        "December 21, 2026",
        "09:30",
        "Nov 24",
        "Nov 30",
    ):
        assert said in text, said
    assert "not from a guideline" in text


def test_the_sheet_of_the_desk_holds_nothing_but_the_service(world, db, chair):
    chair.knows(FactKind.ALLERGY, "penicillin", label="Penicillin-Allergie")
    chair.signed()

    text = text_of(sheet(world, chair.visit))

    for clinical in ("Penicillin", "K-1", "mL", "Vertex", "ACD-A"):
        assert clinical not in text, clinical


def test_without_a_phone_number_the_sheet_says_to_ask_for_it(world, chair):
    world.location.phone = world.location.emergency_phone = ""

    assert "Ask for the clinic's phone number" in text_of(sheet(world, chair.visit))


LONG = "\n".join(
    f"{n} " + "Kein Hut, keine Sonne, kein Haarspray und keine Farbe. " * 2 for n in range(7)
)


@pytest.mark.parametrize(
    ("language", "words", "said"),
    [
        ("de", {"de": "Kein Hut.\n Kein <b>Rasieren</b>.", "en": "No hat."}, "Kein Rasieren"),
        ("ar", {"de": "Kein Hut.", "en": "No hat."}, "No hat."),
        ("ar", {"de": "Kein Hut."}, "Kein Hut."),
    ],
)
def test_the_clinic_adds_its_own_words_and_none_is_lost(world, chair, language, words, said):
    chair.alice.language = language
    chair.prp.aftercare = words

    text = text_of(sheet(world, chair.visit))

    assert said in text.replace("<b>", "").replace("</b>", "")
    assert "From our clinic" in text or language != "en"


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_red_flags_and_phone_number_stay_on_one_page(world, chair, language):
    world.location.phone, world.location.emergency_phone = "+49305550100", "+49305550199"
    chair.alice.language = language
    chair.prp.aftercare = {language: LONG}
    data = sheet(world, chair.visit)

    pages = [plain(page.get_textpage().get_text_range()) for page in PdfDocument(data)]

    (warning,) = [page.replace(" ", "") for page in pages if "38" in page]  # fever of 38 °C
    assert "5550199" in warning
    assert "15" in warning  # bleeding for 15 minutes, the last but few


def test_the_sheet_says_when_the_service_is_called_about(world, chair):
    chair.prp.follow_up_days = [3, 60]

    text = text_of(sheet(world, chair.visit))

    assert "Nov 26" in text
    assert "Nov 24" not in text
    assert "Jan 22" in text


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_the_sheet_speaks_each_language_with_its_own_fonts(world, chair, language):
    chair.alice.language = language
    data = sheet(world, chair.visit)

    assert is_embedded(data)
    assert outside_of(data) == []
    assert ink_of(data) > 2000


def test_a_consultation_has_no_sheet(world, db, chair):
    from tests import factories

    talk = factories.a_service(db, modality=Modality.CONSULTATION, name="Talk")
    visit = chair.book(dt.datetime(2026, 11, 25, 9, 30), talk)

    desk = world.as_role(Role.RECEPTIONIST)
    answer = desk.get(f"/appointments/{visit.id}/aftercare.pdf", follow_redirects=True)
    assert "no aftercare sheet" in answer.get_data(as_text=True)
    assert (
        world.as_role(Role.ADMINISTRATOR)
        .get(f"/appointments/{chair.visit.id}/aftercare.pdf")
        .status_code
        == 403
    )


@pytest.mark.once
@pytest.mark.parametrize("part", ["before", "after"])
@pytest.mark.parametrize("modality", [Modality.PRP, Modality.MESOTHERAPY])
def test_each_line_of_advice_has_words_a_source_and_a_status(part, modality):
    sources = dict(rules().sources)
    found = care.lines(part, modality)

    assert len(found) >= 5
    for line in found:
        assert line.source in sources, line.code
        assert Confidence(line.status) is not Confidence.GUIDELINE, "practice of clinics only"
        assert all(len(line.words[language]) > 15 for language in care.LANGUAGES), line.code


# ---- the consent ----


@pytest.fixture
def signed(world, db, chair):
    """Alice has signed the example of photographs and of PRP: here the one of PRP, drawn."""
    row = writing.draft(
        db,
        world.actor(Role.ADMINISTRATOR),
        _draft("en"),
    )
    db.flush()
    wish = PutInForce(text_id=row.id, version=row.version, in_force_from=TODAY)
    writing.put_in_force(db, world.actor(Role.PHYSICIAN), wish)
    return consents.sign(
        db,
        SignConsent(
            text_id=row.id,
            patient_id=chair.alice.id,
            language="de",
            photos=frozenset({Scope.PHOTO_TEACHING}),
            signer="Alice Okoye <b>",
            guardian="",
            interpreter="Nour Haddad",
            strokes=SQUIGGLE,
        ),
        witness_id=world.accounts[Role.NURSE].id,
        on=TODAY,
    )


def _draft(language):
    from clinic.consents.values import DraftText

    said = {one: both[1] for one, both in shipped.words(ConsentKind.PRP)[language].items()}
    return DraftText(kind=ConsentKind.PRP, language=language, said=said, version=0)


def consent(world, chair, row, role=Role.RECEPTIONIST):
    return world.as_role(role).get(f"/consents/{row.id}/consent.pdf")


def test_the_whole_text_ticks_names_and_version_are_on_the_paper(world, db, chair, signed):
    data = consent(world, chair, signed).data
    text = text_of(data)

    for heading, said in shipped.words(ConsentKind.PRP)["de"].values():
        assert plain(heading) in text
        assert plain(said)[:35] in text
    assert "BEISPIEL" in text
    for fact in (
        "Alice Okoye <b>",
        "Nour Haddad",
        world.accounts[Role.NURSE].name,
        world.accounts[Role.PHYSICIAN].name,
        "Auf dem Tablet gezeichnet",
        "23. November 2026",
        consent_queries.paper(db, signed.id).text_version,
        "Fotos für die Lehre",
    ):
        assert fact in text, fact
    assert is_embedded(data)
    assert outside_of(data) == []


def test_the_signature_is_drawn_as_lines(world, db, chair, signed):
    data = consent(world, chair, signed).data

    assert b"/Subtype /Image" not in data
    import re
    import zlib

    streams = b"".join(
        zlib.decompress(found)
        for found in re.findall(rb"stream\n(.*?)\nendstream", data, re.DOTALL)
        if found[:1] == b"x"
    )
    assert streams.count(b" l") >= sum(len(stroke) // 2 - 1 for stroke in SQUIGGLE)


def test_what_was_withdrawn_stands_beside_its_scope(world, db, chair, signed):
    consents.withdraw(
        db,
        world.actor(Role.RECEPTIONIST),
        WithdrawConsent(
            consent_id=signed.id,
            scopes=frozenset({Scope.PHOTO_TEACHING}),
            withdrawn_on=TODAY,
            reason="recognised in a lecture",
        ),
    )

    data = consent(world, chair, signed).data
    text = text_of(data)

    assert text.count("Widerrufen") == 1, "the head of a column: the treatment stands"
    assert "recognised in a" in text
    assert world.accounts[Role.RECEPTIONIST].name in text


def test_a_consent_that_does_not_count_says_so_across_each_page(world, db, chair, signed):
    wish = WithdrawConsent(
        consent_id=signed.id,
        scopes=frozenset({Scope.TREATMENT}),
        withdrawn_on=TODAY,
        reason="a change of mind",
    )
    consents.withdraw(db, world.actor(Role.RECEPTIONIST), wish)

    data = consent(world, chair, signed).data

    assert text_of(data).count("Widerrufen") == 1 + pages_of(data)


def test_a_consent_on_paper_says_that_the_clinic_keeps_it(world, db, chair):
    kept = consent_queries.for_histories(db, [chair.alice.id])[0][1]

    answer = consent(world, chair, kept)

    assert "signed on paper" in text_of(answer.data)


def test_the_consent_of_another_place_is_not_found(world, db, chair, signed):
    from tests import factories

    assert consent(world, chair, signed, Role.ADMINISTRATOR).status_code == 403
    assert world.stranger().get(f"/consents/{signed.id}/consent.pdf").status_code == 303
    chair.alice.location_id = factories.a_location(db).id
    db.flush()
    assert consent(world, chair, signed, Role.NURSE).status_code == 404
    assert world.as_role(Role.NURSE).get("/consents/999999/consent.pdf").status_code == 404
