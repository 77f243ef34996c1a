"""What the page of blood and PRP shows: the card with its clocks, and what the counts say."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session
from wtforms import Field

from clinic.catalog.rules import lots as lot_rules
from clinic.catalog.values import LotChoice
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.safety import queries as safety_queries
from clinic.safety.rules.names import CONFIDENCE_NAMES
from clinic.treatments import record, typing
from clinic.treatments.delivery import GUIDANCE_NAMES
from clinic.treatments.forms.lots import meant
from clinic.treatments.forms.preparation import SPIN, PreparationForm
from clinic.treatments.models import TreatmentSession
from clinic.treatments.preparation_models import PrpPreparation
from clinic.treatments.preparation_values import (
    ACTIVATION_NAMES,
    BRAKE_NAMES,
    COUNT_KIND_NAMES,
    DRAW_SITE_NAMES,
    LAYER_NAMES,
    METHOD_NAMES,
    RICHNESS_NAMES,
    CountKind,
    Preparation,
    PresetCard,
)
from clinic.treatments.queries import identity as incident_queries
from clinic.treatments.queries import preparation as queries
from clinic.treatments.queries import sessions as session_queries
from clinic.treatments.rules import hours, preparing, spinning, yields
from clinic.treatments.rules import preparation_limits as limits
from clinic.treatments.values import DraftStep, Page, SessionState
from clinic.web.formats import sentence
from clinic.web.words import translate

WORDS = {
    "founded": CONFIDENCE_NAMES,
    "activations": ACTIVATION_NAMES,
    "brakes": BRAKE_NAMES,
    "count_kinds": COUNT_KIND_NAMES,
    "draw_sites": DRAW_SITE_NAMES,
    "guidances": GUIDANCE_NAMES,
    "layers": LAYER_NAMES,
    "methods": METHOD_NAMES,
    "richnesses": RICHNESS_NAMES,
}


SPIN_N = N_("Spin %(n)s")
SPUN = {*SPIN, "started", "ended"}


class Offer:
    """The session with its preparation, and what can be chosen in it."""

    def __init__(self, db: Session, actor: Actor, session_id: int) -> None:
        self.session: TreatmentSession = session_queries.get_here(db, actor, session_id)
        self.row: PrpPreparation = queries.row_of(self.session)
        self.stored: Preparation = record.preparation_of(self.session)
        self.on: dt.date = record.day_of(self.session, actor.zone)
        self.kits, self.activators = queries.lots(db, self.session, on=self.on)
        self.presets: Sequence[PresetCard] = [p for p in queries.presets(db) if p.is_active]
        self.centrifuges = queries.centrifuges(
            db, self.session.location_id, self.stored.centrifuge_id
        )

    def form(self) -> PreparationForm:
        """Return an empty form that knows what can be chosen."""
        form = PreparationForm()
        machines = [(one.id, one.name) for one in self.centrifuges]
        form.fit(self.kits, self.activators, machines, self.on)
        return form

    def filled(self, db: Session, zone: str) -> PreparationForm:
        """Return the form of what is written, with proposals where nothing was written yet."""
        form = self.form()
        form.fill(self.stored, zone)
        form.version.data = self.row.version
        if self.row.saved_at is None:
            self._propose(db, form)
        return form

    def kit_of(self, preset: PresetCard) -> LotChoice | None:
        """Return the lot of a preset's product that expires first."""
        return lot_rules.first_expiring(
            lot for lot in self.kits if lot.product_id == preset.product_id
        )

    def take_scan(self, form: PreparationForm) -> Invalid | None:
        """Take the kit that was scanned, with all its preset says; return why not.

        A preset is filled in where nothing was, and only when it is the one of its product.
        """
        text = str(form.scan.data or "")
        if not text:
            return None
        try:
            kit, code = meant(text, self.kits, today=self.on)
        except Invalid as refused:
            return refused
        if code:
            form.codes.data[kit.id] = code
        of_product = [preset for preset in self.presets if preset.product_id == kit.product_id]
        if len(of_product) == 1 and form.preset.data is None:
            form.take_scanned(of_product[0], kit)
        else:
            form.choose_kit(kit)
        form.scan.data, form.scan.raw_data = "", None
        return None

    def content(self, form: PreparationForm, zone: str) -> Preparation:
        """Return what a form says, after validate(); a preset that is gone is not named."""
        content = form.content(self.stored, self.session.started_at, zone)
        known = {preset.id for preset in self.presets} | {self.stored.preset_id}
        return content if content.preset_id in known else replace(content, preset_id=None)

    def _propose(self, db: Session, form: PreparationForm) -> None:
        kit = lot_rules.first_expiring(self.kits)
        if kit is not None and not self.stored.kits:
            form.kit_fields()[0].data = str(kit.id)
        if len(self.centrifuges) == 1:
            form.centrifuge.data = str(self.centrifuges[0].id)
        history = safety_queries.history_of(db, self.session.patient_id)
        known = queries.counts(history)
        platelets, red = known.get("platelets"), known.get("haemoglobin")
        if platelets is not None and platelets.unit == "10*9/L":
            form.base_platelets.data, form.base_on.data = platelets.value_milli, platelets.noted_on
            form.base_kind.data = CountKind.MEASURED
            # One day stands for all counts: what was measured on another is not proposed.
            if red is not None and (red.unit, red.noted_on) == ("g/dL", platelets.noted_on):
                form.base_haemoglobin.data = red.value_milli


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What somebody sent that could not be kept as it was, to be shown again."""

    form: PreparationForm | None = None
    page: Page | None = None
    is_stale: bool = False


def show(db: Session, actor: Actor, session_id: int, sent: Sent) -> dict[str, Any]:
    """Return what the page of blood and PRP shows; a form that was refused is shown as it is."""
    offer = Offer(db, actor, session_id)
    session, stored = offer.session, offer.stored
    visit = session_queries.visit_here(db, actor, session.appointment_id)
    changes = []
    typed = typing.of_form(db, actor, session.id, DraftStep.PREPARATION, sent.page)
    form, is_stale = sent.form, sent.is_stale
    if form is None and typed.typed:
        form = offer.form()
        form.process(typed.formdata)
        # Kept by another page meanwhile: both texts are laid side by side.
        is_stale = typed.typed.typed_on != offer.row.version
        form.version.renew(offer.row.version)
    if form is not None and is_stale:
        changes = _changes(offer.filled(db, actor.zone), form)
        form.version.renew(offer.row.version)
    return {
        **WORDS,
        "session": session,
        "row": offer.row,
        "stored": stored,
        "form": form or offer.filled(db, actor.zone),
        "changes": changes,
        "typing": typed,
        "heading": session_queries.heading(db, visit),
        "bar": safety_queries.bar(db, actor, session.patient_id, on=clock.today(actor.zone)),
        "presets": offer.presets,
        "expected": next((p for p in offer.presets if p.id == stored.preset_id), None),
        "incidents": incident_queries.of_session(db, session_id),
        "names": session_queries.names(db, queries.account_ids(session)),
        "yields": yields.of(record.led(session, stored)),
        "unusual": [sentence(breach.sentence) for breach in preparing.unusual(stored, on=offer.on)],
        "centrifuge": next(
            (one for one in offer.centrifuges if one.id == stored.centrifuge_id), None
        ),
        "rpm": spinning.rpm,
        "is_draft": session.state is SessionState.DRAFT,
        "now": clock.now(),
        "until": spinning.ends_at,
        **to_injection(session, stored),
    }


def beside(db: Session, session: TreatmentSession) -> dict[str, Any]:
    """Return what the page of a session shows of its preparation; loaded with its parts."""
    row, stored = session.preparation, record.preparation_of(session)
    shared = {
        **WORDS,
        "now": clock.now(),
        "preparation": row,
        "stored": stored,
        "prepared": to_injection(session, stored),
        "prepared_ul": record.prepared_ul(stored),
        "incidents": incident_queries.of_session(db, session.id) if row is not None else (),
    }
    if row is None or session.state is not SessionState.SIGNED:
        return shared
    return shared | {
        "yields": yields.of(record.led(session, stored)),
        "counted": yields.counted(stored),
    }


def to_injection(session: TreatmentSession, stored: Preparation) -> dict[str, Any]:
    """Return the minutes from the draw to the first point, or till now; None without a draw."""
    if stored.drawn_at is None:
        return {"minutes": None, "until_signed": None}
    end = session.first_point_at or clock.now()
    return {
        "until_signed": preparing.minutes_between(stored.drawn_at, session.signed_at)
        if session.signed_at
        else None,
        "minutes": max(hours.minutes_begun(stored.drawn_at, end), 0),
        "amber": limits.TO_INJECTION.soft.most if limits.TO_INJECTION.soft else 0,
        "red": limits.TO_INJECTION.hard.most,
    }


def _changes(kept: PreparationForm, typed: PreparationForm) -> list[tuple[str, str, str]]:
    """Return (field, what is kept, what was typed) of every field in which they differ."""
    rows = []
    for field in kept:
        if field.name in {"version", "preset", "reason", "scan", "codes"}:
            continue
        both = [_text(form, field.name) for form in (kept, typed)]
        if both[0] != both[1]:
            rows.append((_label(field), both[0], both[1]))
    return rows


def _label(field: Field) -> str:
    """Return the label of a field, with the spin it belongs to."""
    name, _, n = field.name.rpartition("_")
    text = str(field.label.text)
    return f"{translate(SPIN_N, n=n)}: {text}" if name in SPUN else text


def _text(form: PreparationForm, name: str) -> str:
    field = form[name]
    choices = getattr(field, "choices", None)
    if choices is None:
        return str(field._value())  # type: ignore[attr-defined]  # what the input shows
    wanted = "" if field.data is None else str(field.data)
    return next((str(c.label) for c in choices if c.value == wanted and wanted), "")
