"""Whether probabilities mean what they say: proper scores, and reliability in bins."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radflow.evaluation.classification.statistics import Floats, Statistic

LEAST_PROBABILITY = 1e-12
"""A probability below it counts as this much in the log loss, which would be infinite at 0."""


def brier_scores(truth: Floats, probabilities: Floats, *, several: bool) -> Floats:
    """Give each case's squared distance of probabilities from the truth, ``(n,)``.

    The sum over all classes, 0 to 2, as Brier 1950 has it (of two classes that is twice the square
    of the positive one alone); of several classes at once the mean over them, 0 to 1.

    Parameters
    ----------
    truth
        ``(n, classes)``, 0 or 1.
    probabilities
        ``(n, classes)``.
    several
        Whether a case may have several classes at once.
    """
    squares = (probabilities - truth) ** 2
    return squares.mean(axis=1) if several else squares.sum(axis=1)


def log_losses(truth: Floats, probabilities: Floats, *, several: bool) -> Floats:
    """Give each case's negative log-likelihood, ``(n,)``, nats; parameters as `brier_scores`.

    Of several classes at once it is the mean over them. Probabilities stay `LEAST_PROBABILITY` away
    from 0 and 1.
    """
    held = probabilities.clip(LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY)
    if several:
        return -np.where(truth > 0, np.log(held), np.log1p(-held)).mean(axis=1)
    return -np.log((held * truth).sum(axis=1))


def bins_of(probabilities: Floats, bins: int) -> NDArray[np.int64]:
    """Give the bin of each probability: equal widths over 0 to 1, the upper edge belongs to it."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    return (np.searchsorted(edges, probabilities, side="left") - 1).clip(0, bins - 1)


def expected_calibration_error(
    probabilities: Floats, right: Floats, *, owners: NDArray[np.int64], bins: int
) -> Statistic:
    """Give the mean over bins of the gap between probability and share of right answers.

    Naeini et al. 2015; Guo et al. 2017 (arXiv 1706.04599). Bins count by the answers in them.

    Parameters
    ----------
    probabilities
        ``(answers,)`` of each answer.
    right
        ``(answers,)``, 1 where it is right, else 0.
    owners
        ``(answers,)`` the case that each answer is of, whose weight it has.
    bins
        Number of bins (`bins_of`).
    """
    cases = int(owners.max()) + 1
    gaps, sizes = np.zeros((cases, bins)), np.zeros((cases, bins))
    place = bins_of(probabilities, bins)
    np.add.at(gaps, (owners, place), probabilities - right)
    np.add.at(sizes, (owners, place), 1.0)

    def statistic(weights: Floats) -> Floats:
        return np.abs(weights @ gaps).sum(axis=1) / (weights @ sizes).sum(axis=1)

    return statistic


def reliability(probabilities: Floats, right: Floats, bins: int) -> list[dict[str, Any]]:
    """Tell of each bin its bounds, its answers, their mean probability and how many are right.

    Means of an empty bin are None; parameters as `expected_calibration_error`.
    """
    place, edges = bins_of(probabilities, bins), np.linspace(0.0, 1.0, bins + 1)
    rows: list[dict[str, Any]] = []
    for number in range(bins):
        inside = place == number
        held = bool(inside.any())
        rows.append(
            {
                "low": float(edges[number]),
                "high": float(edges[number + 1]),
                "n": int(np.count_nonzero(inside)),
                "mean_probability": float(probabilities[inside].mean()) if held else None,
                "share_right": float(right[inside].mean()) if held else None,
            }
        )
    return rows
