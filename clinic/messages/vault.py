"""The passwords of the clinic's servers: in the environment or in files, never in the database."""

import os
import secrets
from enum import StrEnum
from pathlib import Path

from config import BadSetting, Config, read_secret


class Secret(StrEnum):
    """A password that a server of the clinic's asks for."""

    SMTP = "smtp_password"
    SMS = "sms_token"


def read(config: Config, which: Secret, location_id: int) -> str:
    """Return a password; empty when there is none. Raises BadSetting when others can read it."""
    given: str | None = getattr(config, which.value)
    if given is not None:
        return given
    return read_secret(_path(config, which, location_id)) or ""


def is_set(config: Config, which: Secret, location_id: int) -> bool:
    """Tell whether there is one, also when its file cannot be used."""
    try:
        return bool(read(config, which, location_id))
    except BadSetting:
        return True


def is_fixed(config: Config, which: Secret) -> bool:
    """Tell whether the environment gives it, so that the page cannot change it."""
    return getattr(config, which.value) is not None


def keep(config: Config, which: Secret, location_id: int, text: str) -> None:
    """Keep a password in a file that only the program's user can read; empty removes it."""
    path = _path(config, which, location_id)
    if not text:
        path.unlink(missing_ok=True)
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with os.fdopen(
        os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()  # Onto the disk before the name is moved.
        os.fsync(file.fileno())
    draft.replace(path)


def _path(config: Config, which: Secret, location_id: int) -> Path:
    return config.data_dir / f"{which.value}-{location_id}.key"
