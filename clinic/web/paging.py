"""Pages of a long list: one query parameter, bounded."""

from dataclasses import dataclass

from flask import request

LAST = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its number from 1 and how many rows it takes."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.number - 1) * self.size


def page_of_request(size: int = 50) -> Page:
    """Read `?page=`; anything but a whole number from 1 to 10,000 is page 1."""
    raw = request.args.get("page", "1")
    good = raw.isascii() and raw.isdigit() and 1 <= int(raw[:6]) <= LAST
    return Page(int(raw) if good else 1, size)
