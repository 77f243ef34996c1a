"""Joining two records of one person, calling two people two, and taking either back."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, refuse_unconfirmed
from clinic.core.errors import Conflict, NotFound, StaleEdit
from clinic.core.text import N_
from clinic.merging import queries
from clinic.merging import rules as merging_rules
from clinic.merging.values import COLUMNS, MESSAGES, UNDO_DAYS, Clash, MergePatients
from clinic.messages import queries as message_queries
from clinic.patients import queries as patient_queries
from clinic.patients import service as patient_service
from clinic.patients.models import ContactWish, Patient, PatientPair
from clinic.patients.values import Channel, PatientStatus, Verdict
from clinic.scheduling import service as scheduling_service

STALE = N_("Somebody else has changed one of the records. Look at both again.")
TOO_LATE = N_("A merge can be taken back for %(days)s days. That time is over.")
UNDONE = N_("This was taken back already.")
MERGED_ON = N_("File %(number)s was merged into another one since. Take that back first.")
ALL_COLUMNS = tuple(column for columns in COLUMNS.values() for column in columns)
_Wish = list[Any] | None


class NotMergeable(Conflict):
    """The two records cannot be one, as they stand."""


class VisitsClash(Conflict):
    """Both records hold the same time: one person cannot come to two visits."""

    def __init__(self, found: list[Clash]) -> None:
        super().__init__(
            N_("Both records have a visit at the same time. Move or cancel one of them first.")
        )
        self.clashes = found


def merge(db: Session, actor: Actor, wish: MergePatients) -> PatientPair:
    """Join two records: the one that goes points to the one that stays, which gets what was chosen.

    Visits to come are checked again with the facts of both. Raises NotFound, StaleEdit,
    NotMergeable, VisitsClash, PasswordNeeded.
    """
    refuse_unconfirmed(actor, at=clock.now())
    both = _both(db, actor, wish.patient_id, wish.other_id)
    kept, gone = both[wish.kept_id], both[wish.gone_id]
    refused = merging_rules.refusal(kept.status, gone.status, is_same=kept is gone)
    if refused:
        raise NotMergeable(refused)
    if any(both[number].version != version for number, version in wish.versions.items()):
        raise StaleEdit(STALE)
    if found := queries.clashes(db, kept.id, gone.id):
        raise VisitsClash(found)

    after = merging_rules.chosen(kept.id, queries.values_of(gone, ALL_COLUMNS), wish.choices)
    fields: dict[str, Any] = {
        column: [merging_rules.plain(getattr(kept, column)), merging_rules.plain(value)]
        for column, value in after.items()
        if getattr(kept, column) != value
    }
    for column in fields:
        setattr(kept, column, after[column])
    if wish.choices.get(MESSAGES, kept.id) == gone.id:
        fields[MESSAGES] = _take_wish(db, kept.id, gone.id)
    standing = gone.status
    gone.status, gone.merged_into_id = PatientStatus.MERGED, kept.id
    db.flush()  # A save that was faster is found here, before anything is moved.
    moved = {one.name: ids for one in queries.moved() if (ids := _move(db, one, gone.id, kept.id))}
    pair = PatientPair(
        gone_id=gone.id,
        kept_id=kept.id,
        decided_by_id=actor.id,
        verdict=Verdict.ONE,
        reason=wish.reason,
        fields=fields,
        moved=moved,
        standing=standing,
        decided_at=clock.now(),
    )
    db.add(pair)
    apart = queries.open_pair(db, kept.id, gone.id)
    if apart is not None:
        apart.undone_at, apart.undone_by_id = clock.now(), actor.id
    detail = {"fields": sorted(fields), "moved": {name: len(ids) for name, ids in moved.items()}}
    _settle(db, actor, "patient.merged", pair, ids=[kept.id], detail=detail)
    return pair


def keep_apart(
    db: Session, actor: Actor, patient_id: int, other_id: int, reason: str
) -> PatientPair:
    """Note that two records are two people, so that nobody is asked again; once for a pair."""
    both = _both(db, actor, patient_id, other_id)
    if patient_id == other_id:
        raise NotMergeable(merging_rules.ITSELF)
    earlier = queries.open_pair(db, patient_id, other_id)
    if earlier is not None:
        return earlier
    pair = PatientPair(
        gone_id=max(both),
        kept_id=min(both),
        decided_by_id=actor.id,
        verdict=Verdict.TWO,
        reason=reason,
        decided_at=clock.now(),
    )
    db.add(pair)
    db.flush()  # The trail names the record by its id.
    audit.record(
        db,
        actor,
        "patient.kept_apart",
        "patient",
        pair.kept_id,
        patient_id=pair.kept_id,
        detail={"other": pair.gone_id},
    )
    return pair


def undo(db: Session, actor: Actor, pair_id: int) -> PatientPair:
    """Take a decision back; after a merge both records are as before, and what came since stays.

    A field that somebody changed since keeps that change. A visit at which a session was begun
    since stays where that session is. Raises NotFound, Conflict, PasswordNeeded.
    """
    now = clock.now()
    pair, _ = queries.decision(db, pair_id, location_id=actor.location_id, now=now)
    if pair.verdict is Verdict.ONE:
        refuse_unconfirmed(actor, at=now)
    both = _both(db, actor, pair.kept_id, pair.gone_id)
    db.refresh(pair)  # two at once: the other one may have waited for this record
    if pair.undone_at is not None:
        raise Conflict(UNDONE)
    if not merging_rules.may_undo(pair.verdict, pair.decided_at, now):
        raise Conflict(TOO_LATE, days=UNDO_DAYS)
    kept, gone = both[pair.kept_id], both[pair.gone_id]
    if kept.status is PatientStatus.MERGED:
        raise Conflict(MERGED_ON, number=kept.file_number)
    pair.undone_at, pair.undone_by_id = now, actor.id
    if pair.verdict is Verdict.TWO:
        _settle(db, actor, "patient.apart_undone", pair, ids=[], detail={})
        return pair

    before = merging_rules.going_back(pair.fields, queries.values_of(kept, ALL_COLUMNS))
    for column, value in before.items():
        setattr(kept, column, value)
    if MESSAGES in pair.fields:
        _give_wish_back(db, kept.id, *pair.fields[MESSAGES])
    gone.status, gone.merged_into_id = pair.standing, None
    db.flush()  # A save that was faster is found here, before anything is moved.
    stays = queries.treated_since(db, pair.moved.get(queries.VISITS, ()), kept.id)
    for one in queries.moved():
        ids = set(pair.moved.get(one.name, ()))
        ids -= stays if one.name == queries.VISITS else set()
        _move(db, one, kept.id, gone.id, only=ids)
    detail = {"fields": sorted(before), "stays": len(stays)}
    _settle(db, actor, "patient.unmerged", pair, ids=[kept.id, gone.id], detail=detail)
    return pair


def _both(db: Session, actor: Actor, one_id: int, other_id: int) -> Mapping[int, Patient]:
    """Hold both records; raises NotFound when one is not of this place."""
    both = queries.held(db, {one_id, other_id})
    if {one_id, other_id} != set(both) or any(
        row.location_id != actor.location_id for row in both.values()
    ):
        raise NotFound(patient_queries.UNKNOWN_PATIENT)
    return both


def _move(
    db: Session,
    one: queries.Reference,
    source: int,
    target: int,
    *,
    only: set[int] | None = None,
) -> list[int]:
    """Write the rows of one patient to another, past the mapper: nobody edited them."""
    wanted = sa.select(one.key).where(one.column == source)
    if only is not None:
        wanted = wanted.where(one.key.in_(only))
    ids = list(db.scalars(wanted.order_by(one.key)))
    if ids:
        db.execute(
            sa.update(one.table).where(one.key.in_(ids)).values({one.column.name: target}),
        )
        for row in list(db.identity_map.values()):
            if sa.inspect(row).mapper.local_table is one.table:
                db.expire(row, [one.column.name])
    return ids


def _settle(
    db: Session,
    actor: Actor,
    action: str,
    pair: PatientPair,
    *,
    ids: list[int],
    detail: Mapping[str, Any],
) -> None:
    db.flush()  # The keys and the checks read what is written here.
    if ids:
        patient_service.write_keys(db, [pair.kept_id, pair.gone_id])
        for patient_id in ids:
            scheduling_service.rescreen(db, actor, patient_id)
    audit.record(
        db,
        actor,
        action,
        "patient",
        pair.kept_id,
        patient_id=pair.kept_id,
        detail={"other": pair.gone_id, **detail},
    )


def _take_wish(db: Session, kept_id: int, gone_id: int) -> list[_Wish]:
    before = _plain_wish(message_queries.wish_of(db, kept_id))
    after = _plain_wish(message_queries.wish_of(db, gone_id))
    _write_wish(db, kept_id, after)
    return [before, after]


def _give_wish_back(db: Session, kept_id: int, before: _Wish, after: _Wish) -> None:
    if _plain_wish(message_queries.wish_of(db, kept_id)) == after:
        _write_wish(db, kept_id, before)


def _plain_wish(row: ContactWish | None) -> _Wish:
    if row is None:
        return None
    agreed_on = row.agreed_on.isoformat() if row.agreed_on else None
    return [row.channel.value, agreed_on, row.noted_by_id, row.noted_at.isoformat()]


def _write_wish(db: Session, patient_id: int, wish: _Wish) -> None:
    row = message_queries.wish_of(db, patient_id)
    if wish is None:
        if row is not None:
            db.delete(row)
        return
    channel, agreed_on, noted_by_id, noted_at = wish
    values = {
        "channel": Channel(channel),
        "agreed_on": dt.date.fromisoformat(agreed_on) if agreed_on else None,
        "noted_by_id": noted_by_id,
        "noted_at": dt.datetime.fromisoformat(noted_at),
    }
    if row is None:
        db.add(ContactWish(patient_id=patient_id, **values))
        return
    for name, value in values.items():
        setattr(row, name, value)
