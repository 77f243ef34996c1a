"""What the board says of a visit that has just left its time: undo, whom to tell, who fits it."""

import datetime as dt
from dataclasses import dataclass

from flask import request

from clinic.core.access import Permission
from clinic.messages import card as cards
from clinic.messages.values import MessageKind
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling import visit as visits
from clinic.scheduling.values import VisitAction
from clinic.scheduling.visit import Left
from clinic.waiting.views.waiting_list import FreedCard, who_fits_there
from clinic.web import discreet
from clinic.web.access import actor
from clinic.web.database import read

CHANGES = frozenset({MessageKind.CONFIRMATION, MessageKind.MOVED})
_TAKE_BACK = {VisitAction.MOVE: "unmove", VisitAction.REOPEN: "reopen"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The message that a move has queued: whether it shall leave is asked once."""

    appointment_id: int
    kind: str
    channel: str
    not_before: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is to be said of one visit that has moved, or that nobody came to."""

    who: str
    left: Left
    act: str
    """What the button with Undo sends; empty where a script shows its own."""
    notice: Notice | None
    freed: FreedCard | None


def news() -> News | None:
    """Return what the address says has just happened; None for nothing, or nothing any more."""
    by_script, by_page = _number("moved"), _number("undo")
    if not (by_script or by_page) or not actor().may(Permission.APPOINTMENT_BOOK):
        return None
    left = visits.left(read(), actor(), by_script or by_page)
    if left is None:
        return None
    act = f"{_TAKE_BACK[left.undo.action]} {left.appointment_id} {left.version}"
    return News(
        who=discreet.named(scheduling_queries.patient_name(read(), left.appointment_id)),
        left=left,
        act="" if by_script else act,
        notice=_notice(left.appointment_id),
        freed=who_fits_there(left.starts_local, left.minutes, left.practitioner_id),
    )


def _number(name: str) -> int:
    raw = request.args.to_dict().get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else 0


def _notice(appointment_id: int) -> Notice | None:
    found = cards.card(read(), actor(), appointment_id)
    waiting = next((one for one in found.waiting if one.kind in CHANGES), None) if found else None
    if found is None or waiting is None:
        return None
    return Notice(
        appointment_id=found.appointment_id,
        kind=waiting.kind.value,
        channel=found.channel,
        not_before=waiting.not_before,
    )
