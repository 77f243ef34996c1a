"""The day board: what stands on it, for whom, at what cost, and what is done from it."""

from clinic.core.access import Role


def test_an_empty_day_shows_free_times_with_names(world, desk):
    page = world.as_role(Role.RECEPTIONIST).get("/board?date=2026-11-24")

    html = page.get_data(as_text=True)
    assert page.status_code == 200
    assert 'aria-label="Free, 10:00, Dr Weber"' in html
