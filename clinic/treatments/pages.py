"""What the pages of a session show: read, shaped, and put into the words of the reader."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from clinic.catalog import stock_queries
from clinic.catalog.values import CLASS_NAMES, LotChoice, Modality, ProductKind
from clinic.core import clock
from clinic.core.access import Actor, Permission
from clinic.core.text import N_
from clinic.core.units import show_thousandths
from clinic.core.zones import Zone
from clinic.safety import explaining
from clinic.safety import queries as safety_queries
from clinic.safety.values import FactKind
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import STATUS_NAMES, AppointmentStatus
from clinic.treatments import judging, mixture, pages_preparation, points, record, typing
from clinic.treatments.delivery import (
    ANAESTHESIA_NAMES,
    ANTISEPSIS_NAMES,
    DEVICE_NAMES,
    GUIDANCE_NAMES,
    TECHNIQUE_NAMES,
)
from clinic.treatments.forms.beginning import LaterForm, StartForm
from clinic.treatments.forms.identity import TubeForm
from clinic.treatments.forms.session import AddendumForm, SessionForm
from clinic.treatments.models import TreatmentSession
from clinic.treatments.named import NAMED_TODAY
from clinic.treatments.preparation_values import ANTICOAGULANT_NAMES
from clinic.treatments.queries import areas as area_queries
from clinic.treatments.queries import drafts as draft_queries
from clinic.treatments.queries import mix as mix_queries
from clinic.treatments.queries import named as named_queries
from clinic.treatments.queries import preparation as preparation_queries
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules import barring, limits, outside, proposing, scalp, volumes
from clinic.treatments.rules import protocol as protocol_rules
from clinic.treatments.rules.barring import Bars
from clinic.treatments.rules.protocol import Protocol
from clinic.treatments.values import (
    LOT_ROLE_NAMES,
    TIME_OUT_NAMES,
    VIEW_NAMES,
    Breach,
    Content,
    DraftStep,
    Page,
    Past,
    SessionState,
    Site,
)
from clinic.web.formats import fdate, ftime, sentence
from clinic.web.words import translate

WORDS = {
    "anticoagulants": ANTICOAGULANT_NAMES,
    "classes": CLASS_NAMES,
    "roles_of_lots": LOT_ROLE_NAMES,
    "view_names": VIEW_NAMES,
    "zone_codes": scalp.CODES,
    "all_zones": tuple(Zone),
    "time_out_names": TIME_OUT_NAMES,
    "technique_names": TECHNIQUE_NAMES,
    "device_names": DEVICE_NAMES,
    "anaesthesia_names": ANAESTHESIA_NAMES,
    "antisepsis_names": ANTISEPSIS_NAMES,
    "guidance_names": GUIDANCE_NAMES,
    "status_names": STATUS_NAMES,
    "fit": protocol_rules.fit,
    "fit_names": protocol_rules.FIT_NAMES,
    "named_today": NAMED_TODAY,
    "by_zone": volumes.by_zone,
    "total_ul": volumes.total_ul,
    "count_points": volumes.count,
    "units": scalp.units,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What somebody sent that could not be kept as it was, to be shown again."""

    form: SessionForm | None = None
    addendum: AddendumForm | None = None
    is_stale: bool = False
    """The session was changed or signed meanwhile: both texts are shown."""
    unusual: Sequence[Breach] | None = None
    outside: Sequence[Breach] = ()
    """What it holds outside of the limits."""
    page: Page | None = None
    """Which page sent the form."""


