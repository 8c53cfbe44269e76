"""How sure a mean over cases is: intervals by resampling subjects, and paired tests.

The subject is the unit: a subject's cases are resampled together (cluster bootstrap), because
they are not independent. There is no interval for medians here, on purpose: bootstrap intervals
of a median Dice cover far too rarely.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import wilcoxon

from radflow.errors import EvaluationError

Floats = NDArray[np.float64]
Method = Literal["bca", "percentile"]

LEAST_SUBJECTS = 2
DOUBTFUL_SUBJECTS = 50
"""Below this number of subjects the coverage of a bootstrap interval is doubtful."""

_CHUNK = 4_000_000
_DECIMALS = 12
_NOISE = 1e-14
"""Means of subjects that differ by less, relative to the mean, differ by rounding alone."""


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval.

    Attributes
    ----------
    estimate
        Mean over cases.
    low, high
        Bounds of the interval; None where it can't be estimated.
    method
        How the bounds were found; None where they were not.
    reason
        Why there are no bounds, or no BCa bounds; empty otherwise.
    """

    estimate: float
    low: float | None
    high: float | None
    method: Method | None
    reason: str


@dataclass(frozen=True)
class _Clusters:
    """Sum and number of cases of each subject, in the order of subject ids."""

    sums: Floats
    counts: Floats

    @property
    def size(self) -> int:
        return self.sums.size

    @property
    def mean(self) -> float:
        return float(self.sums.sum() / self.counts.sum())


def mean_interval(
    values: ArrayLike,
    subjects: Sequence[str],
    *,
    rng: np.random.Generator,
    samples: int = 10_000,
    confidence: float = 0.95,
) -> Interval:
    """Bootstrap confidence interval of a mean over cases, resampling subjects.

    The interval is BCa (bias-corrected and accelerated; Efron 1987, doi:10.2307/2289144), the
    acceleration from leaving one subject out at a time. Where BCa can't be estimated it is the
    percentile interval, and `Interval.method` says so.

    Parameters
    ----------
    values
        (n,) one value per case; finite.
    subjects
        (n,) the subject of each case. The order of rows does not matter, to the last bit.
    rng
        Source of the resampling; the same state gives the same interval.
    samples
        Number of resamples.
    confidence
        Level of the interval.

    Raises
    ------
    EvaluationError
        When there is no value, a value is not finite, or the lengths differ.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> mean_interval([0.9], ["s1"], rng=rng).reason
    'needs at least 2 subjects, got 1'
    """
    clusters = _clusters(values, subjects)
    if clusters.size < LEAST_SUBJECTS:
        reason = f"needs at least {LEAST_SUBJECTS} subjects, got {clusters.size}"
        return Interval(clusters.mean, None, None, None, reason)
    resampled = np.concatenate(list(_resampled_means(clusters, samples, rng)))
    if resampled.min() == resampled.max():
        return Interval(clusters.mean, None, None, None, "every resample gives the same value")
    tail = (1.0 - confidence) / 2.0
    shares = bca_shares(clusters.mean, resampled, _left_out(clusters), tail=tail)
    method: Method = "percentile" if shares is None else "bca"
    reason = "BCa is not estimable from these values" if shares is None else ""
    low, high = np.quantile(resampled, (tail, 1.0 - tail) if shares is None else shares)
    return Interval(clusters.mean, float(low), float(high), method, reason)


