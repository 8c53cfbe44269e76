"""Tests of curves and the areas under them, against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from radflow.evaluation.classification.curves import (
    area_under_roc,
    average_precision,
    counts_of,
    precision_recall,
    roc,
    thinned,
)
from radflow.evaluation.classification.statistics import value_of

AREAS = {
    area_under_roc: metrics.roc_auc_score,
    average_precision: metrics.average_precision_score,
}


@st.composite
def judged(draw):
    """Draw truth and scores of a few cases of both kinds, many scores tied."""
    size = draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    truth = rng.random(size) < draw(st.floats(0.1, 0.9))
    truth[:2] = True, False
    levels = draw(st.sampled_from([2, 5, 1000]))
    return truth, rng.integers(0, levels, size) / levels, rng


@pytest.mark.parametrize("area", AREAS)
@settings(deadline=None)
@given(drawn=judged())
def test_areas_agree_with_scikit_learn_with_ties_and_with_weights(area, drawn):
    truth, scores, rng = drawn
    expected = AREAS[area](truth, scores)
    assert value_of(area(truth, scores), truth.size) == pytest.approx(expected, abs=1e-12)
    weights = rng.integers(0, 4, (3, truth.size)).astype(float)
    weights[:, :2] = 1.0
    expected = [AREAS[area](truth, scores, sample_weight=row) for row in weights]
    assert area(truth, scores)(weights) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("area", AREAS)
@settings(deadline=None)
@given(drawn=judged())
def test_areas_ignore_the_order_of_cases_and_a_rising_change_of_scores(area, drawn):
    truth, scores, rng = drawn
    found = value_of(area(truth, scores), truth.size)
    order = rng.permutation(truth.size)
    assert value_of(area(truth[order], scores[order]), truth.size) == found
    assert value_of(area(truth, np.exp(3 * scores) - 7), truth.size) == found


@pytest.mark.parametrize("area", AREAS)
def test_a_perfect_score_has_area_1_and_a_constant_one_says_nothing(area):
    truth = np.array([True, False, True, False, False])
    assert value_of(area(truth, truth.astype(float)), 5) == 1.0
    expected = 0.5 if area is area_under_roc else 0.4
    assert value_of(area(truth, np.ones(5)), 5) == expected


def test_areas_are_not_defined_without_the_cases_they_need():
    scores = np.array([0.2, 0.4])
    assert np.isnan(value_of(area_under_roc(np.array([True, True]), scores), 2))
    assert np.isnan(value_of(area_under_roc(np.array([False, False]), scores), 2))
    assert np.isnan(value_of(average_precision(np.array([False, False]), scores), 2))
    only_negative = np.array([[0.0, 3.0]])
    assert np.isnan(area_under_roc(np.array([True, False]), scores)(only_negative)).all()


@settings(deadline=None)
@given(drawn=judged())
def test_the_roc_curve_agrees_with_scikit_learn_at_every_corner(drawn):
    truth, scores, _ = drawn
    fpr, tpr = roc(truth, scores)
    all_fpr, all_tpr, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)
    every = set(zip(all_fpr.round(9).tolist(), all_tpr.round(9).tolist(), strict=True))
    assert set(zip(fpr.round(9).tolist(), tpr.round(9).tolist(), strict=True)) <= every
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert metrics.auc(fpr, tpr) == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-12)


@settings(deadline=None)
@given(drawn=judged())
def test_precision_and_recall_agree_with_scikit_learn(drawn):
    truth, scores, _ = drawn
    recall, precision = precision_recall(truth, scores)
    expected_precision, expected_recall, _ = metrics.precision_recall_curve(truth, scores)
    # scikit-learn starts at the end, and adds a point that no threshold has.
    assert recall == pytest.approx(expected_recall[-2::-1], abs=1e-12)
    assert precision == pytest.approx(expected_precision[-2::-1], abs=1e-12)


def test_there_is_no_curve_of_one_kind_of_case():
    scores = np.array([0.1, 0.9])
    assert roc(np.array([True, True]), scores) is None
    assert roc(np.array([False, False]), scores) is None
    assert precision_recall(np.array([False, False]), scores) is None


def test_equal_scores_are_one_threshold():
    counts = counts_of(np.array([True, False, True]), np.array([0.5, 0.5, 0.1]))
    assert counts.thresholds.tolist() == [0.5, 0.1]
    assert counts.true_positives.tolist() == [1, 2]
    assert counts.false_positives.tolist() == [1, 1]
    assert (counts.positives, counts.negatives) == (2, 1)


def test_a_curve_is_thinned_between_its_ends():
    assert thinned(3, 400).tolist() == [0, 1, 2]
    kept = thinned(1000, 11)
    assert (kept[0], kept[-1], kept.size) == (0, 999, 11)
