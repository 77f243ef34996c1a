"""Bringing files and rows together again: what a kill left behind, what was removed long ago."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy.orm import Session

from clinic.outcomes import queries, rules
from clinic.outcomes.files import Store

Look = Callable[[], AbstractContextManager[Session]]


class TooMany(Exception):
    """So many pictures have no row that the database itself may be the wrong one."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep found."""

    orphans: int
    """Pictures without a row that were removed."""
    over: int
    """Pictures removed by somebody whose files went now."""
    drafts: int
    """Half-written files that were removed."""
    missing: tuple[str, ...]
    """Storage keys of rows whose files are not there: restore them from a backup."""


def sweep(look: Look, store: Store, *, now: dt.datetime, most: int = rules.MANY_ORPHANS) -> Swept:
    """Remove files that nobody needs, and name rows whose files are missing; twice is harmless.

    Files are listed before rows are read: one that is written meanwhile is not in the list, and
    one that is just getting its row is too young. Raises TooMany, and removes nothing, when more
    than `most` pictures have no row.
    """
    before = now - rules.ORPHAN_AFTER
    found = set(store.keys(before=before))
    with look() as db:
        known = queries.files(db, now=now)
    orphans = sorted(found - known.keys())
    if len(orphans) > most:
        raise TooMany(len(orphans))
    over = sorted(key for key in found & known.keys() if not known[key])
    for key in (*orphans, *over):
        store.drop(key)
    missing = [key for key, is_due in known.items() if is_due and not store.has(key)]
    return Swept(
        orphans=len(orphans),
        over=len(over),
        drafts=store.drop_drafts(before=before),
        missing=tuple(sorted(missing)),
    )
