"""Each role x each address x each method gives the answer of one table.

A new view needs a row in VIEWS, a new permission a row in MAY: what a view declares and what a role
holds are compared with these tables, and the answers are derived from them.
"""

import pytest
from flask import Flask
from werkzeug.routing import Rule

from clinic.core.access import ROLE_PERMISSIONS, Permission, Role
from clinic.web.access import permission_of
from tests.world import TOKEN, Visitor, World

P = Permission
PUBLIC = "public"
R, N, D, A = Role.RECEPTIONIST, Role.NURSE, Role.PHYSICIAN, Role.ADMINISTRATOR

MAY: dict[Permission, set[Role]] = {
    P.SIGNED_IN: {R, N, D, A},
    P.PATIENT_VIEW: {R, N, D},
    P.PATIENT_EDIT: {R, N, D},
    P.PATIENT_MERGE: {R, N, D},
    P.BOARD_VIEW: {R, N, D},
    P.APPOINTMENT_BOOK: {R, N, D},
    P.APPOINTMENT_CHECKIN: {R, N, D},
    P.TIME_BLOCK: {R, N, D, A},
    P.CONSENT_RECORD: {R, N, D},
    P.CHART_VIEW: {N, D},
    P.FACT_RECORD: {N, D},
    P.BOOK_RECHECK: {N, D},
    P.APPOINTMENT_OVERBOOK: {N, D},
    P.APPOINTMENT_ENTER_PAST: {N, D},
    P.SESSION_LOG: {N, D},
    P.PHOTOGRAPH_TAKE: {N, D},
    P.PHOTOGRAPH_REMOVE: {D},
    P.PHOTOGRAPH_EXPORT: {D},
    P.FOLLOWUP_CALL: {N, D},
    P.RELEASE: {D},
    P.SESSION_SIGN: {D},
    P.SIDE_EFFECT_CLOSE: {D},
    P.RULE_VIEW: {D, A},
    P.RULE_DRAFT: {A},
    P.RULE_APPROVE: {D},
    P.PRODUCT_MANAGE: {N, D, A},
    P.LOT_RELEASE: {D},
    P.TRACE_EXPORT: {D},
    P.ACCOUNT_MANAGE: {A},
    P.CLINIC_MANAGE: {A},
    P.AUDIT_VIEW: {A},
}

