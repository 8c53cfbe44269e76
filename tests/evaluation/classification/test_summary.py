"""Tests of the numbers of a part, against scikit-learn and by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from simulated_answers import LEVELS, SEVERAL, THREE, TWO, Sizes
from sklearn import metrics

KEYS = {
    *("n_cases", "n_subjects", "missing", "warnings", "counts", "overall", "classes"),
    *("operating_points", "confusion", "roc", "pr", "reliability"),
}
NUMBER = {"estimate", "low", "high", "interval", "reason", "n"}
CALIBRATION = {f"{name}{raw}" for name in ("nll", "brier", "ece") for raw in ("", "_raw")}
OVERALL = {"accuracy", "balanced_accuracy", "kappa", "auc", *CALIBRATION}
CLASS = {"auc", "average_precision", "sensitivity", "specificity", "ppv", "npv"}
CLUSTERED = Sizes(cases=60, cases_per_subject=3)
ALIKE = {"abs": 1e-6, "rel": 1e-5}


def _table(record, part="test", model="resnet"):
    path = Path(record["folder"]) / "evaluation" / model / f"{part}.tsv"
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values={"p": [""]})


def _answers(record, rules, part="test"):
    table = _table(record, part)
    codes = [rules.classes.index(name) for name in table["reference"]]
    return np.array(codes), np.array(table[[f"p:{name}" for name in rules.classes]])


@pytest.mark.parametrize(
    ("kind", "extra"),
    [("three", {"top_2"}), ("two", set()), ("levels", {"top_2"}), ("several", set())],
)
def test_every_part_has_every_number(metrics_of, kind, extra):
    for parts in metrics_of(kind)["models"].values():
        assert set(parts) == {"tuning", "test"}
        assert set(parts["tuning"]) == KEYS | {"folds"}
        assert set(parts["test"]) == KEYS
        assert parts["tuning"]["folds"] == [0, 1]
        for summary in parts.values():
            assert set(summary["overall"]) == OVERALL | extra
            for found in summary["classes"].values():
                assert set(found) == CLASS | {"n"}
            numbers = [*summary["overall"].values()]
            numbers += [f[m] for f in summary["classes"].values() for m in CLASS]
            for number in numbers:
                assert set(number) == NUMBER
                assert (number["low"] is None) == (number["interval"] is None)
                if number["low"] is None:
                    assert number["reason"]
                else:
                    assert number["low"] <= number["estimate"] <= number["high"]


@pytest.mark.parametrize(("kind", "rules"), [("three", THREE), ("two", TWO), ("levels", LEVELS)])
def test_numbers_over_all_classes_agree_with_scikit_learn(metrics_of, kind, rules):
    record = metrics_of(kind)
    truth, probabilities = _answers(record, rules)
    found = {k: v["estimate"] for k, v in record["models"]["resnet"]["test"]["overall"].items()}
    answered = probabilities.argmax(axis=1)
    weights = "quadratic" if kind == "levels" else None
    scores = probabilities[:, 1] if kind == "two" else probabilities
    expected = {
        "accuracy": metrics.accuracy_score(truth, answered),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, answered),
        "kappa": metrics.cohen_kappa_score(truth, answered, weights=weights),
        "auc": metrics.roc_auc_score(truth, scores, multi_class="ovr"),
        "nll": metrics.log_loss(truth, probabilities),
        "brier": metrics.brier_score_loss(truth, probabilities, scale_by_half=False),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, **ALIKE), name
    if kind != "two":
        top = metrics.top_k_accuracy_score(truth, probabilities, k=2)
        assert found["top_2"] == pytest.approx(top, **ALIKE)


def test_numbers_of_a_class_agree_with_scikit_learn_at_the_tuning_cases_threshold(metrics_of):
    record = metrics_of("three")
    summary = record["models"]["resnet"]["test"]
    truth, probabilities = _answers(record, THREE)
    for place, name in enumerate(THREE.classes):
        found, ours, scores = summary["classes"][name], truth == place, probabilities[:, place]
        assert found["n"] == summary["counts"][name] == ours.sum()
        auc, precision = found["auc"]["estimate"], found["average_precision"]["estimate"]
        assert auc == pytest.approx(metrics.roc_auc_score(ours, scores), **ALIKE)
        assert precision == pytest.approx(metrics.average_precision_score(ours, scores), **ALIKE)
        called = scores >= summary["operating_points"][name]["threshold"]
        for metric, wanted, given in (
            ("sensitivity", called, ours),
            ("specificity", ~called, ~ours),
            ("ppv", ours, called),
            ("npv", ~ours, ~called),
        ):
            exact = binomtest(int((wanted & given).sum()), int(given.sum()))
            interval = exact.proportion_ci(method="wilson")
            number = found[metric]
            assert (number["n"], number["interval"]) == (given.sum(), "wilson")
            assert (number["estimate"], number["low"], number["high"]) == pytest.approx(
                (exact.statistic, interval.low, interval.high), **ALIKE
            )


def test_thresholds_come_from_tuning_cases_for_the_test_part_too(metrics_of):
    record = metrics_of("two")
    for parts in record["models"].values():
        assert parts["test"]["operating_points"] == parts["tuning"]["operating_points"]
    folds = [_answers(record, TWO, f"fold-{fold}") for fold in (0, 1)]
    truth = np.concatenate([each[0] for each in folds]) == 1
    scores = np.concatenate([each[1][:, 1] for each in folds])
    fpr, tpr, thresholds = metrics.roc_curve(truth, scores, drop_intermediate=False)
    point = record["models"]["resnet"]["test"]["operating_points"]["haemorrhage"]
    assert point["threshold"] == thresholds[np.argmax(tpr - fpr)]
    assert (point["rule"], point["fitted_on"]) == ("youden", "tuning")


def test_confusions_and_reliability_count_every_case(metrics_of):
    summary = metrics_of("three")["models"]["resnet"]["test"]
    truth, probabilities = _answers(metrics_of("three"), THREE)
    expected = metrics.confusion_matrix(truth, probabilities.argmax(axis=1))
    assert summary["confusion"] == expected.tolist()
    for rows in summary["reliability"].values():
        assert len(rows) == 10
        assert sum(row["n"] for row in rows) == summary["n_cases"] == 60


def test_of_several_classes_numbers_are_means_and_accuracy_is_all_or_nothing(metrics_of):
    record = metrics_of("several")
    summary, table = record["models"]["resnet"]["test"], _table(record)
    held = [str(value).split(";") for value in table["reference"]]
    truth = np.array([[name in names for name in SEVERAL.classes] for names in held])
    probabilities = np.array(table[[f"p:{name}" for name in SEVERAL.classes]])
    called = probabilities > 0.5
    found = {name: number["estimate"] for name, number in summary["overall"].items()}
    places = range(3)
    expected = {
        "accuracy": metrics.accuracy_score(truth, called),
        "auc": metrics.roc_auc_score(truth, probabilities),
        "balanced_accuracy": np.mean(
            [metrics.balanced_accuracy_score(truth[:, c], called[:, c]) for c in places]
        ),
        "kappa": np.mean([metrics.cohen_kappa_score(truth[:, c], called[:, c]) for c in places]),
        "nll": np.mean([metrics.log_loss(truth[:, c], probabilities[:, c]) for c in places]),
        "brier": np.mean((truth - probabilities) ** 2),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, **ALIKE), name
    assert summary["confusion"] is None
    assert sum(row["n"] for row in summary["reliability"]["raw"]) == 3 * 60


def test_of_two_classes_the_overall_area_is_that_of_the_positive_one(metrics_of):
    summary = metrics_of("two")["models"]["small"]["test"]
    assert summary["overall"]["auc"] == summary["classes"]["haemorrhage"]["auc"]
    assert summary["overall"]["auc"]["interval"] == "delong"


def test_where_subjects_have_several_cases_all_intervals_are_resampled(metrics_of):
    summary = metrics_of("two", CLUSTERED)["models"]["small"]["test"]
    assert (summary["n_cases"], summary["n_subjects"]) == (60, 20)
    kinds = {
        number["interval"]
        for found in summary["classes"].values()
        for number in (found["auc"], found["sensitivity"], found["specificity"])
        if number["estimate"] < 1.0
    }
    assert kinds <= {"bca", "percentile"}
    assert "20 subjects: below 50" in summary["warnings"][0]


def test_a_share_that_does_not_vary_has_wilsons_interval_over_subjects(metrics_of):
    top = metrics_of("three")["models"]["resnet"]["test"]["overall"]["top_2"]
    assert (top["estimate"], top["interval"]) == (1.0, "wilson")
    interval = binomtest(60, 60).proportion_ci(method="wilson")
    assert top["low"] == pytest.approx(interval.low, **ALIKE)


def test_cases_without_a_prediction_count_as_worst_and_are_listed(metrics_of):
    whole, some = (
        metrics_of("three", Sizes(cases=60, missing=missing))["models"]["resnet"]["test"]
        for missing in (0, 6)
    )
    assert some["missing"] == [f"test-{place:03d}" for place in range(6)]
    assert "6 of 60 cases have no prediction and count as worst value" in some["warnings"][-1]
    assert np.sum(some["confusion"]) == 54
    for metric in ("accuracy", "balanced_accuracy", "kappa", "auc", "top_2"):
        assert some["overall"][metric]["estimate"] < whole["overall"][metric]["estimate"]
    for metric in CALIBRATION:
        assert some["overall"][metric]["estimate"] > whole["overall"][metric]["estimate"]
    table = _table(metrics_of("three", Sizes(cases=60, missing=6)))
    answered = table[6:]
    right = answered[["p:meningioma", "p:glioma", "p:pituitary"]].astype(float).idxmax(axis=1)
    expected = (right.str.removeprefix("p:") == answered["reference"]).sum() / 60
    assert some["overall"]["accuracy"]["estimate"] == pytest.approx(expected, **ALIKE)


def test_a_stated_prevalence_moves_predictive_values_alone(metrics_of):
    points = json.dumps({"prevalence": {"haemorrhage": 0.01}})
    plain, stated = (
        metrics_of("two", None, each)["models"]["small"]["test"]["classes"]
        for each in ("{}", points)
    )
    found = stated["haemorrhage"]
    for metric in ("auc", "sensitivity", "specificity"):
        assert found[metric] == plain["haemorrhage"][metric]
    hit, spared = (found[metric]["estimate"] for metric in ("sensitivity", "specificity"))
    expected = 0.01 * hit / (0.01 * hit + 0.99 * (1 - spared))
    assert found["ppv"]["estimate"] == pytest.approx(expected, rel=1e-4)
    assert found["ppv"]["interval"] in {"bca", "percentile"}
    assert stated["normal"] == plain["normal"]
