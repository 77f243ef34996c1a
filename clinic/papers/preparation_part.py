"""Blood and PRP in the record of a session: each step with its time and name, and what it gave."""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from clinic.core.text import N_
from clinic.papers.pieces import amount, decimals
from clinic.papers.sheet import Sheet, apart
from clinic.papers.values import Prepared
from clinic.treatments.named import Named
from clinic.treatments.preparation_values import (
    ACTIVATION_NAMES,
    ANTICOAGULANT_NAMES,
    BRAKE_NAMES,
    COUNT_KIND_NAMES,
    DRAW_SITE_NAMES,
    LAYER_NAMES,
    METHOD_NAMES,
    RICHNESS_NAMES,
    Preparation,
)
from clinic.treatments.rules import yields
from clinic.web.formats import fdate, fdatetime, ltr
from clinic.web.words import translate

E = TypeVar("E", bound=StrEnum)
BY = N_("%(when)s by %(name)s")
_SPIN_HEADS = (
    "#",
    "g",
    N_("min"),
    N_("Revolutions a minute"),
    N_("Rotor radius, mm"),
    "°C",
    N_("Brake"),
    N_("Begun at"),
    N_("Stopped at"),
)
_COUNT_HEADS = (N_("Cells"), N_("Of the blood"), N_("Of the PRP"))


def draw_preparation(page: Sheet, prepared: Prepared, named: Named) -> None:
    """Write what was drawn, spun and obtained; nothing of a session without blood."""
    page.heading(translate(N_("Blood and PRP")))
    page.pairs(_steps(prepared, named))
    if prepared.spins:
        page.heading(translate(N_("Spins")))
        page.grid(
            [translate(head) for head in _SPIN_HEADS],
            [
                (
                    str(n),
                    _text(spin.rcf_g),
                    _text(spin.minutes),
                    _text(spin.rpm),
                    _text(spin.radius_mm),
                    _text(spin.temperature_c),
                    _named(BRAKE_NAMES, spin.brake),
                    _done(spin.started_at, begun_by),
                    _done(spin.ended_at, ended_by),
                )
                for n, (spin, begun_by, ended_by) in enumerate(prepared.spins, 1)
            ],
            (6, 8, 8, 13, 11, 8, 14, 22, 22),
        )
    counted = yields.counted(prepared.content)
    if counted:
        page.heading(translate(N_("Counts")))
        page.grid(
            [translate(head) for head in _COUNT_HEADS],
            [
                (translate(name), amount(base, unit), amount(of_prp, unit))
                for name, unit, base, of_prp in counted
            ]
            + [_known(prepared.content)],
            (30, 35, 35),
        )
    found = [one for one in yields.of(prepared.content) if one.text]
    if found:
        page.heading(translate(N_("What the counts say")))
        page.pairs(
            [
                (
                    translate(one.name),
                    ltr(decimals(one.text))
                    + (f" ({translate(N_('estimated'))})" if one.is_estimated else "")
                    + f" {ltr(f'[{one.source}]')}",
                )
                for one in found
            ]
        )


def _steps(prepared: Prepared, named: Named) -> list[tuple[str, str]]:
    content = prepared.content
    return [
        (translate(N_("Kit")), apart(named.preset)),
        (
            translate(N_("Method")),
            _named(METHOD_NAMES, content.method),
        ),
        (translate(N_("Tubes")), _text(content.tubes)),
        (
            translate(N_("Blood drawn")),
            _joined(
                amount(content.blood_ul, "mL"),
                _named(DRAW_SITE_NAMES, content.draw_site),
            ),
        ),
        (translate(N_("Drawn at")), _done(content.drawn_at, prepared.drawn_by)),
        (
            translate(N_("Anticoagulant")),
            _joined(
                _named(ANTICOAGULANT_NAMES, content.anticoagulant),
                amount(content.anticoagulant_ul, "mL"),
            ),
        ),
        (translate(N_("Tube code")), ltr(prepared.tube_code) if prepared.tube_code else ""),
        (translate(N_("Labels printed")), _text(prepared.labels_printed or None)),
        (
            translate(N_("Identity checked")),
            _done(prepared.identity_at, prepared.identity_by),
        ),
        *(
            (translate(N_("Another patient’s tube read here")), _done(stamp.at, stamp.by))
            for stamp in prepared.wrong_tubes
        ),
        (
            translate(N_("Centrifuge")),
            _joined(
                apart(named.centrifuge),
                translate(N_("next service due on %(day)s"), day=fdate(content.centrifuge_due_on))
                if content.centrifuge_due_on
                else "",
            ),
        ),
        (translate(N_("Layer")), _named(LAYER_NAMES, content.layer)),
        (
            translate(N_("Leukocytes")),
            _named(RICHNESS_NAMES, content.leukocytes),
        ),
        (
            translate(N_("Red cells")),
            _named(RICHNESS_NAMES, content.erythrocytes),
        ),
        (translate(N_("PRP obtained")), amount(content.prp_ul, "mL")),
        (translate(N_("Ready at")), _done(content.obtained_at, prepared.obtained_by)),
        (
            translate(N_("Activation")),
            _joined(
                _named(ACTIVATION_NAMES, content.activation),
                amount(content.activator_ul, "mL"),
            ),
        ),
    ]


def _known(content: Preparation) -> tuple[str, str, str]:
    """Return the row that says how the counts of the blood and of the PRP are known."""
    return (
        translate(N_("How they are known")),
        _joined(
            _named(COUNT_KIND_NAMES, content.base_kind),
            fdate(content.base_on),
            apart(content.base_source),
        ),
        _joined(
            _named(COUNT_KIND_NAMES, content.prp_kind),
            fdate(content.prp_on),
            apart(content.prp_source),
        ),
    )


def _named(names: Mapping[E, str], member: E | None) -> str:
    return "" if member is None else translate(names[member])


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _done(at: dt.datetime | None, name: str) -> str:
    if at is None:
        return ""
    return translate(BY, when=fdatetime(at), name=apart(name)) if name else fdatetime(at)
