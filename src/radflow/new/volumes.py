"""A look into a few images: their grid, the values of label maps, the kind of intensities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from radflow.errors import ImageError
from radflow.imaging.nifti_reader import read_raw
from radflow.new.files import NIFTI, has_suffix
from radflow.new.found import Entry

_MOST_CLASSES = 256
_TOLERANCE_MM = 1e-3
_AIR_HU = -500


@dataclass(frozen=True)
class Grid:
    """Shape in voxels and affine 4x4 (voxel to mm); the affine is None where the file has none."""

    shape: tuple[int, ...]
    affine: np.ndarray | None

    def same(self, other: "Grid") -> bool:
        """Say whether two images lie voxel on voxel."""
        if self.shape != other.shape or (self.affine is None) != (other.affine is None):
            return False
        if self.affine is None or other.affine is None:
            return True
        return bool(np.allclose(self.affine, other.affine, atol=_TOLERANCE_MM))


def grid_of(path: Path) -> Grid | None:
    """Read where an image lies; None where it can't be read."""
    if not has_suffix(path, NIFTI):
        values = _values(path)
        return None if values is None else Grid(values.shape[:2], None)
    try:
        raw = read_raw(path)
    except ImageError:
        return None
    try:
        return Grid(raw.shape, raw.affine)
    except ImageError:
        return Grid(raw.shape, None)


def classes_of(
    paths: Sequence[Path], name: str = "foreground"
) -> tuple[dict[int, str], tuple[str, ...]]:
    """Read the values of some label maps.

    Returns
    -------
    tuple
        Classes from 0 to the largest value, named for the user to rename; and remarks, where the
        values are no classes.
    """
    values: set[float] = set()
    unread = 0
    for path in paths:
        array = _values(path)
        unread += array is None
        values |= set() if array is None else {float(value) for value in np.unique(array)[:1000]}
    remarks = [f"{unread} of {len(paths)} label maps looked at can't be read"] if unread else []
    whole = sorted(int(value) for value in values if value == int(value) and value >= 0)
    last = max(whole, default=1)
    if len(whole) < len(values) or last >= _MOST_CLASSES or whole != list(range(last + 1)):
        shown = ", ".join(f"{value:g}" for value in sorted(values)[:8])
        remarks.append(
            f"label maps hold the values {shown}: classes must count 0, 1, 2...; convert the maps, "
            "or correct `classes`"
        )
        last = min(max(1, len(whole) - 1), _MOST_CLASSES - 1)
    last = max(1, last)
    named = [name] if last == 1 else [f"class-{value}" for value in range(1, last + 1)]
    return {0: "background", **dict(enumerate(named, start=1))}, tuple(remarks)


def looks_like_ct(paths: Iterable[Path]) -> bool:
    """Say whether intensities reach down to air in Hounsfield units."""
    return any(
        array is not None and np.nanmin(array) < _AIR_HU
        for array in (_values(path) for path in paths)
    )


def other_grids(cases: Iterable[Sequence[Path]]) -> tuple[Entry, ...]:
    """Compare the files of some cases; where they differ, declare that they are resampled."""
    for case in cases:
        grids = [grid for grid in map(grid_of, case) if grid is not None]
        if any(not grid.same(grids[0]) for grid in grids[1:]):
            comment = "files of one case lie on different grids: resampled to the first channel's"
            return (Entry("other_grids", "resample", comment),)
    return ()


def _values(path: Path) -> np.ndarray | None:
    try:
        if has_suffix(path, NIFTI):
            return read_raw(path).array()
        with Image.open(path) as picture:
            return np.asarray(picture)
    except (ImageError, OSError, ValueError, Image.DecompressionBombError):
        return None
