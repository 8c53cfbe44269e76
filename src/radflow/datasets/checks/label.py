"""Checks of a label map's values."""

import numpy as np

from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import Check, Level, Problem

_SHOWN = 6
_EXPORT = "Export the labels again as integers; they are never rounded here"


def class_voxels(examined: Examined) -> dict[int, int]:
    """Count the voxels of each class of the card in a label map that passed the checks."""
    array = examined.array
    counts = {} if array is None else dict(zip(*np.unique(array, return_counts=True), strict=True))
    return {value: int(counts.get(value, 0)) for value in examined.classes}


def label_type(examined: Examined) -> type[np.uint8 | np.uint16]:
    """Give the type that labels are rewritten as: the smallest that holds the card's classes."""
    return np.uint8 if max(examined.classes, default=0) <= np.iinfo(np.uint8).max else np.uint16


def _scaling(examined: Examined) -> Problem | None:
    if examined.array is not None or len(examined.shape) != 3:
        return None
    message = f"scl_inter is {float(examined.raw.header['scl_inter']):g}: values can't be rescaled"
    return Problem(Level.STOP, message, _EXPORT)


def _integers(examined: Examined) -> Problem | None:
    array = examined.array
    if array is None or _integral(array):
        return None
    broken = array[~np.isfinite(array) | (array != np.floor(array))]
    values = [float(value) for value in np.unique(broken)[:_SHOWN]]
    message = f"{broken.size} of {array.size} voxels are not integers, e.g. {values}"
    return Problem(Level.STOP, message, _EXPORT)


def _expected(examined: Examined) -> Problem | None:
    array = examined.array
    if array is None or not _integral(array):
        return None
    values = np.unique(array)
    foreign = [int(value) for value in values if int(value) not in examined.classes]
    if not foreign:
        return None
    voxels = int(np.count_nonzero(np.isin(array, foreign)))
    shown = f"{foreign[:_SHOWN]}{' ...' if len(foreign) > _SHOWN else ''}"
    message = f"values {shown} in {voxels} voxels, the card knows {list(examined.classes)}"
    return Problem(Level.STOP, message, "Correct the labels, or `classes` in the dataset card")


def _stored_type(examined: Examined) -> Problem | None:
    return _converted(examined) if _is_converted(examined) else None


def _bits(examined: Examined) -> Problem | None:
    # Few tools read 64 bits.
    wide = examined.raw.dtype.itemsize == 8
    return _converted(examined) if wide and not _is_converted(examined) else None


def _is_converted(examined: Examined) -> bool:
    """Say whether labels come as floats or rescaled; they can be read."""
    if examined.array is None:
        return False
    return examined.raw.dtype.kind == "f" or examined.raw.scaling is not None


def _converted(examined: Examined) -> Problem | None:
    """Give the repair of whole numbers in another type than that of labels."""
    if examined.array is None or not _integral(examined.array):
        return None
    scaled = "" if examined.raw.scaling is None else ", rescaled"
    message = f"integer labels are stored as {examined.raw.dtype.name}{scaled}"
    remedy = f"Kept as {label_type(examined).__name__} with equal values"
    return Problem(Level.FIX, message, remedy, 0, "largest change of a value")


def _empty(examined: Examined) -> Problem | None:
    array = examined.array
    if array is None or array.any():
        return None
    message = f"all {array.size} voxels are background"
    return Problem(Level.NOTE, message, "Kept as a case without target; leave it out if it is not")


def _absent(examined: Examined) -> Problem | None:
    array = examined.array
    if array is None or not array.any():
        return None
    absent = [value for value, voxels in class_voxels(examined).items() if value and not voxels]
    if not absent:
        return None
    return Problem(Level.NOTE, f"no voxel has class {absent}", "Kept; look at the labels")


def _integral(array: np.ndarray) -> bool:
    """Say whether every value is a finite whole number."""
    if array.dtype.kind != "f":
        return True
    return bool(np.isfinite(array).all() and (array == np.floor(array)).all())


LABEL_CHECKS: tuple[Check[Examined], ...] = (
    Check("label-scaling", 36, "labels can't be rescaled", _scaling),
    Check("label-not-integer", 44, "labels are not integers", _integers),
    Check("label-value", 43, "labels have values the card does not know", _expected),
    Check("label-type", 36, "labels stored as floats", _stored_type),
    Check("label-bits", 37, "labels stored in 64 bits", _bits),
    Check("label-empty", 45, "labels are empty", _empty),
    Check("label-class-absent", 45, "a class is absent", _absent),
)
