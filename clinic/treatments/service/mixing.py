"""What a signature takes: stock of every lot of the session, and the vials that are kept open."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog import stock, stock_queries
from clinic.catalog.models import OpenedVial, Product, ProductLot
from clinic.catalog.stock_values import Shortage, Use
from clinic.core.access import Actor
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.treatments.models import LotUse, TreatmentSession
from clinic.treatments.values import FIRST_OF_PREPARATION, Breach, Content

SHORT = N_("Of lot %(lot)s only %(left)s are left, not %(wanted)s: choose another lot, or count it")


def hold(db: Session, session: TreatmentSession, content: Content) -> None:
    """Keep the lots of a session as they are until it is signed. One statement."""
    prepared = (use.lot_id for use in session.lots if use.seq >= FIRST_OF_PREPARATION)
    stock_queries.hold_lots(db, (*prepared, *(lot.lot_id for lot in content.lots)))


def take(
    db: Session, actor: Actor, session: TreatmentSession, *, was_given: bool = False
) -> tuple[Breach, ...]:
    """Draw the stock of a session as it is written; return what there is too little of.

    Of what was given already there was enough: then the level was wrong. To be called before
    anything is recorded in the audit trail. Eight statements at most, however many lots.
    """
    uses = db.execute(
        sa.select(
            LotUse.lot_id,
            LotUse.seq,
            LotUse.amount_ul,
            LotUse.pieces,
            LotUse.opened_at,
            LotUse.vial_id,
            Product.open_hours,
        )
        .join(ProductLot, ProductLot.id == LotUse.lot_id)
        .join(Product, Product.id == ProductLot.product_id)
        .where(LotUse.session_id == session.id)
        .order_by(LotUse.seq)
    ).all()
    drawn = [
        Use(
            lot_id=use.lot_id,
            amount_ul=use.amount_ul,
            pieces=use.pieces,
            is_open=use.vial_id is not None,
        )
        for use in uses
    ]
    try:
        stock.draw(db, actor, drawn, session.id, was_given=was_given)
    except stock.NotEnough as short:
        seqs = {use.lot_id: use.seq for use in uses}
        return tuple(_short(one, seqs[one.lot_id]) for one in short.shortages)
    kept = [use for use in uses if use.open_hours is not None and use.vial_id is None]
    db.add_all(
        OpenedVial(
            lot_id=use.lot_id,
            location_id=session.location_id,
            session_id=session.id,
            opened_at=use.opened_at or session.mixed_at or session.started_at,
        )
        for use in kept
        if use.seq < FIRST_OF_PREPARATION
    )
    return ()


def _short(shortage: Shortage, seq: int) -> Breach:
    return Breach(
        code="stock_short",
        field=f"lot_{seq}"
        if seq < FIRST_OF_PREPARATION
        else f"kit_{seq - FIRST_OF_PREPARATION + 1}",
        message=SHORT,
        values=(
            ("lot", shortage.lot_no),
            ("left", show_thousandths(shortage.left_milli)),
            ("wanted", show_thousandths(shortage.wanted_milli)),
        ),
    )
