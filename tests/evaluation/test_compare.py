"""Tests of models side by side."""

import numpy as np
import pytest

from radflow.config.evaluation import CompareRules
from radflow.errors import EvaluationError, LeakError
from radflow.evaluation.bootstrap import holm
from radflow.evaluation.columns import METRICS
from radflow.evaluation.compare import compare
from radflow.evaluation.ledger import record_access

RULES = CompareRules(bootstrap_samples=1000)
DICE = {f"c{k:02d}": float(value) for k, value in enumerate(np.linspace(0.7, 0.95, 12))}
TEST = {f"t{k:02d}": value for k, value in enumerate(DICE.values())}


@pytest.fixture
def tables(make_scores):
    """Two models and the baseline, scored on one fold."""
    rng = np.random.default_rng(0)
    better = {case: value + float(rng.uniform(0, 0.04)) for case, value in DICE.items()}
    worse = {case: value - float(rng.uniform(0.1, 0.4)) for case, value in DICE.items()}
    scores = {"unet": DICE, "other": better, "baseline": worse}
    return {model: {"fold-0": make_scores(model, "fold-0", dice)} for model, dice in scores.items()}


def _open_test(tables, make_scores, ledger, models):
    for model in tables:
        tables[model]["test"] = make_scores(model, "test", TEST)
    for model in models:
        record_access(
            ledger,
            model=model,
            folds=[0],
            weights_sha256=["a" * 64],
            split_sha256="b" * 64,
            settings_sha256="c" * 64,
        )


def _compare(tables, output, ledger=None):
    compare(tables, output, study="hippocampus", rules=RULES, ledger=ledger)


def test_every_model_is_summarised_and_compared_with_the_baseline(tables, tmp_path, read_record):
    _compare(tables, tmp_path / "metrics.json")
    found = read_record(tmp_path / "metrics.json")
    assert (found["study"], found["confidence"], found["bootstrap_samples"]) == (
        "hippocampus",
        0.95,
        1000,
    )
    assert set(found["models"]) == {"unet", "other", "baseline"}
    assert set(found["models"]["unet"]) == {"tuning"}
    assert found["test_accesses"] == []
    rows = found["comparisons"]
    assert len(rows) == 2 * 3 * len(METRICS)
    assert {(row["model"], row["reference"], row["part"]) for row in rows} == {
        ("unet", "baseline", "tuning"),
        ("other", "baseline", "tuning"),
    }


def test_a_difference_is_that_of_the_means_paired_on_the_same_cases(tables, tmp_path, read_record):
    _compare(tables, tmp_path / "metrics.json")
    found = read_record(tmp_path / "metrics.json")
    for row in found["comparisons"]:
        ours, theirs = (
            found["models"][model]["tuning"]["classes"][row["class"]][row["metric"]]["mean"]
            for model in (row["model"], "baseline")
        )
        assert row["difference"] == pytest.approx(ours - theirs, abs=2e-5)
        assert row["low"] <= row["difference"] <= row["high"]
        assert row["n"] == 12
        if row["metric"] == "dice":
            # All of twelve subjects are better: 2 of 2^12 signs are as extreme.
            assert row["low"] > 0
            assert row["p"] == pytest.approx(2 / 2**12, rel=1e-4)


def test_holm_is_over_all_comparisons_of_a_part(tables, tmp_path, read_record):
    _compare(tables, tmp_path / "metrics.json")
    rows = read_record(tmp_path / "metrics.json")["comparisons"]
    expected = holm([row["p"] for row in rows])
    assert [row["p_holm"] for row in rows] == pytest.approx(expected, rel=1e-5)


def test_the_test_part_stands_beside_the_tuning_part(tables, tmp_path, make_scores, read_record):
    ledger = tmp_path / "ledger.tsv"
    _open_test(tables, make_scores, ledger, tables)
    _compare(tables, tmp_path / "metrics.json", ledger)
    found = read_record(tmp_path / "metrics.json")
    assert set(found["models"]["unet"]) == {"tuning", "test"}
    assert [row["access"] for row in found["test_accesses"]] == [1, 2, 3]
    assert {row["part"] for row in found["comparisons"]} == {"tuning", "test"}
    same = [row for row in found["comparisons"] if row["part"] == "test"]
    assert all(row["difference"] == 0.0 and row["p"] == row["p_holm"] == 1.0 for row in same)


def test_a_second_run_writes_the_same_bytes_whatever_the_order(tables, tmp_path):
    _compare(tables, tmp_path / "one.json")
    for path in (each["fold-0"] for each in tables.values()):
        header, *rows = path.read_text().splitlines()
        path.write_text("\n".join([header, *rows[::-1]]) + "\n")
    _compare(dict(reversed(tables.items())), tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_another_name_of_the_baseline_is_taken(tables, tmp_path, read_record):
    output = tmp_path / "metrics.json"
    compare(tables, output, study="s", rules=RULES, ledger=None, baseline="unet")
    rows = read_record(output)["comparisons"]
    assert {row["model"] for row in rows} == {"baseline", "other"}


def test_test_scores_without_an_entry_in_the_ledger_are_refused(tables, tmp_path, make_scores):
    ledger = tmp_path / "ledger.tsv"
    _open_test(tables, make_scores, ledger, ["unet", "baseline"])
    with pytest.raises(EvaluationError, match=r"\['other'\] without an entry in the ledger"):
        _compare(tables, tmp_path / "metrics.json", ledger)
    with pytest.raises(EvaluationError, match="without an entry in the ledger"):
        _compare(tables, tmp_path / "metrics.json", None)
    assert not (tmp_path / "metrics.json").exists()


def test_models_without_a_baseline_are_refused(tables, tmp_path):
    del tables["baseline"]
    with pytest.raises(EvaluationError, match="no tables of the baseline 'baseline'"):
        _compare(tables, tmp_path / "metrics.json")


def test_a_part_the_baseline_was_not_scored_on_is_refused(tables, tmp_path, make_scores):
    ledger = tmp_path / "ledger.tsv"
    _open_test(tables, make_scores, ledger, tables)
    del tables["baseline"]["test"]
    with pytest.raises(EvaluationError, match="has scores of test, the baseline 'baseline' has"):
        _compare(tables, tmp_path / "metrics.json", ledger)


def test_models_scored_on_other_cases_are_refused(tables, tmp_path, make_scores):
    fewer = {case: value for case, value in DICE.items() if case != "c03"}
    tables["other"]["fold-0"] = make_scores("other", "fold-0", fewer)
    with pytest.raises(EvaluationError, match=r"differ in 1 cases, or their reference \(c03\)"):
        _compare(tables, tmp_path / "metrics.json")


def test_a_subject_repeated_over_parts_stops_the_comparison(tables, tmp_path, make_scores):
    tables["unet"]["fold-1"] = make_scores("unet", "fold-1", {"c03_again": 0.5})
    with pytest.raises(LeakError, match="subject c03 is in fold-0 and in fold-1"):
        _compare(tables, tmp_path / "metrics.json")