def before(
    db: Session, actor: Actor, appointment_id: int, form: StartForm, later: LaterForm
) -> dict[str, Any]:
    """Return what is shown before a treatment; the forms take what is true now.

    Of a visit that is over it is what is known of its day, and how its record is written later.
    """
    visit = queries.visit_here(db, actor, appointment_id)
    is_over = visit.status is AppointmentStatus.DONE
    today = visit.starts_local.date() if is_over else clock.today(actor.zone)
    brief = queries.brief(db, actor, visit, on=today)
    form.version.renew(visit.version)
    later.version.renew(visit.version)
    if later.reason.raw_data is None:
        later.reason.data = visit.late_reason
    form.facts_hash.data = brief.screening.facts_hash
    given = safety_queries.releases(db, visit.id)
    heading = queries.heading(db, visit)
    return {
        **WORDS,
        "form": form,
        "later": later,
        "is_over": is_over,
        "may_sign": actor.may(Permission.SESSION_SIGN),
        "visit": visit,
        "heading": heading,
        "brief": brief,
        "passage": brief.passage,
        "is_here": visit.status is AppointmentStatus.ARRIVED,
        "is_treatment": heading.modality.is_treatment,
        "may_release": actor.may(Permission.RELEASE),
        "releases": {row.fingerprint: (row, name) for row, name in given},
        "past": queries.past_of(db, visit.patient_id, zone=actor.zone),
        "bar": safety_queries.bar(db, actor, visit.patient_id, on=today),
        "today": today,
        "why": explaining.why(db, visit.patient_id),
        "code_name": safety_queries.codes().name,
    }


def fit(db: Session, actor: Actor, form: SessionForm, session_id: int) -> None:
    """Give a form the limits and lots of its session; raises NotFound."""
    session = queries.get_here(db, actor, session_id)
    on = record.day_of(session, actor.zone)
    form.fit(queries.modality_of(db, session.service_id), on)
    lots = mixable(mix_queries.lots(db, session, on=on))
    form.offer_lots(lots, today=on, zone=actor.zone, begun=session.started_at)


def mixable(lots: Iterable[LotChoice]) -> list[LotChoice]:
    """Return the lots that a mix can be made of: a kit belongs to blood and PRP."""
    return [lot for lot in lots if lot.kind is not ProductKind.KIT]


def of_session(db: Session, actor: Actor, session_id: int, sent: Sent) -> dict[str, Any]:
    """Return what the page of a session shows: a draft to be written, or a record to be read."""
    session = queries.get_here(db, actor, session_id)
    visit = queries.visit_here(db, actor, session.appointment_id)
    shared = {
        **WORDS,
        "session": session,
        "visit": visit,
        "bar": safety_queries.bar(db, actor, session.patient_id, on=clock.today(actor.zone)),
        "drawings": scalp.drawings(session.map_version),
        "may_sign": actor.may(Permission.SESSION_SIGN),
        **pages_preparation.beside(db, session),
    }
    if session.state is SessionState.SIGNED:
        return shared | _signed(db, session, sent)
    return shared | _draft(db, actor, session, visit, sent)


def _signed(db: Session, session: TreatmentSession, sent: Sent) -> dict[str, Any]:
    stored = record.content_of(session)
    named = named_queries.of(db, session)
    lots = {
        use.lot_id: f"{label.product} · {label.lot_no}"
        for use in session.lots
        for label in (named.labels[use.seq],)
    }
    key = secrets.token_urlsafe(18)
    return {
        "is_draft": False,
        "content": stored,
        "sites": stored.sites,
        "named": named,
        "heading": named.heading,
        "names": named.people,
        "releases": [
            (release, named.people.get(release.author_id, name))
            for release, name in safety_queries.releases(db, session.appointment_id)
        ],
        "time_out": record.said(session, named.people),
        "areas": named.areas,
        "lots": record.lot_lines(session, named.labels),
        "addenda": queries.addenda(db, session.id),
        "addendum": sent.addendum or AddendumForm(data={"form_key": key}),
        "is_intact": record.is_intact(session),
        "outside": [sentence(one) for one in record.outside_of(session)],
        "to_count": stock_queries.to_be_counted(db, session.id) if session.is_aborted else (),
        "unusual": [
            *(sentence(one) for one in named.unusual),
            *((translate(ACCEPTED),) if stored.soft_limits_accepted else ()),
        ],
        "refused": sent.form.form_errors if sent.form else (),
        "changes": _changes(stored, sent.form.content(), lots) if sent.form else (),
        "bars": Bars(),
    }


