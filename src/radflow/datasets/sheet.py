"""Read a sheet (CSV, TSV, XLSX, Parquet) as text: `001` stays `001`, and nothing is guessed."""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.sheet_formats import Cells, parquet_cells, xlsx_cells
from radflow.errors import IntakeError

_MOST_BYTES = 1 << 28
_TABS = (".tsv", ".tab", ".txt")
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_INVISIBLE = " \t\r\n\f\v\u00a0\u200b\u2060\ufeff"
_SHOWN = 6
_REASON = "the sheet is not as expected"


@dataclass(frozen=True)
class Row:
    """A row of a sheet: its line (from 1, the header's included), and a text for each column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Sheet:
    """A sheet as text.

    Attributes
    ----------
    name
        Of the file.
    columns
        Names in the header, without spaces around them.
    rows
        Without empty and ragged ones; cells without spaces around them.
    delimiter
        What separates the header's columns; empty where the format has none.
    findings
        Of the sheet's form.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    delimiter: str
    findings: tuple[Finding, ...]


def read_sheet(path: Path, *, needed: Collection[str], sheet: str | None = None) -> Sheet:
    """Read a sheet by its content, whatever its name; a text's delimiter goes by its name.

    Parameters
    ----------
    path
        ``.tsv``, ``.tab`` and ``.txt`` are separated by tabs, other texts by commas.
    needed
        Columns that are used: those that stand twice are a STOP.
    sheet
        Name of the sheet in an XLSX; None: the first.

    Raises
    ------
    IntakeError
        When the file is no sheet that can be read.
    """
    head = _head(path)
    delimiter, notes = "", list[Finding]()
    if head.startswith(b"PAR1"):
        lines = parquet_cells(path)
    elif head.startswith(b"PK\x03\x04"):
        lines = xlsx_cells(path, sheet)
    else:
        delimiter = "\t" if path.suffix.lower() in _TABS else ","
        text, notes = _text(path)
        lines = list(_text_cells(text, path.name, delimiter))
    if not lines:
        message = f"{path.name} is empty: a header and rows are needed. {_again()}"
        raise IntakeError(message)
    return _sheet(path.name, lines, needed, delimiter=delimiter, notes=notes)


def other_delimiter(sheet: Sheet, needed: Collection[str]) -> str | None:
    """Name the delimiter by which the header would have more of the needed columns."""
    header = sheet.delimiter.join(sheet.columns)
    have = len(set(needed) & set(sheet.columns))
    for delimiter, name in _DELIMITERS.items():
        split = {column.strip(_INVISIBLE + '"') for column in header.split(delimiter)}
        if delimiter != sheet.delimiter and len(set(needed) & split) > have:
            return name
    return None


def delimiter_name(sheet: Sheet) -> str:
    """Name the delimiter by which a sheet was read."""
    return _DELIMITERS.get(sheet.delimiter, "format")


def form_problem(name: str, rule: str, problem: Problem) -> Finding:
    """Give the finding of a sheet as a whole."""
    problem = Problem(
        problem.level, f"{name} {problem.message}", problem.remedy, problem.size, problem.unit
    )
    return found(rule, 58, _REASON, problem, case="dataset")


def _again() -> str:
    return "Get the file again, or save it as CSV in UTF-8"


def _head(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError as error:
        message = f"{path.name} can't be read: {error.strerror}"
        raise IntakeError(message) from error
    if size > _MOST_BYTES:
        message = f"{path.name} has {size} bytes, a sheet at most {_MOST_BYTES}. Split the dataset"
        raise IntakeError(message)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        message = f"{path.name} is an old .xls. Save it as .xlsx or CSV"
        raise IntakeError(message)
    return head


def _text(path: Path) -> tuple[str, list[Finding]]:
    content = path.read_bytes()
    mark, encoding = "", "utf-8"
    if content.startswith(b"\xef\xbb\xbf"):
        mark, encoding = "a byte order mark", "utf-8-sig"
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
        mark, encoding = "UTF-16", "utf-16"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        byte = content[error.start : error.start + 1]
        message = f"{path.name}, line {line}: byte {byte!r} is no {encoding.upper()}. {_again()}"
        raise IntakeError(message) from error
    if not mark:
        return text, []
    problem = Problem(Level.NOTE, f"begins with {mark}", "Read correctly")
    return text, [form_problem(path.name, "sheet-encoding", problem)]


def _text_cells(text: str, name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        line = 1
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        message = f"{name}, line {reader.line_num}: {error}. Look at its quotes, or save it again"
        raise IntakeError(message) from error


def _sheet(
    name: str, lines: Cells, needed: Collection[str], *, delimiter: str, notes: list[Finding]
) -> Sheet:
    (_, header), *body = lines
    columns = tuple(column.strip(_INVISIBLE) for column in header)
    findings = [*notes, *_header_findings(name, header, columns, needed)]
    rows: list[Row] = []
    ragged: list[str] = []
    empty = padded = 0
    for line, cells in body:
        texts = [cell.strip(_INVISIBLE) for cell in cells]
        if not any(texts):
            empty += 1
            continue
        if len(texts) < len(columns) or any(texts[len(columns) :]):
            ragged.append(f"line {line} has {len(texts)}")
            continue
        pairs = list(zip(columns, cells, texts, strict=False))  # what is further right is empty
        padded += sum(cell != text for column, cell, text in pairs if column in needed)
        rows.append(Row(line, {column: text for column, _, text in pairs}))
    findings += _body_findings(name, len(columns), ragged, counts=(empty, padded))
    return Sheet(name, columns, tuple(rows), delimiter, tuple(findings))


def _header_findings(
    name: str, header: Sequence[str], columns: Sequence[str], needed: Collection[str]
) -> Iterator[Finding]:
    counts = Counter(column for column in columns if column)
    for used in (True, False):
        twice = sorted(c for c, n in counts.items() if n > 1 and (c in needed) == used)
        if twice:
            level = Level.STOP if used else Level.NOTE
            remedy = "Rename one of them" if used else "They are not used"
            problem = Problem(level, f"has several columns called {twice}", remedy)
            yield form_problem(name, "sheet-twice", problem)
    spaced = [c.strip(_INVISIBLE) for c in header if c != c.strip(_INVISIBLE)]
    if spaced:
        message = f"has spaces around the column names {spaced[:_SHOWN]}"
        problem = Problem(Level.FIX, message, "Read without them", len(spaced), "columns")
        yield form_problem(name, "sheet-header-spaces", problem)


def _body_findings(
    name: str, width: int, ragged: list[str], *, counts: tuple[int, int]
) -> Iterator[Finding]:
    empty, padded = counts
    if ragged:
        message = f"has {width} columns, but {'; '.join(ragged[:_SHOWN])} cells"
        message += f" ({len(ragged)} such lines)"
        problem = Problem(Level.STOP, message, "Quote what holds a delimiter, complete the lines")
        yield form_problem(name, "sheet-ragged", problem)
    if padded:
        message = f"has {padded} values with spaces around them"
        problem = Problem(Level.FIX, message, "Read without them", padded, "values")
        yield form_problem(name, "sheet-spaces", problem)
    if empty:
        problem = Problem(Level.NOTE, f"has {empty} empty rows", "They are passed over")
        yield form_problem(name, "sheet-empty-rows", problem)
