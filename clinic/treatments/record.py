"""Between the rows of a session and the values that rules, forms and pages work with."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace

from clinic.catalog.values import LotChoice
from clinic.core import walltime
from clinic.core.db import Base
from clinic.safety.values import Message
from clinic.treatments.delivery import Anaesthesia
from clinic.treatments.mix_values import LotLine
from clinic.treatments.models import InjectionSite, LotUse, TreatmentSession
from clinic.treatments.named import Label, messages
from clinic.treatments.preparation_values import Kit, Preparation, Spin
from clinic.treatments.rules import signing
from clinic.treatments.typed import Stamp
from clinic.treatments.values import (
    FIRST_OF_PREPARATION,
    Breach,
    Content,
    LotAmount,
    LotRole,
    Place,
    Site,
    TimeOut,
    UsedLot,
)

SPUN = tuple(field.name for field in fields(Spin))
PREPARED = tuple(
    field.name
    for field in fields(Preparation)
    if field.name not in {"spins", "kits", "activator_lot_id"}
)
"""The fields of a preparation that are columns of its own row."""


def site_of(row: InjectionSite) -> Site:
    """Return a stored point as a value."""
    place = None
    if row.view is not None and row.x_permille is not None and row.y_permille is not None:
        place = Place(view=row.view, x_permille=row.x_permille, y_permille=row.y_permille)
    return Site(
        seq=row.seq,
        zone=row.zone,
        points=row.points,
        volume_ul=row.volume_ul,
        depth_um=row.depth_um,
        needle_gauge=row.needle_gauge,
        needle_um=row.needle_um,
        technique=row.technique,
        device=row.device,
        place=place,
    )


def content_of(session: TreatmentSession) -> Content:
    """Return what is written in a session, loaded with its parts."""
    return Content(
        weight_g=session.weight_g,
        weight_on=session.weight_on,
        mixed_at=session.mixed_at,
        anaesthesia=tuple(Anaesthesia(slug) for slug in session.anaesthesia or ()),
        antisepsis=session.antisepsis,
        guidance=session.guidance,
        spacing_um=session.spacing_um,
        pain=session.pain,
        note=session.note,
        lots=tuple(_amount_of(use) for use in session.lots if use.seq < FIRST_OF_PREPARATION),
        sites=tuple(site_of(row) for row in session.sites),
        soft_limits_accepted=session.soft_limits_accepted,
    )


def _amount_of(use: LotUse) -> LotAmount:
    return LotAmount(
        lot_id=use.lot_id,
        amount_ul=use.amount_ul,
        vial_id=use.vial_id,
        # A vial that was open before says itself since when.
        opened_at=None if use.vial_id else use.opened_at,
        pieces=use.pieces,
        udi=use.udi or "",
    )


def lot_lines(session: TreatmentSession, labels: Mapping[int, Label]) -> list[LotLine]:
    """Return the lots of a session as they are read, in their order; `labels` by their number."""
    return [
        LotLine(
            label=labels[use.seq],
            udi=use.udi or "",
            role=use.role,
            expires_on=use.expires_on,
            amount_ul=use.amount_ul,
            dose_ug=use.dose_ug,
            pieces=use.pieces,
            opened_at=use.opened_at,
        )
        for use in session.lots
    ]


def said(session: TreatmentSession, people: Mapping[int, str]) -> dict[TimeOut, Stamp]:
    """Return who said which line of the time-out, and when."""
    return {
        line.line: Stamp(by=people.get(line.account_id, ""), at=line.at)
        for line in session.time_out
    }


def preparation_of(session: TreatmentSession) -> Preparation:
    """Return what is written about blood and PRP, empty where nothing is; loaded with its parts."""
    row = session.preparation
    if row is None:
        return Preparation()
    activators = (use.lot_id for use in session.lots if use.role is LotRole.ACTIVATOR)
    return Preparation(
        **{name: getattr(row, name) for name in PREPARED},
        spins=tuple(Spin(**{name: getattr(spin, name) for name in SPUN}) for spin in session.spins),
        kits=tuple(
            Kit(lot_id=use.lot_id, pieces=use.pieces, udi=use.udi or "")
            for use in session.lots
            if use.role is LotRole.KIT
        ),
        activator_lot_id=next(activators, None),
    )


def led(session: TreatmentSession, prepared: Preparation) -> Preparation:
    """Return a preparation with the guidance that was written with the session."""
    return replace(prepared, guidance=session.guidance or prepared.guidance)


def prepared_ul(prepared: Preparation) -> int | None:
    """Return how much PRP there is with its activator; None when it is not known."""
    return None if prepared.prp_ul is None else prepared.prp_ul + (prepared.activator_ul or 0)


def with_lots(content: Content, lots: Sequence[LotAmount]) -> Content:
    """Return a content with other lots."""
    return replace(content, lots=tuple(lots))


def without_places(sites: Sequence[Site]) -> tuple[Site, ...]:
    """Return points as a zone's, for a drawing other than the one they were set on."""
    return tuple(replace(site, place=None) for site in sites)


