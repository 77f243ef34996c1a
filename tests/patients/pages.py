"""What the tests of patients' pages send, and what they read."""

import sqlalchemy as sa

from clinic.audit.models import AuditEvent
from clinic.patients.models import Patient

FOUR = {
    "family_name": "Müller",
    "given_name": "Anna",
    "birth_date": "1985-04-12",
    "phone": "0151 12345678",
}
KEY = "abcdefghijklmnopqrstuvwx"
BOOKING = "/appointments/new?date=2026-11-24&start=10:00"
BAD = [
    ("family_name", "", "Please fill this in"),
    ("family_name", "   ", "Please fill this in"),
    ("family_name", "x" * 121, "At most 120 characters"),
    ("family_name", "A\x00B", "cannot be stored"),
    ("family_name", "A\u202eB", "cannot be stored"),
    ("given_name", "x" * 121, "At most 120 characters"),
    ("birth_date", "31.02.1985", "no such day"),
    ("birth_date", "1899-12-31", "Not before 1900-01-01"),
    ("birth_date", "2026-11-24", "Not after 2026-11-23"),
    ("birth_date", "0000-00-00", "no such day"),
    ("birth_date", "99999-01-01", "Enter a date"),
    ("birth_date", "yesterday", "Enter a date"),
    ("birth_date", "\x00", "cannot be stored"),
    ("phone", "1", "phone number"),
    ("phone", "hello", "no phone number"),
    ("phone", "+999 1234567", "phone number"),
    ("phone", "0151 12345678901234567890", "phone number"),
    ("phone", "0151\x00", "cannot be stored"),
    ("email", "nobody", "no e-mail address"),
    ("email", "a@" + "b" * 300 + ".de", "no e-mail address"),
    ("address", "x" * 301, "At most 300 characters"),
    ("note", "x" * 401, "At most 400 characters"),
    ("sex", "robot", "Choose one of the list"),
    ("language", "klingon", "Choose one of the list"),
]


def text(page):
    return page.get_data(as_text=True)


def everybody(db):
    return db.scalars(sa.select(Patient).order_by(Patient.id)).all()


def lines(db, action):
    return db.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()
