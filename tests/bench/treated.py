"""What was done in the benchmark's sessions, and what was heard about it afterwards."""

import datetime as dt
from collections.abc import Iterator
from functools import cache, cached_property
from itertools import product

from clinic.catalog.after_values import FOLLOW_UP_DAYS
from clinic.catalog.values import Modality
from clinic.core.zones import Zone
from clinic.treatments.rules import scalp
from clinic.treatments.values import TimeOut, View
from tests.bench.load import Row, Step
from tests.bench.sizes import NOW, SITES, TODAY, Size
from tests.bench.staff import INJECTIONS, LOT
from tests.bench.visits import QUARTER, Visit, Visits


class Treated:
    """Sessions with their sites and lots, calls, and side effects."""

    def __init__(self, size: Size, visits: Visits) -> None:
        self._size, self._visits = size, visits

    def steps(self) -> list[Step]:
        """Return the checks made at the start, the records, the calls and what was reported."""
        count = self._size.sessions
        begun = len(self._visits.begun())
        return [
            Step(
                table="screening",
                columns=(
                    "id", "patient_id", "appointment_id", "actor_id", "on", "moment", "decision",
                    "is_checked", "may_show_clear_date", "may_show_bookable_date", "findings",
                    "facts", "facts_hash", "plan", "at",
                ),
                count=count + begun,
                rows=self._screenings,
            ),
            Step(
                table="treatment_session",
                columns=(
                    "id", "appointment_id", "patient_id", "location_id", "service_id",
                    "performer_id", "screening_id", "state", "started_at", "ended_at", "pain",
                    "note", "map_version", "is_aborted", "abort_reason", "soft_limits_accepted",
                    "signed_at", "signed_by_id", "content_hash", "version",
                ),
                count=count + begun,
                rows=self._sessions,
            ),
            Step(
                table="injection_site",
                columns=(
                    "id", "session_id", "seq", "zone", "view", "x_permille", "y_permille", "points",
                    "volume_ul", "depth_um", "needle_gauge", "needle_um",
                ),
                count=count * SITES,
                rows=self._sites,
            ),
            Step(
                table="time_out_line",
                columns=("id", "session_id", "line", "account_id", "at"),
                count=begun * len(TimeOut),
                rows=self._said,
            ),
            Step(
                table="lot_use",
                columns=("id", "session_id", "lot_id", "seq", "role", "amount_ul", "expires_on"),
                count=count,
                rows=self._lots,
            ),
            Step(
                table="contact",
                columns=(
                    "id", "session_id", "patient_id", "actor_id", "result", "pain", "note",
                    "red_flags", "day", "at",
                ),
                count=self._calls_made,
                rows=self._contacts,
            ),
            Step(
                table="side_effect",
                columns=(
                    "id", "patient_id", "session_id", "reported_by_id", "kind", "grade",
                    "grade_system", "is_serious", "zone", "onset_on", "resolved_on", "outcome",
                    "description", "red_flags", "reported_at", "reviewed_at", "reviewed_by_id",
                    "review_note", "closed_at", "closed_by_id", "closing_note", "version",
                ),
                count=count // 100,
                rows=self._side_effects,
            ),
        ]  # fmt: skip

    def _numbered(self) -> Iterator[tuple[int, Visit]]:
        yield from enumerate(self._visits.treated(), 1)

    def _with_begun(self) -> Iterator[tuple[int, Visit]]:
        yield from self._numbered()
        yield from enumerate(self._visits.begun(), self._size.sessions + 1)

    def _screenings(self) -> Iterator[Row]:
        zones = sorted(zone.value for zone in places(SITES))
        plan = {
            "modality": "mesotherapy", "zones": zones, "ingredients": [],
            "consent_version": "1.0", "interval_days": None,
        }  # fmt: skip
        for number, visit in self._with_begun():
            yield (
                number, visit.patient, visit.id, 1, visit.start.date(), "start", "allow", True,
                True, True, [], [], f"{number:064x}", plan, visit.start,
            )  # fmt: skip

    def _sessions(self) -> Iterator[Row]:
        for number, visit in self._with_begun():
            done = visit.start + QUARTER if visit.is_treated else None
            is_signed = done is not None
            yield (
                number, visit.id, visit.patient, 1, INJECTIONS, 1, number,
                "signed" if is_signed else "draft", visit.start, done, 2 if is_signed else None, "",
                scalp.MAP_VERSION, False, "", False, done, 1 if is_signed else None,
                f"{number:064x}" if is_signed else None, 1,
            )  # fmt: skip

    def _sites(self) -> Iterator[Row]:
        where = [(zone, place) for zone, found in places(SITES).items() for place in found]
        number = 0
        for session, _ in self._numbered():
            for seq, (zone, (x, y)) in enumerate(where[:SITES], 1):
                number += 1
                yield (
                    number, session, seq, zone.value, View.TOP.value, x, y, 1, 100, 4_000, 30,
                    13_000,
                )  # fmt: skip

    def _said(self) -> Iterator[Row]:
        """What comes before the first point, of the sessions under way: they are written on."""
        under_way = enumerate(self._visits.begun(), self._size.sessions + 1)
        for number, ((session, visit), line) in enumerate(product(under_way, TimeOut), 1):
            yield number, session, line.value, 1, visit.start

    def _lots(self) -> Iterator[Row]:
        for number, _ in self._numbered():
            yield number, number, LOT, 1, "active", SITES * 100, dt.date(2029, 12, 31)

    @cached_property
    def _calls_made(self) -> int:
        return sum(1 for _ in self._contacts())

    def _contacts(self) -> Iterator[Row]:
        """Nearly every call of the past was made, and half of what falls due today."""
        made = 0
        for session, visit in self._numbered():
            age = (TODAY - visit.local.date()).days
            days = FOLLOW_UP_DAYS[Modality.MESOTHERAPY]
            is_missed = session % (2 if age in days else 100) == 0
            if not age or is_missed:
                continue
            made += 1
            day = max(day for day in days if day <= age)
            at = min(visit.start + dt.timedelta(days=day), NOW)
            yield made, session, visit.patient, 3, "reached", 1, "", [], day, at

    def _side_effects(self) -> Iterator[Row]:
        for session, visit in self._numbered():
            if session % 100:
                continue
            begun, heard = visit.local.date(), visit.start + dt.timedelta(days=1)
            is_closed = (TODAY - begun).days > 10
            closed = heard + dt.timedelta(days=8) if is_closed else None
            yield (
                session // 100, visit.patient, session, 3, "bruising", 1, "CTCAE 5.0", False,
                Zone.MIDSCALP.value, begun, begun + dt.timedelta(days=8) if is_closed else None,
                "resolved" if is_closed else "open", "", [], heard, closed,
                1 if is_closed else None, "", closed, 1 if is_closed else None, "", 1,
            )  # fmt: skip


@cache
def places(count: int) -> dict[Zone, list[tuple[int, int]]]:
    """Return at least `count` places on the view from above, by zone, in thousandths."""
    zones = (Zone.FRONTAL_HAIRLINE, Zone.MIDSCALP, Zone.VERTEX)
    found: dict[Zone, list[tuple[int, int]]] = {zone: [] for zone in zones}
    each = -(-count // len(zones))
    for y in range(20, 1000, 20):
        for x in range(20, 1000, 20):
            zone = scalp.zone_at(View.TOP, x, y)
            if zone in found and len(found[zone]) < each:
                found[zone].append((x, y))
    return found
