"""Tables of scores per case and class: reading, pooling folds, and the checks between models."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radflow.errors import EvaluationError
from radflow.evaluation.columns import COLUMNS, METRICS
from radflow.evaluation.pooling import TEST, TUNING, check_disjoint, folds_of, refuse_unshared
from radflow.files import read_tsv

MEAN = "mean"
"""Stands beside the names of classes: the mean over classes of each case."""

_TEXT = ("case", "subject", "part", "class", "empty")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class ClassValues:
    """Scores of one class, or of the mean over classes; all ordered by case.

    Attributes
    ----------
    cases, subjects
        (n,) ids.
    reference_voxels
        (n,) size of the class in the reference; of the mean over classes, the sum.
    values
        Metric: (n,) scores, in the metric's unit.
    empty
        (n,) kinds of emptiness (`radflow.evaluation.empties`); of the mean over classes, those of
        all its classes.
    """

    cases: tuple[str, ...]
    subjects: tuple[str, ...]
    reference_voxels: tuple[int, ...]
    values: Mapping[str, NDArray[np.float64]]
    empty: tuple[frozenset[str], ...]


@dataclass(frozen=True)
class PartScores:
    """Scores of one model in one part.

    Attributes
    ----------
    classes
        Name: scores, in the order of label values, without background; last `MEAN`.
    folds
        Folds pooled; empty for the test part.
    """

    classes: Mapping[str, ClassValues]
    folds: tuple[int, ...]


def read_model(parts: Mapping[str, Path]) -> dict[str, PartScores]:
    """Read all tables of a model: its folds pooled as "tuning" (out-of-fold), and "test".

    Parameters
    ----------
    parts
        ``fold-K`` or ``test``: table, as `radflow.evaluation.cases.evaluate_predictions` wrote it.

    Raises
    ------
    EvaluationError
        When a part's name is unknown, a table is not what it should be, or classes differ.
    LeakError
        When a subject is in two parts.
    """
    folds = folds_of(parts)
    rows = {name: _read_part(parts[name], name) for name in sorted(parts)}
    check_disjoint({name: {str(row["subject"]) for row in each} for name, each in rows.items()})
    scores: dict[str, PartScores] = {}
    if folds:
        pooled = [row for name in folds.values() for row in rows[name]]
        scores[TUNING] = PartScores(_by_class(pooled, parts.values()), tuple(folds))
    if TEST in rows:
        scores[TEST] = PartScores(_by_class(rows[TEST], [parts[TEST]]), ())
    return scores


def check_paired(model: str, scores: PartScores, baseline: str, reference: PartScores) -> None:
    """Refuse to compare two models that were not scored on the same cases and classes.

    Raises
    ------
    EvaluationError
        Naming classes and cases that only one of them has.
    """
    if list(scores.classes) != list(reference.classes):
        message = (
            f"{model} and {baseline} can't be compared: they were scored on the classes "
            f"{list(scores.classes)} and {list(reference.classes)}"
        )
        raise EvaluationError(message)
    for name, ours in scores.classes.items():
        theirs = reference.classes[name]
        refuse_unshared(model, _keys(ours), baseline, _keys(theirs))


def _keys(scores: ClassValues) -> set[tuple[str, str, int]]:
    return set(zip(scores.cases, scores.subjects, scores.reference_voxels, strict=True))


def _read_part(path: Path, part: str) -> list[Row]:
    table = read_tsv(path, strings=_TEXT)
    names = [str(name) for name in table.columns]
    if tuple(names) != COLUMNS:
        message = f"{path}: columns {names} are not {list(COLUMNS)}"
        raise EvaluationError(message)
    text = table[list(_TEXT)].fillna("")
    rows: list[Row] = [
        dict(zip(names, values, strict=True))
        for values in table.assign(**{name: text[name] for name in _TEXT}).values.tolist()
    ]
    problems = [*_wrong_rows(rows, part), *_uneven(rows)]
    if problems:
        message = f"{path}: " + "; ".join(problems)
        raise EvaluationError(message)
    return rows


def _wrong_rows(rows: Sequence[Row], part: str) -> list[str]:
    problems = [] if rows else ["there are no rows"]
    if wrong := sorted({str(row["part"]) for row in rows} - {part}):
        problems.append(f"rows are of the part {wrong}, not {part!r}")
    broken = {row["case"] for row in rows if not np.isfinite([row[m] for m in METRICS]).all()}
    if broken:
        problems.append(f"scores of {sorted(broken)} are not finite")
    if any(row["class"] == MEAN for row in rows):
        problems.append(f"a class may not be named {MEAN!r}: that is the mean over classes")
    return problems


def _uneven(rows: Sequence[Row]) -> list[str]:
    """Name cases that do not have each class exactly once, or not exactly one subject."""
    classes = Counter({str(row["class"]) for row in rows})
    held: dict[str, Counter[str]] = {}
    subjects: dict[str, set[str]] = {}
    for row in rows:
        held.setdefault(row["case"], Counter())[row["class"]] += 1
        subjects.setdefault(row["case"], set()).add(row["subject"])
    uneven = [
        f"case {case} has the classes {sorted(found.elements())}, not {sorted(classes)}"
        for case, found in held.items()
        if found != classes
    ]
    return uneven + [
        f"case {case} does not belong to exactly one subject: {sorted(found)}"
        for case, found in subjects.items()
        if len(found) != 1 or "" in found
    ]


def _by_class(rows: Sequence[Row], paths: Iterable[Path]) -> dict[str, ClassValues]:
    labels = sorted({(int(row["label"]), str(row["class"])) for row in rows})
    for column in (0, 1):
        if len({pair[column] for pair in labels}) != len(labels):
            places = ", ".join(sorted(str(path) for path in paths))
            message = f"labels and class names do not go together in {places}: {labels}"
            raise EvaluationError(message)
    ordered = sorted(rows, key=lambda row: str(row["case"]))
    classes = {
        name: _class_values([row for row in ordered if row["class"] == name]) for _, name in labels
    }
    if len({scores.cases for scores in classes.values()}) != 1:
        message = f"folds were scored on different classes; pooled they have {list(classes)}"
        raise EvaluationError(message)
    return classes | {MEAN: _mean_over(list(classes.values()))}


def _class_values(rows: Sequence[Row]) -> ClassValues:
    return ClassValues(
        cases=tuple(str(row["case"]) for row in rows),
        subjects=tuple(str(row["subject"]) for row in rows),
        reference_voxels=tuple(int(row["reference_voxels"]) for row in rows),
        values={metric: np.array([float(row[metric]) for row in rows]) for metric in METRICS},
        empty=tuple(frozenset({str(row["empty"])} - {""}) for row in rows),
    )


def _mean_over(classes: Sequence[ClassValues]) -> ClassValues:
    first = classes[0]
    return ClassValues(
        cases=first.cases,
        subjects=first.subjects,
        reference_voxels=tuple(
            sum(sizes) for sizes in zip(*(each.reference_voxels for each in classes), strict=True)
        ),
        values={
            metric: np.mean([each.values[metric] for each in classes], axis=0) for metric in METRICS
        },
        empty=tuple(
            frozenset[str]().union(*kinds)
            for kinds in zip(*(each.empty for each in classes), strict=True)
        ),
    )
