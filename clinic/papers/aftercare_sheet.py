"""The sheet for the days after a treatment: what to do, when to call at once, what comes next."""

from collections.abc import Mapping

from clinic.core.text import N_
from clinic.followup.rules.terms import EMERGENCY_FLAGS, RED_FLAGS
from clinic.papers import care, sheet
from clinic.papers.pieces import head_of, patient_pairs
from clinic.papers.sheet import Sheet, apart
from clinic.papers.values import Aftercare
from clinic.web.formats import fdate, ftime, phone
from clinic.web.words import language, translate

_FOR_STAFF = frozenset({"mixup"})
"""A red flag that a patient cannot see."""
WARNING_ROOM = 118
"""Millimetres that the red flags and the phone numbers take together, at most."""
BASIS = N_("Advice from the practice of clinics, not from a guideline; texts of %(version)s.")


def drawn(aftercare: Aftercare) -> bytes:
    """Return the sheet as PDF, in the language of the request."""
    return sheet.bytes_of(lambda pages: _draw(aftercare, pages))


def _draw(aftercare: Aftercare, pages: int) -> Sheet:
    whose = aftercare.whose
    title = translate(N_("After your treatment"))
    page = Sheet(head_of(whose, title), pages=pages)
    page.title_of(title, f"{apart(aftercare.service)} · {fdate(aftercare.on, 'full')}")
    page.pairs(patient_pairs(whose)[:1])
    spoken = str(language().locale)[:2]

    page.heading(translate(N_("What to do")))
    page.listed(_said("after", aftercare, spoken))
    added = _added(aftercare.own_words, spoken)
    if added:
        page.heading(translate(N_("From our clinic")))
        page.listed(added)

    # Red flags and phone numbers stand on one page (clinical.md 7), whatever the clinic added.
    page.heading(translate(N_("Call the emergency number of your country first")), WARNING_ROOM)
    flags = [one for one in RED_FLAGS if one not in _FOR_STAFF]
    page.listed([translate(RED_FLAGS[one]) for one in flags if one in EMERGENCY_FLAGS], bold=True)
    page.heading(translate(N_("Call us the same day")))
    page.listed([translate(RED_FLAGS[one]) for one in flags if one not in EMERGENCY_FLAGS])
    numbers = [
        (translate(N_("Clinic")), phone(whose.phone)),
        (translate(N_("In an emergency")), phone(whose.emergency_phone)),
    ]
    page.ln(2)
    if any(number for _, number in numbers):
        page.pairs(numbers)
    else:
        page.text_of(translate(N_("Ask for the clinic's phone number before you leave.")))

    page.heading(translate(N_("What comes next")))
    calls = [
        (
            fdate(first, "MMMEd") + " – " + fdate(last, "MMMEd"),
            translate(N_("We call you and ask how you are.")),
        )
        for first, last in aftercare.calls
    ]
    visits = [
        (f"{fdate(one.starts_local.date(), 'full')}, {ftime(one.starts_local)}", apart(one.service))
        for one in aftercare.visits
    ]
    page.pairs([*calls, *visits])
    if visits:
        page.heading(translate(N_("Before your next treatment")))
        page.listed(_said("before", aftercare, spoken))
    page.ln(2)
    page.text_of(translate(BASIS, version=apart(care.version())), 8, sheet.FAINT)
    return page


def _added(words: Mapping[str, str], spoken: str) -> list[str]:
    """Return the clinic's own lines in the patient's language, else in English, else as they are.

    Nothing that the clinic wants to be heeded is left out for want of a translation.
    """
    said = words.get(spoken) or words.get("en") or next(iter(words.values()), "")
    return [apart(line.strip()) for line in said.splitlines() if line.strip()]


def _said(part: str, aftercare: Aftercare, spoken: str) -> list[str]:
    return [one.words.get(spoken, one.words["en"]) for one in care.lines(part, aftercare.modality)]
