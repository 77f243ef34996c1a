"""The protocol of a service: what a tap gives, how a dose stands to it, and who may write it."""

from dataclasses import replace

import pytest

from clinic.catalog import queries as catalog_queries
from clinic.catalog.values import Modality
from clinic.core.access import PASSWORD_FIELD, Role
from clinic.core.errors import Conflict, StaleEdit
from clinic.core.zones import Zone
from clinic.treatments.delivery import KeepProtocol
from clinic.treatments.queries import protocol as queries
from clinic.treatments.rules import limits, protocol, volumes
from clinic.treatments.rules.protocol import Fit
from clinic.treatments.service import protocol as service
from clinic.treatments.service import sessions
from tests import factories
from tests.accounts.conftest import PASSWORD
from tests.treatments.cases import A_DOSE, a_case, codes
from tests.treatments.conftest import some_sites
from tests.treatments.pages import text


@pytest.mark.parametrize("modality", [Modality.PRP, Modality.MESOTHERAPY])
def test_what_is_shipped_is_ours_and_inside_every_usual_limit(modality):
    found = protocol.shipped(modality)
    injection = limits.INJECTION[modality]

    assert found.is_shipped
    assert found.source.endswith("DD")
    assert set(found.doses) == set(Zone)
    for dose in found.doses.values():
        for limit, value in (
            (injection.each, dose.each_ul),
            (injection.depth, dose.depth_um),
            (limits.GAUGE, dose.needle_gauge),
            (limits.NEEDLE, dose.needle_um),
        ):
            assert limit.soft.holds(value), (limit.code, value)
        assert protocol.fit(dose, 100) is None, "a range is the clinic's to set"


@pytest.mark.parametrize(
    ("volume_ul", "fit"),
    [(0, None), (799, Fit.UNDER), (800, Fit.WITHIN), (1_200, Fit.WITHIN), (1_201, Fit.OVER)],
)
def test_a_dose_is_under_within_or_over_its_range(volume_ul, fit):
    assert protocol.fit(A_DOSE, volume_ul) is fit
    assert protocol.fit(replace(A_DOSE, least_ul=None, most_ul=None), volume_ul) is None


@pytest.mark.parametrize(
    ("count", "area_mm2", "modality", "found"),
    [
        (8, None, Modality.PRP, set()),
        (7, None, Modality.PRP, {"zone_dose_unusual"}),
        (13, None, Modality.MESOTHERAPY, {"zone_dose_unusual"}),
        (10, 2_000, Modality.PRP, set()),
        (10, 1_000, Modality.PRP, set()),
        (10, 999, Modality.PRP, {"density_unusual"}),
        (10, 2_001, Modality.PRP, {"density_unusual"}),
        (10, 999, Modality.MESOTHERAPY, set()),
    ],
)
def test_what_is_out_of_its_range_is_unusual(count, area_mm2, modality, found):
    own = protocol.Protocol(doses={Zone.VERTEX: A_DOSE}, is_shipped=False, source="")
    case = a_case(modality=modality, sites=some_sites(count))
    areas = {Zone.VERTEX: area_mm2} if area_mm2 else {}

    assert codes(protocol.unusual(case, own, areas)) == found


def keep(chair, db, *doses, role=Role.ADMINISTRATOR, **changes):
    version = catalog_queries.service(db, chair.prp.id).version
    fields = {"service_id": chair.prp.id, "version": version, "doses": doses, **changes}
    return service.keep(db, chair.actor(role), KeepProtocol(**fields))


def test_a_service_has_what_is_shipped_until_the_clinic_writes_its_own(chair, db):
    assert queries.of_service(db, chair.prp.id, Modality.PRP) == protocol.shipped(Modality.PRP)
    before = chair.prp.version
    keep(chair, db, A_DOSE)
    own = queries.of_service(db, chair.prp.id, Modality.PRP)
    assert (own.doses, own.is_shipped) == ({Zone.VERTEX: A_DOSE}, False)
    assert chair.prp.version == before + 1

    keep(chair, db, A_DOSE)
    assert chair.prp.version == before + 1, "the same again changes nothing"
    with pytest.raises(StaleEdit):
        keep(chair, db, version=before)
    keep(chair, db)
    assert queries.of_service(db, chair.prp.id, Modality.PRP).is_shipped


def test_a_consultation_has_no_protocol(chair, db):
    talk = factories.a_service(db, modality=Modality.CONSULTATION, name="Talk")

    with pytest.raises(Conflict):
        keep(chair, db, A_DOSE, service_id=talk.id, version=talk.version)


def test_a_dose_out_of_the_clinics_range_needs_a_tick(chair, db):
    keep(chair, db, A_DOSE)
    session = chair.prepared()
    assert volumes.total_ul(chair.whole().sites) == 4_000

    with pytest.raises(sessions.Unaccepted) as unaccepted:
        chair.sign(session)
    assert codes(unaccepted.value.unusual) == {"zone_dose_unusual"}
    chair.sign(session, chair.whole(soft_limits_accepted=True))


def test_the_administrator_writes_it_and_the_session_page_shows_it(chair, world, db):
    admin, physician = world.as_role(Role.ADMINISTRATOR), world.as_role(Role.PHYSICIAN)
    where = f"/clinic/services/{chair.prp.id}/protocol"
    assert physician.get(where).status_code == 403
    page = text(admin.get(where))
    assert "a design default after" in page
    assert "no guideline" in page
    session = chair.prepared()
    assert "as shipped: a design default" in text(physician.get(f"/sessions/{session.id}"))

    row = {
        "version": chair.prp.version,
        "points_vertex": "20",
        "each_vertex": "0,05",
        "depth_vertex": "2.5",
        "gauge_vertex": "31",
        "needle_vertex": "6",
        "technique_vertex": "nappage",
        "least_vertex": "0.8",
        "most_vertex": "1.2",
        PASSWORD_FIELD: PASSWORD,
    }
    for change, said in (
        ({"each_vertex": ""}, "each_vertex"),
        ({"each_vertex": "0.6"}, "each_vertex"),
        ({"most_vertex": ""}, "most_vertex"),
        ({"most_vertex": "0.7"}, "most_vertex"),
    ):
        refused = admin.post(where, {**row, **change})
        assert refused.status_code == 422
        assert f'id="{said}-err"' in text(refused)
    assert admin.post(where, row).status_code == 303
    db.expire_all()
    assert queries.of_service(db, chair.prp.id, Modality.PRP).doses == {Zone.VERTEX: A_DOSE}
    assert admin.post(where, {**row, "points_vertex": "21"}).status_code == 409

    page = text(physician.get(f"/sessions/{session.id}"))
    assert "protocol 0.80–1.20" in page
    assert "The protocol is the clinic’s own." in page
