"""How often answers are right: shares, the table of confusions, and kappa."""

import numpy as np
from numpy.typing import NDArray

from radflow.evaluation.classification.statistics import Floats, Statistic, average, share

Integers = NDArray[np.int64]


def balanced_accuracy(truth: Integers, answered: Integers, classes: int) -> Statistic:
    """Give the mean over classes of the share of their cases that is right.

    Parameters
    ----------
    truth, answered
        ``(n,)`` numbers of classes.
    classes
        How many there are. NaN where one has no case: it can't be said how it fares.
    """
    right = truth == answered
    return average([share(right, truth == place) for place in range(classes)])


def ranks_of(truth: Integers, probabilities: Floats) -> Integers:
    """Give the place of each case's true class among the classes by probability, from 1.

    Of equal probabilities the class that is named first comes first, as in the answer itself.
    """
    mine = np.take_along_axis(probabilities, truth[:, None], axis=1)
    earlier = np.arange(probabilities.shape[1]) < truth[:, None]
    before = (probabilities > mine) | ((probabilities == mine) & earlier)
    return before.sum(axis=1) + 1


def confusions(truth: Integers, answered: Integers, classes: int) -> Integers:
    """Count cases by true class (rows) and answer (columns), ``(classes, classes)``."""
    cells = np.bincount(truth * classes + answered, minlength=classes * classes)
    return cells.reshape(classes, classes)


def kappa(truth: Integers, answered: Integers, classes: int, *, quadratic: bool) -> Statistic:
    """Give Cohen's kappa: agreement beyond that expected of the margins.

    Cohen 1960 (doi:10.1177/001316446002000104); quadratic weights, for ordinal classes, after
    Cohen 1968 (doi:10.1037/h0026256). NaN where truth and answers all are one class.
    """
    cells = np.eye(classes * classes)[truth * classes + answered]
    places = np.arange(classes, dtype=np.float64)
    apart = np.abs(places[:, None] - places)
    penalty = apart**2 if quadratic else (apart > 0).astype(np.float64)

    def statistic(weights: Floats) -> Floats:
        table = (weights @ cells).reshape(-1, classes, classes)
        expected = table.sum(axis=2)[:, :, None] * table.sum(axis=1)[:, None, :]
        total = table.sum(axis=(1, 2))
        with np.errstate(invalid="ignore", divide="ignore"):
            observed = (table * penalty).sum(axis=(1, 2)) * total
            return 1.0 - observed / (expected * penalty).sum(axis=(1, 2))

    return statistic
