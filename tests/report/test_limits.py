from dataclasses import replace

import pytest

from radflow.report.inputs import TrainedInputs
from radflow.report.load import TrainedStudy
from radflow.report.segmentation.page import limitations
from radflow.report.segmentation.scores import read_study


@pytest.fixture
def data(inputs: TrainedInputs) -> TrainedStudy:
    return read_study(inputs)


def _has(data: TrainedStudy, text: str) -> bool:
    return any(text in sentence for sentence in limitations(data))


def test_few_subjects_are_told(data: TrainedStudy) -> None:
    assert _has(data, "Test part: 4 subjects, fewer than 50")
    assert _has(data, "8 subjects, fewer than 50")


def test_enough_subjects_are_not(data: TrainedStudy) -> None:
    metrics = {"models": {"unet": {part: {"n_subjects": 50} for part in ("test", "tuning")}}}
    assert not _has(replace(data, metrics=metrics), "fewer than 50")


def test_what_no_record_holds_is_told(data: TrainedStudy) -> None:
    assert _has(data, "single centre is unknown")
    assert _has(data, "no external testing")
    assert _has(data, "doesn't say which cases share a patient")
    assert _has(data, "2 cases of 14 were excluded")


def test_simulated_subjects_are_told_and_nothing_is_said_of_unknown_patients(
    simulated: TrainedInputs,
) -> None:
    made = read_study(simulated)
    assert _has(made, "All subjects are simulated, the test part too")
    assert _has(made, "no reader's outline is")
    for sentence in ("single centre", "share a patient", "no external testing", "one reference"):
        assert not _has(made, sentence)
    assert _has(made, "2 cases of 14 were excluded")


def test_a_locked_test_part_makes_results_internal(locked: TrainedInputs) -> None:
    assert _has(read_study(locked), "The test part is locked: all results are internal")


def test_repeated_accesses_to_the_test_part_are_told(data: TrainedStudy) -> None:
    assert not _has(data, "evaluated 2 times")
    again = replace(data, accesses=(*data.accesses, data.accesses[0]))
    assert _has(again, "evaluated 2 times with unet")


def test_folds_that_were_not_trained_are_told(inputs: TrainedInputs) -> None:
    one = replace(inputs, models=tuple(replace(m, folds=m.folds[:1]) for m in inputs.models))
    assert _has(read_study(one), "1 of 2 folds was trained")


def test_unbalanced_classes_are_told(data: TrainedStudy) -> None:
    assert not _has(data, "unbalanced")
    cases = tuple(
        replace(case, label_voxels=case.label_voxels | {2: case.label_voxels[1] // 10})
        for case in data.cases
    )
    assert _has(replace(data, cases=cases), "anterior has 10 times the volume of posterior")
