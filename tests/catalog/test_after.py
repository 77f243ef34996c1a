"""What follows a session of a service: days to call on, and the clinic's own words."""

import pytest
import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.catalog import queries, services
from clinic.catalog.after_values import FOLLOW_UP_DAYS, KeepAfter
from clinic.catalog.values import Modality
from clinic.core.access import Role
from clinic.core.errors import NotFound, StaleEdit
from tests import factories


@pytest.fixture
def mesotherapy(world, db):
    return factories.a_service(db, modality=Modality.MESOTHERAPY, name="Mesotherapy")


def url(service):
    return f"/clinic/services/{service.id}/after"


def form(service, **changes):
    return {"version": service.version, "days": "1, 7, 60", "words_de": "", **changes}


def text(answer):
    return answer.get_data(as_text=True)


def test_a_service_begins_with_the_days_of_its_kind(world, db, mesotherapy):
    after = queries.after(db, mesotherapy.id)

    assert (after.days, after.is_shipped) == ((1, 7, 60), True)
    assert queries.follow_up_days(db)[mesotherapy.id] == (1, 7, 60)


def test_the_clinic_sets_its_own_days_and_words(world, db, mesotherapy):
    admin = world.as_role(Role.ADMINISTRATOR)
    wish = form(mesotherapy, days="60 1;3, 7", words_de="Kein Hut.\nKein <b>Gel</b>.")

    answer = admin.post(url(mesotherapy), wish)

    assert answer.status_code == 303
    db.refresh(mesotherapy)
    assert mesotherapy.follow_up_days == [1, 3, 7, 60]
    assert mesotherapy.aftercare == {"de": "Kein Hut.\nKein <b>Gel</b>."}
    assert "Kein &lt;b&gt;Gel" in text(admin.get(url(mesotherapy)))
    (line,) = db.scalars(sa.select(AuditEvent).where(AuditEvent.action == "service.changed"))
    assert "Kein Hut" in str(line.detail)
    assert "1, 3, 7, 60" in str(line.detail)


def test_the_usual_days_typed_in_stay_the_usual_ones(world, db, mesotherapy):
    wish = KeepAfter(
        service_id=mesotherapy.id,
        version=mesotherapy.version,
        days=FOLLOW_UP_DAYS[Modality.MESOTHERAPY],
        words={"de": "Kein Hut.", "en": ""},
    )
    services.keep_after(db, world.actor(Role.ADMINISTRATOR), wish)

    assert (mesotherapy.follow_up_days, mesotherapy.aftercare) == (None, {"de": "Kein Hut."})


def test_a_day_that_is_added_asks_for_calls_from_then_on_only(world, db, mesotherapy):
    def keep(*days):
        wish = KeepAfter(
            service_id=mesotherapy.id, version=mesotherapy.version, days=days, words={}
        )
        services.keep_after(db, world.actor(Role.ADMINISTRATOR), wish)
        db.flush()
        return mesotherapy.follow_up_since

    assert keep(1, 7, 30, 60) == {"30": "2026-11-23"}
    assert keep(1, 7, 30) == {"30": "2026-11-23"}
    assert keep(1, 7, 60) == {"60": "2026-11-23"}  # taken away and added again


def test_a_mesotherapy_without_a_late_call_is_warned_of(world, db, mesotherapy):
    admin = world.as_role(Role.ADMINISTRATOR)
    assert "infection with mycobacteria" not in text(admin.get(url(mesotherapy)))

    admin.post(url(mesotherapy), form(mesotherapy, days="1, 7"))

    assert "infection with mycobacteria" in text(admin.get(url(mesotherapy)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"days": ""}, "Please fill this in"),
        ({"days": "0"}, "Days from 1 to 400"),
        ({"days": "401"}, "Days from 1 to 400"),
        ({"days": "1, x"}, "Days from 1 to 400"),
        ({"days": ", ,"}, "Days from 1 to 400"),
        ({"days": " ".join(map(str, range(1, 14)))}, "Days from 1 to 400"),
        ({"words_de": "x" * 801}, "At most 800"),
        ({"words_ar": "x\n" * 9}, "At most 8 lines"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(world, db, mesotherapy, changes, words):
    answer = world.as_role(Role.ADMINISTRATOR).post(url(mesotherapy), form(mesotherapy, **changes))

    assert answer.status_code == 422
    assert words in text(answer)


def test_who_was_slower_keeps_what_was_typed(world, db, mesotherapy):
    admin = world.as_role(Role.ADMINISTRATOR)
    stale = form(mesotherapy, days="1, 9", words_de="Meins.")
    admin.post(url(mesotherapy), form(mesotherapy, days="1, 8", words_de="Seins."))

    answer = admin.post(url(mesotherapy), stale)

    assert answer.status_code == 409
    for said in ("1, 8", "1, 9", "Meins.", "Seins."):
        assert said in text(answer)


def test_a_consultation_has_no_after(world, db):
    talk = factories.a_service(db, modality=Modality.CONSULTATION)
    admin = world.as_role(Role.ADMINISTRATOR)

    assert admin.get(url(talk)).status_code == 404
    with pytest.raises(NotFound):
        services.keep_after(
            db,
            world.actor(Role.ADMINISTRATOR),
            KeepAfter(service_id=talk.id, version=talk.version, days=(1,), words={}),
        )


def test_only_the_administrator_may(world, db, mesotherapy):
    for role in (Role.PHYSICIAN, Role.NURSE, Role.RECEPTIONIST):
        assert world.as_role(role).get(url(mesotherapy)).status_code == 403


def test_a_change_seen_at_another_version_is_refused(world, db, mesotherapy):
    wish = KeepAfter(
        service_id=mesotherapy.id, version=mesotherapy.version + 1, days=(1,), words={}
    )
    with pytest.raises(StaleEdit):
        services.keep_after(db, world.actor(Role.ADMINISTRATOR), wish)


@pytest.mark.parametrize("missing", ["phone", "emergency_phone"])
def test_a_clinic_without_a_number_is_told_where_it_can_be_mended(world, db, mesotherapy, missing):
    admin = world.as_role(Role.ADMINISTRATOR)
    assert "whom to call" not in text(admin.get(url(mesotherapy))) + text(admin.get("/clinic"))

    setattr(world.location, missing, "")
    db.flush()

    assert 'href="/clinic">Write them down' in text(admin.get(url(mesotherapy)))
    assert "whom to call" in text(admin.get("/clinic"))
