"""The ledger of accesses to the test part: who read it, with which weights, split and settings."""

import fcntl
import os
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from radflow.errors import EvaluationError
from radflow.files import read_json, read_tsv, sha256_record, write_tsv

KEY = ("model", "folds", "weights_sha256", "split_sha256", "settings_sha256")
COLUMNS = ("access", *KEY)

_SHA256 = re.compile(r"[0-9a-f]{64}")


def record_access(
    path: Path,
    *,
    model: str,
    folds: Sequence[int],
    weights_sha256: Sequence[str],
    split_sha256: str,
    settings_sha256: str,
) -> int:
    """Write an access to the test part into the ledger, once.

    An evaluation with the same model, folds, weights, split and settings is the same access: it
    adds no row, so a rerun leaves the file as it is, to the byte. Safe with several processes at
    once; the ledger is replaced whole, never half-written.

    Parameters
    ----------
    path
        The ledger, a TSV; made where it does not exist.
    model
        Name of the model.
    folds
        Folds whose weights were used.
    weights_sha256
        SHA-256 of each weights file, in any order; the ledger holds one hash of the sorted list.
    split_sha256, settings_sha256
        SHA-256 of the split and of the settings of the evaluation.

    Returns
    -------
    int
        Number of the access, counted from 1.

    Raises
    ------
    EvaluationError
        When a hash is no SHA-256, or the ledger on disk is damaged.
    """
    _check_hashes([*weights_sha256, split_sha256, settings_sha256])
    key = {
        "model": model,
        "folds": " ".join(str(fold) for fold in sorted(folds)),
        "weights_sha256": sha256_record(sorted(weights_sha256)),
        "split_sha256": split_sha256,
        "settings_sha256": settings_sha256,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.parent):
        rows = read_ledger(path)
        for row in rows:
            if all(row[column] == key[column] for column in KEY):
                return int(row["access"])
        access = len(rows) + 1
        write_tsv(path, pd.DataFrame([*rows, {"access": access, **key}], columns=list(COLUMNS)))
    return access


def record_models(
    path: Path, *, model: str, cards: Sequence[Path], split_sha256: str, settings_sha256: str
) -> int:
    """Write an access by trained folds, whose ``model.json`` are `cards`; see `record_access`."""
    records = [read_json(card) for card in cards]
    return record_access(
        path,
        model=model,
        folds=[record["fold"] for record in records],
        weights_sha256=[record["weights_sha256"] for record in records],
        split_sha256=split_sha256,
        settings_sha256=settings_sha256,
    )


def read_ledger(path: Path) -> list[dict[str, Any]]:
    """Read the ledger: one record per access (`COLUMNS`), none where there is no file yet.

    Raises
    ------
    EvaluationError
        When columns are not the ledger's or accesses are not counted 1, 2, ...: a row was taken
        out or changed.
    """
    if not path.exists():
        return []
    table = read_tsv(path, strings=KEY).fillna("")
    if tuple(table.columns) != COLUMNS:
        message = f"{path}: columns {list(table.columns)} are not the ledger's {list(COLUMNS)}"
        raise EvaluationError(message)
    if table["access"].tolist() != list(range(1, len(table) + 1)):
        message = (
            f"{path}: accesses must be counted 1, 2, ..., got {table['access'].tolist()}; "
            "rows of the ledger are never taken out: restore it from git"
        )
        raise EvaluationError(message)
    names = [str(column) for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.values.tolist()]


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    """Hold the folder for this process, so that two accesses at once both get a row.

    The folder is locked, not the ledger, because the ledger's file is replaced.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _check_hashes(hashes: Sequence[str]) -> None:
    for each in hashes:
        if not _SHA256.fullmatch(each):
            message = f"not a SHA-256 (64 hexadecimal digits): {each!r}"
            raise EvaluationError(message)
