"""What stands beside a booking form: who was found or chosen, free times, why it was refused."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from clinic.catalog import queries as catalog_queries
from clinic.catalog.values import ResourceKind
from clinic.core import clock, walltime
from clinic.core.access import Actor, Permission
from clinic.core.errors import ClinicError, Forbidden, Invalid, NotFound
from clinic.patients import finding
from clinic.patients import queries as patient_queries
from clinic.patients.values import PatientHit
from clinic.safety import explaining
from clinic.safety.rules.redaction import for_reception
from clinic.safety.values import Finding, Outcome, ReceptionScreening
from clinic.scheduling import distances, guard, openings, picked, queries, timetables
from clinic.scheduling.distances import TooNear
from clinic.scheduling.forms import (
    FIRST_HOUR,
    SECOND_HOUR,
    BookingForm,
    PlaceForm,
    TimedForm,
    WhoForm,
)
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.openings import Wish
from clinic.scheduling.picked import Picked
from clinic.scheduling.queries import Offered
from clinic.scheduling.rules import checks, promise
from clinic.scheduling.timetables import Timetable
from clinic.scheduling.values import NamedOpening, Refused
from clinic.web.words import translate

MOST_HITS = 6
_FILL = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d)\|(\d{1,10})\|(\d{1,10})\|(first|second|)", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a check refuses a booking, in what this person may see of it."""

    reception: ReceptionScreening | None
    """For roles without clinical content; then there are no findings."""
    findings: tuple[Finding, ...] = ()
    offers_from: dt.date | None = None
    may_recheck: bool = False
    """Whether it can be booked ahead with a reason."""
    may_release: bool = False
    """Whether this person can release what stands in the way."""
    why: explaining.Why | None = None
    """What explains the findings; None without any."""
    patient_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Everything that a booking page shows around its form."""

    picked: Picked | None
    hits: Sequence[PatientHit]
    has_searched: bool
    offers: Sequence[NamedOpening]
    offers_from: dt.date | None
    is_instead: bool
    """Whether the offers stand for a wish that cannot be met."""
    refusal: Refusal | None
    service: Offered | None
    may_overbook: bool = False
    """Whether this person can book over what is taken, with a reason."""
    may_go_nearer: bool = False
    """Whether this person can go below the least distance of a course, with a reason."""

    @property
    def shows_offers(self) -> bool:
        """Tell whether free times are shown: none to offer instead is said by the refusal."""
        return bool(self.offers) or (self.service is not None and not self.is_instead)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the place offers: services, people, rooms, and when they work."""

    services: Sequence[Offered]
    table: Timetable

    def service(self, service_id: int | None) -> Offered | None:
        """Return an offered service by its id."""
        return next((service for service in self.services if service.id == service_id), None)


def choices(db: Session, actor: Actor, *, since: dt.date | None = None) -> Choices:
    """Return what can be chosen at a place, its calendar from today or an earlier day on.

    Five statements.
    """
    today = clock.today(actor.zone)
    table = timetables.timetable(
        db, actor.location_id, actor.zone, since=min(since or today, today)
    )
    return Choices(services=queries.offered(db), table=table)


def offer(form: WhoForm | TimedForm, offered: Choices) -> None:
    """Put the choices into a form."""
    form.offer(
        [(r.id, r.name) for r in offered.table.of_kind(ResourceKind.PRACTITIONER)],
        [(r.id, r.name) for r in offered.table.of_kind(ResourceKind.ROOM)],
    )
    if isinstance(form, WhoForm):
        form.offer_services([(s.id, label_of(s)) for s in offered.services])


def label_of(service: Offered) -> str:
    """Return the name of a service with its length."""
    return translate(
        "%(service)s · %(minutes)s min", service=service.name, minutes=service.duration_min
    )


def explained(
    db: Session, actor: Actor, refused: Refused | None, patient_id: int | None
) -> Refusal | None:
    """Return a refusal in what this person may see, with what explains it; None for none."""
    if refused is None:
        return None
    refusal = refusal_of(actor, refused)
    if not refusal.findings or patient_id is None:
        return refusal
    return replace(refusal, why=explaining.why(db, patient_id), patient_id=patient_id)


