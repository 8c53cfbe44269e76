"""Tests of the few numbers to compare from commit to commit."""

from radflow.evaluation.classification.headline import write_headline
from radflow.files import read_json, write_json


def test_the_headline_is_accuracy_balanced_accuracy_and_area(tmp_path):
    numbers = {"accuracy": 0.9, "balanced_accuracy": None, "auc": 0.95, "kappa": 0.8}
    overall = {name: {"estimate": value, "low": 0.1} for name, value in numbers.items()}
    metrics = {"models": {"resnet": {"tuning": {"overall": overall, "n_cases": 4}}}}
    write_json(tmp_path / "metrics.json", metrics)
    write_headline(tmp_path / "metrics.json", tmp_path / "headline.json")
    expected = {"accuracy": 0.9, "balanced_accuracy": None, "auc": 0.95}
    assert read_json(tmp_path / "headline.json") == {"resnet": {"tuning": expected}}
