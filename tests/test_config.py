"""Settings are read once and loudly; secrets are made safely or given by files."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from config import SECRET_LENGTH, BadSetting, Config

KEY = "k3y-" * 10


def settings(folder: Path, **given: str) -> Config:
    return Config.from_env({"CLINIC_DATA_DIR": str(folder), **given})


def test_with_no_setting_at_all_everything_is_in_the_data_folder(tmp_path):
    config = settings(tmp_path / "data")

    assert config.data_dir == tmp_path / "data"
    assert config.database_url == f"sqlite:///{tmp_path / 'data' / 'clinic.sqlite3'}"
    assert config.port == 8000
    assert config.proxies == 0
    assert len(config.secret_key) >= SECRET_LENGTH


def test_the_key_file_is_for_its_owner_alone_and_lasts(tmp_path):
    first = settings(tmp_path).secret_key

    assert settings(tmp_path).secret_key == first
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


def test_a_key_file_that_others_can_read_is_refused(tmp_path):
    settings(tmp_path)
    (tmp_path / "secret.key").chmod(0o644)

    with pytest.raises(BadSetting, match="chmod 600"):
        settings(tmp_path)


def test_of_processes_that_start_at_once_all_use_one_key(tmp_path):
    keys: list[str] = []
    threads = [
        threading.Thread(target=lambda: keys.append(settings(tmp_path).secret_key))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(keys) == 8
    assert len(set(keys)) == 1


@pytest.mark.parametrize("key", ["short", "changeme" * 5, "Secret" * 10, "test" * 12])
def test_a_short_or_sample_key_is_refused(tmp_path, key):
    with pytest.raises(BadSetting, match="SECRET_KEY"):
        settings(tmp_path, SECRET_KEY=key)


def test_an_empty_setting_counts_as_none(tmp_path):
    assert len(settings(tmp_path, SECRET_KEY="", DATABASE_URL="").secret_key) >= SECRET_LENGTH


def test_an_empty_key_file_is_said_and_not_used(tmp_path):
    (tmp_path / "secret.key").touch(mode=0o600)

    with pytest.raises(BadSetting, match="empty"):
        settings(tmp_path)


def test_a_secret_can_be_given_by_a_file(tmp_path):
    (tmp_path / "key").write_text(f"{KEY}\n", encoding="utf-8")
    (tmp_path / "url").write_text("postgresql+psycopg://clinic:s@db/clinic\n", encoding="utf-8")

    config = settings(
        tmp_path,
        SECRET_KEY_FILE=str(tmp_path / "key"),
        DATABASE_URL_FILE=str(tmp_path / "url"),
    )

    assert config.secret_key == KEY
    assert config.database_url == "postgresql+psycopg://clinic:s@db/clinic"


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8000 ", "", "٨٠٠٠"])
def test_a_number_that_cannot_be_is_named(tmp_path, port):
    with pytest.raises(BadSetting, match="CLINIC_PORT"):
        settings(tmp_path, CLINIC_PORT=port)


def test_the_settings_cannot_be_changed_later(tmp_path):
    config = settings(tmp_path, SECRET_KEY=KEY)

    with pytest.raises(AttributeError):
        config.port = 1  # type: ignore[misc]


def test_hosts_are_a_list(tmp_path):
    config = settings(tmp_path, CLINIC_HOSTS="clinic.example,10.0.0.2")

    assert config.trusted_hosts == ("clinic.example", "10.0.0.2")


def test_a_bad_setting_is_said_in_one_line(tmp_path):
    environ = {**os.environ, "CLINIC_DATA_DIR": str(tmp_path), "CLINIC_PORT": "no"}

    done = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=Path(__file__).parents[1],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == "Error: CLINIC_PORT must be a whole number from 1 to 65535, not 'no'\n"
