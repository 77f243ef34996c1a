"""The findings of a visit with their arithmetic, and their release."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from clinic.accounts import passwords
from clinic.core.access import CONFIRMED_FOR, PASSWORD_FIELD, Role
from clinic.core.zones import Zone
from clinic.safety import queries as safety_queries
from clinic.safety.models import Release
from clinic.safety.values import FactKind, FactState
from tests.conftest import NOW

REASON = "Prescriber was called; the benefit outweighs the bruise."


def text(response):
    return response.get_data(as_text=True)


def review_url(visit):
    return f"/appointments/{visit.id}/review"


def releases_url(visit):
    return f"/appointments/{visit.id}/releases"


@pytest.fixture
def held(db, visit, known):
    """The fingerprint of a blood thinner that waits for a physician."""
    known(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    findings = safety_queries.latest_screening(db, visit.id).findings
    return next(f["fingerprint"] for f in findings if f["rule_code"] == "anticoagulant")


def test_findings_show_arithmetic_sources_and_what_clears_them(world, visit, known):
    known(FactKind.MEDICATION, "nsaid", label="Ibuprofen 400 mg", ended_on=dt.date(2026, 11, 23))

    page = text(world.as_role(Role.NURSE).get(review_url(visit)))

    assert "Ibuprofen 400 mg: last on Nov 23, 2026. Days before the visit: 1" in page
    assert "the rule asks for 2. Clear on Nov 25, 2026" in page
    assert "Leach 2024" in page
    assert "Paracetamol is no problem" in page
    assert "from Wednesday, November 25, 2026" in page


def test_only_a_physician_gets_the_release_form(world, visit, held):
    assert f'value="{held}"' in text(world.as_role(Role.PHYSICIAN).get(review_url(visit)))
    assert f'value="{held}"' not in text(world.as_role(Role.NURSE).get(review_url(visit)))


def test_an_absolute_finding_has_no_form(world, visit, known):
    known(FactKind.LAB, "platelets", value_milli=40_000, unit="10*9/L")

    page = text(world.as_role(Role.PHYSICIAN).get(review_url(visit)))

    assert "Release for this visit…" not in page
    assert "Nobody" in page


def test_a_physician_releases_with_a_reason(world, db, visit, held):
    physician = world.as_role(Role.PHYSICIAN)

    answer = physician.post(releases_url(visit), {"fingerprint": held, "reason": REASON})

    assert answer.status_code == 303
    page = text(physician.get(review_url(visit)))
    assert REASON in page
    assert f"Released by {world.accounts[Role.PHYSICIAN].name}" in page
    db.refresh(visit)
    assert visit.is_released


def test_a_release_form_sent_late_asks_for_the_password_and_keeps_the_reason(
    world, db, visit, held, clock
):
    world.accounts[Role.PHYSICIAN].password_hash = passwords.make_hash("seven copper kettles")
    physician = world.as_role(Role.PHYSICIAN)
    field = f'name="{PASSWORD_FIELD}"'
    form = {"fingerprint": held, "reason": REASON}
    clock(NOW + CONFIRMED_FOR)
    assert field not in text(physician.get(review_url(visit)))
    physician.token()
    clock(NOW + CONFIRMED_FOR + dt.timedelta(seconds=1))

    for sent, says in (
        ({}, "Type your password to go on"),
        ({PASSWORD_FIELD: "six tin kettles"}, "This is not your present password"),
    ):
        refused = physician.post(releases_url(visit), {**form, **sent})
        page = text(refused)
        assert refused.status_code == 422
        assert page.count(field) == 1
        assert re.search(rf'id="password-{held[:12]}-err">.*{says}', page)
        assert REASON in page
        assert '<details class="why" open>' in page
    assert db.scalar(sa.select(sa.func.count()).select_from(Release)) == 0

    done = physician.post(releases_url(visit), {**form, PASSWORD_FIELD: "seven copper kettles"})
    assert done.status_code == 303
    assert db.scalar(sa.select(Release.reason)) == REASON


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.PHYSICIAN])
def test_nobody_else_releases(world, db, visit, held, role):
    answer = world.as_role(role).post(releases_url(visit), {"fingerprint": held, "reason": REASON})

    assert answer.status_code == 403
    assert db.scalar(sa.select(sa.func.count()).select_from(Release)) == 0


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("", "Please fill this in"),
        ("too short", "at least 10 characters"),
        ("x" * 1001, "At most 1000"),
        ("long enough\0", "cannot be stored"),
    ],
)
def test_a_bad_reason_is_refused_at_its_field(world, db, visit, held, reason, words):
    answer = world.as_role(Role.PHYSICIAN).post(
        releases_url(visit), {"fingerprint": held, "reason": reason}
    )

    assert answer.status_code == 422
    assert words in text(answer)
    assert reason[:9] in text(answer)
    assert db.scalar(sa.select(sa.func.count()).select_from(Release)) == 0


def test_a_finding_that_has_changed_is_not_released_and_the_reason_is_kept(
    world, db, visit, held, known
):
    known(FactKind.MEDICATION, "warfarin", label="Warfarin 5 mg")

    answer = world.as_role(Role.PHYSICIAN).post(
        releases_url(visit), {"fingerprint": held, "reason": REASON}
    )

    assert answer.status_code == 409
    assert "The facts have changed" in text(answer)
    assert REASON in text(answer)
    assert db.scalar(sa.select(sa.func.count()).select_from(Release)) == 0


def test_an_absolute_finding_is_released_by_nobody(world, db, visit, known):
    known(FactKind.LAB, "platelets", value_milli=40_000, unit="10*9/L")
    finding = safety_queries.latest_screening(db, visit.id).findings[0]

    answer = world.as_role(Role.PHYSICIAN).post(
        releases_url(visit), {"fingerprint": finding["fingerprint"], "reason": REASON}
    )

    assert answer.status_code == 403
    assert db.scalar(sa.select(sa.func.count()).select_from(Release)) == 0


def test_a_release_that_no_longer_holds_is_shown_as_such(world, db, visit, held, known):
    physician = world.as_role(Role.PHYSICIAN)
    physician.post(releases_url(visit), {"fingerprint": held, "reason": REASON})
    known(FactKind.MEDICATION, "warfarin", label="Warfarin 5 mg")

    page = text(physician.get(review_url(visit)))

    assert "Releases that no longer hold" in page
    assert REASON in page


def test_a_barred_zone_leaves_the_visit_a_caution(world, db, visit, known):
    known(
        FactKind.HAIR,
        "hair",
        zone=Zone.VERTEX,
        state=FactState.ABSENT,
        began_on=dt.date(2019, 1, 1),
    )
    known(FactKind.HAIR, "hair", zone=Zone.MIDSCALP)

    page = text(world.as_role(Role.PHYSICIAN).get(review_url(visit)))

    assert "No hair in the zone · Vertex" in page
    assert "Do not inject" not in page


def test_kept_checks_are_linked(world, db, visit, held):
    record = safety_queries.latest_screening(db, visit.id)

    assert f'href="/screenings/{record.id}"' in text(
        world.as_role(Role.NURSE).get(review_url(visit))
    )
