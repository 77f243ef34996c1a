"""A session that is being written: forty points, each of another volume at every save."""

import itertools

import sqlalchemy as sa

from clinic.core.engine import Sessions
from clinic.treatments import points
from clinic.treatments.models import TreatmentSession
from clinic.treatments.values import Place, SessionState, Site, View
from tests.bench.browsers import Form
from tests.bench.treated import places

POINTS = 40
_VOLUMES = (50, 60)
"""Microlitres a point, in turn: a save of what is there already would write nothing."""


class Draft:
    """One draft, and the version at which its page was seen."""

    def __init__(self, sessions: Sessions) -> None:
        with sessions.read() as db:
            row = db.execute(
                sa.select(TreatmentSession.id, TreatmentSession.version)
                .where(TreatmentSession.state == SessionState.DRAFT)
                .order_by(TreatmentSession.id)
                .limit(1)
            ).one()
        self.id, self._version = row.id, row.version
        where = [(zone, place) for zone, found in places(POINTS).items() for place in found]
        self._points = itertools.cycle(
            [
                points.dumps(
                    Site(
                        seq=seq,
                        zone=zone,
                        volume_ul=volume,
                        depth_um=4_000,
                        needle_gauge=30,
                        place=Place(view=View.TOP, x_permille=x, y_permille=y),
                    )
                    for seq, (zone, (x, y)) in enumerate(where[:POINTS], 1)
                )
                for volume in _VOLUMES
            ]
        )

    def form(self) -> Form:
        """Return the next save; each raises the version by one."""
        form = {"version": self._version, "points": next(self._points), "do": "draft"}
        self._version += 1
        return form
