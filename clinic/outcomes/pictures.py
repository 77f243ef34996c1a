"""From the bytes that somebody sent to a picture of our own: judged, turned upright, drawn anew.

Nothing of what was sent is kept but the dots: no EXIF, place, comment, profile or trailer can
come through. The drawing is done by a program of its own (`drawing`), at most two at a time
(security.md FI-01, FI-02, AV-04).
"""

import hashlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from threading import BoundedSemaphore

from PIL import Image, ImageStat

from clinic.core.errors import Conflict, Invalid
from clinic.core.text import N_
from clinic.outcomes import drawing
from clinic.outcomes.drawing import HEAD, Refusal

FIELD = "pictures"
MOST_BYTES = 12 * 1024 * 1024
AT_ONCE, WAITING = 2, 2
"""How many are drawn, and how many more may wait: the server's other threads stay free."""
WAIT_S = 8.0
_SLOTS = BoundedSemaphore(AT_ONCE)
_QUEUE = BoundedSemaphore(AT_ONCE + WAITING)
_TO_START = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
"""What the drawing program gets of our environment, which also holds the clinic's secrets."""
log = logging.getLogger("clinic")

EMPTY = N_("This file is empty.")
TOO_LARGE = N_("This file is larger than 12 MB. Set the camera to a smaller size.")
TOO_MANY_PIXELS = N_("This picture has more than 40 megapixels. Set the camera to a smaller size.")
TOO_HEAVY = N_("This picture is too large to be prepared. Send it smaller, or as JPEG.")
TOO_SMALL = N_("This picture is too small: at least %(least)s pixels on each side.")
APPLE = N_(
    "This is a HEIC or AVIF picture, which cannot be read here. Set the camera to JPEG: on an"
    " iPad or iPhone under Settings, Camera, Formats, “Most Compatible”. Then take it again."
)
UNREADABLE = N_("This is no whole JPEG, PNG or WebP picture. Take it again, or send it as JPEG.")
ANIMATED = N_("This picture moves. Send one that stands still.")
SLOW = N_(
    "The picture could not be prepared in time. Nothing was saved, and it may well be good: send it"
    " again. If that happens twice, send it smaller."
)
BUSY = N_("Other pictures are being prepared just now. Nothing was saved: send it again.")
_WORDS = {
    Refusal.TOO_MANY_PIXELS: TOO_MANY_PIXELS,
    Refusal.TOO_HEAVY: TOO_HEAVY,
    Refusal.TOO_SMALL: TOO_SMALL,
    Refusal.MOVES: ANIMATED,
}


class Busy(Conflict):
    """Too many pictures are being prepared at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of our own: JPEG, upright, without anything beside its dots."""

    full: bytes
    small: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """Return the checksum of the full picture."""
        return hashlib.sha256(self.full).hexdigest()


def redrawn(raw: bytes) -> Picture:
    """Return the picture drawn anew from what was sent.

    Raises Invalid when it is too large, broken, moving or of another kind, Busy when too many
    are at work or it took too long: the picture itself may be good.
    """
    if not raw:
        raise Invalid(EMPTY, field=FIELD)
    if len(raw) > MOST_BYTES:
        raise Invalid(TOO_LARGE, field=FIELD)
    if raw[4:8] == b"ftyp":
        raise Invalid(APPLE, field=FIELD)
    with _slot():
        return _redrawn(raw)


def brightness(small: bytes) -> int:
    """Return how bright a thumbnail of our own is on the whole, in percent."""
    with Image.open(BytesIO(small), formats=["JPEG"]) as image:
        mean: float = ImageStat.Stat(image.convert("L")).mean[0]
    return round(mean * 100 / 255)


@contextmanager
def _slot() -> Iterator[None]:
    if not _QUEUE.acquire(blocking=False):
        raise Busy(BUSY)
    try:
        if not _SLOTS.acquire(timeout=WAIT_S):
            raise Busy(BUSY)
        try:
            yield
        finally:
            _SLOTS.release()
    finally:
        _QUEUE.release()


def _redrawn(raw: bytes) -> Picture:
    try:
        ended = subprocess.run(  # noqa: S603 - our own file; nothing of what was sent is named
            [sys.executable, "-I", drawing.__file__],
            input=raw,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _TO_START if name in os.environ},
            timeout=drawing.MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Busy(SLOW) from None
    except OSError as error:  # No memory or no number is left for one more program.
        log.warning("the drawing program could not be started: %s", error)
        raise Busy(BUSY) from None
    if ended.returncode < 0:  # Killed, by its limit of time or because memory was short.
        log.warning("the drawing program was ended by signal %d", -ended.returncode)
        raise Busy(SLOW)
    if ended.returncode in _WORDS:
        words = _WORDS[Refusal(ended.returncode)]
        raise Invalid(words, field=FIELD, least=drawing.LEAST_EDGE)
    if ended.returncode:
        log.info("a picture was not drawn: the program ended with %d", ended.returncode)
        raise Invalid(UNREADABLE, field=FIELD)
    width, height, length = HEAD.unpack_from(ended.stdout)
    full, small = ended.stdout[HEAD.size :][:length], ended.stdout[HEAD.size + length :]
    return Picture(full=full, small=small, width=width, height=height)
