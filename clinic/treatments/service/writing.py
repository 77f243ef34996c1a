"""Writing what was judged into the rows of a session, and what is known from it once signed."""

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from clinic.core import clock
from clinic.core.access import Actor
from clinic.safety import service as safety
from clinic.safety.values import FactKind, FactSource, RecordFact
from clinic.treatments import judging, record
from clinic.treatments.models import InjectionSite, LotUse, TreatmentSession
from clinic.treatments.values import FIRST_OF_PREPARATION, ROLE_OF, Site


def write(db: Session, session: TreatmentSession, judged: judging.Judged) -> None:
    """Write a judged content into a session that is held. Five statements at most."""
    content = judged.case.content
    before = record.content_of(session)
    for name in (
        "weight_g",
        "weight_on",
        "mixed_at",
        "antisepsis",
        "guidance",
        "spacing_um",
        "pain",
        "note",
        "soft_limits_accepted",
    ):
        setattr(session, name, getattr(content, name))
    session.anaesthesia = [one.value for one in content.anaesthesia] or None
    session.saved_at = clock.now()
    session.first_point_at = judged.first_point_at
    # Points and lots live in tables of their own: the version must rise with them too.
    flag_modified(session, "saved_at")
    db.flush()  # A stale version is found before anything of the parts is touched.
    if before.sites != content.sites:
        db.execute(sa.delete(InjectionSite).where(InjectionSite.session_id == session.id))
        if content.sites:
            db.execute(sa.insert(InjectionSite), [_row(session.id, s) for s in content.sites])
    if before.lots != content.lots:
        mixed = LotUse.session_id == session.id, LotUse.seq < FIRST_OF_PREPARATION
        db.execute(sa.delete(LotUse).where(*mixed))
        if content.lots:
            db.execute(sa.insert(LotUse), _lot_rows(session.id, judged))
    db.expire(session, ["sites", "lots"])


def remember(db: Session, actor: Actor, session: TreatmentSession, judged: judging.Judged) -> None:
    """Record the treatment, and the weight it was dosed by, as facts."""
    case = judged.case
    facts: list[RecordFact] = []
    if case.content.sites:
        facts.append(
            RecordFact(
                patient_id=session.patient_id,
                kind=FactKind.TREATMENT,
                code=case.modality.value,
                noted_on=case.on,
                source=FactSource.SYSTEM,
                source_key=f"session:{session.id}:treatment",
            )
        )
    if case.content.weight_g is not None and not judged.is_weight_known:
        facts.append(
            RecordFact(
                patient_id=session.patient_id,
                kind=FactKind.VITAL,
                code="weight",
                noted_on=case.content.weight_on or case.on,
                value_milli=case.content.weight_g,
                unit="kg",
                source=FactSource.STAFF,
                source_key=f"session:{session.id}:weight",
            )
        )
    if facts:
        safety.record_facts(db, actor, facts)


def _row(session_id: int, site: Site) -> dict[str, object]:
    place = site.place
    return {
        "session_id": session_id,
        "seq": site.seq,
        "zone": site.zone,
        "view": place.view if place else None,
        "x_permille": place.x_permille if place else None,
        "y_permille": place.y_permille if place else None,
        "points": site.points,
        "volume_ul": site.volume_ul,
        "depth_um": site.depth_um,
        "needle_gauge": site.needle_gauge,
        "needle_um": site.needle_um,
        "technique": site.technique,
        "device": site.device,
    }


def _lot_rows(session_id: int, judged: judging.Judged) -> list[dict[str, object]]:
    return [
        {
            "session_id": session_id,
            "lot_id": choice.id,
            "seq": seq,
            "role": ROLE_OF[choice.kind],
            "amount_ul": used.amount_ul,
            "dose_ug": None if used.dose_ng is None else (used.dose_ng + 500) // 1000,
            "expires_on": choice.expires_on,
            "opened_at": used.opened_at,
            "vial_id": lot.vial_id,
            "pieces": lot.pieces,
            "udi": lot.udi or None,
        }
        for seq, (choice, used, lot) in enumerate(
            zip(judged.lots, judged.case.used, judged.case.content.lots, strict=True), 1
        )
    ]
