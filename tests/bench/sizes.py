"""How large a clinic the benchmark seeds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Rows of the main tables; everything else follows from them."""

    name: str
    patients: int
    appointments: int
    sessions: int


SIZES = {
    size.name: size
    for size in (
        Size(name="small", patients=2_000, appointments=10_000, sessions=3_000),
        Size(name="medium", patients=10_000, appointments=100_000, sessions=30_000),
        Size(name="large", patients=100_000, appointments=1_000_000, sessions=300_000),
    )
}
PHYSICIANS = 4
PER_DAY = 40
"""Visits of one physician a day: 15 minutes each, from 08:00 to 18:00."""
SITES = 10
FACTS = 6
