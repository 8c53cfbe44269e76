"""The workflow's step: predict one part of a study, back on the grid of its source images."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from radflow.files import sha256_file, write_tsv
from radflow.imaging.preprocess import to_native
from radflow.imaging.volume import write_labels
from radflow.inference.model import load_folds
from radflow.inference.precision import Precision
from radflow.patches.store import ShardSet
from radflow.progress import track

TABLE_NAME = "predictions.tsv"


def predict_part(
    folders: Sequence[Path],
    shards: Sequence[Path],
    *,
    cases: Sequence[str],
    output: Path,
    precision: Precision = "auto",
) -> None:
    """Predict label maps of preprocessed cases.

    Writes ``CASE.nii.gz`` (uint8, the affine of the source image) for each case, and
    ``predictions.tsv`` (case, path relative to the table, sha256), sorted by case. Predictions of
    other cases that an earlier run left in the folder are removed.

    Parameters
    ----------
    folders
        Folders of the folds whose probabilities are averaged: one for the cases it held out, all
        that ran for the test part.
    shards
        Files of preprocessed cases that hold at least `cases`.
    cases
        Ids of the cases to predict.
    output
        Folder to write.
    precision
        See `radflow.inference.precision.autocast_dtype`.

    Raises
    ------
    ModelError
        If the folds can't be loaded.
    ImageError
        If a case is in none of the shards.
    """
    model = load_folds(folders, precision=precision)
    store = ShardSet(shards)
    store.require(cases)
    ordered = sorted(cases)
    _remove_stale(output, {f"{case}.nii.gz" for case in ordered})
    rows: list[tuple[str, str, str]] = []
    for case in track(ordered, f"predict {model.card.name}"):
        geometry = store.geometry(case)
        labels = to_native(model.probabilities(store.image(case)), geometry)
        path = output / f"{case}.nii.gz"
        write_labels(path, labels, geometry.affine)
        rows.append((case, path.name, sha256_file(path)))
    write_tsv(output / TABLE_NAME, pd.DataFrame(rows, columns=["case", "path", "sha256"]))


def _remove_stale(folder: Path, keep: set[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TABLE_NAME).unlink(missing_ok=True)
    for path in folder.glob("*.nii.gz"):
        if path.name not in keep:
            path.unlink()
