"""Where pictures lie: outside every address, under random names, whole or not at all.

A file is written to a name of its own, brought onto the disk and then renamed; its row comes
after it, in a transaction. So a kill leaves at worst a file without a row, which the sweep finds.
"""

import datetime as dt
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import cast

from clinic.core.errors import Conflict, NotFound
from clinic.core.text import N_

EXTENSION = "photographs"
LEAST_FREE = 10**9
"""Bytes that stay free: the records are on the same disk, and must go on being written."""
_KEY = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"([0-9a-f]{32})\.(?:full|small)\.jpg")
UNSAVED = N_("The disk is full or cannot be written to. This picture was not saved.")
GONE = N_("The file of this picture is missing. Tell whoever looks after the computer.")


class Size(StrEnum):
    """The files of one picture."""

    FULL = "full"
    SMALL = "small"


class Unwritten(Conflict):
    """The disk is full, read-only or broken."""


class Store:
    """A folder of pictures, and how many bytes the clinic keeps there at most."""

    def __init__(self, root: Path, *, most_bytes: int, least_free: int = LEAST_FREE) -> None:
        self.root, self.most_bytes, self._least_free = root, most_bytes, least_free

    def write(self, parts: dict[Size, bytes]) -> str:
        """Write the files of one picture and return its random key; raises Unwritten."""
        key = secrets.token_hex(16)
        try:
            folder = self._folder(key)
            if shutil.disk_usage(folder).free < self._least_free:
                raise Unwritten(UNSAVED)
            for size, content in parts.items():
                _write(folder / f"{key}.{size}.jpg", content)
            _sync(folder)
        except OSError as failure:
            self.drop(key)
            raise Unwritten(UNSAVED) from failure
        return key

    def read(self, key: str, size: Size) -> bytes:
        """Return a file; raises NotFound when it is not there."""
        try:
            return self._path(key, size).read_bytes()
        except FileNotFoundError:
            raise NotFound(GONE) from None

    def has(self, key: str) -> bool:
        """Tell whether a picture is there with all its files."""
        return all(self._path(key, size).exists() for size in Size)

    def drop(self, key: str) -> None:
        """Remove the files of a picture; what is not there is no failure."""
        for size in Size:
            with suppress(OSError):  # What cannot go now has no row, and the sweep tries again.
                self._path(key, size).unlink(missing_ok=True)

    def keys(self, *, before: dt.datetime) -> Iterator[str]:
        """Yield the key of every picture of which something was written before an instant."""
        seen = {
            named[1]
            for path in self.root.glob("??/??/*.jpg")
            if (named := _NAME.fullmatch(path.name)) and _age(path) < before.timestamp()
        }
        yield from sorted(seen)

    def drop_drafts(self, *, before: dt.datetime) -> int:
        """Remove what a kill left half written before an instant; return how many files."""
        count = 0
        for path in self.root.glob("??/??/.*"):
            if _age(path) < before.timestamp():
                path.unlink(missing_ok=True)
                count += 1
        return count

    def _folder(self, key: str) -> Path:
        folder = self.root
        for name in ("", key[:2], key[2:4]):
            folder = folder / name
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
                _sync(folder.parent)
        return folder

    def _path(self, key: str, size: Size) -> Path:
        assert _KEY.fullmatch(key), "a key of our own"
        return self.root / key[:2] / key[2:4] / f"{key}.{size}.jpg"


def store_of(extensions: Mapping[str, object]) -> Store:
    """Return the store that the application was made with."""
    return cast("Store", extensions[EXTENSION])


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()  # Onto the disk before the name is moved.
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """Bring the names in a folder onto the disk, where the system lets a folder be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")  # another sweep was faster
