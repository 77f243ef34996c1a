"""What happened at the demo clinic before today, and what today looks like."""

import datetime as dt
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from clinic.catalog.after_values import FOLLOW_UP_DAYS
from clinic.catalog.values import Modality
from clinic.core import clock
from clinic.core.walltime import to_local
from clinic.core.zones import Zone
from clinic.demo import acts, histories, waiting
from clinic.demo.people import Face, faces
from clinic.demo.stage import Stage
from clinic.demo.timetable import Book, Slot
from clinic.followup.values import Outcome, SideEffectKind
from clinic.patients.values import RegisterPatient
from clinic.scheduling.guard import SlotTaken
from clinic.scheduling.values import AppointmentOrigin, CancelReason, Confirmation

PRP, MESO, TALK = Modality.PRP, Modality.MESOTHERAPY, Modality.CONSULTATION
_MORNING = dt.time(7, 40)
_HEARD: dict[histories.Recipe, Confirmation] = {
    histories.ibuprofen: Confirmation.CONFIRMED,
    histories.clopidogrel: Confirmation.CONFIRMED,
    histories.apixaban: Confirmation.ASKED,
    histories.low_platelets: Confirmation.NOT_REACHED,
}
"""Whose coming was asked for this morning, by what they told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One patient's past: how many sessions of what, and how long ago the last one was."""

    face: Face
    modality: Modality
    sessions: int
    last_days_ago: int


