"""A table as the template draws it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cell:
    """Text of a cell, smaller lines under it, and the address of a picture at its end."""

    text: str
    notes: tuple[str, ...] = ()
    picture: str = ""


@dataclass(frozen=True)
class Table:
    """Columns, rows, and how to draw them.

    Attributes
    ----------
    caption
        What the table shows.
    head
        Titles of the columns.
    rows
        Cells by row; as many as titles.
    numeric
        Places of the columns that hold numbers: right-aligned, tabular figures.
    note
        Small print under the table.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[int] = field(default_factory=frozenset)
    note: str = ""


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str | int | Cell]],
    *,
    numeric: Iterable[int] = (),
    note: str = "",
) -> Table:
    """Make a table of plain values and cells."""
    cells = tuple(
        tuple(value if isinstance(value, Cell) else Cell(_text(value)) for value in row)
        for row in rows
    )
    return Table(caption, tuple(head), cells, frozenset(numeric), note)


def _text(value: str | int) -> str:
    return value if isinstance(value, str) else f"{value:,}"
