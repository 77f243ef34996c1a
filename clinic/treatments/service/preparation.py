"""Keeping what is written about blood and PRP, and stamping what was done just now.

Its own version: a nurse at the centrifuge and a physician at the map never meet. The session is
locked meanwhile, so that a signature has either seen a step or comes before it and refuses it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from clinic.audit import service as audit
from clinic.catalog.values import LotChoice
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import StaleEdit
from clinic.core.text import N_
from clinic.treatments import judging_preparation, record
from clinic.treatments.models import LotUse, TreatmentSession
from clinic.treatments.preparation_models import PrpPreparation, PrpSpin
from clinic.treatments.preparation_values import Act, Kit, Preparation, SavePreparation, Spin
from clinic.treatments.queries import preparation as queries
from clinic.treatments.rules import preparing, spinning
from clinic.treatments.service import drafts
from clinic.treatments.service.sessions import SIGNED, AlreadySigned, ContentRefused
from clinic.treatments.values import FIRST_OF_PREPARATION, Breach, DraftStep, LotRole, SessionState

STALE = N_("Somebody else has changed blood and PRP in the meantime. Compare, then save again.")
WHY = Breach(
    code="reason", field="reason", message=N_("A time that was kept is another now: say why")
)
_SPIN = {
    Act.START_1: (0, "started_at"),
    Act.STOP_1: (0, "ended_at"),
    Act.START_2: (1, "started_at"),
    Act.STOP_2: (1, "ended_at"),
}


def save(db: Session, actor: Actor, wish: SavePreparation) -> PrpPreparation:
    """Keep a preparation; each time that is new gets the name of who brought it.

    A time that was kept is corrected with a reason, which stands in the trail beside what it was.

    The same again changes nothing. Raises NotFound, AlreadySigned, StaleEdit, ContentRefused.
    """
    session, row = queries.hold(db, actor, wish.session_id)
    if session.state is SessionState.SIGNED:
        raise AlreadySigned(SIGNED)
    before, now = record.preparation_of(session), clock.now()
    content = _spun(db, session, wish.content)
    if row.version != wish.version:
        if _done(content, wish.act, before) == before:
            drafts.drop(db, session.id, DraftStep.PREPARATION, wish.page)
            return row
        raise StaleEdit(STALE)
    content = _acted(content, wish.act, now)
    wrong, lots = judging_preparation.judge(db, actor, session, content)
    corrected = preparing.corrected(before, content)
    unsaid = (WHY,) if corrected and not wish.reason else ()
    wrong = (*preparing.refused(content, now=now), *wrong, *unsaid)
    if wrong:
        raise ContentRefused(wrong)

    drafts.drop(db, session.id, DraftStep.PREPARATION, wish.page)
    _write(db, actor, session, content, lots)
    audit.record(
        db,
        actor,
        "prp_preparation.saved",
        "prp_preparation",
        session.id,
        patient_id=session.patient_id,
        detail=_detail(wish, corrected),
    )
    return row


def _spun(db: Session, session: TreatmentSession, content: Preparation) -> Preparation:
    """Return a content as its centrifuge spins it: its own radius, and when its service is due."""
    chosen = content.centrifuge_id
    offered = queries.centrifuges(db, session.location_id, chosen) if chosen else ()
    of = next((one for one in offered if one.id == chosen), None)
    if of is None:
        return spinning.with_rcf(replace(content, centrifuge_id=None, centrifuge_due_on=None))
    return spinning.with_rcf(replace(content, centrifuge_due_on=of.service_due_on), of.radius_mm)


def _detail(
    wish: SavePreparation, corrected: Mapping[str, tuple[dt.datetime, dt.datetime | None]]
) -> dict[str, Any]:
    """Return what the trail says: the act, and each corrected time as it was and as it is."""
    detail: dict[str, Any] = {"act": wish.act.value} if wish.act else {}
    if corrected:
        times = {
            field: [was.isoformat(), now.isoformat() if now else None]
            for field, (was, now) in corrected.items()
        }
        detail |= {"corrected": times, "reason": wish.reason}
    return detail


# ---- what was done just now ----


def _acted(content: Preparation, act: Act | None, at: dt.datetime | None) -> Preparation:
    """Return a content with the time of an act."""
    if act is Act.DRAWN:
        return replace(content, drawn_at=at)
    if act is Act.OBTAINED:
        return replace(content, obtained_at=at)
    if act is None:
        return content
    at_spin, name = _SPIN[act]
    spins = list(content.spins) + [Spin()] * (at_spin + 1 - len(content.spins))
    if name == "started_at":
        spins[at_spin] = replace(spins[at_spin], started_at=at)
    else:
        spins[at_spin] = replace(spins[at_spin], ended_at=at)
    return replace(content, spins=tuple(spins))


def _done(content: Preparation, act: Act | None, before: Preparation) -> Preparation:
    """Return a content with the time that an act has already: a second press changes nothing."""
    if act is None:
        return content
    if act in _SPIN:
        at_spin, name = _SPIN[act]
        was = getattr(before.spins[at_spin], name) if at_spin < len(before.spins) else None
    else:
        was = before.drawn_at if act is Act.DRAWN else before.obtained_at
    return _acted(content, act, was) if was is not None else content


# ---- writing ----


def _write(
    db: Session,
    actor: Actor,
    session: TreatmentSession,
    content: Preparation,
    lots: Mapping[int, LotChoice],
) -> None:
    row, before = queries.row_of(session), record.preparation_of(session)
    for name in record.PREPARED:
        setattr(row, name, getattr(content, name))
    for step in ("drawn", "obtained"):
        if getattr(content, f"{step}_at") != getattr(before, f"{step}_at"):
            is_done = getattr(content, f"{step}_at") is not None
            setattr(row, f"{step}_by_id", actor.id if is_done else None)
    row.saved_at = clock.now()
    # Spins and lots live in tables of their own: the version must rise with them too.
    flag_modified(row, "saved_at")
    db.flush()  # A stale version is found before anything of the parts is touched.
    if before.spins != content.spins:
        _write_spins(db, session, content.spins, actor)
    if _lots(before) != _lots(content):
        _write_lots(db, session.id, content, lots)
    db.expire(session, ["lots", "preparation", "spins"])


def _lots(content: Preparation) -> tuple[object, ...]:
    return content.kits, content.activator_lot_id, content.activator_ul


def _write_spins(
    db: Session, session: TreatmentSession, spins: Sequence[Spin], actor: Actor
) -> None:
    old = {row.seq: row for row in session.spins}
    made = []
    for seq, spin in enumerate(spins, 1):
        values: dict[str, object] = {"session_id": session.id, "seq": seq}
        values |= {name: getattr(spin, name) for name in record.SPUN}
        for step in ("started", "ended"):
            at, was = getattr(spin, f"{step}_at"), old.get(seq)
            is_kept = was is not None and getattr(was, f"{step}_at") == at
            by = getattr(was, f"{step}_by_id") if is_kept else actor.id if at else None
            values[f"{step}_by_id"] = by
        made.append(values)
    db.execute(sa.delete(PrpSpin).where(PrpSpin.session_id == session.id))
    if made:
        db.execute(sa.insert(PrpSpin), made)


def _write_lots(
    db: Session, session_id: int, content: Preparation, lots: Mapping[int, LotChoice]
) -> None:
    used: list[tuple[Kit, LotRole, int | None]] = [(kit, LotRole.KIT, None) for kit in content.kits]
    if content.activator_lot_id is not None:
        activator = Kit(lot_id=content.activator_lot_id)
        used.append((activator, LotRole.ACTIVATOR, content.activator_ul))
    own = LotUse.session_id == session_id, LotUse.seq >= FIRST_OF_PREPARATION
    db.execute(sa.delete(LotUse).where(*own))
    if used:
        db.execute(
            sa.insert(LotUse),
            [
                {
                    "session_id": session_id,
                    "lot_id": one.lot_id,
                    "seq": seq,
                    "role": role,
                    "amount_ul": amount_ul,
                    "dose_ug": None,
                    "expires_on": lots[one.lot_id].expires_on,
                    "pieces": one.pieces,
                    "udi": one.udi or None,
                }
                for seq, (one, role, amount_ul) in enumerate(used, FIRST_OF_PREPARATION)
            ],
        )
