"""Names folded into keys, and the reading of what somebody types to find a person. Pure.

Four kinds of keys, the same on every database: the Latin form without case and accents
("Müller", "Mueller" and "MULLER" are one), the form in its own script with the letters of Arabic
unified, a skeleton of consonants that is neutral to spelling and script (Mohammed, Mehmet, محمد),
and the form with one letter left out, in which two words one typing mistake apart meet.
"""

import datetime as dt
import functools
import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from anyascii import anyascii
from babel import Locale

KEY_LENGTH = 40
SKELETON_LENGTH = 20
DELETES_OF = 16
"""Letters of a word that the one-typo keys are made of."""
PARTICLES = frozenset(
    (
        "al", "el", "de", "la", "van", "von", "der", "den", "bin", "ibn", "bint", "ben", "da",
        "dos", "di", "du", "zu", "zum", "zur", "ال",
    )
)  # fmt: skip
"""Parts of names that find too many: left out of a search unless they are all of it."""

_APOSTROPHES = "'’‘`´ʼʿʾ"
_SPECIAL = str.maketrans(
    {
        "ß": "ss", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "æ": "ae",
        "œ": "oe", "ə": "a", **dict.fromkeys(_APOSTROPHES, ""),
    }
)  # fmt: skip
_ARABIC = str.maketrans(
    {
        "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ئ": "ي", "ی": "ي", "ې": "ي", "ؤ": "و",
        "ة": "ه", "ۀ": "ه", "ک": "ك", "گ": "ك", "ء": "", "ـ": "",
    }
)  # fmt: skip
_ARABIC_SOUND = str.maketrans({"ا": "a", "ع": "a", "ة": "a", "ى": "a", "ء": ""})
"""Where a plain transliteration loses the vowel that a name is written with in Latin letters."""
_COMPOUND = re.compile(r"^(?:abd(?:[aeiou]l)?|abu|abo)(?=[a-z]{4})")
"""Beginnings that some write as a word of their own: Abdulrahman and Abdul Rahman."""
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]")
_SPLIT = re.compile(r"[\s\-–—,.;/_()\"·]+")


def strip_marks(text: str) -> str:
    """Return the text in compatibility form without accents and vowel marks."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@functools.lru_cache(50_000)
def fold(token: str) -> str:
    """Return the Latin key of one word: Müller, Mueller and MULLER give "muller"."""
    text = strip_marks(token.casefold().translate(_SPECIAL)).translate(_SPECIAL)
    if not text.isascii():
        spoken = (c for c in text.translate(_ARABIC_SOUND) if unicodedata.category(c)[0] in "LMN")
        text = anyascii("".join(spoken)).casefold()
    text = re.sub(r"[^a-z0-9]", "", text)
    for pair, one in (("ae", "a"), ("oe", "o"), ("ue", "u")):
        text = text.replace(pair, one)
    return text


@functools.lru_cache(50_000)
def original(token: str) -> str:
    """Return the key of one word in its own script; empty for a word in Latin letters."""
    text = strip_marks(token.casefold()).translate(_SPECIAL)
    if text.isascii():
        return ""
    return "".join(c for c in text.translate(_ARABIC) if c.isalnum())


def code(text: str) -> str:
    """Return the key of a number that people were given: letters and digits, lower case."""
    return "".join(c for c in strip_marks(text.casefold()) if c.isascii() and c.isalnum())


_DIGRAPHS = (
    ("sch", "s"), ("tsch", "s"), ("tch", "s"), ("sh", "s"), ("ch", "k"), ("kh", "k"), ("gh", "k"),
    ("ph", "f"), ("th", "t"), ("dh", "t"), ("dj", "k"), ("dsch", "k"), ("ck", "k"), ("cz", "s"),
    ("sz", "s"), ("ts", "s"), ("tz", "s"),
)  # fmt: skip
_SOUNDS = str.maketrans(
    {
        "b": "p", "c": "k", "d": "t", "g": "k", "j": "k", "q": "k", "v": "f", "x": "s", "z": "s",
        **dict.fromkeys("wyhaeiou", ""),
    }
)  # fmt: skip


@functools.lru_cache(50_000)
def skeleton(key: str) -> str:
    """Return the consonants of a Latin key by their sound: spelling, vowels and script fall away.

    Mohammed, Muhamad, Mehmet and محمد give the same; so do Meyer and Maier, Hüseyin and Hussein.
    """
    text = re.sub(r"^(?:al|el|ul)(?=[a-z]{4})", "", key)
    for letters, sound in _DIGRAPHS:
        text = text.replace(letters, sound)
    bones = re.sub(r"(.)\1+", r"\1", text.translate(_SOUNDS))
    # A vowel at the beginning is heard, whichever it is: Omar is not Maher's "mr".
    return f"a{bones}" if not bones or text[0] in "aeiouhyw" else bones


def deletes(word: str) -> set[str]:
    """Return the word and the word without each of its letters in turn.

    Two words that are one change, one letter more or less, or one swap apart share a member.
    """
    if len(word) < 4:
        return {word}
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


def typo_keys(key: str) -> set[str]:
    """Return the keys under which a word is found with one typing mistake; empty when short."""
    return deletes(key[:DELETES_OF]) if len(key) >= 4 else set()


def tokens(name: str) -> list[str]:
    """Return the words of a name, split at blanks, hyphens and commas."""
    return [word for word in _SPLIT.split(name) if word]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameKeys:
    """All keys of one person's name, by kind."""

    latin: frozenset[str]
    original: frozenset[str]
    skeleton: frozenset[str]
    deletes: frozenset[str]


