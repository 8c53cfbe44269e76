"""One number per pixel, from whatever way a picture stores its pixels.

====================================  =========================================================
stored as                             what follows
====================================  =========================================================
grey, 8, 16 or 32 bits                kept
grey, 1, 2 or 4 bits                  kept as 8 bits, values as stored
grey with white as 0                  inverted; a label map is refused
palette, colour or opaque, all grey   the one grey value
palette of a label map                the indices
colour, or any transparent pixel      refused
====================================  =========================================================
"""

from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image

from radflow.datasets.checks.finding import Level, Problem
from radflow.imaging.nifti_reader import UnreadableFileError

_GREY = {"L": np.uint8, "I;16": np.uint16, "I;16B": np.uint16, "I;16L": np.uint16}
_WIDE = {"I": np.int32, "F": np.float32}
_PNG_DEPTH_AT = 24  # in the first chunk, IHDR (PNG specification, 11.2.2)
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0  # tags of TIFF 6.0
_OPAQUE = 255

_Problem = tuple[str, int, str, Problem]


def stored_bits(picture: Image.Image, file: Path) -> int:
    """Give the bits of a sample as the file stores it, not as it was decoded."""
    if picture.format == "PNG":
        with file.open("rb") as stream:
            return stream.read(_PNG_DEPTH_AT + 1)[_PNG_DEPTH_AT]
    samples = _tag(picture, _BITS_PER_SAMPLE)
    if isinstance(samples, tuple):
        return max(int(bits) for bits in cast("tuple[Any, ...]", samples))
    return 8 if samples is None else int(samples)


def grey_pixels(
    upright: Image.Image, picture: Image.Image, *, bits: int, label: bool
) -> tuple[np.ndarray, list[_Problem]]:
    """Give one number per pixel, rows by columns, and how they were got.

    Parameters
    ----------
    upright
        The decoded picture, as it is to be shown.
    picture
        The picture as opened: its metadata.
    bits
        Of a stored sample (`stored_bits`).
    label
        Whether it is a label map.

    Raises
    ------
    UnreadableFileError
        When the picture is in colour, has transparent pixels, or is an inverted label map.
    """
    mode = upright.mode
    if mode == "P" and label:
        problem = Problem(Level.NOTE, "a palette", "Its indices are the labels")
        return np.asarray(upright), [("palette", 26, "a palette", problem)]
    if mode == "1":
        array, problems = np.asarray(upright).astype(np.uint8), _few_bits(1)
    elif mode in _GREY or mode in _WIDE:
        kind = _GREY.get(mode) or _WIDE[mode]
        array = np.ascontiguousarray(np.asarray(upright).astype(kind))
        problems = _few_bits(bits) if mode == "L" else []
        if problems:
            array = array // np.uint8(_OPAQUE // (2**bits - 1))  # undo the stretch to 0..255
    else:
        array, problems = _grey_of_colour(upright, bits)
    if _tag(picture, _PHOTOMETRIC) == _WHITE_IS_ZERO:
        array, more = _inverted(array, mode, label=label)
        problems += more
    return array, problems


def _few_bits(bits: int) -> list[_Problem]:
    if bits not in (1, 2, 4):
        return []
    message = f"pixels are stored in {bits} {'bit' if bits == 1 else 'bits'}"
    problem = Problem(Level.FIX, message, "Kept as 8 bits with equal values")
    return [("few-bits", 38, "pixels of less than 8 bits", problem)]


def _grey_of_colour(upright: Image.Image, bits: int) -> tuple[np.ndarray, list[_Problem]]:
    mode = upright.mode
    if mode not in ("P", "PA", "LA", "RGB", "RGBA", "La", "RGBa") or bits > 8:
        message = f"pixels are of the kind {mode} with {bits} bits: one number per pixel is needed"
        raise UnreadableFileError(rule="colour", message=message)
    pixels = np.asarray(upright.convert("RGBA"))
    transparent = int(np.count_nonzero(pixels[..., 3] < _OPAQUE))
    if transparent:
        message = f"{transparent} of {pixels[..., 3].size} pixels are transparent, none may be"
        raise UnreadableFileError(rule="colour", message=message)
    red, green, blue = (pixels[..., channel].astype(np.int16) for channel in range(3))
    apart = np.maximum(np.abs(red - green), np.abs(red - blue))
    if apart.any():
        message = (
            f"red, green and blue differ in {int(np.count_nonzero(apart))} of {apart.size} "
            f"pixels, by up to {int(apart.max())}: none may be in colour"
        )
        raise UnreadableFileError(rule="colour", message=message)
    problem = Problem(Level.FIX, f"grey pixels are stored as {mode}", "One grey value is kept")
    return np.ascontiguousarray(pixels[..., 0]), [("grey", 26, "grey stored as colour", problem)]


def _inverted(array: np.ndarray, mode: str, *, label: bool) -> tuple[np.ndarray, list[_Problem]]:
    """Make white the highest value; Pillow has done so for 1 and 8 bits."""
    message = "white is stored as 0"
    if label:
        message += ": which value is background is not clear"
        raise UnreadableFileError(rule="white-is-zero", message=message)
    if mode in _GREY and array.dtype == np.uint16:
        array = np.iinfo(np.uint16).max - array
    problem = Problem(Level.FIX, message, "Inverted, so that more is brighter")
    return array, [("inverted", 40, "inverted grey values", problem)]


def _tag(picture: Image.Image, tag: int) -> Any:
    """Give a tag of a TIFF, None where it has none or the picture is no TIFF."""
    tags = getattr(picture, "tag_v2", None)
    return None if tags is None else tags.get(tag)
