"""What all forms share: clean text, numbers with comma or point, words in one place."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number
from phonenumbers import parse as parse_number
from wtforms import Field, Form, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # stubs lag
from wtforms.validators import InputRequired, Optional, StopValidation
from wtforms.widgets import HiddenInput, TextArea, TextInput

from clinic.core import units
from clinic.core.errors import ClinicError, Invalid
from clinic.core.text import N_
from clinic.web.choices import ChoiceList
from clinic.web.words import translate, words_of

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
MAX_ID = 2**31 - 1
REQUIRED = N_("Please fill this in")
UNSTORABLE = N_("This text holds characters that cannot be stored. Type it again by hand.")
TOO_LONG = N_("At most %(max)s characters, please")
BAD_DATE = N_("Enter a date such as 2026-11-27")
BAD_TIME = N_("Enter a time such as 14:30")
BAD_CHOICE = N_("Choose one of the list")
_BIDI = frozenset(chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


class BaseForm(Form):
    """A form whose labels, hints and choices are translated when it is made.

    It only parses: `validate()` fills errors, a method of the subclass builds the command.
    """

    def __init__(self, formdata: Any = None, **given: Any) -> None:
        super().__init__(formdata, **given)
        for field in self:
            field.label.text = translate(field.label.text)
            field.description = translate(field.description)

    def refuse(self, name: str, error: ClinicError | str) -> None:
        """Put a refusal of the service at the field it belongs to, or on the form itself."""
        words = words_of(error) if isinstance(error, ClinicError) else translate(error)
        if name and name in self:
            self[name].errors = [*self[name].errors, words]
        else:
            self.form_errors.append(words)

    def refuse_invalid(self, error: Invalid) -> None:
        """Put an Invalid where its own `field` says."""
        self.refuse(error.field, error)

    @property
    def first_error(self) -> str:
        """Return the first message, for the live region; empty when there is none."""
        for field in self:
            if field.errors:
                return str(field.errors[0])
        return str(self.form_errors[0]) if self.form_errors else ""


def given(value: T | None) -> T:
    """Return a field's data after validate() has seen to it that there is some."""
    assert value is not None
    return value


class Required(InputRequired):
    """The validator of a field that must be filled in; speaks the language of the request."""

    def __call__(self, form: Any, field: Any) -> None:
        self.message = translate(REQUIRED)
        super().__call__(form, field)


def required() -> Required:
    """Return the validator of a field that must be filled in."""
    return Required()


def _stop(message: str, **values: object) -> StopValidation:
    return StopValidation(translate(message, **values))


def _storable(text: str) -> str:
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if any(
        c in _BIDI or (c not in "\n\t" and unicodedata.category(c) in {"Cc", "Cs"}) for c in text
    ):
        raise Invalid(UNSTORABLE)
    return text


