"""Curves over all thresholds of a score, and the areas under them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radflow.evaluation.classification.statistics import Floats, Statistic

Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Counts:
    """What is called positive at each threshold, a score of at least so much.

    Attributes
    ----------
    thresholds
        ``(t,)`` scores that occur, falling.
    true_positives, false_positives
        ``(t,)`` cases.
    positives, negatives
        All cases of either kind.
    """

    thresholds: Floats
    true_positives: Floats
    false_positives: Floats
    positives: int
    negatives: int


def counts_of(truth: Booleans, scores: Floats) -> Counts:
    """Count what is called positive at each threshold; equal scores are one threshold.

    Parameters
    ----------
    truth
        ``(n,)`` whether each case has the class.
    scores
        ``(n,)``; larger speaks for the class.
    """
    thresholds, place = np.unique(-scores, return_inverse=True)
    hits = np.bincount(place, weights=truth, minlength=thresholds.size)
    others = np.bincount(place, weights=~truth, minlength=thresholds.size)
    positives = int(np.count_nonzero(truth))
    return Counts(-thresholds, hits.cumsum(), others.cumsum(), positives, truth.size - positives)


def roc(truth: Booleans, scores: Floats) -> tuple[Floats, Floats] | None:
    """Trace the ROC curve: false and true positive rate, from (0, 0) to (1, 1).

    Points on a straight line between their neighbours are left out. None where only one kind of
    case occurs.
    """
    counts = counts_of(truth, scores)
    if not counts.positives or not counts.negatives:
        return None
    fp = np.concatenate([[0.0], counts.false_positives])
    tp = np.concatenate([[0.0], counts.true_positives])
    keep = np.ones(fp.size, bool)
    # Counts are whole, so that the test for a straight line is exact.
    keep[1:-1] = np.diff(fp)[1:] * np.diff(tp)[:-1] != np.diff(fp)[:-1] * np.diff(tp)[1:]
    return fp[keep] / counts.negatives, tp[keep] / counts.positives


def precision_recall(truth: Booleans, scores: Floats) -> tuple[Floats, Floats] | None:
    """Trace recall and precision over falling thresholds; None where no case has the class.

    The points are those of the thresholds, recall rising to 1; between them precision does not
    follow a straight line (Davis and Goadrich 2006), so nothing is joined to them.
    """
    counts = counts_of(truth, scores)
    if not counts.positives:
        return None
    tp, fp = counts.true_positives, counts.false_positives
    return tp / counts.positives, tp / (tp + fp)


def area_under_roc(truth: Booleans, scores: Floats) -> Statistic:
    """Give the share of pairs in which the positive case scores higher; a tie counts half.

    The Mann-Whitney statistic, the area under the ROC curve (Hanley and McNeil 1982,
    doi:10.1148/radiology.143.1.7063747). NaN where only one kind of case has weight.
    """
    order, starts = _groups(scores)
    positive = truth[order].astype(np.float64)

    def statistic(weights: Floats) -> Floats:
        sorted_weights = weights[:, order]
        hits = np.add.reduceat(sorted_weights * positive, starts, axis=1)
        others = np.add.reduceat(sorted_weights, starts, axis=1) - hits
        below = others.cumsum(axis=1) - others
        pairs = hits.sum(axis=1) * others.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return (hits * (below + 0.5 * others)).sum(axis=1) / pairs

    return statistic


def average_precision(truth: Booleans, scores: Floats) -> Statistic:
    """Give the mean of precision over the rises of recall, without interpolation.

    Davis and Goadrich 2006 (doi:10.1145/1143844.1143874) on why not the trapezoids. NaN where no
    positive case has weight.
    """
    order, starts = _groups(-scores)
    positive = truth[order].astype(np.float64)

    def statistic(weights: Floats) -> Floats:
        sorted_weights = weights[:, order]
        hits = np.add.reduceat(sorted_weights * positive, starts, axis=1)
        called = np.add.reduceat(sorted_weights, starts, axis=1).cumsum(axis=1)
        found = hits.cumsum(axis=1)
        precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return (hits * precision).sum(axis=1) / hits.sum(axis=1)

    return statistic


def thinned(points: int, most: int) -> NDArray[np.int64]:
    """Choose at most `most` of a curve's points to draw it by, the ends among them, evenly."""
    if points <= most:
        return np.arange(points)
    return np.unique(np.linspace(0, points - 1, most).round().astype(np.int64))


def _groups(keys: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Order cases by a rising key, and say where each run of equal keys starts."""
    order = np.argsort(keys, kind="stable")
    changes = np.flatnonzero(np.diff(keys[order]) != 0) + 1
    return order, np.concatenate([[0], changes]).astype(np.intp)
