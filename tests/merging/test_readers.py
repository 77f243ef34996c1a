"""Who reads evidence asks for all records of a person, or for the visit: never for one number."""

import re

from clinic.core.db import Base
from clinic.merging.values import EVIDENCE
from tests.architecture.source import CLINIC, short

ON_PURPOSE = {
    "chart/queries/ledger.py": "counts refused checks of a place, whoever they were of",
    "demo/acts.py": "plays one record's past",
    "merging/queries.py": "tells what was begun under the number that stays",
    "safety/queries.py": "a form's key belongs to the record that it was sent for",
    "treatments/queries/identity.py": "names whom two tubes were drawn from, as their labels do",
}


def test_nobody_reads_evidence_of_one_number_only():
    models = [m.class_.__name__ for m in Base.registry.mappers if m.local_table.name in EVIDENCE]
    one_number = re.compile(
        rf"\b(?:{'|'.join(models)})\.patient_id ==|== (?:{'|'.join(models)})\.patient_id"
    )
    found = {
        short(path).removeprefix("clinic/")
        for path in CLINIC.rglob("*.py")
        if one_number.search(path.read_text(encoding="utf-8"))
    }

    assert len(models) == len(EVIDENCE)
    assert found == set(ON_PURPOSE)
