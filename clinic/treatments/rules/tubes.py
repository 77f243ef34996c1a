"""The short code of a tube's label: says nothing about anybody, and betrays a slip of the pen.

Seven drawn characters and a check character over 31 signs: a prime, so that one wrong sign and any
two that changed places are found. 1, I, L and U are left out; a typed O is a nought.
"""

SIGNS = "023456789ABCDEFGHJKMNPQRSTVWXYZ"
DRAWN = 7
_PRIME = len(SIGNS)
_BLANKS = str.maketrans("oO", "00", " -\u00a0\u2011\u2066\u2069")


def with_check(drawn: str) -> str:
    """Return a drawn code with its check character."""
    rest = _sum(drawn)
    inverse = pow(DRAWN + 1, -1, _PRIME)
    return drawn + SIGNS[-rest * inverse % _PRIME]


def read(typed: str) -> str | None:
    """Return the code that was typed or scanned; None when it is none."""
    code = typed.translate(_BLANKS).upper()
    if len(code) != DRAWN + 1 or any(sign not in SIGNS for sign in code):
        return None
    return code if _sum(code) == 0 else None


def shown(code: str) -> str:
    """Return a code as it is printed: in two halves."""
    return f"{code[:4]}-{code[4:]}"


def _sum(code: str) -> int:
    return sum(place * SIGNS.index(sign) for place, sign in enumerate(code, 1)) % _PRIME