class TextField(StringField):
    """One line of text: NFC, runs of blanks as one, no control characters, bounded."""

    def __init__(
        self,
        label: str = "",
        *,
        max_length: int = 120,
        optional: bool = False,
        validators: Sequence[Any] = (),
        **kwargs: Any,
    ) -> None:
        first: list[Any] = [Optional()] if optional else [required()]
        super().__init__(label, [*first, *validators], **kwargs)
        self.max_length = max_length

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Clean the text; what was typed stays in raw_data."""
        if not valuelist:
            return
        self.data = str(valuelist[0])
        try:
            self.data = self._clean(_storable(self.data))
        except Invalid as bad:
            raise ValueError(words_of(bad)) from bad

    def _clean(self, text: str) -> str:
        return re.sub(r"\s+", " ", text).strip()

    def pre_validate(self, form: Any) -> None:
        """Refuse what is only blanks in a required field, and what is too long."""
        del form
        if self.flags.required and not self.data:
            raise _stop(REQUIRED)
        if self.data and len(self.data) > self.max_length:
            raise _stop(TOO_LONG, max=self.max_length)

    def text(self) -> str:
        """Return the cleaned text, empty when nothing was given."""
        return self.data or ""


class NoteField(TextField):
    """Several lines of text."""

    widget = TextArea()

    def __init__(self, label: str = "", *, max_length: int = 4000, **kwargs: Any) -> None:
        super().__init__(label, max_length=max_length, **kwargs)

    def _clean(self, text: str) -> str:
        return text.strip()


class ParsedField(Field):
    """A text input whose value is parsed; what was typed is shown again when it is wrong."""

    widget = TextInput()

    def __init__(self, label: str = "", *, optional: bool = False, **kwargs: Any) -> None:
        super().__init__(label, [Optional()] if optional else [required()], **kwargs)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else self.show(self.data)

    def show(self, value: Any) -> str:
        """Write a value as it is typed."""
        return str(value)

    def parse(self, raw: str) -> Any:
        """Read what was typed; raises Invalid."""
        raise AssertionError("a parsed field says how it is read")

    def pre_validate(self, form: Any) -> None:
        """Refuse what is only blanks in a required field."""
        del form
        if self.flags.required and self.data is None and not self.process_errors:
            raise _stop(REQUIRED)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Parse unless empty."""
        self.data = None
        if valuelist and str(valuelist[0]).strip():
            try:
                self.data = self.parse(_storable(str(valuelist[0])).strip())
            except Invalid as bad:
                raise ValueError(words_of(bad)) from bad


class DateField(ParsedField):
    """A calendar date inside given bounds, as ISO or day first (27.11.2026)."""

    def __init__(
        self,
        label: str = "",
        *,
        earliest: dt.date = dt.date(1900, 1, 1),
        latest: Callable[[], dt.date] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, **kwargs)
        self.earliest, self.latest = earliest, latest

    def parse(self, raw: str) -> dt.date:
        """Read ISO or day-first; refuse what does not exist or lies outside the bounds."""
        iso = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", raw, re.ASCII)
        local = re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", raw, re.ASCII)
        if not (iso or local):
            raise Invalid(BAD_DATE)
        parts = iso.groups() if iso else given(local).groups()[::-1]
        try:
            value = dt.date(*(int(part) for part in parts))
        except ValueError:
            raise Invalid(N_("There is no such day")) from None
        if value < self.earliest:
            raise Invalid(N_("Not before %(date)s, please"), date=self.earliest.isoformat())
        if self.latest and value > self.latest():
            raise Invalid(N_("Not after %(date)s, please"), date=self.latest().isoformat())
        return value

    def show(self, value: dt.date) -> str:
        """Write ISO, which is what a date input takes."""
        return value.isoformat()


class TimeField(ParsedField):
    """A wall time in hours and minutes."""

    def parse(self, raw: str) -> dt.time:
        """Read 14:30, 1430 or 9:05."""
        match = re.fullmatch(r"(\d{1,2}):?(\d{2})(?::00)?", raw, re.ASCII)
        if not match or int(match[1]) > 23 or int(match[2]) > 59:
            raise Invalid(BAD_TIME)
        return dt.time(int(match[1]), int(match[2]))

    def show(self, value: dt.time) -> str:
        """Write 14:30."""
        return value.strftime("%H:%M")


class AmountField(ParsedField):
    """A number kept as whole thousandths (mL in µL, mm in µm, kg in g), inside hard bounds."""

    def __init__(
        self, label: str = "", *, least: int = 0, most: int, unit: str = "", **kwargs: Any
    ) -> None:
        super().__init__(label, **kwargs)
        self.least, self.most, self.unit = least, most, unit
        self.render_kw = {"inputmode": "decimal", **(self.render_kw or {})}

    def parse(self, raw: str) -> int:
        """Read the number; refuse what lies outside the hard bounds."""
        value = units.thousandths(raw)
        if not self.least <= value <= self.most:
            raise Invalid(
                N_("From %(least)s to %(most)s %(unit)s, please"),
                least=units.show_thousandths(self.least),
                most=units.show_thousandths(self.most),
                unit=self.unit,
            )
        return value

    def show(self, value: int) -> str:
        """Write the number with a point."""
        return units.show_thousandths(value)


