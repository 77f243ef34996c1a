"""Which papers and answers the visits of a list still lack, read off the newest check of each."""

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.chart.rules.board import Lack, lacks_of
from clinic.core.access import Actor
from clinic.safety.models import ScreeningRecord


def lacking(
    db: Session, actor: Actor, appointment_ids: Collection[int]
) -> Mapping[int, Sequence[Lack]]:
    """Return {visit: what it lacks} of those that were checked; one statement.

    A visit that lacks nothing is there with nothing; one that was never checked is not there.
    """
    if not appointment_ids:
        return {}
    newest = (
        sa.select(sa.func.max(ScreeningRecord.id))
        .where(ScreeningRecord.appointment_id.in_(appointment_ids))
        .group_by(ScreeningRecord.appointment_id)
    )
    rows = db.execute(
        sa.select(ScreeningRecord.appointment_id, ScreeningRecord.findings).where(
            ScreeningRecord.id.in_(newest), ScreeningRecord.is_checked
        )
    )
    return {row[0]: lacks_of(row[1], is_clinical=actor.is_clinical) for row in rows}
