"""Reading a paper as a person or a printer would: its text, its fonts, what it points to."""

import re
import unicodedata

import pypdfium2

_INVISIBLE = dict.fromkeys([*range(0x2066, 0x206A), 0x200E, 0x200F, 0xFFFE, 0x02])


def plain(text: str) -> str:
    """Return a text without what is not drawn, its white space as single blanks."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text.translate(_INVISIBLE)))


def text_of(data: bytes) -> str:
    """Return the text layer of all pages."""
    document = pypdfium2.PdfDocument(data)
    return plain(" ".join(page.get_textpage().get_text_range() for page in document))


def pages_of(data: bytes) -> int:
    return len(pypdfium2.PdfDocument(data))


def picture_of(data: bytes, page: int = 0, scale: float = 1.0):
    return pypdfium2.PdfDocument(data)[page].render(scale=scale).to_pil().convert("L")


def ink_of(data: bytes, page: int = 0) -> int:
    """Return how many dots of a page are not white."""
    return sum(picture_of(data, page).histogram()[:200])


def outside_of(data: bytes) -> list[bytes]:
    """Return everything in a PDF that would reach out of it."""
    return re.findall(rb"/(?:URI|Launch|JavaScript|JS|EmbeddedFile|GoToR|SubmitForm)\b", data)


def is_embedded(data: bytes) -> bool:
    """Tell whether every font is in the file: none is left to the reader's machine."""
    described = data.count(b"/Type /FontDescriptor")
    return described > 0 and data.count(b"/FontFile2") == described
