"""Tests of the numbers of one model in one part."""

import numpy as np
import pytest

from radflow.config.evaluation import CompareRules
from radflow.evaluation.columns import METRICS
from radflow.evaluation.summary import summarise, volume_agreement
from radflow.evaluation.tables import read_model

RULES = CompareRules(bootstrap_samples=1000)


def _summary(path, part="test"):
    scores = read_model({part: path})
    return summarise(next(iter(scores.values())), RULES)


def test_every_class_and_their_mean_have_every_metric(make_scores):
    found = _summary(make_scores("m", "fold-0", {"a": 0.8, "b_1": 0.6, "b_2": 0.4}), "fold-0")
    assert (found["n_cases"], found["n_subjects"], found["folds"]) == (3, 2, [0])
    assert list(found["classes"]) == ["anterior", "posterior", "mean"]
    for record in found["classes"].values():
        assert set(METRICS) <= set(record)
    dice = found["classes"]["anterior"]["dice"]
    assert (dice["mean"], dice["median"], dice["sd"], dice["n"]) == (0.6, 0.6, 0.2, 3)
    assert dice["low"] <= dice["mean"] <= dice["high"]
    assert dice["undefined"] == 0


def test_empties_are_counted_and_missing_cases_listed(make_scores):
    changes = {"a": {"empty": "both"}, "b": {"empty": "missing"}}
    found = _summary(make_scores("m", "test", {"a": 1.0, "b": 0.0, "c": 0.5}, **changes))
    assert found["missing"] == ["b"]
    for record in found["classes"].values():
        assert record["empties"] == {"both": 1, "missing": 1, "prediction": 0, "reference": 0}
        assert (record["dice"]["undefined"], record["dice"]["n"]) == (2, 3)
        assert record["volume_error_ml"]["undefined"] == 1


def test_a_single_subject_has_no_interval_and_says_why(make_scores):
    dice = _summary(make_scores("m", "test", {"a": 0.8}))["classes"]["anterior"]["dice"]
    assert (dice["mean"], dice["low"], dice["high"], dice["sd"]) == (0.8, None, None, None)
    assert dice["reason"] == "needs at least 2 subjects, got 1"


def test_few_subjects_are_warned_of(make_scores):
    few = {f"c{k}": 0.5 + k / 200 for k in range(49)}
    assert "49 subjects: below 50" in _summary(make_scores("m", "test", few))["warnings"][0]
    assert _summary(make_scores("n", "test", few | {"more": 0.5}))["warnings"] == []


def test_limits_of_agreement_have_their_closed_form():
    found = volume_agreement(np.array([-1.0, 0.0, 1.0, 2.0]), 0.95)
    half = 1.959964 * np.std([-1, 0, 1, 2], ddof=1)
    assert (found["bias_ml"], found["n"]) == (0.5, 4)
    assert found["low_ml"] == pytest.approx(0.5 - half, abs=1e-5)
    assert found["high_ml"] == pytest.approx(0.5 + half, abs=1e-5)
    single = {"bias_ml": 1.0, "low_ml": None, "high_ml": None, "n": 1}
    assert volume_agreement(np.array([1.0]), 0.95) == single
