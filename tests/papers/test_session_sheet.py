"""The record of a session on paper: every fact of it, in every language, however much there is."""

import datetime as dt
import random
from dataclasses import replace
from threading import BoundedSemaphore

import pytest
import sqlalchemy as sa
from pypdfium2 import PdfDocument

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.zones import Zone
from clinic.papers import drawing, session_sheet, views
from clinic.papers import queries as paper_queries
from clinic.treatments.delivery import Device, MeasureZones, Technique
from clinic.treatments.rules import scalp
from clinic.treatments.rules.outlines import is_inside, polygon
from clinic.treatments.service import areas
from clinic.treatments.service import sessions as service
from clinic.treatments.values import AddAddendum, Content, LotAmount, Place, Site, View
from tests.papers.reading import ink_of, is_embedded, outside_of, pages_of, picture_of, text_of
from tests.treatments.conftest import TODAY, some_sites, spot


def paper(world, session, role=Role.PHYSICIAN):
    answer = world.as_role(role).get(f"/sessions/{session.id}/record.pdf")
    assert answer.status_code == 200
    return answer


def test_every_fact_of_the_record_is_on_the_paper(world, db, chair):
    content = chair.whole(pain=4, note="Numbing cream helped.\nSecond line.")
    session = chair.signed(content)
    wish = AddAddendum(session_id=session.id, body="The left was treated too.", reason="forgotten")
    service.add(db, chair.actor(), wish)

    text = text_of(paper(world, session).data)

    for fact in (
        "Session record",
        "PRP",
        f"{chair.alice.given_name} Okoye",
        chair.alice.file_number,
        "30 mL",
        "ACD-A, 3 mL",
        "5 mL",
        "Angel kit",
        chair.kit.lot_no,
        "Nov 30, 2027",
        "Blood kit or tube",
        "Vertex",
        "40",
        "4 mL",
        "1–40",
        "0.1 mL",
        "3 mm",
        "30 G × 4 mm",
        "Numbing cream helped.",
        "Second line.",
        "Pain, 0 to 10 4",
        "Right patient",
        session.content_hash,
        "The left was treated too.",
        "Reason: forgotten",
        world.accounts[Role.PHYSICIAN].name,
        "Page 1 of",
        world.location.name,
        "L and R are the patient",
    ):
        assert fact in text, fact
    assert "Not signed" not in text


def test_a_mix_its_technique_and_measured_zones_are_on_the_paper(world, db, chair):
    visit = chair.book(dt.datetime(2026, 11, 23, 12, 0), chair.mesotherapy)
    session = chair.begin(visit=visit)
    wish = MeasureZones(patient_id=chair.alice.id, measured_on=TODAY, areas=((Zone.VERTEX, 5_000),))
    areas.measure(db, chair.actor(), wish)
    content = Content(
        sites=some_sites(20, volume_ul=50, technique=Technique.NAPPAGE, device=Device.GUN),
        lots=(LotAmount(lot_id=chair.vitamins.id, amount_ul=1_000),),
    )
    chair.sign(session, content)

    text = text_of(paper(world, session).data)

    for fact in (
        "Hair mix",
        "V-3",
        "Mesotherapy",
        "1–20",
        "0.05 mL",
        "0.02",
        "Technique",
        "Nappage",
    ):
        assert fact in text, fact


def test_a_draft_says_across_each_page_that_it_is_not_signed(world, db, chair):
    session = chair.begin()
    chair.prepare(session)
    chair.save(session, chair.whole())

    draft = paper(world, session).data
    chair.sign(session)
    signed = paper(world, session).data

    assert "A draft: it is not signed" in text_of(draft)
    assert text_of(draft).count("Not signed") > pages_of(draft)
    assert ink_of(draft) > ink_of(signed)


def test_it_reaches_for_nothing_outside_and_brings_its_fonts(world, chair):
    data = paper(world, chair.signed()).data

    assert outside_of(data) == []
    assert is_embedded(data)
    assert b"http" not in data


def test_the_same_record_gives_the_same_bytes(world, chair):
    session = chair.signed()

    assert paper(world, session).data == paper(world, session).data


def test_it_is_handed_out_and_kept_nowhere(world, db, chair):
    answer = paper(world, chair.signed())

    assert answer.mimetype == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "Okoye" not in answer.headers["Content-Disposition"]
    assert "session_record.opened" in db.scalars(sa.select(AuditEvent.action)).all()