def _draft(
    db: Session, actor: Actor, session: TreatmentSession, visit: Appointment, sent: Sent
) -> dict[str, Any]:
    stored = record.content_of(session)
    judged = judging.judge(db, actor, session, stored)
    modality, on = judged.case.modality, judged.case.on
    lots = mixable(mix_queries.lots(db, session, on=on))
    past = queries.past_of(db, session.patient_id, zone=actor.zone, before=session.started_at)
    alike = past if past is not None and past.modality is modality else None
    form, changes = sent.form, []
    typed = typing.of_form(db, actor, session.id, DraftStep.SESSION, sent.page)
    is_stale = sent.is_stale
    if form is None:
        form = _fresh_form(db, session, judged, alike, offered=(lots, actor.zone))
        if typed.typed:
            form.take_typed(typed.formdata)
            # Kept by another page meanwhile: read once, to lay both texts side by side.
            is_stale = typed.typed.typed_on != session.version and form.validate()
            form.version.renew(session.version)
    if is_stale:
        changes = _changes(stored, form.content(), {lot.id: lot_text(lot) for lot in lots})
        form.version.renew(session.version)
    given = outside.given(judged.refused if sent.form is None else sent.outside)
    form.ask_outside(outside.seen(given))
    unusual = judged.unusual if sent.unusual is None else sent.unusual
    form.ask_unusual(unusual)
    if session.preparation is not None:
        form.prepared.renew(session.preparation.version)  # The page shows it beside the form.
    return {
        "is_draft": True,
        "heading": queries.heading(db, visit),
        "names": queries.names(
            db,
            (session.performer_id, *preparation_queries.account_ids(session)),
        ),
        "releases": safety_queries.releases(db, visit.id),
        "time_out": draft_queries.time_out(db, session.id),
        "areas": area_queries.sizes(db, session),
        "tube": _tube(session, judged),
        "form": form,
        "typing": typed,
        "sites": form.points.sites(),
        "changes": changes,
        "no_more": [sentence(breach.sentence) for breach in judged.refused]
        if sent.form is None and not typed.typed
        else [],
        "unusual": [sentence(breach.sentence) for breach in unusual],
        "outside": [sentence(breach.sentence) for breach in given],
        "is_too_much": any(breach.code in outside.TOO_MUCH for breach in given),
        "bars": judged.bars,
        "mix": mixture.of(judged),
        "heeded": [
            sentence(one.sentence)
            for one in mixture.opened_elsewhere(lots, form.lot_amounts(), actor.zone)
        ],
        "injection": limits.INJECTION[modality],
        "needle": limits.NEEDLE,
        "most_points": limits.POINTS.hard.most,
        "past": past,
        **_last_time(alike),
        "protocol": judged.protocol,
        "doses": _doses(judged.protocol, alike),
        "per_cm2": limits.PER_CM2 if modality is Modality.PRP else None,
        "copy": _copy(alike, session, judged.bars) if alike else "",
    }


def _tube(session: TreatmentSession, judged: judging.Judged) -> TubeForm | None:
    """Return the form that a tube is read with; None where none is to be read now."""
    row = session.preparation
    is_stopped = any(breach.code == "wrong_tube" for breach in judged.missing)
    return None if row is None or row.identity_at or is_stopped else TubeForm()


def _fresh_form(
    db: Session,
    session: TreatmentSession,
    judged: judging.Judged,
    past: Past | None,
    *,
    offered: tuple[Sequence[LotChoice], str],
) -> SessionForm:
    """`offered` is what can be chosen, and the zone in whose wall time it is shown."""
    lots, zone = offered
    stored, modality = judged.case.content, judged.case.modality
    form = SessionForm()
    form.fit(modality, judged.case.on)
    form.offer_lots(lots, today=judged.case.on, zone=zone, begun=session.started_at)
    proposed = proposing.lots(modality, lots, past) if session.saved_at is None else []
    form.fill(
        stored,
        [lot.id for lot in proposed],
        proposing.next_point(modality, stored.sites, past),
    )
    form.version.data = session.version
    form.unusual_seen.data = session.unusual_seen or ""
    if session.saved_at is None:
        history = safety_queries.history_of(db, session.patient_id)
        for fact in barring.newest(history, FactKind.VITAL):
            if fact.code == "weight" and fact.value_milli is not None:
                form.weight.data, form.weight_on.data = fact.value_milli, fact.noted_on
    return form