def name_keys(*parts: str) -> NameKeys:
    """Return the keys of a name given in parts: each word, and neighbours written as one."""
    words = [word for part in parts for word in tokens(part)]
    # Chinese, Japanese and Korean names are written without a blank between the parts.
    whole = [name for name in _orders(parts) if _UNSPACED.search(name)]
    latin = frozenset(key for part in (*parts, *whole) for key in latin_keys(part))
    skeletons = (skeleton(key)[:SKELETON_LENGTH] for key in latin)
    written = (word for part in (*parts, *whole) for word in _words(part))
    return NameKeys(
        latin=latin,
        original=frozenset(original(word)[:KEY_LENGTH] for word in written) - {""},
        skeleton=frozenset(bones for bones in skeletons if len(bones) >= 2),
        deletes=frozenset(key for word in words for key in typo_keys(fold(word))),
    )


@functools.lru_cache(50_000)
def latin_keys(part: str) -> frozenset[str]:
    """Return the Latin keys of a part of a name: of its words, of neighbours, of what ends them."""
    keys = (key for word in _words(part) for key in (fold(word), *_ends(word)))
    return frozenset(key[:KEY_LENGTH] for key in keys if key)


def _words(part: str) -> list[str]:
    found = tokens(part)
    return [*found, *_joined(found)]


def _joined(words: list[str]) -> Iterable[str]:
    yield from (one + two for one, two in itertools.pairwise(words))
    if len(words) == 3:
        yield "".join(words)


def _orders(parts: tuple[str, ...]) -> tuple[str, ...]:
    return ("".join(parts), "".join(reversed(parts))) if all(parts) and len(parts) == 2 else ()


