"""The field of a scanner: it types a barcode and presses Enter."""

from collections.abc import Sequence
from typing import Any

from clinic.web.forms import ParsedField


class ScanField(ParsedField):
    """What a scanner types: kept as it came, its invisible separators too, and read elsewhere."""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take the text."""
        self.data = str(valuelist[0]).strip(" \t\r\n") if valuelist else ""

    def _value(self) -> str:
        return "".join(c for c in str(self.data or "") if c.isprintable())
