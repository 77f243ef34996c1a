"""Drawing a list of choices."""

from typing import Any

from markupsafe import Markup, escape
from wtforms.widgets import Select, html_params


class ChoiceList(Select):
    """Draws a list of choices at once; WTForms' own reads its own signature anew for each list."""

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        if field.flags.required:
            attributes.setdefault("required", True)
        shown = html_params(**{"id": field.id, "name": field.name, **attributes})
        options = "".join(
            f"<option {html_params(**kw) + ' ' if (kw := _attributes(one)) else ''}"
            f"{'selected ' if one.selected else ''}"
            f'value="{escape(one.value)}">{escape(one.label)}</option>'
            for one in field.iter_choices()
        )
        return Markup(f"<select {shown}>{options}</select>")  # noqa: S704 - all of it is escaped


def _attributes(one: Any) -> dict[str, Any]:
    """Return the attributes of a choice; browsers send no chosen one that is disabled."""
    given: dict[str, Any] = one.render_kw or {}
    return {name: value for name, value in given.items() if name != "disabled" or not one.selected}
