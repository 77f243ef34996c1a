"""What a visit owes its patient is what was told last compared with what is true now."""

import datetime as dt
from dataclasses import replace

import pytest

from clinic.messages import rules
from clinic.messages.values import Begun, MessageKind, MessageState, Terms, Visit
from clinic.patients.values import Channel

pytestmark = pytest.mark.once
UTC = dt.UTC
NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
VISIT_AT = dt.datetime(2026, 11, 27, 13, 0, tzinfo=UTC)
OTHER = dt.datetime(2026, 11, 28, 13, 0, tzinfo=UTC)
TERMS = Terms(
    zone="Europe/Berlin",
    reminder_hours=24,
    quiet_from=dt.time(20),
    quiet_until=dt.time(8),
    channels=frozenset({Channel.EMAIL, Channel.SMS}),
)
BOOKED = Visit(starts_at=VISIT_AT, is_on=True, is_off=False, changed_at=NOW, channel=Channel.EMAIL)
CANCELLED = replace(BOOKED, is_on=False, is_off=True)
K, S = MessageKind, MessageState


def begun(number: int, kind=K.CONFIRMATION, state=S.SENT, starts_at=VISIT_AT, at=NOW, **more):
    return Begun(
        id=number, number=number, kind=kind, state=state, starts_at=starts_at, at=at, **more
    )


def kinds(visit, told=(), now=NOW, terms=TERMS):
    return [one.kind for one in rules.queue(visit, told, terms, now)]


def test_a_booking_is_confirmed_after_two_minutes_and_reminded_of_a_day_before():
    first, second = rules.queue(BOOKED, (), TERMS, NOW)

    assert (first.kind, first.not_before) == (K.CONFIRMATION, NOW + rules.SETTLE)
    assert (second.kind, second.not_before) == (K.REMINDER, VISIT_AT - dt.timedelta(hours=24))


@pytest.mark.parametrize("channel", [Channel.NONE, Channel.SMS])
def test_nothing_is_queued_without_an_agreement_or_a_server(channel):
    visit = replace(BOOKED, channel=channel)

    assert kinds(visit, terms=replace(TERMS, channels=frozenset({Channel.EMAIL}))) == []


@pytest.mark.parametrize("state", list(S))
def test_what_was_begun_is_not_begun_again_in_any_state(state):
    told = [begun(1, state=state, retry_at=NOW), begun(2, K.REMINDER, state, retry_at=NOW)]

    queued = rules.queue(BOOKED, told, TERMS, NOW)
    assert [one.again for one in queued] == ([*told] if state is S.QUEUED else [])


def test_a_move_is_told_and_the_reminder_goes_with_the_new_time():
    told = [begun(1, starts_at=OTHER), begun(2, K.REMINDER, starts_at=OTHER)]

    assert kinds(BOOKED, told) == [K.MOVED, K.REMINDER]


def test_a_move_that_nobody_was_told_of_is_confirmed_as_a_booking():
    assert kinds(BOOKED, [begun(1, state=S.FAILED, starts_at=OTHER)])[0] is K.CONFIRMATION


def test_a_visit_that_moved_there_and_back_is_told_both_times_and_not_a_third():
    there = [begun(1), begun(2, K.MOVED, starts_at=OTHER)]

    assert kinds(BOOKED, there)[0] is K.MOVED
    assert kinds(BOOKED, [*there, begun(3, K.MOVED)]) == [K.REMINDER]


def test_a_move_taken_back_before_anybody_was_told_says_nothing():
    assert kinds(BOOKED, [begun(1), begun(2, K.MOVED, S.WITHHELD, OTHER)]) == [K.REMINDER]


def test_a_cancellation_is_told_to_who_knew_of_the_visit_only():
    assert kinds(CANCELLED, [begun(1)]) == [K.CANCELLATION]
    assert kinds(CANCELLED) == []
    assert kinds(CANCELLED, [begun(1, state=S.FAILED)]) == []


def test_what_is_taken_back_after_its_cancellation_is_confirmed_anew():
    told = [begun(1), begun(2, K.CANCELLATION)]

    assert kinds(BOOKED, told)[0] is K.CONFIRMATION
    assert kinds(CANCELLED, told) == []


def test_an_old_change_is_not_told_any_more():
    late = NOW + rules.FRESH + dt.timedelta(minutes=1)

    assert kinds(BOOKED, now=late) == [K.REMINDER]


def test_nothing_is_sent_about_what_is_over_or_has_begun():
    assert kinds(BOOKED, now=VISIT_AT) == []
    assert kinds(replace(BOOKED, is_on=False)) == []


def test_no_reminder_follows_a_message_of_the_same_half_day_or_comes_in_the_last_hour():
    soon = replace(BOOKED, changed_at=VISIT_AT - dt.timedelta(hours=30))
    now = VISIT_AT - dt.timedelta(hours=30)
    late = VISIT_AT - dt.timedelta(minutes=30)

    assert kinds(soon, now=now) == [K.CONFIRMATION]
    assert kinds(BOOKED, [begun(1, at=NOW - dt.timedelta(days=9))], now=late) == []


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-11-23T19:59", "2026-11-23T19:59"),
        ("2026-11-23T20:00", "2026-11-24T08:00"),
        ("2026-11-24T07:59", "2026-11-24T08:00"),
        ("2026-03-29T02:30", "2026-03-29T08:00"),
    ],
)
def test_quiet_hours_are_the_clinics_own_also_when_the_clocks_change(local, until):
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Berlin")
    instant = dt.datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
    wanted = dt.datetime.fromisoformat(until).replace(tzinfo=zone).astimezone(UTC)

    assert rules.outside_quiet(instant, TERMS) == (instant if local == until else wanted)


def test_a_reminder_that_the_quiet_would_delay_too_far_leaves_the_evening_before():
    early = replace(BOOKED, starts_at=dt.datetime(2026, 11, 27, 7, 30, tzinfo=UTC))
    terms = replace(TERMS, reminder_hours=3)

    queued = rules.queue(early, [begun(1, starts_at=early.starts_at)], terms, NOW)
    assert [one.not_before for one in queued] == [dt.datetime(2026, 11, 26, 18, 59, tzinfo=UTC)]


def test_a_sender_that_says_nothing_for_five_minutes_has_died():
    sending = begun(1, state=S.SENDING)

    assert not rules.is_uncertain(sending, NOW + rules.LEASE)
    assert rules.is_uncertain(sending, NOW + rules.LEASE + dt.timedelta(seconds=1))


def test_what_was_not_taken_is_tried_four_times_more():
    waits = [rules.next_try(tries, NOW) for tries in range(1, 6)]

    assert [wait and (wait - NOW).seconds // 60 for wait in waits] == [5, 15, 60, 240, None]


@pytest.mark.parametrize(
    "url",
    [
        "http://sms.example.org/",
        "https://a:b@sms.example.org/",
        "ftp://sms.example.org/",
        "https://",
        "https://sms.example.org/\nX: y",
        "https://[::1",
        "https://sms.example.org:99999/",
        "file:///etc/passwd",
    ],
)
def test_an_sms_never_goes_to_an_odd_address(url):
    assert not rules.may_call(url, is_testing=False)


def test_plain_http_is_for_this_machine_in_tests_only():
    assert rules.may_call("https://sms.example.org/v1?x=1", is_testing=False)
    assert rules.may_call("http://127.0.0.1:5/", is_testing=True)
    assert not rules.may_call("http://127.0.0.1:5/", is_testing=False)
    assert not rules.may_call("http://sms.example.org/", is_testing=True)
