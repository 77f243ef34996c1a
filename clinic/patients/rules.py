"""Deciding about people's identity: their age, number and search keys, and who is alike. Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import DamerauLevenshtein

from clinic.core import folding
from clinic.core.folding import Term
from clinic.patients.values import Likeness, PatientHit, PatientStatus, SearchKind

FIRST_FILE_NUMBER = 1000
GOOD, FAIR = 95, 85
"""Scores of a search: each word begins a word of the name; the words at least sound alike."""
FEW = 5
"""Fewer good hits than this, and those who only sound alike are looked for too."""
_EXACT, _BEGINNING, _SAME_SOUND = 100.0, 95.0, 88.0
_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip


def age_on(born: dt.date | None, day: dt.date) -> int | None:
    """Return the completed years on a day; who was born on 29 February ages on 1 March."""
    if born is None:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def file_number_of(patient_id: int) -> str:
    """Return the file number of the n-th record: digits, the last of them a check digit (Damm).

    One wrong digit, or two neighbours swapped, never gives the number of another patient. There is
    no leading zero that a spreadsheet would lose.
    """
    number = str(FIRST_FILE_NUMBER + patient_id)
    return number + _check_digit(number)


def is_own_file_number(text: str) -> bool:
    """Tell whether this may be a file number that the system has given or will give."""
    return (
        text.isascii()
        and text.isdigit()
        and int(text[:-1] or "0") > FIRST_FILE_NUMBER
        and _check_digit(text[:-1]) == text[-1]
    )


def _check_digit(number: str) -> str:
    check = "0"
    for digit in number:
        check = _DAMM[int(check)][int(digit)]
    return check


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchKeys:
    """What a patient is found under."""

    keys: frozenset[tuple[SearchKind, str]]
    text: str
    """Folded words, then skeletons behind a bar; each with a blank before it."""


def joined_keys(several: Iterable[SearchKeys]) -> SearchKeys:
    """Return the keys of one person with several records; the words of the first one lead."""
    found = list(several)
    return SearchKeys(
        keys=frozenset().union(*(one.keys for one in found)),
        text="".join(one.text for one in found)[:600],
    )


def search_keys(*, family_name: str, given_name: str, phone: str, file_number: str) -> SearchKeys:
    """Return the keys of a patient; of no patient's name, phone and number: none."""
    names = folding.name_keys(family_name, given_name)
    keys = {
        *((SearchKind.NAME, key) for key in names.latin),
        *((SearchKind.ORIGINAL, key) for key in names.original),
        *((SearchKind.SKELETON, key) for key in names.skeleton),
        *((SearchKind.DELETES, key) for key in names.deletes),
    }
    digits = "".join(c for c in phone if c.isdigit())
    if digits:
        keys.add((SearchKind.PHONE, digits[::-1][: folding.KEY_LENGTH]))
    number = folding.code(file_number)
    if number:
        keys.add((SearchKind.FILE, number[: folding.KEY_LENGTH]))
        bare = number.lstrip("abcdefghijklmnopqrstuvwxyz")
        keys.add((SearchKind.FILE, (bare or number)[: folding.KEY_LENGTH]))
    words = " ".join(sorted(names.latin | names.original))
    text = f" {words} | {' '.join(sorted(names.skeleton))} "
    return SearchKeys(keys=frozenset(keys), text=text[:600])


