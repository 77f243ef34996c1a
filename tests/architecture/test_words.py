"""Every word for people is marked for translation, as a whole sentence with named gaps."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from tests.architecture.source import CLINIC, TEMPLATES, called, calls, python_files, short, tree

PLACES = {"N_": 0, "_": 0, "gettext": 0, "lazy_gettext": 0, "pgettext": 1, "ngettext": 0}
"""Functions that mark or translate a message, and the place of the message."""
REFUSALS = {"NotFound", "Forbidden", "Conflict", "Invalid", "StaleEdit"}
GAP = re.compile(r"%(?:%|\([a-z_]+\)[sd])")
WORD = re.compile(r"[^\W\d_]{2,}")
SHOWN = {"title", "alt", "placeholder", "aria-label", "aria-description", "aria-roledescription"}
NO_WORDS = {
    "Anagen",
    "PRP",
    "cm²",
    "mL",
    "mg",
    "mm",
    "kg",
    "cm",
    "min",
    "Esc",
    "Enter",
    "Tab",
    "Shift",
    "Ctrl",
    "Alt",
}
"""Names, units and keys that are the same in every language."""
SILENT = {"script", "style", "kbd", "code", "svg"}
PAGES = sorted(TEMPLATES.rglob("*.html"))
JINJA = Environment(autoescape=True, extensions=["jinja2.ext.i18n", "jinja2.ext.do"])


def loose(message: str) -> bool:
    """Tell whether a message holds a percent sign that is no named gap."""
    return "%" in GAP.sub("", message)


@pytest.mark.parametrize("path", python_files(CLINIC), ids=short)
def test_a_marked_message_is_one_literal_with_named_gaps(path):
    odd = []
    for call in calls(tree(path)):
        name = called(call)
        if name not in PLACES or len(call.args) <= PLACES[name]:
            continue
        message = call.args[PLACES[name]]
        literal = message.value if isinstance(message, ast.Constant) else None
        is_marker = name == "N_" or isinstance(message, ast.JoinedStr | ast.BinOp)
        if literal is None and is_marker:
            odd.append(f"{short(path)}:{call.lineno} is not one literal")
        # Without gaps nothing is filled in, and "10 % of the scalp" stays as it is.
        if isinstance(literal, str) and "%(" in literal and loose(literal):
            odd.append(f"{short(path)}:{call.lineno} {literal!r}")

    assert odd == []


@pytest.mark.parametrize("path", python_files(CLINIC), ids=short)
def test_a_refusal_or_a_label_is_never_said_untranslated(path):
    bare = []
    for call in calls(tree(path)):
        name = called(call)
        place = {"flash": 0, "refuse": 1}.get(name)
        if name in REFUSALS or (name.endswith("Field") and isinstance(call.func, ast.Name)):
            place = 0
        if place is None or len(call.args) <= place:
            continue
        text = call.args[place]
        if isinstance(text, ast.JoinedStr) or (
            isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value
        ):
            bare.append(f"{short(path)}:{call.lineno}")

    assert bare == []


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_a_template_translates_literals_with_named_gaps(path):
    odd = []
    for call in JINJA.parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
        name = call.node.name if isinstance(call.node, nodes.Name) else ""
        if name not in PLACES or len(call.args) <= PLACES[name]:
            continue
        message = call.args[PLACES[name]]
        if not isinstance(message, nodes.Const):
            odd.append(f"line {call.lineno}: no literal; the filter `words` translates marked text")
        # Jinja's gettext always fills the gaps: a lone percent sign would be an error at run time.
        if isinstance(message, nodes.Const) and loose(str(message.value)):
            odd.append(f"line {call.lineno}: {message.value!r}")

    assert odd == []


class Words(HTMLParser):
    """Collects the words that a page shows without translating them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        for name, value in attrs:
            if name in SHOWN and value:
                self._note(value)

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT and self.silent > 0

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self._note(data)

    def _note(self, text: str) -> None:
        self.found += [word for word in WORD.findall(text) if word not in NO_WORDS]


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_a_template_shows_no_untranslated_words(path):
    assert untranslated(path) == []


def untranslated(path: Path) -> list[str]:
    """Return the words outside of expressions that a person would read."""
    tokens = JINJA.lex(path.read_text(encoding="utf-8"))
    words = Words()
    # What an expression gives becomes a blank that keeps two words of markup apart.
    words.feed(
        "".join(text if kind == "data" else " " * (kind in ENDS) for _, kind, text in tokens)
    )
    words.close()
    return words.found


ENDS = {"variable_end"}


def test_untranslated_words_are_found(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<p title=\"{{ _('Fine') }}\">{{ _('Fine') }} · 3 mL <kbd>Esc</kbd></p>"
        '{# a comment #}<a title="Bare">{% if x %}Naked{% endif %}</a>'
    )

    assert untranslated(page) == ["Bare", "Naked"]
