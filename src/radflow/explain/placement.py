"""Maps of views, brought onto the preprocessed grid of their case, and to the source's grid."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform

from radflow.config.classification import InputRules
from radflow.imaging.geometry import Geometry
from radflow.imaging.nifti import plain_header, write_raw
from radflow.imaging.resample import Floats, Shape

Mask = npt.NDArray[np.bool_]
Volume = npt.NDArray[np.float32]


class Canvas:
    """The preprocessed grid of a case, on which the maps of its views are laid.

    Parameters
    ----------
    rules
        Which views.
    patch_size
        Voxels along the RAS axes.
    shape
        Of the preprocessed grid, voxels.
    """

    def __init__(self, rules: InputRules, patch_size: Sequence[int], shape: Shape) -> None:
        i, j, k = patch_size
        self._rules, self._size = rules, (i, j, k)
        self._sum, self._count = np.zeros(shape, np.float32), np.zeros(shape, np.float32)

    def add(self, maps: Floats, centre: Sequence[int]) -> None:
        """Lay the map of a view about its centre; what is beyond the grid is cut off.

        The map of a slice, also of one with neighbours, fills the voxels from it to the next view
        (`input.every`). Of ``planes`` each map lies in its own plane, one map in all three.

        Parameters
        ----------
        maps
            ``(groups, *grid)`` of the view (`radflow.patches.views.view_shape`).
        centre
            Of the view, a voxel of the preprocessed grid.
        """
        for starts, piece in self._pieces(maps, centre):
            ends = [at + n for at, n in zip(starts, piece.shape, strict=True)]
            first = [max(at, 0) for at in starts]
            last = [min(at, n) for at, n in zip(ends, self._sum.shape, strict=True)]
            if all(a < b for a, b in zip(first, last, strict=True)):
                here = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
                there = tuple(
                    slice(a - at, b - at) for a, b, at in zip(first, last, starts, strict=True)
                )
                self._sum[here] += piece[there]
                self._count[here] += 1

    @property
    def map(self) -> Volume:
        """Mean of the maps at each voxel ``(i, j, k)``; 0 where no view was."""
        return (self._sum / np.maximum(self._count, 1)).astype(np.float32)

    @property
    def seen(self) -> Mask:
        """Where a view was, ``(i, j, k)``."""
        return self._count > 0

    def _pieces(self, maps: Floats, centre: Sequence[int]) -> Iterator[tuple[list[int], Volume]]:
        starts = [at - size // 2 for at, size in zip(centre, self._size, strict=True)]
        match self._rules.view:
            case "whole":
                yield starts, maps[0].reshape(self._size)
            case "slices" | "neighbours":
                axis, every = self._rules.axis, self._rules.every
                starts[axis] = centre[axis] - every // 2
                yield starts, np.repeat(np.expand_dims(maps[0], axis), every, axis)
            case "planes":
                for axis in range(3):
                    own = [centre[n] if n == axis else at for n, at in enumerate(starts)]
                    plane = maps[axis if len(maps) > 1 else 0]
                    yield own, np.expand_dims(plane, axis)


def to_source(values: Volume, geometry: Geometry) -> Volume:
    """Interpolate a map linearly onto the grid of its source image.

    Parameters
    ----------
    values
        ``(i, j, k)`` on the preprocessed grid, RAS+.
    geometry
        Of the case.

    Returns
    -------
    ndarray
        ``(i, j, k)`` float32 along the axes of the source's file; as it is where the grids agree.
    """
    change = geometry.change.inverse
    if not change.is_identity:
        result = np.empty(change.target, np.float32)
        affine_transform(
            values,
            np.array(change.step),
            offset=change.offset,  # type: ignore[arg-type]
            output_shape=change.target,
            output=result,
            order=1,
            mode="nearest",
        )
        values = result
    return np.ascontiguousarray(geometry.orientation.undo(values))


def maximum(values: Volume, seen: Mask) -> tuple[int, int, int] | None:
    """Find the voxel of the largest value among those seen; None where all are the same.

    Of several as large, the one nearest to their middle: a map of boxes has plateaus.
    """
    inside = values[seen]
    if inside.size == 0 or inside.max() <= inside.min():
        return None
    places = np.argwhere(seen & (values == inside.max()))
    away = ((places - places.mean(0)) ** 2).sum(1)
    i, j, k = places[int(away.argmin())].tolist()
    return i, j, k


def write_map(path: Path, values: Volume, geometry: Geometry) -> None:
    """Write a map ``(i, j, k)`` of the source's grid as float32 NIfTI with the source's affine."""
    header = plain_header(values.shape, np.dtype(np.float32), geometry.affine, code=1)
    write_raw(path, header, values.astype("<f4").tobytes(order="F"))
