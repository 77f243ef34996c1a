"""When guessing is slowed down, when a session is over, what a login is."""

import datetime as dt

import pytest

from clinic.accounts import rules
from clinic.accounts.values import Attempts
from clinic.core.errors import Invalid

T0 = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
NO_WAIT = dt.timedelta()


def attempts_at(*minutes: float, limit: int = 5) -> list[float]:
    """Return the waits, in minutes, of attempts at these minutes after T0."""
    counter, waits = None, []
    for minute in minutes:
        counter, wait = rules.after_attempt(counter, now=T0 + minute * MINUTE, limit=limit)
        waits.append(wait / MINUTE)
    return waits


def test_five_attempts_are_judged_and_the_sixth_waits():
    assert attempts_at(0, 0, 0, 0, 0, 0) == [0, 0, 0, 0, 0, 15]


def test_knocking_on_a_locked_door_does_not_keep_it_locked():
    assert attempts_at(0, 0, 0, 0, 0, 5, 10, 14, 15) == [0, 0, 0, 0, 0, 10, 5, 1, 0]


def test_the_wait_grows_with_each_failure_up_to_an_hour():
    assert attempts_at(0, 0, 0, 0, 0, 15, 16, 45, 46, 105, 106)[5:] == [0, 29, 0, 59, 0, 59]


def test_attempts_spread_over_more_than_the_window_never_lock():
    assert attempts_at(*range(0, 200, 4)) == [0] * 50


def test_a_locked_counter_is_forgotten_an_hour_after_its_lock():
    assert attempts_at(0, 0, 0, 0, 0, 75, 75, 75, 75, 75, 75)[5:] == [0, 0, 0, 0, 0, 15]


def test_a_clock_that_was_set_back_locks_nobody_out_for_longer_than_an_hour():
    tomorrow = Attempts(count=9, resets_at=T0 + dt.timedelta(days=1))

    _, wait = rules.after_attempt(tomorrow, now=T0, limit=5)

    assert wait == rules.LONGEST


@pytest.mark.parametrize(
    ("idle_for", "age", "over"),
    [
        (15, 15, False),
        (15.1, 15.1, True),
        (0, 600, False),
        (0, 600.1, True),
        (-1, -1, False),
        (-3, -3, True),
    ],
    ids=["just idle", "too idle", "just old", "too old", "clock slipped", "clock set back"],
)
def test_a_session_ends_by_idleness_age_or_a_clock_set_back(idle_for, age, over):
    assert (
        rules.is_over(
            created_at=T0 - age * MINUTE,
            seen_at=T0 - idle_for * MINUTE,
            now=T0,
            idle=15 * MINUTE,
            absolute=600 * MINUTE,
        )
        is over
    )


@pytest.mark.parametrize("raw", ["Lena.Weber", "ÖZLEM", "li@clinic-7", "沈医生"])
def test_a_login_is_kept_case_folded(raw):
    assert rules.login_of(raw) == raw.casefold()


@pytest.mark.parametrize("raw", ["", "a", "two words", "a/b", "x" * 61, "a\nb", "<b>", "nul\0"])
def test_what_cannot_be_a_login_is_refused_at_its_field(raw):
    with pytest.raises(Invalid) as refused:
        rules.login_of(raw)

    assert refused.value.field == "login"


def test_the_digest_of_a_login_tells_neither_login_nor_case_nor_browser():
    one = rules.login_digest("secret", "Lena")

    assert one == rules.login_digest("secret", "lena")
    assert "lena" not in one
    assert one != rules.login_digest("other", "lena")
    assert one != rules.login_digest("secret", "lena", browser="b")


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
        ("no address", "unknown"),
    ],
)
def test_one_machine_counts_as_one_address(address, group):
    assert rules.address_group(address) == group


def test_the_last_administrator_is_the_only_one_left():
    assert rules.is_last_administrator(account_id=7, administrators=[7])
    assert not rules.is_last_administrator(account_id=7, administrators=[3, 7])
    assert not rules.is_last_administrator(account_id=7, administrators=[])
