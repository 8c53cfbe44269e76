"""From one grid in space to any other: each voxel takes the value at its place in mm.

Unlike `radflow.imaging.resample`, the grids need not share axes or centre. As there, nothing is
smoothed before a coarser sampling.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform

from radflow.imaging.geometry import Affine
from radflow.imaging.resample import Floats, Labels, Shape


@dataclass(frozen=True, eq=False)
class Grid:
    """Voxels in space.

    Attributes
    ----------
    shape
        Voxels along the axes i, j, k.
    affine
        ``(4, 4)``, voxel indices to RAS+ mm, of full rank.
    """

    shape: Shape
    affine: Affine

    @property
    def corners_mm(self) -> npt.NDArray[np.float64]:
        """The eight corners of the field of view, ``(8, 3)`` in mm: outer faces of voxels."""
        ends = [(-0.5, size - 0.5) for size in self.shape]
        corners = np.stack(np.meshgrid(*ends, indexing="ij"), -1).reshape(-1, 3)
        return corners @ self.affine[:3, :3].T + self.affine[:3, 3]


def regrid_image(image: npt.NDArray[np.generic], source: Grid, target: Grid) -> Floats:
    """Interpolate an image linearly.

    Parameters
    ----------
    image
        ``(i, j, k)`` on the source grid, finite.
    source, target
        The two grids.

    Returns
    -------
    ndarray
        ``(i, j, k)`` float32 on the target grid. Half a voxel beyond the outermost centres their
        value continues; outside the source's field of view is the source's lowest value.
    """
    result = np.empty(target.shape, np.float32)
    _transform(image, source, target, result, order=1)
    result[~covered(source, target)] = image.min()
    return result


def regrid_labels(label: npt.NDArray[np.generic], source: Grid, target: Grid) -> Labels:
    """Take each voxel's class from the nearest voxel of a label map.

    Parameters
    ----------
    label
        ``(i, j, k)`` on the source grid, whole numbers from 0 to 255.
    source, target
        The two grids.

    Returns
    -------
    ndarray
        ``(i, j, k)`` uint8 on the target grid; 0 outside the source's field of view.
    """
    result = np.empty(target.shape, np.uint8)
    _transform(label, source, target, result, order=0)
    result[~covered(source, target)] = 0
    return result


def covered(source: Grid, target: Grid) -> npt.NDArray[np.bool_]:
    """Tell which voxels of the target have their centre in the source's field of view.

    Returns
    -------
    ndarray
        ``(i, j, k)`` bool on the target grid; the field of view ends at the faces of voxels.
    """
    inside = np.empty(target.shape, np.bool_)
    change = _change(source, target)
    i, j = np.ogrid[: target.shape[0], : target.shape[1]]
    # One slice at a time: indices of a whole grid would take eight bytes a voxel and axis.
    for k in range(target.shape[2]):
        inside[:, :, k] = True
        for row, size in zip(change[:3], source.shape, strict=True):
            index = row[0] * i + row[1] * j + (row[2] * k + row[3])
            inside[:, :, k] &= (index >= -0.5) & (index <= size - 0.5)
    return inside


def corner_distance_mm(one: Grid, other: Grid) -> float:
    """Find how far, at most, a corner of one field of view lies from the nearest of the other."""
    between = one.corners_mm[:, None] - other.corners_mm[None]
    return float(np.linalg.norm(between, axis=-1).min(axis=1).max())


def _change(source: Grid, target: Grid) -> Affine:
    """Affine ``(4, 4)`` from voxel indices of the target to those of the source."""
    return np.asarray(np.linalg.solve(source.affine, target.affine), np.float64)


def _transform(
    array: npt.NDArray[np.generic],
    source: Grid,
    target: Grid,
    result: npt.NDArray[np.generic],
    *,
    order: int,
) -> None:
    change = _change(source, target)
    affine_transform(
        array,
        change[:3, :3],
        offset=change[:3, 3],  # type: ignore[arg-type]
        output_shape=target.shape,
        output=result,
        order=order,
        mode="nearest",
    )
