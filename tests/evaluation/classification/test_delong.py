"""Tests of DeLong's variance: against its definition, a published example and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from radflow.evaluation.classification.delong import area_interval, delong, paired_difference


def _by_definition(truth, scores):
    """Structural components over all pairs (DeLong, DeLong and Clarke-Pearson 1988, eq. 3-6)."""
    positive, negative = scores[:, truth], scores[:, ~truth]
    above = positive[:, :, None] > negative[:, None, :]
    pairs = above + 0.5 * (positive[:, :, None] == negative[:, None, :])
    m, n = positive.shape[1], negative.shape[1]
    areas = pairs.mean(axis=(1, 2))
    v10, v01 = pairs.mean(axis=2) - areas[:, None], pairs.mean(axis=1) - areas[:, None]
    return areas, v10 @ v10.T / (m - 1) / m + v01 @ v01.T / (n - 1) / n


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 25), st.integers(2, 25), st.sampled_from([3, 1000]))
def test_ranks_give_what_the_definition_gives(seed, m, n, levels):
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat([True, False], [m, n]))
    scores = rng.integers(0, levels, (3, m + n)) / levels
    found = delong(truth, scores)
    areas, covariance = _by_definition(truth, scores)
    assert found.areas == pytest.approx(areas, abs=1e-12)
    assert found.areas == pytest.approx([roc_auc_score(truth, row) for row in scores], abs=1e-12)
    assert found.covariance == pytest.approx(covariance, abs=1e-12)


def test_a_published_example_is_met():
    # Ratings of 109 CT images, normal and abnormal: Hanley and McNeil 1982, table I
    # (doi:10.1148/radiology.143.1.7063747); area, DeLong's standard error and interval as in the
    # reference manual of Stata, roctab, which prints 0.8932, 0.0307 and 0.83295 to 0.95339.
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    ratings = np.repeat([1.0, 2.0, 3.0, 4.0, 5.0] * 2, normal + abnormal)
    truth = np.repeat([False, True], [sum(normal), sum(abnormal)])
    found = delong(truth, ratings[None])
    assert found.areas[0] == pytest.approx(0.8932, abs=5e-5)
    assert np.sqrt(found.covariance[0, 0]) == pytest.approx(0.0307, abs=5e-5)
    assert area_interval(found, 0, 0.95) == pytest.approx((0.83295, 0.95339), abs=5e-6)


def test_the_difference_is_a_z_test_on_the_covariance():
    rng = np.random.default_rng(3)
    truth = rng.random(80) < 0.4
    scores = rng.normal(0, 1, (2, 80)) + truth * np.array([[1.5], [0.7]])
    areas, covariance = _by_definition(truth, scores)
    spread = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    found = paired_difference(delong(truth, scores), 0.9)
    assert found.difference == pytest.approx(areas[0] - areas[1], abs=1e-12)
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(areas[0] - areas[1]) / spread), rel=1e-9)
    half = stats.norm.ppf(0.95) * spread
    assert (found.low, found.high) == pytest.approx(
        (found.difference - half, found.difference + half), abs=1e-12
    )
    back = paired_difference(delong(truth, scores[::-1]), 0.9)
    assert (back.difference, back.p) == pytest.approx((-found.difference, found.p))


def test_there_is_no_variance_of_a_single_case_and_none_where_kinds_are_apart():
    assert delong(np.array([True, False, False]), np.array([[0.9, 0.1, 0.2]])) is None
    truth = np.array([True, True, False, False])
    apart = delong(truth, np.array([[4.0, 3.0, 2.0, 1.0], [4.0, 3.0, 2.0, 1.0]]))
    assert apart.areas.tolist() == [1.0, 1.0]
    assert area_interval(apart, 0, 0.95) is None
    assert paired_difference(apart, 0.95) is None


def test_bounds_stay_within_0_and_1():
    truth = np.array([True, True, True, False, False, False])
    found = delong(truth, np.array([[6.0, 5.0, 2.0, 3.0, 1.0, 0.0]]))
    low, high = area_interval(found, 0, 0.95)
    assert 0.0 < low < found.areas[0] < high == 1.0


def test_the_interval_covers_the_area_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    true_area = stats.norm.cdf(1 / np.sqrt(2))  # two normal distributions, 1 SD apart
    truth = np.repeat([True, False], [40, 60])
    repeats, covered = 600, 0
    for _ in range(repeats):
        found = delong(truth, (rng.normal(0, 1, 100) + truth)[None])
        low, high = area_interval(found, 0, 0.95)
        covered += low <= true_area <= high
    assert 0.92 <= covered / repeats <= 0.975


def test_models_of_equal_skill_differ_as_rarely_as_p_says():
    rng = np.random.default_rng(12)
    truth = np.repeat([True, False], 40)
    p = [
        paired_difference(delong(truth, rng.normal(0, 1, (2, 80)) + truth), 0.95).p
        for _ in range(400)
    ]
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.085
