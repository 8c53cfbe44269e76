"""Dataset cards for tests."""

from typing import Any

from radflow.config.dataset import DatasetCard
from radflow.config.layouts import TableRules

TOY: dict[str, Any] = {
    "title": "Toy",
    "licence": "CC0-1.0",
    "citation": "none",
    "layout": "msd",
    "channels": ["T1"],
    "modality": "MR",
    "classes": {0: "background", 1: "anterior", 2: "posterior"},
    "sources": [{"mirror": "toy.tar", "checksum": "md5:" + 32 * "0"}],
}
"""The record of a card of one T1 channel and two classes."""


def toy_card(**changes: Any) -> DatasetCard:
    """Make the card of `TOY`; `changes` replace its top-level keys."""
    return DatasetCard.model_validate(TOY | changes)


def table_card(**changes: Any) -> DatasetCard:
    """Make a card of a sheet `sheet.csv` whose column `file` names one image, without label maps.

    Those of `changes` that are keys of the section `table` go there, the others to the top level.
    """
    rules = {"file": "sheet.csv", "images": ["file"]}
    rules |= {key: value for key, value in changes.items() if key in TableRules.model_fields}
    rest = {key: value for key, value in changes.items() if key not in TableRules.model_fields}
    return toy_card(**{"layout": "table", "classes": {}, "table": rules, **rest})


def folders_card(folders: dict[str, str], **changes: Any) -> DatasetCard:
    """Make a card of class folders; `subject` goes to the section `images`."""
    rules = {"folders": folders, "subject": changes.pop("subject", None)}
    targets = list(dict.fromkeys(folders.values()))
    record = {"layout": "images", "classes": {}, "images": rules, "targets": targets}
    return toy_card(**{**record, **changes})


def dicom_card(**changes: Any) -> DatasetCard:
    """Make a card of DICOM folders with one channel, T1, and no labels."""
    series = {"T1": {"description": "T1"}}
    return toy_card(**({"layout": "dicom", "classes": {}, "dicom": {"series": series}} | changes))
