"""Cells of XLSX and Parquet as text, as a CSV of the same sheet would have them."""

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any, cast

from radflow.errors import IntakeError

Cells = list[tuple[int, list[str]]]
"""Lines of a sheet: the line's number and the texts of its cells; the header comes first."""
_MOST_CELLS = 50_000_000
_MOST_BYTES = 1 << 30


def xlsx_cells(path: Path, sheet: str | None) -> Cells:
    """Read a sheet of an XLSX; formulas give the values that were stored with them.

    Whole numbers have no decimal point, dates are ISO 8601, cells without a value are empty.

    Raises
    ------
    IntakeError
        When the file is damaged, unpacks to more than a gigabyte or has no such sheet.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 (slow, and few sheets need it)

    try:
        size = _unpacked_bytes(path)
        content = io.BytesIO(path.read_bytes())  # of a path, openpyxl judges the suffix
        options = {"read_only": True, "data_only": True, "keep_links": False}
        book = load_workbook(content, **options) if size <= _MOST_BYTES else None
    except Exception as error:  # openpyxl raises many kinds on a damaged file
        message = f"{path.name} is no whole XLSX: {error}. Save it again, or as CSV"
        raise IntakeError(message) from error
    if book is None:
        message = f"{path.name} unpacks to {size} bytes, a sheet at most {_MOST_BYTES}"
        raise IntakeError(message)
    try:
        names: list[str] = book.sheetnames
        if sheet is not None and sheet not in names:
            message = f"{path.name} has the sheets {names}, none is {sheet!r}: see `table: sheet`"
            raise IntakeError(message)
        chosen = book[sheet or names[0]]
        rows = cast("Any", chosen).iter_rows(values_only=True)
        lines = [(line, [_text(value) for value in row]) for line, row in enumerate(rows, 1)]
    finally:
        book.close()
    return _without_margin(lines)


def parquet_cells(path: Path) -> Cells:
    """Read a Parquet table; the header is line 1, so the first row is line 2.

    Raises
    ------
    IntakeError
        When the file is damaged or has more than 50 million cells.
    """
    import pyarrow as pa  # noqa: PLC0415 (slow, and few sheets need it)
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        shape = pq.read_metadata(path)
        cells = shape.num_rows * shape.num_columns
        table = pq.read_table(path) if cells <= _MOST_CELLS else None
    except (pa.ArrowException, OSError, ValueError) as error:
        message = f"{path.name} is no whole Parquet file: {error}. Get it again from its source"
        raise IntakeError(message) from error
    if table is None:
        message = f"{path.name} has {cells} cells, a sheet at most {_MOST_CELLS}"
        raise IntakeError(message)
    names = [str(name) for name in table.column_names]
    columns: list[list[Any]] = [column.to_pylist() for column in table.columns]
    rows = zip(*columns, strict=True)
    body = [(line, [_exact(value) for value in row]) for line, row in enumerate(rows, 2)]
    return [(1, names), *body]


def _unpacked_bytes(path: Path) -> int:
    with zipfile.ZipFile(path) as packed:
        return sum(member.file_size for member in packed.infolist())


def _without_margin(lines: Cells) -> Cells:
    """Drop what stands right of the header where it is empty, and empty lines at the end."""
    while lines and not any(lines[-1][1]):
        lines.pop()
    if not lines:
        return lines
    header = lines[0][1]
    width = max((place for place, name in enumerate(header, 1) if name.strip()), default=0)
    padded = [(line, cells + [""] * (width - len(cells))) for line, cells in lines]
    return [(line, cells[:width] if not any(cells[width:]) else cells) for line, cells in padded]


def _text(value: object) -> str:
    """Give a cell of a spreadsheet, whose numbers are all of one kind."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return _exact(value)


def _exact(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
