"""Visits to settle: sorted by risk, what became worse and why; for the desk without a reason."""

import datetime as dt
import itertools

import pytest

from clinic.core.access import Role
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety_service
from clinic.safety.values import Decision, FactKind, FactState, Moment, ReleaseFinding
from clinic.scheduling import moving, service, settling
from clinic.scheduling.rules import settling as rules
from clinic.scheduling.rules.settling import Event
from clinic.scheduling.settling import Until, Whose
from clinic.scheduling.values import MoveAppointment, Refused
from tests.counting import statements as counted

TODAY = dt.date(2026, 11, 23)
D, M = Decision, Moment


def events(*said, on=TODAY):
    """Kept checks an hour apart: (moment, decision), or None for a release."""
    start = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    return [
        Event(start + dt.timedelta(hours=n), None, None, None, None)
        if one is None
        else Event(start + dt.timedelta(hours=n), n + 1, one[0], on, one[1])
        for n, one in enumerate(said)
    ]


BOOKED, FACT = M.BOOKING, M.RECHECK


@pytest.mark.parametrize(
    ("said", "before"),
    [
        ([(BOOKED, D.ALLOW), (FACT, D.REVIEW)], D.ALLOW),
        ([(BOOKED, D.ASK), (FACT, D.BLOCK), (FACT, D.BLOCK)], D.ASK),
        ([(BOOKED, D.WARN), (FACT, D.REVIEW), (FACT, D.DEFER)], D.REVIEW),
        ([(BOOKED, D.REVIEW), (FACT, D.ALLOW), (FACT, D.REVIEW)], D.ALLOW),
        ([(BOOKED, D.REVIEW), None, (FACT, D.REVIEW)], D.WARN),
        ([(BOOKED, None), (FACT, D.REVIEW)], None),
        ([(BOOKED, D.ALLOW), (FACT, None)], D.ALLOW),
    ],
)
def test_a_visit_has_turned_when_its_last_change_was_for_the_worse(said, before):
    turn = rules.turn_of(events(*said), TODAY)

    assert turn is not None
    assert turn.before is before
    assert turn.screening_id > turn.screening_id_before


@pytest.mark.parametrize(
    "said",
    [
        [],
        [(BOOKED, D.REVIEW)],
        [(FACT, D.REVIEW)],
        [(BOOKED, D.REVIEW), (FACT, D.REVIEW)],
        [(BOOKED, D.DEFER), (FACT, D.REVIEW)],
        [(BOOKED, D.ALLOW), (FACT, D.DEFER), (FACT, D.REVIEW)],
        [(BOOKED, D.ALLOW), (BOOKED, D.REVIEW)],  # A person booked or moved it and saw.
        [(BOOKED, D.ALLOW), (M.CHECK_IN, D.REVIEW)],
        [(BOOKED, D.ALLOW), (FACT, D.REVIEW), None],
        [None],
    ],
)
def test_a_visit_has_not_turned_when_it_got_better_or_somebody_saw_it(said):
    assert rules.turn_of(events(*said), TODAY) is None


def test_what_was_checked_for_another_day_does_not_count():
    refused_move = events((BOOKED, D.BLOCK), on=dt.date(2026, 12, 1))[0]
    mine = [e._replace(at=e.at + dt.timedelta(days=1), screening_id=9 + n) for n, e in enumerate(
        events((BOOKED, D.REVIEW), (FACT, D.REVIEW))
    )]  # fmt: skip

    assert rules.turn_of([refused_move, *mine], TODAY) is None


def test_the_order_of_reading_does_not_matter():
    said = events((BOOKED, D.ASK), (FACT, D.REVIEW), None, (FACT, D.REVIEW))

    turns = {rules.turn_of(order, TODAY) for order in itertools.permutations(said)}

    assert len(turns) == 1


# ---- the list ----


def page(desk, role=Role.PHYSICIAN, **filters):
    desk.db.flush()
    return settling.unsettled(desk.db, desk.actor(role), **filters)


def at(day, hour=10):
    return dt.datetime(2026, 11, day, hour, 0)


