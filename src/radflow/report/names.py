"""Whether a dataset says which cases are of one patient."""

from radflow.config.dataset import DatasetCard


def names_patients(card: DatasetCard) -> bool:
    """Say whether the layout has a place for the patient; else every case counts as one."""
    if card.layout == "table":
        return card.table is not None and card.table.subject is not None
    if card.layout == "images":
        return card.images is not None and card.images.subject is not None
    return card.layout != "msd"
