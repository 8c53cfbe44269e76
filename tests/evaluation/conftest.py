"""Small cases, predictions and tables of scores."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from radflow.datasets.cases import Case
from radflow.evaluation.columns import COLUMNS
from radflow.files import sha256_file, write_tsv

SHAPE = (9, 10, 11)
AFFINE = np.diag([1.0, 1.0, 2.0, 1.0])


def _save(path: Path, labels: np.ndarray, affine: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(labels, affine)
    image.header.set_xyzt_units("mm")
    image.set_qform(affine, code=1)
    image.set_sform(affine, code=1)
    nib.save(image, path)
    return path


@pytest.fixture
def labels() -> np.ndarray:
    """Label map with two boxes, one per class."""
    array = np.zeros(SHAPE, np.uint8)
    array[2:7, 2:5, 3:8] = 1
    array[2:7, 5:8, 3:8] = 2
    return array


@pytest.fixture
def make_case(tmp_path: Path) -> Callable[..., Case]:
    """Write a reference and describe its case."""

    def make(name: str, labels: np.ndarray, *, subject: str | None = None) -> Case:
        path = _save(tmp_path / "labels" / f"{name}.nii.gz", labels, AFFINE)
        values, counts = np.unique(labels, return_counts=True)
        return Case(
            case=name,
            subject=subject or name,
            images=(),
            label=path,
            shape=SHAPE,
            spacing_mm=(1.0, 1.0, 2.0),
            orientation="RAS",
            image_sha256=(),
            label_sha256=sha256_file(path),
            label_voxels=dict(zip(values.tolist(), counts.tolist(), strict=True)),
        )

    return make


@pytest.fixture
def make_predictions(tmp_path: Path) -> Callable[..., Path]:
    """Write predictions and their table."""

    def make(predictions: Mapping[str, np.ndarray], *, affine: np.ndarray = AFFINE) -> Path:
        rows = []
        for name, labels in predictions.items():
            path = _save(tmp_path / "predictions" / f"{name}.nii.gz", labels, affine)
            rows.append((name, path.name, sha256_file(path)))
        table = tmp_path / "predictions" / "predictions.tsv"
        write_tsv(table, pd.DataFrame(rows, columns=["case", "path", "sha256"]))
        return table

    return make


@pytest.fixture
def make_scores(tmp_path: Path) -> Callable[..., Path]:
    """Write a table of scores: Dice by case, the other columns follow from it."""

    def make(
        name: str, part: str, dice: Mapping[str, float], **changes: Mapping[str, object]
    ) -> Path:
        rows = []
        for case, value in dice.items():
            for label, title in ((1, "anterior"), (2, "posterior")):
                row: dict[str, object] = {
                    "case": case,
                    "subject": case.split("_")[0],
                    "part": part,
                    "label": label,
                    "class": title,
                    "reference_voxels": 100 * label,
                    "predicted_voxels": 90,
                    "dice": value / label,
                    "nsd": value,
                    "hd95_mm": 10 * (1 - value),
                    "assd_mm": 2 * (1 - value),
                    "reference_ml": 0.1 * label,
                    "predicted_ml": 0.09,
                    "volume_error_ml": value - 0.5,
                    "empty": "",
                }
                rows.append(row | dict(changes.get(case, {})))
        path = tmp_path / f"{name}-{part}.tsv"
        write_tsv(path, pd.DataFrame(rows, columns=list(COLUMNS)))
        return path

    return make


@pytest.fixture
def read_record() -> Callable[[Path], dict]:
    """Read a JSON record."""
    return lambda path: json.loads(path.read_text())
