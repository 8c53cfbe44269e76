from dataclasses import replace

import pytest

from radflow.config.report import ReportText
from radflow.report.inputs import TrainedInputs
from radflow.report.leakage import NOT_STATED, LeakageRow, leakage_rows
from radflow.report.load import ModelData, TrainedStudy
from radflow.report.segmentation.context import CHOSEN
from radflow.report.segmentation.scores import read_study

CODES = ["L1.1", "L1.2", "L1.3", "L1.4", "L2", "L3.1", "L3.2", "L3.3"]


@pytest.fixture
def data(inputs: TrainedInputs) -> TrainedStudy:
    return read_study(inputs)


def _row(data: TrainedStudy, code: str) -> LeakageRow:
    return next(row for row in leakage_rows(data, chosen=CHOSEN) if row.code == code)


def test_the_table_has_all_eight_kinds(data: TrainedStudy) -> None:
    assert [row.code for row in leakage_rows(data, chosen=CHOSEN)] == CODES


def test_a_clean_study_passes_what_can_be_proven(data: TrainedStudy) -> None:
    statuses = {row.code: row.status for row in leakage_rows(data, chosen=CHOSEN)}
    assert {code for code, status in statuses.items() if status == "passed"} == {
        "L1.1", "L1.2", "L1.3", "L1.4", "L3.2",
    }  # fmt: skip
    assert {code for code, status in statuses.items() if status == "open"} == {"L2", "L3.1", "L3.3"}


def test_what_only_authors_know_shows_their_words(data: TrainedStudy) -> None:
    assert _row(data, "L2").result == NOT_STATED
    told = ReportText(
        illegitimate_features="No.", temporal_leakage="Never.", test_distribution="All."
    )
    stated = replace(data, inputs=replace(data.inputs, text=told))
    assert [_row(stated, code).result for code in ("L2", "L3.1", "L3.3")] == [
        "No.",
        "Never.",
        "All.",
    ]
    assert _row(stated, "L2").status == "stated"


def test_an_image_in_two_parts_fails(data: TrainedStudy) -> None:
    first, second, *others = data.cases  # of different parts
    twin = replace(second, image_sha256=first.image_sha256)
    row = _row(replace(data, cases=(first, twin, *others)), "L1.4")
    assert row.status == "failed"
    assert f"{first.case} = {second.case}" in row.result


def test_an_image_twice_in_one_part_is_told_but_passes(data: TrainedStudy) -> None:
    cases = list(data.cases)
    cases[3] = replace(cases[3], image_sha256=cases[0].image_sha256)
    row = _row(replace(data, cases=tuple(cases)), "L1.4")
    assert row.status == "passed"
    assert "1 image twice within one part" in row.result


def test_a_plan_that_saw_the_test_part_fails(data: TrainedStudy) -> None:
    row = _row(replace(data, plan=data.plan | {"fingerprint": {"cases": len(data.cases)}}), "L1.2")
    assert row.status == "failed"
    assert "plan (12 cases)" in row.result


def test_a_model_that_was_fitted_to_more_cases_than_its_fold_has_fails(data: TrainedStudy) -> None:
    unet, baseline = data.models
    fold = unet.folds[0]
    training = fold.record["training"] | {"training_cases": 99}
    changed = replace(fold, record=fold.record | {"training": training})
    models = (replace(unet, folds=(changed, unet.folds[1])), baseline)
    row = _row(replace(data, models=models), "L1.2")
    assert row.status == "failed"
    assert "unet fold 0" in row.result


def test_a_subject_scored_in_two_parts_fails(data: TrainedStudy) -> None:
    unet, baseline = data.models
    scores = unet.scores["test"]
    moved = (replace(scores[0], part="fold-0"), *scores[1:])
    crossing = ModelData(unet.name, unet.folds, {**unet.scores, "test": moved}, unet.predictions)
    row = _row(replace(data, models=(crossing, baseline)), "L3.2")
    assert row.status == "failed"
    assert scores[0].subject in row.result


def test_a_locked_test_part_counts_as_set_aside(locked: TrainedInputs) -> None:
    row = _row(read_study(locked), "L1.1")
    assert row.status == "passed"
    assert row.result == "3 subjects set aside; locked, not evaluated"
