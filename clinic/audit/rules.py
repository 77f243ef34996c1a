"""The hash chain of the audit trail: how one row binds the row before it."""

import hashlib
import hmac
import json
from dataclasses import fields

from clinic.audit.values import Entry

GENESIS = "0" * 64


def canonical(entry: Entry) -> bytes:
    """Write an entry as bytes that are the same on every machine: sorted JSON, UTC to the µs."""
    plain = {field.name: getattr(entry, field.name) for field in fields(entry)}
    plain["at"] = entry.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def link(key: bytes, previous: str, entry: Entry) -> str:
    """Return the hash of an entry that follows the row with hash `previous`."""
    return hmac.new(key, previous.encode() + b"\n" + canonical(entry), hashlib.sha256).hexdigest()