VIEWS: dict[str, Permission | str] = {
    "account.accept": PUBLIC,
    "account.change_password": P.SIGNED_IN,
    "account.end_others": P.SIGNED_IN,
    "account.invitation": PUBLIC,
    "account.show": P.SIGNED_IN,
    "accounts.create": P.ACCOUNT_MANAGE,
    "accounts.deactivate": P.ACCOUNT_MANAGE,
    "accounts.edit": P.ACCOUNT_MANAGE,
    "accounts.end_sessions": P.ACCOUNT_MANAGE,
    "accounts.index": P.ACCOUNT_MANAGE,
    "accounts.new": P.ACCOUNT_MANAGE,
    "accounts.open_session": PUBLIC,
    "accounts.prefer": PUBLIC,
    "accounts.reactivate": P.ACCOUNT_MANAGE,
    "accounts.renew_link": P.ACCOUNT_MANAGE,
    "accounts.sign_in": PUBLIC,
    "accounts.sign_out": P.SIGNED_IN,
    "accounts.update": P.ACCOUNT_MANAGE,
    "approvals.check_again": P.RULE_APPROVE,
    "approvals.create": P.RULE_APPROVE,
    "approvals.dry_run": P.RULE_VIEW,
    "approvals.new": P.RULE_VIEW,
    "approvals.rechecking": P.RULE_APPROVE,
    "assets.show": PUBLIC,
    "audit.check": P.AUDIT_VIEW,
    "audit.index": P.AUDIT_VIEW,
    "audit.patient": P.AUDIT_VIEW,
    "board.arrive": P.APPOINTMENT_CHECKIN,
    "board.book": P.APPOINTMENT_BOOK,
    "board.index": P.BOARD_VIEW,
    "board.register": P.PATIENT_EDIT,
    "board.move": P.APPOINTMENT_BOOK,
    "board.paper": P.BOARD_VIEW,
    "board.park": P.APPOINTMENT_BOOK,
    "board.place": P.APPOINTMENT_BOOK,
    "board.step": P.APPOINTMENT_CHECKIN,
    "board.take_off": P.APPOINTMENT_BOOK,
    "board.switch_names": P.BOARD_VIEW,
    "board.withhold": P.APPOINTMENT_BOOK,
    "catalog.create": P.PRODUCT_MANAGE,
    "catalog.create_lot": P.PRODUCT_MANAGE,
    "catalog.edit": P.PRODUCT_MANAGE,
    "catalog.update": P.PRODUCT_MANAGE,
    "mixing.look": P.SESSION_LOG,
    "trace.export": P.TRACE_EXPORT,
    "trace.show": P.CHART_VIEW,
    "stock.count": P.PRODUCT_MANAGE,
    "stock.discard": P.PRODUCT_MANAGE,
    "stock.new": P.PRODUCT_MANAGE,
    "stock.receive": P.PRODUCT_MANAGE,
    "stock.release": P.LOT_RELEASE,
    "stock.show": P.PRODUCT_MANAGE,
    "stock.take_back": P.PRODUCT_MANAGE,
    "stock.transfer": P.PRODUCT_MANAGE,
    "stock.waste": P.PRODUCT_MANAGE,
    "catalog.index": P.PRODUCT_MANAGE,
    "catalog.new": P.PRODUCT_MANAGE,
    "catalog.new_lot": P.PRODUCT_MANAGE,
    "catalog.stop": P.PRODUCT_MANAGE,
    "catalog.stopping": P.PRODUCT_MANAGE,
    "chart.patient": P.PATIENT_VIEW,
    "courses.create": P.APPOINTMENT_BOOK,
    "courses.due": P.APPOINTMENT_BOOK,
    "courses.log_call": P.APPOINTMENT_BOOK,
    "courses.new": P.APPOINTMENT_BOOK,
    "courses.plan": P.APPOINTMENT_BOOK,
    "courses.replan": P.APPOINTMENT_BOOK,
    "courses.resume": P.APPOINTMENT_BOOK,
    "courses.show": P.BOARD_VIEW,
    "courses.stop": P.APPOINTMENT_BOOK,
    "feeds.calendar": PUBLIC,
    "feeds.index": P.CLINIC_MANAGE,
    "feeds.make": P.CLINIC_MANAGE,
    "feeds.revoke": P.CLINIC_MANAGE,
    "followup.actions": P.FOLLOWUP_CALL,
    "followup.note_actions": P.FOLLOWUP_CALL,
    "followup.react": P.FOLLOWUP_CALL,
    "followup.reaction": P.FOLLOWUP_CALL,
    "followup.call": P.FOLLOWUP_CALL,
    "followup.close": P.SIDE_EFFECT_CLOSE,
    "followup.index": P.FOLLOWUP_CALL,
    "followup.log": P.FOLLOWUP_CALL,
    "followup.record": P.FOLLOWUP_CALL,
    "followup.report": P.FOLLOWUP_CALL,
    "followup.review": P.SIDE_EFFECT_CLOSE,
    "followup.show": P.CHART_VIEW,
    "health.live": PUBLIC,
    "health.ready": PUBLIC,
    "home": P.SIGNED_IN,
    "intake.answer": P.FACT_RECORD,
    "intake.consents": P.CONSENT_RECORD,
    "intake.facts": P.CHART_VIEW,
    "intake.mark_error": P.FACT_RECORD,
    "intake.questions": P.FACT_RECORD,
    "intake.record": P.FACT_RECORD,
    "intake.record_consent": P.CONSENT_RECORD,
    "intake.release": P.RELEASE,
    "intake.review": P.CHART_VIEW,
    "intake.withdraw_consent": P.CONSENT_RECORD,
    "ledger.index": P.RULE_VIEW,
    "locations.edit": P.CLINIC_MANAGE,
    "locations.update": P.CLINIC_MANAGE,
    "mailing.edit": P.CLINIC_MANAGE,
    "mailing.try_out": P.CLINIC_MANAGE,
    "mailing.update": P.CLINIC_MANAGE,
    "merging.apart": P.PATIENT_EDIT,
    "merging.create": P.PATIENT_MERGE,
    "merging.index": P.PATIENT_MERGE,
    "merging.new": P.PATIENT_MERGE,
    "merging.show": P.PATIENT_MERGE,
    "merging.undo": P.PATIENT_MERGE,
    "messages.contact": P.PATIENT_EDIT,
    "messages.note": P.PATIENT_EDIT,
    "messages.note_answer": P.APPOINTMENT_BOOK,
    "messages.note_seen": P.APPOINTMENT_BOOK,
    "messages.send_again": P.APPOINTMENT_BOOK,
    "messages.withhold": P.APPOINTMENT_BOOK,
    "papers.aftercare": P.APPOINTMENT_CHECKIN,
    "papers.consent": P.CONSENT_RECORD,
    "papers.session_record": P.CHART_VIEW,
    "patients.create": P.PATIENT_EDIT,
    "patients.edit": P.PATIENT_EDIT,
    "patients.index": P.PATIENT_VIEW,
    "patients.new": P.PATIENT_EDIT,
    "patients.update": P.PATIENT_EDIT,
    "photographing.create": P.PHOTOGRAPH_TAKE,
    "photographing.new": P.PHOTOGRAPH_TAKE,
    "photographing.views": P.PHOTOGRAPH_TAKE,
    "photographs.compare": P.CHART_VIEW,
    "photographs.edit": P.PHOTOGRAPH_TAKE,
    "photographs.give_out": P.PHOTOGRAPH_EXPORT,
    "photographs.index": P.CHART_VIEW,
    "photographs.picture": P.CHART_VIEW,
    "photographs.remove": P.PHOTOGRAPH_REMOVE,
    "photographs.restore": P.PHOTOGRAPH_REMOVE,
    "photographs.show": P.CHART_VIEW,
    "photographs.thumbnail": P.CHART_VIEW,
    "photographs.update": P.PHOTOGRAPH_TAKE,
    "openings.index": P.APPOINTMENT_BOOK,
    "blocks.create": P.TIME_BLOCK,
    "blocks.index": P.TIME_BLOCK,
    "blocks.lift": P.TIME_BLOCK,
    "blocks.move_all": P.APPOINTMENT_BOOK,
    "blocks.new": P.TIME_BLOCK,
    "blocks.show": P.TIME_BLOCK,
    "days.close": P.CLINIC_MANAGE,
    "days.create": P.CLINIC_MANAGE,
    "days.drop": P.CLINIC_MANAGE,
    "days.index": P.CLINIC_MANAGE,
    "days.open_again": P.CLINIC_MANAGE,
    "days.take_over": P.CLINIC_MANAGE,
    "hours.add_day": P.CLINIC_MANAGE,
    "hours.drop_day": P.CLINIC_MANAGE,
    "hours.edit": P.CLINIC_MANAGE,
    "hours.show": P.BOARD_VIEW,
    "hours.update": P.CLINIC_MANAGE,
    "outside.index": P.TIME_BLOCK,
    "outside.move_all": P.APPOINTMENT_BOOK,
    "resources.create": P.CLINIC_MANAGE,
    "resources.edit": P.CLINIC_MANAGE,
    "resources.index": P.CLINIC_MANAGE,
    "resources.update": P.CLINIC_MANAGE,
    "rulebook.draft": P.RULE_DRAFT,
    "rulebook.index": P.RULE_VIEW,
    "rulebook.show": P.RULE_VIEW,
    "rulebook.withdraw": P.RULE_DRAFT,
    "safety.show": P.CHART_VIEW,
    "scheduling.admit": P.APPOINTMENT_BOOK,
    "scheduling.arrive": P.APPOINTMENT_CHECKIN,
    "scheduling.begin": P.SESSION_LOG,
    "scheduling.cancel": P.APPOINTMENT_BOOK,
    "scheduling.confirm": P.APPOINTMENT_CHECKIN,
    "scheduling.create": P.APPOINTMENT_BOOK,
    "scheduling.edit": P.APPOINTMENT_BOOK,
    "scheduling.enter_past": P.APPOINTMENT_ENTER_PAST,
    "scheduling.finish": P.SESSION_LOG,
    "scheduling.hand_over": P.APPOINTMENT_CHECKIN,
    "scheduling.leave": P.APPOINTMENT_CHECKIN,
    "scheduling.move": P.APPOINTMENT_BOOK,
    "scheduling.new": P.APPOINTMENT_BOOK,
    "scheduling.no_show": P.APPOINTMENT_CHECKIN,
    "scheduling.past": P.APPOINTMENT_ENTER_PAST,
    "scheduling.ready": P.APPOINTMENT_CHECKIN,
    "scheduling.register": P.PATIENT_EDIT,
    "scheduling.reopen": P.APPOINTMENT_BOOK,
    "scheduling.room": P.APPOINTMENT_CHECKIN,
    "scheduling.show": P.BOARD_VIEW,
    "scheduling.strike": P.APPOINTMENT_ENTER_PAST,
    "scheduling.take_back": P.APPOINTMENT_CHECKIN,
    "scheduling.take_time_back": P.APPOINTMENT_CHECKIN,
    "scheduling.undo_arrive": P.APPOINTMENT_CHECKIN,
    "scheduling.walk_in": P.APPOINTMENT_BOOK,
    "tablet.confirm": PUBLIC,
    "tablet.consent": PUBLIC,
    "tablet.done": PUBLIC,
    "tablet.end": PUBLIC,
    "tablet.go_on": PUBLIC,
    "tablet.index": PUBLIC,
    "tablet.open_screen": PUBLIC,
    "tablet.questions": PUBLIC,
    "tablet.send": PUBLIC,
    "tablet.sign": PUBLIC,
    "tablet.speak": PUBLIC,
    "tablet.touch": PUBLIC,
    "tablet.who": PUBLIC,
    "settling.calls": P.APPOINTMENT_BOOK,
    "settling.index": P.CHART_VIEW,
    "services.create": P.CLINIC_MANAGE,
    "services.edit": P.CLINIC_MANAGE,
    "services.index": P.CLINIC_MANAGE,
    "services.new": P.CLINIC_MANAGE,
    "services.update": P.CLINIC_MANAGE,
    "areas.edit": P.FACT_RECORD,
    "areas.set_table": P.SESSION_SIGN,
    "areas.table": P.SESSION_SIGN,
    "areas.update": P.FACT_RECORD,
    "drafts.discard": P.SESSION_LOG,
    "drafts.keep": P.SESSION_LOG,
    "drafts.say": P.SESSION_LOG,
    "texts.edit": P.RULE_DRAFT,
    "texts.force": P.RULE_APPROVE,
    "texts.index": P.RULE_VIEW,
    "texts.show": P.RULE_VIEW,
    "texts.update": P.RULE_DRAFT,
    "treatments.abort": P.SESSION_SIGN,
    "treatments.add": P.SESSION_SIGN,
    "identity.check": P.SESSION_LOG,
    "identity.close": P.SESSION_SIGN,
    "identity.incident": P.CHART_VIEW,
    "identity.label": P.SESSION_LOG,
    "identity.print_label": P.SESSION_LOG,
    "identity.show": P.SESSION_LOG,
    "preparation.show": P.SESSION_LOG,
    "presets.create": P.CLINIC_MANAGE,
    "presets.edit": P.CLINIC_MANAGE,
    "presets.index": P.CLINIC_MANAGE,
    "presets.new": P.CLINIC_MANAGE,
    "presets.update": P.CLINIC_MANAGE,
    "preparation.save": P.SESSION_LOG,
    "treatments.begin": P.SESSION_LOG,
    "treatments.index": P.CHART_VIEW,
    "treatments.prepare": P.SESSION_LOG,
    "treatments.save": P.SESSION_LOG,
    "treatments.show": P.CHART_VIEW,
    "treatments.sign": P.SESSION_SIGN,
    "waiting.accept": P.APPOINTMENT_BOOK,
    "waiting.create": P.APPOINTMENT_BOOK,
    "waiting.decline": P.APPOINTMENT_BOOK,
    "waiting.edit": P.APPOINTMENT_BOOK,
    "waiting.index": P.APPOINTMENT_BOOK,
    "waiting.new": P.APPOINTMENT_BOOK,
    "waiting.offer": P.APPOINTMENT_BOOK,
    "waiting.remove": P.APPOINTMENT_BOOK,
    "waiting.tell": P.APPOINTMENT_BOOK,
    "waiting.update": P.APPOINTMENT_BOOK,
    "waiting.who_fits": P.APPOINTMENT_BOOK,
    "waiting.withdraw": P.APPOINTMENT_BOOK,
}

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SAFE = {"GET", "HEAD", "OPTIONS"}
REACHED = {200, 201, 204, 303, 404, 409, 422}
"""Answers of a view to somebody who may use it: ids that do not exist, forms that are empty."""
NOBODY_S = 2**31 - 1
CLINICAL = {
    P.PATIENT_VIEW,
    P.PATIENT_EDIT,
    P.PATIENT_MERGE,
    P.CHART_VIEW,
    P.FACT_RECORD,
    P.SESSION_LOG,
}
CLINICAL |= {P.PHOTOGRAPH_TAKE, P.PHOTOGRAPH_REMOVE, P.PHOTOGRAPH_EXPORT}
CLINICAL |= {P.RELEASE, P.SESSION_SIGN, P.FOLLOWUP_CALL, P.SIDE_EFFECT_CLOSE, P.BOARD_VIEW}


