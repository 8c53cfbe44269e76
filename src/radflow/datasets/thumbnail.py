"""A small picture of a case that was repaired or refused, for the report."""

from pathlib import Path

import numpy as np
from PIL import Image

from radflow.datasets.checks.examined import Examined
from radflow.errors import ImageError
from radflow.files import replacing
from radflow.imaging.orientation import Orientation

_MOST_PIXELS = 96
_PERCENTILES = (1, 99)
_GAP_PIXELS = 2
_MOST_SAMPLES = 1 << 20


def write_thumbnail(examined: Examined, target: Path) -> None:
    """Write the planes through the middle of an image as a grey PNG; equal images, equal bytes.

    The sagittal, coronal and axial plane stand side by side in the shape they have in mm, each at
    most 96 pixels high and wide, superior and anterior up, the patient's left on the right. A
    2D image gives its one plane; where there is no orientation, planes are those of the file's
    axes. Grey runs from the 1st to the 99th percentile of the finite voxels; NaN and infinity are
    black, and so is a constant image. Nothing is written where the voxels are no volume.
    """
    array = examined.array
    if array is None:
        return
    affine, orientation = _orientation(examined)
    i, j, k = array.shape
    volume = orientation.apply(array)
    sizes = np.linalg.norm(orientation.affine(affine, (i, j, k))[:3, :3], axis=0)
    axes = [axis for axis in range(3) if 1 not in np.delete(volume.shape, axis)] or [2]
    limits = _limits(array)
    planes = [_plane(volume, axis, sizes=sizes, limits=limits) for axis in axes]
    with replacing(target) as temporary:
        _side_by_side(planes).save(temporary, format="PNG")


def _orientation(examined: Examined) -> tuple[np.ndarray, Orientation]:
    """Give affine and orientation; those of the voxel axes where the file has none."""
    affine = np.eye(4) if examined.affine is None else examined.affine
    try:
        return affine, Orientation.of(affine)
    except ImageError:  # sizes so unequal that one of them vanishes beside the others
        return np.eye(4), Orientation.of(np.eye(4))


def _limits(array: np.ndarray) -> tuple[float, float]:
    """Percentiles of the finite voxels; of a regular sample where there are very many."""
    values = array.ravel(order="K")[:: max(1, array.size // _MOST_SAMPLES)].astype(np.float64)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 0.0
    with np.errstate(all="ignore"):
        low, high = np.percentile(values, _PERCENTILES)
    return float(low), float(high)


def _plane(
    volume: np.ndarray, axis: int, *, sizes: np.ndarray, limits: tuple[float, float]
) -> Image.Image:
    """Give the middle plane across an axis of a RAS+ volume, as it is looked at."""
    plane = np.take(volume, volume.shape[axis] // 2, axis=axis).astype(np.float64)
    low, high = limits
    with np.errstate(all="ignore"):
        grey = np.nan_to_num((plane - low) / (high - low), nan=0.0, posinf=0.0, neginf=0.0)
    rows = np.rint(255 * grey.clip(0, 1)).astype(np.uint8).T[::-1]
    if axis != 0:
        rows = rows[:, ::-1]
    width, height = np.delete(sizes, axis) * np.delete(volume.shape, axis)
    scale = _MOST_PIXELS / max(width, height)
    pixels = max(1, round(width * scale)), max(1, round(height * scale))
    return Image.fromarray(np.ascontiguousarray(rows)).resize(pixels, Image.Resampling.BILINEAR)


def _side_by_side(planes: list[Image.Image]) -> Image.Image:
    width = sum(plane.width for plane in planes) + _GAP_PIXELS * (len(planes) - 1)
    picture = Image.new("L", (width, max(plane.height for plane in planes)))
    left = 0
    for plane in planes:
        picture.paste(plane, (left, (picture.height - plane.height) // 2))
        left += plane.width + _GAP_PIXELS
    return picture
