"""Hashing and judging passwords: AU-01, AU-02, AU-03, AU-07, AU-08."""

import time
import unicodedata

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from clinic.accounts import passwords
from clinic.core.errors import Invalid
from tests.accounts.conftest import PASSWORD

NAMES = ("lena.weber", "Dr Lena Weber", "Haarklinik am Park")


def test_a_hash_is_argon2id_at_or_above_the_floor(password_hash):
    parameters = extract_parameters(password_hash)

    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 19 * 1024
    assert parameters.time_cost >= 2


def test_only_the_same_password_fits(password_hash):
    assert passwords.matches(PASSWORD, password_hash)
    assert not passwords.matches(PASSWORD + " ", password_hash)
    assert not passwords.matches(PASSWORD.upper(), password_hash)
    assert not passwords.matches("", password_hash)


def test_composed_and_decomposed_letters_are_the_same_password():
    composed = "grüße aus köln im mai"
    stored = passwords.make_hash(composed)

    assert passwords.matches(unicodedata.normalize("NFD", composed), stored)


@pytest.mark.parametrize("odd", ["\0" * 20, "\ud800 lone surrogate", "🙂" * 20])
def test_any_character_can_be_asked_for(odd, password_hash):
    assert not passwords.matches(odd, password_hash)


def test_a_stored_text_that_is_no_hash_fits_nothing():
    assert not passwords.matches(PASSWORD, "!")


def test_an_overlong_password_is_refused_without_being_hashed(password_hash):
    started = time.thread_time()
    assert not passwords.matches("x" * 257, password_hash)

    assert time.thread_time() - started < 0.02


def quickest(password: str, stored: str | None) -> float:
    """Return the processor's time, which does not depend on what else the machine does."""
    times = []
    for _ in range(5):
        started = time.thread_time()
        passwords.matches(password, stored)
        times.append(time.thread_time() - started)
    return min(times)


def test_no_account_takes_as_long_as_a_wrong_password(password_hash):
    wrong, unknown = quickest("no such words here", password_hash), quickest(PASSWORD, None)

    assert 0.8 < unknown / wrong < 1.25


def test_a_hash_of_lower_cost_is_outdated(password_hash):
    old = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(PASSWORD)

    assert passwords.is_outdated(old)
    assert not passwords.is_outdated(password_hash)


@pytest.mark.parametrize(
    "good",
    [
        PASSWORD,
        "fifteen chars ok",
        "短い漢字を十五個ならべた合言葉です",
        "x1y2z3 " * 18,
        " leading blanks kept",
    ],
)
def test_a_long_uncommon_password_is_taken(good):
    passwords.judge(good, names=NAMES)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("fourteen chars", "At least"),
        ("x1y2z3 " * 19, "At most"),
        ("abababababababab", "different"),
        ("the best WEBER in town", "your name"),
        ("i like haarklinik much", "your name"),
        ("anagen is a fine phase", "your name"),
        ("passwordpassword", "stolen"),
        ("PasswordPassword", "stolen"),
    ],
    ids=[
        "14",
        "133",
        "few characters",
        "own name",
        "clinic",
        "product",
        "common",
        "common in capitals",
    ],
)
def test_a_weak_password_is_refused_with_the_reason(bad, why):
    with pytest.raises(Invalid, match=why) as refused:
        passwords.judge(bad, names=NAMES)

    assert refused.value.field == "password"
