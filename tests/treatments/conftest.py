"""A chair to treat in: an arrived patient whom nothing stands against, kits and lots at hand."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.orm import Session

from clinic.catalog.models import Product, ProductLot, Service
from clinic.catalog.values import Modality, ProductKind, ResourceKind
from clinic.consents.models import Consent, ConsentText
from clinic.consents.values import ConsentKind
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.zones import Zone
from clinic.patients.models import Patient
from clinic.safety import queries as safety_queries
from clinic.safety import service as safety_service
from clinic.safety.values import FactKind, FactSource, RecordFact
from clinic.scheduling import queries as scheduling_queries
from clinic.scheduling.models import Appointment
from clinic.scheduling.values import AppointmentStatus
from clinic.treatments import judging
from clinic.treatments.models import TreatmentSession
from clinic.treatments.preparation_models import PrpPreparation
from clinic.treatments.preparation_values import (
    Activation,
    Anticoagulant,
    CheckTube,
    Kit,
    Preparation,
    SavePreparation,
    Spin,
)
from clinic.treatments.queries import sessions as queries
from clinic.treatments.rules import dose, scalp
from clinic.treatments.rules import outside as outside_rules
from clinic.treatments.service import identity, time_out
from clinic.treatments.service import preparation as preparations
from clinic.treatments.service import sessions as service
from clinic.treatments.values import (
    AbortSession,
    AllTheSame,
    BeginSession,
    Content,
    Page,
    Place,
    SaveSession,
    SignSession,
    Site,
    TimeOut,
    View,
)
from tests import factories
from tests.world import World

TODAY = dt.date(2026, 11, 23)
NEXT_YEAR = dt.date(2027, 11, 30)


def spot(zone: Zone, view: View = View.TOP) -> Place:
    """The place where a zone's short name stands: always inside."""
    shape = scalp.drawing(view).shape(zone)
    assert shape is not None
    x, y = scalp.permille(round(shape.label[0]), round(shape.label[1]))
    return Place(view=view, x_permille=x, y_permille=y)


def some_sites(count: int = 40, zone: Zone = Zone.VERTEX, **changes: Any) -> tuple[Site, ...]:
    fields: dict[str, Any] = {
        "zone": zone,
        "volume_ul": 100,
        "depth_um": 3_000,
        "needle_gauge": 30,
        "needle_um": 4_000,
        "place": spot(zone),
        **changes,
    }
    return tuple(Site(seq=n, **fields) for n in range(1, count + 1))


