"""Reading what a session can be mixed of: lots as its place has them, with their opened vials."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts.models import Account
from clinic.catalog import queries as catalog_queries
from clinic.catalog import stock_queries
from clinic.catalog.models import OpenedVial, Product, ProductLot
from clinic.catalog.rules import lots as lot_rules
from clinic.catalog.rules import stock as stock_rules
from clinic.catalog.values import LotChoice, OpenVial, Unusable
from clinic.core import clock
from clinic.patients import queries as patient_queries
from clinic.treatments.models import LotUse, TreatmentSession
from clinic.treatments.values import FIRST_OF_PREPARATION, SessionState


def lots(db: Session, session: TreatmentSession, *, on: dt.date) -> list[LotChoice]:
    """Return every lot as it is offered in a session, with the vials that are open.

    Also those that a session opened which is not signed: they can be seen and not chosen. Usable
    first, first-expiring on top. Four statements.
    """
    choices = catalog_queries.lots(db, on=on, location_id=session.location_id)
    unsigned = _unsigned(db, session, choices)
    return lot_rules.in_order_of_use(
        replace(choice, vials=(*choice.vials, *unsigned.get(choice.id, ())))
        for choice in _with_vials(db, session, choices)
    )


def lots_of(
    db: Session, session: TreatmentSession, lot_ids: Iterable[int], *, on: dt.date
) -> dict[int, LotChoice]:
    """Return the lots of these ids as they are offered in a session; unknown ones are left out.

    Three statements; none without ids.
    """
    found = catalog_queries.lots_of(db, lot_ids, on=on, location_id=session.location_id)
    return {lot.id: lot for lot in _with_vials(db, session, list(found.values()))}


def _with_vials(
    db: Session, session: TreatmentSession, choices: Sequence[LotChoice]
) -> list[LotChoice]:
    if not choices:
        return []
    open_ = stock_queries.vials(db, session.location_id, thrown_since=session.started_at)
    others = _used_on_others(db, session, [vial.id for vial in open_])
    at = session.first_point_at or clock.now()
    by_lot: dict[int, list[OpenVial]] = {}
    by_id = {choice.id: choice for choice in choices}
    for vial in open_:
        choice = by_id.get(vial.lot_id)
        if choice is None or choice.open_hours is None:
            continue
        by_lot.setdefault(vial.lot_id, []).append(
            stock_rules.vial(
                choice,
                vial.id,
                vial.opened_at,
                choice.open_hours,
                at=at,
                is_of_another=vial.id in others,
                is_gone=_is_gone(session, vial),
            )
        )
    return [replace(choice, vials=tuple(by_lot.get(choice.id, ()))) for choice in choices]


def _is_gone(session: TreatmentSession, vial: OpenedVial) -> bool:
    """Tell whether a vial was thrown away: not of one that the session had used before."""
    begun = session.first_point_at
    if vial.discarded_at is None:
        return False
    is_used = vial.id in {use.vial_id for use in session.lots}
    return not is_used or begun is None or vial.discarded_at <= begun


def _unsigned(
    db: Session, session: TreatmentSession, choices: Sequence[LotChoice]
) -> dict[int, list[OpenVial]]:
    """Return {lot id: the vials that other drafts of the place have opened}. One statement."""
    hours = {choice.id: choice.open_hours for choice in choices if choice.open_hours}
    if not hours:
        return {}
    rows = db.execute(
        sa.select(
            LotUse.lot_id,
            sa.func.coalesce(
                LotUse.opened_at, TreatmentSession.mixed_at, TreatmentSession.started_at
            ).label("opened_at"),
            Account.name,
        )
        .join(TreatmentSession, TreatmentSession.id == LotUse.session_id)
        .join(Account, Account.id == TreatmentSession.performer_id)
        .where(
            TreatmentSession.location_id == session.location_id,
            TreatmentSession.state == SessionState.DRAFT,
            TreatmentSession.id != session.id,
            LotUse.seq < FIRST_OF_PREPARATION,
            LotUse.vial_id.is_(None),
        )
        .order_by("opened_at", LotUse.id)
    )
    found: dict[int, list[OpenVial]] = {}
    for row in rows:
        if row.lot_id in hours:
            vial = OpenVial(
                id=None,
                opened_at=row.opened_at,
                until=row.opened_at + dt.timedelta(hours=hours[row.lot_id] or 0),
                unusable=Unusable.UNSIGNED,
                by=row.name,
            )
            found.setdefault(row.lot_id, []).append(vial)
    return found


def _used_on_others(db: Session, session: TreatmentSession, vial_ids: list[int]) -> set[int]:
    """Return the vials for one patient that were opened for somebody else. One statement."""
    if not vial_ids:
        return set()
    return set(
        db.scalars(
            sa.select(OpenedVial.id)
            .join(TreatmentSession, TreatmentSession.id == OpenedVial.session_id)
            .join(ProductLot, ProductLot.id == OpenedVial.lot_id)
            .join(Product, Product.id == ProductLot.product_id)
            .where(
                OpenedVial.id.in_(vial_ids),
                Product.is_single_patient,
                TreatmentSession.patient_id.not_in(patient_queries.records(session.patient_id)),
            )
        )
    )
