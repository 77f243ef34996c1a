"""The rows of the pages: who opens which address, and the ids of the demo that stand in it."""

from dataclasses import replace
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.accounts import service as accounts
from clinic.accounts.models import Account
from clinic.accounts.values import InviteAccount
from clinic.core import clock as clinic_clock
from clinic.core.access import Role
from clinic.merging import service as merging
from clinic.merging.values import MergePatients
from clinic.patients import service as patients
from clinic.patients.values import RegisterPatient
from clinic.scheduling import handovers
from clinic.treatments.preparation_models import Incident, PrpPreparation
from clinic.treatments.preparation_values import IncidentKind
from tests.browser.conftest import SECRET, Clinic
from tests.conftest import NOW

R, N, D, A = Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN, Role.ADMINISTRATOR
OPENED, CONFIRMED, SENT = "opened", "confirmed", "sent"
"""Tablets in a patient's hands: at the name, at the questions, afterwards. No role of anybody."""
NOT_PAGES = {
    "assets.show",
    "feeds.calendar",
    "health.live",
    "health.ready",
    "home",
    "papers.aftercare",
    "papers.consent",
    "papers.session_record",
    "photographs.picture",
    "photographs.thumbnail",
    "tablet.consent",
    "tablet.withdrawal",
    "trace.export",
}
"""What is no page: files, answers to machines, and the way to one's first page. The screens on
which a consent is signed and withdrawn are walked in `test_papers.py`."""

