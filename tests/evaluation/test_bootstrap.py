"""Tests of intervals, paired tests and their correction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from radflow.errors import EvaluationError
from radflow.evaluation.bootstrap import holm, mean_interval, signed_rank_p

scores = st.lists(
    st.tuples(st.floats(0, 1, allow_subnormal=False), st.integers(0, 7)), min_size=1, max_size=25
)


def _interval(values, subjects, *, seed=0, samples=1000, **rules):
    rng = np.random.default_rng(seed)
    return mean_interval(values, subjects, rng=rng, samples=samples, **rules)


def _names(n):
    return [f"s{k:03d}" for k in range(n)]


@settings(deadline=None)
@given(scores, st.randoms(use_true_random=False))
def test_the_interval_holds_the_mean_and_ignores_the_order_of_rows(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    found, again = (
        _interval([value for value, _ in each], [f"s{k}" for _, k in each])
        for each in (rows, shuffled)
    )
    assert found == again
    assert found.estimate == pytest.approx(np.mean([value for value, _ in rows]), abs=1e-12)
    if found.low is not None and found.high is not None:
        assert found.low - 1e-12 <= found.estimate <= found.high + 1e-12


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    values = np.random.default_rng(1).beta(9, 1, 30)
    first, again, other = (_interval(values, _names(30), seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert first.method == "bca"


def test_the_interval_of_skewed_scores_is_scipys_bca_where_every_subject_has_one_case():
    values = np.random.default_rng(5).lognormal(sigma=1.3, size=15)
    found = _interval(values, _names(15), samples=60_000)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=60_000, method="BCa", rng=np.random.default_rng(9)
    ).confidence_interval
    width = expected.high - expected.low
    # Four times the spread over seeds; the long tail makes the upper bound the noisier one.
    assert found.low == pytest.approx(expected.low, abs=0.005 * width)
    assert found.high == pytest.approx(expected.high, abs=0.05 * width)


def test_intervals_cover_the_true_mean_about_as_often_as_they_say():
    rng = np.random.default_rng(11)
    truth, trials, hits = 8 / 10, 600, 0
    for _ in range(trials):
        found = _interval(rng.beta(8, 2, 40), _names(40), seed=int(rng.integers(1 << 30)))
        hits += found.low <= truth <= found.high
    assert 0.915 <= hits / trials <= 0.975


def test_cases_of_a_subject_are_resampled_together():
    values = np.repeat(np.random.default_rng(2).beta(8, 2, 20), 5)
    clustered = _interval(values, [name for name in _names(20) for _ in range(5)])
    independent = _interval(values, _names(100))
    assert clustered.high - clustered.low > 1.8 * (independent.high - independent.low)
    single = _interval(values[::5], _names(20))
    assert clustered.low == pytest.approx(single.low, abs=1e-12)
    assert clustered.high == pytest.approx(single.high, abs=1e-12)


def test_a_higher_level_gives_a_wider_interval():
    values = np.random.default_rng(3).beta(8, 2, 30)
    narrow, wide = (_interval(values, _names(30), confidence=level) for level in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_many_subjects_are_resampled_in_bounded_chunks(monkeypatch):
    values = np.random.default_rng(3).beta(8, 2, 30)
    whole = _interval(values, _names(30))
    monkeypatch.setattr("radflow.evaluation.bootstrap._CHUNK", 100)
    assert _interval(values, _names(30)) == whole


def test_one_subject_gives_no_interval_and_says_why():
    found = _interval([0.8, 0.9], ["a", "a"])
    assert found.estimate == pytest.approx(0.85)
    assert (found.low, found.high, found.method) == (None, None, None)
    assert found.reason == "needs at least 2 subjects, got 1"
    assert signed_rank_p([0.1, 0.2], ["a", "a"]) is None


def test_subjects_that_do_not_differ_give_no_interval_and_say_why():
    found = _interval([0.75] * 5, _names(5))
    assert (found.low, found.estimate, found.high, found.method) == (None, 0.75, None, None)
    assert found.reason == "every resample gives the same value"


def test_scores_whose_powers_vanish_still_have_an_interval():
    found = _interval([0.0, 1e-160, 3e-160, 2e-160], _names(4))
    assert found.method == "bca"
    assert found.low < found.estimate < found.high


def test_bounds_beyond_the_reach_of_bca_are_percentiles():
    found = _interval([0.0] * 50 + [1.0], _names(51), confidence=1 - 1e-12)
    assert found.method == "percentile"
    assert found.low == 0.0 < found.estimate < found.high


@pytest.mark.parametrize(
    ("values", "subjects", "message"),
    [
        ([], [], "one subject for each value"),
        ([0.1, 0.2], ["a"], "one subject for each value"),
        ([0.1, np.nan], ["a", "b"], "1 of 2 values are not finite"),
        ([np.inf, 0.1], ["a", "b"], "table of empties"),
    ],
)
@pytest.mark.parametrize("function", [_interval, signed_rank_p])
def test_values_that_can_not_be_averaged_are_refused(function, values, subjects, message):
    with pytest.raises(EvaluationError, match=message):
        function(values, subjects)


def test_the_p_value_of_few_subjects_is_exact():
    # All of n differences positive: 2 of the 2^n signs are as extreme.
    assert signed_rank_p([1.0, 2.0, 3.0, 4.0, 5.0], _names(5)) == pytest.approx(2 / 2**5)


def test_the_p_value_averages_a_subjects_cases_and_ignores_order():
    values, subjects = [1.0, 3.0, 5.0, -1.0, 4.0], ["a", "a", "b", "c", "d"]
    expected = signed_rank_p([2.0, 5.0, -1.0, 4.0], ["a", "b", "c", "d"])
    assert signed_rank_p(values, subjects) == expected
    assert signed_rank_p(values[::-1], subjects[::-1]) == expected


def test_models_that_do_not_differ_have_a_p_value_of_one():
    assert signed_rank_p([0.0, 0.0, 1e-15], _names(3)) == 1.0


def test_p_values_are_uniform_where_nothing_differs():
    rng = np.random.default_rng(4)
    p_values = [signed_rank_p(rng.normal(size=20), _names(20)) for _ in range(400)]
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.08


def test_holm_has_its_worked_closed_form():
    # 4 x 0.01; 3 x 0.02 = 0.06; 2 x 0.03 = 0.06; 0.04 is raised to what came before it.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([None, 0.02, None]) == [None, 0.02, None]
    assert holm([]) == []


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_lies_between_no_correction_and_bonferroni(p_values):
    corrected = holm(p_values)
    for p, found in zip(p_values, corrected, strict=True):
        assert found is not None
        assert p <= found <= 1.0
        assert found == 1.0 or found <= p * len(p_values) or found in corrected
    assert corrected[int(np.argmin(p_values))] == min(1.0, min(p_values) * len(p_values))
    in_order = [corrected[k] for k in np.argsort(p_values, kind="stable")]
    assert in_order == sorted(in_order)