def are_alike(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Tell whether two (family, given) names may be one person's, in whatever order and spelling.

    Each name of the shorter one must sound like one of the other, or be a typing mistake away.
    """
    mine, theirs = _sounds(*one), _sounds(*other)
    if not mine or not theirs:
        return False
    short, long = sorted((mine, theirs), key=len)
    return all(any(_is_near(a, b) for b in long) for a in short)


def with_likeness(
    hit: PatientHit,
    *,
    family_name: str,
    given_name: str,
    birth_date: dt.date | None,
    phone: str,
) -> PatientHit:
    """Return the hit with what makes it like the person described; nothing when it is not."""
    likeness = []
    if phone and phone in {hit.phone, *(alias.phone for alias in hit.aliases)}:
        likeness.append(Likeness.PHONE)
    mine = (family_name, given_name)
    if birth_date and hit.born == birth_date and any(are_alike(mine, one) for one in _names(hit)):
        likeness.append(Likeness.BIRTH_DATE_AND_NAME)
    return replace(hit, likeness=tuple(likeness))


def _names(hit: PatientHit) -> list[tuple[str, str]]:
    mine = (hit.family_name, hit.given_name)
    return [mine, *((one.family_name, one.given_name) for one in hit.aliases)]


def _sounds(family_name: str, given_name: str) -> list[str]:
    words = [*folding.tokens(family_name), *folding.tokens(given_name)]
    kept = [word for word in words if word.casefold() not in folding.PARTICLES] or words
    return [key for word in kept if (key := folding.fold(word))]


def _is_near(one: str, other: str) -> bool:
    if folding.skeleton(one) == folding.skeleton(other):
        return True
    return min(len(one), len(other)) >= 4 and DamerauLevenshtein.distance(one, other) <= 1


def words_of(terms: Sequence[Term]) -> list[Term]:
    """Return the terms that can only be parts of a name, the longest first."""
    return sorted((term for term in terms if term.is_word), key=lambda term: -len(term.latin))


def rank(hits: Iterable[PatientHit], terms: Sequence[Term]) -> list[tuple[float, PatientHit]]:
    """Order hits by how well their names fit the words typed, each with its score up to 100.

    Exact words come before beginnings, those before the same sound, those before mistyped ones;
    among equals active records come first, then by name.
    """
    words = [term.latin for term in terms if term.is_word]
    scored = [(_score(hit, words), hit) for hit in hits]
    scored.sort(
        key=lambda pair: (
            -pair[0],
            pair[1].status is not PatientStatus.ACTIVE,
            folding.fold(pair[1].family_name),
            folding.fold(pair[1].given_name),
            pair[1].id,
        )
    )
    return scored


def is_enough(
    ranked: Sequence[tuple[float, PatientHit]], *, is_narrow: bool, has_heard: bool
) -> bool:
    """Tell whether a search may end, or looks for other spellings, or then for typing mistakes.

    A single exact hit is not enough: the same name in another spelling or script may be the person
    who is meant. A birth date or a number typed with it settles that.
    """
    best = ranked[0][0] if ranked else 0.0
    if has_heard:
        return best >= GOOD or (best >= FAIR and len(ranked) >= FEW)
    return best >= GOOD and (is_narrow or len(ranked) >= FEW)


def _score(hit: PatientHit, words: Sequence[str]) -> float:
    if not words:
        return _EXACT
    keys = {key for names in _names(hit) for name in names for key in folding.latin_keys(name)}
    return sum(max((_fit(word, key) for key in keys), default=0.0) for word in words) / len(words)


def _fit(word: str, key: str) -> float:
    if key == word:
        return _EXACT
    if key.startswith(word):
        return _BEGINNING
    if folding.skeleton(key) == folding.skeleton(word):
        return _SAME_SOUND
    return 100.0 * DamerauLevenshtein.normalized_similarity(key, word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What a search that found nobody tells about who is to be registered."""

    family_name: str = ""
    given_name: str = ""
    birth_date: dt.date | None = None
    phone: str = ""


def guess_of(text: str, *, today: dt.date) -> Guess:
    """Read a search as the beginning of a registration: "Anna Meier", "Meier, Anna", a phone."""
    family, comma, given = text.partition(",")
    terms = folding.parse(text, today=today)
    dates = [term.dates for term in terms if len(term.dates) == 1 and not term.digits]
    phones = [term.digits for term in terms if len(term.digits) >= 7 and not term.dates]
    if not comma:
        *first, family = text.split() or [""]
        given = " ".join(first)
    if any(c.isdecimal() for c in family + given):
        family = given = ""
    return Guess(
        family_name=family.strip(),
        given_name=given.strip(),
        birth_date=dates[0][0] if len(dates) == 1 else None,
        phone=text.strip() if len(phones) == 1 and len(terms) == 1 else "",
    )
