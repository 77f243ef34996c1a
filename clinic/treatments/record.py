"""Between the rows of a session and the values that rules, forms and pages work with."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

from clinic.catalog.values import LotChoice
from clinic.core import walltime
from clinic.core.db import Base
from clinic.treatments.models import InjectionSite, LotUse, TreatmentSession
from clinic.treatments.rules import signing
from clinic.treatments.values import FIRST_OF_PREPARATION, Content, LotAmount, Place, Site, UsedLot


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
        place=place,
    )


def content_of(session: TreatmentSession) -> Content:
    """Return what is written in a session, loaded with its parts."""
    return Content(
        blood_ul=session.blood_ul,
        anticoagulant=session.anticoagulant,
        anticoagulant_ul=session.anticoagulant_ul,
        prp_ul=session.prp_ul,
        weight_g=session.weight_g,
        weight_on=session.weight_on,
        mixed_at=session.mixed_at,
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
    )


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


def canonical_text(session: TreatmentSession) -> str:
    """Return the text that a signature stands for, from a session loaded with its parts."""
    number = session.content_format
    return signing.canonical(
        number,
        _columns(session, signing.SESSION[number]),
        {
            part: [_columns(row, columns) for row in getattr(session, part)]
            for part, columns in signing.PARTS[number].items()
        },
    )


def is_intact(session: TreatmentSession) -> bool:
    """Tell whether a signed session, loaded with its parts, still says what was signed."""
    return signing.content_hash(canonical_text(session)) == session.content_hash


def _columns(row: Base, names: Iterable[str]) -> dict[str, signing.Plain]:
    return {name: getattr(row, name) for name in names}
