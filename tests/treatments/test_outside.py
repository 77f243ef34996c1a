"""What was given outside of a limit: the record says it, by a tick and with the reason."""

import datetime as dt

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog import service as catalog
from clinic.catalog import stock
from clinic.catalog.models import OpenedVial, Product
from clinic.core.access import Role
from clinic.scheduling.values import AppointmentStatus
from clinic.treatments import points, record
from clinic.treatments.delivery import Anaesthesia
from clinic.treatments.queries import sessions as queries
from clinic.treatments.service import sessions as service
from clinic.treatments.values import AbortSession, Content, LotAmount, SessionState
from tests.conftest import NOW
from tests.treatments.conftest import TODAY, some_sites
from tests.treatments.pages import hidden, text, written
from tests.treatments.test_mixing import anothers_session

LATE = NOW + dt.timedelta(minutes=240, seconds=1)
TOO_OLD = "to_injection@points"


def refused(act, *args, **changes) -> list[str]:
    with pytest.raises(service.ContentRefused) as found:
        act(*args, **changes)
    return [breach.code for breach in found.value.breaches]


# ------------------------------------------------------------------------------------ too much


def overdose(chair, **changes) -> Content:
    """A microlitre more lidocaine than 52 kg allow."""
    fields = {
        "lots": (LotAmount(lot_id=chair.lidocaine.id, amount_ul=11_701),),
        "weight_g": 52_000,
        "weight_on": TODAY,
        "sites": some_sites(3),
        **changes,
    }
    return Content(**fields)


def test_an_overdose_that_was_given_is_written_down_by_breaking_off(chair, db):
    session = chair.prepared()
    given = overdose(chair)
    seen = "anaesthetic@amount_1"

    assert refused(chair.abort, session, given) == ["anaesthetic", "unstated"]
    assert refused(chair.abort, session, given, TOO_OLD) == ["anaesthetic", "unstated"]
    chair.abort(session, given, seen, reason="Restless")
    db.expire_all()

    ended = queries.get(db, session.id)
    assert (ended.is_aborted, ended.state) == (True, SessionState.SIGNED)
    assert (ended.abort_reason, ended.outside_reason) == ("Restless", "It was in the syringe")
    (said,) = record.outside_of(ended)
    assert said.as_dict()["dose"] == "234.02"
    assert '"outside":[{"code":"anaesthetic"' in record.canonical_text(ended)
    assert record.is_intact(ended)
    details = sa.select(AuditEvent.detail).where(AuditEvent.action == "treatment_session.aborted")
    assert db.scalars(details).all() == [{"outside": 1}]


def test_no_tick_lets_too_much_be_signed_as_a_whole_session(chair):
    session = chair.prepared()
    content = overdose(chair, sites=some_sites(), soft_limits_accepted=True)

    codes = refused(chair.sign, session, content, outside=("anaesthetic@amount_1",))

    assert codes == ["anaesthetic"]
    assert session.state is SessionState.DRAFT


def test_a_tick_for_one_dose_keeps_no_other(chair):
    session = chair.prepared()
    shown = chair.all_the_same(session, overdose(chair), ["anaesthetic@amount_1"])
    more = overdose(chair, lots=(LotAmount(lot_id=chair.lidocaine.id, amount_ul=50_000),))
    wish = AbortSession(
        session_id=session.id, version=session.version, content=more, reason="Faint", given=shown
    )

    assert refused(service.abort, chair.db, chair.actor(), wish) == ["anaesthetic", "unstated"]


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (lambda chair: overdose(chair, weight_g=None), "weight_missing@weight"),
        (
            lambda chair: overdose(chair, weight_on=TODAY - dt.timedelta(days=999)),
            "anaesthetic@amount_1 weight_too_old@weight_on",
        ),
        (lambda chair: Content(sites=some_sites(2, volume_ul=501)), "each@points"),
        (lambda chair: Content(sites=some_sites(2, depth_um=400)), "depth@points"),
    ],
)
def test_all_that_can_have_been_given_is_written_down(chair, content, seen):
    ended = chair.abort(chair.prepared(), content(chair), *seen.split())

    assert [one["code"] for one in ended.outside] == [
        one.partition("@")[0] for one in reversed(seen.split())
    ]


@pytest.mark.parametrize(
    "content",
    [
        Content(pain=11),
        Content(sites=some_sites(70)),  # more than the 6 mL that were obtained
        Content(lots=(LotAmount(lot_id=999_999),)),
        Content(weight_g=29_999),
    ],
)
def test_what_cannot_be_is_a_slip_and_no_tick_keeps_it(chair, content):
    session = chair.prepared()

    codes = refused(chair.abort, session, content, TOO_OLD)

    assert "unstated" not in codes
    assert session.state is SessionState.DRAFT


