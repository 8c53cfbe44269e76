"""Tests of operating points and predictive values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from radflow.config.evaluation import AnswerRules
from radflow.evaluation.classification.operating import choose_threshold, predictive_values
from radflow.evaluation.classification.statistics import value_of

TRUTH = np.array([True, True, False, True, False, False])
SCORES = np.array([0.9, 0.8, 0.7, 0.4, 0.3, 0.1])


def _rules(**changes):
    return AnswerRules.model_validate(changes)


def _at(truth, scores, threshold):
    called = scores >= threshold
    return (called & truth).sum() / truth.sum(), (~called & ~truth).sum() / (~truth).sum()


@st.composite
def judged(draw):
    """Draw truth and scores of cases of both kinds."""
    size = draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    truth = rng.random(size) < 0.4
    truth[:2] = True, False
    return truth, rng.integers(0, draw(st.sampled_from([3, 1000])), size) / 1000


@settings(deadline=None)
@given(judged())
def test_youden_finds_the_best_sum_of_all_thresholds(drawn):
    truth, scores = drawn
    found = sum(_at(truth, scores, choose_threshold(truth, scores, _rules())))
    assert found == pytest.approx(max(sum(_at(truth, scores, each)) for each in scores))


@settings(deadline=None)
@given(judged(), st.floats(0.05, 1))
def test_a_wanted_sensitivity_is_reached_with_the_most_specificity(drawn, wanted):
    truth, scores = drawn
    rules = _rules(operating_point="sensitivity", wanted=wanted)
    sensitivity, specificity = _at(truth, scores, choose_threshold(truth, scores, rules))
    assert sensitivity >= wanted
    others = [_at(truth, scores, each) for each in scores]
    assert specificity == max(spared for hit, spared in others if hit >= wanted)


@settings(deadline=None)
@given(judged(), st.floats(0.05, 1))
def test_a_wanted_specificity_is_reached_with_the_most_sensitivity(drawn, wanted):
    truth, scores = drawn
    rules = _rules(operating_point="specificity", wanted=wanted)
    sensitivity, specificity = _at(truth, scores, choose_threshold(truth, scores, rules))
    assert specificity >= wanted
    others = [_at(truth, scores, each) for each in scores]
    assert sensitivity == max((hit for hit, spared in others if spared >= wanted), default=0.0)


def test_of_thresholds_that_do_equally_well_youden_takes_the_highest():
    assert choose_threshold(TRUTH, SCORES, _rules()) == 0.8
    assert sum(_at(TRUTH, SCORES, 0.8)) == pytest.approx(sum(_at(TRUTH, SCORES, 0.4)))


def test_a_specificity_that_no_score_has_calls_nothing_positive():
    truth, scores = np.array([False, True]), np.array([0.9, 0.5])
    threshold = choose_threshold(truth, scores, _rules(operating_point="specificity", wanted=0.5))
    assert threshold > 0.9
    assert _at(truth, scores, threshold) == (0.0, 1.0)


def test_there_is_no_threshold_for_one_kind_of_case():
    assert choose_threshold(np.array([True, True]), SCORES[:2], _rules()) is None
    assert choose_threshold(np.array([False, False]), SCORES[:2], _rules()) is None


def test_predictive_values_at_a_stated_prevalence_follow_bayes():
    # Sensitivity 0.9 and specificity 0.8 of 10 cases each; at a prevalence of 1 %:
    # 0.009 / (0.009 + 0.198) and 0.792 / (0.792 + 0.001).
    truth = np.repeat([True, False], 10)
    called = np.array([True] * 9 + [False] + [True] * 2 + [False] * 8)
    positive, negative = predictive_values(truth, called, prevalence=0.01)
    assert value_of(positive, 20) == pytest.approx(0.009 / 0.207)
    assert value_of(negative, 20) == pytest.approx(0.792 / 0.793)


@given(judged(), st.floats(0, 1))
@settings(deadline=None)
def test_at_the_samples_own_prevalence_bayes_gives_the_samples_shares(drawn, cut):
    truth, scores = drawn
    called = scores >= np.quantile(scores, cut)
    positive, negative = predictive_values(truth, called, prevalence=float(truth.mean()))
    assert value_of(positive, truth.size) == pytest.approx((called & truth).sum() / called.sum())
    if not called.all():
        expected = (~called & ~truth).sum() / (~called).sum()
        assert value_of(negative, truth.size) == pytest.approx(expected)


@pytest.mark.parametrize("changes", [{"wanted": 0}, {"prevalence": {"a": 1.0}}, {"bins": 1}])
def test_rules_that_can_not_be_are_refused(changes):
    with pytest.raises(ValidationError):
        _rules(**changes)


def test_the_rule_is_said_in_words():
    assert _rules().rule == "youden"
    assert _rules(operating_point="specificity", wanted=0.95).rule == "specificity >= 0.95"
