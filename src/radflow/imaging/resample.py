"""From one voxel size to another, on grids that share their centre.

The new grid has exactly the spacing asked for and the same centre as the old one; each of its
voxels is interpolated where it truly lies. (Stretching corner to corner, as image libraries do,
would change the spacing by rounding the shape.) Its extent differs from the old one by less than
one new voxel in all; where it reaches beyond the outermost voxel centres, their value continues.
As in nnU-Net, nothing is smoothed before a coarser sampling, unless the plan asks for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform, gaussian_filter

from radflow.errors import ImageError

Shape = tuple[int, int, int]
Spacing = tuple[float, float, float]
Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]

# Headers keep float32: a spacing of 1 mm may read 1.0000001. Over 1,000 voxels this drifts by 0.1.
_SAME_SPACING = 1e-4


@dataclass(frozen=True)
class GridChange:
    """From a source grid to a target grid with the same axes and centre.

    Attributes
    ----------
    source, target
        Voxels of the two grids.
    step
        Size of a target voxel in source voxels, along each axis.
    """

    source: Shape
    target: Shape
    step: Spacing

    @classmethod
    def to_spacing(cls, shape: Shape, spacing_mm: Spacing, target_mm: Spacing) -> Self:
        """Plan the change of voxel size; axes that already match (to 1e-4) stay as they are.

        Parameters
        ----------
        shape
            Voxels of the source grid.
        spacing_mm, target_mm
            Voxel size of the source, and the one wanted, mm along the same axes.

        Raises
        ------
        ImageError
            If a wanted size is not positive and finite.
        """
        if not all(0 < size < float("inf") for size in target_mm):
            message = f"spacing {target_mm} mm must be positive on each axis; mend the plan"
            raise ImageError(message)
        i, j, k = (
            _axis(voxels, old, new)
            for voxels, old, new in zip(shape, spacing_mm, target_mm, strict=True)
        )
        return cls(shape, (i[0], j[0], k[0]), (i[1], j[1], k[1]))

    @property
    def is_identity(self) -> bool:
        """Whether every voxel stays where it is."""
        return self.step == (1.0, 1.0, 1.0)

    @property
    def offset(self) -> Spacing:
        """Position of the target's first voxel centre, in source voxel indices."""
        i, j, k = (
            (old - 1) / 2 - step * (new - 1) / 2
            for old, new, step in zip(self.source, self.target, self.step, strict=True)
        )
        return i, j, k

    @property
    def inverse(self) -> "GridChange":
        """The change back to the source grid."""
        i, j, k = (1 / step for step in self.step)
        return GridChange(self.target, self.source, (i, j, k))

    def affine(self, affine: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Compute the target's ``(4, 4)`` affine (voxel indices to mm) from the source's."""
        to_source = np.diag([*self.step, 1.0])
        to_source[:3, 3] = self.offset
        return affine @ to_source


def smoothed(image: Floats, change: GridChange) -> Floats:
    """Smooth ``(c, i, j, k)`` by a Gaussian, so that a coarser sampling does not alias.

    Its SD along an axis is half of what the step exceeds 1, in source voxels, as scikit-image's
    `resize` has it; axes that get no coarser stay sharp.
    """
    sigma = [max(step - 1, 0) / 2 for step in change.step]
    if not any(sigma):
        return image
    result = np.empty(image.shape, np.float32)
    for channel, output in zip(image, result, strict=True):
        gaussian_filter(channel, sigma, output=output, mode="nearest")
    return result


def resample_image(image: Floats, change: GridChange) -> Floats:
    """Interpolate an image by cubic splines, clipped to the range of the source (no overshoot).

    Parameters
    ----------
    image
        ``(c, i, j, k)`` on the source grid.
    change
        From the source grid to the target grid.

    Returns
    -------
    ndarray
        ``(c, i, j, k)`` float32 on the target grid; the image itself where nothing changes.
    """
    if change.is_identity:
        return image
    channels = [
        np.clip(_interpolate(channel, change, order=3), channel.min(), channel.max())
        for channel in image
    ]
    return np.stack(channels)


def resample_labels(label: Labels, change: GridChange) -> Labels:
    """Resample a label map: each class's mask linearly, then the class with the largest share.

    Parameters
    ----------
    label
        ``(i, j, k)`` on the source grid.
    change
        From the source grid to the target grid.

    Returns
    -------
    ndarray
        ``(i, j, k)`` uint8 on the target grid, of the same classes; the lower class where two
        have the same share; the map itself where nothing changes.
    """
    if change.is_identity:
        return label
    classes = np.unique(label)
    masks = ((label == value).astype(np.float32) for value in classes)
    return classes[_largest(masks, change)]


def resample_argmax(probabilities: Floats, change: GridChange) -> Labels:
    """Interpolate class probabilities linearly and take the likeliest class.

    One class at a time, so that memory holds two maps of the target grid, not all classes.

    Parameters
    ----------
    probabilities
        ``(classes, i, j, k)`` on the source grid.
    change
        From the source grid to the target grid.

    Returns
    -------
    ndarray
        ``(i, j, k)`` uint8 on the target grid; the lower class where two are as likely.
    """
    if change.is_identity:
        return probabilities.argmax(0).astype(np.uint8)
    return _largest(probabilities, change)


def _axis(voxels: int, old_mm: float, new_mm: float) -> tuple[int, float]:
    """Plan one axis: voxels of the target, and its voxel size in source voxels."""
    step = new_mm / old_mm
    if abs(step - 1) <= _SAME_SPACING:
        return voxels, 1.0
    return max(floor(voxels / step + 0.5), 1), step


def _interpolate(array: Floats, change: GridChange, *, order: int) -> Floats:
    # An axis of one voxel has nothing to interpolate; scipy would pad it to 25 for its splines.
    kept = [
        n
        for n, sizes in enumerate(zip(change.source, change.target, strict=True))
        if max(sizes) > 1
    ]
    array = array.reshape([change.source[axis] for axis in kept])
    result = np.empty([change.target[axis] for axis in kept], np.float32)
    # A diagonal given as a vector takes scipy's separable algorithm.
    affine_transform(
        array,
        np.array([change.step[axis] for axis in kept]),
        offset=[change.offset[axis] for axis in kept],  # type: ignore[arg-type]
        output_shape=result.shape,
        output=result,
        order=order,
        mode="nearest",
    )
    return result.reshape(change.target)


def _largest(maps: Iterable[Floats], change: GridChange) -> Labels:
    best = np.full(change.target, -np.inf, np.float32)
    winner = np.zeros(change.target, np.uint8)
    for number, source in enumerate(maps):
        value = _interpolate(source, change, order=1)
        better = value > best
        best[better] = value[better]
        winner[better] = number
    return winner