def test_an_anaesthetic_without_an_amount_is_kept_as_not_known(chair, world):
    session = chair.prepared()
    lots = (LotAmount(lot_id=chair.lidocaine.id),)
    given = Content(lots=lots, sites=some_sites(3), anaesthesia=(Anaesthesia.RING_BLOCK,))
    chair.save(session, given)

    assert refused(chair.abort, session, given) == ["amount_unknown", "unstated"]
    ended = chair.abort(session, given, "amount_unknown@amount_1")

    assert '"outside":[{"code":"amount_unknown"' in record.canonical_text(ended)
    assert record.is_intact(ended)
    page = text(world.as_role(Role.PHYSICIAN).get(f"/sessions/{session.id}"))
    assert "amount not known, so no limit could be checked" in page
    assert "not known</td>" in page
    assert "no lot of it is named" not in page


def test_an_amount_that_is_not_known_is_ticked_on_the_page_when_breaking_off(chair, world):
    session = chair.prepared()
    data = written(session, lot_1=str(chair.lidocaine.id), reason="Faint")
    physician = world.as_role(Role.PHYSICIAN)

    page = text(physician.post(f"/sessions/{session.id}/abort", data))
    assert "amount not known, so no limit could be checked" in page
    data |= {"outside_given": "y", "outside_reason": "Syringe thrown away"}
    data["outside_seen"] = hidden(page, "outside_seen")
    assert physician.post(f"/sessions/{session.id}/abort", data).status_code == 303
    # The same press once more, or from a second tab, ends nothing twice.
    again = physician.post(f"/sessions/{session.id}/abort", data)
    assert again.status_code == 303


def test_a_stale_page_is_told_and_breaks_nothing_off(chair, world):
    session = chair.prepared()
    data = written(session, reason="Faint")
    chair.save(session, Content(pain=3))

    answer = world.as_role(Role.PHYSICIAN).post(f"/sessions/{session.id}/abort", data)

    assert answer.status_code == 409
    assert session.state is SessionState.DRAFT


def test_nothing_is_marked_where_nothing_was_outside(chair):
    ended = chair.abort(chair.prepared(), Content(sites=some_sites(3)), TOO_OLD)

    assert (ended.outside, ended.outside_reason) == (None, None)


# ------------------------------------------------------------------------------------ too late


def test_what_was_injected_too_late_is_signed_as_that_and_the_visit_is_done(chair, clock):
    session = chair.prepared()
    clock(LATE)

    assert refused(chair.save, session, chair.whole()) == ["to_injection"]
    content = chair.whole(soft_limits_accepted=True)
    assert refused(chair.sign, session, content) == ["to_injection", "unstated"]
    signed = chair.sign(session, content, outside=(TOO_OLD,))

    assert not signed.is_aborted
    assert [one["code"] for one in signed.outside] == ["to_injection"]
    assert chair.visit.status is AppointmentStatus.DONE


def test_the_page_asks_and_the_record_shows_it(chair, world, clock, db):
    session = chair.prepared()
    clock(LATE)
    physician = world.as_role(Role.PHYSICIAN)
    url = f"/sessions/{session.id}"
    data = written(session, outside_seen="", outside_given="y", outside_reason="The lift was stuck")

    asked = physician.post(f"{url}/signature", data)
    page = text(asked)
    assert asked.status_code == 422
    assert "Outside of the limits" in page
    assert "The lift was stuck" in page
    assert hidden(page, "outside_seen").startswith(f"{TOO_OLD}#")
    tick = next(line for line in page.split("<input") if 'name="outside_given"' in line)
    assert "checked" not in tick.split(">")[0], "ticked before it was shown"

    data |= {"outside_seen": hidden(page, "outside_seen")}
    without_reason = physician.post(f"{url}/signature", {**data, "outside_reason": " "})
    assert without_reason.status_code == 422
    assert physician.post(f"{url}/signature", data).status_code == 303
    page = text(physician.get(url))
    for words in ("Given outside of the limits", "241 minutes", "The lift was stuck"):
        assert words in page


def test_a_nurse_is_told_and_asked_nothing(chair, world, clock):
    session = chair.prepared()
    clock(LATE)
    answer = world.as_role(Role.NURSE).post(f"/sessions/{session.id}", written(session))

    assert answer.status_code == 422
    assert "must not be injected" in text(answer)
    assert 'name="outside_given"' not in text(answer)


