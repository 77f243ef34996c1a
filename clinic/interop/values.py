"""What an import reads from files, and what it reports, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clinic.core.errors import ClinicError, Invalid
from clinic.patients.values import RegisterPatient
from clinic.safety.values import RecordFact


class BadFile(Invalid):
    """A file cannot be read as a whole; nothing of the import is written."""


class LineRefused(Invalid):
    """One line cannot be taken; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a file: its number there, and the cells by column."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something to say about one line of a file."""

    file: str
    line: int
    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        text = self.message % self.values if self.values else self.message
        return f"{self.file}, line {self.line}: {text}"


def remark(file: str, line: int, why: ClinicError) -> Remark:
    """Return what a refusal says about a line."""
    return Remark(file=file, line=line, message=why.message, values=why.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The lines of one file that can be read, and those that cannot."""

    name: str
    rows: tuple[Row, ...]
    refused: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLine:
    """Somebody in a file."""

    file: str
    line: int
    source_id: str
    wish: RegisterPatient


@dataclass(frozen=True, slots=True, kw_only=True)
class FactLine:
    """A fact in a file, about the patient that the source calls so."""

    file: str
    line: int
    source_id: str
    wish: RecordFact
    """Without its patient: the id is 0 until the patient is known."""
    is_known: bool
    """Whether a rule may look for it; else it is kept as words for clinicians."""


FactsOf = tuple[str, tuple[FactLine, ...]]
"""The source's id of a patient, and the lines about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything an import is going to do, before the database is asked."""

    system: str
    patients: tuple[PatientLine, ...]
    facts: tuple[FactLine, ...] = ()
    refused: tuple[Remark, ...] = ()
    absent: tuple[str, ...] = ()
    """Files that were not there."""
    repeated: int = 0
    """Lines that say word for word what a line before them said."""


@dataclass(slots=True, kw_only=True)
class Count:
    """How many lines of a kind were new, and how many were here already."""

    new: int = 0
    here: int = 0
    unknown: int = 0
    """Of the new ones: not known to any rule, kept as words."""


@dataclass(slots=True, kw_only=True)
class Report:
    """What an import did."""

    patients: Count = field(default_factory=Count)
    deceased: int = 0
    facts: dict[str, Count] = field(default_factory=dict)
    """By file."""
    refused: list[Remark] = field(default_factory=list)
    differing: list[Remark] = field(default_factory=list)
    """Lines that say something else than what is here; nothing was changed."""
    absent: tuple[str, ...] = ()
    repeated: int = 0

    def counts(self) -> dict[str, int]:
        """Return the numbers alone, for the audit trail."""
        return {
            "patients": self.patients.new,
            "patients_here": self.patients.here,
            "facts": sum(count.new for count in self.facts.values()),
            "facts_here": sum(count.here for count in self.facts.values()),
            "refused": len(self.refused),
            "differing": len(self.differing),
        }
