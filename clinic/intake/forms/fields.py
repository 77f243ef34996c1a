"""Fields that the forms of this package share: one of a few, zones, scopes of a consent."""

from collections.abc import Iterable
from typing import Any

from wtforms import RadioField, SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.consents.values import SCOPE_NAMES, Scope
from clinic.core.zones import ZONE_NAMES, Zone
from clinic.web.forms import BAD_CHOICE
from clinic.web.words import translate


class OneOfField(RadioField):
    """One of a few, shown side by side; may stay open unless the form asks for it."""

    def __init__(self, label: str, options: Iterable[tuple[str, str]] = (), **kwargs: Any) -> None:
        choices = [SelectChoice(value, translate(text)) for value, text in options]
        super().__init__(label, choices=choices, validate_choice=False, **kwargs)

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not among the choices."""
        del form
        known = {choice.value for choice in self.choices}  # type: ignore[union-attr]  # stubs lag
        if self.data not in (None, "") and self.data not in known:
            raise StopValidation(translate(BAD_CHOICE))


class ZonesField(SelectMultipleField):
    """Any of the ten zones, as ticks."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str, **kwargs: Any) -> None:
        choices = [SelectChoice(z.value, translate(name)) for z, name in ZONE_NAMES.items()]
        super().__init__(label, choices=choices, validate_choice=False, **kwargs)

    def zones(self) -> tuple[Zone, ...]:
        """Return the ticked zones."""
        return tuple(zone for zone in Zone if zone.value in (self.data or ()))


class ScopesField(SelectMultipleField):
    """What somebody agrees to, or does not any more, as ticks; none is ticked beforehand."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str = "", *, scopes: Iterable[Scope] = (), **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.offer(scopes)

    def offer(self, scopes: Iterable[Scope]) -> None:
        """Set what can be ticked."""
        self.choices = [SelectChoice(one.value, translate(SCOPE_NAMES[one])) for one in scopes]

    def pre_validate(self, form: object) -> None:
        """Leave out what is not offered: only this application writes these boxes."""
        del form
        self.data = sorted(self.ticked())

    def ticked(self) -> frozenset[Scope]:
        """Return what is ticked and offered."""
        offered: Any = self.choices or ()
        known = {choice.value for choice in offered}
        return frozenset(Scope(one) for one in self.data or () if one in known)
