"""Anaesthesia, antisepsis and guidance: what goes together, and that the record keeps them."""

from dataclasses import replace

import pytest

from clinic.core.access import Role
from clinic.safety.values import FactKind
from clinic.treatments import record
from clinic.treatments.delivery import Anaesthesia, Antisepsis, Guidance
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules import delivering
from clinic.treatments.rules.barring import Bars
from clinic.treatments.service import sessions as service
from tests.treatments.cases import LIDOCAINE, a_case, codes

SAID = {
    "anaesthesia": (Anaesthesia.VIBRATION, Anaesthesia.COOLING),
    "antisepsis": Antisepsis.CHLORHEXIDINE_ALCOHOL,
    "guidance": Guidance.TRICHOSCOPY,
}


@pytest.mark.parametrize(
    ("said", "numbed", "refused", "unusual"),
    [
        ((), True, set(), set()),
        ((Anaesthesia.NONE,), False, set(), set()),
        ((Anaesthesia.NONE, Anaesthesia.COOLING), False, {"anaesthesia_none"}, set()),
        ((Anaesthesia.NONE,), True, {"anaesthesia_none"}, set()),
        ((Anaesthesia.TOPICAL, Anaesthesia.COOLING), True, set(), set()),
        ((Anaesthesia.TOPICAL,), False, set(), {"anaesthesia_without_lot"}),
        ((Anaesthesia.RING_BLOCK,), False, set(), {"anaesthesia_without_lot"}),
        ((Anaesthesia.NERVE_BLOCK,), False, set(), {"anaesthesia_without_lot"}),
        ((Anaesthesia.VIBRATION, Anaesthesia.COOLING), False, set(), set()),
    ],
)
def test_an_anaesthesia_goes_with_its_lots(said, numbed, refused, unusual):
    used = (replace(LIDOCAINE, amount_ul=1_000),) if numbed else ()
    case = a_case(used=used, anaesthesia=said)

    assert codes(delivering.refused(case, Bars())) == refused
    assert codes(delivering.unusual(case)) == unusual


def test_what_was_said_is_kept_signed_and_intact(chair, db):
    session = chair.signed(chair.whole(**SAID))
    db.expunge_all()
    kept = queries.get(db, session.id)
    found = record.content_of(kept)

    assert {name: getattr(found, name) for name in SAID} == SAID
    assert kept.content_format == 4
    assert '"anaesthesia":["vibration","cooling"]' in record.canonical_text(kept)
    assert record.is_intact(kept)


def test_the_guidance_of_the_session_goes_into_marspill(chair, db):
    session = chair.signed(chair.whole(**SAID))
    kept = queries.get(db, session.id)

    assert record.preparation_of(kept).guidance is None
    assert record.led(kept, record.preparation_of(kept)).guidance is Guidance.TRICHOSCOPY


@pytest.mark.parametrize("agent", [Antisepsis.CHLORHEXIDINE, Antisepsis.CHLORHEXIDINE_ALCOHOL])
def test_an_antiseptic_the_patient_is_allergic_to_is_refused_at_its_field(chair, agent):
    session = chair.prepared()
    chair.knows(FactKind.ALLERGY, "chlorhexidine")

    with pytest.raises(service.ContentRefused) as refused:
        chair.save(session, chair.whole(antisepsis=agent), Role.PHYSICIAN)
    assert refused.value.field == "antisepsis"
    chair.save(session, chair.whole(antisepsis=Antisepsis.OCTENIDINE), Role.PHYSICIAN)


def test_the_page_keeps_what_was_ticked_and_the_record_says_it(chair, world, db):
    session = chair.prepared()
    physician = world.as_role(Role.PHYSICIAN)
    form = {
        "version": session.version,
        "points": "[]",
        "anaesthesia": ["vibration", "cooling"],
        "antisepsis": "octenidine",
        "guidance": "trichoscopy",
    }
    assert physician.post(f"/sessions/{session.id}", form).status_code == 303
    db.expire_all()
    kept = record.content_of(queries.get(db, session.id))
    assert kept.anaesthesia == SAID["anaesthesia"]
    page = physician.get(f"/sessions/{session.id}").text
    assert 'checked id="anaesthesia-4"' in page

    both = {
        **form,
        "version": queries.get(db, session.id).version,
        "anaesthesia": ["none", "topical"],
    }
    refused = physician.post(f"/sessions/{session.id}", both)
    assert refused.status_code == 422
    assert "stands alone" in refused.text

    chair.sign(queries.get(db, session.id), chair.whole(**SAID))
    page = physician.get(f"/sessions/{session.id}").text
    for word in ("Vibration, Cooling", "Chlorhexidine in alcohol", "Trichoscopy"):
        assert word in page
