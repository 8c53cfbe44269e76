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
_TWICE_RESCALED_HU = -1500
_LEAST_TWICE_RESCALED = 0.01
_LEAST_SHARE_OF_PADDING = 0.5
_WRAP_MARGIN = 0.05
_LEAST_WRAP_GAP = 0.125
_LEAST_WRAPPED = 0.001
_LEAST_WRAPPED_VALUES = 8


def _slope(examined: Examined) -> Problem | None:
    slope, inter = (float(examined.raw.header[key]) for key in ("scl_slope", "scl_inter"))
    if math.isfinite(slope) and slope != 0 and not math.isfinite(inter):
        message = f"scl_slope is {slope:g} and scl_inter {inter:g}: values can't be rescaled"
        return Problem(Level.QUAR, message, "Correct the header at its source")
    if slope == 0 and inter not in (0.0, 1.0) and math.isfinite(inter):
        message = f"scl_slope is 0 and scl_inter {inter:g}"
        return Problem(Level.NOTE, message, "Not rescaled, as the standard says of a slope of 0")
    return None


def _inverted(examined: Examined) -> Problem | None:
    slope = float(examined.raw.header["scl_slope"])
    if not slope < 0 or not math.isfinite(slope):
        return None
    message = f"scl_slope is {slope:g}: stored values are inverted"
    return Problem(Level.NOTE, message, "Rescaled as the header says; look at the image")


def _finite(examined: Examined) -> Problem | None:
    array, fill = examined.delivered, examined.rules.fill_not_finite
    if array is None or array.dtype.kind != "f":
        return None
    bad = int(array.size - np.count_nonzero(np.isfinite(array)))
    if not bad:
        return None
    message = f"{bad} of {array.size} voxels are NaN or infinite, none is allowed"
    if fill is not None:
        return Problem(Level.FIX, message, f"Set to {fill:g}, as the card says", bad, "voxels")
    remedy = "Export the image again without NaN, or declare `intake: fill_not_finite` in the card"
    return Problem(Level.QUAR, message, remedy)


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


def _rescaled_twice(examined: Examined) -> Problem | None:
    array = examined.array
    if examined.modality != "CT" or array is None or array.min() > _WARMEST_AIR_HU:
        return None
    if array.max() < 0:
        message = f"the highest value is {array.max():g} HU, water is 0 HU: nothing is as dense"
        return Problem(Level.QUAR, message, "See that rescaling was applied exactly once")
    low = array[array < _TWICE_RESCALED_HU]
    if low.size < _LEAST_TWICE_RESCALED * array.size:
        return None
    # Padding is one value; air that was rescaled twice has the noise of the scanner.
    if np.unique(low, return_counts=True)[1].max() > _LEAST_SHARE_OF_PADDING * low.size:
        return None
    message = (
        f"{low.size / array.size:.2%} of the voxels spread below {_TWICE_RESCALED_HU} HU, down to "
        f"{low.min():g}, air is {_AIR_HU} HU"
    )
    return Problem(Level.QUAR, message, "See that rescaling was applied exactly once")


def _wrapped(examined: Examined) -> Problem | None:
    array, stored = examined.array, examined.raw.dtype
    if array is None or stored.kind not in "iu" or stored.itemsize != 2 or array.dtype.kind == "f":
        return None
    limits = np.iinfo(array.dtype)
    margin = _WRAP_MARGIN * (limits.max - limits.min)
    if array.min() > limits.min + margin or array.max() < limits.max - margin:
        return None
    values = np.unique(array).astype(np.int64)
    gaps = np.diff(values)
    widest = int(gaps.argmax())
    if gaps[widest] < _LEAST_WRAP_GAP * (limits.max - limits.min):
        return None
    # Padding at the end of a type is one value, and a hot voxel is few.
    share = np.count_nonzero(array <= values[widest]) / array.size
    distinct = min(widest + 1, values.size - widest - 1)
    if min(share, 1 - share) < _LEAST_WRAPPED or distinct < _LEAST_WRAPPED_VALUES:
        return None
    message = (
        f"values reach from {values[0]} to {values[-1]}, both ends of {stored.name}, with none "
        f"between {values[widest]} and {values[widest + 1]}: wrapped around"
    )
    return Problem(Level.QUAR, message, "Export the image again: signed and unsigned were mistaken")


INTENSITY_CHECKS: tuple[Check[Examined], ...] = (
    Check("slope", 35, "rescaling is not valid", _slope),
    Check("inverted", 40, "inverted intensities", _inverted),
    Check("not-finite", 33, "NaN or infinite voxels", _finite),
    Check("constant", 34, "a constant image or mostly padding", _constant),
    Check("clipped", 38, "clipped intensities", _clipped),
    Check("eight-bits", 38, "8-bit intensities", _eight_bits),
    Check("wrapped", 41, "intensities wrapped around", _wrapped),
    Check("rescaled-twice", 35, "CT that is not in HU", _rescaled_twice),
    Check("hounsfield", 39, "CT not in HU, or padded", _hounsfield),
)
