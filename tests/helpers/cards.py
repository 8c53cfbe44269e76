"""Dataset cards for tests."""

from typing import Any

from radflow.config.dataset import DatasetCard


def toy_card(**changes: Any) -> DatasetCard:
    """Make a card of one T1 channel and two classes; `changes` replace its top-level keys."""
    record = {
        "title": "Toy",
        "licence": "CC0-1.0",
        "citation": "none",
        "layout": "msd",
        "channels": ["T1"],
        "modality": "MR",
        "classes": {0: "background", 1: "anterior", 2: "posterior"},
        "sources": [{"mirror": "toy.tar", "checksum": "md5:" + 32 * "0"}],
    }
    return DatasetCard.model_validate(record | changes)
