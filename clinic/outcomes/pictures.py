"""From the bytes that somebody sent to a picture of our own: judged, turned upright, drawn anew.

Nothing of what was sent is kept but the dots: no EXIF, place, comment, profile or trailer can
come through. All work is done by at most two at a time (security.md FI-01, FI-02, AV-04).
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from threading import BoundedSemaphore

from PIL import Image, ImageCms, ImageOps, ImageStat

from clinic.core.errors import Conflict, Invalid
from clinic.core.text import N_

FIELD = "pictures"
MOST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 40_000_000
LEAST_EDGE = 200
"""Pixels of the shorter side: below it nothing of hair can be seen."""
THUMBNAIL = (640, 640)
AT_ONCE, WAITING = 2, 2
"""How many are drawn, and how many more may wait: the server's other threads stay free."""
WAIT_S = 8.0
MOST_SCANS = 100
"""Passes of a JPEG over its dots: cameras make one, programs about ten, and each takes its time."""
_FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_PROFILE = 2 * 1024 * 1024
_SRGB = ImageCms.createProfile("sRGB")
_SLOTS = BoundedSemaphore(AT_ONCE)
_QUEUE = BoundedSemaphore(AT_ONCE + WAITING)
_MARK = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
"""A part of a JPEG that says how long it is; what is left out has no length or is a dot."""
_SCAN, _END = 0xDA, 0xD9
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_BROKEN = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError),
    *(OSError, RuntimeError, SyntaxError, TypeError, ValueError, struct.error, zlib.error),
)
"""What decoders raise at bytes that somebody made to break them."""

EMPTY = N_("This file is empty.")
TOO_LARGE = N_("This file is larger than 12 MB. Set the camera to a smaller size.")
TOO_MANY_PIXELS = N_("This picture has more than 40 megapixels. Set the camera to a smaller size.")
TOO_SMALL = N_("This picture is too small: at least %(least)s pixels on each side.")
APPLE = N_(
    "This is a HEIC or AVIF picture, which cannot be read here. Set the camera to JPEG"
    " (on an iPad: Settings, Camera, Formats, Most compatible)."
)
UNREADABLE = N_("This is no whole JPEG, PNG or WebP picture. Take it again, or send it as JPEG.")
ANIMATED = N_("This picture moves. Send one that stands still.")
BUSY = N_("Other pictures are being prepared just now. Nothing was saved: send it again.")


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
    are at work.
    """
    if not raw:
        raise Invalid(EMPTY, field=FIELD)
    if len(raw) > MOST_BYTES:
        raise Invalid(TOO_LARGE, field=FIELD)
    if raw[4:8] == b"ftyp":
        raise Invalid(APPLE, field=FIELD)
    with _slot(), _in_words():
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


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except Invalid:
        raise
    except _BOMBS:
        raise Invalid(TOO_MANY_PIXELS, field=FIELD) from None
    except _BROKEN:
        raise Invalid(UNREADABLE, field=FIELD) from None


def _redrawn(raw: bytes) -> Picture:
    with Image.open(BytesIO(raw), formats=_FORMATS) as sent:
        width, height = sent.size
        if width * height > MOST_PIXELS:  # before anything is unpacked
            raise Invalid(TOO_MANY_PIXELS, field=FIELD)
        if min(width, height) < LEAST_EDGE:
            raise Invalid(TOO_SMALL, field=FIELD, least=LEAST_EDGE)
        if sent.format in {"JPEG", "MPO"} and _has_too_many_scans(raw):
            raise Invalid(UNREADABLE, field=FIELD)
        # A JPEG with several pictures (MPO) is what telephones make of one: its first is meant.
        if sent.format in {"PNG", "WEBP"} and getattr(sent, "is_animated", False):
            raise Invalid(ANIMATED, field=FIELD)
        sent.load()
        dots = _in_srgb(_upright(sent))
    full = _jpeg(dots)
    dots.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    return Picture(full=full[0], small=_jpeg(dots)[0], width=full[1], height=full[2])


def _has_too_many_scans(raw: bytes) -> bool:
    """Tell whether a JPEG's first picture would keep a processor for minutes."""
    at = scans = 0
    while scans <= MOST_SCANS and (found := _MARK.search(raw, at + 2)):
        kind, at = raw[found.start() + 1], found.start()
        if kind == _END:
            return False
        scans += kind == _SCAN
        at += int.from_bytes(raw[at + 2 : at + 4])
    return scans > MOST_SCANS


def _upright(image: Image.Image) -> Image.Image:
    with suppress(*_BROKEN):  # A broken EXIF block is thrown away like every other.
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _in_srgb(image: Image.Image) -> Image.Image:
    """Return the dots in sRGB on white: no profile has to be kept for the colours to be right."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    elif image.has_transparency_data or image.mode in {"P", "PA", "1"}:
        over = image.convert("RGBA")
        image = Image.new("RGBA", over.size, "white")
        image.alpha_composite(over)
        image = image.convert("RGB")
    if profile and len(profile) <= _MOST_PROFILE:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            found = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, *_BROKEN):
            found = None  # A profile of another kind of picture, or none at all.
        image = found or image
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return the dots of a PNG of 16 bits, of which the upper eight can be seen."""
    return image.convert("I").point(lambda dot: dot * (1 / 256)).convert("L")


def _jpeg(dots: Image.Image) -> tuple[bytes, int, int]:
    dots.info.clear()  # Pillow writes a comment that it finds there.
    file = BytesIO()
    dots.save(file, "JPEG", quality=90, subsampling=0)
    return file.getvalue(), *dots.size
