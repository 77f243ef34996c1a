"""What a centrifuge does: g from revolutions and radius and back, and when a run of it is over."""

import datetime as dt
import math
from dataclasses import replace
from fractions import Fraction

from clinic.treatments.preparation_values import Preparation, Spin

_MINUTE = dt.timedelta(minutes=1)


def rcf_g(rpm: int, radius_mm: int) -> int:
    """Return 1.118e-5 times the radius in cm times rpm squared, rounded half up [GK]."""
    return (1118 * radius_mm * rpm * rpm + 500_000_000) // 1_000_000_000


def rpm(rcf_g: int, radius_mm: int) -> int:
    """Return the revolutions a minute that give so many g, the nearest whole number [GK]."""
    return round(math.sqrt(Fraction(rcf_g * 1_000_000_000, 1118 * radius_mm)))


def with_rcf(content: Preparation, own_mm: int | None = None) -> Preparation:
    """Return a content whose g are those of its revolutions, where they are given.

    `own_mm` is the radius of the centrifuge itself: it holds, whatever a preset says.
    """
    return replace(content, spins=tuple(_with_rcf(spin, own_mm) for spin in content.spins))


def _with_rcf(spin: Spin, own_mm: int | None) -> Spin:
    if spin.rpm is None:
        return spin
    radius_mm = own_mm or spin.radius_mm
    if radius_mm is None:
        return spin
    return replace(spin, radius_mm=radius_mm, rcf_g=rcf_g(spin.rpm, radius_mm))


def ends_at(spin: Spin) -> str:
    """Return when a running spin is over, as ISO; empty when nobody can know."""
    if spin.started_at is None or spin.minutes is None:
        return ""
    return (spin.started_at + spin.minutes * _MINUTE).isoformat()
