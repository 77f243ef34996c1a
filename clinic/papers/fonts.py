"""The typefaces of papers, out of the installed packages, and text that they can draw.

One family holds Latin and Arabic; a second one is asked for what the first has not (Greek,
Cyrillic, further Latin). What neither can draw is written in Latin letters: no fact becomes a box.
"""

import re
from functools import cache
from pathlib import Path

from anyascii import anyascii
from fontTools.ttLib import TTFont

from clinic.core.text import clean
from clinic.web import fonts as web_fonts

FAMILY, FURTHER = "Plex", "Inter"
_ENDLESS = re.compile(r"[\W_]{300}(?=[\W_])")
"""So many signs without a letter or a number that looking for the next one goes too deep."""
_ISOLATES = frozenset("\u2066\u2067\u2068\u2069")


def _file(name: str) -> Path:
    source = next(font.source for font in web_fonts.FONTS if font.name == name)
    assert source is not None, "the font packages are pinned"
    return source


def files() -> dict[tuple[str, str], Path]:
    """Return {(family, style): TrueType file} of the family for everything."""
    return {
        (FAMILY, ""): _file("plex-arabic-400"),
        (FAMILY, "B"): _file("plex-arabic-600"),
    }


def further() -> Path:
    """Return the file of the second family."""
    return _file("inter")


@cache
def _drawn_by(path: Path) -> frozenset[int]:
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def drawable(text: object) -> str:
    """Return a text without anything that no font here can draw, or that turns its order round."""
    known = _drawn_by(_file("plex-arabic-400")) | _drawn_by(further())
    written = []
    for sign in clean(str(text).replace("\t", " ")):
        is_known = sign == "\n" or ord(sign) in known
        written.append(sign if is_known else anyascii(sign) or "?")
    return _ENDLESS.sub(r"\g<0>\n", "".join(written))


def needs_further(text: str) -> bool:
    """Tell whether a text has signs that only the second family can draw."""
    known = _drawn_by(_file("plex-arabic-400"))
    return any(ord(sign) not in known and sign not in _ISOLATES and sign != "\n" for sign in text)