PAGES: dict[str, list[tuple[Role | str | None, str]]] = {
    "account.invitation": [(None, "/invitations/{token}")],
    "account.show": [(R, "/account")],
    "accounts.edit": [(A, "/people/{account}")],
    "accounts.index": [(A, "/people")],
    "accounts.new": [(A, "/people/new")],
    "accounts.sign_in": [(None, "/sign-in")],
    "approvals.dry_run": [
        (D, "/safety/dry-run?part=2026-10"),
        (A, "/safety/dry-run?part=coming"),
    ],
    "approvals.rechecking": [(D, "/safety/rechecks"), (D, "/safety/rechecks?after=2147483647")],
    "approvals.new": [(D, "/safety/approvals/new"), (A, "/safety/approvals/new")],
    "areas.edit": [(N, "/patients/{patient}/zone-areas")],
    "areas.table": [(D, "/zone-areas")],
    "audit.index": [(A, "/audit-trail")],
    "audit.patient": [(A, "/audit-trail/patients/{patient}")],
    "board.index": [
        (R, "/board"),
        (D, "/board?view=rooms"),
        (N, "/board?view=devices"),
        (D, "/board?view=week"),
        (R, "/board?view=list"),
        (D, "/board?view=list"),
        (R, "/board?date=2027-03-01"),
    ],
    "board.paper": [(R, "/board/paper"), (D, "/board/paper?view=rooms")],
    "catalog.edit": [(A, "/products/{product}")],
    "catalog.index": [(A, "/products")],
    "catalog.new": [(A, "/products/new")],
    "catalog.new_lot": [(A, "/products/{product}/lots/new")],
    "catalog.stopping": [(A, "/lots/{lot}/stop")],
    "chart.patient": [(D, "/patients/{warned}"), (R, "/patients/{blocked}")],
    "courses.due": [(R, "/courses-to-call")],
    "courses.new": [(R, "/patients/{patient}/courses/new")],
    "courses.plan": [(R, "/courses/{due_course}/plan"), (D, "/courses/{booked_course}/plan")],
    "courses.show": [(R, "/courses/{due_course}"), (D, "/courses/{booked_course}")],
    "feeds.index": [(A, "/clinic/feeds")],
    "followup.call": [(N, "/sessions/{signed}/calls/new?day=7")],
    "followup.index": [(N, "/follow-up")],
    "followup.report": [(N, "/sessions/{signed}/side-effects/new")],
    "followup.show": [(D, "/side-effects/{open_effect}"), (N, "/side-effects/{closed_effect}")],
    "identity.incident": [(D, "/incidents/{incident}"), (N, "/incidents/{incident}")],
    "identity.label": [(N, "/sessions/{draft_prp}/label")],
    "identity.show": [(N, "/sessions/{draft_prp}/identity")],
    "intake.consents": [(R, "/patients/{patient}/consents")],
    "intake.facts": [(N, "/patients/{blocked}/facts")],
    "intake.questions": [(N, "/appointments/{asked_visit}/questions")],
    "intake.review": [
        (D, "/appointments/{warned_visit}/review"),
        (N, "/appointments/{blocked_visit}/review"),
    ],
    "ledger.index": [(D, "/safety/ledger"), (A, "/safety/ledger")],
    "locations.edit": [(A, "/clinic")],
    "mailing.edit": [(A, "/clinic/messages")],
    "merging.index": [(R, "/patients/duplicates")],
    "merging.new": [
        (R, "/patients/{twin}/merge?patient_id={twice}"),
        (N, "/patients/{warned}/merge?patient_id={blocked}"),
    ],
    "merging.show": [(R, "/patients/decisions/{pair}")],
    "messages.contact": [(R, "/patients/{patient}/messages")],
    "patients.edit": [(R, "/patients/{patient}/edit")],
    "patients.index": [(R, "/patients?q=ha"), (R, "/patients"), (R, "/patients?q=zzzz")],
    "patients.new": [(R, "/patients/new?q=Haddad+Amira")],
    "photographing.new": [
        (N, "/patients/{pictured}/photographs/new?view=vertex"),
        (D, "/patients/{blocked}/photographs/new?view=trichoscopy&zone=vertex"),
    ],
    "photographing.views": [(N, "/patients/{pictured}/photographs/views")],
    "photographs.compare": [
        (D, "/patients/{pictured}/photographs/compare"),
        (D, "/patients/{pictured}/photographs/compare?view=vertex&mode=slider"),
        (N, "/patients/{pictured}/photographs/compare?view=vertex&mode=blink"),
        (N, "/patients/{blocked}/photographs/compare"),
    ],
    "photographs.edit": [(N, "/patients/{pictured}/photographs/{photograph}/edit")],
    "photographs.index": [
        (D, "/patients/{pictured}/photographs"),
        (N, "/patients/{blocked}/photographs"),
        (D, "/patients/{pictured}/photographs?use=photo_publication"),
    ],
    "photographs.show": [(D, "/patients/{pictured}/photographs/{photograph}")],
    "openings.index": [(R, "/openings?appointment_id={warned_visit}")],
    "blocks.index": [(R, "/blocks")],
    "blocks.new": [(R, "/blocks/new"), (A, "/blocks/new?resource_id={resource}")],
    "blocks.show": [(R, "/blocks/{block}"), (A, "/blocks/{block}")],
    "days.index": [(A, "/clinic/days")],
    "hours.edit": [(A, "/clinic/resources/{resource}/hours")],
    "hours.show": [(D, "/account/hours")],
    "outside.index": [(R, "/visits-outside-hours"), (A, "/visits-outside-hours")],
    "preparation.show": [
        (N, "/sessions/{draft_prp}/preparation"),
        (D, "/sessions/{signed_prp}/preparation"),
    ],
    "presets.edit": [(A, "/clinic/kits/{preset}")],
    "presets.index": [(A, "/clinic/kits")],
    "presets.new": [(A, "/clinic/kits/new")],
    "resources.edit": [(A, "/clinic/resources/{resource}")],
    "resources.index": [(A, "/clinic/resources")],
    "followup.actions": [(N, "/side-effects/{open_effect}/actions")],
    "followup.reaction": [(N, "/sessions/{draft}/reaction")],
    "rulebook.index": [(D, "/safety/rules"), (A, "/safety/rules?treatment=mesotherapy")],
    "rulebook.show": [
        (A, "/safety/rules/interval_short"),
        (A, "/safety/rules/plt_critical"),
        (D, "/safety/rules/nsaid_recent"),
    ],
    "safety.show": [(D, "/screenings/{screening}")],
    "scheduling.edit": [(R, "/appointments/{warned_visit}/edit")],
    "scheduling.past": [(N, "/appointments/past"), (D, "/appointments/past?date=2026-11-17")],
    "scheduling.new": [
        (R, "/appointments/new?patient_id={patient}&practitioner_id=1&date=2026-11-24&start=11:00"),
        (R, "/appointments/new"),
    ],
    "scheduling.show": [
        (D, "/appointments/{blocked_visit}"),
        (D, "/appointments/{released_visit}"),
        (R, "/appointments/{blocked_visit}"),
        (R, "/appointments/{cancelled_visit}"),
        (R, "/appointments/{written_visit}"),
    ],
    "scheduling.walk_in": [(R, "/appointments/walk-in")],
    "tablet.done": [(SENT, "/tablet/done")],
    "tablet.index": [(None, "/tablet"), (R, "/tablet")],
    "tablet.questions": [(CONFIRMED, "/tablet/questions")],
    "tablet.who": [(OPENED, "/tablet/name")],
    "settling.calls": [(R, "/visits-to-call")],
    "settling.index": [
        (D, "/visits-to-settle"),
        (N, "/visits-to-settle?whose=mine&until=today"),
    ],
    "protocol.edit": [(A, "/clinic/services/{service}/protocol")],
    "services.after": [(A, "/clinic/services/{service}/after")],
    "services.edit": [(A, "/clinic/services/{service}")],
    "services.index": [(A, "/clinic/services")],
    "services.new": [(A, "/clinic/services/new")],
    "counting.index": [(N, "/products/count")],
    "stock.correct": [(N, "/stock-movements/{receipt}/reversal")],
    "stock.new": [(N, "/products/receive")],
    "stock.show": [(D, "/lots/{lot}"), (A, "/lots/{lot}")],
    "texts.edit": [(A, "/consent-texts/prp/draft/en")],
    "texts.index": [(A, "/consent-texts"), (D, "/consent-texts")],
    "texts.show": [(D, "/consent-texts/{text}")],
    "trace.show": [(D, "/lots/{lot}/trace")],
    "treatments.index": [(D, "/sessions")],
    "treatments.prepare": [
        (D, "/appointments/{arrived_visit}/session"),
        (D, "/appointments/{blocked_visit}/session"),
    ],
    "treatments.show": [(D, "/sessions/{draft}"), (D, "/sessions/{signed}")],
    "waiting.edit": [(R, "/waiting-list/{entry}/edit")],
    "waiting.index": [(R, "/waiting-list")],
    "waiting.new": [(R, "/waiting-list/new?patient_id={patient}")],
    "waiting.who_fits": [
        (R, "/waiting-list/fitting?date=2026-11-24&start=09:00&minutes=240&practitioner_id=1"),
        (D, "/waiting-list/fitting"),
    ],
}
VISIT = (
    "SELECT {what} FROM appointment WHERE date(starts_local) = '2026-11-23' AND status = '{status}'"
    " {more} ORDER BY starts_local LIMIT 1"
)