def _ends(word: str) -> Iterable[str]:
    """Yield the keys of what people leave the beginning of: O'Brien, D'Angelo, Abdulrahman."""
    if any(mark in word for mark in _APOSTROPHES):
        yield from (
            key for part in re.split(f"[{_APOSTROPHES}]", word) if len(key := fold(part)) >= 3
        )
    key = fold(word)
    if found := _COMPOUND.match(key):
        yield key[found.end() :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One thing that somebody typed to find a person; whatever it may be, it must fit."""

    latin: str = ""
    """Of a word: its Latin key."""
    original: str = ""
    """Of a word in another script: its key there."""
    code: str = ""
    """What may be the beginning of a file number."""
    digits: str = ""
    """What may be the last digits of a phone number, without a leading 0 when it is a whole one."""
    dates: tuple[dt.date, ...] = ()
    """Birth dates that it may mean."""
    year: int | None = None
    """The birth year that four digits may mean."""

    @property
    def is_word(self) -> bool:
        """Tell whether it can only be part of a name."""
        return bool(self.latin) and not self.code


def parse(text: str, *, today: dt.date) -> tuple[Term, ...]:
    """Read what was typed: words, birth dates in any usual order, digits of a phone or a file.

    Where a date may be read in two ways it stands for both. Particles of names are dropped
    unless nothing else was typed.
    """
    terms: list[Term] = []

    def take(found: re.Match[str], term: Term | None) -> str:
        if term is None:
            return found[0]
        terms.append(term)
        return " "

    text = ascii_digits(unicodedata.normalize("NFKC", text))
    text = _MONTH_FIRST.sub(lambda m: take(m, _dates(m["y"], m["m"], m["d"], today=today)), text)
    text = _DAY_FIRST.sub(lambda m: take(m, _dates(m["y"], m["m"], m["d"], today=today)), text)
    text = _ISO.sub(lambda m: take(m, _dates(m[1], m[2], m[3], today=today)), text)
    for order in (_LOCAL, _SPACED):
        text = order.sub(lambda m: take(m, _either(m[1], m[2], m[3], today=today)), text)
    text = _MIXED.sub(lambda m: take(m, _mixed(m[0])), text)
    text = _DIGITS.sub(lambda m: take(m, _number(m[0], today=today)), text)
    words = tokens(text)
    kept = [word for word in words if word.casefold() not in PARTICLES]
    if not kept and not terms:
        kept = words
    named = (
        Term(latin=fold(word)[:KEY_LENGTH], original=original(word)[:KEY_LENGTH]) for word in kept
    )
    return (*terms, *(term for term in named if term.latin))


def ascii_digits(text: str) -> str:
    """Return the text with the digits of every script as 0 to 9."""
    return "".join(
        c if c.isascii() or not c.isdecimal() else str(unicodedata.decimal(c)) for c in text
    )


@functools.cache
def _months() -> dict[str, int]:
    """Return the names of the months in the languages of the pages, folded."""
    found: dict[str, int] = {}
    for language in ("en", "de", "ar"):
        for width in ("wide", "abbreviated"):
            for number, name in Locale(language).months["format"][width].items():
                found[name.casefold().rstrip(".")] = number
    return found


_FIRST_BIRTH = dt.date(1900, 1, 1)
_DASH = r"[\-‐‑–]"
_NAMED = "|".join(sorted(map(re.escape, _months()), key=len, reverse=True))
_DAY_FIRST = re.compile(
    rf"\b(?P<d>\d{{1,2}})\.?[ \-](?P<m>{_NAMED})\.?,?[ \-](?P<y>\d{{4}})\b", re.IGNORECASE
)
_MONTH_FIRST = re.compile(
    rf"\b(?P<m>{_NAMED})\.? (?P<d>\d{{1,2}}),? (?P<y>\d{{4}})\b", re.IGNORECASE
)
_ISO = re.compile(rf"\b(\d{{4}})(?:{_DASH}|[./ ])(\d{{1,2}})(?:{_DASH}|[./ ])(\d{{1,2}})\b")
_LOCAL = re.compile(
    rf"(?<![\d+])(?<!\d[./\-])(\d{{1,2}})(?:{_DASH}|[./]) ?(\d{{1,2}})(?:{_DASH}|[./]) ?"
    r"(\d{4}|\d{2})(?![./\-]?\d)"
)
_SPACED = re.compile(r"(?<![\d+])(?<!\d )(\d{1,2}) (\d{1,2}) (\d{4})(?! ?\d)")
"""Only with four digits of the year and no more digits around: else it is a phone number."""
_MIXED = re.compile(r"(?=\S*\d)(?=\S*[^\W\d_])\S+")
"""A run with letters and digits in it: a file number, or a name that holds digits."""
_DIGITS = re.compile(r"\+?\(?\d[\d ()/.\-]+\d")


def _date(year: int, month: int, day: int, today: dt.date) -> dt.date | None:
    """Return the day when it exists and somebody living may be born on it."""
    try:
        date = dt.date(year, month, day)
    except ValueError:
        return None
    return date if _FIRST_BIRTH <= date <= today else None


def _year(text: str, today: dt.date) -> int:
    if len(text) == 4:
        return int(text)
    century = today.year // 100 * 100
    return century + int(text) - (100 if century + int(text) > today.year else 0)


def _dates(year: str, month: str, day: str, *, today: dt.date) -> Term | None:
    number = int(month) if month.isdecimal() else _months()[month.casefold()]
    found = _date(_year(year, today), number, int(day), today)
    return Term(dates=(found,)) if found else None


def _either(one: str, two: str, year: str, *, today: dt.date) -> Term | None:
    """Read day and month in both orders: 4/12/1985 is a birthday in April or in December."""
    full = _year(year, today)
    both = (
        _date(full, int(two), int(one), today),
        _date(full, int(one), int(two), today),
    )
    dates = tuple(dict.fromkeys(date for date in both if date))
    return Term(dates=dates) if dates else None


def _mixed(text: str) -> Term | None:
    key = code(text)[:KEY_LENGTH]
    latin = fold(text)[:KEY_LENGTH]
    return Term(latin=latin, original=original(text)[:KEY_LENGTH], code=key) if latin else None


def _number(text: str, *, today: dt.date) -> Term | None:
    digits = re.sub(r"\D", "", text)
    if len(digits) < 3:
        return None
    is_year = len(digits) == 4 and 1900 <= int(digits) <= today.year
    return Term(
        code=digits[:KEY_LENGTH],
        # A whole number may begin with the 0 of the country's own form; a tail may not.
        digits=(digits.lstrip("0") or digits) if len(digits) >= 7 else digits,
        dates=_compact(digits, today) if digits == text else (),
        year=int(digits) if is_year else None,
    )


def _compact(digits: str, today: dt.date) -> tuple[dt.date, ...]:
    """Return the dates that six or eight digits without anything between may mean."""
    size = {8: 4, 6: 2}.get(len(digits))
    if size is None:
        return ()
    last = (digits[:2], digits[2:4], digits[4:])
    first = (digits[:size], digits[size : size + 2], digits[size + 2 :])
    found = (
        _date(_year(last[2], today), int(last[1]), int(last[0]), today),
        _date(_year(last[2], today), int(last[0]), int(last[1]), today),
        _date(_year(first[0], today), int(first[1]), int(first[2]), today),
    )
    return tuple(dict.fromkeys(date for date in found if date))
