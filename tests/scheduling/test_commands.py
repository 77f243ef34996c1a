"""The sheet for the paper folder: who comes, whom to call, what holds, in the role's words."""

import datetime as dt
import re

import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.safety.values import FactKind
from clinic.scheduling.values import AppointmentStatus


def sheet(app, *arguments):
    result = app.test_cli_runner().invoke(args=["downtime-sheet", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_tomorrow_is_printed_with_phones_and_rooms(app, desk):
    desk.book()
    shown = sheet(app)
    assert "visits of Tuesday, 24 November 2026 (2026-11-24), for the receptionist" in shown
    assert re.search(r"10:00-10:30  Leyla Demir, born 1985-04-12, file T-\d+", shown)
    assert f"Consultation in Room 1. Phone: {desk.alice.phone}" in shown
    assert "Emergency phone: +493012345699" in shown


def test_reception_reads_no_clinical_word_and_the_physician_all_of_it(app, desk):
    desk.knows(FactKind.MEDICATION, "anticoagulant", label="Enoxaparin 40 mg")
    desk.book(service_id=desk.prp.id)
    reception = sheet(app)
    assert "! Physician must review" in reception
    assert "Enoxaparin" not in reception
    physician = sheet(app, "--role", "physician")
    assert "! Physician review: Takes a blood thinner: Enoxaparin 40 mg." in physician
    assert "! Not known yet:" in physician


def test_another_day_can_be_printed_and_an_empty_one_says_so(app, desk):
    desk.book(starts_local=dt.datetime(2026, 11, 26, 9, 0))
    assert "09:00-09:30  Leyla Demir" in sheet(app, "--date", "2026-11-26")
    assert "No visits." in sheet(app)


def test_who_does_not_come_is_not_on_the_sheet(app, desk):
    visit = desk.book()
    visit.status, visit.occupies, visit.cancel_reason = AppointmentStatus.CANCELLED, False, "clinic"
    desk.db.flush()
    assert "Leyla" not in sheet(app)


def test_printing_leaves_a_trace_without_names(app, desk):
    desk.book()
    sheet(app)
    row = desk.db.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "downtime_sheet.printed")
    ).one()
    assert row.detail == {"role": "receptionist", "count": 1}


def test_a_day_that_does_not_exist_is_refused(app):
    result = app.test_cli_runner().invoke(args=["downtime-sheet", "--date", "2026-02-31"])
    assert result.exit_code == 2
