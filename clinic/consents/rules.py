"""What a consent text must hold (clinical.md section 7), and what a drawn signature may be.

Version, signatures and time are not written by hand: the row of the signed consent holds them.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from clinic.consents.values import ConsentKind, Text
from clinic.core.errors import Invalid
from clinic.core.text import N_

NOTE = "note"
"""A remark before the text, such as that it is an example; the only element that may be empty."""
_FIRST = ("identity", "diagnosis", "procedure", "status", "alternatives", "benefit", "upkeep")
_LAST = (
    "risks",
    "medicines",
    "cost",
    "photographs",
    "data",
    "withdrawal",
    "emergency",
    "questions",
    "language",
    "cooling_off",
)
ELEMENTS: dict[ConsentKind, tuple[str, ...]] = {
    ConsentKind.PRP: (
        *_FIRST,
        *("blood", "failure", "single_use", "identity_check", "serology", "no_hair"),
        *_LAST,
    ),
    ConsentKind.MESOTHERAPY: (*_FIRST, "ingredients", "hormones", "minoxidil", "infection", *_LAST),
    ConsentKind.PHOTOGRAPHS: (
        *("identity", "photographs", "data", "withdrawal", "questions", "language"),
    ),
}
"""In the order in which they are read."""
Words = Mapping[str, Mapping[str, Sequence[str]]]
"""{language: {element: (heading, text)}}."""

FIELD_WIDTH, FIELD_HEIGHT = 600, 200
"""Units of the field that a signature is drawn in."""
MOST_STROKES, MOST_NUMBERS = 120, 8000
LEAST_INK = 80
"""Units of line: less is a dot or a slip of the hand."""
NO_SIGNATURE = N_("Please sign in the field, or type your name and tick that it is your signature.")
Strokes = list[list[int]]


def elements(kind: ConsentKind) -> tuple[str, ...]:
    """Return all elements of a kind in order, the remark first."""
    return (NOTE, *ELEMENTS[kind])


def missing(kind: ConsentKind, words: Words) -> tuple[tuple[str, str], ...]:
    """Return (language, element) of everything that a text lacks in a language it is begun in.

    A text without any language lacks everything: its language is then empty.
    """
    return tuple(
        (language, element)
        for language, said in (words or {"": {}}).items()
        for element in ELEMENTS[kind]
        if element not in said or not said[element][1].strip()
    )


def applying(
    texts: Iterable[Text], kind: ConsentKind, *, on: dt.date, service_id: int | None = None
) -> Text | None:
    """Return the text to be signed before a service: its own if it stands, else its kind's.

    `texts` come newest first; None where nothing was in force yet on the day.
    """
    fitting = [
        text
        for text in texts
        if text.kind is kind and text.in_force_from <= on and text.service_id in {None, service_id}
    ]
    own = next((text for text in fitting if text.service_id is not None), None)
    if own is not None and own.has_words:
        return own
    return next((text for text in fitting if text.service_id is None), None)


def strokes_of(raw: object) -> Strokes:
    """Return a drawn signature as strokes [x, y, x, y, ...] in whole units of its field.

    Raises Invalid for anything else, for too much of it, and for too little ink to be a signature.
    """
    if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_STROKES:
        raise Invalid(NO_SIGNATURE, field="strokes")
    ink = numbers = 0
    for stroke in raw:
        if not isinstance(stroke, list) or len(stroke) < 2 or len(stroke) % 2:
            raise Invalid(NO_SIGNATURE, field="strokes")
        numbers += len(stroke)
        if numbers > MOST_NUMBERS or not all(type(number) is int for number in stroke):
            raise Invalid(NO_SIGNATURE, field="strokes")
        places = list(zip(stroke[::2], stroke[1::2], strict=True))
        if not all(0 <= x <= FIELD_WIDTH and 0 <= y <= FIELD_HEIGHT for x, y in places):
            raise Invalid(NO_SIGNATURE, field="strokes")
        ink += sum(abs(x - ax) + abs(y - ay) for (ax, ay), (x, y) in pairwise(places))
    if ink < LEAST_INK:
        raise Invalid(NO_SIGNATURE, field="strokes")
    return [list(stroke) for stroke in raw]


def next_version(names: Sequence[str]) -> str:
    """Return the name of the next version of a text: the highest whole number so far plus one."""
    heads = [name.partition(".")[0] for name in names]
    whole = [int(head) for head in heads if head.isascii() and head.isdigit() and len(head) < 5]
    return f"{max(whole, default=len(names)) + 1}.0"
