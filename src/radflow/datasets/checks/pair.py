"""Checks of two files of a case against each other: image and label, or two channels."""

from dataclasses import dataclass

import numpy as np
from nibabel.orientations import aff2axcodes

from radflow.datasets.checks.examined import Examined, corner_shift_mm
from radflow.datasets.checks.finding import Check, Level, Problem
from radflow.datasets.checks.geometry import NEGLIGIBLE_MM

_SAME_GRID = 0.05
"""Share of the smallest voxel size by which two files may be apart and still be one grid."""
_RESAMPLE = (
    "Bring both files to one grid at their source (labels by nearest neighbour), or set "
    "`intake: other_grids: resample` in the dataset card"
)
OTHER_GRID = frozenset({"label-shape", "label-grid", "channel-shape", "channel-grid"})
"""Rules of files on another grid, which resampling mends."""


@dataclass(frozen=True)
class Pair:
    """The first channel of a case, and the file that has to lie on its grid."""

    image: Examined
    other: Examined


def _shape(pair: Pair) -> Problem | None:
    if pair.image.shape == pair.other.shape:
        return None
    message = f"shape {pair.other.shape} differs from the image's {pair.image.shape}"
    return Problem(Level.STOP, message, _RESAMPLE)


def _flip(pair: Pair) -> Problem | None:
    if not _flipped(pair):
        return None
    one, other = (_letters(each) for each in (pair.image, pair.other))
    message = f"axes are {other}, the image's {one}: one of them is flipped"
    return Problem(Level.STOP, message, "Find out which side is left, and correct the header")


def _letters(examined: Examined) -> str:
    affine = np.eye(4) if examined.affine is None else examined.affine
    return "".join(str(axis) for axis in aff2axcodes(affine))


def _grid(pair: Pair) -> Problem | None:
    one, other = pair.image.affine, pair.other.affine
    if one is None or other is None or _flipped(pair) or _shape(pair):
        return None
    shift = corner_shift_mm(one, other, pair.image.shape)
    bound = _SAME_GRID * float(np.linalg.norm(one[:3, :3], axis=0).min())
    if shift <= NEGLIGIBLE_MM:
        return None
    message = f"a corner lies {shift:.3g} mm from the image's, the bound is {bound:.3g} mm"
    if shift > bound:
        return Problem(Level.STOP, message, _RESAMPLE, shift, "mm")
    return Problem(Level.NOTE, message, "The image's affine is used", shift, "mm")


def _flipped(pair: Pair) -> bool:
    one, other = pair.image.affine, pair.other.affine
    if one is None or other is None:
        return False
    return bool(np.linalg.det(one[:3, :3]) * np.linalg.det(other[:3, :3]) < 0)


LABEL_PAIR_CHECKS: tuple[Check[Pair], ...] = (
    Check("label-shape", 28, "image and label differ in shape", _shape),
    Check("label-flip", 23, "image and label differ in handedness", _flip),
    Check("label-grid", 28, "image and label lie on different grids", _grid),
)

CHANNEL_PAIR_CHECKS: tuple[Check[Pair], ...] = (
    Check("channel-shape", 29, "channels differ in shape", _shape),
    Check("channel-flip", 29, "channels differ in handedness", _flip),
    Check("channel-grid", 29, "channels lie on different grids", _grid),
)
