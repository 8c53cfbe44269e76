"""The workflow's step: tell the classes of one part of a study."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from radflow.datasets.cases import Case
from radflow.evaluation.classification.columns import CALIBRATED, RAW
from radflow.files import write_tsv
from radflow.inference.classifier import load_classifier_folds
from radflow.inference.precision import Precision
from radflow.patches.store import ShardSet
from radflow.patches.views import view_centres
from radflow.progress import track


def classify_part(
    folders: Sequence[Path],
    shards: Sequence[Path],
    *,
    cases: Sequence[Case],
    table: Path,
    precision: Precision = "auto",
) -> None:
    """Tell the classes of preprocessed cases.

    Writes ``predictions.tsv``: case, views (how many were averaged), then for each class ``p:NAME``
    and ``raw:NAME``, its probability with and without temperature; sorted by case.

    Parameters
    ----------
    folders
        Folders of the folds whose probabilities are averaged: one for the cases it held out, all
        that ran for the test part.
    shards
        Files of preprocessed cases that hold at least `cases`.
    cases
        To tell the classes of.
    table
        TSV to write.
    precision
        See `radflow.inference.precision.autocast_dtype`.

    Raises
    ------
    ModelError
        If the folds can't be loaded.
    ImageError
        If a case is in none of the shards.
    """
    model = load_classifier_folds(folders, precision=precision)
    store = ShardSet(shards)
    store.require(case.case for case in cases)
    rows: list[dict[str, str | float]] = []
    for case in track(sorted(cases, key=lambda each: each.case), f"predict {model.card.name}"):
        answer = model.answer(store, case.case, view_centres(store, case, model.card.view))
        row: dict[str, str | float] = {"case": case.case, "views": answer.views}
        for prefix, values in ((CALIBRATED, answer.calibrated), (RAW, answer.raw)):
            names = (f"{prefix}{name}" for name in model.target.classes)
            row |= dict(zip(names, values.round(9).tolist(), strict=True))
        rows.append(row)
    write_tsv(table, pd.DataFrame(rows))
