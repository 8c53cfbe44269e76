"""Reading references and predictions, each checked against its hash and the other's grid."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radflow.datasets.cases import Case
from radflow.errors import EvaluationError
from radflow.files import read_tsv, sha256_file
from radflow.imaging.volume import Volume, read_volume

LabelMap = NDArray[np.uint8]

GRID_TOLERANCE_MM = 0.01
"""Largest distance between the same corner of two grids that count as one."""

_COLUMNS = ("case", "path", "sha256")


@dataclass(frozen=True)
class Reference:
    """The reference standard of a case.

    Attributes
    ----------
    labels
        Label map (i, j, k), in file axes.
    affine
        (4, 4) voxel indices to RAS+ mm.
    """

    labels: LabelMap
    affine: NDArray[np.float64]

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel size along i, j, k, mm: the lengths of the affine's columns."""
        i, j, k = np.linalg.norm(self.affine[:3, :3], axis=0).tolist()
        return i, j, k


@dataclass(frozen=True)
class Prediction:
    """Where a prediction lies, and the SHA-256 it must have."""

    path: Path
    sha256: str


def read_predictions(table: Path, cases: Sequence[str]) -> Mapping[str, Prediction]:
    """Read a table of predictions and hold it against the cases that were asked for.

    Parameters
    ----------
    table
        TSV: case, path (relative to the table's folder), sha256.
    cases
        Ids of the cases of the part.

    Returns
    -------
    mapping
        Predictions by case; a case without one is not in it.

    Raises
    ------
    EvaluationError
        When there are no cases, a case repeats, or a prediction is of a case not in the part.
    """
    rows = read_tsv(table, strings=_COLUMNS)
    if tuple(rows.columns) != _COLUMNS:
        message = f"{table}: columns {list(rows.columns)} are not {list(_COLUMNS)}"
        raise EvaluationError(message)
    if not cases:
        message = f"{table}: there are no cases to evaluate; the part is empty"
        raise EvaluationError(message)
    predicted = [str(case) for case in rows["case"]]
    problems = [
        *(f"case {case} is listed {n} times in the part" for case, n in _repeated(cases)),
        *(f"case {case} has {n} predictions" for case, n in _repeated(predicted)),
        *(f"case {case} is not in the part" for case in sorted(set(predicted) - set(cases))),
    ]
    if problems:
        message = f"{table} does not fit the cases of the part:\n  " + "\n  ".join(problems)
        raise EvaluationError(message)
    return {
        case: Prediction(table.parent / str(path), str(sha256))
        for case, path, sha256 in zip(predicted, rows["path"], rows["sha256"], strict=True)
    }


def read_reference(case: Case) -> Reference:
    """Read the reference standard of a case.

    Raises
    ------
    EvaluationError
        When the case has none, the file has changed since intake, or it holds no label map.
    """
    if case.label is None or case.label_sha256 is None:
        message = "there is no reference standard, so nothing can be measured"
        raise EvaluationError(message)
    _check_hash(case.label, case.label_sha256, "run intake again")
    volume = read_volume(case.label)
    return Reference(_label_map(volume, case.label), volume.affine)


def read_predicted(prediction: Prediction | None, reference: Reference) -> LabelMap | None:
    """Read a prediction on the grid of its reference; None where there is no prediction.

    Raises
    ------
    EvaluationError
        When the file has changed, holds no label map, or lies on another grid.
    """
    if prediction is None:
        return None
    _check_hash(prediction.path, prediction.sha256, "predict again")
    volume = read_volume(prediction.path)
    labels = _label_map(volume, prediction.path)
    _check_grid(labels.shape, volume.affine, reference)
    return labels


def _check_hash(path: Path, expected: str, remedy: str) -> None:
    if not path.is_file():
        message = f"{path} is listed but does not exist; {remedy}"
        raise EvaluationError(message)
    found = sha256_file(path)
    if found != expected:
        message = f"{path} has changed: sha256 is {found}, recorded was {expected}; {remedy}"
        raise EvaluationError(message)


def _label_map(volume: Volume, path: Path) -> LabelMap:
    with np.errstate(invalid="ignore"):  # NaN is caught by the comparison
        labels = volume.array.astype(np.uint8)
    if not np.array_equal(labels, volume.array):
        message = f"{path} holds values that are no labels (whole numbers from 0 to 255)"
        raise EvaluationError(message)
    return labels


def _check_grid(shape: tuple[int, ...], affine: NDArray[np.float64], reference: Reference) -> None:
    if shape != reference.labels.shape:
        message = (
            f"prediction of {shape} voxels, reference of {reference.labels.shape}; "
            "predictions must lie on the grid of the source image"
        )
        raise EvaluationError(message)
    corners = np.array([(*corner, 1) for corner in product(*((0, size - 1) for size in shape))])
    shift = float(np.linalg.norm((corners @ (affine - reference.affine).T)[:, :3], axis=1).max())
    if not shift <= GRID_TOLERANCE_MM:
        message = (
            f"the prediction's grid is off by up to {shift:.4g} mm (bound {GRID_TOLERANCE_MM}); "
            "predictions must carry the affine of the source image"
        )
        raise EvaluationError(message)


def _repeated(names: Sequence[str]) -> list[tuple[str, int]]:
    return sorted((name, n) for name, n in Counter(names).items() if n > 1)
