"""Metrics of each case and class, in the native space of the source image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radflow.config.evaluation import EvaluationRules
from radflow.datasets.cases import Case
from radflow.errors import EvaluationError, ImageError
from radflow.evaluation.columns import COLUMNS, SCORES
from radflow.evaluation.empties import Emptiness, emptiness, empty_value
from radflow.evaluation.overlap import dice
from radflow.evaluation.predictions import (
    LabelMap,
    read_predicted,
    read_predictions,
    read_reference,
)
from radflow.evaluation.surface import diagonal_mm, surface_distances
from radflow.evaluation.volume import volume_ml
from radflow.files import write_tsv
from radflow.progress import say, track

BACKGROUND = 0


@dataclass(frozen=True)
class ClassScores:
    """Scores of one class of one case.

    Attributes
    ----------
    label, name
        Value of the class in the label map, and its name.
    reference_voxels, predicted_voxels
        Voxels of the class.
    dice, nsd
        0 to 1.
    hd95_mm, assd_mm
        mm.
    reference_ml, predicted_ml, volume_error_ml
        ml; the error is predicted minus reference.
    empty
        Which mask is empty (the first four scores then come from
        `radflow.evaluation.empties.EMPTY_VALUES`), or ``missing``: no prediction at all.
    """

    label: int
    name: str
    reference_voxels: int
    predicted_voxels: int
    dice: float
    nsd: float
    hd95_mm: float
    assd_mm: float
    reference_ml: float
    predicted_ml: float
    volume_error_ml: float
    empty: Emptiness


def evaluate_case(
    reference: NDArray[np.uint8],
    prediction: NDArray[np.uint8] | None,
    *,
    spacing_mm: tuple[float, float, float],
    classes: Mapping[int, str],
    tolerance_mm: float,
) -> list[ClassScores]:
    """Score a predicted label map against the reference, class by class.

    Parameters
    ----------
    reference, prediction
        Label maps (i, j, k) on one grid; None for a case without a prediction, which gets the
        worst values of the table of empties.
    spacing_mm
        Voxel size along i, j, k, mm.
    classes
        Label value: name, background (0) included or not; background is not scored.
    tolerance_mm
        Surface distance that counts as agreement in the NSD, mm.

    Returns
    -------
    list of ClassScores
        In the order of label values.

    Raises
    ------
    EvaluationError
        When the shapes differ, or a map holds a value that is not among the classes.
    """
    if prediction is not None and prediction.shape != reference.shape:
        message = (
            f"prediction of {prediction.shape} voxels, reference of {reference.shape}; "
            "predictions must lie on the grid of the source image"
        )
        raise EvaluationError(message)
    for name, labels in (("reference", reference), ("prediction", prediction)):
        if labels is not None:
            _check_values(name, labels, classes)
    rows: list[ClassScores] = []
    for label in sorted(set(classes) - {BACKGROUND}):
        true = reference == label
        found = np.zeros_like(true) if prediction is None else prediction == label
        voxels = int(np.count_nonzero(true)), int(np.count_nonzero(found))
        kind: Emptiness = "missing" if prediction is None else emptiness(*voxels)
        volumes = volume_ml(voxels[0], spacing_mm), volume_ml(voxels[1], spacing_mm)
        rows.append(
            ClassScores(
                label=label,
                name=classes[label],
                reference_voxels=voxels[0],
                predicted_voxels=voxels[1],
                **_score(true, found, kind, spacing_mm=spacing_mm, tolerance_mm=tolerance_mm),
                reference_ml=volumes[0],
                predicted_ml=volumes[1],
                volume_error_ml=volumes[1] - volumes[0],
                empty=kind,
            )
        )
    return rows


def evaluate_predictions(
    cases: Sequence[Case],
    predictions_tsv: Path,
    output: Path,
    *,
    part: str,
    classes: Mapping[int, str],
    rules: EvaluationRules,
) -> None:
    """Score the predictions of one part, and write one row per case and class (`COLUMNS`).

    Every file is checked against its recorded hash, and every prediction against the grid of its
    reference. A case without a prediction is scored as worst value and listed.

    Parameters
    ----------
    cases
        The cases of the part, all with a reference.
    predictions_tsv
        Table of predictions: case, path (relative to the table), sha256.
    output
        Table to write, TSV, ordered by case and label.
    part
        ``fold-K`` or ``test``.
    classes
        Label value: name.
    rules
        Tolerance of the NSD.

    Raises
    ------
    EvaluationError
        When cases repeat, predictions are of other cases, a file has changed, a grid or a label
        value is wrong: all problems at once. Nothing is written then.
    """
    predictions = read_predictions(predictions_tsv, [each.case for each in cases])
    rows: list[dict[str, object]] = []
    problems: list[str] = []
    for case in track(sorted(cases, key=lambda each: each.case), f"evaluate {part}"):
        try:
            reference = read_reference(case)
            predicted = read_predicted(predictions.get(case.case), reference)
            scores = evaluate_case(
                reference.labels,
                predicted,
                spacing_mm=reference.spacing_mm,
                classes=classes,
                tolerance_mm=rules.nsd_tolerance_mm,
            )
        except (EvaluationError, ImageError) as error:
            problems.append(f"{case.case}: {error}")
        else:
            rows += [_row(case, part, each) for each in scores]
    if problems:
        message = f"{len(problems)} of {len(cases)} cases of {part} can't be evaluated:\n  "
        raise EvaluationError(message + "\n  ".join(problems))
    write_tsv(output, pd.DataFrame(rows, columns=list(COLUMNS)))
    _say_missing(part, sorted({each.case for each in cases} - set(predictions)), len(cases))


def _score(
    true: NDArray[np.bool_],
    found: NDArray[np.bool_],
    kind: Emptiness,
    *,
    spacing_mm: tuple[float, float, float],
    tolerance_mm: float,
) -> dict[str, float]:
    """Overlap and distances of two masks; where one is empty, the table of empties decides."""
    if kind:
        diagonal = diagonal_mm(true.shape, spacing_mm)
        return {metric: empty_value(metric, kind, diagonal_mm=diagonal) for metric in SCORES}
    distances = surface_distances(true, found, spacing_mm)
    return {
        "dice": dice(true, found),
        "nsd": distances.nsd(tolerance_mm),
        "hd95_mm": distances.hd95(),
        "assd_mm": distances.assd(),
    }


def _check_values(name: str, labels: LabelMap, classes: Mapping[int, str]) -> None:
    counts = np.bincount(labels.ravel(), minlength=1)
    unknown = [int(v) for v in np.flatnonzero(counts) if v != BACKGROUND and v not in classes]
    if unknown:
        message = f"the {name} holds label values {unknown}, but the classes are {dict(classes)}"
        raise EvaluationError(message)


def _row(case: Case, part: str, scores: ClassScores) -> dict[str, object]:
    row: dict[str, object] = {"case": case.case, "subject": case.subject, "part": part}
    return row | {
        column: getattr(scores, "name" if column == "class" else column)
        for column in COLUMNS
        if column not in row
    }


def _say_missing(part: str, missing: Sequence[str], total: int) -> None:
    if missing:
        say(
            f"evaluate {part}: {len(missing)} of {total} cases have no prediction and count as "
            f"worst value: {', '.join(missing)}"
        )
