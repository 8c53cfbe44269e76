"""The report of a study that describes its data: nothing is divided and no model trained."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from radflow.report.inputs import ReportInputs
from radflow.report.limits import limitations
from radflow.report.load import DescribedStudy, read_described
from radflow.report.numbers import count
from radflow.report.sections import DESCRIBED_SECTIONS, Kind
from radflow.report.write import write_page


def write_report(inputs: ReportInputs, output: Path) -> None:
    """Write the report of a study's data; see `radflow.report.write.write_page`."""
    write_page(read_described(inputs), KIND, output)


def _card(data: DescribedStudy) -> Iterator[tuple[str, str]]:
    """Yield the lines of the card of a study that describes its data: label, text."""
    card = data.inputs.card
    modality = "" if card.modality == "other" else f", {card.modality}"
    yield "Task", f"description of the data{modality}; no model was trained"
    if data.classes:
        yield "Labels", ", ".join(data.classes)
    if card.targets:
        yield "Classes", ", ".join(card.targets)
    yield "Channels", ", ".join(card.channels)
    yield "Dataset", card.title
    listed = f"{data.intake['accepted']:,} accepted of {data.intake['listed']:,} listed"
    yield "Cases", f"{listed}, of {count(len({c.subject for c in data.cases}), 'subject')}"


def _headline(data: DescribedStudy) -> Mapping[str, Any]:
    what = "simulated" if data.inputs.card.simulated else "listed"
    listed, excluded = (int(data.intake[key]) for key in ("listed", "quarantined"))
    return {
        "headline_title": "The data, described; no model was trained",
        "headline": count(int(data.intake["accepted"]), "case"),
        "headline_note": f"accepted of {count(listed, 'case')} {what}; "
        f"{count(excluded, 'case')} excluded",
    }


KIND = Kind(
    folder="",
    sections=DESCRIBED_SECTIONS,
    card=_card,
    context=_headline,
    limitations=limitations,
)
