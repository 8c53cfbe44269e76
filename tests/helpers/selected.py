"""Cases of a table, and training cases as a split selects them, for tests that fit something."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from radflow.datasets.cases import Case
from radflow.selections import TrainingCases
from radflow.splits import Split


def make_case(name: str, **changes: Any) -> Case:
    """Make a case of a subject of the same name; `changes` replace its fields."""
    record: dict[str, Any] = {
        "case": name,
        "subject": name,
        "images": (Path(f"{name}.nii.gz"),),
        "label": Path(f"{name}-label.nii.gz"),
        "shape": (35, 50, 35),
        "spacing_mm": (1.0, 1.0, 1.0),
        "orientation": "RAS",
        "image_sha256": (f"image-{name}",),
        "label_sha256": f"label-{name}",
        "label_voxels": {0: 10, 1: 10, 2: 10},
    }
    return Case(**record | changes)


def training_cases(names: Iterable[str]) -> TrainingCases:
    """Give cases of these names as the training cases of fold 0, in this order."""
    cases = [make_case(name) for name in names]
    parts = {case.subject: "fold-1" for case in cases}
    return Split(parts=parts, folds=2, sha256="").training_cases(cases, 0)
