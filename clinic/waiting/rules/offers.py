"""How an offer stands, and what may still be done with it."""

import datetime as dt
from dataclasses import dataclass

from clinic.core.text import N_
from clinic.waiting.values import Answer, OfferState

NOT_OPEN: dict[OfferState, str] = {
    OfferState.OVER: N_("This offer is settled already. Look at the list again."),
    OfferState.RUN_OUT: N_(
        "This offer ran out at %(time)s, and the time was free again. Offer it anew if it still is."
    ),
    OfferState.TAKEN: N_("Somebody else was faster: this time is taken."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the state of an offer follows from."""

    answer: Answer | None
    expires_at: dt.datetime
    is_taken: bool
    """Whether a visit was made of the held time."""
    is_let_go: bool
    """Whether it was freed before its time: somebody is on leave then."""


def state(offer: Standing, now: dt.datetime) -> OfferState:
    """Return how an offer stands; its last instant is the one before it expires."""
    if offer.answer is not None:
        return OfferState.OVER
    if offer.is_taken:
        return OfferState.TAKEN
    is_held = now < offer.expires_at and not offer.is_let_go
    return OfferState.OPEN if is_held else OfferState.RUN_OUT
