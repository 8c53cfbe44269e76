"""Tests of resampling for any statistic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radflow.evaluation.bootstrap import mean_interval
from radflow.evaluation.classification import resampling
from radflow.evaluation.classification.agreement import balanced_accuracy
from radflow.evaluation.classification.calibration import expected_calibration_error
from radflow.evaluation.classification.curves import area_under_roc, average_precision
from radflow.evaluation.classification.resampling import (
    Draws,
    bounds_of,
    draw,
    mean_of,
    two_sided_p,
)
from radflow.evaluation.classification.statistics import share


def _names(count, each=1):
    return [f"s{place // each:04d}" for place in range(count)]


def _draw(statistic, subjects, *, seed=0, samples=1000):
    return draw({"it": statistic}, subjects, seed=seed, samples=samples)["it"]


def test_a_mean_has_the_interval_that_the_bootstrap_of_means_gives():
    rng = np.random.default_rng(5)
    values, subjects = rng.beta(5, 2, 60), _names(60, each=3)
    bounds = bounds_of(_draw(share(values), subjects), 0.95)
    expected = mean_interval(values, subjects, rng=np.random.default_rng(0), samples=1000)
    assert (bounds.low, bounds.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert bounds.method == expected.method == "bca"


def test_many_cases_are_resampled_some_at_a_time(monkeypatch):
    statistics = {"it": share(np.linspace(0, 1, 12))}
    whole = draw(statistics, _names(12), seed=1, samples=100)["it"]
    monkeypatch.setattr(resampling, "_CHUNK", 60)
    parts = draw(statistics, _names(12), seed=1, samples=100)["it"]
    assert parts.resampled.shape == whole.resampled.shape == (100,)
    assert parts.left_out == pytest.approx(whole.left_out)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.integers(8, 40), st.integers(1, 3))
def test_intervals_hold_the_estimate_and_come_again_with_the_seed(seed, count, each):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, count)
    truth[:2] = 0, 1
    scores = rng.random(count).round(1)
    right = (scores > 0.5).astype(float) == truth
    statistics = {
        "auc": area_under_roc(truth > 0, scores),
        "ap": average_precision(truth > 0, scores),
        "balanced": balanced_accuracy(truth, (scores > 0.5).astype(int), 2),
        "ece": expected_calibration_error(
            scores, right.astype(float), owners=np.arange(count), bins=10
        ),
    }
    found = draw(statistics, _names(count, each), seed=7, samples=200)
    again = draw(statistics, _names(count, each), seed=7, samples=200)
    for name, draws in found.items():
        bounds = bounds_of(draws, 0.95)
        assert bounds == bounds_of(again[name], 0.95)
        if bounds.low is not None:
            assert bounds.low <= draws.estimate <= bounds.high
            assert bounds.method in {"bca", "percentile"}
        else:
            assert bounds.reason


def test_the_order_of_subjects_names_is_all_that_orders_them():
    values = np.array([0.1, 0.9, 0.4, 0.7])
    names, order = _names(4), [2, 0, 3, 1]
    found = _draw(share(values), names)
    again = _draw(share(values[order]), [names[place] for place in order])
    assert again.resampled == pytest.approx(found.resampled, abs=1e-12)


def test_the_cases_of_a_subject_are_drawn_together():
    # Two subjects, all right or all wrong: a resample is right by halves.
    draws = _draw(share([1.0] * 5 + [0.0] * 5), _names(10, each=5))
    assert set(draws.resampled.tolist()) == {0.0, 0.5, 1.0}
    assert sorted(draws.left_out.tolist()) == [0.0, 1.0]


def test_what_is_not_estimable_says_why():
    one = _draw(share([0.5, 1.0]), ["s", "s"])
    assert bounds_of(one, 0.95).reason == "needs at least 2 subjects, got 1"
    assert two_sided_p(one) is None
    same = _draw(share([1.0, 1.0, 1.0]), _names(3))
    assert bounds_of(same, 0.95).reason == "every resample gives the same value"
    rare = _draw(share([1.0, 0.0, 1.0], [True, False, False]), _names(3))
    bounds = bounds_of(rare, 0.95)
    assert bounds.low is None
    assert "of 1000 resamples lack a class" in bounds.reason


def test_a_few_undefined_resamples_are_left_out_and_said():
    resampled = np.concatenate([np.linspace(0, 1, 99), [np.nan]])
    bounds = bounds_of(Draws(0.5, resampled, np.linspace(0.4, 0.6, 10)), 0.9)
    assert (bounds.low, bounds.high) == pytest.approx((0.05, 0.95))
    assert (bounds.method, bounds.reason) == ("percentile", "1 of 100 resamples were left out")


def test_without_bca_the_interval_is_of_percentiles_and_says_so():
    bounds = bounds_of(Draws(0.5, np.linspace(0, 1, 101), np.full(5, 0.5)), 0.9)
    assert (bounds.low, bounds.high, bounds.method) == pytest.approx((0.05, 0.95, "percentile"))
    assert bounds.reason == "BCa is not estimable, or does not hold the estimate"


def test_an_interval_is_stretched_to_hold_its_estimate():
    bounds = bounds_of(Draws(0.0, np.linspace(0.1, 0.9, 101), np.linspace(0, 0.1, 5)), 0.95)
    assert (bounds.low, bounds.reason) == (0.0, "stretched to hold the estimate")


def test_differences_are_paired_resample_by_resample():
    rng = np.random.default_rng(2)
    right = rng.random(50) < 0.7
    better = right | (rng.random(50) < 0.5)
    found = draw({"ours": share(better), "theirs": share(right)}, _names(50), seed=3, samples=2000)
    difference = found["ours"].minus(found["theirs"])
    direct = _draw(share(better.astype(float) - right), _names(50), seed=3, samples=2000)
    assert difference.resampled == pytest.approx(direct.resampled, abs=1e-12)
    beyond = np.count_nonzero(direct.resampled <= 0)
    assert two_sided_p(difference) == pytest.approx(2 * (1 + beyond) / 2001)
    nothing = found["ours"].minus(found["ours"])
    assert two_sided_p(nothing) == 1.0


def test_the_mean_of_statistics_is_that_of_their_draws():
    found = draw({1: share([1.0, 0.0]), 2: share([0.0, 0.0])}, _names(2), seed=0, samples=50)
    mean = mean_of([found[1], found[2]])
    assert mean.estimate == 0.25
    assert mean.resampled == pytest.approx(found[1].resampled / 2)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(9)
    repeats, covered = 200, 0
    for repeat in range(repeats):
        values = rng.random(60) < 0.7
        bounds = bounds_of(_draw(share(values), _names(60), seed=repeat, samples=400), 0.95)
        covered += bounds.low <= 0.7 <= bounds.high
    assert 0.89 <= covered / repeats <= 0.99
