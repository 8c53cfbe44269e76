"""Tests of accuracy and kappa, against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from radflow.evaluation.classification.agreement import (
    balanced_accuracy,
    confusions,
    kappa,
    ranks_of,
)
from radflow.evaluation.classification.statistics import value_of


@st.composite
def answers(draw):
    """Draw true and answered classes, every class among the true ones."""
    classes = draw(st.integers(2, 6))
    size = draw(st.integers(classes, 50))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, size - classes)])
    return truth, rng.integers(0, classes, size), classes, rng


@settings(deadline=None)
@given(answers())
def test_balanced_accuracy_agrees_with_scikit_learn(drawn):
    truth, answered, classes, rng = drawn
    statistic = balanced_accuracy(truth, answered, classes)
    expected = metrics.balanced_accuracy_score(truth, answered)
    assert value_of(statistic, truth.size) == pytest.approx(expected, abs=1e-12)
    weights = rng.integers(1, 4, (1, truth.size)).astype(float)
    expected = metrics.balanced_accuracy_score(truth, answered, sample_weight=weights[0])
    assert statistic(weights) == pytest.approx(expected, abs=1e-12)


def test_balanced_accuracy_is_not_defined_where_a_class_has_no_case():
    assert np.isnan(value_of(balanced_accuracy(np.array([0, 1]), np.array([0, 1]), 3), 2))


@pytest.mark.parametrize(("quadratic", "weights"), [(False, None), (True, "quadratic")])
@settings(deadline=None)
@given(drawn=answers())
def test_kappa_agrees_with_scikit_learn(quadratic, weights, drawn):
    truth, answered, classes, rng = drawn
    statistic = kappa(truth, answered, classes, quadratic=quadratic)
    labels = list(range(classes))
    for counts in (np.ones((1, truth.size)), rng.integers(1, 4, (1, truth.size)).astype(float)):
        expected = metrics.cohen_kappa_score(
            truth, answered, labels=labels, weights=weights, sample_weight=counts[0]
        )
        assert statistic(counts) == pytest.approx(expected, abs=1e-9)


def test_kappa_meets_a_table_worked_by_hand():
    # 20 and 15 agreed, 5 and 10 not: observed 0.7, expected 0.5, so kappa 0.4.
    truth = np.repeat([0, 0, 1, 1], [20, 5, 10, 15])
    answered = np.repeat([0, 1, 0, 1], [20, 5, 10, 15])
    assert value_of(kappa(truth, answered, 2, quadratic=False), 50) == pytest.approx(0.4)
    assert confusions(truth, answered, 2).tolist() == [[20, 5], [10, 15]]


def test_kappa_of_one_class_alone_is_not_defined():
    one = np.zeros(4, int)
    assert np.isnan(value_of(kappa(one, one, 2, quadratic=False), 4))


@settings(deadline=None)
@given(answers())
def test_confusions_and_ranks_agree_with_scikit_learn(drawn):
    truth, answered, classes, rng = drawn
    expected = metrics.confusion_matrix(truth, answered, labels=list(range(classes)))
    assert confusions(truth, answered, classes).tolist() == expected.tolist()
    probabilities = rng.dirichlet(np.ones(classes), truth.size)
    ranks = ranks_of(truth, probabilities)
    for most in range(1, classes):
        expected = metrics.top_k_accuracy_score(
            truth,
            probabilities[:, 1] if classes == 2 else probabilities,
            k=most,
            labels=list(range(classes)),
        )
        assert np.mean(ranks <= most) == pytest.approx(expected, abs=1e-12)


def test_of_equal_probabilities_the_first_class_comes_first_as_in_the_answer():
    probabilities = np.full((3, 3), 1 / 3)
    assert ranks_of(np.array([0, 1, 2]), probabilities).tolist() == [1, 2, 3]
    assert probabilities.argmax(axis=1).tolist() == [0, 0, 0]