def used_of(lots: Sequence[LotChoice], content: Content) -> tuple[UsedLot, ...]:
    """Return the lots of a content as the dose rules see them; `lots` in the same order."""
    return tuple(
        UsedLot(
            kind=choice.kind,
            name=choice.product_name,
            ingredient=choice.ingredient,
            strength_ug_per_ml=choice.strength_ug_per_ml,
            has_adrenaline=choice.has_adrenaline,
            amount_ul=lot.amount_ul,
            leaflet_ul=choice.leaflet_ul,
            open_hours=choice.open_hours,
            opened_at=opened_at(choice, lot),
        )
        for choice, lot in zip(lots, content.lots, strict=True)
    )


def opened_at(choice: LotChoice, lot: LotAmount) -> dt.datetime | None:
    """Return when the vial of a lot was opened, as the vial or somebody says."""
    kept = (vial.opened_at for vial in choice.vials if vial.id == lot.vial_id)
    return next(kept, lot.opened_at)


def day_of(session: TreatmentSession, zone: str) -> dt.date:
    """Return the clinic's calendar day of a session."""
    return walltime.to_local(session.started_at, zone).date()


def now_of(session: TreatmentSession, now: dt.datetime) -> dt.datetime:
    """Return until when things can have happened in a session: now, unless it is written later."""
    is_over = session.written_later is not None and session.ended_at is not None
    return session.ended_at if is_over and session.ended_at else now


def plain_of(outside: Iterable[Breach]) -> list[dict[str, object]] | None:
    """Return what was outside of the limits as it is kept; None for nothing."""
    return [
        {"code": one.code, "message": one.message, "values": [list(pair) for pair in one.values]}
        for one in outside
    ] or None


def outside_of(session: TreatmentSession) -> tuple[Message, ...]:
    """Return what a session gave outside of the limits, to be said in the reader's language."""
    return messages(session.outside or ())


def canonical_text(session: TreatmentSession) -> str:
    """Return the text that a signature stands for, from a session loaded with its parts."""
    number = session.content_format
    return signing.canonical(
        number,
        _of_session(session, signing.SESSION[number]),
        {
            part: [_columns(row, columns) for row in _rows(session, part)]
            for part, columns in signing.PARTS[number].items()
        },
    )


def is_intact(session: TreatmentSession) -> bool:
    """Tell whether a signed session, loaded with its parts, still says what was signed."""
    return signing.content_hash(canonical_text(session)) == session.content_hash


def _of_session(session: TreatmentSession, names: Iterable[str]) -> dict[str, signing.Plain]:
    """Return the session's columns; what moved into its preparation is read there."""
    return {
        name: getattr(session.preparation if name in signing.MOVED else session, name, None)
        for name in names
    }


def _rows(session: TreatmentSession, part: str) -> Sequence[Base]:
    found: Sequence[Base] | Base | None = getattr(session, part)
    if found is None:
        return ()
    return (found,) if isinstance(found, Base) else found


def _columns(row: Base, names: Iterable[str]) -> dict[str, signing.Plain]:
    return {name: getattr(row, name) for name in names}
