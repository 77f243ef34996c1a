"""What the administrator types about a service: its name, its course, its parts."""

from typing import Any

from wtforms import BooleanField, SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.catalog import rules as catalog_rules
from clinic.catalog.values import (
    DEVICE_NAMES,
    INGREDIENTS,
    KIND_NAMES,
    LONGEST_MIN,
    MODALITY_NAMES,
    AddService,
    ChangeService,
    KeepService,
    Modality,
    ResourceKind,
    Segment,
    ServiceCard,
)
from clinic.core.text import N_
from clinic.web.forms import (
    REQUIRED,
    ChoiceField,
    EnumField,
    TextField,
    VersionField,
    WholeField,
    given,
)
from clinic.web.password_again import AskingForm
from clinic.web.words import translate

MOST_PARTS = 16
EMPTY_ROWS = 3
WHAT = N_("Part %(n)s holds")
OF_PART = {"from": N_("Part %(n)s, from minute"), "length": N_("Part %(n)s, for minutes")}

_NUMBERS = range(1, MOST_PARTS + 1)
_PARTS = ("what", "from", "length")


class IngredientsField(SelectMultipleField):
    """Any of the ingredients on the list, as ticks."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str, **kwargs: Any) -> None:
        choices = [SelectChoice(slug, translate(name)) for slug, name in INGREDIENTS.items()]
        super().__init__(label, choices=choices, **kwargs)


class PartsForm(AskingForm):
    """What a new service and one that exists say of themselves."""

    name = TextField(N_("Name"), max_length=120)
    sessions_planned = WholeField(
        N_("Sessions of a course"), least=1, most=60, description=N_("1: it is no course.")
    )
    interval_days = WholeField(N_("Days between two sessions"), least=1, most=400)
    ingredients = IngredientsField(
        N_("What is injected"),
        description=N_(
            "For a mesotherapy. What stands against one of these is then found when the visit is"
            " booked; without a plan, when a lot is chosen. Booked visits are checked again at"
            " night, and when the patient comes."
        ),
    )

    def __init__(self, formdata: Any = None, *, rows: int = 0, **values: Any) -> None:
        super().__init__(formdata, **values)
        self.rows = rows
        for n in range(1, MOST_PARTS + 1):
            self[f"what_{n}"].label.text = translate(WHAT, n=n)
            for at, sentence in OF_PART.items():
                self[f"{at}_{n}"].label.text = translate(sentence, n=n)
            what: Any = self[f"what_{n}"]
            what.offer(
                [
                    *((kind.value, translate(KIND_NAMES[kind])) for kind in ResourceKind
                      if kind is not ResourceKind.DEVICE),
                    *((name, translate(words)) for name, words in DEVICE_NAMES.items()),
                ],
                blank=translate(N_("Nothing")),
            )  # fmt: skip

    def part_rows(self) -> list[tuple[Any, Any, Any]]:
        """Return the rows to show: those in use, and some more."""
        rows = [(self[f"what_{n}"], self[f"from_{n}"], self[f"length_{n}"]) for n in _NUMBERS]
        begun = [n for n, row in enumerate(rows, 1) if any(not _is_empty(f) for f in row)]
        used = max(begun, default=0)
        return rows[: max(used + EMPTY_ROWS, self.rows)]

    def segments(self) -> tuple[Segment, ...]:
        """Return the parts that were filled in, each under the number of its row."""
        return tuple(
            Segment(
                seq=n,
                kind=ResourceKind.DEVICE if what in DEVICE_NAMES else ResourceKind(what),
                device_type=what if what in DEVICE_NAMES else "",
                offset_min=given(self[f"from_{n}"].data),
                length_min=given(self[f"length_{n}"].data),
            )
            for n in _NUMBERS
            if (what := str(self[f"what_{n}"].data or ""))
        )

    def validate(self, extra_validators: Any = None) -> bool:
        """Check each part, then all of them together."""
        is_good = super().validate(extra_validators)
        if not self._are_whole() or any(
            self[f"{at}_{n}"].errors for n in _NUMBERS for at in _PARTS
        ):
            return False
        for mistake in catalog_rules.mistakes(self.segments()):
            said = translate(mistake.sentence, **mistake.values)
            self.refuse(f"{mistake.at}_{mistake.seq}" if mistake.seq else "", said)
            is_good = False
        return is_good

    def _are_whole(self) -> bool:
        """Tell whether each part that was begun says what, from when and how long."""
        is_whole = True
        for n in _NUMBERS:
            fields = [self[f"{at}_{n}"] for at in _PARTS]
            if all(_is_empty(field) for field in fields):
                continue
            for field in fields:
                if _is_empty(field):
                    field.errors = [translate(REQUIRED)]
                    is_whole = False
        return is_whole

    def kept(self) -> KeepService:
        """Return what both a new and a changed service say."""
        return KeepService(
            name=self.name.text(),
            sessions_planned=given(self.sessions_planned.data),
            interval_days=given(self.interval_days.data),
            segments=self.segments(),
            ingredients=frozenset(self.ingredients.data or ()),
        )


for _n in _NUMBERS:  # Flat fields: a form of rows that works without a script.
    setattr(PartsForm, f"what_{_n}", ChoiceField(optional=True))
    setattr(PartsForm, f"from_{_n}", WholeField(least=0, most=LONGEST_MIN, optional=True))
    setattr(PartsForm, f"length_{_n}", WholeField(least=0, most=LONGEST_MIN, optional=True))


class ServiceForm(PartsForm):
    """A new service."""

    modality = EnumField(N_("What kind of visit"), Modality, MODALITY_NAMES, blank=N_("Choose"))

    def wish(self) -> AddService:
        """Build the command."""
        return AddService(modality=self.modality.member(), service=self.kept())


class ServiceChangeForm(PartsForm):
    """A service that exists; what kind of visit it is stays."""

    version = VersionField()
    is_active = BooleanField(
        N_("In use"), description=N_("Out of use it is offered no more. Booked visits stay.")
    )

    def change(self, service_id: int) -> ChangeService:
        """Build the command."""
        return ChangeService(
            service_id=service_id,
            version=given(self.version.data),
            is_active=bool(self.is_active.data),
            service=self.kept(),
        )


def _is_empty(field: Any) -> bool:
    return field.data in (None, "") and not field.errors


def present(card: ServiceCard) -> dict[str, Any]:
    """Return a service as its form begins with it."""
    data: dict[str, Any] = {
        "version": card.version,
        "name": card.name,
        "sessions_planned": card.sessions_planned,
        "interval_days": card.interval_days,
        "ingredients": list(card.ingredients),
        "is_active": card.is_active,
    }
    for n, part in enumerate(card.segments, 1):
        data |= {
            f"what_{n}": part.device_type or part.kind.value,
            f"from_{n}": part.offset_min,
            f"length_{n}": part.length_min,
        }
    return data
