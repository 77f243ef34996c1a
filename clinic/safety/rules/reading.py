"""Reading of tables of plain data with every problem named by its place, none skipped."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

E = TypeVar("E", bound=StrEnum)
R = TypeVar("R")


class BadCatalogue(ValueError):
    """The data is no catalogue; `problems` says where and what is allowed."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class Table:
    """One table of the data: reads fields, remembers what was read, collects problems."""

    def __init__(self, data: object, place: str, problems: list[str]) -> None:
        self.place = place
        self.problems = problems
        self._data: Mapping[str, object] = {}
        if isinstance(data, Mapping):
            self._data = {str(name): value for name, value in data.items()}
        else:
            problems.append(f"{place}: must be a table")
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._data

    def get(self, name: str) -> object:
        """Return the raw value, None where there is none."""
        self._read.add(name)
        return self._data.get(name)

    def bad(self, name: str, what: str) -> None:
        """Note a problem with a field."""
        self.problems.append(f"{self.place}.{name}: {what}")

    def text(self, name: str, default: str | None = None) -> str:
        """Read a text that is not empty; without a default it must be there."""
        value = self.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip():
            self.bad(name, "must be a text")
            return default or ""
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Read true or false."""
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.bad(name, "must be true or false")
            return default
        return value

    def whole(self, name: str, default: int | None = None) -> int | None:
        """Read a whole number that is not negative."""
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            self.bad(name, "must be a whole number, 0 or more")
            return default
        return value

    def number(self, name: str) -> str:
        """Read a number, kept as text so that no digit is lost."""
        value = self.get(name)
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            try:
                Decimal(str(value))
            except InvalidOperation:
                pass
            else:
                return str(value)
        self.bad(name, "must be a number")
        return "0"

    def choice(self, name: str, kind: type[E], default: E | None = None) -> E:
        """Read one of the words of an enumeration."""
        value = self.get(name)
        if value is None and default is not None:
            return default
        words = [member.value for member in kind]
        if value not in words:
            self.bad(name, f"must be one of {', '.join(words)}")
            return default or next(iter(kind))
        return kind(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of texts, empty where there is none."""
        value = self.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.bad(name, "must be a list of texts")
            return ()
        return tuple(value)

    def tables(self, name: str) -> Iterator["Table"]:
        """Read a list of tables."""
        value = self.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            self.bad(name, "must be a list of tables")
            return
        for number, item in enumerate(value):
            yield Table(item, f"{self.place}.{name}[{number}]", self.problems)

    def table(self, name: str) -> "Table":
        """Read a table inside this one, empty where there is none."""
        value = self.get(name)
        return Table({} if value is None else value, f"{self.place}.{name}", self.problems)

    def names(self) -> tuple[str, ...]:
        """Return the names of all fields."""
        return tuple(self._data)

    def refuse_rest(self) -> None:
        """Note every field that nobody read."""
        for name in self._data:
            if name not in self._read:
                self.bad(name, "is not known here")


def once(codes: Sequence[str], place: str, problems: list[str]) -> None:
    """Note every code that is there twice."""
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            problems.append(f"{place}: {code} is there twice")
        seen.add(code)


def checked(build: Callable[[list[str]], R]) -> R:
    """Run a reading and raise BadCatalogue when it collected problems."""
    problems: list[str] = []
    result = build(problems)
    if problems:
        raise BadCatalogue(problems)
    return result
