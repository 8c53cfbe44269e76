"""Tables of a classification, its controls and its limits."""

from dataclasses import replace
from typing import Any

import pytest

from radflow.config.classification import InputRules
from radflow.config.training import CLASSIFIERS, SIMPLE
from radflow.report.classification.answers import ClassifiedStudy, read_study
from radflow.report.classification.cohort import class_counts
from radflow.report.classification.controls import controls, controls_table, verdicts
from radflow.report.classification.limits import limitations
from radflow.report.classification.methods import NETWORKS, how_computed, view_lines
from radflow.report.classification.results import (
    calibration_table,
    classes_table,
    differences_table,
    fold_table,
    overall_table,
    points_table,
)
from radflow.report.inputs import ClassifiedInputs
from radflow.report.numbers import MINUS
from radflow.report.tables import Table


def _texts(table: Table | None) -> list[list[str]]:
    assert table is not None
    return [[cell.text for cell in row] for row in table.rows]


def _with_accuracy(study: ClassifiedStudy, low: float, high: float) -> ClassifiedStudy:
    """Give the control an accuracy in the test part, the middle of these bounds."""
    models: dict[str, Any] = dict(study.metrics["models"])
    summary = models["shuffled"]["test"]
    number = summary["overall"]["accuracy"] | {
        "estimate": (low + high) / 2, "low": low, "high": high,
    }  # fmt: skip
    overall = summary["overall"] | {"accuracy": number}
    models["shuffled"] = models["shuffled"] | {"test": summary | {"overall": overall}}
    return replace(study, metrics=study.metrics | {"models": models})


def test_every_model_has_a_row_and_controls_are_marked(study: ClassifiedStudy) -> None:
    table = overall_table(study, "test")
    assert [row[0] for row in _texts(table)] == ["cnn", "shuffled (control)", "baseline"]
    assert table.head[1:] == ("Accuracy", "Balanced accuracy", "AUC", "Kappa", "Top-2")
    found = study.summary("cnn", "test")["overall"]["accuracy"]
    cell = table.rows[0][1]
    assert cell.text == f"{found['estimate']:.3f}"
    assert cell.notes[0].startswith(f"({found['low']:.3f}")


def test_probabilities_are_judged_without_and_with_temperature(study: ClassifiedStudy) -> None:
    head = calibration_table(study, "test").head
    assert head[1:] == ("NLL, raw", "NLL", "Brier score, raw", "Brier score", "ECE, raw", "ECE")


def test_differences_are_named_and_those_of_classes_stand_apart(study: ClassifiedStudy) -> None:
    rows = _texts(differences_table(study, "test", of_classes=False))
    assert [row[0] for row in rows] == [f"cnn {MINUS} baseline", f"shuffled {MINUS} baseline"]
    assert rows[0][3:6] == ["0.010", "0.020", "McNemar, exact"]
    assert differences_table(study, "test", of_classes=True) is None
    of_class = study.metrics["comparisons"][1] | {"class": "glioma", "metric": "auc"}
    more = replace(study, metrics=study.metrics | {"comparisons": [of_class]})
    part = of_class["part"]
    assert _texts(differences_table(more, part, of_classes=True))[0][1] == "AUC of glioma"


def test_classes_say_why_a_number_is_missing_once(study: ClassifiedStudy) -> None:
    models = dict(study.metrics["models"])
    summary = models["cnn"]["test"]
    nothing = {"estimate": None, "low": None, "high": None, "reason": "no case has the class"}
    classes = {name: found | {"auc": nothing} for name, found in summary["classes"].items()}
    models["cnn"] = models["cnn"] | {"test": summary | {"classes": classes}}
    table = classes_table(replace(study, metrics=study.metrics | {"models": models}), "test")
    assert table.note.count("no case has the class") == 1
    assert _texts(table)[0][2] == "not estimable"


def test_operating_points_tell_their_origin_in_the_order_of_classes(
    study: ClassifiedStudy,
) -> None:
    rows = _texts(points_table(study, "test"))
    assert [row[1] for row in rows] == list(study.target.classes)
    assert rows[0][2:] == ["0.400", "youden", "tuning cases"]


def test_folds_tell_temperature_and_accuracy(study: ClassifiedStudy) -> None:
    rows = _texts(fold_table(study))
    assert [row[:3] for row in rows[:2]] == [["cnn", "0", "12"], ["cnn", "1", "9"]]
    answers = [a for a in study.primary.scores["tuning"] if a.part == "fold-0"]
    assert rows[0][4] == f"{sum(a.right for a in answers) / len(answers):.3f}"
    assert rows[-1][5] == "none"


