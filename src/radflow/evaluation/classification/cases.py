"""One row per case: the true classes beside the probabilities."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from radflow.datasets.cases import Case
from radflow.errors import EvaluationError
from radflow.evaluation.classification.columns import CALIBRATED, IDENTITY, RAW, columns_of
from radflow.evaluation.classification.probabilities import problems_of
from radflow.files import read_tsv, write_tsv
from radflow.progress import say
from radflow.targets import Target


def evaluate_answers(
    cases: Sequence[Case], predictions_tsv: Path, output: Path, *, part: str, target: Target
) -> None:
    """Write one row per case: case, subject, part, reference, then ``p:CLASS``, ``raw:CLASS``.

    A case without a prediction has no probabilities in its row, counts as the worst value wherever
    the table is summarised, and is listed.

    Parameters
    ----------
    cases
        The cases of the part, each with a class of the study.
    predictions_tsv
        Table of predictions: case, views, then ``p:CLASS`` and ``raw:CLASS`` of each class.
    output
        Table to write, TSV, ordered by case. The reference is the name of the class; of several
        at once the names joined by the target's separator, in the order of the classes.
    part
        ``fold-K`` or ``test``.
    target
        The classes.

    Raises
    ------
    EvaluationError
        When there are no cases, cases or predictions repeat, predictions are of other cases, a case
        has no class, or probabilities lie outside 0 to 1 or do not sum to 1: all problems at once.
        Nothing is written then.
    """
    columns = [name for each in (CALIBRATED, RAW) for name in columns_of(target.classes, each)]
    table = read_tsv(predictions_tsv, strings=("case",))
    if list(table.columns) != ["case", "views", *columns]:
        message = (
            f"{predictions_tsv}: columns {list(table.columns)} are not "
            f"{['case', 'views', *columns]}; predict again"
        )
        raise EvaluationError(message)
    problems = [*_cases_that_do_not_fit(cases, table, target), *_wrong_numbers(table, target)]
    if not cases:
        problems.append("there are no cases to evaluate; the part is empty")
    if problems:
        message = f"{predictions_tsv} does not fit the cases of {part}:\n  " + "\n  ".join(problems)
        raise EvaluationError(message)
    ordered = sorted(cases, key=lambda each: each.case)
    rows = [(each.case, each.subject, part, _reference(each, target)) for each in ordered]
    answers = table.drop(columns="views")
    joined = pd.DataFrame(rows, columns=list(IDENTITY)).merge(answers, on="case", how="left")
    write_tsv(output, joined)
    _say_missing(part, sorted({each.case for each in cases} - set(table["case"])), len(cases))


def _reference(case: Case, target: Target) -> str:
    names = target.names_of(case) or ()
    return target.rules.separator.join(name for name in target.classes if name in names)


def _cases_that_do_not_fit(
    cases: Sequence[Case], table: pd.DataFrame, target: Target
) -> Iterator[str]:
    known = [each.case for each in cases]
    predicted = [str(case) for case in table["case"]]
    yield from (f"case {case} is listed {n} times in the part" for case, n in _repeated(known))
    yield from (f"case {case} has {n} predictions" for case, n in _repeated(predicted))
    for case in sorted(set(predicted) - set(known)):
        yield f"case {case} is not in the part"
    for each in sorted(cases, key=lambda each: each.case):
        if target.names_of(each) is None:
            yield f"case {each.case} has no class of the study, so nothing can be measured"


def _wrong_numbers(table: pd.DataFrame, target: Target) -> Iterator[str]:
    cases = [str(case) for case in table["case"]]
    for prefix in (CALIBRATED, RAW):
        values = table[columns_of(target.classes, prefix)]
        try:
            numbers = np.asarray(values, np.float64)
        except ValueError:
            yield f"columns {list(values.columns)} hold cells that are no numbers"
        else:
            yield from problems_of(cases, numbers, target, prefix=prefix)


def _repeated(names: Sequence[str]) -> list[tuple[str, int]]:
    return sorted((name, n) for name, n in Counter(names).items() if n > 1)


def _say_missing(part: str, missing: Sequence[str], total: int) -> None:
    if missing:
        say(
            f"evaluate {part}: {len(missing)} of {total} cases have no prediction and count as "
            f"worst value: {', '.join(missing)}"
        )
