"""What is made of what somebody sent: drawn anew, or refused with words; never kept as it came."""

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from clinic.core.errors import Invalid
from clinic.outcomes import pictures
from tests.outcomes.conftest import SECRET, as_file, dots, opened, rotated

pytestmark = [pytest.mark.once]
ROOT = Path(__file__).parents[2]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is large, and unpacks to it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 3_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def with_text(size: int) -> bytes:
    text = PngInfo()
    text.add_text("Comment", "x" * size, zip=True)
    return as_file(dots(), "PNG", pnginfo=text)


def with_profile(size: int) -> bytes:
    """A PNG with a small profile that unpacks to a large one."""
    raw = as_file(dots(), "PNG")
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(b"\0" * size))
    return raw[:33] + profile + raw[33:]


def on_a_canvas(width: int, height: int) -> bytes:
    """A small WebP that asks for a large canvas before anybody has looked at it."""
    raw = bytearray(as_file(dots(), "WEBP", save_all=True, append_images=[dots().rotate(180)]))
    at = raw.index(b"VP8X") + 12
    raw[at : at + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(raw)


def with_scans(count: int) -> bytes:
    """A JPEG that goes over its dots again and again."""
    raw = as_file(dots(), progressive=True)
    last = raw.rindex(b"\xff\xda")
    return raw[:last] + raw[last:-2] * count + raw[-2:]


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
REFUSED = {
    "nothing": (b"", pictures.EMPTY),
    "a bomb": (bomb(30_000, 30_000), pictures.TOO_MANY_PIXELS),
    "a bomb that Pillow only warns of": (bomb(9_500, 9_500), pictures.TOO_MANY_PIXELS),
    "just above the limit": (bomb(8_001, 5_000), pictures.TOO_MANY_PIXELS),
    "fewer rows than it says": (bomb(6_000, 6_000), pictures.UNREADABLE),
    "a text that unpacks to 50 MB": (with_text(50_000_000), pictures.UNREADABLE),
    "a WebP that asks for two gigabytes": (on_a_canvas(16_383, 16_383), pictures.UNREADABLE),
    "a WebP of 16 megapixels": (
        as_file(Image.new("RGB", (4_100, 4_000)), "WEBP", quality=1, method=0),
        pictures.TOO_HEAVY,
    ),
    "a profile that unpacks to 50 MB": (with_profile(50_000_000), pictures.UNREADABLE),
    "a hair": (as_file(Image.new("L", (1, 60_000)), "PNG"), pictures.TOO_SMALL),
    "SVG": (SVG, pictures.UNREADABLE),
    "HTML": (b"<!doctype html><script>alert(1)</script>" * 9, pictures.UNREADABLE),
    "a page before the picture": (SVG + as_file(dots()), pictures.UNREADABLE),
    "GIF": (as_file(dots(), "GIF"), pictures.UNREADABLE),
    "TIFF": (as_file(dots(), "TIFF"), pictures.UNREADABLE),
    "PDF": (as_file(dots(), "PDF"), pictures.UNREADABLE),
    "BMP": (as_file(dots(), "BMP"), pictures.UNREADABLE),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", pictures.UNREADABLE),
    "half a JPEG": (as_file(dots())[:2_000], pictures.UNREADABLE),
    "half a PNG": (as_file(dots(), "PNG")[:500], pictures.UNREADABLE),
    "only the first bytes": (b"\xff\xd8\xff\xe0", pictures.UNREADABLE),
    "HEIC": (b"\0\0\0\x18ftypheic" + b"\0" * 400, pictures.APPLE),
    "AVIF": (as_file(dots(), "AVIF"), pictures.APPLE),
    "a WebP that moves": (
        as_file(dots(), "WEBP", save_all=True, append_images=[dots().rotate(180)]),
        pictures.ANIMATED,
    ),
    "a PNG that moves": (
        as_file(dots(), "PNG", save_all=True, append_images=[dots().rotate(180)]),
        pictures.ANIMATED,
    ),
    "passes without end": (with_scans(200), pictures.UNREADABLE),
    "a stamp": (as_file(dots(120, 120)), pictures.TOO_SMALL),
    "more than 12 MB": (as_file(dots()) + b"\0" * 12 * 1024 * 1024, pictures.TOO_LARGE),
}


def test_a_film_behind_a_picture_is_no_pass_over_it():
    film = as_file(dots(), progressive=True) + b"\xff\xda\0\x08" * 500

    assert opened(pictures.redrawn(film).full).size == (400, 300)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_whole_small_picture_is_refused_in_words(name):
    raw, words = REFUSED[name]

    with pytest.raises(Invalid) as refused:
        pictures.redrawn(raw)

    assert refused.value.message == words
    assert refused.value.field == "pictures"


CLEANED = {
    "EXIF with a place": as_file(dots(), exif=rotated(1)),
    "a comment": as_file(dots(), comment=SECRET),
    "XMP": as_file(dots(), xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"),
    "a profile with words": as_file(dots(), icc_profile=SECRET * 20),
    "a profile of 3 MB": as_file(dots(), icc_profile=SECRET * 450_000),
    "a page behind the picture": as_file(dots()) + b"<script>" + SECRET + b"</script>",
    "an archive behind the picture": as_file(dots()) + b"PK\x03\x04" + SECRET,
    "text in a PNG": as_file(dots(), "PNG", exif=rotated(1)),
    "WebP with EXIF": as_file(dots(), "WEBP", exif=rotated(1), xmp=SECRET),
    "a second picture in it": as_file(
        dots(), "MPO", save_all=True, append_images=[dots()], exif=rotated(1)
    ),
}


@pytest.mark.parametrize("name", CLEANED)
def test_nothing_comes_through_but_the_dots(name):
    raw = CLEANED[name]
    made = pictures.redrawn(raw)

    for part in (made.full, made.small):
        assert SECRET not in part
        for mark in (b"Exif", b"ICC_PROFILE", b"http://ns.adobe.com", b"MPF\0", b"<script"):
            assert mark not in part
        image = opened(part)
        assert image.format == "JPEG"
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert made.full.endswith(b"\xff\xd9")


def test_what_was_hidden_was_there():
    """Else the test above could not fail."""
    hidden = [name for name, raw in CLEANED.items() if SECRET in raw]

    assert set(CLEANED) - set(hidden) <= {"WebP with EXIF"}
    assert b"Exif" in CLEANED["EXIF with a place"]


@pytest.mark.parametrize(
    ("orientation", "size", "left"),
    [(1, (400, 300), "red"), (3, (400, 300), "blue"), (6, (300, 400), None), (8, (300, 400), None)],
)
def test_it_is_turned_upright_before_the_turn_is_forgotten(orientation, size, left):
    made = pictures.redrawn(as_file(dots(), exif=rotated(orientation)))

    image = opened(made.full)
    assert (image.size, (made.width, made.height)) == (size, size)
    if left:
        red, _, blue = image.getpixel((20, 150))
        assert (red > blue) == (left == "red")
    else:
        above, below = image.getpixel((150, 20)), image.getpixel((150, 380))
        assert (above[0] > above[2]) == (orientation == 6)
        assert (below[0] > below[2]) == (orientation == 8)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_broken_exif_block_is_thrown_away_and_the_picture_kept():
    made = pictures.redrawn(as_file(dots(), exif=b"Exif\0\0II*\0\xff\xff\xff\xff"))

    assert (made.width, made.height) == (400, 300)


def white(mode: str, colour: object) -> Image.Image:
    return Image.new(mode, (300, 300), colour)  # type: ignore[arg-type]


MODES = {
    "CMYK": (as_file(dots().convert("CMYK")), (255, 0, 0)),
    "grey": (as_file(white("L", 200)), (200, 200, 200)),
    "16 bit": (as_file(white("I;16", 200 * 256), "PNG"), (200, 200, 200)),
    "16 bit, dark": (as_file(white("I;16", 200), "PNG"), (0, 0, 0)),
    "see-through": (as_file(white("RGBA", (9, 9, 9, 0)), "PNG"), (255, 255, 255)),
    "grey, see-through": (as_file(white("LA", (9, 0)), "PNG"), (255, 255, 255)),
    "palette": (as_file(dots().quantize(8), "PNG"), (255, 0, 0)),
    "one bit": (as_file(white("1", 1), "PNG"), (255, 255, 255)),
    "WebP": (as_file(dots(), "WEBP", lossless=True), (255, 0, 0)),
}


@pytest.mark.parametrize("name", MODES)
def test_every_kind_of_dots_becomes_plain_colours(name):
    raw, wanted = MODES[name]

    image = opened(pictures.redrawn(raw).full)

    assert image.mode == "RGB"
    got = image.getpixel((50, 50))
    assert all(abs(one - other) < 12 for one, other in zip(got, wanted, strict=True)), got


def test_a_profile_changes_the_colours_and_is_not_kept():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    for icc in (profile, lab, b"junk"):
        made = pictures.redrawn(as_file(dots(), icc_profile=icc))
        assert b"ICC_PROFILE" not in made.full
        red, _, blue = opened(made.full).getpixel((50, 50))
        assert (red > 200, blue < 60) == (True, True)


def test_the_thumbnail_is_small_and_the_picture_whole():
    made = pictures.redrawn(as_file(dots(3000, 2000)))

    assert opened(made.full).size == (3000, 2000)
    assert max(opened(made.small).size) == 640
    assert len(made.sha256) == 64


def test_brightness_is_measured_in_percent():
    def measured(colour: str) -> int:
        return pictures.brightness(as_file(Image.new("RGB", (64, 48), colour)))

    assert (measured("black"), measured("white")) == (0, 100)
    assert 48 <= measured("#808080") <= 52
