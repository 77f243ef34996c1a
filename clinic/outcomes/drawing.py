"""Draws one picture anew, as a program of its own that can do harm to nothing but itself.

What somebody sent is unpacked by code in C. So `pictures` starts this file for each of them, with
little memory and time, without the clinic's secrets and without a way to open or write a file:
bytes come in, bytes go out, and the end says what was wrong. It imports nothing of the clinic.
"""

import os
import struct
import sys
from contextlib import suppress
from enum import IntEnum
from importlib import import_module
from io import BytesIO

from PIL import Image, ImageCms

MOST_PIXELS = 40_000_000
MOST_WEBP_PIXELS = 16_000_000
"""Its decoder keeps each dot four times."""
MOST_MEMORY = 512 * 1024 * 1024
"""Of this process: a JPEG or PNG of the most pixels needs up to four fifths of it."""
MOST_SECONDS = 15
LEAST_EDGE = 200
"""Pixels of the shorter side: below it nothing of hair can be seen."""
MOST_SCANS = 100
"""Passes of a JPEG over its dots: cameras make one, programs about ten, and each takes its time."""
HEAD = struct.Struct(">III")
"""What comes before the two pictures: width, height, bytes of the first."""
THUMBNAIL = (640, 640)
_FORMATS = ("JPEG", "PNG", "WEBP")
_STRIP = 256
"""Rows that are given other colours at once: a second whole copy would need the memory of two."""
_MOST_PROFILE = 2 * 1024 * 1024
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BROKEN = (ArithmeticError, LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error)
_SCAN, _END = 0xDA, 0xD9
_WITHOUT_LENGTH = frozenset({0x00, 0x01, 0xFF, *range(0xD0, 0xD8)})


class Refusal(IntEnum):
    """What is wrong with a picture, as the status that this program ends with."""

    TOO_MANY_PIXELS = 10
    TOO_HEAVY = 11
    TOO_SMALL = 12
    MOVES = 13
    UNREADABLE = 14


class Refused(Exception):
    """A picture is not drawn."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why)
        self.why = why


def drawn(raw: bytes) -> tuple[bytes, bytes, int, int]:
    """Return (picture, thumbnail, width, height): JPEG, upright, sRGB, with nothing but dots.

    Raises Refused, MemoryError, and whatever decoders raise at bytes that are no picture.
    """
    image: Image.Image = Image.open(BytesIO(raw), formats=_FORMATS)
    _judge(image, raw)
    # A JPEG with several pictures (MPO) is what telephones make of one: its first is meant.
    image.load()
    image = _upright(image)
    image = _in_srgb(image)
    width, height = image.size
    full = _jpeg(image)
    image.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    return full, _jpeg(image), width, height


def _judge(image: Image.Image, raw: bytes) -> None:
    """Refuse what should not be unpacked at all."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise Refused(Refusal.TOO_MANY_PIXELS)
    if image.format == "WEBP" and width * height > MOST_WEBP_PIXELS:
        raise Refused(Refusal.TOO_HEAVY)
    if min(width, height) < LEAST_EDGE:
        raise Refused(Refusal.TOO_SMALL)
    if image.format in {"JPEG", "MPO"} and _has_too_many_scans(raw):
        raise Refused(Refusal.UNREADABLE)
    if image.format in {"PNG", "WEBP"} and getattr(image, "is_animated", False):
        raise Refused(Refusal.MOVES)


def _has_too_many_scans(raw: bytes) -> bool:
    """Tell whether a JPEG's first picture would keep a processor for long."""
    at, scans = raw.find(b"\xff", 2), 0
    while 0 <= at < len(raw) - 3 and scans <= MOST_SCANS:
        kind = raw[at + 1]
        if kind == _END:
            return False
        if kind not in _WITHOUT_LENGTH:
            scans += kind == _SCAN
            at += int.from_bytes(raw[at + 2 : at + 4])
        at = raw.find(b"\xff", at + 1)
    return scans > MOST_SCANS


def _upright(image: Image.Image) -> Image.Image:
    try:
        turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except _BROKEN:  # A broken EXIF block is thrown away like every other.
        turn = None
    return image if turn is None else image.transpose(turn)


def _in_srgb(image: Image.Image) -> Image.Image:
    """Return the dots in sRGB on white: no profile has to be kept for the colours to be right."""
    sample = _flat(image.crop((0, 0, 1, 1)))
    change = _change_of(image.info.get("icc_profile"), sample.mode)
    if change is None and image.mode == "RGB" and not image.has_transparency_data:
        return image
    made = Image.new("RGB", image.size)
    for top in range(0, image.height, _STRIP):
        strip = _flat(image.crop((0, top, image.width, min(top + _STRIP, image.height))))
        made.paste((change.apply(strip) if change else strip.convert("RGB")), (0, top))
    return made


def _change_of(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return what brings colours of a profile into sRGB; None for a useless profile or none."""
    if not profile or len(profile) > _MOST_PROFILE:
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, *_BROKEN):
        return None  # Of another kind of picture, or no profile at all.


def _flat(image: Image.Image) -> Image.Image:
    """Return dots of eight bits that nothing shines through."""
    if image.mode.startswith(("I", "F")):  # A PNG of 16 bits: the upper eight can be seen.
        return image.convert("I").point(lambda dot: dot * (1 / 256)).convert("L")
    if image.has_transparency_data or image.mode in {"P", "PA", "1"}:
        over = image.convert("RGBA")
        made = Image.new("RGBA", over.size, "white")
        made.alpha_composite(over)
        return made.convert("RGB")
    return image


def _jpeg(image: Image.Image) -> bytes:
    image.info.clear()  # Pillow writes a comment that it finds there.
    file = BytesIO()
    image.save(file, "JPEG", quality=90, subsampling=0)
    return file.getvalue()


def _shut_in() -> None:
    """Give up what a picture made by an enemy could use, where the system lets us."""
    Image.MAX_IMAGE_PIXELS = None  # Our own limit is the lower one, and has its own words.
    Image.preinit()
    for kind in ("Mpo", "Tiff", "WebP"):  # Afterwards no file can be opened; TIFF is what EXIF is.
        import_module(f"PIL.{kind}ImagePlugin")
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    for name, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        # macOS takes no limit of memory, and nobody may raise what a machine has set lower.
        with suppress(OSError, ValueError):
            resource.setrlimit(name, (most, most))
    os.nice(5)  # Whoever opens a page comes first.


def main() -> int:
    """Read what was sent, write what became of it, and return what was wrong."""
    _shut_in()
    try:
        full, small, width, height = drawn(sys.stdin.buffer.read())
    except Refused as refused:
        return refused.why
    except MemoryError:
        return Refusal.TOO_HEAVY
    sys.stdout.buffer.write(HEAD.pack(width, height, len(full)))
    sys.stdout.buffer.write(full)
    sys.stdout.buffer.write(small)
    return 0


if __name__ == "__main__":
    sys.exit(main())
