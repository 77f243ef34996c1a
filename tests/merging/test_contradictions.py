"""What two records say against each other is seen before a merge; what came of it, after."""

import datetime as dt
import html
import re

import pytest

from clinic.core.access import Role
from clinic.core.zones import Zone
from clinic.merging import rules
from clinic.safety.values import Fact, FactKind, FactState

NOTED = dt.date(2026, 10, 1)
K, S = FactKind, FactState


def fact(kind: FactKind, code: str, state: FactState = S.PRESENT, **changes) -> Fact:
    fields = {"noted_on": NOTED, "recorded_on": NOTED, **changes}
    return Fact(kind=kind, code=code, state=state, **fields)


def kilos(value: int, **changes) -> Fact:
    return fact(K.VITAL, "weight", value_milli=value * 1000, unit="kg", **changes)


def text(page):
    return re.sub("[\u2066-\u2069]", "", html.unescape(page.text))


@pytest.mark.parametrize(
    ("mine", "theirs", "count"),
    [
        ([fact(K.ALLERGY, "lidocaine")], [fact(K.ALLERGY, "lidocaine", S.ABSENT)], 1),
        ([fact(K.ALLERGY, "lidocaine", S.ABSENT)], [fact(K.ALLERGY, "lidocaine")], 1),
        ([fact(K.ALLERGY, "lidocaine")], [fact(K.ALLERGY, "lidocaine", S.UNSURE)], 0),
        ([fact(K.ALLERGY, "lidocaine")], [fact(K.ALLERGY, "lidocaine")], 0),
        ([fact(K.ALLERGY, "lidocaine")], [fact(K.ALLERGY, "no_known_allergy")], 1),
        ([fact(K.ALLERGY, "no_known_allergy")], [fact(K.ALLERGY, "lidocaine")], 1),
        ([fact(K.ALLERGY, "no_known_allergy")], [fact(K.ALLERGY, "no_known_allergy")], 0),
        ([fact(K.MEDICATION, "nsaid", ended_on=NOTED)], [fact(K.MEDICATION, "nsaid", S.ABSENT)], 0),
        ([kilos(70)], [kilos(82)], 1),
        ([kilos(70)], [kilos(70)], 0),
        ([fact(K.LAB, "plt", value_milli=1)], [fact(K.LAB, "plt", value_milli=2)], 1),
        (
            [fact(K.LAB, "plt", value_milli=1)],
            [fact(K.LAB, "plt", value_milli=2, noted_on=dt.date(2026, 9, 1))],
            0,
        ),
        ([fact(K.CONSENT, "prp")], [fact(K.CONSENT, "prp", S.ABSENT)], 0),
        (
            [fact(K.HAIR, "hair", zone=Zone.VERTEX)],
            [fact(K.HAIR, "hair", S.ABSENT, zone=Zone.MIDSCALP)],
            0,
        ),
        ([], [fact(K.ALLERGY, "lidocaine")], 0),
    ],
)
def test_what_contradicts_and_what_does_not(mine, theirs, count):
    assert len(rules.contradicting(mine, theirs)) == count


def test_only_the_last_word_of_a_record_counts():
    before = fact(K.ALLERGY, "lidocaine", S.ABSENT, noted_on=dt.date(2026, 1, 1))

    assert rules.contradicting([before, fact(K.ALLERGY, "lidocaine")], [before])
    assert not rules.contradicting(
        [fact(K.ALLERGY, "lidocaine", noted_on=dt.date(2025, 1, 1)), before], [before]
    )


def compared(two, role):
    page = two.world.as_role(role).get(f"/patients/{two.kept.id}/merge?patient_id={two.gone.id}")
    assert page.status_code == 200
    return text(page)


@pytest.fixture
def against(two):
    """One record knows an allergy that the other denies, and another weight."""
    two.fact(K.ALLERGY, "lidocaine", patient_id=two.kept.id, label="Swelling in 2019")
    two.fact(K.ALLERGY, "lidocaine", state=S.ABSENT)
    two.fact(K.VITAL, "weight", patient_id=two.kept.id, value_milli=70_000, unit="kg")
    two.fact(K.VITAL, "weight", value_milli=82_500, unit="kg")
    return two


def test_a_clinician_reads_both_sides_of_what_contradicts(against):
    page = compared(against, Role.PHYSICIAN)
    listed = re.sub(r"<[^>]+>|\s+", " ", page.split('id="contradictions"')[1].split("</ul>")[0])
    said = re.sub(r"\s+", " ", listed)

    assert "2 medical facts of the two records contradict each other." in page
    one, other = against.kept.file_number, against.gone.file_number
    assert f"file {one}: yes ( Swelling in 2019 )" in said
    assert f"file {other}: no" in said
    assert "70 kg" in said
    assert "82.5 kg" in said


def test_reception_learns_that_something_contradicts_and_not_what(against):
    page = compared(against, Role.RECEPTIONIST)

    assert "2 medical facts of the two records contradict each other." in page
    for secret in ("Swelling", "idocaine", "82.5", 'id="contradictions"'):
        assert secret not in page


def test_two_birth_dates_are_asked_about(two, db):
    two.gone.birth_date = dt.date(1990, 1, 1)
    db.flush()
    assert "Both records have a birth date, and it is not the same one." in compared(
        two, Role.RECEPTIONIST
    )
    two.gone.birth_date = None
    db.flush()
    assert "Both records have a birth date" not in compared(two, Role.RECEPTIONIST)


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.PHYSICIAN])
def test_the_record_that_stays_says_what_was_merged_into_it(two, clock, role):
    visitor = two.world.as_role(role)
    url = f"/patients/{two.kept.id}"
    assert "was merged into this record" not in text(visitor.get(url))
    pair = two.merge()
    two.db.flush()

    page = text(visitor.get(url))

    assert f"File {two.gone.file_number} was merged into this record on Nov 23, 2026." in page
    assert "It can be taken back until Dec 23, 2026" in page
    assert f'href="/patients/decisions/{pair.id}"' in page
    two.undo(pair)
    two.db.flush()
    assert "was merged into this record" not in text(visitor.get(url))


def test_after_thirty_days_the_page_still_says_it_and_offers_no_way_back(two, db):
    pair = two.merge()
    pair.decided_at -= dt.timedelta(days=31)
    db.flush()

    page = text(two.world.as_role(Role.NURSE).get(f"/patients/{two.kept.id}"))

    assert "was merged into this record on Oct 23, 2026" in page
    assert "taken back" not in page
    assert "What was decided" in page