def clear(desk, day=24, **changes):
    """A visit of Alice that nothing stands against."""
    desk.settle(on=at(day).date())
    visit = desk.book(service_id=desk.prp.id, starts_local=at(day), **changes)
    assert visit.decision is Decision.ALLOW
    return visit


def learned(desk, kind, code, **changes):
    desk.knows(kind, code, **changes)
    service.rescreen(desk.db, desk.actor(Role.NURSE), desk.alice.id)


def test_a_clear_visit_is_on_no_list_and_appears_as_soon_as_a_fact_forbids_it(desk):
    visit = clear(desk)
    assert page(desk).visits == []
    assert settling.tally(desk.db, desk.actor(Role.PHYSICIAN)) == settling.Tally(
        count=0, has_worse=False
    )

    learned(desk, FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")

    (line,) = page(desk).visits
    assert (line.id, line.decision) == (visit.id, Decision.REVIEW)
    assert line.reasons == ("Blood thinner",)
    assert line.became is not None
    assert line.became.before is Decision.ALLOW
    (cause,) = line.became.causes
    assert (cause.label, cause.recorded_by) == (
        "Enoxaparin 40 mg",
        desk.actor(Role.NURSE).name,
    )
    assert settling.tally(desk.db, desk.actor(Role.PHYSICIAN)) == settling.Tally(
        count=1, has_worse=True
    )


def test_a_release_settles_it_and_a_new_fact_brings_it_back(desk, clock):
    visit = clear(desk)
    clock(desk.world.later(minutes=5))
    learned(desk, FactKind.CONDITION, "keloid")
    clock(desk.world.later(minutes=5))
    physician = desk.actor(Role.PHYSICIAN)
    screening = safety_queries.check_again(
        desk.db, safety_queries.latest_screening(desk.db, visit.id)
    )
    safety_service.release(
        desk.db,
        physician,
        ReleaseFinding(
            appointment_id=visit.id,
            fingerprint=screening.findings[0].fingerprint,
            reason="A small scar on the knee only",
        ),
    )
    service.rescreen(desk.db, physician, desk.alice.id)
    assert page(desk).visits == []

    clock(desk.world.later(minutes=5))
    learned(desk, FactKind.CONDITION, "keloid", label="Keloid behind the ear")

    (line,) = page(desk).visits
    assert line.became is not None
    assert [c.label for c in line.became.causes] == ["Keloid behind the ear"]


def test_the_riskiest_comes_first_and_of_the_same_risk_the_soonest(desk):
    def visit(day, hour, *known, name):
        patient = desk.bob(given_name=name)
        made = desk.book(patient_id=patient.id, service_id=desk.prp.id, starts_local=at(day, hour))
        for kind, code, changes in known:
            desk.knows(kind, code, patient=patient, **changes)
        service.rescreen(desk.db, None, patient.id)
        return made

    yesterday = {"ended_on": at(22).date(), "noted_on": at(22).date()}
    ask = visit(24, 8, name="Ask")
    later = visit(26, 9, (FactKind.CONDITION, "keloid", {}), name="Later")
    soon = visit(25, 9, (FactKind.CONDITION, "keloid", {}), name="Soon")
    block = visit(27, 9, (FactKind.CONDITION, "bleeding_disorder", {}), name="Block")
    put_off = visit(24, 12, (FactKind.MEDICATION, "steroid_systemic", yesterday), name="Defer")

    found = page(desk)

    assert [v.id for v in found.visits] == [v.id for v in (block, put_off, soon, later, ask)]
    assert found.counts == {D.BLOCK: 1, D.DEFER: 1, D.REVIEW: 2, D.ASK: 1}
    assert found.visits[1].rebook_from == dt.date(2026, 12, 6)
    assert [v.rebook_from for v in found.visits if v.id != put_off.id] == [None] * 4
    assert settling.tally(desk.db, desk.actor(Role.NURSE)).count == 4  # a question is no decision


def test_questions_of_the_day_itself_wait_for_the_day(desk, clock):
    desk.settle(on=at(24).date())  # answered so that they count on the 24th
    desk.book(service_id=desk.prp.id, starts_local=at(30))
    ahead = page(desk)

    clock(desk.world.later(days=6))
    near = page(desk)

    assert (ahead.visits, ahead.for_the_day, ahead.counts[D.ASK]) == ([], 1, 0)
    assert (len(near.visits), near.for_the_day) == (1, 0)


def test_a_question_that_can_be_asked_now_is_listed_whatever_else_waits(desk):
    desk.settle(on=TODAY)
    desk.book(service_id=desk.prp.id, starts_local=at(30))
    desk.knows(FactKind.CONDITION, "keloid", state=FactState.UNSURE, noted_on=TODAY)
    service.rescreen(desk.db, None, desk.alice.id)

    assert [v.decision for v in page(desk).visits] == [D.ASK]


def test_mine_are_those_with_me_and_today_ends_at_midnight(desk):
    desk.book(service_id=desk.prp.id, starts_local=at(24))
    assert len(page(desk).visits) == 1
    assert page(desk, until=Until.TODAY).visits == []
    assert page(desk, whose=Whose.MINE).visits == []

    desk.physician.account_id = desk.world.accounts[Role.PHYSICIAN].id

    assert len(page(desk, whose=Whose.MINE).visits) == 1
    assert page(desk, Role.NURSE, whose=Whose.MINE).visits == []


def test_the_list_costs_the_same_statements_however_long_it_is(desk, connection):
    def cost():
        with counted(connection) as seen:
            page(desk)
            settling.tally(desk.db, desk.actor(Role.PHYSICIAN))
        return len(seen)

    clear(desk)
    learned(desk, FactKind.CONDITION, "keloid")
    few = cost()
    for number in range(8):
        patient = desk.bob(given_name=f"Bob{number}")
        desk.book(patient_id=patient.id, service_id=desk.prp.id, starts_local=at(25, 8 + number))
        desk.knows(FactKind.CONDITION, "keloid", patient=patient)
        service.rescreen(desk.db, None, patient.id)

    assert few == cost() == 5


def test_more_than_fit_are_counted_and_not_forgotten(desk, monkeypatch):
    monkeypatch.setattr(settling, "MOST", 1)
    for hour in (9, 11, 13):
        desk.book(service_id=desk.prp.id, starts_local=at(24, hour))

    found = page(desk)

    assert (len(found.visits), found.left_out, found.counts[D.ASK]) == (1, 2, 3)


# ---- the pages ----


def test_the_page_says_what_became_worse_through_what_and_offers_what_to_do(world, desk):
    visit = clear(desk, 26)
    learned(desk, FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    physician = world.as_role(Role.PHYSICIAN)

    text = physician.get("/visits-to-settle").get_data(as_text=True)

    assert "1 visit has become worse" in text
    assert "Enoxaparin 40 mg, recorded by" in text
    assert f"/appointments/{visit.id}/review" in text
    assert '<span class="count hot">1' in text
    assert "Nothing to settle today" in physician.get("/visits-to-settle?until=today").get_data(
        as_text=True
    )


def test_a_nurse_asks_and_cannot_decide(world, desk):
    visit = desk.book(service_id=desk.prp.id)
    text = world.as_role(Role.NURSE).get("/visits-to-settle").get_data(as_text=True)

    assert f"/appointments/{visit.id}/questions" in text
    assert "Decide…" not in text


@pytest.mark.parametrize("query", ["whose=theirs&until=never", "whose=&until=", "until=TODAY"])
def test_a_choice_that_does_not_exist_is_the_usual_one(world, desk, query):
    answer = world.as_role(Role.PHYSICIAN).get(f"/visits-to-settle?{query}")

    assert answer.status_code == 200
    assert "Nothing to settle in the next 14 days" in answer.get_data(as_text=True)


# ---- for the desk ----


def put_off(desk, **changes):
    """A visit of tomorrow that must wait: the drug was taken on the day before."""
    visit = clear(desk)
    learned(desk, FactKind.MEDICATION, "nsaid", label="Ibuprofen 400 mg",
            ended_on=at(23).date(), noted_on=at(23).date(), **changes)  # fmt: skip
    assert visit.decision is Decision.DEFER
    return visit


def test_the_desk_is_told_whom_to_call_and_from_when_on_but_not_why(world, desk):
    visit = put_off(desk)
    (call,) = settling.to_call(desk.db, desk.actor())
    assert (call.id, call.possible_from) == (visit.id, dt.date(2026, 11, 25))

    text = world.as_role(Role.RECEPTIONIST).get("/visits-to-call").get_data(as_text=True)

    assert "Leyla Demir" in text
    assert desk.alice.phone in text
    assert f"/appointments/{visit.id}/edit" in text
    assert "Ibuprofen" not in text
    assert "/visits-to-settle" not in text


def test_a_day_that_must_not_be_named_is_on_no_list_of_the_desk(desk):
    clear(desk)
    learned(desk, FactKind.PREGNANCY, "pregnant", noted_on=at(20).date())

    assert settling.to_call(desk.db, desk.actor()) == []
    assert [v.decision for v in page(desk).visits] == [Decision.DEFER]


def test_two_clicks_rebook_a_visit_that_must_wait(world, desk):
    visit = put_off(desk)
    desk.db.flush()
    reception = world.as_role(Role.RECEPTIONIST)
    shown = reception.get(f"/appointments/{visit.id}").get_data(as_text=True)
    assert "Move to Wed, Nov 25 or later" in shown

    first = reception.get(f"/appointments/{visit.id}/edit").get_data(as_text=True)
    assert "It is possible from Wednesday, November 25, 2026 on" in first
    take = first.split('name="take" value="')[1].split('"')[0]
    assert take.startswith("2026-11-25T")
    second = reception.post(
        f"/appointments/{visit.id}/move", {"version": visit.version, "take": take}
    )

    assert second.status_code == 303, second.get_data(as_text=True)
    desk.db.refresh(visit)
    assert visit.starts_local.isoformat(timespec="minutes") == take.split("|")[0]
    assert visit.decision is Decision.WARN
    assert settling.to_call(desk.db, desk.actor()) == []


@pytest.mark.parametrize("take", ["", "tomorrow", "2026-11-25T25:00|1|1|", "2026-11-25T09:00|x|1|"])
def test_a_time_that_was_not_offered_moves_nothing(world, desk, take):
    visit = put_off(desk)
    answer = world.as_role(Role.RECEPTIONIST).post(
        f"/appointments/{visit.id}/move", {"version": visit.version, "take": take}
    )

    assert answer.status_code == 422
    desk.db.refresh(visit)
    assert visit.starts_local == at(24)


def test_a_visit_that_may_take_place_is_moved_as_ever(world, desk):
    visit = clear(desk)
    text = world.as_role(Role.RECEPTIONIST).get(f"/appointments/{visit.id}/edit")

    assert 'name="take"' not in text.get_data(as_text=True)


def test_the_desk_is_offered_no_day_that_would_tell(world, desk):
    visit = clear(desk)
    learned(desk, FactKind.PREGNANCY, "pregnant", noted_on=at(20).date())
    reception = world.as_role(Role.RECEPTIONIST)

    assert "or later" not in reception.get(f"/appointments/{visit.id}").get_data(as_text=True)
    text = reception.get(f"/appointments/{visit.id}/edit").get_data(as_text=True)
    assert 'name="take"' not in text


def test_a_move_that_is_refused_leaves_the_check_of_the_visits_own_day_on_top(desk):
    visit = clear(desk, 27)
    learned(desk, FactKind.MEDICATION, "nsaid", label="Ibuprofen", ended_on=at(23).date())
    wish = MoveAppointment(
        appointment_id=visit.id,
        version=visit.version,
        starts_local=at(24, 15),
        practitioner_id=visit.practitioner_id,
        room_id=visit.room_id,
    )

    assert isinstance(moving.move(desk.db, desk.actor(), wish), Refused)

    newest = safety_queries.latest_screening(desk.db, visit.id)
    assert newest is not None
    assert (newest.on, newest.moment) == (at(27).date(), Moment.RECHECK)
    assert newest.decision is visit.decision is Decision.WARN
    assert page(desk).visits == []
