"""Handing a message to a server: SMTP, an SMS provider over https, or a file for trying.

Each says what it knows and nothing more: taken, surely not taken, refused, or unknown.
"""

import http.client
import json
import os
import smtplib
import ssl
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from urllib.parse import urlsplit

from clinic.core import clock
from clinic.core.text import N_, one_line
from clinic.messages.models import MessageSettings
from clinic.messages.rules import may_call
from clinic.messages.values import Handed, Letter, MailSecurity, Outcome, SmsWay

Carry = Callable[[Letter], Handed]
TIMEOUT_S = 15
_REASON = 200


def mail(row: MessageSettings, password: str) -> Carry:
    """Return the way through the clinic's mail server."""

    def carry(letter: Letter) -> Handed:
        try:
            server = _connected(row, password)
        except smtplib.SMTPAuthenticationError:
            return _later(N_("The mail server refused the login."))
        except ssl.SSLError:
            return _later(N_("The mail server's certificate or encryption cannot be used."))
        except UnicodeError:
            return _later(N_("Login and password of the mail server must be plain ASCII."))
        except smtplib.SMTPNotSupportedError:
            return _later(N_("The mail server offers no such encryption or login."))
        except (OSError, smtplib.SMTPException):
            return _later(N_("The mail server cannot be reached."))
        try:
            return _hand(server, row.sender, letter)
        finally:
            server.close()

    return carry


def _connected(row: MessageSettings, password: str) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if row.smtp_security is MailSecurity.TLS:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            row.smtp_host, row.smtp_port, timeout=TIMEOUT_S, context=context
        )
    else:
        server = smtplib.SMTP(row.smtp_host, row.smtp_port, timeout=TIMEOUT_S)
    try:
        server.ehlo_or_helo_if_needed()
        if row.smtp_security is MailSecurity.STARTTLS:
            server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
        if row.smtp_login:
            server.login(row.smtp_login, password)
    except BaseException:
        server.close()
        raise
    return server


def _hand(server: smtplib.SMTP, sender: str, letter: Letter) -> Handed:
    try:
        recipient = _ascii(letter.to)
    except UnicodeError:
        return Handed(outcome=Outcome.REFUSED, reason=N_("The address cannot be written in SMTP."))
    text = _mime(sender, letter).as_bytes(policy=policy.SMTP)
    try:
        code, said = server.mail(sender)
        if code < 400:
            code, said = server.rcpt(recipient)
    except (OSError, smtplib.SMTPException):
        return _later(N_("The mail server broke off."))
    if code >= 400:
        return _said(code, said)
    try:
        code, said = server.data(text)
    except smtplib.SMTPDataError as refused:
        return _said(refused.smtp_code, refused.smtp_error)
    except (OSError, smtplib.SMTPException):
        # It may have taken the text and died before saying so.
        return Handed(outcome=Outcome.UNKNOWN, reason=N_("The mail server broke off at the end."))
    return _said(code, said)


def _ascii(address: str) -> str:
    """Return an address as SMTP takes it; raises UnicodeError for a local part beyond ASCII."""
    local, _, domain = address.rpartition("@")
    return f"{local.encode('ascii').decode()}@{domain.encode('idna').decode()}"


def _said(code: int, said: bytes | str) -> Handed:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    reason = one_line(f"{code} {text}")[:_REASON]
    if code < 400:
        return Handed(outcome=Outcome.TAKEN)
    return Handed(outcome=Outcome.LATER if code < 500 else Outcome.REFUSED, reason=reason)


def _later(reason: str) -> Handed:
    return Handed(outcome=Outcome.LATER, reason=reason)


def _mime(sender: str, letter: Letter) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, letter.to
    message["Subject"] = one_line(letter.subject)
    message["Date"] = format_datetime(clock.now())
    # The same for every try: a server that takes it twice can tell.
    domain = sender.rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{letter.key}@{domain}>" if letter.key else make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.calendar:
        message.add_attachment(
            letter.calendar,
            maintype="text",
            subtype="calendar",
            filename="appointment.ics",
            params={"method": "PUBLISH", "charset": "utf-8"},
        )
    return message


# ---- SMS ----


def sms(row: MessageSettings, token: str, *, folder: Path, is_testing: bool = False) -> Carry:
    """Return the way of SMS that is set."""
    if row.sms_way is SmsWay.FILE:
        return lambda letter: _into_file(folder / "sms-outbox.jsonl", row.sms_sender, letter)
    return lambda letter: _over_http(row, token, letter, is_testing=is_testing)


def _into_file(path: Path, sender: str, letter: Letter) -> Handed:
    line = {"to": letter.to, "from": sender, "text": letter.text, "key": letter.key}
    try:
        handle = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError:
        return _later(N_("The file for SMS cannot be written."))
    return Handed(outcome=Outcome.TAKEN)


def _over_http(row: MessageSettings, token: str, letter: Letter, *, is_testing: bool) -> Handed:
    if not may_call(row.sms_url, is_testing=is_testing):
        return Handed(
            outcome=Outcome.REFUSED, reason=N_("The address of the provider is not https.")
        )
    parts = urlsplit(row.sms_url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    headers = {"Content-Type": "application/json", "Idempotency-Key": letter.key}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(
        {"to": letter.to, "from": row.sms_sender, "text": letter.text, "key": letter.key}
    ).encode()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.connect()
    except OSError:
        connection.close()
        return _later(N_("The SMS provider cannot be reached."))
    try:
        connection.request("POST", target, body, headers)
        status = connection.getresponse().status  # Its text is not read: nothing of it is needed.
    except (OSError, http.client.HTTPException):
        return Handed(outcome=Outcome.UNKNOWN, reason=N_("The SMS provider broke off."))
    finally:
        connection.close()
    return _answered(status)


def _answered(status: int) -> Handed:
    reason = f"The SMS provider answered {status}."
    if 200 <= status < 300:
        return Handed(outcome=Outcome.TAKEN)
    if status in {408, 429, 503}:
        return _later(reason)
    if status >= 500:
        return Handed(outcome=Outcome.UNKNOWN, reason=reason)
    return Handed(outcome=Outcome.REFUSED, reason=reason)