def test_too_much_is_offered_only_for_breaking_off(chair, world):
    session = chair.prepared()
    lot = {"lot_1": str(chair.lidocaine.id), "amount_1": "11.701"}
    data = written(session, **lot, weight="52", weight_on=TODAY.isoformat(), reason="Restless")
    data["points"] = points.dumps(some_sites(3))
    physician = world.as_role(Role.PHYSICIAN)

    page = text(physician.post(f"/sessions/{session.id}/signature", data))
    assert "only so can too much be written down" in page
    data |= {"outside_given": "y", "outside_reason": "Misread"}
    data["outside_seen"] = hidden(page, "outside_seen")
    assert physician.post(f"/sessions/{session.id}/signature", data).status_code == 422
    assert physician.post(f"/sessions/{session.id}/abort", data).status_code == 303
    page = text(physician.get(f"/sessions/{session.id}"))
    assert "234.02 mg is too much for 52 kg" in page
    assert "Misread" in page


# ----------------------------------------------------------------------------- stopped, thrown


def test_a_lot_stopped_after_it_was_kept_is_signed_with_the_reason_and_no_other(chair):
    content = chair.whole(lots=(LotAmount(lot_id=chair.vitamins.id, amount_ul=1_000),))
    session = chair.save(chair.prepared(), content)
    catalog.recall(chair.db, chair.actor(), chair.vitamins.id, "Called back by its maker")

    signed = chair.sign(session, content, outside=("lot_unusable@lot_1",))

    assert [one["code"] for one in signed.outside] == ["lot_unusable"]


def test_a_stopped_lot_that_nobody_kept_before_is_not_signed(chair):
    session = chair.prepared()
    catalog.recall(chair.db, chair.actor(), chair.vitamins.id, "Called back by its maker")
    content = chair.whole(lots=(LotAmount(lot_id=chair.vitamins.id, amount_ul=1_000),))

    codes = refused(chair.sign, session, content, outside=("lot_unusable@lot_1",))

    assert codes == ["lot_unusable"]


@pytest.fixture
def vial(chair, db):
    """A vial of the vitamins that an earlier session opened."""
    db.get_one(Product, chair.vitamins.product_id).open_hours = 24
    first = chair.signed()
    row = OpenedVial(
        lot_id=chair.vitamins.id,
        location_id=first.location_id,
        session_id=first.id,
        opened_at=NOW,
    )
    db.add(row)
    db.flush()
    return row


@pytest.fixture
def drafted(chair, vial):
    """Another patient's session, and what is to be written into it from that vial."""
    session = anothers_session(chair, chair.book(dt.datetime(2026, 11, 23, 15, 0)))
    lots = (LotAmount(lot_id=chair.vitamins.id, amount_ul=1_000, vial_id=vial.id),)
    return session, chair.whole(lots=lots)


def throw(chair, vial) -> None:
    stock.discard(chair.db, chair.actor(Role.NURSE), vial.id)


def test_a_vial_thrown_away_after_it_was_used_needs_no_word(chair, vial, drafted, clock):
    session, content = drafted
    chair.save(session, content)
    clock(NOW + dt.timedelta(minutes=5))
    throw(chair, vial)

    signed = chair.sign(session, content)

    assert (signed.outside, [use.vial_id for use in signed.lots]) == (None, [vial.id, None])


@pytest.mark.parametrize("act", ["sign", "abort"])
def test_a_vial_thrown_away_meanwhile_is_written_down_with_the_reason(chair, vial, drafted, act):
    session, content = drafted
    throw(chair, vial)
    tick = ("vial_gone@lot_1",)

    if act == "sign":
        assert refused(chair.sign, session, content) == ["vial_gone", "unstated"]
        ended = chair.sign(session, content, outside=tick)
    else:
        assert refused(chair.abort, session, content) == ["vial_gone", "unstated"]
        ended = chair.abort(session, content, *tick)

    assert [one["code"] for one in ended.outside] == ["vial_gone"]
    assert ended.lots[0].opened_at == NOW


@pytest.mark.parametrize("vial_id", [0, 999_999])
def test_a_vial_that_never_was_is_no_vial(chair, drafted, vial_id):
    session, _content = drafted
    lots = (LotAmount(lot_id=chair.vitamins.id, amount_ul=1_000, vial_id=vial_id),)

    assert refused(chair.abort, session, Content(lots=lots), "vial_gone@lot_1") == ["vial_unknown"]


def test_the_page_can_still_send_a_vial_that_was_thrown_away(chair, world, vial, drafted):
    session, content = drafted
    throw(chair, vial)
    physician = world.as_role(Role.PHYSICIAN)
    data = written(session, lot_1=f"{chair.vitamins.id}v{vial.id}", amount_1="1")

    page = text(physician.post(f"/sessions/{session.id}/signature", data))
    assert "This opened vial is not kept any more" in page
    seen = {"outside_seen": hidden(page, "outside_seen"), "outside_given": "y"}
    data |= {**seen, "outside_reason": "It was emptied into this syringe"}
    assert physician.post(f"/sessions/{session.id}/signature", data).status_code == 303
    signed = queries.get(chair.db, session.id)
    assert record.content_of(signed).lots == content.lots