def rules(app: Flask) -> list[Rule]:
    return list(app.url_map.iter_rules())


def address(app: Flask, rule: Rule) -> str:
    """Return an address of the rule whose ids stand for nothing."""
    values = {name: NOBODY_S if name.endswith("_id") else "x" * 43 for name in rule.arguments}
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values)


def test_every_view_has_a_row_and_every_row_a_view(app):
    views = {rule.endpoint for rule in rules(app)}

    assert sorted(views - set(VIEWS)) == [], "give these a row in VIEWS"
    assert sorted(set(VIEWS) - views) == [], "these views are gone"


@pytest.mark.parametrize("endpoint", sorted(VIEWS))
def test_a_view_declares_what_the_table_says(app, endpoint):
    assert permission_of(app.view_functions[endpoint]) == VIEWS[endpoint]


def test_a_role_holds_what_the_table_says():
    assert set(MAY) == set(Permission)
    for role, held in ROLE_PERMISSIONS.items():
        assert held == {permission for permission, roles in MAY.items() if role in roles}


def test_an_administrator_holds_nothing_clinical():
    assert ROLE_PERMISSIONS[A].isdisjoint(CLINICAL)


def test_what_is_public_shows_no_patient():
    """But the tablet, to the patient themselves: tests/intake/test_tablet.py."""
    public = {endpoint for endpoint, needed in VIEWS.items() if needed == PUBLIC}

    assert {endpoint.split(".")[0] for endpoint in public} == {
        "account",
        "accounts",
        "assets",
        "feeds",  # service, room and link: a secret address of 43 characters
        "health",
        "tablet",
    }


