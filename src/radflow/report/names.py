"""How the report names parts, and whether a dataset says which cases are of one patient."""

from radflow.config.dataset import DatasetCard
from radflow.report.inputs import TEST


def part_title(part: str) -> str:
    """Name a part for readers: tuning results are internal."""
    return "test part" if part == TEST else "tuning (internal, out of fold)"


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]


def names_patients(card: DatasetCard) -> bool:
    """Say whether the layout has a place for the patient; else every case counts as one."""
    if card.layout == "table":
        return card.table is not None and card.table.subject is not None
    if card.layout == "images":
        return card.images is not None and card.images.subject is not None
    return card.layout != "msd"
