"""Style sheets, scripts, icons and fonts, each under an address that changes with its content.

All of them live under one digest of everything, `/assets/<digest>/...`, so that a style sheet can
name a font and a module can import its neighbour by a relative address, and every answer may be
kept for ever. The map of names is made when the app starts: what is not in it does not exist, so
no address reaches another file. An older digest still answers, for a page that was open during an
update, but asks to be checked again.
"""

import hashlib
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, has_request_context, request
from markupsafe import Markup

from clinic.web import fonts, icons
from clinic.web.access import public

STATIC = Path(__file__).with_name("static")
STYLES = (
    *("tokens", "base", "components", "forms", "lists", "intake", "tablet", "rulebook"),
    *("board", "courses", "scalp", "photographs"),
    "print",
    "labels",
)
"""The parts of `css/app.css`, in the order in which they are joined."""
ROWS_OF_A_DAY = 24 * 12
ROWS_OF_A_VISIT = 96
FOR_EVER = "public, max-age=31536000, immutable"

_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}

bp = Blueprint("assets", __name__)


def init_app(app: Flask) -> None:
    """Register the addresses and the template functions `icon` and `asset`."""
    app.extensions["fonts"] = fonts.Cutter(app.config.get("ASSET_CACHE"))
    app.register_blueprint(bp)
    app.jinja_env.globals.update(icon=icon, asset=asset)


@bp.get("/assets/<string:digest>/<path:name>")
@public
def show(digest: str, name: str) -> Response:
    """Answer with one file of the map; 404 for any other name."""
    response = Response(_content(name), content_type=_KINDS[Path(name).suffix])
    if digest == _digest():
        response.headers["Cache-Control"] = FOR_EVER
        return response
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


def asset(name: str) -> str:
    """Return the address of a file of the map; an unknown name raises LookupError."""
    if name not in _texts() and name not in _font_files():
        raise LookupError(f"There is no asset {name!r}")
    return f"{_root()}/assets/{_digest()}/{name}"


def icon(name: str, cls: str = "", size: int = 16) -> Markup:
    """Return an icon that a screen reader skips; the words beside it carry the meaning.

    Raises LookupError for a name that is not in `icons.ICONS`.
    """
    return _icon(_root(), name, cls, size)


@lru_cache(maxsize=2048)
def _icon(root: str, name: str, cls: str, size: int) -> Markup:
    # Kept, because a full day board draws several hundred of them.
    if name not in icons.ICONS:
        raise LookupError(f"There is no icon {name!r}: see clinic/web/icons.py")
    return Markup(
        '<svg class="icon{space}{cls}" width="{size}" height="{size}" aria-hidden="true"'
        ' focusable="false"><use href="{root}/assets/{digest}/icons.svg#{name}"/></svg>'
    ).format(space=" " if cls else "", cls=cls, size=size, root=root, digest=_digest(), name=name)


def rows_css() -> str:
    """Return the classes that place things on the five-minute grid of a day.

    Inline style is forbidden by the content security policy, so every place has a class:
    `.at-N` and `.now-N` begin in row N, `.for-N` is N rows long, `.rows-N` makes N rows. `.from-N`
    and `.long-N` say the same of a part inside a visit.
    """
    rules = [f".at-{n},.now-{n}{{grid-row-start:{n + 1}}}" for n in range(ROWS_OF_A_DAY)]
    rules += [f".for-{n}{{grid-row-end:span {n}}}" for n in range(1, ROWS_OF_A_DAY + 1)]
    rules += [
        f".rows-{n}{{grid-template-rows:repeat({n},var(--row5))}}"
        for n in range(12, ROWS_OF_A_DAY + 1, 3)
    ]
    rules += [
        f".from-{n}{{--from:{n}}}.long-{n + 1}{{--long:{n + 1}}}" for n in range(ROWS_OF_A_VISIT)
    ]
    return f"@layer components{{{''.join(rules)}}}\n"


@cache
def _texts() -> dict[str, str]:
    texts = {
        path.relative_to(STATIC).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(STATIC.rglob("*"))
        if path.suffix in {".js", ".svg"}
    }
    parts = [(STATIC / "css" / f"{part}.css").read_text(encoding="utf-8") for part in STYLES]
    faces = "".join(font.face for font in fonts.installed())
    # The token part comes first: it states the order of the layers.
    texts["css/app.css"] = parts[0] + faces + "".join(parts[1:]) + rows_css()
    # A page may be printed on paper of its own: that is no part of the sheet of all pages.
    texts["css/paper/labels.css"] = (STATIC / "css/paper/labels.css").read_text(encoding="utf-8")
    texts["icons.svg"] = icons.sprite()
    return texts


@cache
def _font_files() -> dict[str, fonts.Font]:
    return {f"fonts/{font.name}.woff2": font for font in fonts.installed()}


@cache
def _digest() -> str:
    seal = hashlib.sha256(fonts.RECIPE.encode())
    for name, text in sorted(_texts().items()):
        seal.update(f"{name}\0{text}\0".encode())
    return seal.hexdigest()[:10]


def _content(name: str) -> str | bytes:
    if name in _font_files():
        woff2: Callable[[fonts.Font], bytes] = current_app.extensions["fonts"].woff2
        return woff2(_font_files()[name])
    return _texts().get(name) or abort(404)


def _root() -> str:
    return request.script_root if has_request_context() else ""
