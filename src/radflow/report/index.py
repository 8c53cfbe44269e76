"""Write the list of a project's reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from radflow.files import read_json, write_text
from radflow.progress import say
from radflow.report.headlines import headline_table
from radflow.report.numbers import count
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
        (entry, None, _described(entry))
        if entry.describes
        else (entry, headline_table(read_json(entry.numbers_json)), "")
        for entry in reports
    ]
    write_text(output, render("index.html.j2", {"studies": studies}))
    say(f"index: {count(len(reports), 'study', 'studies')} -> {output}")


def _described(entry: IndexEntry) -> str:
    counts = read_json(entry.numbers_json)
    return f"{count(counts['accepted'], 'case')} accepted of {counts['listed']:,} listed"