def test_a_control_at_chance_shows_no_leak(study: ClassifiedStudy) -> None:
    at_chance = _with_accuracy(study, 0.2, 0.45)
    said = [text for text in verdicts(at_chance) if "test part" in text]
    assert "accuracy 0.325 (0.200" in said[0]
    assert "the interval includes chance, 1/3" in said[0]
    assert not any("may leak" in text for text in limitations(at_chance))


def test_a_control_above_chance_is_told_as_a_possible_leak(study: ClassifiedStudy) -> None:
    above = _with_accuracy(study, 0.5, 0.7)
    said = [text for text in verdicts(above) if "test part" in text]
    assert "does NOT include chance, 1/3" in said[0]
    assert "and so can a leak" in said[0]
    assert any("shuffled, trained on shuffled labels" in text for text in limitations(above))
    rows = _texts(controls_table(above))
    assert ["shuffled", "test", "Accuracy", "0.600", "1/3", "NO"] in rows


def test_a_control_below_chance_is_no_leak(study: ClassifiedStudy) -> None:
    below = _with_accuracy(study, 0.1, 0.3)
    assert any("It is below chance" in text for text in verdicts(below))
    assert not any("may leak" in text for text in limitations(below))


def test_without_an_interval_nothing_is_said_of_chance(study: ClassifiedStudy) -> None:
    first = controls(study)[0]
    bare = replace(first, record={"estimate": 0.3, "low": None, "high": None})
    assert bare.includes_chance is None
    without = replace(study, models=(study.models[0], study.models[-1]))
    assert controls_table(without) is None
    assert verdicts(without) == ()


@pytest.mark.parametrize(("low", "high", "held"), [(0.2, 1 / 3, True), (0.34, 0.5, False)])
def test_the_bounds_belong_to_the_interval(
    study: ClassifiedStudy, low: float, high: float, held: bool
) -> None:
    found = controls(_with_accuracy(study, low, high))
    control = next(each for each in found if (each.part, each.metric) == ("test", "Accuracy"))
    assert control.includes_chance is held


def test_cases_without_a_class_of_the_study_are_counted_apart(
    classified: ClassifiedInputs,
) -> None:
    fewer = classified.target.model_copy(update={"classes": ("cyst", "glioma")})
    study = read_study(classified)
    some = replace(study, inputs=replace(classified, target=fewer))
    table = class_counts(some)
    assert table.note == "10 accepted cases with no class of the study are left out."
    assert _texts(table)[-1] == ["all", "10 (50%)", "10 (50%)", "20"]


def test_limits_follow_from_the_records(
    study: ClassifiedStudy, by_column: ClassifiedInputs
) -> None:
    text = " ".join(limitations(study))
    assert "Cases are single images of unnamed patients, divided one by one" in text
    assert "Few cases of a class (test part): cyst 3, glioma 3, normal 3" in text
    assert "There is one reference class per case" in text
    assert "outline" not in text
    fixed = " ".join(limitations(read_study(by_column)))
    assert "The parts follow the column 'fold'" in fixed
    assert "There is no locked test part" in fixed


def test_unbalanced_classes_and_missing_answers_are_told(study: ClassifiedStudy) -> None:
    assert not any("unbalanced" in text for text in limitations(study))
    cases = tuple(replace(c, target="cyst") if n > 8 else c for n, c in enumerate(study.cases))
    text = " ".join(limitations(replace(study, cases=cases)))
    assert "Classes are unbalanced: cyst has 24 cases, glioma 3" in text
    model = study.models[0]
    silent = (replace(model.scores["test"][0], probabilities={}), *model.scores["test"][1:])
    scores = {**model.scores, "test": silent}
    models = (replace(model, scores=scores), *study.models[1:])
    text = " ".join(limitations(replace(study, models=models)))
    assert "cnn gave no answer for 1 case (test)" in text


def test_every_network_is_described() -> None:
    assert set(NETWORKS) == {*CLASSIFIERS, *SIMPLE}


def test_what_the_network_sees_is_told_in_full() -> None:
    lines = {what: value for what, value, _ in view_lines(InputRules())}
    assert lines == {"input": "whole", "centre": "image"}
    view = InputRules(view="neighbours", axis=0, beside=2, every=3, region="lesion")
    lines = {what: value for what, value, _ in view_lines(view)}
    assert lines["axis of slices"] == "left-right"
    assert (lines["every"], lines["beside"], lines["centre"]) == ("3", "2", "lesion")


def test_names_of_methods_are_written_for_readers(study: ClassifiedStudy) -> None:
    methods = {"sensitivity, specificity, ppv, npv": "a", "nll": "b", "paired_test": "c"}
    named = dict(how_computed(replace(study, metrics=study.metrics | {"methods": methods})))
    assert set(named) == {"Sensitivity, specificity, PPV, NPV", "NLL", "Paired test"}