def test_no_get_writes_and_no_post_reads(app):
    for rule in rules(app):
        methods = (rule.methods or set()) - SAFE
        assert methods <= {"POST"}, rule
        assert not (methods and "GET" in (rule.methods or set())), rule


def browser(world: World, role: Role | None) -> tuple[Visitor, str]:
    """Return a fresh browser and the token of its pages, from a page that costs little."""
    visitor = world.as_role(role) if role else world.stranger()
    page = visitor.get("/account" if role else "/sign-in").get_data(as_text=True)
    found = TOKEN.search(page)
    assert found
    return visitor, found[1]


def expected(role: Role | None, endpoint: str, method: str) -> str:
    needed = VIEWS[endpoint]
    if needed == PUBLIC:
        return "reached"
    if role is None:
        return "sent to sign in" if method in SAFE else "401"
    return "reached" if isinstance(needed, Permission) and role in MAY[needed] else "403"


def answered(response) -> str:
    if response.status_code == 303 and response.location.startswith("/sign-in?next="):
        return "sent to sign in"
    return "reached" if response.status_code in REACHED else str(response.status_code)


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role or "stranger")
def test_every_address_answers_as_the_table_says(world, role):
    app = world.app
    offered: dict[str, dict[str, str]] = {}
    for rule in rules(app):
        by_method = offered.setdefault(address(app, rule), {})
        by_method |= dict.fromkeys(rule.methods or (), rule.endpoint)

    wrong = []
    for url, by_method in offered.items():
        visitor, token = browser(world, role)
        for method in METHODS:
            form = {"csrf_token": token} if method not in SAFE else None
            response = visitor.client.open(url, method=method, data=form)
            endpoint = by_method.get(method)
            if method == "OPTIONS":
                endpoint = by_method.get("OPTIONS")
            wanted = expected(role, endpoint, method) if endpoint else "405"
            if answered(response) != wanted:
                wrong.append((method, url, wanted, response.status_code))

    assert wrong == []


def test_a_poll_of_somebody_whose_session_ended_is_no_redirect(app):
    client = app.test_client()
    for rule in rules(app):
        if "GET" in (rule.methods or ()) and VIEWS.get(rule.endpoint) != PUBLIC:
            answer = client.get(address(app, rule), headers={"X-Background": "1"})
            assert answer.status_code == 401, rule.endpoint


@pytest.mark.parametrize("role", list(Role))
def test_a_menu_offers_what_the_role_may_open_and_nothing_else(world, role):
    app = world.app
    page = world.as_role(role).get("/account").get_data(as_text=True)
    rail = page.split('<nav aria-label="Main">')[1].split("</nav>")[0]

    opened = 0
    for rule in rules(app):
        if not rule.arguments and f'href="{rule.rule}"' in rail and "GET" in (rule.methods or ()):
            assert role in MAY[Permission(VIEWS[rule.endpoint])], rule.endpoint
            opened += 1
    assert opened >= 2