def _visit(status: str = "booked", more: str = "", what: str = "id") -> str:
    return VISIT.format(status=status, more=f"AND {more}" if more else "", what=what)


IDS = {
    "account": "SELECT id FROM account WHERE login = 'nurse'",
    "patient": _visit(more="decision = 'allow' AND is_released = 0", what="patient_id"),
    "blocked": _visit(more="decision = 'block'", what="patient_id"),
    "warned": _visit(more="decision = 'review'", what="patient_id"),
    "blocked_visit": _visit(more="decision = 'block'"),
    "warned_visit": _visit(more="decision = 'review'"),
    "asked_visit": _visit(more="decision = 'ask'"),
    "released_visit": _visit(more="is_released = 1"),
    "cancelled_visit": _visit("cancelled"),
    "arrived_visit": _visit("arrived", "service_id = (SELECT id FROM service WHERE code = 'prp')"),
    "written_visit": "SELECT appointment_id FROM message WHERE state = 'uncertain'",
    "entry": "SELECT min(id) FROM waiting_entry",
    "screening": "SELECT id FROM screening WHERE decision = 'review' ORDER BY id DESC LIMIT 1",
    "due_course": (
        "SELECT min(id) FROM course WHERE status = 'active' AND NOT EXISTS (SELECT 1 FROM"
        " appointment AS a WHERE a.course_id = course.id AND a.status = 'booked')"
    ),
    "booked_course": (
        "SELECT min(course_id) FROM appointment WHERE status = 'booked'"
        " AND starts_local > '2026-11-25'"
    ),
    "pictured": (
        "SELECT patient_id FROM photograph GROUP BY patient_id ORDER BY count(*) DESC, patient_id"
        " LIMIT 1"
    ),
    "photograph": (
        "SELECT public_id FROM photograph WHERE patient_id = (SELECT patient_id FROM photograph"
        " GROUP BY patient_id ORDER BY count(*) DESC, patient_id LIMIT 1) ORDER BY id LIMIT 1"
    ),
    "twin": "SELECT min(id) FROM patient WHERE given_name = 'Noor'",
    "twice": "SELECT min(id) FROM patient WHERE given_name = 'Nour'",
    "product": "SELECT min(id) FROM product",
    "lot": "SELECT min(id) FROM product_lot",
    "receipt": "SELECT min(id) FROM stock_movement WHERE kind = 'receipt'",
    "block": "SELECT min(id) FROM block",
    "resource": "SELECT min(id) FROM resource",
    "service": "SELECT id FROM service WHERE code = 'prp'",
    "draft": "SELECT max(id) FROM treatment_session WHERE state = 'draft'",
    "draft_prp": (
        "SELECT max(session_id) FROM prp_preparation JOIN treatment_session AS s"
        " ON s.id = session_id WHERE s.state = 'draft' AND tube_code IS NOT NULL"
    ),
    "signed_prp": (
        "SELECT max(session_id) FROM prp_preparation JOIN treatment_session AS s"
        " ON s.id = session_id WHERE s.state = 'signed'"
    ),
    "preset": "SELECT min(id) FROM kit_preset",
    "text": "SELECT min(id) FROM consent_text",
    "signed": "SELECT max(id) FROM treatment_session WHERE state = 'signed'",
    "open_effect": "SELECT max(id) FROM side_effect WHERE closed_by_id IS NULL",
    "closed_effect": "SELECT max(id) FROM side_effect WHERE closed_by_id IS NOT NULL",
}
MAIN = {"board.index", "scheduling.show", "chart.patient", "treatments.show", "followup.index"}
"""The pages people work with all day: they are read from right to left too."""


