"""Tests of intervals and tests of counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from radflow.evaluation.classification.proportions import mcnemar_p, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Newcombe 1998 (Statistics in Medicine 17:857-872), table I, method 3
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_meets_published_intervals(successes, trials, low, high):
    assert wilson(successes, trials, 0.95) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 400), st.floats(0, 1), st.sampled_from([0.9, 0.95, 0.99]))
def test_wilson_agrees_with_scipy_and_holds_the_share(trials, part, confidence):
    successes = round(part * trials)
    low, high = wilson(successes, trials, confidence)
    expected = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert 0.0 <= low <= successes / trials <= high <= 1.0


def test_nothing_is_known_without_trials():
    assert wilson(0, 0, 0.95) == (0.0, 1.0)


def test_mcnemar_counts_only_where_the_models_differ():
    assert mcnemar_p(1, 9) == pytest.approx(22 / 1024)
    assert mcnemar_p(9, 1) == mcnemar_p(1, 9)
    assert mcnemar_p(5, 5) == 1.0
    assert mcnemar_p(0, 0) == 1.0
    assert mcnemar_p(0, 10) == pytest.approx(2 / 1024)
