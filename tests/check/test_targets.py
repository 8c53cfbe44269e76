"""Each class needs cases in each part, and a check says where there are few or none."""

from typing import Any

import pytest
from selected import make_case

from radflow.check.targets import check_targets
from radflow.config.study import Study
from radflow.datasets.cases import Case
from radflow.datasets.checks.finding import Level
from radflow.splits import Split

PARTS = ("fold-0", "fold-1", "test")


def study_of(**target: Any) -> Study:
    return Study.model_validate(
        {
            "title": "T",
            "question": "Q",
            "dataset": "d",
            "task": "classification",
            "target": {"classes": ["a", "b"], **target},
            "split": {"key": "k", "folds": 2},
            "models": {"cnn": {"network": {"name": "cnn"}}},
        }
    )


def cases_of(counts: dict[str, tuple[int, int, int]]) -> tuple[list[Case], Split]:
    """Make so many cases of each class in fold 0, fold 1 and the test part."""
    cases: list[Case] = []
    parts: dict[str, str] = {}
    for name, numbers in counts.items():
        for part, number in zip(PARTS, numbers, strict=True):
            for _ in range(number):
                subject = f"s{len(cases)}"
                cases.append(make_case(subject, target=name))
                parts[subject] = part
    return cases, Split(parts=parts, folds=2, sha256="")


def told(study: Study, counts: dict[str, tuple[int, int, int]]) -> list[tuple[Level, str]]:
    return [
        (each.level, each.message.removeprefix("study: "))
        for each in check_targets(study, *cases_of(counts))
    ]


def test_enough_cases_of_each_class_are_no_finding() -> None:
    assert told(study_of(), {"a": (5, 5, 5), "b": (9, 5, 6)}) == []


def test_a_part_that_lacks_a_class_and_one_with_few_cases_are_told() -> None:
    assert told(study_of(), {"a": (5, 5, 5), "b": (4, 6, 0)}) == [
        (
            Level.NOTE,
            "no case of the class 'b' is in test: scores there are not estimable, or unsure",
        ),
        (
            Level.NOTE,
            "fewer than 5 cases of the class 'b' are in fold-0 (4): "
            "scores there are not estimable, or unsure",
        ),
    ]


def test_a_class_that_a_trained_fold_would_never_see_stops() -> None:
    found = told(study_of(), {"a": (5, 5, 5), "b": (9, 0, 5)})
    assert (Level.STOP, "fold 0 would train without the class 'b': no other fold has it") in found


def test_a_fold_that_is_not_trained_may_hold_all_of_a_class() -> None:
    found = told(study_of(), {"a": (5, 5, 5), "b": (0, 9, 5)})
    assert [level for level, _ in found] == [Level.NOTE]


def test_a_class_that_no_case_has_stops() -> None:
    study = study_of(classes=["a", "b", "c"])
    found = told(study, {"a": (5, 5, 5), "b": (5, 5, 5)})
    assert found == [(Level.STOP, "no case has the class 'c'")]


@pytest.mark.parametrize("others", ["refuse", "leave-out"])
def test_cases_of_other_classes_stop_unless_they_are_left_out(others: str) -> None:
    counts = {"a": (5, 5, 5), "b": (5, 5, 5), "x": (1, 0, 0)}
    found = told(study_of(others=others), counts)
    if others == "leave-out":
        assert found == []
    else:
        [(level, problem)] = found
        assert level is Level.STOP
        assert "1 cases have no class of the study in 'target' (s30 ('x'))" in problem


def test_several_classes_of_one_case_count_each() -> None:
    study = study_of(kind="multi-label", classes=["a", "b"])
    assert told(study, {"a;b": (5, 5, 5), "": (5, 5, 5)}) == []


def test_a_segmentation_has_no_classes_to_count() -> None:
    study = Study.model_validate(
        {
            "title": "T",
            "question": "Q",
            "dataset": "d",
            "task": "segmentation",
            "split": {"key": "k", "folds": 2},
            "models": {"unet": {}},
        }
    )
    assert told(study, {"a": (1, 0, 0)}) == []