def refusal_of(actor: Actor, refused: Refused) -> Refusal:
    """Return a refusal in what this person may see: clinicians all of it, others one sentence."""
    way = refused.passage
    if not actor.is_clinical:
        return Refusal(reception=for_reception(refused.screening), offers_from=way.offers_from)
    return Refusal(
        reception=None,
        findings=way.in_the_way,
        offers_from=way.offers_from,
        may_recheck=way.outcome is Outcome.REASON,
        may_release=actor.may(Permission.RELEASE) and checks.can_release_all(way),
    )


# ---- working a form out while it is being filled in ----


def answer(
    db: Session, actor: Actor, form: WhoForm, pressed: Mapping[str, str]
) -> Sequence[PatientHit]:
    """Do what the pressed button asks of a form that is not sent yet; return who was found.

    `pick` chooses a patient, `drop` lets go of one, `fill` takes an offered time, anything else
    searches. A search with one hit chooses it; the same search once more takes the first hit.
    """
    if "drop" in pressed:
        choose(form, None)
        return ()
    if "fill" in pressed:
        if isinstance(form, TimedForm):
            fill(form, pressed["fill"])
        return ()
    if "pick" in pressed:
        raw = pressed["pick"]
        choose(form, int(raw) if re.fullmatch(r"[1-9]\d{0,8}", raw, re.ASCII) else None)
        return ()
    typed = form.q.text()
    if not typed or form.q.errors:
        return ()
    hits = [
        hit
        for hit in finding.search(db, typed, limit=MOST_HITS, location_id=actor.location_id)
        if hit.is_bookable
    ]
    if hits and (len(hits) == 1 or form.asked.text() == typed):
        choose(form, hits[0].id)
        return hits[:1]
    form.asked.data = typed if hits else ""
    return hits


def choose(form: WhoForm, patient_id: int | None) -> None:
    """Choose a patient, or let go of one."""
    form.patient_id.data, form.patient_id.raw_data = patient_id, None


def fill(form: TimedForm, raw: str) -> None:
    """Take an offered time, written on its button, into a form; anything else changes nothing."""
    found = offered_time(raw)
    if found is not None:
        form.take(found)


def taken_offer(sent: Mapping[str, str]) -> dict[str, str] | None:
    """Return what was sent, with the offered time that was pressed; None for none of ours."""
    found = offered_time(sent["take"])
    if found is None:
        return None
    return {**sent} | {
        "date": found.starts_local.date().isoformat(),
        "start": found.starts_local.strftime("%H:%M"),
        "practitioner_id": str(found.practitioner_id),
        "room_id": str(found.room_id),
        "second_hour": {None: "", False: FIRST_HOUR, True: SECOND_HOUR}[found.second_hour],
    }


def offered_time(raw: str) -> NamedOpening | None:
    """Return a free time as its button carries it; None for none of ours."""
    found = _FILL.fullmatch(raw)
    if found is None:
        return None
    try:
        local = dt.datetime.fromisoformat(found[1])
    except ValueError:
        return None
    if not promise.is_of_our_time(local):
        return None
    return NamedOpening(
        starts_local=local,
        practitioner_id=int(found[2]),
        practitioner="",
        room_id=int(found[3]),
        room="",
        second_hour={"": None, "first": False, "second": True}[found[4]],
    )


