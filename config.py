"""The frozen settings of one running clinic, read from the environment once and loudly.

Every secret `NAME` may be given as `NAME_FILE`, the path of a file that holds it.
"""

import os
import secrets
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SECRET_LENGTH = 32
SAMPLES = ("changeme", "secret", "dev", "test", "example")


class BadSetting(Exception):
    """A setting is missing or unusable; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """What an application needs to know about the machine it runs on."""

    data_dir: Path
    database_url: str
    secret_key: str = field(repr=False)
    port: int = 8000
    proxies: int = 0
    trusted_hosts: tuple[str, ...] = ()
    idle_minutes: int = 15
    absolute_hours: int = 10
    photograph_gb: int = 100
    smtp_password: str | None = field(default=None, repr=False)
    sms_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Config":
        """Read the settings; raises BadSetting with the name of the first bad one."""
        env = os.environ if environ is None else environ
        data_dir = Path(env.get("CLINIC_DATA_DIR", "var")).resolve()
        data_dir.mkdir(parents=True, exist_ok=True)
        url = _secret(env, "DATABASE_URL") or f"sqlite:///{data_dir / 'clinic.sqlite3'}"
        given = _secret(env, "SECRET_KEY")
        # Only what somebody wrote can be a sample: a key made here may well begin with "dev".
        if given and given.lower().startswith(SAMPLES):
            raise BadSetting("SECRET_KEY is a sample: give one of your own")
        key = given or _key_file(data_dir / "secret.key")
        if len(key) < SECRET_LENGTH:
            raise BadSetting(f"SECRET_KEY is too short: give {SECRET_LENGTH}+ characters")
        return cls(
            data_dir=data_dir,
            database_url=url,
            secret_key=key,
            port=_number(env, "CLINIC_PORT", 8000, 1, 65535),
            proxies=_number(env, "CLINIC_PROXIES", 0, 0, 5),
            trusted_hosts=tuple(
                host.strip() for host in env.get("CLINIC_HOSTS", "").split(",") if host.strip()
            ),
            idle_minutes=_number(env, "CLINIC_IDLE_MINUTES", 15, 1, 120),
            absolute_hours=_number(env, "CLINIC_ABSOLUTE_HOURS", 10, 1, 24),
            photograph_gb=_number(env, "CLINIC_PHOTOGRAPH_GB", 100, 1, 100_000),
            smtp_password=_secret(env, "SMTP_PASSWORD"),
            sms_token=_secret(env, "SMS_TOKEN"),
        )


def _secret(env: Mapping[str, str], name: str) -> str | None:
    if name in env:
        return env[name]
    if f"{name}_FILE" in env:
        try:
            return Path(env[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise BadSetting(f"{name}_FILE names a file that cannot be read") from None
    return None


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    raw = env.get(name, str(default))
    if not raw.isascii() or not raw.isdigit() or not low <= int(raw) <= high:
        raise BadSetting(f"{name} must be a whole number from {low} to {high}, not {raw!r}")
    return int(raw)


def read_secret(path: Path) -> str | None:
    """Return what a file of ours holds, None without one; raises BadSetting if others can read."""
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise BadSetting(f"{path} can be read by others: chmod 600 it")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _key_file(path: Path) -> str:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        # Somebody was first, perhaps another process this second: theirs is the key.
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise BadSetting(f"{path} can be read by others: chmod 600 it") from None
        return _written(path)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    return path.read_text(encoding="utf-8").strip()


def _written(path: Path) -> str:
    """Return a key file's text; waits a second for whoever has just made it to fill it."""
    for _ in range(50):
        key = path.read_text(encoding="utf-8").strip()
        if key:
            return key
        time.sleep(0.02)
    raise BadSetting(f"{path} is empty: delete it, and a new key is made")
