"""What the files of the repository may hold."""

import re
import subprocess
import sys
import tomllib

import pytest

from tests.architecture.source import CLINIC, ROOT, TEMPLATES, short, tracked_files

LONGEST = 400
TEXTS = {".py", ".css", ".js", ".toml", ".html"}
HOUSE = sorted(
    path
    for folder in (CLINIC, TEMPLATES)
    for path in folder.rglob("*")
    if path.suffix in TEXTS and path.is_file()
)
CATALOGUE = sorted((CLINIC / "safety" / "catalogue").glob("*.toml"))
# Put together, so that this file does not hold what it looks for.
HOSTS = [
    "".join(parts)
    for parts in (
        ("py", "pi.org"),
        ("python", "hosted.org"),
        ("npm", "js.org"),
        ("npm", "js.com"),
        ("deb.", "debian.org"),
        ("play", "wright.azureedge"),
        ("--index", "-url"),
        ("--extra-index", "-url"),
        ("--find", "-links"),
        ("--trusted", "-host"),
    )
]
MACHINE_PATHS = [f"/{folder}/" for folder in ("wo" + "rk", "ro" + "ot", "home/" + "runner")]
OPEN_ENDS = re.compile(
    r"\b(?:TO" r"DO|FIX" r"ME|X{3})\b|pytest\.mark\.sk" r"ip|xf" r"ail\(|NotImpl" r"ementedError"
)
EXEMPTION = re.compile(r"# (?:noqa|type: ignore)(?P<rest>.*)")
GOOD_EXEMPTION = re.compile(
    r": [A-Z]+\d+(?:, [A-Z]+\d+)* - \S.+|\[[a-z-]+(?:, ?[a-z-]+)*\]  # \S.+"
)


def texts():
    """Yield (short path, text) of every text file of the repository."""
    for path in tracked_files():
        try:
            yield short(path), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_each_decision_has_a_number_of_its_own():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [page.name[:4] for page in pages]

    assert numbers == [f"{number:04}" for number in range(1, len(pages) + 1)]
    assert all(page.read_text(encoding="utf-8").startswith(f"# {page.name[:4]} ") for page in pages)


@pytest.mark.parametrize("path", HOUSE, ids=short)
def test_a_file_is_no_longer_than_a_room(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_package_files_stay_empty():
    full = [short(path) for path in CLINIC.rglob("__init__.py") if path.read_text().strip()]

    assert full == []


def test_no_file_says_where_packages_come_from():
    found = [f"{name}: {host}" for name, text in texts() for host in HOSTS if host in text]

    assert [f for f in found if not f.startswith("bin/lock: --")] == []


def test_no_file_names_the_index_of_this_machine():
    configured = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    hosts = set(re.findall(r"https?://(?:[^@/'\s]*@)?([^/:'\s]+)", configured)) - {"127.0.0.1"}

    assert [(name, host) for name, text in texts() for host in hosts if host in text] == []


def test_no_file_knows_the_machine_it_was_written_on():
    found = [f"{name}: {path}" for name, text in texts() for path in MACHINE_PATHS if path in text]

    assert found == []


def test_nothing_is_left_open():
    code = (t for t in texts() if t[0].endswith((".py", ".html", ".js", ".css")))
    found = [
        f"{name}:{number}"
        for name, text in code
        for number, line in enumerate(text.splitlines(), 1)
        if OPEN_ENDS.search(line)
    ]

    assert found == []


def test_an_exemption_names_its_rule_and_its_reason():
    odd = []
    for name, text in texts():
        if name.startswith("clinic/") and name.endswith(".py"):
            lines = text.splitlines()
            for number, line in enumerate(lines, 1):
                found = EXEMPTION.search(line)
                above = lines[number - 2].lstrip().startswith("# ")
                if found and not GOOD_EXEMPTION.fullmatch(found["rest"] + "  # above" * above):
                    odd.append(f"{name}:{number} {found[0]}")

    assert odd == []


@pytest.mark.parametrize("path", CATALOGUE, ids=short)
def test_a_rule_cites_its_source(path):
    rule = tomllib.loads(path.read_text(encoding="utf-8"))
    if "code" not in rule:
        return  # what the rules share: concepts, questions

    sources = rule.get("sources")
    assert isinstance(sources, list)
    assert sources, "a rule without a source"
    assert all(isinstance(key, str) and key.strip() for key in sources)


def test_the_catalogue_is_there():
    assert len(CATALOGUE) >= 15


def test_the_readme_names_every_setting():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = set(
        re.findall(
            r'"(CLINIC_[A-Z_]+|DATABASE_URL|SECRET_KEY)"',
            (ROOT / "config.py").read_text(encoding="utf-8"),
        )
    )

    assert len(settings) >= 8
    assert sorted(name for name in settings if name not in readme) == []
