"""Judging what was written into a session: fetch what the rules need, ask them all."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from clinic.catalog.values import (
    UNUSABLE_WORDS,
    ChosenLot,
    LotChoice,
    ProductKind,
    Unusable,
)
from clinic.core import clock, walltime
from clinic.core.access import Actor
from clinic.core.text import N_
from clinic.safety.values import FactKind
from clinic.treatments import judging_preparation, record
from clinic.treatments.models import TreatmentSession
from clinic.treatments.preparation_values import Preparation
from clinic.treatments.queries import areas as area_queries
from clinic.treatments.queries import identity as identity_queries
from clinic.treatments.queries import mix as mix_queries
from clinic.treatments.queries import protocol as protocol_queries
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules import barring, checks, delivering, preparing
from clinic.treatments.rules import protocol as protocol_rules
from clinic.treatments.rules.barring import Bars
from clinic.treatments.rules.protocol import Protocol
from clinic.treatments.values import Breach, Case, Content, LotAmount

LOT_GONE = N_("This lot is not on the list any more")
WRONG_TUBE = N_("Another patient’s tube was read at this chair: a physician closes that first")
UNREAD = N_("Read the code of the tube at the chair: nobody has yet")
LOT_OF_KIT = N_("A kit or tube belongs to blood and PRP")
LOT_TWICE = N_("This lot is named twice: add the amounts")
VIAL_GONE = N_("This opened vial is not kept any more. Choose the lot itself for a new one.")
LOT_UNUSABLE = N_("Lot %(lot)s must not be used: %(reason)s")


@dataclass(frozen=True, slots=True)
class Judged:
    """What was written, with everything the rules say about it."""

    case: Case
    lots: tuple[LotChoice, ...]
    bars: Bars
    refused: tuple[Breach, ...]
    unusual: tuple[Breach, ...]
    missing: tuple[Breach, ...]
    """Before a whole session is signed."""
    first_point_at: dt.datetime | None
    """When the first of the points was set; None without points."""
    protocol: Protocol
    """What the service gives each zone."""
    is_weight_known: bool
    """Whether the weight is a recorded fact already."""


def judge(db: Session, actor: Actor, session: TreatmentSession, content: Content) -> Judged:
    """Return what the rules say about a content of a session. Eleven statements."""
    on = record.day_of(session, actor.zone)
    prepared = record.preparation_of(session)
    named = (*judging_preparation.lot_ids(prepared), *(lot.lot_id for lot in content.lots))
    known = mix_queries.lots_of(db, session, named, on=on)
    wrong = _wrong_lots(content, known)
    if any(lot.lot_id not in known for lot in content.lots):
        content = _without_unknown(content, known)
    lots = tuple(known[lot.lot_id] for lot in content.lots)
    used = record.used_of(lots, content)
    chosen = (
        *judging_preparation.chosen(prepared, known),
        *(
            ChosenLot(
                ingredient=lot.ingredient or lot.product_name,
                unusable=unusable_of(lot, amount),
                opened_on=_day(record.opened_at(lot, amount), actor.zone),
            )
            for lot, amount in zip(lots, content.lots, strict=True)
        ),
    )
    agent = content.antisepsis.ingredient if content.antisepsis else ""
    touching = (ChosenLot(ingredient=agent),) if agent else ()
    bars, history = queries.bars(db, session, (*chosen, *touching))
    drawn_at = prepared.drawn_at
    now, first = record.now_of(session, clock.now()), session.first_point_at
    if session.written_later is not None:
        pass  # Whoever wrote it later said when it was.
    elif not content.sites:
        first = None  # Taken away again, they were none.
    elif first is None or (drawn_at is not None and first < drawn_at):
        first = now  # Set before the blood was drawn, they were planned.
    late = preparing.to_injection(drawn_at, first) if first else None
    if first and late is None:
        late = preparing.drawn_after(drawn_at, first)
    slow = preparing.slow_injection(drawn_at, first) if first and not late else None
    case = Case(
        modality=queries.modality_of(db, session.service_id),
        on=on,
        birth_date=history.person.birth_date,
        content=content,
        at=now,
        begun_at=first,
        used=used,
        prepared_ul=record.prepared_ul(prepared),
    )
    said = {breach.field for breach in wrong}  # What is wrong with a lot is said once, exactly.
    protocol = protocol_queries.of_service(db, session.service_id, case.modality)
    areas = area_queries.sizes(db, session)
    return Judged(
        case=case,
        lots=lots,
        protocol=protocol,
        refused=(
            *wrong,
            *judging_preparation.wrong(prepared, known, bars),
            *((late,) if late else ()),
            *checks.refused(case),
            *barring.misplaced(content.sites, version=session.map_version),
            *delivering.refused(case, bars),
            *(b for b in barring.refused(bars, content.sites, used) if b.field not in said),
        ),
        bars=bars,
        first_point_at=first,
        unusual=(
            *preparing.unusual(prepared, on=on),
            *((slow,) if slow else ()),
            *checks.unusual(case),
            *delivering.unusual(case),
            *protocol_rules.unusual(case, protocol, areas),
            *barring.unusual(bars, content.sites, used),
        ),
        missing=(
            *_missing_of_blood(db, session, prepared, content),
            *checks.missing(case),
        ),
        is_weight_known=any(
            fact.kind is FactKind.VITAL
            and fact.code == "weight"
            and fact.value_milli == content.weight_g
            and fact.noted_on == content.weight_on
            for fact in history.facts
        ),
    )


def _missing_of_blood(
    db: Session, session: TreatmentSession, prepared: Preparation, content: Content
) -> tuple[Breach, ...]:
    row = session.preparation
    if row is None:
        return ()
    wrong = identity_queries.open_incident(db, session.id) is not None
    is_at_chair = session.written_later is None
    unread = is_at_chair and bool(content.sites) and row.identity_at is None
    return (
        *((Breach(code="wrong_tube", field="identity", message=WRONG_TUBE),) if wrong else ()),
        *((Breach(code="identity", field="identity", message=UNREAD),) if unread else ()),
        *preparing.missing(prepared),
    )


def unusable_of(choice: LotChoice, lot: LotAmount) -> Unusable | None:
    """Tell why a lot must not be used, or the opened vial of it that was chosen."""
    if lot.vial_id is None:
        return choice.unusable
    vials = (vial.unusable for vial in choice.vials if vial.id == lot.vial_id)
    return next(vials, choice.unusable)


def _day(moment: dt.datetime | None, zone: str) -> dt.date | None:
    return None if moment is None else walltime.to_local(moment, zone).date()


def _wrong_lots(content: Content, known: dict[int, LotChoice]) -> list[Breach]:
    wrong: list[Breach] = []
    seen: set[int] = set()
    for row, lot in enumerate(content.lots, 1):
        choice = known.get(lot.lot_id)
        if choice is None:
            wrong.append(Breach(code="lot_gone", field=f"lot_{row}", message=LOT_GONE))
        elif choice.kind is ProductKind.KIT:
            wrong.append(Breach(code="lot_of_kit", field=f"lot_{row}", message=LOT_OF_KIT))
        elif (unusable := unusable_of(choice, lot)) is Unusable.DISCARDED:
            wrong.append(Breach(code="vial_gone", field=f"lot_{row}", message=VIAL_GONE))
        elif unusable is not None:
            wrong.append(
                Breach(
                    code="lot_unusable",
                    field=f"lot_{row}",
                    message=LOT_UNUSABLE,
                    values=(("lot", choice.lot_no), ("reason", UNUSABLE_WORDS[unusable])),
                )
            )
        elif lot.vial_id is not None and lot.vial_id not in {vial.id for vial in choice.vials}:
            wrong.append(Breach(code="vial_unknown", field=f"lot_{row}", message=VIAL_GONE))
        if lot.lot_id in seen:
            wrong.append(Breach(code="lot_twice", field=f"lot_{row}", message=LOT_TWICE))
        seen.add(lot.lot_id)
    return wrong


def _without_unknown(content: Content, known: dict[int, LotChoice]) -> Content:
    return record.with_lots(content, [lot for lot in content.lots if lot.lot_id in known])
