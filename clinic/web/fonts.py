"""The two typefaces, cut down to the clinic's scripts as woff2 when a browser first asks for them.

The wheels hold whole TrueType families (877 and 236 KB); the pages need 84 and 37 KB of them.
Cutting takes some seconds, so it happens once, in the request of the font file and not before:
the first page shows the machine's own font until then (`font-display: swap`). The result is kept
in a folder, or in memory when there is none. Without the packages, pages use the system's fonts.
"""

import importlib.util
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

LATIN = "U+0020-024F, U+0259, U+0300-036F, U+1E00-1EFF, U+2000-22FF, U+2500-27BF"
ARABIC = "U+0600-06FF, U+0750-077F, U+FB50-FDFF, U+FE70-FEFF"
RECIPE = "1"
"""Part of the name of a cut font; count it up when the cutting below changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Font:
    """One font file: where it is cut from and how the style sheet names it."""

    name: str
    package: str
    file: str
    family: str
    weights: str
    scripts: str

    @property
    def source(self) -> Path | None:
        """The TrueType file inside the installed wheel, or None when it is not installed."""
        spec = importlib.util.find_spec(self.package)
        if spec is None or spec.origin is None:
            return None
        path = Path(spec.origin).with_name("files") / self.file
        return path if path.is_file() else None

    @property
    def face(self) -> str:
        """The `@font-face` rule, for a style sheet one folder beside `fonts/`."""
        return (
            f'@font-face {{ font-family: "{self.family}"; font-weight: {self.weights};'
            f' font-display: swap; src: url("../fonts/{self.name}.woff2") format("woff2");'
            f" unicode-range: {self.scripts}; }}\n"
        )


FONTS = (
    Font(
        name="inter",
        package="fontpkg_inter",
        file="Inter[opsz,wght].ttf",
        family="InterV",
        weights="400 700",
        scripts=LATIN,
    ),
    Font(
        name="plex-arabic-400",
        package="fontpkg_ibm_plex_sans_arabic",
        file="IBMPlexSansArabic-Regular.ttf",
        family="PlexAr",
        weights="400 500",
        scripts=ARABIC,
    ),
    Font(
        name="plex-arabic-600",
        package="fontpkg_ibm_plex_sans_arabic",
        file="IBMPlexSansArabic-SemiBold.ttf",
        family="PlexAr",
        weights="501 700",
        scripts=ARABIC,
    ),
)


@cache
def installed() -> tuple[Font, ...]:
    """Return the fonts that can be cut here: none when a package for it is missing."""
    if any(importlib.util.find_spec(name) is None for name in ("fontTools", "brotli")):
        return ()
    return tuple(font for font in FONTS if font.source is not None)


class Cutter:
    """Cuts each font once and keeps the result, in `folder` or else in memory."""

    def __init__(self, folder: Path | None) -> None:
        """Remember where to keep what is cut; the folder is made when it is needed."""
        self._folder = folder
        self._kept: dict[str, bytes] = {}
        self._lock = Lock()

    def woff2(self, font: Font) -> bytes:
        """Return the font file, cutting it when nobody has yet; may take seconds then."""
        with self._lock:  # Two browsers asking at once must not both pay for the cutting.
            data = self._kept.get(font.name) or self._read(font)
            if data is None:
                data = _cut(font)
                self._write(font, data)
            self._kept[font.name] = data
            return data

    def _path(self, font: Font) -> Path | None:
        return self._folder / f"{font.name}-{RECIPE}.woff2" if self._folder else None

    def _read(self, font: Font) -> bytes | None:
        path = self._path(font)
        return path.read_bytes() if path and path.is_file() else None

    def _write(self, font: Font, data: bytes) -> None:
        path = self._path(font)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except OSError:
            return  # A full or read-only disk costs the next start a few seconds, nothing else.


def _cut(font: Font) -> bytes:
    # Imported here: fontTools takes longer to import than the whole application to start.
    from io import BytesIO  # noqa: PLC0415 - with its user

    from fontTools import subset  # noqa: PLC0415 - see above
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - see above
    from fontTools.varLib import instancer  # noqa: PLC0415 - see above

    options = subset.Options(layout_features=["*"] if font.scripts is ARABIC else _FEATURES)
    options.drop_tables += ["meta", "DSIG"]
    options.name_IDs = [0, 1, 2, 13, 14]
    typeface = TTFont(font.source)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=_points(font.scripts))
    cutter.subset(typeface)
    if "fvar" in typeface:
        limits = {"opsz": 14, "wght": (400, 700)}
        typeface = instancer.instantiateVariableFont(typeface, limits, inplace=True)
    typeface.flavor = "woff2"
    out = BytesIO()
    typeface.save(out)
    return out.getvalue()


_FEATURES = ["kern", "liga", "calt", "ccmp", "locl", "mark", "mkmk", "tnum", "cv11"]


def _points(scripts: str) -> Iterable[int]:
    for part in scripts.split(", "):
        first, _, last = part.removeprefix("U+").partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)
