"""A signed consent on paper: the whole text, the ticks, the signature, and what was withdrawn."""

from clinic.consents import rules
from clinic.consents.values import CONSENT_NAMES, SCOPE_NAMES, SIGNED_HOW_NAMES, SignedHow
from clinic.core.text import N_
from clinic.papers import sheet
from clinic.papers.pieces import head_of, patient_pairs
from clinic.papers.sheet import Sheet, apart, own
from clinic.papers.values import SignedConsent
from clinic.web.formats import fdate, fdatetime, language_name
from clinic.web.words import translate

WITHDRAWN = N_("Withdrawn")
"""Across every page of a paper that does not count any more."""
AGREED, NOT_AGREED = N_("agreed to"), N_("not agreed to")
NO_WORDS = N_("This consent was signed on paper. The clinic keeps the signed sheet and its words.")


def drawn(consent: SignedConsent) -> bytes:
    """Return the paper as PDF, in the language of the request."""
    return sheet.bytes_of(lambda pages: _draw(consent, pages))


def _draw(consent: SignedConsent, pages: int) -> Sheet:
    paper = consent.paper
    title = translate(N_("Consent: %(text)s"), text=translate(CONSENT_NAMES[consent.kind]))
    mark = translate(WITHDRAWN) if paper.withdrawn_on else ""
    page = Sheet(head_of(consent.whose, title, mark=mark), pages=pages)
    version = translate(N_("Version %(version)s"), version=apart(paper.text_version))
    page.title_of(title, version)
    page.pairs(patient_pairs(consent.whose))
    if not consent.said:
        page.text_of(translate(NO_WORDS))
    for heading, words in consent.said:
        page.heading(own(heading))
        page.text_of(own(words))
    page.heading(translate(N_("Agreed to")))
    page.grid(
        (translate(N_("What")), translate(N_("Standing")), translate(N_("Withdrawn"))),
        [
            (
                translate(SCOPE_NAMES[scope]),
                translate(AGREED if scope in paper.given else NOT_AGREED),
                _withdrawn(consent, scope),
            )
            for scope in consent.offered
        ],
        (30, 22, 48),
    )
    page.heading(translate(N_("Signature")), 95 if consent.strokes else 60)
    if consent.strokes:
        page.strokes(consent.strokes, (rules.FIELD_WIDTH, rules.FIELD_HEIGHT))
    page.pairs(
        [
            (translate(N_("Signed by")), apart(consent.signer)),
            (translate(N_("Signed for the patient as")), apart(consent.guardian)),
            (translate(N_("Interpreter")), apart(consent.interpreter)),
            (translate(N_("How")), translate(SIGNED_HOW_NAMES[consent.signed_how])),
            (translate(N_("Signed on")), fdate(paper.given_on, "long")),
            (translate(N_("Recorded")), fdatetime(paper.recorded_at)),
            (
                translate(N_("Read in")),
                language_name(consent.language) if consent.language else "",
            ),
            (
                translate(
                    N_("Filed by") if consent.signed_how is SignedHow.PAPER else N_("Witness")
                ),
                apart(paper.taken_by),
            ),
            (translate(N_("Text in force from")), fdate(consent.in_force_from, "long")),
            (translate(N_("Put in force by")), apart(consent.approved_by)),
        ]
    )
    return page


def _withdrawn(consent: SignedConsent, scope: object) -> str:
    found = {key: one for key, one in consent.paper.withdrawals.items() if key == scope}
    return "; ".join(
        translate(
            N_("%(day)s: %(reason)s (%(name)s)"),
            day=fdate(one.on),
            reason=apart(one.reason),
            name=apart(one.by),
        )
        for one in found.values()
    )
