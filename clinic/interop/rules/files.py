"""Reading a file of lines and columns: its text, its header, its cells. Pure."""

import csv
import io
import unicodedata
from collections.abc import Collection, Iterator

from clinic.core.text import N_, one_line
from clinic.interop.values import BadFile, LineRefused, Remark, Row, Table, remark

_DELIMITERS = ",;\t"
MOST_CELLS = 200


def read_table(
    name: str, content: bytes, *, required: Collection[str], known: Collection[str] | None = None
) -> Table:
    """Read a CSV file with a header: comma, semicolon or tab, in UTF-8.

    Raises BadFile when there is no header, a required column is missing, or, where the columns
    are `known`, one is not among them: a column that nobody reads would be lost unseen.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        line = content[: bad.start].count(b"\n") + 1
        raise BadFile(
            N_("%(file)s, line %(line)s: not in UTF-8. Save the file as “CSV UTF-8”."),
            file=name,
            line=line,
        ) from None
    lines = _records(name, text)
    header = [one_line(cell) for cell in next(lines, (0, []))[1]]
    if known is not None:
        header = [cell.casefold().replace(" ", "_") for cell in header]
    _check_header(name, header, required, known)
    rows: list[Row] = []
    refused: list[Remark] = []
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            rows.append(_row(line, header, cells))
        except LineRefused as why:
            refused.append(remark(name, line, why))
    return Table(name=name, rows=tuple(rows), refused=tuple(refused))


def _records(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of its first line, cells) of each record; cells may hold line breaks."""
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as bad:
            raise BadFile(
                N_("%(file)s, line %(line)s: the quotation marks or the size of a cell are wrong."),
                file=name,
                line=line,
            ) from bad
        yield line, cells


def _check_header(
    name: str, header: list[str], required: Collection[str], known: Collection[str] | None
) -> None:
    missing = [column for column in required if column not in header]
    if missing:
        raise BadFile(
            N_("%(file)s: the first line does not name %(columns)s."),
            file=name,
            columns=", ".join(missing),
        )
    doubled = sorted({column for column in header if column and header.count(column) > 1})
    if doubled:
        raise BadFile(
            N_("%(file)s: the first line names %(columns)s twice."),
            file=name,
            columns=", ".join(doubled),
        )
    strange = [column for column in header if known is not None and column not in known]
    if strange:
        raise BadFile(
            N_("%(file)s: unknown columns %(columns)s. Known are %(known)s."),
            file=name,
            columns=", ".join(column or "(empty)" for column in strange),
            known=", ".join(known or ()),
        )


def _row(line: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header) or len(cells) > MOST_CELLS:
        raise LineRefused(
            N_("%(found)s cells where the header has %(wanted)s"),
            found=len(cells),
            wanted=len(header),
        )
    for column, cell in zip(header, cells, strict=True):
        if any(c not in "\n\r\t" and unicodedata.category(c) in {"Cc", "Cs"} for c in cell):
            raise LineRefused(
                N_("%(column)s holds characters that cannot be stored"), column=column
            )
    cleaned = {column: one_line(cell) for column, cell in zip(header, cells, strict=True)}
    return Row(line=line, cells=cleaned)
