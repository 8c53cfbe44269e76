"""Checks of an image's voxel values."""

import math

import numpy as np

from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import Check, Level, Problem

_MOST_PADDING = 0.99
_LEAST_CLIPPED = 0.001
_CLIPPING_VALUES = (255, 4095, 32767, 65535)
_AIR_HU = -1000
_WARMEST_AIR_HU = -500
_LEAST_HU = -1024
"""CT numbers of 12-bit scanners begin at -1024 HU; lower values are padding."""


def _slope(examined: Examined) -> Problem | None:
    slope, inter = (float(examined.raw.header[key]) for key in ("scl_slope", "scl_inter"))
    if math.isfinite(slope) and slope != 0 and not math.isfinite(inter):
        message = f"scl_slope is {slope:g} and scl_inter {inter:g}: values can't be rescaled"
        return Problem(Level.QUAR, message, "Correct the header at its source")
    if slope < 0:
        message = f"scl_slope is {slope:g}: stored values are inverted"
        return Problem(Level.NOTE, message, "Rescaled as the header says; look at the image")
    if slope == 0 and inter not in (0.0, 1.0) and math.isfinite(inter):
        message = f"scl_slope is 0 and scl_inter {inter:g}"
        return Problem(Level.NOTE, message, "Not rescaled, as the standard says of a slope of 0")
    return None


def _finite(examined: Examined) -> Problem | None:
    array = examined.array
    if array is None or array.dtype.kind != "f":
        return None
    bad = int(array.size - np.count_nonzero(np.isfinite(array)))
    if not bad:
        return None
    message = f"{bad} of {array.size} voxels are NaN or infinite, none is allowed"
    return Problem(Level.QUAR, message, "Export the image again without masking by NaN")


def _constant(examined: Examined) -> Problem | None:
    array = examined.array
    if array is None:
        return None
    least = array.min()
    if not np.isfinite(least):
        return None
    share = np.count_nonzero(array == least) / array.size
    if share == 1:
        return Problem(Level.QUAR, f"every voxel is {least:g}", "Get the image from its source")
    if share <= _MOST_PADDING:
        return None
    message = f"{share:.2%} of the voxels are {least:g}, the bound is {_MOST_PADDING:.0%}"
    return Problem(Level.QUAR, message, "Crop the padding, or get the image from its source")


def _clipped(examined: Examined) -> Problem | None:
    array = examined.array
    if array is None or array.max() not in _CLIPPING_VALUES:
        return None
    share = np.count_nonzero(array == array.max()) / array.size
    if share <= _LEAST_CLIPPED:
        return None
    message = f"{share:.2%} of the voxels are {array.max():g}, the end of a range: clipped"
    return Problem(Level.NOTE, message, "Kept; look at the image")


def _eight_bits(examined: Examined) -> Problem | None:
    if examined.raw.dtype.itemsize > 1:
        return None
    remedy = "Kept; prefer the image before it was reduced"
    return Problem(Level.NOTE, "intensities are stored in 8 bits, 256 values at most", remedy)


def _hounsfield(examined: Examined) -> Problem | None:
    array = examined.array
    if examined.modality != "CT" or array is None:
        return None
    least = float(array.min())
    if least > _WARMEST_AIR_HU:
        message = f"the lowest value is {least:g}, air is {_AIR_HU} HU: not in HU, or cropped"
        return Problem(Level.NOTE, message, "Kept; see that rescaling was applied exactly once")
    if least < _LEAST_HU:
        share = np.count_nonzero(array < _LEAST_HU) / array.size
        message = f"{share:.2%} of the voxels are below {_LEAST_HU} HU, down to {least:g}: padding"
        return Problem(Level.NOTE, message, "Kept; intensities are clipped when preprocessed")
    return None


INTENSITY_CHECKS: tuple[Check[Examined], ...] = (
    Check("slope", 35, "rescaling is not valid", _slope),
    Check("not-finite", 33, "NaN or infinite voxels", _finite),
    Check("constant", 34, "a constant image or mostly padding", _constant),
    Check("clipped", 38, "clipped intensities", _clipped),
    Check("eight-bits", 38, "8-bit intensities", _eight_bits),
    Check("hounsfield", 39, "CT not in HU, or padded", _hounsfield),
)
