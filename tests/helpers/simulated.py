"""Small subjects in the form of simulated ones, made without a simulation, and cards for them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radflow.config.dataset import DatasetCard
from radflow.phantom.subject import PhantomSubject

SHAPE = (10, 12, 9)
NOISE = 3.0
CHANNELS = ("T1w", "FLAIR")
LESIONS = ("lesion", "kind", "x_mm", "y_mm", "z_mm", "diameter_mm", "volume_ml")


def make_subject(number: int, **changes: Any) -> PhantomSubject:
    """Make a subject: noise, three tissues, and one lesion where its number is odd."""
    rng = np.random.default_rng(number)
    labels = rng.integers(0, 4, SHAPE).astype(np.uint8)
    rows = [(1, "tumour", 1.0, 2.0, 3.0, 7.5, 0.22)] if number % 2 else []
    affine = np.diag([5.0, 5.0, 5.0, 1.0])
    affine[:3, 3] = (-22.5, -27.5, -20.0)
    made = {
        "name": f"{number:05d}",
        "affine": affine,
        "images": {
            channel: rng.normal(200.0 * place, NOISE, SHAPE).astype(np.float32)
            for place, channel in enumerate(CHANNELS, start=1)
        },
        "references": {"tissue": labels, "lesions": (labels == 3).astype(np.uint8)},
        "lesions": pd.DataFrame(rows, columns=pd.Index(LESIONS)),
        "facts": {"diagnosis": "tumour", "age": 60, "sex": "F", "treated": "n/a"},
        "raters": {"rater-1": (labels == 3).astype(np.uint8)},
    }
    return PhantomSubject(**(made | changes))


def phantom_card(**changes: Any) -> DatasetCard:
    """Make the card of such subjects; `changes` replace its top-level keys."""
    record = {
        "title": "Simulated toys",
        "licence": "CC0-1.0",
        "citation": "none",
        "layout": "phantom",
        "channels": CHANNELS,
        "modality": "MR",
        "classes": {0: "background", 1: "csf", 2: "grey-matter", 3: "white-matter"},
        "phantom": {"subjects": 4, "diagnoses": {"tumour": 1}, "reference": "tissue"},
    }
    return DatasetCard.model_validate(record | changes)


def unpacked(folder: Path) -> dict[str, bytes]:
    """Read the files below a folder: path and bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
