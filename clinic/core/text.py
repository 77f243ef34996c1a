"""Words: marking them for translation, cleaning what people type, folding names for search."""

import re
import unicodedata

_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0xFEFF])


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for marking a message
    """Mark a message for translation; the web layer translates it when it is shown."""
    return message


def clean(text: str) -> str:
    """Return the text in NFC without control and direction-override characters.

    Line breaks and tabs stay; lone surrogates and NUL go, since one database takes them
    and the other does not.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(
        c
        for c in text.translate(_BIDI)
        if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"}
    )


def one_line(text: str) -> str:
    """Return cleaned text with every run of white space as one blank, trimmed."""
    return re.sub(r"\s+", " ", clean(text)).strip()
