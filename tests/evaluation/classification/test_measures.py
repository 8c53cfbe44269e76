"""Tests of which answers count, and as what."""

import numpy as np
import pytest
from simulated_answers import LEVELS, SEVERAL, TWO

from radflow.config.evaluation import AnswerRules, CompareRules
from radflow.evaluation.classification.measures import (
    OVERALL,
    Terms,
    answered,
    class_measures,
    overall_measures,
)
from radflow.evaluation.classification.statistics import value_of
from radflow.evaluation.classification.tables import PartAnswers
from radflow.targets import Target


def _answers(truth, probabilities, *, missing=False):
    truth, cases = np.array(truth, bool), len(truth)
    given = np.where(np.full((cases, 1), missing), 1.0 - truth, np.array(probabilities, float))
    names = tuple(f"c{place}" for place in range(cases))
    return PartAnswers(names, names, truth, given, given, np.full(cases, missing), ())


def _terms(rules):
    return Terms(Target(rules), CompareRules(), AnswerRules(prevalence={}))


@pytest.mark.parametrize(("rules", "expected"), [(TWO, [1, 0]), (LEVELS, [2, 0, 0])])
def test_a_case_without_a_prediction_counts_as_the_class_furthest_from_its_own(rules, expected):
    truth = np.eye(len(rules.classes))
    counted = answered(_answers(truth, truth, missing=True), Target(rules))
    assert counted.chosen.tolist() == expected
    assert not counted.right.any()


def test_it_loses_the_most_that_probabilities_can_lose():
    answers = _answers(np.eye(3), np.eye(3), missing=True)
    found = {
        metric: value_of(statistic, 3)
        for (_, metric), statistic in overall_measures(answers, _terms(LEVELS)).items()
    }
    assert found["brier"] == found["brier_raw"] == 2.0
    assert found["nll"] == pytest.approx(12 * np.log(10))
    assert (found["ece"], found["accuracy"], found["top_2"]) == (1.0, 0.0, 0.0)
    assert found["kappa"] < 0
    of_class = class_measures(answers, _terms(LEVELS), dict.fromkeys(LEVELS.classes))
    assert {value_of(each, 3) for (_, m), each in of_class.items() if m == "auc"} == {0.0}


def test_perfect_answers_reach_the_best_of_every_number():
    answers = _answers(np.eye(3), np.eye(3))
    found = overall_measures(answers, _terms(LEVELS))
    best = {"accuracy": 1, "balanced_accuracy": 1, "kappa": 1, "top_2": 1, "brier": 0, "ece": 0}
    for metric, value in best.items():
        assert value_of(found[OVERALL, metric], 3) == value
    assert value_of(found[OVERALL, "nll"], 3) == pytest.approx(0, abs=1e-11)


def test_of_several_classes_more_than_half_is_an_answer():
    answers = _answers([[1, 0, 1], [0, 0, 0]], [[0.6, 0.5, 0.9], [0.1, 0.7, 0.1]])
    counted = answered(answers, Target(SEVERAL))
    assert counted.called.tolist() == [[True, False, True], [False, True, False]]
    assert counted.right.tolist() == [True, False]
    assert counted.truth is counted.chosen is None
