"""Parts of a study that stand together: folds are pooled, and the test part needs its ledger."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import Any

from radflow.errors import EvaluationError, LeakError

TUNING, TEST = "tuning", "test"
_FOLD = "fold-"


def folds_of(parts: Iterable[str]) -> dict[int, str]:
    """Map the numbers of folds, rising, to the names of their parts; the test part is none.

    Raises
    ------
    EvaluationError
        When a part is neither ``fold-K`` nor ``test``.
    """
    others = [name for name in parts if name != TEST]
    unknown = [
        name
        for name in others
        if not (name.startswith(_FOLD) and name.removeprefix(_FOLD).isdecimal())
    ]
    if unknown:
        message = f"unknown parts {unknown}; known are {TEST!r} and 'fold-0', 'fold-1', ..."
        raise EvaluationError(message)
    return dict(sorted((int(name.removeprefix(_FOLD)), name) for name in others))


def check_disjoint(subjects: Mapping[str, Set[str]]) -> None:
    """Refuse parts that share a subject.

    Parameters
    ----------
    subjects
        Part: its subjects.

    Raises
    ------
    LeakError
        Naming the subject and both parts.
    """
    part_of: dict[str, str] = {}
    for part, names in subjects.items():
        for subject in sorted(names):
            earlier = part_of.setdefault(subject, part)
            if earlier != part:
                message = (
                    f"subject {subject} is in {earlier} and in {part}; parts must not share "
                    "subjects: make split, predictions and evaluation again"
                )
                raise LeakError(message)


def check_ledger(
    parts: Mapping[str, Collection[str]], accesses: Sequence[Mapping[str, Any]]
) -> None:
    """Refuse test scores that the ledger of test accesses knows nothing of.

    Parameters
    ----------
    parts
        Model: parts it was scored on.
    accesses
        Rows of the ledger (`radflow.evaluation.ledger.read_ledger`).

    Raises
    ------
    EvaluationError
        Naming the models.
    """
    written = {str(row["model"]) for row in accesses}
    unwritten = [model for model, each in parts.items() if TEST in each and model not in written]
    if unwritten:
        message = (
            f"test scores of {unwritten} without an entry in the ledger of test accesses; "
            "run the evaluation of the test part again, which writes it"
        )
        raise EvaluationError(message)


def refuse_unshared(
    model: str, ours: Set[tuple[Any, ...]], baseline: str, theirs: Set[tuple[Any, ...]]
) -> None:
    """Refuse to compare two models, paired, that were not held against the same references.

    Parameters
    ----------
    model, baseline
        Their names.
    ours, theirs
        Case and reference of each answer; the case comes first.

    Raises
    ------
    EvaluationError
        With the number of cases that differ, and the first of them.
    """
    unshared = sorted({str(key[0]) for key in ours ^ theirs})
    if unshared:
        message = (
            f"{model} and {baseline} can't be compared, paired: they differ in {len(unshared)} "
            f"cases, or their reference ({', '.join(unshared[:5])}); evaluate both on the same "
            "folds and cases"
        )
        raise EvaluationError(message)
