"""What the administrator types about a service: its name, its course, its parts."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from wtforms import BooleanField, SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.catalog.after_values import LAST_DAY, After, KeepAfter
from clinic.catalog.rules import offers
from clinic.catalog.values import (
    DEVICE_NAMES,
    INGREDIENTS,
    KIND_NAMES,
    LONGEST_MIN,
    MODALITY_NAMES,
    AddService,
    ChangeService,
    CoursePattern,
    KeepService,
    Modality,
    ResourceKind,
    Segment,
    ServiceCard,
)
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.web.forms import (
    REQUIRED,
    ChoiceField,
    EnumField,
    NoteField,
    ParsedField,
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

ODD_DAYS = {
    "tolerance_days": N_("Less than the days between two sessions, please"),
    "least_days": N_("At most the days between two sessions, please"),
    "booster_days": N_("Not sooner than the least days between two sessions, please"),
}
WORDS = "words_"
"""Before the language of a field of words."""
LONGEST_WORDS, MOST_LINES = 800, 8
"""What the clinic adds to a sheet in one language: the red flags must stay on its first page."""
MOST_DAYS = 12
BAD_DAYS = N_("Days from 1 to 400 with commas between them, at most twelve: 1, 7")
TOO_MANY_LINES = N_("At most %(n)s lines: the red flags must stay on the same page")
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
    tolerance_days = WholeField(N_("Days before or after it that are as good"), least=0, most=399)
    least_days = WholeField(
        N_("Least days between two sessions"),
        least=1,
        most=400,
        description=N_("No session is planned closer than this."),
    )
    booster_days = WholeField(
        N_("Days from the last session to a booster"),
        least=1,
        most=730,
        optional=True,
        description=N_("Empty: no booster."),
    )
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
        is_good = refuse_odd(self) and is_good
        if not self._are_whole() or any(
            self[f"{at}_{n}"].errors for n in _NUMBERS for at in _PARTS
        ):
            return False
        for mistake in offers.mistakes(self.segments()):
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
            course=CoursePattern(
                sessions=given(self.sessions_planned.data),
                interval_days=given(self.interval_days.data),
                tolerance_days=given(self.tolerance_days.data),
                least_days=given(self.least_days.data),
                booster_days=self.booster_days.data,
            ),
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


class DaysField(ParsedField):
    """Days after a session, in order: 1, 7, 60."""

    def parse(self, raw: str) -> tuple[int, ...]:
        """Read whole numbers that stand apart; refuse more than a few, or one that is too far."""
        parts = [part for part in re.split(r"[\s,;،]+", raw) if part]
        if not all(re.fullmatch(r"[0-9]{1,3}", part) for part in parts):
            raise Invalid(BAD_DAYS)
        days = tuple(sorted({int(part) for part in parts}))
        if not 0 < len(days) <= MOST_DAYS or not 1 <= days[0] <= days[-1] <= LAST_DAY:
            raise Invalid(BAD_DAYS)
        return days

    def show(self, value: Iterable[int]) -> str:
        """Write 1, 7, 60."""
        return ", ".join(map(str, value))


class AfterForm(AskingForm):
    """On which days somebody calls, and what the clinic adds to its sheet in each language."""

    version = VersionField()
    days = DaysField(N_("Days after the session on which we call"))

    def words(self) -> dict[str, str]:
        """Return {language: what was typed}."""
        return {
            field.name[len(WORDS) :]: field.text() for field in self if isinstance(field, NoteField)
        }

    def validate(self, extra_validators: Any = None) -> bool:
        """Refuse more lines than a sheet has room for."""
        is_good = super().validate(extra_validators)
        for language, said in self.words().items():
            if len(said.splitlines()) > MOST_LINES:
                self.refuse(WORDS + language, translate(TOO_MANY_LINES, n=MOST_LINES))
                is_good = False
        return is_good

    def wish(self, service_id: int) -> KeepAfter:
        """Build the command."""
        return KeepAfter(
            service_id=service_id,
            version=given(self.version.data),
            days=given(self.days.data),
            words=self.words(),
        )


def after_form(
    languages: Mapping[str, str], formdata: Any = None, *, after: After | None = None
) -> AfterForm:
    """Return the form with one field a language of the program."""

    class Made(AfterForm):
        pass

    for code, name in languages.items():
        field = NoteField(name, max_length=LONGEST_WORDS, optional=True)
        setattr(Made, WORDS + code, field)
    data: dict[str, Any] = {}
    if after is not None:
        data = {"version": after.version, "days": after.days}
        data |= {WORDS + code: said for code, said in after.words.items()}
    return Made(formdata, data=data)


def _is_empty(field: Any) -> bool:
    return field.data in (None, "") and not field.errors


def begun_with(course: CoursePattern) -> dict[str, int | None]:
    """Return what a course is as the fields of a form begin with it."""
    return {
        "sessions_planned": course.sessions,
        "interval_days": course.interval_days,
        "tolerance_days": course.tolerance_days,
        "least_days": course.least_days,
        "booster_days": course.booster_days,
    }


def refuse_odd(form: Any) -> bool:
    """Say at their fields which days of a course cannot go together; tell whether all do."""
    interval, least = form.interval_days.data, form.least_days.data
    wrong = {
        "tolerance_days": interval and (form.tolerance_days.data or 0) >= interval,
        "least_days": interval and least and least > interval,
        "booster_days": least and form.booster_days.data and form.booster_days.data < least,
    }
    for name, is_wrong in wrong.items():
        if is_wrong:
            form.refuse(name, ODD_DAYS[name])
    return not any(wrong.values())


def present(card: ServiceCard) -> dict[str, Any]:
    """Return a service as its form begins with it."""
    data: dict[str, Any] = {
        "version": card.version,
        "name": card.name,
        **begun_with(card.course),
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
