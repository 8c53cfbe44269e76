"""Statistics of cases that carry weights: of a sample, and of many resamples of it at once.

A resample of subjects is a weight for each case, how often its subject was drawn. A statistic that
takes weights ``(resamples, cases)`` gives its value in all resamples in a few operations on arrays;
with weights of 1 it is the plain statistic.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""From weights ``(resamples, cases)`` to values ``(resamples,)``; NaN where it is not defined."""


def value_of(statistic: Statistic, cases: int) -> float:
    """Compute a statistic of `cases` cases that all count once; NaN where it is not defined."""
    return float(statistic(np.ones((1, cases)))[0])


def share(values: ArrayLike, among: ArrayLike | None = None) -> Statistic:
    """Give the weighted mean of values, or the share of true ones, over some of the cases.

    Parameters
    ----------
    values
        ``(n,)`` numbers, or true and false.
    among
        ``(n,)`` which cases count; None: all. NaN where none of them has weight.
    """
    numbers = np.asarray(values, np.float64)
    counted = np.ones_like(numbers) if among is None else np.asarray(among, np.float64)

    def statistic(weights: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return (weights @ (numbers * counted)) / (weights @ counted)

    return statistic


def average(statistics: Sequence[Statistic]) -> Statistic:
    """Give the mean of statistics; NaN where one of them is."""

    def statistic(weights: Floats) -> Floats:
        return np.mean([each(weights) for each in statistics], axis=0)

    return statistic
