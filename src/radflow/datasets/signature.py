"""What an image looks like in a few hundred bytes: found again after copying, shifting, rescaling.

The image is turned to RAS+, its intensities are brought to a common scale that no linear map and no
power changes, and the part that holds the signal is sampled on a small grid. Where the signal lies
is told by its centre and spread, which move smoothly: a threshold's box would jump with one voxel.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from radflow.errors import ImageError
from radflow.imaging.orientation import Orientation

Floats = npt.NDArray[np.float32]

EDGE = {3: 16, 2: 32}
"""Cells along an axis of the grid, of volumes and of one-slice images."""
LEVELS = 16
"""Values of a cell: one hexadecimal digit."""

_MOST = {3: 64, 2: 128}  # voxels an axis that are looked at; coarser images as they are
_LOW, _MIDDLE, _HIGH = 1, 90, 99  # percentiles that become 0, 1/2 and 1
_STEEPEST = 3.0
_SPREADS = 1.8  # standard deviations about the centre; an evenly filled axis has 1.73


def signature_of(array: npt.NDArray[Any], affine: npt.ArrayLike) -> str:
    """Describe an image so that copies of it are found again.

    Parameters
    ----------
    array
        ``(i, j, k)``, any unit; voxels that are not finite count as the median.
    affine
        ``(4, 4)``, voxel indices to RAS+ mm. Only directions are used: voxel sizes may be wrong.

    Returns
    -------
    str
        ``16^3`` hexadecimal digits of a volume, ``32^2`` of an image of one slice (an axis of one
        voxel); empty where there is no contrast, fewer than two axes, or no orientation.
    """
    if array.ndim != 3:
        return ""
    try:
        oriented = Orientation.of(affine).apply(array)
    except ImageError:
        return ""
    axes = tuple(size for size in oriented.shape if size > 1)
    if len(axes) not in EDGE:
        return ""
    scaled = _scaled(_reduced(_finite(oriented.reshape(axes)), _MOST[len(axes)]))
    if scaled is None:
        return ""
    grid = _sampled(scaled, EDGE[len(axes)])
    lowest, highest = float(grid.min()), float(grid.max())
    if highest - lowest < 1 / LEVELS**2:
        return ""
    levels = np.rint((grid - lowest) * ((LEVELS - 1) / (highest - lowest))).astype(int)
    return "".join(f"{level:x}" for level in levels.ravel())


def grid_of(signature: str) -> Floats | None:
    """Give the grid ``(16, 16, 16)`` or ``(32, 32)`` of a signature; None where it is neither."""
    for dimensions, edge in EDGE.items():
        if len(signature) == edge**dimensions:
            levels = np.frombuffer(bytes.fromhex(signature), np.uint8)
            both = np.stack([levels >> 4, levels & (LEVELS - 1)], axis=1)
            return both.astype(np.float32).reshape((edge,) * dimensions)
    return None


def _finite(array: npt.NDArray[Any]) -> Floats:
    """Divide by the largest magnitude, so that float32 holds it, and fill what is not finite."""
    finite = np.isfinite(array)
    if not finite.any():
        return np.zeros(array.shape, np.float32)
    largest = float(np.abs(array, where=finite, out=np.zeros(array.shape)).max()) or 1.0
    values = array if finite.all() else np.where(finite, array, np.median(array[finite]))
    return (values / largest).astype(np.float32)


def _reduced(array: Floats, most: int) -> Floats:
    for axis, size in enumerate(array.shape):
        if size > most:
            array = _resample(array, axis, np.linspace(0, size, most + 1))
    return array


def _scaled(array: Floats) -> Floats | None:
    """Bring three percentiles to 0, 1/2 and 1, the middle one by a power; None without contrast."""
    low, middle, high = np.percentile(array, (_LOW, _MIDDLE, _HIGH))
    if high <= low:
        low, high = array.min(), array.max()
    if high <= low:
        return None
    share = np.clip((middle - low) / (high - low), 1e-3, 1 - 1e-3)
    power = np.clip(np.log(0.5) / np.log(share), 1 / _STEEPEST, _STEEPEST)
    return np.clip((array - low) / (high - low), 0, 1) ** np.float32(power)


def _sampled(array: Floats, edge: int) -> Floats:
    """Sample the box about the centre of the squared intensities on `edge` cells an axis."""
    weight = np.square(array)
    for axis, size in enumerate(array.shape):
        others = tuple(other for other in range(array.ndim) if other != axis)
        profile = weight.sum(others, dtype=np.float64)
        places = np.arange(size) + 0.5
        centre = (profile @ places) / profile.sum()
        reach = _SPREADS * np.sqrt((profile @ (places - centre) ** 2) / profile.sum())
        array = _resample(array, axis, np.linspace(centre - reach, centre + reach, edge + 1))
    return array


def _resample(array: Floats, axis: int, edges: npt.NDArray[np.float64]) -> Floats:
    """Average along an axis with triangles as wide as two cells; beyond the image, its edge."""
    size, step = array.shape[axis], max(float(edges[1] - edges[0]), 1.0)
    centres = np.clip((edges[1:] + edges[:-1]) / 2, 0.5, size - 0.5)
    distance = np.abs(np.arange(size) + 0.5 - centres[:, None])
    weights = np.clip(1 - distance / step, 0, None)
    weights /= weights.sum(axis=1, keepdims=True)
    averaged = np.tensordot(weights.astype(np.float32), array, (1, axis))
    return np.moveaxis(averaged, 0, axis)