def test_four_hundred_points_in_five_views_are_drawn(world, db, chair):
    sites = []
    for view, zone in (
        (View.TOP, Zone.VERTEX),
        (View.FRONT, Zone.FRONTAL_HAIRLINE),
        (View.LEFT, Zone.PARIETAL_L),
        (View.RIGHT, Zone.PARIETAL_R),
        (View.BACK, Zone.OCCIPITAL),
    ):
        sites += some_sites(80, zone, volume_ul=12, place=spot(zone, view))
    numbered = tuple(replace(site, seq=n) for n, site in enumerate(sites, 1))
    session = chair.signed(chair.whole(sites=numbered, soft_limits_accepted=True))

    data = paper(world, session).data
    text = text_of(data)

    for name in ("Top", "Front", "Left side", "Right side", "Back", "321–400", "400"):
        assert name in text, name
    assert "checked and accepted" in text
    assert len(data) < 200_000


@pytest.mark.parametrize(
    ("language", "words"),
    [("de", ["Seite 1 von", "geboren"]), ("ar", ["الجلسة"]), ("xx", ["Page 1 of"])],
)
def test_it_speaks_the_patients_language_or_else_english(world, db, chair, language, words):
    chair.alice.language = language
    session = chair.signed()

    text = text_of(paper(world, session).data)

    for word in words:
        # A text layer keeps Arabic as it is drawn: the letters of a word are looked for.
        assert word in text or set(word) <= set(text), word
    # A reader of text guesses the order beside Arabic; the picture was looked at.
    assert "K-17" in text or "-17K" in text


def test_in_arabic_the_reading_begins_at_the_right(world, db, chair):
    chair.alice.language = "ar"
    record = picture_of(paper(world, chair.signed()).data)
    chair.alice.language = "en"
    wide = record.size[0]
    title = (0, 60, wide, 110)

    def side(picture):
        left, _, right, _ = picture.crop(title).point(lambda v: 255 if v < 128 else 0).getbbox()
        return left, wide - right

    left, right = side(record)
    assert right < left


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "Ali\u202eCilA", "هدى المصري", "Ибрагим", "中村", "a" * 120],
)
def test_hostile_and_foreign_names_are_written_not_obeyed(world, db, chair, name):
    chair.alice.given_name = name
    data = paper(world, chair.signed()).data
    text = text_of(data)

    assert "Okoye" in text
    assert "\u202e" not in text
    if name.isascii():
        assert name in text.replace(" ", "") or name in text
    if name == "中村":
        assert "ZhongCun" in text


def test_what_a_newer_format_signs_is_printed_by_its_name(world, db, chair, monkeypatch):
    monkeypatch.setitem(paper_queries._PRINTED, "preparation", {"layer"})
    session = chair.signed()

    text = text_of(paper(world, session).data)

    assert "preparation 1: blood_ul 30000" in text


def test_what_was_given_outside_of_the_limits_is_printed_with_its_reason(world, chair):
    lots = (LotAmount(lot_id=chair.lidocaine.id, amount_ul=11_701),)
    given = Content(lots=lots, weight_g=52_000, weight_on=TODAY, sites=some_sites(3))
    ended = chair.abort(chair.prepared(), given, "anaesthetic@amount_1")

    said = " ".join(text_of(paper(world, ended).data).split())

    for words in ("Given outside of the limits", "234.02 mg is too much", "It was in the syringe"):
        assert words in said


def test_a_long_note_and_many_addenda_run_over_pages(world, db, chair):
    session = chair.signed(chair.whole(note="word " * 700))
    for n in range(12):
        wish = AddAddendum(session_id=session.id, body=f"Addendum {n}. " + "x " * 300, reason="r")
        service.add(db, chair.actor(), wish)

    data = paper(world, session).data

    assert pages_of(data) >= 4
    text = text_of(data)
    assert all(f"Addendum {n}." in text for n in range(12))
    assert f"Page {pages_of(data)} of {pages_of(data)}" in text


@pytest.mark.parametrize(
    ("note", "word", "count"),
    [
        ("line\n" * 790, "line", 790),
        ("W" * 4000, "W", 4000),
        ("~" * 4000, "~", 4000),
        ("short\n" * 9, "short", 9),
    ],
)
def test_no_note_is_too_tall_for_its_paper(world, chair, note, word, count):
    session = chair.signed(chair.whole(note=note))

    assert text_of(paper(world, session).data).count(word) >= count