def panel(
    db: Session,
    actor: Actor,
    form: WhoForm,
    offered: Choices,
    *,
    hits: Sequence[PatientHit] = (),
    error: ClinicError | None = None,
    refused: Refused | None = None,
    since: dt.date | None = None,
) -> Panel:
    """Gather what a booking page shows, and choose the course's service where none is chosen.

    Free times are looked for once a service is chosen: instead of a wish that is taken, too near
    or refused, else from `since` on. A session of a course keeps its distance to the others.
    """
    who = _picked(db, actor, form, offered)
    service = offered.service(form.service_id.chosen())
    refusal = explained(db, actor, refused, who.id if who else None)
    local = form.wished_local() if isinstance(form, BookingForm) else None
    offers: Sequence[NamedOpening] = ()
    later = refusal.offers_from if refusal else who.offers_from if who else None
    is_stopped = refusal is not None or (who is not None and who.is_stopped)
    is_instead = isinstance(error, (SlotTaken, TooNear))
    if service is not None and isinstance(form, BookingForm):
        course = queries.open_course(db, who.id, service.id) if who and who.course else None
        wish = Wish(
            service=catalog_queries.service(db, service.id),
            patient_id=who.id if who else None,
            practitioner_id=form.practitioner_id.chosen(),
            room_id=form.room_id.chosen(),
            days=distances.days_in(db, course.id, course.next_number) if course else None,
        )
        wished = instant_of(actor, form) if is_instead and local else None
        if wished is not None:
            offers = openings.near(db, actor, offered.table, wish, wished)
        elif later is not None or not is_stopped:
            first = later or (local.date() if local else since) or clock.today(actor.zone)
            begins = local.time() if local and local.date() == first else None
            offers = openings.next_free(db, actor, offered.table, wish, since=first, begins=begins)
    return Panel(
        picked=who,
        hits=hits,
        has_searched=bool(form.q.text()) and who is None,
        offers=offers,
        offers_from=later,
        is_instead=is_instead or is_stopped,
        refusal=refusal,
        service=service,
        may_overbook=may_overbook(actor, error),
        may_go_nearer=may_go_nearer(actor, error),
    )


def may_overbook(actor: Actor, refused: object) -> bool:
    """Tell whether this person can book over what is in the way, with a reason."""
    is_possible = isinstance(refused, SlotTaken) and refused.can_be_overbooked
    return is_possible and actor.may(Permission.APPOINTMENT_OVERBOOK)


def may_go_nearer(actor: Actor, refused: object) -> bool:
    """Tell whether this person can go below the least distance of a course, with a reason."""
    return isinstance(refused, TooNear) and actor.may(Permission.APPOINTMENT_OVERBOOK)


def pressed(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the button that works the form out instead of sending it; empty when it is sent."""
    return {name: sent[name] for name in ("pick", "drop", "fill", "search") if name in sent}


def say_no(form: PlaceForm, error: ClinicError) -> int:
    """Put a refusal at the fields it belongs to; return the status of the answer.

    Raises what no filling in can mend: the act itself is not this person's.
    """
    if isinstance(error, Forbidden):
        raise error
    if isinstance(error, SlotTaken) and error.clashes:
        for clash in error.clashes:
            message, values = guard.words_of(clash)
            form.refuse(_at(form, clash.field), translate(message, **values))
        return 409
    if isinstance(error, Invalid):
        form.refuse(_at(form, error.field), error)
        return 422
    if isinstance(error, NotFound):
        form.refuse(_at(form, "patient_id"), error)
        return 422
    form.refuse(_at(form, "start" if isinstance(error, SlotTaken) else "patient_id"), error)
    return 409


def _at(form: PlaceForm, field: str) -> str:
    field = "q" if field == "patient_id" else field
    return field if field in form else ""


def instant_of(actor: Actor, form: TimedForm) -> dt.datetime | None:
    """Return the instant that a form wishes for; None for none that could be."""
    local = form.wished_local()
    if local is None:
        return None
    try:
        return promise.instant_of(local, actor.zone, second_hour=form.which_hour(), now=clock.now())
    except Invalid:
        return None


def _picked(db: Session, actor: Actor, form: WhoForm, offered: Choices) -> Picked | None:
    patient_id = form.patient_id.data
    if patient_id is None:
        return None
    try:
        patient = patient_queries.get(db, patient_id, location_id=actor.location_id)
    except NotFound:
        choose(form, None)
        return None
    course = queries.open_course(db, patient.id)
    if course is not None and form.service_id.chosen() is None:
        form.service_id.data = str(course.service_id)
    named = offered.service(course.service_id) if course else None
    on = form.date.data if isinstance(form, TimedForm) else None
    return picked.card(
        db,
        actor,
        patient,
        course=course,
        course_service=named.name if named else "",
        service=offered.service(form.service_id.chosen()),
        on=on or clock.today(actor.zone),
    )


def now_local(actor: Actor) -> dt.datetime:
    """Return the wall time at which a walk-in begins."""
    return walltime.to_local(promise.begun(clock.now()), actor.zone)
