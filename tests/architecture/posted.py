"""The forms of a page as a browser sends them: every field as it stands, once for each button."""

import dataclasses
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

TYPED = {"text", "search", "tel", "email", "textarea"}
UNSENT = {"submit", "button", "reset", "file", "image"}


@dataclasses.dataclass
class Form:
    """One form: where it goes, what it sends, and which of it somebody types."""

    action: str
    fields: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    typed: set[str] = dataclasses.field(default_factory=set)
    ticks: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    """What could be ticked and is not."""
    buttons: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)
    """Name, value and address of each."""

    def sent(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (address, fields) for each button."""
        for name, value, action in self.buttons or [("", "", self.action)]:
            fields: dict[str, Any] = {}
            for key, text in [*self.fields, *([(name, value)] if name else [])]:
                if key in fields:
                    held = fields[key]
                    fields[key] = [*(held if isinstance(held, list) else [held]), text]
                else:
                    fields[key] = text
            yield action, fields


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url, self.forms = url, list[Form]()
        self.by_id: dict[str, Form] = {}
        self.form: Form | None = None
        self.select: tuple[Form, str, list[tuple[str, bool]]] | None = None
        self.area: tuple[Form, str] | None = None
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Form(urljoin(self.url, has.get("action", "")))
            if has.get("method") == "post":
                self.forms.append(self.form)
            self.by_id[has.get("id", "")] = self.form
            return
        form = self.by_id.get(has["form"]) if "form" in has else self.form
        name = has.get("name", "")
        if form is None or "disabled" in has:
            return
        if tag == "button" and has.get("type", "submit") == "submit":
            action = urljoin(self.url, has["formaction"]) if "formaction" in has else form.action
            form.buttons.append((name, has.get("value", ""), action))
        elif tag == "input" and name and has.get("type", "text") not in UNSENT:
            kind = has.get("type", "text")
            if kind not in {"checkbox", "radio"} or "checked" in has:
                form.fields.append((name, has.get("value", "on" if kind == "checkbox" else "")))
            elif kind == "checkbox":
                form.ticks.append((name, has.get("value", "on")))
            if kind in TYPED and "inputmode" not in has:
                form.typed.add(name)
        elif tag == "select":
            self.select = (form, name, [])
        elif tag == "option" and self.select:
            self.select[2].append((has.get("value", ""), "selected" in has))
        elif tag == "textarea":
            self.area, self.text = (form, name), ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select" and self.select:
            form, name, options = self.select
            chosen = [value for value, is_chosen in options if is_chosen] or [
                value for value, _ in options[:1]
            ]
            form.fields += [(name, value) for value in chosen[:1]]
            self.select = None
        elif tag == "textarea" and self.area:
            form, name = self.area
            form.fields.append((name, self.text.removeprefix("\r\n").removeprefix("\n")))
            form.typed.add(name)
            self.area = None


def forms_of(page: str, url: str) -> list[Form]:
    """Return the forms of a page that are posted."""
    reader = _Reader(url)
    reader.feed(page)
    return reader.forms
