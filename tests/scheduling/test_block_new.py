"""The form of a block, begun from the board: whose time, from when until when, and what it is."""

import html
import re

import pytest

from clinic.core.access import Role


@pytest.fixture
def shown(world, desk):
    def page(query):
        answer = world.as_role(Role.RECEPTIONIST).get(f"/blocks/new?{query}")
        assert answer.status_code == 200
        return html.unescape(answer.get_data(as_text=True))

    return page


def kind(page):
    return re.search(r'<option selected value="(\w+)"', page).group(1)


def test_what_was_drawn_is_filled_in(shown, desk):
    page = shown(f"resource_id={desk.physician.id}&date=2026-11-24&start=10:00&end=11:30")
    assert 'value="2026-11-24"' in page
    assert 'value="10:00"' in page
    assert 'value="11:30"' in page
    assert re.search(rf'<input checked[^>]* value="{desk.physician.id}"', page)


@pytest.mark.parametrize(("start", "end"), [("10:00", "11:00"), ("23:30", "23:55")])
def test_one_free_time_is_an_hour(shown, desk, start, end):
    page = shown(f"resource_id={desk.physician.id}&date=2026-11-24&start={start}")
    assert f'value="{end}"' in page


def test_what_it_most_likely_is_follows_from_whose_time_it_is(shown, desk):
    assert kind(shown(f"resource_id={desk.physician.id}&start=10:00")) == "meeting"
    assert kind(shown(f"resource_id={desk.physician.id}")) == "leave"
    assert kind(shown(f"resource_id={desk.room.id}&start=10:00")) == "closure"
    assert kind(shown(f"resource_id={desk.centrifuge.id}")) == "maintenance"


@pytest.mark.parametrize("query", ["", "resource_id=x&start=soon", "resource_id=999&end=25:00"])
def test_an_odd_address_is_an_empty_form(shown, query):
    assert kind(shown(query)) == "leave"


def test_beside_the_board_a_link_blocks_the_chosen_time(world, desk):
    page = world.as_role(Role.RECEPTIONIST).get("/board?date=2026-11-24")
    text = html.unescape(page.get_data(as_text=True))
    assert re.search(r'<a class="btn ghost" data-block href="/blocks/new\?date=2026-11-24"', text)
