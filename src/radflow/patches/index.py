"""Where patches are centred: as many centres in each class, chosen once, before training.

A target may fill a hundredth of a volume. Equal numbers of centres from target and background
(the primer's answer to imbalance) let training draw balanced patches without scanning volumes.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from radflow.config.preprocess import PatchRules
from radflow.errors import RadflowError
from radflow.files import replacing
from radflow.patches.store import Labels, ShardSet
from radflow.progress import track
from radflow.randomness import keyed_generator

COLUMNS = ("case", "label", "i", "j", "k")

_SCHEMA = pa.schema([("case", pa.string()), *((name, pa.int32()) for name in COLUMNS[1:])])
_CLASSES = 256


def build_index(shards: ShardSet, rules: PatchRules) -> pd.DataFrame:
    """Choose centres in every case, `rules.per_class` of each class present, or all it has.

    What is chosen in a case depends on the seed, the case and the class alone, not on the other
    cases or their order. One label map is in memory at a time.

    Parameters
    ----------
    shards
        Preprocessed cases, with labels.
    rules
        How many centres, and the seed.

    Returns
    -------
    DataFrame
        case (str), label (class; int32), i, j, k (int32; voxel of the preprocessed grid), sorted
        by all of them.

    Raises
    ------
    ImageError
        If a case has no label.
    """
    tables = [
        pd.DataFrame({"case": case, "label": label, **dict(zip("ijk", centres.T, strict=True))})
        for case in track(sorted(shards.cases), "patches")
        for label, centres in _centres(shards.label(case), case, rules)
    ]
    if not tables:
        return _SCHEMA.empty_table().to_pandas()
    table = pd.concat(tables, ignore_index=True)
    return table.astype(dict.fromkeys(COLUMNS[1:], np.int32))


def write_index(path: Path, table: pd.DataFrame) -> None:
    """Write a patch index as Parquet; the same table gives the same bytes."""
    # Without pandas's own metadata, which would carry its version into the bytes.
    columns = pa.Table.from_pandas(table, schema=_SCHEMA, preserve_index=False)
    with replacing(path) as temporary:
        pq.write_table(columns.replace_schema_metadata(None), temporary, compression="zstd")


def read_index(path: Path) -> pd.DataFrame:
    """Read a patch index.

    Raises
    ------
    RadflowError
        If the file is no Parquet table, or has other columns.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        message = f"patch index {path} can't be read: {error}; run the rule patches again"
        raise RadflowError(message) from error
    if not table.schema.equals(_SCHEMA):
        message = f"patch index {path} has columns {table.schema.names}, not {list(COLUMNS)}"
        raise RadflowError(message)
    return table.to_pandas()


def _centres(
    label: Labels, case: str, rules: PatchRules
) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Yield each class of a label map with its centres ``(n, 3)``, sorted."""
    counts = np.stack([np.bincount(plane.ravel(), minlength=_CLASSES) for plane in label])
    for value in np.flatnonzero(counts.any(0)).tolist():
        total = int(counts[:, value].sum())
        rng = keyed_generator(rules.seed, "patches", case, value)
        ranks = rng.choice(total, min(rules.per_class, total), replace=False)
        yield value, _voxels_of_ranks(label, value, counts[:, value], np.sort(ranks))


def _voxels_of_ranks(
    label: Labels, value: int, counts: npt.NDArray[np.int64], ranks: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Find the n-th voxels of a class, ``(n, 3)``, searching only the planes that hold them.

    Memory is that of one plane, where listing all voxels would take 8 times the label map.
    """
    ends = counts.cumsum()
    planes = np.searchsorted(ends, ranks, side="right")
    found: list[npt.NDArray[np.int64]] = []
    for plane in np.unique(planes):
        inside = ranks[planes == plane] - (ends[plane] - counts[plane])
        flat = np.flatnonzero(label[plane] == value)[inside]
        j, k = np.unravel_index(flat, label.shape[1:])
        found.append(np.stack([np.full_like(j, plane), j, k], axis=1))
    return np.concatenate(found)
