"""Tables of answers: reading, pooling folds, and the checks between models."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radflow.errors import EvaluationError
from radflow.evaluation.classification.columns import CALIBRATED, IDENTITY, RAW, columns_of
from radflow.evaluation.classification.probabilities import problems_of
from radflow.evaluation.classification.statistics import Floats
from radflow.evaluation.pooling import TEST, TUNING, check_disjoint, folds_of, refuse_unshared
from radflow.files import read_tsv
from radflow.targets import Target


@dataclass(frozen=True)
class PartAnswers:
    """Answers of one model in one part, ordered by case.

    Attributes
    ----------
    cases, subjects
        ``(n,)`` ids.
    truth
        ``(n, classes)`` which classes each case has.
    calibrated, raw
        ``(n, classes)`` probabilities. Of a case without a prediction: 1 of each class that it does
        not have and 0 of those that it has, the worst of each class on its own.
    missing
        ``(n,)`` cases without a prediction.
    folds
        Folds pooled; empty for the test part.
    """

    cases: tuple[str, ...]
    subjects: tuple[str, ...]
    truth: NDArray[np.bool_]
    calibrated: Floats
    raw: Floats
    missing: NDArray[np.bool_]
    folds: tuple[int, ...]

    @property
    def independent(self) -> bool:
        """Whether each subject has one case."""
        return len(set(self.subjects)) == len(self.cases)


def read_model(parts: Mapping[str, Path], target: Target) -> dict[str, PartAnswers]:
    """Read all tables of a model: its folds pooled as "tuning" (out-of-fold), and "test".

    Parameters
    ----------
    parts
        ``fold-K`` or ``test``: table, as
        `radflow.evaluation.classification.cases.evaluate_answers` wrote it.
    target
        The classes.

    Raises
    ------
    EvaluationError
        When a part's name is unknown, or a table is not what it should be.
    LeakError
        When a subject is in two parts.
    """
    folds = folds_of(parts)
    tables = {name: _read_part(parts[name], name, target) for name in sorted(parts)}
    check_disjoint({name: set(table["subject"]) for name, table in tables.items()})
    answers: dict[str, PartAnswers] = {}
    if folds:
        pooled = pd.concat([tables[name] for name in folds.values()])
        answers[TUNING] = _answers(pooled, target, tuple(folds))
    if TEST in tables:
        answers[TEST] = _answers(tables[TEST], target, ())
    return answers


def check_paired(model: str, ours: PartAnswers, baseline: str, theirs: PartAnswers) -> None:
    """Refuse to compare two models that did not answer for the same cases.

    Raises
    ------
    EvaluationError
        Naming cases that only one of them has, or whose reference differs.
    """
    refuse_unshared(model, _keys(ours), baseline, _keys(theirs))


def _keys(answers: PartAnswers) -> set[tuple[str, str, bytes]]:
    truths = (row.tobytes() for row in answers.truth)
    return set(zip(answers.cases, answers.subjects, truths, strict=True))


def _read_part(path: Path, part: str, target: Target) -> pd.DataFrame:
    table = read_tsv(path, strings=IDENTITY)
    columns = [
        *IDENTITY,
        *(name for each in (CALIBRATED, RAW) for name in columns_of(target.classes, each)),
    ]
    if list(table.columns) != columns:
        message = f"{path}: columns {list(table.columns)} are not {columns}"
        raise EvaluationError(message)
    table = table.assign(**{name: table[name].fillna("") for name in IDENTITY})
    if problems := list(_problems(table, part, target)):
        message = f"{path}: " + "; ".join(problems)
        raise EvaluationError(message)
    return table


def _problems(table: pd.DataFrame, part: str, target: Target) -> Iterator[str]:
    if table.empty:
        yield "there are no rows"
    if wrong := sorted(set(table["part"]) - {part}):
        yield f"rows are of the part {wrong}, not {part!r}"
    for case, count in sorted(Counter(table["case"]).items()):
        if count > 1:
            yield f"case {case} has {count} rows"
    for case, subject, reference in zip(
        table["case"], table["subject"], table["reference"], strict=True
    ):
        if not subject:
            yield f"case {case} has no subject"
        if not set(_names(str(reference), target)) <= set(target.classes):
            yield f"case {case} has the reference {reference!r}, not of {list(target.classes)}"
    every = np.hstack([_numbers(table, target, prefix) for prefix in (CALIBRATED, RAW)])
    given = table.loc[~np.isnan(every).all(axis=1)]
    for prefix in (CALIBRATED, RAW):
        cases = [str(case) for case in given["case"]]
        yield from problems_of(cases, _numbers(given, target, prefix), target, prefix=prefix)


def _numbers(table: pd.DataFrame, target: Target, prefix: str) -> Floats:
    return np.asarray(table[columns_of(target.classes, prefix)], np.float64)


def _names(reference: str, target: Target) -> tuple[str, ...]:
    if not target.several:
        return (reference,)
    return tuple(name for name in reference.split(target.rules.separator) if name)


def _answers(table: pd.DataFrame, target: Target, folds: tuple[int, ...]) -> PartAnswers:
    table = table.sort_values("case", kind="stable")
    held = [set(_names(str(reference), target)) for reference in table["reference"]]
    truth = np.array([[name in names for name in target.classes] for names in held], np.bool_)
    given = [_numbers(table, target, prefix) for prefix in (CALIBRATED, RAW)]
    calibrated, raw = (np.where(np.isnan(each), 1.0 - truth, each) for each in given)
    missing: NDArray[np.bool_] = np.isnan(given[0][:, 0])
    cases, subjects = (tuple(str(name) for name in table[key]) for key in ("case", "subject"))
    return PartAnswers(cases, subjects, truth, calibrated, raw, missing, folds)