@dataclass
class Chair:
    """What a test treats with."""

    world: World
    db: Session
    alice: Patient
    prp: Service
    mesotherapy: Service
    kit: ProductLot
    lidocaine: ProductLot
    vitamins: ProductLot
    visit: Appointment

    def actor(self, role: Role = Role.PHYSICIAN) -> Actor:
        return self.world.actor(role)

    def knows(self, kind: FactKind, code: str, **changes: Any) -> None:
        fields = {"patient_id": self.alice.id, "noted_on": TODAY, **changes}
        safety_service.record_fact(
            self.db, self.actor(Role.NURSE), RecordFact(kind=kind, code=code, **fields)
        )

    def facts_hash(self, visit: Appointment | None = None) -> str:
        visit = visit or self.visit
        history = safety_queries.history_of(self.db, visit.patient_id)
        plan = scheduling_queries.plan_for(self.db, visit, history, on=TODAY)
        return safety_queries.check(self.db, history, plan, TODAY).facts_hash

    def wish(self, visit: Appointment | None = None, **changes: Any) -> BeginSession:
        visit = visit or self.visit
        fields = {
            "appointment_id": visit.id,
            "version": visit.version,
            "facts_hash": self.facts_hash(visit),
            "is_acknowledged": True,
            **changes,
        }
        return BeginSession(**fields)

    def begin(self, role: Role = Role.NURSE, visit: Appointment | None = None) -> TreatmentSession:
        """A session under way; the time-out was said, and the tube read where there is one."""
        made = self.begin_only(role, visit)
        self.say(made, role)
        if queries.get(self.db, made.id).preparation is not None:
            self.read_tube(made)
        return made

    def begin_only(
        self, role: Role = Role.NURSE, visit: Appointment | None = None
    ) -> TreatmentSession:
        """A session under way, and nothing more."""
        made = service.begin(self.db, self.actor(role), self.wish(visit))
        assert isinstance(made, TreatmentSession), made
        return made

    def say(self, session: TreatmentSession, role: Role = Role.NURSE) -> None:
        """Let somebody say the whole time-out."""
        for line in TimeOut:
            time_out.say(self.db, self.actor(role), session.id, line)
        self.db.expire(session, ["time_out"])

    def whole(self, **changes: Any) -> Content:
        """What is written at the map of a whole PRP session: 40 points, 4 mL."""
        fields: dict[str, Any] = {
            "sites": some_sites(),
            **changes,
        }
        return Content(**fields)

    def blood(self, **changes: Any) -> Preparation:
        """A whole preparation: 30 mL of blood just drawn, 5 mL of PRP, not activated."""
        fields: dict[str, Any] = {
            "drawn_at": clock.now(),
            "blood_ul": 30_000,
            "anticoagulant": Anticoagulant.ACD_A,
            "anticoagulant_ul": 3_000,
            "prp_ul": 5_000,
            "activation": Activation.NONE,
            "spins": (Spin(rcf_g=400, minutes=10),),
            "kits": (Kit(lot_id=self.kit.id),),
            **changes,
        }
        return Preparation(**fields)

    def row(self, session: TreatmentSession) -> PrpPreparation:
        """The row of a session's preparation as it is now."""
        row = queries.get(self.db, session.id).preparation
        assert row is not None
        return row

    def prepare(
        self,
        session: TreatmentSession,
        content: Preparation | None = None,
        role: Role = Role.NURSE,
        **changes: Any,
    ) -> PrpPreparation:
        """Let somebody write blood and PRP of a session."""
        row = self.row(session)
        wish = SavePreparation(
            session_id=session.id,
            version=changes.get("version", row.version),
            content=content or self.blood(),
            act=changes.get("act"),
            reason=changes.get("reason", ""),
        )
        return preparations.save(self.db, self.actor(role), wish)

    def read_tube(self, session: TreatmentSession, of: TreatmentSession | None = None) -> Any:
        """Let the tube of a session, or of another one, be read at its chair."""
        whose = of or session
        code = self.row(whose).tube_code
        if code is None:
            code = identity.print_label(self.db, self.actor(Role.NURSE), whose.id)
        wish = CheckTube(session_id=session.id, code=code)
        return identity.check(self.db, self.actor(), wish)

    def save(
        self, session: TreatmentSession, content: Content, role: Role = Role.NURSE, **changes: Any
    ) -> TreatmentSession:
        wish = SaveSession(
            session_id=session.id, version=changes.get("version", session.version), content=content
        )
        return service.save(self.db, self.actor(role), wish)

    def sign(
        self, session: TreatmentSession, content: Content | None = None, **changes: Any
    ) -> TreatmentSession:
        wish = SignSession(
            session_id=session.id,
            version=changes.get("version", session.version),
            content=content or self.whole(),
            page=changes.get("page", Page()),
            unusual_seen=changes.get("unusual_seen"),
            given=self.all_the_same(session, content or self.whole(), changes.get("outside", ())),
        )
        return service.sign(self.db, self.actor(), wish)

    def abort(
        self, session: TreatmentSession, content: Content, *outside: str, reason: str = "Faint"
    ) -> TreatmentSession:
        """Break off; `outside` is what is ticked as given all the same."""
        wish = AbortSession(
            session_id=session.id,
            version=session.version,
            content=content,
            reason=reason,
            given=self.all_the_same(session, content, outside),
        )
        return service.abort(self.db, self.actor(), wish)

    def all_the_same(
        self, session: TreatmentSession, content: Content, outside: Iterable[str]
    ) -> AllTheSame | None:
        """What somebody ticks as given outside of the limits; None for nothing.

        With the values that the page says of each, where it lists just these.
        """
        names = set(outside)
        if not names:
            return None
        judged = judging.judge(self.db, self.actor(), queries.get(self.db, session.id), content)
        given = outside_rules.given((*judged.refused, *dose.unknown(judged.case)))
        is_listed = {f"{one.code}@{one.field}" for one in given} == names
        seen = outside_rules.seen(given) if is_listed else " ".join(sorted(names))
        return AllTheSame(seen=seen, reason="It was in the syringe")

    def signed(self, content: Content | None = None) -> TreatmentSession:
        return self.sign(self.prepared(), content)

    def prepared(self) -> TreatmentSession:
        """A session begun, its blood drawn and its PRP at hand."""
        session = self.begin()
        self.prepare(session)
        return session

    def book(self, at: dt.datetime, service: Service | None = None, **changes: Any) -> Appointment:
        """A visit of Alice; arrived unless it says otherwise."""
        kinds = (ResourceKind.PRACTITIONER, ResourceKind.ROOM, ResourceKind.DEVICE)
        person, room, device = (
            factories.a_resource(self.db, location=self.world.location, kind=kind) for kind in kinds
        )
        return factories.an_appointment(
            self.db,
            location=self.world.location,
            patient=changes.pop("patient", self.alice),
            service=service or self.prp,
            practitioner=person,
            room=room,
            device=device,
            starts_local=at,
            **{"status": AppointmentStatus.ARRIVED, "arrived_at": clock.now(), **changes},
        )


