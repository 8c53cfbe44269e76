"""How sure an area under the ROC curve is, and the difference of two: DeLong.

Variance after DeLong, DeLong and Clarke-Pearson 1988 (doi:10.2307/2531595), computed from ranks
after Sun and Xu 2014 (doi:10.1109/LSP.2014.2337313). It takes cases as independent.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from radflow.evaluation.classification.statistics import Floats

LEAST_CASES = 2


@dataclass(frozen=True)
class Areas:
    """Areas under the ROC curves of several scores of the same cases.

    Attributes
    ----------
    areas
        ``(scores,)``.
    covariance
        ``(scores, scores)`` of the areas.
    """

    areas: Floats
    covariance: Floats


def delong(truth: NDArray[np.bool_], scores: Floats) -> Areas | None:
    """Compute areas and their covariance.

    Parameters
    ----------
    truth
        ``(n,)`` whether each case has the class.
    scores
        ``(scores, n)``; larger speaks for the class.

    Returns
    -------
    Areas or None
        None with fewer than two cases of either kind: there is no variance then.
    """
    positive, negative = scores[:, truth], scores[:, ~truth]
    m, n = positive.shape[1], negative.shape[1]
    if min(m, n) < LEAST_CASES:
        return None
    among_all = np.asarray(rankdata(np.hstack([positive, negative]), axis=1), np.float64)
    # Share of the other kind that a case is ranked above (of a negative one: below).
    above = (among_all[:, :m] - np.asarray(rankdata(positive, axis=1))) / n
    below = 1.0 - (among_all[:, m:] - np.asarray(rankdata(negative, axis=1))) / m
    covariance = np.atleast_2d(np.cov(above)) / m + np.atleast_2d(np.cov(below)) / n
    return Areas(above.mean(axis=1), covariance)


def area_interval(areas: Areas, place: int, confidence: float) -> tuple[float, float] | None:
    """Give the bounds area ± z SE, within 0 to 1; None where the variance is 0, as at area 1."""
    spread = _deviation(float(areas.covariance[place, place]))
    if spread is None:
        return None
    half = float(ndtri((1.0 + confidence) / 2.0)) * spread
    area = float(areas.areas[place])
    return max(0.0, area - half), min(1.0, area + half)


@dataclass(frozen=True)
class Difference:
    """Difference of two areas, the first less the second: bounds, and two-sided p value."""

    difference: float
    low: float
    high: float
    p: float


def paired_difference(areas: Areas, confidence: float) -> Difference | None:
    """Compare the first two areas, paired: z test of the difference; None without a variance."""
    contrast = np.array([1.0, -1.0])
    difference = float(contrast @ areas.areas[:2])
    spread = _deviation(float(contrast @ areas.covariance[:2, :2] @ contrast))
    if spread is None:
        return None
    half = float(ndtri((1.0 + confidence) / 2.0)) * spread
    p = 2.0 * float(ndtr(-abs(difference) / spread))
    return Difference(difference, difference - half, difference + half, p)


def _deviation(variance: float) -> float | None:
    """Give the root of a variance; None where it is but the noise of sums."""
    return float(np.sqrt(variance)) if variance > np.finfo(np.float64).eps else None
