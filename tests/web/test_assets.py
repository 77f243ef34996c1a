"""What the browser loads: found, kept for ever, complete, and only what is in the map."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from flask import Flask

from clinic.web import assets, fonts, icons

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "clinic/web/static/js").glob("*.js"))
STYLES = sorted((ROOT / "clinic/web/static/css").glob("*.css"))

pytestmark = pytest.mark.once


@pytest.fixture
def app(tmp_path):
    app = Flask("anagen", static_folder=None)
    app.config["ASSET_CACHE"] = tmp_path
    assets.init_app(app)
    return app


@pytest.fixture
def address(app):
    with app.test_request_context():
        return app.jinja_env.globals["asset"]


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("css/app.css", "text/css; charset=utf-8"),
        ("js/app.js", "text/javascript; charset=utf-8"),
        ("icons.svg", "image/svg+xml"),
        ("logo.svg", "image/svg+xml"),
    ],
)
def test_a_file_is_kept_for_ever_under_its_digest(client, address, name, kind):
    answer = client.get(address(name))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_an_older_digest_still_answers_but_is_checked_again(client):
    answer = client.get("/assets/0000000000/css/app.css")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get(
        "/assets/0000000000/css/app.css", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    "name",
    [
        "css/none.css",
        "../assets.py",
        "..%2Fassets.py",
        "js/../../assets.py",
        "/etc/passwd",
        "css",
        "",
    ],
)
def test_what_is_not_in_the_map_does_not_exist(client, address, name):
    folder = address("css/app.css").removesuffix("css/app.css")

    assert client.get(folder + name, follow_redirects=True).status_code == 404


def test_addresses_carry_the_prefix_of_a_proxy(app):
    with app.test_request_context(environ_overrides={"SCRIPT_NAME": "/clinic"}):
        assert assets.asset("css/app.css").startswith("/clinic/assets/")
        assert 'href="/clinic/assets/' in assets.icon("check")


def test_an_unknown_name_fails_when_the_page_is_made(app):
    with app.test_request_context():
        with pytest.raises(LookupError, match="no-such-icon"):
            assets.icon("no-such-icon")
        with pytest.raises(LookupError, match=r"css/none\.css"):
            assets.asset("css/none.css")


def test_an_icon_escapes_what_it_is_given(app):
    with app.test_request_context():
        assert 'class="icon &#34;&gt;&lt;b&gt;"' in assets.icon("check", '"><b>')


def test_every_icon_of_the_list_is_drawn(client, address):
    names = {name.removesuffix(".svg") for name in ZipFile(icons.archive()).namelist()}
    sprite = client.get(address("icons.svg")).text

    assert names >= icons.ICONS
    assert set(re.findall(r'<symbol id="([^"]+)"', sprite)) == icons.ICONS
    assert "<path" in sprite
    assert "style=" not in sprite


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_icon_that_a_template_names_exists(template):
    named = re.findall(r"(?<![a-z_])icon\('([a-z0-9-]+)'", template.read_text(encoding="utf-8"))

    assert set(named) <= icons.ICONS


def test_the_style_sheet_begins_with_the_order_of_its_layers_and_holds_every_part(client, address):
    css = client.get(address("css/app.css")).text

    assert css.index("@layer reset, tokens") < css.index("@font-face") < css.index("@layer base {")
    assert {path.stem for path in STYLES} == set(assets.STYLES)
    for rule in (".at-0,.now-0{grid-row-start:1}", ".for-288{grid-row-end:span 288}", ".rows-120{"):
        assert rule in css


def test_every_class_used_for_a_row_of_the_day_exists():
    css = assets.rows_css()

    assert all(f".at-{n}," in css and f".for-{n + 1}{{" in css for n in range(assets.ROWS_OF_A_DAY))


def test_a_module_finds_its_neighbours_by_a_relative_address(client, address):
    for script in SCRIPTS:
        for name in re.findall(r'from "\./([^"]+)"', script.read_text(encoding="utf-8")):
            assert client.get(address(f"js/{name}")).status_code == 200, (script.name, name)


@pytest.mark.parametrize(
    "path", [*TEMPLATES, *SCRIPTS], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_nothing_breaks_the_content_security_policy(path):
    text = path.read_text(encoding="utf-8")
    comments = r"\{#.*?#\}|^//.*?$"
    code = re.sub(comments, "", text, flags=re.DOTALL | re.MULTILINE)

    for forbidden in (
        r"\sstyle=",
        r"\son[a-z]+=[\"']",
        r"innerHTML",
        r"outerHTML",
        r"insertAdjacentHTML",
        r"\beval\(",
        r"document\.write",
        r"<style",
        r"<script(?![^>]*src=)",
        r"https?://(?!www\.w3\.org)",
    ):
        assert not re.search(forbidden, code), forbidden


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_styles_mirror_by_themselves(path):
    sides = r"(?<![-\w])(margin|padding|border|inset)-(left|right|top|bottom)\b"
    places = r"(?<![-\w])(left|right):"

    assert not re.search(f"{sides}|{places}", path.read_text(encoding="utf-8"))


def test_a_font_is_cut_once_and_kept_on_the_disk(client, address, tmp_path, monkeypatch):
    plex = next(font for font in fonts.installed() if font.name == "plex-arabic-400")

    answer = client.get(address("fonts/plex-arabic-400.woff2"))

    assert answer.status_code == 200
    assert answer.content_type == "font/woff2"
    assert answer.data[:4] == b"wOF2"
    assert len(answer.data) < 60_000
    assert [path.name for path in tmp_path.iterdir()] == ["plex-arabic-400-1.woff2"]
    monkeypatch.setattr(fonts, "_cut", lambda font: pytest.fail("cut twice"))
    assert fonts.Cutter(tmp_path).woff2(plex) == answer.data


def test_without_a_folder_a_font_is_kept_in_memory(monkeypatch):
    cuts = []
    monkeypatch.setattr(fonts, "_cut", lambda font: cuts.append(font.name) or b"wOF2")
    cutter = fonts.Cutter(None)

    assert [cutter.woff2(fonts.FONTS[0]) for _ in range(2)] == [b"wOF2", b"wOF2"]
    assert cuts == ["inter"]


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "_cut", lambda font: b"wOF2")
    (tmp_path / "file").write_text("in the way")

    assert fonts.Cutter(tmp_path / "file").woff2(fonts.FONTS[0]) == b"wOF2"


def test_without_the_font_packages_the_pages_use_the_fonts_of_the_machine(app, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for kept in (fonts.installed, assets._font_files):
        kept.cache_clear()
    try:
        assert fonts.installed() == ()
        assert app.test_client().get("/assets/x/fonts/inter.woff2").status_code == 404
    finally:
        monkeypatch.undo()
        for kept in (fonts.installed, assets._font_files):
            kept.cache_clear()
