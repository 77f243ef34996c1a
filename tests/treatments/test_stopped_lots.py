"""A lot or a product that is stopped while a draft names it: the page says so, signing refuses.

A planned visit names no lot yet; only the draft of a session does.
"""

import re

import pytest

from clinic.catalog import service as catalog
from clinic.catalog.models import Product
from clinic.core.access import Role
from clinic.treatments.service import sessions as service
from clinic.treatments.values import LotAmount, SessionState


def recalled(chair):
    catalog.recall(chair.db, chair.actor(), chair.vitamins.id, "Called back by its maker")
    return "recalled"


def quarantined(chair):
    catalog.quarantine(chair.db, chair.actor(), chair.vitamins.id, "Cracked")
    return "in quarantine"


def made_cosmetic(chair):
    chair.db.get_one(Product, chair.vitamins.product_id).is_injectable = False
    chair.db.flush()
    return "not for injection"


def withdrawn(chair):
    chair.db.get_one(Product, chair.vitamins.product_id).is_active = False
    chair.db.flush()
    return "off the list"


@pytest.fixture
def drafted(chair):
    """A whole draft that names a vitamin."""
    content = chair.whole(lots=(LotAmount(lot_id=chair.vitamins.id, amount_ul=1_000),))
    return chair.save(chair.prepared(), content), content


@pytest.mark.parametrize("stop", [recalled, quarantined, made_cosmetic, withdrawn])
def test_a_draft_whose_lot_was_stopped_since_it_was_saved_is_not_signed(chair, drafted, stop):
    session, content = drafted
    stop(chair)

    with pytest.raises(service.ContentRefused) as refused:
        chair.sign(session, content)

    assert [(b.code, b.field) for b in refused.value.breaches] == [
        ("lot_unusable", "lot_1"),
        ("unstated", "outside_given"),
    ]
    assert session.state is SessionState.DRAFT


@pytest.mark.parametrize("stop", [recalled, quarantined])
def test_the_page_of_the_draft_says_that_its_lot_was_stopped(chair, world, drafted, stop):
    session, _content = drafted
    why = stop(chair)

    page = world.as_role(Role.NURSE).get(f"/sessions/{session.id}").get_data(as_text=True)

    assert f"must not be used: {why}" in page


@pytest.mark.parametrize("stop", [recalled, quarantined])
def test_a_lot_that_was_stopped_after_it_was_given_is_written_down_by_breaking_off(
    chair, drafted, stop
):
    session, content = drafted
    stop(chair)

    ended = chair.abort(session, content, "lot_unusable@lot_1")

    assert ended.state is SessionState.SIGNED
    assert chair.vitamins.id in [use.lot_id for use in ended.lots]


def test_the_page_still_sends_the_stopped_lot_that_is_written(chair, world, drafted):
    session, _content = drafted
    recalled(chair)

    page = world.as_role(Role.PHYSICIAN).get(f"/sessions/{session.id}").get_data(as_text=True)

    options = re.findall(rf'<option ([^>]*)value="{chair.vitamins.id}"', page)
    assert [option.split() for option in options if "selected" in option] == [["selected"]]
    assert any("disabled" in option for option in options), "in the other rows it is struck out"


def test_without_the_stopped_lot_the_draft_is_signed(chair, drafted):
    session, content = drafted
    recalled(chair)

    signed = chair.sign(session, chair.whole())

    assert content.lots != signed.lots
    assert signed.state is SessionState.SIGNED
