"""Tests of models side by side."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from simulated_answers import LEVELS, THREE, TWO, Sizes, answer_table, write_answers

from radflow.config.evaluation import AnswerRules, CompareRules
from radflow.errors import EvaluationError
from radflow.evaluation.bootstrap import holm
from radflow.evaluation.classification.compare import compare
from radflow.evaluation.classification.delong import delong, paired_difference
from radflow.files import read_json, write_tsv

COLUMNS = {
    *("model", "reference", "part", "metric", "class", "difference", "low", "high", "p", "p_holm"),
    *("test", "n"),
}
SMALL = Sizes(cases=12)


def _compare(tables, output, ledger=None, target=THREE):
    compare(
        tables,
        output,
        study="s",
        target=target,
        rules=CompareRules(bootstrap_samples=1000),
        points=AnswerRules(prevalence={}),
        ledger=ledger,
    )


@pytest.fixture
def tables(tmp_path):
    return write_answers(tmp_path / "e", THREE, sizes=SMALL, test=False)


def test_the_record_says_what_it_is_of(metrics_of):
    for kind, rules in (("three", THREE), ("two", TWO), ("levels", LEVELS)):
        record = metrics_of(kind)
        assert record["task"] == "classification"
        assert (record["study"], record["kind"]) == (f"example-{rules.kind}", rules.kind)
        assert record["classes"] == list(rules.classes)
        assert (record["confidence"], record["bootstrap_samples"]) == (0.95, 1000)
        assert all(record["methods"].values())
        assert [row["access"] for row in record["test_accesses"]] == [1, 2, 3]
    assert "quadratic" in metrics_of("levels")["methods"]["kappa"]


def test_every_model_is_compared_with_the_baseline_and_with_every_other(metrics_of):
    rows = metrics_of("three")["comparisons"]
    assert all(set(row) == COLUMNS for row in rows)
    pairs = {(row["model"], row["reference"]) for row in rows}
    assert pairs == {("resnet", "baseline"), ("small", "baseline"), ("small", "resnet")}
    test = [row for row in rows if row["part"] == "test"]
    measures = [(row["metric"], row["class"]) for row in test[:5]]
    assert measures == [("accuracy", ""), ("auc", ""), *(("auc", name) for name in THREE.classes)]
    with_auc = [row for row in rows if row["metric"] == "auc" and row["reference"] == "baseline"]
    assert {row["part"] for row in with_auc} == {"test"}, "folds are pooled in the other part"
    assert len(rows) == 2 * 3 * 5 - 2 * 4
    assert {(row["metric"], row["class"]) for row in metrics_of("two")["comparisons"]} == {
        ("accuracy", ""),
        ("auc", ""),
    }


def test_differences_are_those_of_the_estimates(metrics_of):
    record = metrics_of("three")
    for row in record["comparisons"]:
        ours, theirs = (record["models"][row[key]][row["part"]] for key in ("model", "reference"))
        first, second = (
            (each["classes"][row["class"]] if row["class"] else each["overall"])[row["metric"]]
            for each in (ours, theirs)
        )
        expected = first["estimate"] - second["estimate"]
        assert row["difference"] == pytest.approx(expected, abs=2e-6)
        if row["low"] is not None:
            assert row["low"] <= row["difference"] <= row["high"]
        assert row["n"] == ours["n_cases"]


def test_accuracy_is_compared_by_mcnemar_and_areas_by_delong(metrics_of):
    record = metrics_of("two")
    folder = Path(record["folder"]) / "evaluation"
    small, resnet = (pd.read_csv(folder / m / "test.tsv", sep="\t") for m in ("small", "resnet"))
    truth = np.array(small["reference"] == "haemorrhage")
    scores = np.stack([each["p:haemorrhage"] for each in (small, resnet)])
    mine, other = (scores > 0.5) == truth
    rows = {
        row["metric"]: row
        for row in record["comparisons"]
        if (row["model"], row["reference"], row["part"]) == ("small", "resnet", "test")
    }
    only = int((mine & ~other).sum()), int((other & ~mine).sum())
    assert rows["accuracy"]["test"] == "McNemar, exact"
    assert rows["accuracy"]["p"] == pytest.approx(binomtest(only[0], sum(only)).pvalue, rel=1e-5)
    expected = paired_difference(delong(truth, scores), 0.95)
    found = rows["auc"]
    assert found["test"] == "DeLong, paired"
    assert (found["difference"], found["low"], found["high"], found["p"]) == pytest.approx(
        (expected.difference, expected.low, expected.high, expected.p), rel=1e-5
    )


def test_where_subjects_have_several_cases_subjects_are_resampled(metrics_of):
    record = metrics_of("two", Sizes(cases=60, cases_per_subject=3))
    assert {row["test"] for row in record["comparisons"]} == {"bootstrap of subjects"}
    best = [row for row in record["comparisons"] if row["model"] == "resnet"]
    assert all(row["p"] < 0.01 for row in best)


def test_holm_is_over_all_comparisons_of_a_part(metrics_of):
    rows = metrics_of("three")["comparisons"]
    for part in ("tuning", "test"):
        family = [row for row in rows if row["part"] == part]
        expected = holm([row["p"] for row in family])
        assert [row["p_holm"] for row in family] == pytest.approx(expected, rel=1e-5)


def test_a_second_run_writes_the_same_bytes_whatever_the_order(tables, tmp_path):
    _compare(tables, tmp_path / "one.json")
    for path in (path for parts in tables.values() for path in parts.values()):
        header, *rows = path.read_text().splitlines()
        path.write_text("\n".join([header, *rows[::-1]]) + "\n")
    _compare(dict(reversed(tables.items())), tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_a_class_without_cases_is_not_estimable_and_says_so(tmp_path):
    tables: dict[str, dict[str, Path]] = {}
    for model in ("baseline", "resnet"):
        table = answer_table(THREE, "fold-0", model=model, sizes=Sizes(cases=20))
        tables[model] = {"fold-0": tmp_path / f"{model}.tsv"}
        write_tsv(tables[model]["fold-0"], table[table["reference"] != "glioma"])
    _compare(tables, tmp_path / "metrics.json")
    record = read_json(tmp_path / "metrics.json")
    summary = record["models"]["resnet"]["tuning"]
    for metric in ("auc", "balanced_accuracy"):
        assert summary["overall"][metric]["estimate"] is None
        assert summary["overall"][metric]["reason"] == "no case has the class glioma"
    glioma = summary["classes"]["glioma"]
    assert (glioma["n"], glioma["auc"]["estimate"]) == (0, None)
    assert glioma["auc"]["reason"] == "no case has the class"
    assert "no operating point" in glioma["sensitivity"]["reason"]
    assert summary["operating_points"]["glioma"]["threshold"] is None
    assert summary["roc"]["glioma"] == {"fpr": [], "tpr": []}
    assert "no case has the class glioma" in " ".join(summary["warnings"])
    assert summary["overall"]["accuracy"]["estimate"] is not None
    undefined = [row for row in record["comparisons"] if row["difference"] is None]
    assert {(row["metric"], row["class"]) for row in undefined} == {("auc", ""), ("auc", "glioma")}
    assert all(row["p"] is row["p_holm"] is row["low"] is None for row in undefined)


def test_test_cases_without_tuning_cases_have_no_operating_point(tmp_path):
    tables = write_answers(tmp_path / "e", TWO, sizes=SMALL)
    only = {model: {"test": parts["test"]} for model, parts in tables.items()}
    _compare(only, tmp_path / "m.json", tmp_path / "e" / "ledger.tsv", TWO)
    summary = read_json(tmp_path / "m.json")["models"]["resnet"]["test"]
    assert summary["operating_points"]["normal"]["threshold"] is None
    assert summary["classes"]["normal"]["ppv"]["estimate"] is None


def test_test_answers_without_an_entry_in_the_ledger_are_refused(tmp_path):
    tables = write_answers(tmp_path / "e", THREE, sizes=SMALL)
    with pytest.raises(EvaluationError, match="without an entry in the ledger"):
        _compare(tables, tmp_path / "metrics.json", None)
    assert not (tmp_path / "metrics.json").exists()


def test_models_without_a_baseline_or_its_parts_are_refused(tables, tmp_path):
    fewer = {**tables, "baseline": {"fold-1": tables["baseline"]["fold-1"]}}
    with pytest.raises(EvaluationError, match="differ in 12 cases"):
        _compare(fewer, tmp_path / "metrics.json")
    tested = write_answers(tmp_path / "t", THREE, sizes=SMALL)
    del tested["baseline"]["test"]
    with pytest.raises(EvaluationError, match=r"has answers of test, the baseline .* has none"):
        _compare(tested, tmp_path / "metrics.json", tmp_path / "t" / "ledger.tsv")
    del tables["baseline"]
    with pytest.raises(EvaluationError, match="no tables of the baseline 'baseline'"):
        _compare(tables, tmp_path / "metrics.json")


def test_numbers_are_plain_json(metrics_of):
    assert json.dumps(metrics_of("several"), allow_nan=False)
