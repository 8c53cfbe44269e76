"""Which statistics a part has: of each class, over all, and at the operating points."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radflow.config.evaluation import AnswerRules, CompareRules
from radflow.evaluation.classification.agreement import balanced_accuracy, kappa, ranks_of
from radflow.evaluation.classification.calibration import (
    LEAST_PROBABILITY,
    brier_scores,
    expected_calibration_error,
    log_losses,
)
from radflow.evaluation.classification.curves import area_under_roc, average_precision
from radflow.evaluation.classification.operating import predictive_values
from radflow.evaluation.classification.statistics import Floats, Statistic, average, share
from radflow.evaluation.classification.tables import PartAnswers
from radflow.targets import CALLED_BEYOND, Target

OVERALL = ""
"""Stands in place of a class: all classes together."""

MOST_TOP = 5

Booleans = NDArray[np.bool_]
Measure = tuple[str, str]
"""Class, or `OVERALL`, and name of the metric."""


@dataclass(frozen=True)
class Terms:
    """What a study's numbers are made by: its classes, and the rules of both sections."""

    target: Target
    compare: CompareRules
    answers: AnswerRules


@dataclass(frozen=True)
class Answered:
    """Answers of a part that are counted.

    Attributes
    ----------
    right
        ``(n,)`` whether each case's answer is right, of several classes at once all of them.
    truth, chosen
        ``(n,)`` numbers of the true and the answered class, the likeliest; None where a case may
        have several. A case without a prediction counts as the class furthest from the true one.
    called
        ``(n, classes)`` what is answered; of several at once what has more than half.
    """

    right: Booleans
    truth: NDArray[np.int64] | None
    chosen: NDArray[np.int64] | None
    called: Booleans


def answered(answers: PartAnswers, target: Target) -> Answered:
    """Turn calibrated probabilities into answers."""
    if target.several:
        called = answers.calibrated > CALLED_BEYOND
        return Answered((called == answers.truth).all(axis=1), None, None, called)
    classes = len(target.classes)
    truth = answers.truth.argmax(axis=1)
    furthest = np.where(2 * truth >= classes - 1, 0, classes - 1)
    chosen = np.where(answers.missing, furthest, answers.calibrated.argmax(axis=1))
    called = chosen[:, None] == np.arange(classes)
    return Answered(truth == chosen, truth, chosen, called)


def overall_measures(answers: PartAnswers, terms: Terms) -> dict[Measure, Statistic]:
    """Give the statistics over all classes, but the mean AUC, which follows from the classes'."""
    target = terms.target
    counted, classes = answered(answers, target), len(target.classes)
    found = {"accuracy": share(counted.right)}
    if counted.truth is None or counted.chosen is None:
        of_class = [
            (answers.truth[:, place].astype(np.int64), counted.called[:, place].astype(np.int64))
            for place in range(classes)
        ]
        found["balanced_accuracy"] = average([balanced_accuracy(*each, 2) for each in of_class])
        found["kappa"] = average([kappa(*each, 2, quadratic=False) for each in of_class])
    else:
        found["balanced_accuracy"] = balanced_accuracy(counted.truth, counted.chosen, classes)
        quadratic = target.rules.kind == "ordinal"
        found["kappa"] = kappa(counted.truth, counted.chosen, classes, quadratic=quadratic)
        ranks = np.where(answers.missing, classes, ranks_of(counted.truth, answers.calibrated))
        for most in range(2, min(MOST_TOP, classes - 1) + 1):
            found[f"top_{most}"] = share(ranks <= most)
    for name, probabilities in (("", answers.calibrated), ("_raw", answers.raw)):
        for metric, statistic in _calibration(answers, probabilities, terms):
            found[f"{metric}{name}"] = statistic
    return {(OVERALL, metric): statistic for metric, statistic in found.items()}


def class_measures(
    answers: PartAnswers, terms: Terms, thresholds: Mapping[str, float | None]
) -> dict[Measure, Statistic]:
    """Give the statistics of each class against all others.

    Parameters
    ----------
    answers
        Of one model in one part.
    terms
        The classes, and stated prevalences.
    thresholds
        Class: its operating point; None where there is none, and nothing that needs it then.
    """
    found: dict[Measure, Statistic] = {}
    for place, name in enumerate(terms.target.classes):
        truth, scores = answers.truth[:, place], answers.calibrated[:, place]
        found[name, "auc"] = area_under_roc(truth, scores)
        found[name, "average_precision"] = average_precision(truth, scores)
        threshold = thresholds[name]
        if threshold is None:
            continue
        called = scores >= threshold
        prevalence = terms.answers.prevalence.get(name)
        for metric, (values, among) in shares_at(truth, called, prevalence).items():
            found[name, metric] = share(values, among)
        if prevalence is not None:
            found[name, "ppv"], found[name, "npv"] = predictive_values(
                truth, called, prevalence=prevalence
            )
    return found


def shares_at(
    truth: Booleans, called: Booleans, prevalence: float | None
) -> dict[str, tuple[Booleans, Booleans]]:
    """Give the metrics at a threshold that are shares: which cases count as true, among which.

    PPV and NPV are shares of the sample alone, not at a stated prevalence.
    """
    found = {"sensitivity": (called, truth), "specificity": (~called, ~truth)}
    if prevalence is None:
        found |= {"ppv": (truth, called), "npv": (~truth, ~called)}
    return found


def judged(
    answers: PartAnswers, probabilities: Floats, target: Target
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Give probability, rightness and case of each answer whose reliability is judged.

    The likeliest class of each case; of several at once every class of it, right where it is true.
    """
    cases, classes = probabilities.shape
    if target.several:
        owners = np.repeat(np.arange(cases), classes)
        return probabilities.ravel(), answers.truth.astype(np.float64).ravel(), owners
    chosen = probabilities.argmax(axis=1)
    owners = np.arange(cases)
    right = answers.truth[owners, chosen].astype(np.float64)
    return probabilities[owners, chosen], right, owners


def _calibration(
    answers: PartAnswers, probabilities: Floats, terms: Terms
) -> Iterator[tuple[str, Statistic]]:
    truth, several = answers.truth.astype(np.float64), terms.target.several
    losses = log_losses(truth, probabilities, several=several)
    squares = brier_scores(truth, probabilities, several=several)
    if not several:  # all of one wrong class: the most that probabilities which sum to 1 can lose
        squares = np.where(answers.missing, 2.0, squares)
        losses = np.where(answers.missing, -np.log(LEAST_PROBABILITY), losses)
    yield "nll", share(losses)
    yield "brier", share(squares)
    values, right, owners = judged(answers, probabilities, terms.target)
    yield "ece", expected_calibration_error(values, right, owners=owners, bins=terms.answers.bins)
