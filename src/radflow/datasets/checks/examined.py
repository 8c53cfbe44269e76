"""A file under examination: what every check of geometry, intensities and labels looks at."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from radflow.config.dataset import IntakeRules
from radflow.errors import ImageError
from radflow.imaging.nifti import RawNifti, has_volume

_MM_PER_UNIT = {None: 1.0, "mm": 1.0, "um": 1e-3, "m": 1e3}


@dataclass(frozen=True)
class Examined:
    """A file that could be read to its last byte, with the bounds it has to keep.

    Attributes
    ----------
    path
        Where the file was delivered.
    raw
        Its header and stored voxels.
    rules
        Bounds of the dataset card.
    modality
        "MR" or "CT"; None where it isn't known.
    classes
        Values a label map may hold; empty for an image.
    flat
        Whether it was a picture: one slice, of no thickness, is by design.
    """

    path: Path
    raw: RawNifti
    rules: IntakeRules
    modality: str | None = None
    classes: tuple[int, ...] = ()
    flat: bool = False

    @cached_property
    def delivered(self) -> np.ndarray | None:
        """Real values ``(i, j, k)``, or None where the file is no volume or can't be rescaled."""
        try:
            return self.raw.array() if len(self.raw.shape) == 3 else None
        except ImageError:
            return None

    @cached_property
    def array(self) -> np.ndarray | None:
        """The delivered values; in an image, the declared fill stands for NaN and infinity."""
        array, fill = self.delivered, self.rules.fill_not_finite
        if array is None or fill is None or self.classes or array.dtype.kind != "f":
            return array
        finite = np.isfinite(array)
        return array if finite.all() else np.where(finite, array, array.dtype.type(fill))

    @cached_property
    def affine(self) -> np.ndarray | None:
        """Affine 4x4, voxel to mm, or None where the file has none that can be used.

        Sizes are in the unit that the card declares. Where the card accepts files without any
        orientation, theirs is that of the voxel axes, taken as R, A, S, with the origin in the
        first voxel.
        """
        raw = self.raw
        try:
            if any(raw.codes):
                affine = self.in_mm(raw.sform() if raw.codes[1] else raw.qform())
            elif self.rules.unknown_orientation == "accept":
                affine = np.diag([*self.pixdim_mm, 1.0])
            else:
                return None
        except ImageError:
            return None
        return affine if has_volume(affine) else None

    @property
    def mm_per_unit(self) -> float:
        """What the header's sizes are multiplied by to be mm; 1 unless the card declares a unit."""
        return _MM_PER_UNIT[self.rules.units]

    def in_mm(self, affine: np.ndarray) -> np.ndarray:
        """Give an affine 4x4 of the header in mm."""
        scaled = affine.copy()
        scaled[:3] *= self.mm_per_unit
        return scaled

    @property
    def pixdim_mm(self) -> np.ndarray:
        """The header's voxel sizes along i, j, k in mm, as they stand: also 0, negative or NaN."""
        return np.asarray(self.raw.header["pixdim"][1:4], dtype=np.float64) * self.mm_per_unit

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents in voxels without trailing singletons."""
        return self.raw.shape

    @property
    def extents(self) -> tuple[int, ...]:
        """Extents in voxels that have bounds to keep: without the one slice of a picture."""
        return self.shape[:2] if self.flat and self.shape[2:] == (1,) else self.shape

    @cached_property
    def spacing_mm(self) -> np.ndarray | None:
        """Voxel size along i, j, k in mm: the norms of the affine's columns."""
        return None if self.affine is None else np.linalg.norm(self.affine[:3, :3], axis=0)


def corner_shift_mm(one: np.ndarray, other: np.ndarray, shape: tuple[int, ...]) -> float:
    """Largest distance in mm between where two affines put a corner of the grid.

    Parameters
    ----------
    one, other
        4x4, voxel to mm.
    shape
        Extents ``(i, j, k)`` of the grid, in voxels.
    """
    last = np.asarray(shape[:3]) - 1
    corners = np.array(np.meshgrid(*[(0, n) for n in last], indexing="ij")).reshape(3, -1)
    moved = (one - other)[:3, :3] @ corners + (one - other)[:3, 3:]
    return float(np.linalg.norm(moved, axis=0).max())
