"""Write the list of a project's reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radflow.files import read_json, write_text
from radflow.progress import say
from radflow.report.draw import part_title
from radflow.report.inputs import BASELINE, TEST, TUNING
from radflow.report.numbers import count, interval, number
from radflow.report.results import MEAN, MEAN_TITLE
from radflow.report.tables import Cell, Table, table
from radflow.report.write import render


@dataclass(frozen=True)
class IndexEntry:
    """One study of the list.

    Attributes
    ----------
    study, title, question
        Name of the study, title of its report, what it asks.
    numbers_json
        Its metrics; of a study that describes its data, what intake counted.
    link
        Address of its report, relative to the list.
    describes
        Whether it describes its data, without a model.
    simulated
        Whether its subjects are simulated.
    """

    study: str
    title: str
    question: str
    numbers_json: Path
    link: str
    describes: bool = False
    simulated: bool = False


def write_index(reports: Sequence[IndexEntry], output: Path) -> None:
    """Write ``results/index.html``: every study with its headline numbers and a link.

    Parameters
    ----------
    reports
        In the order of the list.
    output
        HTML file to write.
    """
    studies = [
        (entry, None, _described(entry)) if entry.describes else (entry, _numbers(entry), "")
        for entry in reports
    ]
    write_text(output, render("index.html.j2", {"studies": studies}))
    say(f"index: {count(len(reports), 'study', 'studies')} -> {output}")


def _described(entry: IndexEntry) -> str:
    counts = read_json(entry.numbers_json)
    return f"{count(counts['accepted'], 'case')} accepted of {counts['listed']:,} listed"


def _numbers(entry: IndexEntry) -> Table:
    metrics: dict[str, Any] = read_json(entry.numbers_json)
    rows: list[tuple[str, str, str, Cell]] = []
    for model in sorted(metrics["models"], key=lambda name: (name == BASELINE, name)):
        parts = metrics["models"][model]
        part = TEST if TEST in parts else TUNING
        classes = parts.get(part, {}).get("classes", {})
        for name in sorted(classes, key=lambda name: (name == MEAN, name)):
            dice = classes[name]["dice"]
            title = MEAN_TITLE if name == MEAN else name
            cell = Cell(number(dice["mean"]), (interval(dice["low"], dice["high"]),))
            rows.append((part, model, title, cell))
    shown = part_title(TEST if any(row[0] == TEST for row in rows) else TUNING)
    return table(
        f"Dice, {shown}: mean ({metrics['confidence']:.0%} interval)",
        ("Model", "Class", "Dice"),
        [row[1:] for row in rows],
        numeric=(2,),
    )