def test_points_given_in_turns_run_over_pages(world, chair):
    sides = [
        some_sites(200, zone, volume_ul=12, place=spot(zone, view))
        for zone, view in ((Zone.PARIETAL_L, View.LEFT), (Zone.PARIETAL_R, View.RIGHT))
    ]
    turns = [site for pair in zip(*sides, strict=True) for site in pair]
    sites = tuple(replace(site, seq=n) for n, site in enumerate(turns, 1))
    session = chair.signed(chair.whole(sites=sites, soft_limits_accepted=True))

    text = text_of(paper(world, session).data)

    assert "395, 397, 399" in text
    assert "396, 398, 400" in text


def test_reception_and_strangers_get_no_record(world, chair):
    session = chair.signed()

    assert (
        world.as_role(Role.RECEPTIONIST).get(f"/sessions/{session.id}/record.pdf").status_code
        == 403
    )
    assert world.stranger().get(f"/sessions/{session.id}/record.pdf").status_code == 303
    assert world.as_role(Role.NURSE).get("/sessions/999999/record.pdf").status_code == 404


def scattered(zone, count, first=1):
    """Points all over a zone of the view from above, no two in one place."""
    outline = polygon(scalp.drawing(View.TOP).shape(zone).path)
    left, right = min(x for x, _ in outline), max(x for x, _ in outline)
    upper, lower = min(y for _, y in outline), max(y for _, y in outline)
    dice = random.Random(zone.value)
    places: list[Place] = []
    while len(places) < count:
        x, y = dice.randint(int(left), int(right)), dice.randint(int(upper), int(lower))
        across, down = scalp.permille(x, y)
        place = Place(view=View.TOP, x_permille=across, y_permille=down)
        if is_inside(outline, (x, y)) and all(
            abs(place.x_permille - other.x_permille) + abs(place.y_permille - other.y_permille) > 18
            for other in places
        ):
            places.append(place)
    fields = {"volume_ul": 40, "depth_um": 3_000, "needle_gauge": 30}
    return [Site(seq=n, zone=zone, place=place, **fields) for n, place in enumerate(places, first)]


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_each_of_120_points_is_found_on_the_map(world, chair, language):
    chair.alice.language = language
    zones = (Zone.FRONTAL_HAIRLINE, Zone.MIDSCALP, Zone.VERTEX, Zone.OCCIPITAL)
    sites = [site for n, zone in enumerate(zones) for site in scattered(zone, 30, 30 * n + 1)]

    data = paper(world, chair.signed(chair.whole(sites=tuple(sites)))).data

    with_map = next(page for page in PdfDocument(data) if "\n37" in page_text(page))
    assert {str(n) for n in range(1, 121)} <= set(page_text(with_map).split())


def page_text(page):
    return page.get_textpage().get_text_range().replace("\r", "")


def test_points_in_one_place_share_their_numbers(world, chair):
    text = text_of(paper(world, chair.signed()).data)

    assert text.count("1–40") == 2  # on the map, and in the table


@pytest.mark.once
def test_numbers_of_points_are_joined():
    assert drawing.numbers(iter([3, 1, 2, 7, 9, 8])) == "1–3, 7–9"
    assert drawing.numbers(iter([5])) == "5"


@pytest.mark.once
def test_points_alike_stand_together_and_no_volume_is_rounded(app):
    fields = {"depth_um": 3_000, "needle_gauge": 30}
    sites = [
        Site(seq=1, zone=Zone.VERTEX, volume_ul=12_345, **fields),
        Site(seq=2, zone=Zone.FRONTAL_HAIRLINE, volume_ul=100, points=3, **fields),
        Site(seq=3, zone=Zone.VERTEX, volume_ul=12_345, **fields),
    ]

    assert [[site.seq for site in run] for run in session_sheet.runs(sites)] == [[1, 3], [2]]
    with app.test_request_context():
        assert "12.345 mL" in session_sheet._each(sites[0])
        assert "0.1 / 3 mL" in session_sheet._each(sites[1])


def test_too_many_at_once_are_told_to_come_back(world, chair, monkeypatch):
    full = BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(views, "_turns", full)
    monkeypatch.setattr(views, "WAIT_S", 0.01)

    answer = world.as_role(Role.NURSE).get(f"/sessions/{chair.signed().id}/record.pdf")

    assert answer.status_code == 503
    assert dt.timedelta(seconds=int(answer.headers["Retry-After"])) > dt.timedelta(0)


def test_few_wait_so_that_the_other_threads_stay_free(world, chair, monkeypatch):
    full = BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(views, "_queue", full)
    url = f"/sessions/{chair.signed().id}/record.pdf"

    assert world.as_role(Role.NURSE).get(url).status_code == 503
    full.release()
    assert world.as_role(Role.NURSE).get(url).status_code == 200
    assert full.acquire(blocking=False), "the place is free again"