class Case(NamedTuple):
    """One page for one role."""

    endpoint: str
    role: Role | str | None
    path: str
    status: int = 200

    def __str__(self) -> str:
        return f"{self.endpoint} {self.role or 'nobody'} {self.path}"


CASES = [Case(endpoint, *row) for endpoint, rows in PAGES.items() for row in rows]
REFUSALS = [
    Case("chart.patient", D, "/patients/2147483647", 404),
    Case("intake.review", R, "/appointments/{blocked_visit}/review", 403),
]


def fill(clinic: Clinic) -> dict[str, object]:
    """Return the ids of the demo that the addresses need."""
    with clinic.engine.connect() as connection:
        found = {name: connection.scalar(sa.text(sql)) for name, sql in IDS.items()}
    missing = [name for name, value in found.items() if value is None]
    assert missing == [], "the demo shows none of these"
    with clinic_clock.pretend(NOW), clinic.sessions.write() as db, db.begin():
        wish = InviteAccount(login="nina", name="Nina Vogel", role=N)
        _, token = accounts.invite(db, None, wish)
        tablets = {
            OPENED: hands_over(db, found["warned_visit"], OPENED),
            CONFIRMED: hands_over(db, found["asked_visit"], CONFIRMED),
            SENT: hands_over(db, found["blocked_visit"], SENT),
        }
        pair, incident = merges(db), mistakes(db)
    return {**found, "token": token, "pair": pair, "incident": incident, **tablets}


def mistakes(db: Session) -> int:
    """Let another patient's tube have been read at a chair; return the incident."""
    one, other = db.scalars(sa.select(PrpPreparation.session_id).order_by("session_id").limit(2))
    nurse = db.scalars(sa.select(Account.id).where(Account.login == "nurse")).one()
    row = Incident(
        kind=IncidentKind.WRONG_TUBE,
        session_id=one,
        other_session_id=other,
        reported_by_id=nurse,
        at=clinic_clock.now(),
    )
    db.add(row)
    db.flush()
    return row.id


def merges(db: Session) -> int:
    """Register somebody twice and merge the two records; return the decision."""
    desk = db.scalars(sa.select(Account).where(Account.login == "receptionist")).one()
    actor = replace(
        accounts.actor_of(desk, address="", request_id=""), confirmed_at=clinic_clock.now()
    )
    ids = [
        patients.register(
            db,
            actor,
            RegisterPatient(family_name="Sommer", given_name=given, birth_date=None, phone=""),
        ).id
        for given in ("Lea", "Leah")
    ]
    wish = MergePatients(
        patient_id=ids[0],
        other_id=ids[1],
        versions={},
        choices={"name": ids[1]},
        reason="One person: she showed her passport.",
    )
    return merging.merge(db, actor, wish).id


def hands_over(db: Session, visit_id: object, until: str) -> str:
    """Hand the tablet over for a visit; return the cookie of the tablet."""
    desk = db.scalars(sa.select(Account).where(Account.login == "receptionist")).one()
    actor = accounts.actor_of(desk, address="", request_id="")
    handover, code = handovers.hand_over(db, actor, int(str(visit_id)), secret=SECRET)
    request = handovers.Request(address="", request_id="")
    token = handovers.open_screen(db, code, secret=SECRET, request=request)
    handover.confirmed_at = None if until == OPENED else NOW
    if until == SENT:
        handover.answered_at = handover.ended_at = NOW
    return token