class WholeField(ParsedField):
    """A whole number inside hard bounds."""

    def __init__(self, label: str = "", *, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.least, self.most = least, most
        self.render_kw = {"inputmode": "numeric", **(self.render_kw or {})}

    def parse(self, raw: str) -> int:
        """Read the number; refuse fractions and what lies outside the bounds."""
        value = units.decimal(raw)
        if value != value.to_integral_value() or not self.least <= value <= self.most:
            raise Invalid(
                N_("A whole number from %(least)s to %(most)s, please"),
                least=self.least,
                most=self.most,
            )
        return int(value)


class PhoneField(ParsedField):
    """A phone number, read for the clinic's country and kept in E.164."""

    region = "DE"

    def parse(self, raw: str) -> str:
        """Read a number with or without its country."""
        try:
            number = parse_number(raw, self.region)
        except NumberParseException:
            raise Invalid(N_("This is no phone number")) from None
        if not is_possible_number(number):
            raise Invalid(N_("This phone number is too short or too long"))
        written: str = format_number(number, PhoneNumberFormat.E164)
        return written

    def show(self, value: str) -> str:
        """Write a kept number with its blanks; what is none stays as it is."""
        try:
            written: str = format_number(parse_number(value), PhoneNumberFormat.INTERNATIONAL)
        except NumberParseException:
            return value
        return written


class EmailField(ParsedField):
    """A mail address, checked for its form only: no look-up leaves the clinic."""

    def parse(self, raw: str) -> str:
        """Return the normalised address."""
        try:
            return validate_email(raw, check_deliverability=False).normalized
        except EmailNotValidError:
            raise Invalid(N_("This is no e-mail address")) from None


class IdField(ParsedField):
    """The id of another record, chosen on the page; anything else is refused."""

    widget = HiddenInput()  # type: ignore[assignment]  # the stubs fix a widget to its field

    def parse(self, raw: str) -> int:
        """Read a positive 31-bit number."""
        if not (raw.isascii() and raw.isdigit() and 0 < int(raw[:11]) <= MAX_ID and len(raw) < 11):
            raise Invalid(BAD_CHOICE)
        return int(raw)


class VersionField(IdField):
    """The version of the record that the page was made from."""

    def renew(self, version: int) -> None:
        """Take the present version, after both texts were shown: saving again is then meant."""
        self.data, self.raw_data = version, None


class FormKeyField(HiddenField):
    """One-time key of a form that makes a row: a double click makes one row."""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Keep only what this application itself writes."""
        raw = str(valuelist[0]) if valuelist else ""
        self.data = raw if re.fullmatch(r"[A-Za-z0-9_-]{16,40}", raw, re.ASCII) else None


class ChoiceField(SelectField):
    """One of a list; an unknown value is an error at the field, never a crash."""

    widget = ChoiceList()

    def __init__(self, label: str = "", *, optional: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("choices", [])
        super().__init__(label, [Optional()] if optional else [required()], **kwargs)

    def offer(self, options: Iterable[tuple[object, str]], *, blank: str | None = None) -> None:
        """Set what can be chosen, as (value, shown text); `blank` is the text of no choice."""
        first = [] if blank is None else [SelectChoice("", blank)]
        self.choices = [*first, *(SelectChoice(str(value), text) for value, text in options)]

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not in the list."""
        del form
        offered: Any = self.choices or ()
        known = {choice.value for choice in offered}
        if self.data not in (None, "") and str(self.data) not in known:
            raise _stop(BAD_CHOICE)


class EnumField(ChoiceField):
    """One member of an enumeration, with its translated names."""

    def __init__(
        self,
        label: str,
        kind: type[E],
        names: Mapping[Any, str],
        *,
        blank: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, **kwargs)
        self.kind = kind
        self.offer(
            ((member.value, translate(names[member])) for member in kind if member in names),
            blank=None if blank is None else translate(blank),
        )

    def member(self) -> Any:
        """Return the chosen member, or None."""
        return self.kind(self.data) if self.data else None
