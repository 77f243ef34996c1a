"""What a page shows of words that are typed and not kept yet."""

import datetime as dt
import secrets
from dataclasses import dataclass

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.text import N_
from clinic.treatments.queries import drafts as queries
from clinic.treatments.typed import Typed
from clinic.treatments.values import (
    DraftStep,
    Page,
)
from clinic.web.formats import clinic_time, fdate, ltr
from clinic.web.words import translate


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    """How a form stands to what is typed into it: for `treatments/_typing.html`."""

    step: DraftStep
    tab: str
    seen: int
    """Number of the text that this page shows; 0 when none was typed."""
    typed: Typed | None
    account_id: int

    @property
    def is_anothers(self) -> bool:
        """Tell whether somebody else typed it: this page saves only after a press."""
        return (
            self.typed is not None
            and self.typed.tab != self.tab
            and self.typed.account_id != self.account_id
        )

    @property
    def at(self) -> str:
        """Return when it was typed."""
        return when(self.typed.saved_at) if self.typed else ""

    @property
    def formdata(self) -> MultiDict[str, str]:
        """Return the typed fields as a form takes them."""
        return MultiDict(self.typed.fields if self.typed else ())


def of_form(
    db: Session, actor: Actor, session_id: int, step: DraftStep, page: Page | None
) -> Typing:
    """Return how a form stands; `page` is the one that has just sent it. One statement."""
    typed = queries.typed(db, session_id, step)
    is_same = page is not None and bool(page.tab)
    return Typing(
        step=step,
        tab=page.tab if page is not None and is_same else secrets.token_urlsafe(18),
        seen=page.seen if page is not None and is_same else typed.seq if typed else 0,
        typed=typed,
        account_id=actor.id,
    )


def when(instant: dt.datetime) -> str:
    """Write a clinic time of today with its seconds, another day's with its date."""
    local, today = clinic_time(instant), clinic_time(clock.now())
    time = ltr(local.strftime("%H:%M:%S"))
    if local.date() == today.date():
        return time
    return translate(_ON, day=fdate(local.date()), time=time)


def now() -> str:
    """Write this instant as when() does."""
    return when(clock.now())


_ON = N_("%(day)s, %(time)s")
