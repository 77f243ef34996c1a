"""Blood and PRP: what cannot be right, what is unusual, what is missing, and in which order.

Times are instants; `now` is given. A draft may be incomplete, never impossible.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from clinic.core import walltime
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.safety.values import Confidence
from clinic.treatments.preparation_values import Activation, Anticoagulant, Preparation, Spin
from clinic.treatments.rules import limits, yields
from clinic.treatments.rules import preparation_limits as here
from clinic.treatments.rules.hours import minutes_begun
from clinic.treatments.rules.limits import Limit
from clinic.treatments.rules.volumes import refusal, shown, unusually
from clinic.treatments.values import Breach

_MINUTE = dt.timedelta(minutes=1)
LEAST_SPUN = Fraction(9, 10)
"""Of the planned time; a spin that was stopped earlier is unusual [DD]."""


def nearest(at: dt.time, to: dt.datetime, zone: str) -> dt.datetime:
    """Return the instant of a wall time that lies nearest to another instant.

    A session after midnight has times of the day before; an hour that comes twice is the nearer.
    """
    day = walltime.to_local(to, zone).date()
    found: list[dt.datetime] = []
    for days in (-1, 0, 1):
        local = dt.datetime.combine(day + dt.timedelta(days=days), at)
        try:
            found.append(walltime.to_utc(local, zone))
        except walltime.Gap as gap:
            found.append(gap.after)
        except walltime.Fold as fold:
            found += [fold.first, fold.second]
    return min(found, key=lambda instant: abs(instant - to))


def minutes_between(begin: dt.datetime, end: dt.datetime) -> int:
    """Return the whole minutes from one instant to a later one."""
    return (end - begin) // _MINUTE


def refused(prepared: Preparation, *, now: dt.datetime) -> tuple[Breach, ...]:
    """Return everything that cannot be right, each at its field."""
    return (
        *(_refusals(prepared)),
        *_refused_amounts(prepared),
        *_refused_counts(prepared),
        *_refused_spins(prepared),
        *_refused_yields(prepared),
        *_refused_times(prepared, now),
    )


def unusual(prepared: Preparation, *, on: dt.date) -> tuple[Breach, ...]:
    """Return what is outside of the soft limits; signing over it needs one tick.

    `on` is the clinic's day of the session.
    """
    return (*_unusual(prepared), *_overdue(prepared, on))


def missing(prepared: Preparation) -> tuple[Breach, ...]:
    """Return what must be written before a session with points is signed."""
    return tuple(_missing(prepared))


DRAWN_AFTER = N_("Drawn after the first injection: correct the time of the draw")


def to_injection(drawn_at: dt.datetime | None, first_point_at: dt.datetime) -> Breach | None:
    """Return the refusal of points that came too long after the draw; None when they did not."""
    if drawn_at is None:
        return None
    value = minutes_begun(drawn_at, first_point_at)
    if value <= here.TO_INJECTION.hard.most:
        return None
    return refusal(here.TO_INJECTION, "points", value=str(value))


def drawn_after(drawn_at: dt.datetime | None, first_point_at: dt.datetime) -> Breach | None:
    """Return the refusal of points that are said to be older than the blood; None otherwise."""
    if drawn_at is None or drawn_at <= first_point_at:
        return None
    return Breach(code="drawn_after", field="points", message=DRAWN_AFTER)


def slow_injection(drawn_at: dt.datetime | None, first_point_at: dt.datetime) -> Breach | None:
    """Return what is unusual about the minutes from the draw to the first point."""
    if drawn_at is None:
        return None
    value = minutes_begun(drawn_at, first_point_at)
    soft = here.TO_INJECTION.soft
    if soft is None or soft.holds(max(value, 0)):
        return None
    return unusually(here.TO_INJECTION, "points", value=str(value))


# ---- numbers ----


def _limited(prepared: Preparation) -> Iterator[tuple[Limit, str, int, dict[str, str]]]:
    """Yield (limit, field, value, what its sentence names) of every number that has a limit."""
    for limit, field, value in (
        (limits.BLOOD, "blood", prepared.blood_ul),
        (limits.ANTICOAGULANT, "anticoagulant_volume", prepared.anticoagulant_ul),
        (limits.PRP, "prp", prepared.prp_ul),
        (here.BASE_PLATELETS, "base_platelets", prepared.base_platelets_e6l),
        (here.PRP_PLATELETS, "prp_platelets", prepared.prp_platelets_e6l),
        (here.HAEMOGLOBIN, "base_haemoglobin", prepared.base_haemoglobin_mgdl),
    ):
        if value is not None:
            yield limit, field, value, {}
    for n, spin in enumerate(prepared.spins, 1):
        for limit, name, value in (
            (here.RCF, "rcf", spin.rcf_g),
            (here.MINUTES, "minutes", spin.minutes),
        ):
            if value is not None:
                yield limit, f"{name}_{n}", value, {"n": str(n)}


def _refusals(prepared: Preparation) -> Iterator[Breach]:
    for limit, field, value, named in _limited(prepared):
        if not limit.hard.holds(value):
            yield refusal(limit, field, **named)


def _refused_amounts(prepared: Preparation) -> Iterator[Breach]:
    blood, prp = prepared.blood_ul, prepared.prp_ul
    if blood is not None and prp is not None and prp >= blood:
        yield Breach(
            code="prp_from_blood",
            field="prp",
            message=N_("PRP obtained must be less than the %(blood)s mL of blood drawn"),
            values=(("blood", show_thousandths(blood)),),
        )
    if prepared.anticoagulant is Anticoagulant.NONE and prepared.anticoagulant_ul:
        yield Breach(
            code="anticoagulant_none",
            field="anticoagulant_volume",
            message=N_("No anticoagulant was chosen: leave this empty, or choose which"),
        )
    added = prepared.activation is not None and prepared.activation.ingredient
    if not added and (prepared.activator_ul or prepared.activator_lot_id):
        yield Breach(
            code="activator_none",
            field="activator" if prepared.activator_ul else "activator_lot",
            message=N_("Nothing was added to activate it: leave this empty, or choose what"),
        )


def _refused_counts(prepared: Preparation) -> Iterator[Breach]:
    for field, white, neutrophils in (
        ("base_neutrophils", prepared.base_leukocytes_e6l, prepared.base_neutrophils_e6l),
        ("prp_neutrophils", prepared.prp_leukocytes_e6l, prepared.prp_neutrophils_e6l),
    ):
        if white is not None and neutrophils is not None and neutrophils > white:
            yield Breach(
                code="neutrophils",
                field=field,
                message=N_("Neutrophils are leukocytes: there cannot be more of them"),
            )


def _refused_spins(prepared: Preparation) -> Iterator[Breach]:
    for n, spin in enumerate(prepared.spins, 1):
        if spin.rpm is not None and spin.radius_mm is None:
            yield Breach(
                code="rpm_without_radius",
                field=f"radius_{n}",
                message=N_("Revolutions say nothing without the rotor’s radius: enter it, or g"),
                source="GK",
                status=Confidence.CONVENTION,
            )
    if len(prepared.spins) == 2 and prepared.spins[0] == Spin() != prepared.spins[1]:
        yield Breach(
            code="first_spin_empty",
            field="rcf_1",
            message=N_("Write the first spin before the second"),
        )


def _refused_yields(prepared: Preparation) -> Iterator[Breach]:
    for limit, value in _yielded(prepared):
        if not limit.hard.least <= value <= limit.hard.most:
            yield refusal(limit, "prp_platelets", value=_tenths(value))


def _yielded(prepared: Preparation) -> Iterator[tuple[Limit, Fraction]]:
    """Yield the factor in thousandths and the dose in millions, where they can be known."""
    times, platelets = yields.fold(prepared), yields.dose(prepared)
    if times is not None:
        yield here.FOLD, times * 1000
    if platelets is not None:
        yield here.DOSE, Fraction(platelets, 10**6)


def _tenths(thousandths: Fraction) -> str:
    """Write thousandths with up to three decimals, never rounded onto a bound."""
    return show_thousandths(int(thousandths))


# ---- times ----


def _refused_times(prepared: Preparation, now: dt.datetime) -> Iterator[Breach]:
    steps = list(_steps(prepared))
    for field, at in steps:
        if at > now + _MINUTE:
            yield Breach(
                code="in_the_future", field=field, message=N_("This time has not come yet")
            )
    for n, spin in enumerate(prepared.spins, 1):
        if spin.ended_at is not None and spin.started_at is None:
            yield Breach(
                code="not_started",
                field=f"ended_{n}",
                message=N_("Spin %(n)s ended without having begun: enter when it began"),
                values=(("n", n),),
            )
    for (_, earlier), (field, later) in pairwise(steps):
        if later < earlier:
            yield Breach(
                code="out_of_order",
                field=field,
                message=N_("This cannot have been before the step above it"),
            )


def corrected(
    before: Preparation, after: Preparation
) -> dict[str, tuple[dt.datetime, dt.datetime | None]]:
    """Return {field: (what was kept, what it is now)} of the times that are not what they were."""
    now = dict(_steps(after))
    return {field: (at, now.get(field)) for field, at in _steps(before) if now.get(field) != at}


def _steps(prepared: Preparation) -> Iterator[tuple[str, dt.datetime]]:
    """Yield (field, instant) of the steps that have a time, in the order they must have."""
    spins = [
        step
        for n, spin in enumerate(prepared.spins, 1)
        for step in ((f"started_{n}", spin.started_at), (f"ended_{n}", spin.ended_at))
    ]
    for field, at in (
        ("drawn_at", prepared.drawn_at),
        *spins,
        ("obtained_at", prepared.obtained_at),
    ):
        if at is not None:
            yield field, at


# ---- unusual, missing ----


def _unusual(prepared: Preparation) -> Iterator[Breach]:
    for limit, field, value, named in _limited(prepared):
        if limit.soft is not None and not limit.soft.holds(value):
            yield unusually(limit, field, value=shown(limit, value), **named)
    for limit, exact in _yielded(prepared):
        if limit.soft and not limit.soft.least <= exact <= limit.soft.most:
            yield unusually(limit, "prp_platelets", value=_tenths(exact))
    yield from _unusual_anticoagulant(prepared)
    for n, spin in enumerate(prepared.spins, 1):
        if spin.minutes and spin.started_at and spin.ended_at:
            planned = spin.minutes * _MINUTE
            if (spin.ended_at - spin.started_at) < planned * LEAST_SPUN.numerator / (
                LEAST_SPUN.denominator
            ):
                yield Breach(
                    code="spin_short",
                    field=f"ended_{n}",
                    message=N_("Spin %(n)s was stopped after %(spun)s of %(planned)s minutes"),
                    values=(
                        ("n", n),
                        ("spun", minutes_between(spin.started_at, spin.ended_at)),
                        ("planned", spin.minutes),
                    ),
                    source="DD",
                    status=Confidence.DESIGN_DEFAULT,
                )


def _overdue(prepared: Preparation, on: dt.date) -> Iterator[Breach]:
    due_on = prepared.centrifuge_due_on
    if due_on is not None and due_on < on:
        yield Breach(
            code="centrifuge_overdue",
            field="centrifuge",
            message=N_("The service of the centrifuge was due on %(day)s"),
            values=(("day", due_on.isoformat()),),
        )


def _unusual_anticoagulant(prepared: Preparation) -> Iterator[Breach]:
    usual = limits.ANTICOAGULANT_PERCENT
    blood, added = prepared.blood_ul, prepared.anticoagulant_ul
    if blood and added and not usual.holds(100 * added, blood):
        yield Breach(
            code="anticoagulant_percent_unusual",
            field="anticoagulant_volume",
            message=N_(
                "Anticoagulant: %(value)s %% of the blood drawn; usual are %(least)s to %(most)s %%"
            ),
            values=(
                ("least", usual.least),
                ("most", usual.most),
                ("value", show_thousandths(100_000 * added // blood)),
                ("exact", f"{added}/{blood}"),
            ),
            source=usual.source,
            status=usual.status,
        )
    if prepared.anticoagulant is Anticoagulant.EDTA:
        yield Breach(
            code="edta_unusual",
            field="anticoagulant",
            message=N_("EDTA damages platelets"),
            source="GK",
            status=Confidence.CONVENTION,
        )


def _missing(prepared: Preparation) -> Iterator[Breach]:
    if not prepared.kits:
        yield _needed("kit_1", N_("Choose the lot of the blood kit or tube"))
    if prepared.blood_ul is None:
        yield _needed("blood", N_("Enter how much blood was drawn"))
    if prepared.drawn_at is None:
        yield _needed("drawn_at", N_("Enter when the blood was drawn: its hours count from then"))
    if prepared.anticoagulant is None:
        yield _needed("anticoagulant", N_("Choose the anticoagulant, or that there was none"))
    elif prepared.anticoagulant is not Anticoagulant.NONE and prepared.anticoagulant_ul is None:
        yield _needed("anticoagulant_volume", N_("Enter how much anticoagulant was used"))
    if prepared.prp_ul is None:
        yield _needed("prp", N_("Enter how much PRP was obtained"))
    yield from _missing_activation(prepared)
    for field, kind, counts in (
        ("base_kind", prepared.base_kind, _base(prepared)),
        ("prp_kind", prepared.prp_kind, _of_prp(prepared)),
    ):
        if kind is None and any(count is not None for count in counts):
            yield _needed(
                field, N_("Blood and PRP: choose whether the cells were counted or estimated")
            )
    for n, spin in enumerate(prepared.spins, 1):
        if spin.started_at is not None and spin.ended_at is None:
            yield _needed(f"ended_{n}", N_("A spin is still running: stop it"))


def _missing_activation(prepared: Preparation) -> Iterator[Breach]:
    if prepared.activation is None:
        yield _needed("activation", N_("Choose how the PRP was activated, or that it was not"))
    elif prepared.activation in {Activation.CACL2, Activation.CA_GLUCONATE}:
        if prepared.activator_lot_id is None:
            yield _needed("activator_lot", N_("Choose the lot of the activator"))
        if prepared.activator_ul is None:
            yield _needed("activator", N_("Enter how much activator was added"))


def _base(prepared: Preparation) -> Sequence[int | None]:
    return (
        prepared.base_platelets_e6l,
        prepared.base_leukocytes_e6l,
        prepared.base_neutrophils_e6l,
        prepared.base_erythrocytes_e9l,
        prepared.base_haemoglobin_mgdl,
    )


def _of_prp(prepared: Preparation) -> Sequence[int | None]:
    return (
        prepared.prp_platelets_e6l,
        prepared.prp_leukocytes_e6l,
        prepared.prp_neutrophils_e6l,
        prepared.prp_erythrocytes_e9l,
    )


def _needed(field: str, message: str) -> Breach:
    return Breach(code="missing", field=field, message=message)
