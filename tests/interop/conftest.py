"""Small files in the shape of the real ones, and the real ones."""

import datetime as dt
import functools
from pathlib import Path

import pytest

from clinic.interop.rules import synthea
from clinic.interop.rules.files import read_table
from clinic.safety import queries as safety_queries

TODAY = dt.date(2026, 11, 23)
REAL = Path(__file__).parents[1] / "data" / "synthea"
HEADERS = {
    "patients.csv": "Id,BIRTHDATE,DEATHDATE,FIRST,LAST,GENDER,ADDRESS,CITY,STATE,ZIP",
    "conditions.csv": "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION",
    "medications.csv": "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION",
    "allergies.csv": (
        "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION,TYPE,"
        "DESCRIPTION1,SEVERITY1,DESCRIPTION2,SEVERITY2"
    ),
    "immunizations.csv": "DATE,PATIENT,ENCOUNTER,CODE,DESCRIPTION",
    "observations.csv": "DATE,PATIENT,ENCOUNTER,CATEGORY,CODE,DESCRIPTION,VALUE,UNITS,TYPE",
}
ANNA = "anna,1985-04-12,,Anna88,Müller7,F,Hauptstr. 1,Berlin,,10115"


def a_plan(today=TODAY, **lines):
    """Translate files given as lines, one keyword a file; Anna is there unless said otherwise."""
    given = {"patients": [ANNA], **lines}
    tables = {}
    for name, rows in given.items():
        file = f"{name}.csv"
        content = "\n".join([HEADERS[file], *rows]).encode()
        tables[file] = read_table(file, content, required=synthea.COLUMNS[file])
    return synthea.translate(
        tables, codes=safety_queries.codes(), zone="Europe/Berlin", today=today, language="en"
    )


@functools.cache
def real_plan():
    tables = {
        name: read_table(name, (REAL / name).read_bytes(), required=columns)
        for name, columns in synthea.COLUMNS.items()
    }
    return synthea.translate(
        tables, codes=safety_queries.codes(), zone="Europe/Berlin", today=TODAY, language="en"
    )


@pytest.fixture
def folder(tmp_path):
    """Write files given as lines into a folder."""

    def write(**lines):
        for name, rows in {"patients": [ANNA], **lines}.items():
            file = f"{name}.csv"
            text = "\n".join([HEADERS[file], *rows]) + "\n"
            (tmp_path / file).write_text(text, encoding="utf-8")
        return tmp_path

    return write
