"""Simulated raters: each outlines the true lesions with a habit and a hand of their own."""

import numpy as np
import numpy.typing as npt

from radflow.phantom.fields import Mask, distance, smooth_noise
from radflow.randomness import keyed_generator

_HABIT_MM = 0.6
_HAND_MM = 0.8
_SMOOTH_MM = 4.0


def outline(
    lesions: Mask,
    rater: int,
    *,
    spacing_mm: float,
    seed: int,
    number: int,
) -> npt.NDArray[np.uint8]:
    """Draw a rater's mask of a subject's lesions.

    A rater's habit, to draw generously or tightly, is the same in all subjects; the hand wavers
    smoothly along each outline.

    Parameters
    ----------
    lesions
        ``(i, j, k)``, the truth.
    rater
        Counted from 1.
    spacing_mm
        Size of a voxel.
    seed, number
        Of the cohort and the subject.
    """
    if not lesions.any():
        return lesions.astype(np.uint8)
    habit = keyed_generator(seed, "phantom rater", rater).normal(0, _HABIT_MM)
    rng = keyed_generator(seed, "phantom", number, "rater", rater)
    # The surface lies half a voxel from the centres of the voxels on either side of it.
    signed = np.where(lesions, 0.5 - distance(lesions), distance(~lesions) - 0.5) * spacing_mm
    hand = _HAND_MM * smooth_noise(rng, lesions.shape, _SMOOTH_MM / spacing_mm)
    return (signed < habit + hand).astype(np.uint8)
