"""What the phantom does with scalar fields: blur, distances, reading between voxels, noise."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Floats = npt.NDArray[np.float32]
Reals = npt.NDArray[np.floating[Any]]  # of any precision
Mask = npt.NDArray[np.bool_]


def blurred(field: Reals, sd_voxels: float) -> Floats:
    """Blur with a Gaussian, its standard deviation in voxels."""
    return np.asarray(ndimage.gaussian_filter(field, sd_voxels), np.float32)


def distance(mask: Mask) -> Floats:
    """Give each voxel of a mask its distance to the nearest one outside, in voxels; 0 outside."""
    return np.asarray(ndimage.distance_transform_edt(mask), np.float32)


def read_at(field: Floats, at: Reals, *, outside: float | None = None) -> Floats:
    """Read a field at voxel coordinates ``(3, ...)``, linearly.

    Parameters
    ----------
    outside
        Value beyond the field; None repeats its border.
    """
    mode = "nearest" if outside is None else "constant"
    read = ndimage.map_coordinates(field, at, order=1, mode=mode, cval=outside or 0.0)
    return np.asarray(read, np.float32)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], sd_voxels: float) -> Floats:
    """Draw noise that is smooth over `sd_voxels`, with a standard deviation of 1 over the grid."""
    noise = blurred(rng.standard_normal(shape, np.float32), sd_voxels)
    return noise / max(noise.std(), np.float32(1e-6))
