"""What a kit or tube usually is: kept by the administrator, filled in by one press."""

from dataclasses import asdict, fields

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, refuse_unconfirmed
from clinic.core.errors import Invalid, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.treatments.preparation_models import KitPreset
from clinic.treatments.preparation_values import ChangePreset, KeepPreset, Preparation, Spin
from clinic.treatments.queries import preparation as queries
from clinic.treatments.rules import preparing, spinning
from clinic.treatments.service.sessions import ContentRefused

NAME_TAKEN = N_("There is a preset of this name already")
STALE = N_("Somebody else has changed this preset in the meantime. Compare, then save again.")
_PLAIN = tuple(field.name for field in fields(KeepPreset) if field.name != "spins")


def add(db: Session, actor: Actor, wish: KeepPreset) -> KitPreset:
    """Put a preset on the list. Raises Invalid, ContentRefused, PasswordNeeded."""
    refuse_unconfirmed(actor, at=clock.now())
    wish = _refused(db, wish)
    row = KitPreset(**{name: getattr(wish, name) for name in _PLAIN}, spins=_written(wish))
    db.add(row)
    db.flush()  # The audit line needs the id.
    audit.record(db, actor, "kit_preset.added", "kit_preset", row.id, detail={"name": row.name})
    return row


def change(db: Session, actor: Actor, wish: ChangePreset) -> KitPreset:
    """Change a preset or put it out of use; what was filled in from it stays.

    Raises NotFound, StaleEdit, Invalid, ContentRefused, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    row = db.get(KitPreset, wish.preset_id)
    if row is None:
        raise NotFound(queries.NO_PRESET)
    if row.version != wish.version:
        raise StaleEdit(STALE)
    kept = _refused(db, wish.preset, row.id)
    before = {name: getattr(row, name) for name in (*_PLAIN, "spins", "is_active")}
    for name in _PLAIN:
        setattr(row, name, getattr(kept, name))
    row.spins, row.is_active = _written(kept), wish.is_active
    changed = [name for name, value in before.items() if getattr(row, name) != value]
    if changed:
        db.flush()  # The audit line names the version that was made.
        detail = {"name": row.name, "changed": ", ".join(changed)}
        audit.record(db, actor, "kit_preset.changed", "kit_preset", row.id, detail=detail)
    return row


def _refused(db: Session, wish: KeepPreset, own_id: int | None = None) -> KeepPreset:
    """Return a preset with the g of its spins; raises Invalid for what no kit can be."""
    prepared = spinning.with_rcf(
        Preparation(
            blood_ul=wish.blood_ul,
            anticoagulant=wish.anticoagulant,
            anticoagulant_ul=wish.anticoagulant_ul,
            prp_ul=wish.prp_ul,
            spins=wish.spins,
        )
    )
    wrong = preparing.refused(prepared, now=clock.now())
    if wrong:
        raise ContentRefused(wrong)
    taken = db.scalar(
        sa.select(KitPreset.id).where(KitPreset.name == wish.name, KitPreset.id != (own_id or 0))
    )
    if taken is not None:
        raise Invalid(NAME_TAKEN, field="name")
    values = {name: getattr(wish, name) for name in _PLAIN}
    return KeepPreset(**values, spins=prepared.spins)


def _written(wish: KeepPreset) -> list[dict[str, int | str]]:
    return [
        {name: value for name, value in asdict(spin).items() if value is not None}
        for spin in wish.spins
        if spin != Spin()
    ]
