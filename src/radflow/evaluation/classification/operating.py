"""The threshold at which a probability becomes an answer, and what that answer is worth."""

import numpy as np
from numpy.typing import NDArray

from radflow.config.evaluation import AnswerRules
from radflow.evaluation.classification.curves import counts_of
from radflow.evaluation.classification.statistics import Floats, Statistic, share

Booleans = NDArray[np.bool_]


def choose_threshold(truth: Booleans, scores: Floats, rules: AnswerRules) -> float | None:
    """Choose a threshold on tuning cases: a score of at least so much is called positive.

    Youden's (1950) index is sensitivity + specificity - 1; of thresholds that do equally well the
    highest is taken. A wanted sensitivity is reached by the highest threshold that has it, a wanted
    specificity by the lowest; where no score that occurs has enough specificity, the threshold lies
    just above them all.

    Parameters
    ----------
    truth
        ``(n,)`` whether each tuning case has the class.
    scores
        ``(n,)`` its probability of the class.
    rules
        What is wanted.

    Returns
    -------
    float or None
        None where only one kind of case occurs.
    """
    counts = counts_of(truth, scores)
    if not counts.positives or not counts.negatives:
        return None
    if rules.operating_point == "youden":
        # In whole numbers, so that equals are equal.
        index = counts.true_positives * counts.negatives - counts.false_positives * counts.positives
        return float(counts.thresholds[np.argmax(index)])
    sensitivity = counts.true_positives / counts.positives
    specificity = (counts.negatives - counts.false_positives) / counts.negatives
    if rules.operating_point == "sensitivity":
        return float(counts.thresholds[np.argmax(sensitivity >= rules.wanted)])
    enough = np.flatnonzero(specificity >= rules.wanted)
    if enough.size:
        return float(counts.thresholds[enough[-1]])
    return float(np.nextafter(counts.thresholds[0], np.inf))


def predictive_values(
    truth: Booleans, called: Booleans, *, prevalence: float
) -> tuple[Statistic, Statistic]:
    """Give PPV and NPV at a stated prevalence, by Bayes' rule from sensitivity and specificity.

    Parameters
    ----------
    truth, called
        ``(n,)`` whether each case has the class, and is called so.
    prevalence
        Share of cases with the class where the model is used, within 0 and 1.
    """
    hit, spared = share(called, truth), share(~called, ~truth)

    def positive(weights: Floats) -> Floats:
        found = hit(weights) * prevalence
        return _ratio(found, found + (1.0 - spared(weights)) * (1.0 - prevalence))

    def negative(weights: Floats) -> Floats:
        found = spared(weights) * (1.0 - prevalence)
        return _ratio(found, found + (1.0 - hit(weights)) * prevalence)

    return positive, negative


def _ratio(part: Floats, whole: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return part / whole
