"""Packages import downwards only (the contracts of pyproject.toml; bin/check runs them too)."""

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.architecture.source import ROOT


def test_the_contracts_are_kept(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)

    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=str(tmp_path))

    assert status == EXIT_STATUS_SUCCESS
