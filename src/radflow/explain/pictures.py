"""Grey slices, maps over them, and sheets of small images, as PNG without metadata."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import binary_erosion

from radflow.files import replacing

Plane = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]
Grey = npt.NDArray[np.uint8]

GREY_PERCENTILES = (0.5, 99.5)
_SIDE = 240  # pixels of the longer side
_ALPHA = 0.65
_LESION, _CROSS = (86, 180, 233), (255, 255, 255)
# From no evidence to most: dark violet, orange, pale yellow; brightness rises all the way.
_RAMP = np.array([(66, 10, 104), (221, 81, 58), (252, 255, 164)], np.float64)


def grey(plane: Plane, *, low: float, high: float) -> Grey:
    """Turn intensities into grey levels, 0 up to `low`, 255 from `high` on."""
    span = high - low if high > low else 1.0
    return (np.clip((plane - low) / span, 0, 1) * 255).round().astype(np.uint8)


def levels_of(image: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Give the intensities that are shown black and white."""
    low, high = np.percentile(image, GREY_PERCENTILES)
    return float(low), float(high)


def as_seen(plane: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Turn a plane of a RAS+ volume ``(first axis, second axis)`` as radiologists look at it.

    The right of the patient, or else the front, is at the left; up is up or front.
    """
    return np.ascontiguousarray(plane.T[::-1, ::-1])


def picture_size(shape: Sequence[int], spacing_mm: Sequence[float]) -> tuple[int, int]:
    """Give width and height in pixels of a plane of a RAS+ volume, in its true proportions."""
    width, height = (n * size for n, size in zip(shape, spacing_mm, strict=True))
    scale = _SIDE / max(width, height)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def draw_grey(plane: Grey, size: tuple[int, int]) -> Image.Image:
    """Draw a plane of a RAS+ volume in grey, `size` pixels wide and high."""
    seen = Image.fromarray(np.asarray(as_seen(plane), np.uint8))
    return seen.resize(size, Image.Resampling.BILINEAR)


def draw_map(
    plane: Grey,
    values: Plane,
    *,
    size: tuple[int, int],
    lesion: Mask | None = None,
    at: tuple[int, int] | None = None,
) -> Image.Image:
    """Draw a map over a plane: the higher, the brighter and denser; 0 and below is clear.

    Parameters
    ----------
    plane
        Grey levels of a plane of a RAS+ volume.
    values
        The map there, as shares of the case's largest value.
    size
        Width and height, pixels.
    lesion
        Of the plane; it gets an outline.
    at
        Voxel of the plane that gets a cross.
    """
    base = np.asarray(draw_grey(plane, size), np.float64)[..., None].repeat(3, 2)
    share = Image.fromarray(np.asarray(as_seen(np.clip(values, 0, 1)), np.float32))
    weight = np.asarray(share.resize(size, Image.Resampling.BILINEAR), np.float64)
    places = np.linspace(0, 1, len(_RAMP))
    colour = np.stack([np.interp(weight, places, _RAMP[:, channel]) for channel in range(3)], -1)
    alpha = (_ALPHA * np.sqrt(np.clip(weight, 0, 1)))[..., None]
    pixels = (base * (1 - alpha) + colour * alpha).round().astype(np.uint8)
    if lesion is not None and lesion.any():
        outline = Image.fromarray(np.asarray(as_seen(lesion), np.uint8) * 255)
        large = np.asarray(outline.resize(size, Image.Resampling.NEAREST)) > 0
        pixels[large & ~binary_erosion(large)] = _LESION
    if at is not None:
        _cross(pixels, at, plane.shape)
    return Image.fromarray(pixels)


def sheet(tiles: Sequence[Image.Image], *, columns: int, side: int) -> Image.Image:
    """Lay tiles in rows of `columns`, each in a square of `side` pixels with a rim."""
    rows = -(-len(tiles) // columns)
    made = Image.new("L", (columns * side, max(rows, 1) * side))
    for place, tile in enumerate(tiles):
        scale = (side - 2) / max(tile.size)
        width, height = (max(round(n * scale), 1) for n in tile.size)
        fitted = tile.resize((width, height), Image.Resampling.BILINEAR)
        row, column = divmod(place, columns)
        left, top = column * side + (side - width) // 2, row * side + (side - height) // 2
        made.paste(fitted, (left, top))
    return made


def write_png(path: Path, image: Image.Image) -> None:
    """Write a picture as PNG; the same picture gives the same bytes."""
    with replacing(path) as temporary:
        image.save(temporary, format="PNG", optimize=True)


def _cross(pixels: npt.NDArray[np.uint8], at: tuple[int, int], shape: tuple[int, ...]) -> None:
    height, width = pixels.shape[:2]
    x = int((shape[0] - 1 - at[0] + 0.5) / shape[0] * width)
    y = int((shape[1] - 1 - at[1] + 0.5) / shape[1] * height)
    for reach in range(3, 8):
        for dx, dy in ((reach, 0), (-reach, 0), (0, reach), (0, -reach)):
            if 0 <= y + dy < height and 0 <= x + dx < width:
                pixels[y + dy, x + dx] = _CROSS
