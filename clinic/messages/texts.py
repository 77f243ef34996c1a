"""What messages say: the clinic, day, time and phone, in the patient's language; never why."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.support import NullTranslations, Translations
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

from clinic.core import walltime
from clinic.core.text import N_
from clinic.locations.models import Location
from clinic.messages.queries import Owing
from clinic.messages.values import MessageKind
from clinic.patients.values import Channel

SPOKEN = ("en", "de", "ar")
"""Languages that messages are written in; whoever speaks another reads the clinic's own."""
SUBJECTS: dict[MessageKind, str] = {
    MessageKind.CONFIRMATION: N_("Your appointment at %(clinic)s"),
    MessageKind.MOVED: N_("Your appointment at %(clinic)s has a new time"),
    MessageKind.CANCELLATION: N_("Your appointment at %(clinic)s is cancelled"),
    MessageKind.REMINDER: N_("Reminder of your appointment at %(clinic)s"),
}
SENTENCES: dict[MessageKind, str] = {
    MessageKind.CONFIRMATION: N_("Your appointment at %(clinic)s: %(date)s, %(time)s."),
    MessageKind.MOVED: N_("New time of your appointment at %(clinic)s: %(date)s, %(time)s."),
    MessageKind.CANCELLATION: N_(
        "Your appointment at %(clinic)s on %(date)s, %(time)s, is cancelled."
    ),
    MessageKind.REMINDER: N_(
        "We remind you of your appointment at %(clinic)s: %(date)s, %(time)s."
    ),
}
SUBJECTS_OF_SEVERAL: dict[MessageKind, str] = {
    MessageKind.CONFIRMATION: N_("Your appointments at %(clinic)s"),
    MessageKind.MOVED: N_("Your appointments at %(clinic)s have new times"),
    MessageKind.CANCELLATION: N_("Your appointments at %(clinic)s are cancelled"),
}
SENTENCES_OF_SEVERAL: dict[MessageKind, str] = {
    MessageKind.CONFIRMATION: N_("Your appointments at %(clinic)s:"),
    MessageKind.MOVED: N_("New times of your appointments at %(clinic)s:"),
    MessageKind.CANCELLATION: N_("Your appointments at %(clinic)s are cancelled:"),
}
"""In one letter: those of a course; the times follow, one a line."""
TIME = N_("%(date)s, %(time)s")
CALL = N_("If you cannot come, please call %(phone)s.")
CALL_ANEW = N_("For a new appointment please call %(phone)s.")
TRIAL_SUBJECT = N_("A test message from %(clinic)s")
TRIAL = N_("This is a test. Messages of %(clinic)s arrive here.")
EVENT = N_("Appointment at %(clinic)s")


@lru_cache(maxsize=8)
def words(folder: Path, language: str) -> NullTranslations:
    """Return the catalogue of a language out of the folder of compiled ones."""
    return Translations.load(str(folder), [language])


def language_of(spoken: str, usual: str) -> str:
    """Return the language that somebody is written to in."""
    return next((one for one in (spoken, usual) if one in SPOKEN), "en")


def written(
    folder: Path, told: Sequence[Owing], place: Location, kind: MessageKind
) -> tuple[str, str, str]:
    """Return subject, text and the title for the patient's calendar, for one visit or several."""
    one, is_one = told[0], len(told) == 1
    language = language_of(one.language, place.locale)
    catalogue, locale = words(folder, language), Locale.parse(language)
    values = {
        **_when(one, locale),
        "clinic": place.name,
        "phone": _isolated(_phone(place.phone), locale),
    }
    lines = [catalogue.ugettext((SENTENCES if is_one else SENTENCES_OF_SEVERAL)[kind]) % values]
    if not is_one:
        times = [catalogue.ugettext(TIME) % _when(each, locale) for each in told]
        lines += [f"{time};" for time in times[:-1]] + [f"{times[-1]}."]
    if place.phone:
        call = CALL_ANEW if kind is MessageKind.CANCELLATION else CALL
        lines.append(catalogue.ugettext(call) % values)
    if one.visit.channel is Channel.EMAIL:
        lines += ["", place.name, *place.address.splitlines()]
    joined = " ".join(lines) if one.visit.channel is Channel.SMS else "\n".join(lines) + "\n"
    return (
        catalogue.ugettext((SUBJECTS if is_one else SUBJECTS_OF_SEVERAL)[kind]) % values,
        joined,
        catalogue.ugettext(EVENT) % values,
    )


def _when(one: Owing, locale: Locale) -> dict[str, str]:
    starts = walltime.to_local(one.visit.starts_at, one.zone)
    return {
        "date": format_date(starts.date(), "full", locale=locale),
        "time": _isolated(starts.strftime("%H:%M"), locale),
    }


def _isolated(text: str, locale: Locale) -> str:
    """Keep the order of digits inside a text that is read from right to left."""
    return f"\u2066{text}\u2069" if locale.text_direction == "rtl" else text


def _phone(number: str) -> str:
    try:
        return format_number(parse(number), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return number
