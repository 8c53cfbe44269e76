"""Tests of proper scores and reliability, against scikit-learn, torchmetrics and by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from torchmetrics.functional.classification import multiclass_calibration_error

from radflow.evaluation.classification.calibration import (
    bins_of,
    brier_scores,
    expected_calibration_error,
    log_losses,
    reliability,
)
from radflow.evaluation.classification.statistics import value_of


@st.composite
def answers(draw):
    """Draw true classes, and probabilities that sum to 1."""
    classes, size = draw(st.integers(2, 6)), draw(st.integers(6, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, size)])
    return truth, np.eye(classes)[truth], rng.dirichlet(np.ones(classes), truth.size)


@settings(deadline=None)
@given(answers())
def test_brier_and_log_loss_agree_with_scikit_learn(drawn):
    truth, one_hot, probabilities = drawn
    brier = brier_scores(one_hot, probabilities, several=False).mean()
    expected = metrics.brier_score_loss(truth, probabilities, scale_by_half=False)
    assert brier == pytest.approx(expected, abs=1e-9)
    loss = log_losses(one_hot, probabilities, several=False).mean()
    assert loss == pytest.approx(metrics.log_loss(truth, probabilities), abs=1e-9)


def test_of_two_classes_the_sum_form_is_twice_the_square_of_one():
    one_hot, probabilities = np.array([[0.0, 1.0]]), np.array([[0.3, 0.7]])
    assert brier_scores(one_hot, probabilities, several=False) == pytest.approx([2 * 0.3**2])
    assert brier_scores(one_hot, probabilities, several=True) == pytest.approx([0.3**2])


@settings(deadline=None)
@given(answers())
def test_of_several_classes_losses_are_means_over_them(drawn):
    _, one_hot, probabilities = drawn
    classes = range(one_hot.shape[1])
    brier = brier_scores(one_hot, probabilities, several=True).mean()
    loss = log_losses(one_hot, probabilities, several=True).mean()
    expected = [metrics.brier_score_loss(one_hot[:, c], probabilities[:, c]) for c in classes]
    assert brier == pytest.approx(np.mean(expected), abs=1e-9)
    expected = [metrics.log_loss(one_hot[:, c], probabilities[:, c]) for c in classes]
    assert loss == pytest.approx(np.mean(expected), abs=1e-9)


def test_the_log_loss_of_a_certain_mistake_is_finite_and_of_certain_truth_nothing():
    one_hot = np.array([[1.0, 0.0]])
    assert log_losses(one_hot, 1 - one_hot, several=False) == pytest.approx([12 * np.log(10)])
    assert log_losses(one_hot, one_hot, several=False) == pytest.approx([0.0], abs=1e-11)
    assert np.isfinite(log_losses(one_hot, 1 - one_hot, several=True)).all()


@pytest.mark.parametrize("bins", [2, 10, 15])
@settings(deadline=None)
@given(drawn=answers())
def test_the_calibration_error_agrees_with_torchmetrics(bins, drawn):
    truth, _, probabilities = drawn
    chosen = probabilities.argmax(axis=1)
    right = (chosen == truth).astype(float)
    statistic = expected_calibration_error(
        probabilities.max(axis=1), right, owners=np.arange(truth.size), bins=bins
    )
    expected = multiclass_calibration_error(
        torch.tensor(probabilities),
        torch.tensor(truth),
        num_classes=probabilities.shape[1],
        n_bins=bins,
        norm="l1",
    )
    assert value_of(statistic, truth.size) == pytest.approx(float(expected), abs=1e-6)


def test_bins_own_their_upper_edge_and_the_first_owns_0():
    values = np.array([0.0, 0.1, 0.5, 0.500001, 1.0])
    assert bins_of(values, 2).tolist() == [0, 0, 0, 1, 1]


def test_weights_count_an_answer_as_often_as_its_case():
    values, right = np.array([0.9, 0.8, 0.3]), np.array([1.0, 0.0, 0.0])
    statistic = expected_calibration_error(values, right, owners=np.array([0, 1, 1]), bins=1)
    twice = np.array([0.9, 0.8, 0.8, 0.3, 0.3]).mean() - 1 / 5
    assert statistic(np.array([[1.0, 2.0]])) == pytest.approx(twice)


def test_reliability_tells_of_every_bin_and_empty_ones_have_no_mean():
    rows = reliability(np.array([0.6, 0.8, 0.9]), np.array([1.0, 0.0, 1.0]), 2)
    assert [row["n"] for row in rows] == [0, 3]
    assert (rows[0]["mean_probability"], rows[0]["share_right"]) == (None, None)
    assert (rows[1]["low"], rows[1]["high"]) == (0.5, 1.0)
    assert rows[1]["mean_probability"] == pytest.approx(2.3 / 3)
    assert rows[1]["share_right"] == pytest.approx(2 / 3)


@settings(deadline=None)
@given(answers())
def test_the_calibration_error_is_the_mean_gap_of_the_bins(drawn):
    truth, _, probabilities = drawn
    values = probabilities.max(axis=1)
    right = (probabilities.argmax(axis=1) == truth).astype(float)
    rows = [row for row in reliability(values, right, 10) if row["n"]]
    gaps = [row["n"] * abs(row["mean_probability"] - row["share_right"]) for row in rows]
    owners = np.arange(truth.size)
    statistic = expected_calibration_error(values, right, owners=owners, bins=10)
    assert value_of(statistic, truth.size) == pytest.approx(sum(gaps) / truth.size, abs=1e-12)