@pytest.fixture
def chair(world: World, db: Session) -> Chair:
    return a_chair(world, db)


def a_chair(world: World, db: Session) -> Chair:
    alice = factories.a_patient(db, location=world.location, family_name="Okoye")
    prp = factories.a_service(db, name="PRP")
    meso = factories.a_service(db, modality=Modality.MESOTHERAPY, name="Mesotherapy")

    def lot(name: str, kind: ProductKind, lot_no: str, **changes: Any) -> ProductLot:
        product = Product(code=f"{kind.value}-{lot_no}", name=name, kind=kind, **changes)
        db.add(product)
        db.flush()
        row = ProductLot(product_id=product.id, lot_no=lot_no, expires_on=NEXT_YEAR)
        db.add(row)
        db.flush()
        return row

    chair = Chair(
        world=world,
        db=db,
        alice=alice,
        prp=prp,
        mesotherapy=meso,
        kit=lot("Angel kit", ProductKind.KIT, "K-17"),
        lidocaine=lot(
            "Lidocaine 2 %",
            ProductKind.ANAESTHETIC,
            "A-2",
            ingredient="lidocaine",
            strength_ug_per_ml=20_000,
        ),
        vitamins=lot("Hair mix", ProductKind.DRUG, "V-3", ingredient="vitamins"),
        visit=None,  # type: ignore[arg-type]
    )
    texts = [
        ConsentText(kind=kind, version_name="2026-1", in_force_from=dt.date(2026, 1, 1))
        for kind in (ConsentKind.PRP, ConsentKind.MESOTHERAPY)
    ]
    db.add_all(texts)
    db.flush()
    settle(chair, alice, texts)
    chair.visit = chair.book(dt.datetime(2026, 11, 23, 10, 0))
    return chair


def settle(chair: Chair, patient: Patient, texts: list[ConsentText]) -> None:
    """Let nothing stand against a patient."""
    for group in safety_queries.rules().groups:
        chair.knows(FactKind.REVIEW, group.code, patient_id=patient.id)
    chair.knows(
        FactKind.LAB, "platelets", value_milli=250_000, unit="10*9/L", patient_id=patient.id
    )
    for zone in Zone:
        chair.knows(
            FactKind.HAIR, "hair", zone=zone, source=FactSource.PHYSICIAN, patient_id=patient.id
        )
    for text in texts:
        chair.db.add(
            Consent(
                patient_id=patient.id,
                text_id=text.id,
                taken_by_id=chair.world.accounts[Role.NURSE].id,
                kind=text.kind,
                given_on=dt.date(2026, 11, 20),
                recorded_at=clock.now(),
            )
        )
    chair.db.flush()
