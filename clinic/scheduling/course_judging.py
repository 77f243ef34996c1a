"""Judging a plan of a course row by row: free, as wished, distance, check of that very day."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from clinic.catalog.values import ResourceKind
from clinic.core import clock
from clinic.core.errors import Invalid
from clinic.core.text import N_
from clinic.safety.rules.redaction import for_reception
from clinic.safety.values import Outcome, ReceptionStatus
from clinic.scheduling import guard
from clinic.scheduling.course_planning import GOES, Ground, day_before
from clinic.scheduling.course_values import Pick, Preview, Row, Session
from clinic.scheduling.rules import planning, promise
from clinic.scheduling.rules.planning import Level, Said

NO_TIME = N_("Nothing is free in the days planned for it. Choose another date, or plan up to here.")
FROM = N_("Possible from %(day)s on.")
PHYSICIAN_CONTACTS = N_("The physician will contact the patient.")
WITH_REASON = N_("Book this one by itself: it takes a written reason.")
PAST = N_("This lies in the past.")


def preview(ground: Ground, picks: Sequence[Pick | None]) -> Preview:
    """Return the plan as the page shows it, each row with its level and why."""
    rows = []
    for index, (number, pick) in enumerate(zip(ground.numbers, picks, strict=False)):
        visit = ground.visits.get(number)
        last = day_before(ground, picks, index)
        day = pick.starts_local.date() if pick else day_before(ground, picks, index + 1)
        judged = _judged(ground, pick, index, (day - last).days, visit)
        level = max((one[0] for one in judged), key=list(Level).index, default=Level.GREEN)
        status = None
        if ground.service.modality.is_treatment:
            status = for_reception(ground.checks.on(day)[0]).status
        rows.append(
            Row(
                number=number,
                day=day,
                pick=pick,
                practitioner=ground.table.named(pick.practitioner_id) if pick else "",
                room=ground.table.named(pick.room_id) if pick else "",
                level=level,
                said=tuple(dict.fromkeys(one[1] for one in judged if one[1] is not None)),
                status=status,
                was=visit.starts_local if visit else None,
            )
        )
    return Preview(rows=rows)


def _judged(
    ground: Ground, pick: Pick | None, index: int, gap: int, visit: Session | None
) -> list[tuple[Level, Said | None]]:
    if pick is None:
        return [(Level.RED, Said(NO_TIME))]
    found: list[tuple[Level, Said | None]] = []
    is_kept = visit is not None and pick.starts_local == visit.starts_local
    if not is_kept:
        found += _availability(ground, pick)
    if index or ground.is_after_session:
        number = ground.numbers[index]
        usual = planning.windows(ground.pattern, [number])[0]
        found.append(planning.off_distance(usual, gap))
    found += _check(ground, pick.starts_local.date())
    return found


def _availability(ground: Ground, pick: Pick) -> list[tuple[Level, Said | None]]:
    try:
        at = promise.instant_of(
            pick.starts_local, ground.actor.zone, second_hour=pick.second_hour, now=clock.now()
        )
        promise.refuse_midnight(pick.starts_local, ground.service.duration_min)
    except Invalid as bad:
        return [(Level.RED, Said(bad.message, tuple(bad.values.items())))]
    if at < clock.now():
        return [(Level.RED, Said(PAST))]
    people = ground.table.of_kind(ResourceKind.PRACTITIONER)
    if pick.practitioner_id not in {person.id for person in people}:
        return [(Level.RED, Said(guard.NOT_OFFERED))]
    for one in ground.free.get(pick.starts_local.date(), ()):
        if (one.starts_at, one.practitioner_id) == (at, pick.practitioner_id):
            return [] if one.is_wished else [(Level.AMBER, Said(planning.UNWISHED))]
    wish = replace(ground.wish, practitioner_id=pick.practitioner_id)
    clashes = ground.reading.in_the_way(wish, at)
    if not clashes:
        return [(Level.AMBER, Said(planning.UNWISHED))]
    said = [guard.words_of(clash) for clash in clashes]
    return [(Level.RED, Said(sentence, tuple(values.items()))) for sentence, values in said]


def _check(ground: Ground, day: dt.date) -> list[tuple[Level, Said | None]]:
    """Judge the check of a day: clinicians read the findings, others what booking tells them."""
    screening, way = ground.checks.on(day)
    told = for_reception(screening)
    is_amber = told.status is ReceptionStatus.REVIEW and ground.service.modality.is_treatment
    if way.outcome in GOES:
        return [(Level.AMBER, None)] if is_amber else []
    found: list[tuple[Level, Said | None]]
    if ground.actor.is_clinical:
        found = [(Level.RED, Said(finding.name)) for finding in way.in_the_way]
        if way.outcome is Outcome.REASON:
            found.append((Level.RED, Said(WITH_REASON)))
    else:
        found = [(Level.RED, Said(sentence)) for sentence in told.sentences]
    if way.offers_from is not None:
        found.append((Level.RED, Said(FROM, (("day", way.offers_from),))))
    elif told.physician_contacts and not ground.actor.is_clinical:
        found.append((Level.RED, Said(PHYSICIAN_CONTACTS)))
    return found or [(Level.RED, None)]