class Story:
    """Plans the acts of the whole demo on a stage."""

    def __init__(self, stage: Stage, *, today: dt.date) -> None:
        self.stage, self.today = stage, today
        self.book = Book()
        self.dice = random.Random(7)  # noqa: S311 - invented data, not a secret
        self.ids: dict[str, int] = {}

    def tell(self) -> None:
        """Plan everything."""
        everybody = faces()
        self._today(everybody[:30])
        for n, face in enumerate(everybody[30:]):
            modality = MESO if n % 4 == 3 else PRP
            self._past(
                Plan(
                    face=face,
                    modality=modality,
                    sessions=1 + n % 3,
                    last_days_ago=1 + (n * 3) % 45,
                ),
                n,
            )
        self._soon()
        self.stage.at(self.stage.now, lambda: acts.call_about_courses(self.stage))
        self._twice(everybody[34])
        self.stage.at(self.stage.now, self._waiting)

    def _twice(self, face: Face) -> None:
        """Somebody rang yesterday from another phone and was registered once more."""
        wish = RegisterPatient(
            family_name=face.family,
            given_name="Nour",
            birth_date=face.born,
            phone="+4930555099",
            language=face.language,
        )
        moment = self.stage.now - dt.timedelta(hours=19)
        self.stage.at(moment, lambda: self.ids.setdefault(wish.phone, self.stage.register(wish)))

    # ---- the past ----
    def _past(self, plan: Plan, n: int) -> None:
        step = 28 if plan.modality is PRP else 14
        first = self.today - dt.timedelta(days=plan.last_days_ago + step * (plan.sessions - 1))
        self._arrival(plan.face, first - dt.timedelta(days=14), plan.modality)
        for session in range(plan.sessions):
            wanted = first + dt.timedelta(days=step * session)
            day, slot = self.book.take_near(wanted, plan.modality)
            is_last = session == plan.sessions - 1
            self._session(
                plan.face,
                day,
                slot,
                calls=FOLLOW_UP_DAYS[slot.modality]
                if not is_last or n % 3 or plan.last_days_ago > 11
                else (),
            )
            if is_last and n % 6 == 0:
                self._side_effect(plan.face, day, n)

    def _arrival(self, face: Face, day: dt.date, modality: Modality) -> None:
        """Somebody registers, tells everything, signs the paper and begins a course."""
        moment = self.stage.instant(day, dt.time(11, self.dice.randrange(60)))

        def act() -> None:
            patient_id = self.stage.register(
                RegisterPatient(
                    family_name=face.family,
                    given_name=face.given,
                    birth_date=face.born,
                    phone=face.phone,
                    sex=face.sex,
                    language=face.language,
                )
            )
            self.ids[face.phone] = patient_id
            self.stage.tell(patient_id, histories.record, histories.answers)
            if modality is not TALK:
                self.stage.consent(patient_id, modality)
                self.stage.begin_course(patient_id, modality, planned=3 if modality is PRP else 6)

        self.stage.at(moment, act)

    def _session(self, face: Face, day: dt.date, slot: Slot, *, calls: Sequence[int]) -> None:
        """A visit from booking to the calls after it; `calls` are their days."""
        start = self.stage.instant(day, slot.at)

        def booked() -> None:
            patient_id = self.ids[face.phone]
            visit = self.stage.book(patient_id, day, slot)
            if visit is None:
                return
            self.stage.at(
                start - dt.timedelta(minutes=25),
                lambda: self.stage.tell(patient_id, histories.answers),
            )
            self.stage.at(
                start - dt.timedelta(minutes=20), lambda: self._fresh_blood(patient_id, slot)
            )
            self.stage.at(start - dt.timedelta(minutes=6), lambda: self.stage.arrive(visit))
            self.stage.at(start, lambda: self._treated(visit, slot, calls))

        self.stage.at(start - dt.timedelta(days=6, hours=2), booked)

    def _fresh_blood(self, patient_id: int, slot: Slot) -> None:
        if slot.modality is PRP:
            self.stage.tell(patient_id, histories.fresh_blood_count)

    def _treated(self, visit: int, slot: Slot, calls: Sequence[int]) -> None:
        session = acts.treat(self.stage, visit, physician=slot.physician, dice=self.dice)
        start = self.stage.visit(visit).starts_at
        end = start + dt.timedelta(minutes=50 if slot.modality is PRP else 25)
        self.stage.at(
            end, lambda: acts.sign(self.stage, session, physician=slot.physician, dice=self.dice)
        )
        for day in calls:
            moment = end + dt.timedelta(days=day)
            if moment < self.stage.now:
                self.stage.at(
                    moment,
                    lambda day=day: acts.call(self.stage, session, day, dice=self.dice),  # type: ignore[misc]  # bound now
                )

    def _side_effect(self, face: Face, day: dt.date, n: int) -> None:
        kind, grade, zone = (
            (SideEffectKind.BRUISING, 1, Zone.FRONTAL_HAIRLINE),
            (SideEffectKind.NERVE, 1, Zone.VERTEX),
            (SideEffectKind.BRUISING, 2, None),
            (SideEffectKind.INJECTION_SITE, 2, Zone.MIDSCALP),
        )[n // 6 % 4]
        reported = self.stage.instant(day + dt.timedelta(days=1), dt.time(12, 30))
        if reported >= self.stage.now:
            return

        def act() -> None:
            effect = acts.report(
                self.stage, self.ids[face.phone], kind, grade=grade, zone=zone, onset_on=day
            )
            closed = reported + dt.timedelta(days=9)
            if effect is not None and closed < self.stage.now:
                self.stage.at(closed, lambda: acts.close(self.stage, effect, Outcome.RESOLVED))

        self.stage.at(reported, act)

    # ---- today ----
    def _today(self, cast: Sequence[Face]) -> None:
        """A full board: each state of safety and of a visit at least once."""
        named = iter(cast)
        week_ago = self.today - dt.timedelta(days=9)

        def visit(
            modality: Modality, *, hours: dt.time = dt.time(), told: histories.Recipe | None = None
        ) -> tuple[Face, Slot]:
            face = next(named)
            slot = self.book.take(self.today, modality, not_before=hours)
            self._earlier(face, modality, week_ago)
            self.stage.at(
                self.stage.instant(week_ago + dt.timedelta(days=1), dt.time(9)),
                lambda: self._booked_for_today(face, slot, told),
            )
            return face, slot

        afternoon = dt.time(13)
        for _ in range(3):
            self._done_today(*visit(PRP))
        self._done_today(*visit(MESO))
        self._no_show(*visit(MESO))
        self._in_treatment(*visit(PRP))
        self._here(*visit(PRP))
        self._here(*visit(TALK))
        self._cancelled(*visit(TALK, hours=afternoon))
        visit(PRP, told=histories.haemophilia)
        visit(PRP, told=histories.ibuprofen)
        visit(PRP, told=histories.apixaban)
        self._released(*visit(PRP, told=histories.clopidogrel))
        visit(PRP, told=histories.low_platelets)
        visit(MESO, told=histories.unsure_of_painkiller)
        for modality in (PRP, PRP, MESO, TALK, PRP, MESO, PRP, MESO):
            visit(modality, hours=afternoon)
        self._walk_in(next(named))
        self._in_treatment(*visit(MESO))

    def _earlier(self, face: Face, modality: Modality, week_ago: dt.date) -> None:
        """Give somebody who comes today a past: none, one or two sessions of the course."""
        sessions = 0 if modality is TALK else self.dice.randrange(3)
        step = 28 if modality is PRP else 14
        if not sessions:
            self._arrival(face, week_ago, modality)
            return
        first = self.today - dt.timedelta(days=step * sessions)
        self._arrival(face, first - dt.timedelta(days=12), modality)
        for n in range(sessions):
            day, slot = self.book.take_near(first + dt.timedelta(days=step * n), modality)
            self._session(face, day, slot, calls=FOLLOW_UP_DAYS[slot.modality])

    def _booked_for_today(self, face: Face, slot: Slot, told: histories.Recipe | None) -> None:
        patient_id = self.ids[face.phone]
        visit = self.stage.book(patient_id, self.today, slot)
        if visit is None:
            return
        self.ids[f"visit {face.phone}"] = visit
        morning = self.stage.instant(self.today, _MORNING)
        heard = _HEARD.get(told) if told is not None else None
        if heard is not None:
            self.stage.at(morning, lambda: acts.hear(self.stage, visit, heard))
        if told is histories.unsure_of_painkiller:
            self.stage.at(morning, lambda: self.stage.tell(patient_id, told))
            return
        # Half the day's patients are asked at the desk only: their answers are still open.
        if told is not None or self.dice.random() < 0.7:
            self.stage.at(morning, lambda: self.stage.tell(patient_id, histories.answers))
        if told is not None:
            self.stage.at(morning, lambda: self.stage.tell(patient_id, told))

    def _visit_of(self, face: Face) -> int:
        return self.ids[f"visit {face.phone}"]

    def _ready(self, face: Face, slot: Slot) -> dt.datetime:
        """Let somebody answer everything and arrive; return the start."""
        start = self.stage.instant(self.today, slot.at)
        self.stage.at(
            start - dt.timedelta(minutes=15),
            lambda: self.stage.tell(self.ids[face.phone], histories.answers),
        )
        self.stage.at(
            start - dt.timedelta(minutes=8), lambda: self.stage.arrive(self._visit_of(face))
        )
        return start

    def _done_today(self, face: Face, slot: Slot) -> None:
        start = self._ready(face, slot)
        self.stage.at(start, lambda: self._treated(self._visit_of(face), slot, ()))

    def _in_treatment(self, face: Face, slot: Slot) -> None:
        start = self._ready(face, slot)
        self.stage.at(
            start,
            lambda: acts.treat(
                self.stage, self._visit_of(face), physician=slot.physician, dice=self.dice
            ),
        )

    def _here(self, face: Face, slot: Slot) -> None:
        self._ready(face, slot)

    def _no_show(self, face: Face, slot: Slot) -> None:
        start = self.stage.instant(self.today, slot.at)
        self.stage.at_exactly(
            start + dt.timedelta(minutes=20),
            lambda: acts.no_show(self.stage, self._visit_of(face)),
        )

    def _cancelled(self, face: Face, slot: Slot) -> None:
        self.stage.at(
            self.stage.instant(self.today, dt.time(8, 5)),
            lambda: acts.cancel(self.stage, self._visit_of(face), CancelReason.PATIENT_ILL),
        )

    def _released(self, face: Face, slot: Slot) -> None:
        self.stage.at(
            self.stage.instant(self.today, dt.time(7, 55)),
            lambda: acts.release(self.stage, self._visit_of(face), physician=slot.physician),
        )

    def _walk_in(self, face: Face) -> None:
        """Somebody comes without a booking, at the last moment at which there was room."""
        self._arrival(face, self.today - dt.timedelta(days=1), TALK)
        opening = self.stage.instant(self.today, dt.time(8))
        quarters = [opening + dt.timedelta(minutes=15 * n) for n in range(38)]
        past = [moment for moment in quarters if moment <= self.stage.now]

        def act() -> None:
            for moment in [*reversed(past), *quarters]:
                for physician in range(len(self.stage.staff.physicians)):
                    slot = Slot(
                        at=to_local(moment, self.stage.staff.location.zone).time(),
                        physician=physician,
                        modality=TALK,
                    )
                    with clock.pretend(moment), suppress(SlotTaken):
                        self.stage.book(
                            self.ids[face.phone],
                            self.today,
                            slot,
                            origin=AppointmentOrigin.WALK_IN,
                        )
                        return

        self.stage.at(self.stage.now, act)

    # ---- what comes ----
    def _soon(self) -> None:
        """The next sessions of the courses under way."""

        def act() -> None:
            for n, face in enumerate(faces()[30:70]):
                day = self.today + dt.timedelta(days=2 + n % 12)
                modality = MESO if n % 4 == 3 else PRP
                if modality is PRP and n % 3 == 2:
                    continue  # All three are done: the booster is half a year away.
                try:
                    slot = self.book.take(day, modality)
                except LookupError:
                    continue
                self.stage.book(self.ids[face.phone], day, slot)

        self.stage.at(self.stage.now, act)

    def _waiting(self) -> None:
        """Those who wait for an earlier time; they are played last."""
        known = [self.ids[face.phone] for face in faces()[70:] if face.phone in self.ids]
        waiting.fill(self.stage, known, today=self.today)