def lot_text(lot: LotChoice) -> str:
    """Return a lot as one line."""
    return f"{lot.product_name} · {lot.lot_no}"


def _copy(past: Past, session: TreatmentSession, bars: Bars) -> str:
    sites: Sequence[Site] = [s for s in past.content.sites if s.zone not in bars.zones]
    if past.map_version != session.map_version:
        sites = record.without_places(sites)
    return points.dumps(sites)


def _last_time(past: Past | None) -> dict[str, Any]:
    """Return what each zone got in the last session of the kind: µL."""
    given = volumes.by_zone(past.content.sites) if past else {}
    return {"was": {zone: ul for zone, (_, ul) in given.items()}}


def _doses(protocol: Protocol, past: Past | None) -> dict[str, dict[str, Any]]:
    """Return what a tap on a zone gives: by the protocol, else as many points as last time."""
    given = volumes.by_zone(past.content.sites) if past else {}
    last = {zone.value: {"points": points} for zone, (points, _) in given.items()}
    return last | {zone.value: points.dose(one) for zone, one in protocol.doses.items()}


_POINTS = N_("Points")
ACCEPTED = N_("checked and accepted")


def _changes(
    stored: Content, typed: Content, lots: Mapping[int, str]
) -> list[tuple[str, str, str]]:
    """Return (field, what is kept, what was typed) of every field in which they differ."""
    kept, wished = _texts(stored, lots), _texts(typed, lots)
    return [
        (translate(label), kept[label], wished[label])
        for label in kept
        if kept[label] != wished[label] or (label == _POINTS and stored.sites != typed.sites)
    ]


def _texts(content: Content, lots: Mapping[int, str]) -> dict[str, str]:
    return {
        N_("Weight"): _amount(content.weight_g, "kg"),
        N_("Weighed on"): fdate(content.weight_on),
        N_("Anaesthesia"): ", ".join(translate(ANAESTHESIA_NAMES[o]) for o in content.anaesthesia),
        N_("Antisepsis"): _named(ANTISEPSIS_NAMES, content.antisepsis),
        N_("Guidance by a picture"): _named(GUIDANCE_NAMES, content.guidance),
        N_("Spacing of the points"): _amount(content.spacing_um, "mm"),
        N_("Pain, 0 to 10"): "" if content.pain is None else str(content.pain),
        N_("Session note"): content.note,
        N_("Product and lot"): "; ".join(
            " ".join(
                part
                for part in (
                    str(lots.get(lot.lot_id, lot.lot_id)),
                    _amount(lot.amount_ul, "mL"),
                    f"× {lot.pieces}" if lot.pieces else "",
                    ftime(lot.opened_at) if lot.opened_at else "",
                )
                if part
            )
            for lot in content.lots
        ),
        N_("Mixed at"): ftime(content.mixed_at) if content.mixed_at else "",
        _POINTS: _points_text(content.sites),
    }


def _named(names: Mapping[Any, str], member: object) -> str:
    return "" if member is None else translate(names[member])


def _amount(thousandths: int | None, unit: str) -> str:
    return "" if thousandths is None else f"{show_thousandths(thousandths)} {unit}"


def _points_text(sites: Iterable[Site]) -> str:
    return "; ".join(
        f"{scalp.CODES[zone]}: {count} · {show_thousandths(volume, 2)} mL"
        for zone, (count, volume) in volumes.by_zone(sites).items()
    )