def signed_rank_p(differences: ArrayLike, subjects: Sequence[str]) -> float | None:
    """Two-sided p value of paired differences: Wilcoxon's signed-rank test over subjects.

    A subject's cases are averaged first. Zero differences are ranked (Pratt 1959,
    doi:10.1080/01621459.1959.10501526); exact for small samples without ties, otherwise the
    normal approximation (`scipy.stats.wilcoxon`).

    Parameters
    ----------
    differences
        (n,) model minus reference, one per case; finite.
    subjects
        (n,) the subject of each case.

    Returns
    -------
    float or None
        p value; 1 where no subject differs; None with fewer than two subjects.

    Raises
    ------
    EvaluationError
        As `mean_interval`.
    """
    clusters = _clusters(differences, subjects)
    if clusters.size < LEAST_SUBJECTS:
        return None
    # Rounded, so that ties are not broken by the last bits of a subtraction.
    per_subject = np.round(clusters.sums / clusters.counts, _DECIMALS)
    if not per_subject.any():
        return 1.0
    _, p = np.asarray(wilcoxon(per_subject, zero_method="pratt"))
    return float(p)


def bca_shares(
    estimate: float, resampled: Floats, left_out: Floats, *, tail: float
) -> tuple[float, float] | None:
    """Find the shares of resampled values at which BCa puts its bounds (Efron 1987).

    Parameters
    ----------
    estimate
        The value of the sample itself.
    resampled
        ``(samples,)`` values of resamples.
    left_out
        ``(subjects,)`` values without one subject at a time.
    tail
        Probability beyond each bound.

    Returns
    -------
    tuple of float or None
        Shares, lower and upper; None where BCa is not estimable.
    """
    below = np.mean(resampled < estimate) + 0.5 * np.mean(resampled == estimate)
    deviations = left_out.mean() - left_out
    largest = float(np.abs(deviations).max())
    noise = max(_NOISE * abs(estimate), float(np.finfo(np.float64).tiny))
    if not 0.0 < below < 1.0 or largest <= noise:
        return None
    bias = float(ndtri(below))
    scaled = deviations / largest  # so that powers of small scores do not vanish
    acceleration = float(np.sum(scaled**3)) / (6.0 * float(np.sum(scaled**2)) ** 1.5)
    z = bias + np.array([ndtri(tail), ndtri(1.0 - tail)])
    slope = 1.0 - acceleration * z
    if (slope <= 0.0).any():
        return None
    low, high = ndtr(bias + z / slope)
    return float(low), float(high)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction of a family of p values (Holm 1979, Scand J Stat 6:65-70).

    Parameters
    ----------
    p_values
        In any order; None (not estimable) is not part of the family and stays None.

    Examples
    --------
    >>> holm([0.01, None, 0.25])
    [0.02, None, 0.25]
    """
    family = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(family):
        largest = max(largest, min(1.0, p * (len(family) - rank)))
        corrected[place] = largest
    return corrected


def _clusters(values: ArrayLike, subjects: Sequence[str]) -> _Clusters:
    numbers = np.asarray(values, dtype=np.float64)
    names = np.asarray(subjects, dtype=str)
    if numbers.ndim != 1 or numbers.size == 0 or numbers.shape != names.shape:
        message = f"needs one subject for each value: {numbers.shape} values, {names.shape} names"
        raise EvaluationError(message)
    if not np.isfinite(numbers).all():
        message = (
            f"{np.count_nonzero(~np.isfinite(numbers))} of {numbers.size} values are not finite; "
            "give undefined metrics the value of the table of empties"
        )
        raise EvaluationError(message)
    order = np.lexsort((numbers, names))
    _, subject, counts = np.unique(names[order], return_inverse=True, return_counts=True)
    sums = np.bincount(subject, weights=numbers[order])
    return _Clusters(sums.astype(np.float64), counts.astype(np.float64))


def _resampled_means(
    clusters: _Clusters, samples: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Means of resamples, in chunks that bound memory."""
    rows = max(1, _CHUNK // clusters.size)
    for start in range(0, samples, rows):
        drawn = rng.integers(0, clusters.size, (min(rows, samples - start), clusters.size))
        yield clusters.sums[drawn].sum(axis=1) / clusters.counts[drawn].sum(axis=1)


def _left_out(clusters: _Clusters) -> Floats:
    """Means without one subject at a time."""
    return (clusters.sums.sum() - clusters.sums) / (clusters.counts.sum() - clusters.counts)
