"""The languages: compiles the translations when they have changed, and says which are unreviewed.

The repository holds only what people write, one `.po` for each language. The compiled form is
made at the first start after a change and kept under the digest of its sources: a later start
reads two files and makes nothing, and an older program that still runs keeps its own.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "translations"
RECIPE = "1"
"""Part of the digest; count it up when the compiling below changes."""
UNREVIEWED = {"de": "ungeprüft", "ar": "غير مُراجَعة"}
"""What the menu says of a language that no clinician who speaks it has read."""

_REVIEWED = re.compile(r'^"X-Reviewed: (\w+)\\n"$', re.MULTILINE)


def source(language: str) -> Path:
    """Return where the translations into a language are written."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def is_reviewed(language: str) -> bool:
    """Tell whether the header of a language's catalogue says `X-Reviewed: yes`."""
    found = _REVIEWED.search(source(language).read_text(encoding="utf-8"))
    return found is not None and found.group(1) == "yes"


def menu(languages: Mapping[str, str]) -> dict[str, str]:
    """Return the languages by code, each with its name for the menu; the unreviewed are marked."""
    return {
        code: name
        if code not in UNREVIEWED or is_reviewed(code)
        else f"{name} ({UNREVIEWED[code]})"
        for code, name in languages.items()
    }


def compiled(cache: Path) -> Path:
    """Return a folder with every language compiled, under `cache`; made when it is not there.

    On a full or read-only disk it is a temporary folder, made at every start.
    """
    try:
        return _compiled_in(cache)
    except OSError:
        return _compiled_in(Path(tempfile.mkdtemp(prefix="anagen-translations-")))


def _compiled_in(cache: Path) -> Path:
    texts = {path.parts[-3]: path.read_bytes() for path in sorted(FOLDER.glob("*/*/messages.po"))}
    seal = hashlib.sha256(RECIPE.encode())
    for language, text in texts.items():
        seal.update(f"\0{language}\0".encode() + text)
    folder = cache.resolve() / seal.hexdigest()[:16]
    for language, text in texts.items():
        target = folder / language / "LC_MESSAGES" / "messages.mo"
        if not target.is_file():
            _write(target, _compile(language, text))
    return folder


def _compile(language: str, text: bytes) -> bytes:
    # Imported here: a warm start does not need them.
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - see above
    from babel.messages.pofile import read_po  # noqa: PLC0415 - see above

    out = BytesIO()
    # What is not translated, or only guessed ("fuzzy"), is left out and shown in English.
    write_mo(out, read_po(BytesIO(text), locale=language, abort_invalid=True))
    return out.getvalue()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Under another name first: a second process that starts now must not read half of it.
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(name).replace(path)
