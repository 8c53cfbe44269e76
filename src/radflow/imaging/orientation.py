"""Canonical orientation: array axes in the order and direction of right, anterior, superior.

Only axes are exchanged and flipped, so nothing is interpolated and the way back is exact.
"""

from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
from nibabel.orientations import io_orientation

from radflow.errors import ImageError

_LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class Orientation:
    """How the axes of a file become those of RAS+.

    Attributes
    ----------
    axes
        For each RAS axis, the axis of the file that runs along it.
    flips
        For each RAS axis, whether the file's axis runs the other way.
    """

    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]

    @classmethod
    def of(cls, affine: npt.ArrayLike) -> Self:
        """Find the orientation nearest to an affine, oblique ones included.

        Parameters
        ----------
        affine
            ``(4, 4)``, file voxel indices to RAS+ mm.

        Raises
        ------
        ImageError
            If the affine holds NaN or infinity, or does not span three dimensions.
        """
        matrix = np.asarray(affine, np.float64)
        if not np.isfinite(matrix).all() or np.linalg.matrix_rank(matrix[:3, :3]) < 3:
            message = (
                f"affine {matrix.tolist()} does not place voxels in three dimensions; "
                "repair the header or leave the case out"
            )
            raise ImageError(message)
        # One row per file axis: the RAS axis it runs along, and its direction.
        to_ras = io_orientation(matrix)
        order = np.argsort(to_ras[:, 0])
        i, j, k = (int(axis) for axis in order)
        flip_i, flip_j, flip_k = (bool(to_ras[axis, 1] < 0) for axis in order)
        return cls((i, j, k), (flip_i, flip_j, flip_k))

    @property
    def letters(self) -> str:
        """Where the file's axes point to, e.g. ``"LAS"``."""
        letters = [""] * 3
        for ras, (axis, flip) in enumerate(zip(self.axes, self.flips, strict=True)):
            letters[axis] = _LETTERS[ras][not flip]
        return "".join(letters)

    def apply(self, array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Bring the last three axes of a file's array to RAS+; returns a view."""
        return np.flip(_permute(array, self.axes), self._flipped)

    def undo(self, array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Bring the last three axes of a RAS+ array back to the file's; returns a view."""
        i, j, k = (self.axes.index(axis) for axis in range(3))
        return _permute(np.flip(array, self._flipped), (i, j, k))

    def shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """Shape of the RAS+ array of a file's array of `shape`, voxels."""
        i, j, k = (shape[axis] for axis in self.axes)
        return i, j, k

    def affine(self, affine: npt.ArrayLike, shape: tuple[int, int, int]) -> npt.NDArray[np.float64]:
        """Compute the affine of the RAS+ array: each voxel stays where it was in mm.

        Parameters
        ----------
        affine
            ``(4, 4)``, file voxel indices to RAS+ mm.
        shape
            Voxels along the file's axes.

        Returns
        -------
        ndarray
            ``(4, 4)``, indices of the RAS+ array to RAS+ mm.
        """
        to_file = np.zeros((4, 4))
        to_file[3, 3] = 1
        for ras, (axis, flip) in enumerate(zip(self.axes, self.flips, strict=True)):
            to_file[axis, ras] = -1 if flip else 1
            to_file[axis, 3] = shape[axis] - 1 if flip else 0
        return np.asarray(affine, np.float64) @ to_file

    @property
    def _flipped(self) -> tuple[int, ...]:
        return tuple(ras - 3 for ras in range(3) if self.flips[ras])


def _permute(array: npt.NDArray[Any], axes: tuple[int, int, int]) -> npt.NDArray[Any]:
    leading = array.ndim - 3
    return array.transpose(*range(leading), *(leading + axis for axis in axes))
