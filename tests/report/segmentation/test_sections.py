"""Sections that are tables: flow, cohort, findings, methods, results."""

from dataclasses import replace

import numpy as np
import pytest

from radflow.config.training import NetworkRules
from radflow.report import groups
from radflow.report.acquisition import acquisition_table
from radflow.report.cohort import cohort_table, counts_table
from radflow.report.figures import inline_panels
from radflow.report.flow import flow_of
from radflow.report.inputs import TrainedInputs
from radflow.report.load import Finding, TrainedStudy
from radflow.report.methods import (
    architecture_table,
    augmentation_table,
    plan_table,
    settings_lines,
    training_table,
)
from radflow.report.numbers import MINUS
from radflow.report.quality import quality_tables
from radflow.report.segmentation.figures import agreement_panels, dice_panels
from radflow.report.segmentation.methods import NETWORKS, SELECTION, definitions
from radflow.report.segmentation.results import empties_table, fold_table, results_table
from radflow.report.segmentation.scores import read_study
from radflow.report.tables import Table


@pytest.fixture
def data(inputs: TrainedInputs) -> TrainedStudy:
    return read_study(inputs)


def _texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_the_flow_adds_up(data: TrainedStudy) -> None:
    flow = flow_of(data)
    assert (flow.listed.amount, flow.excluded.amount) == ("14 cases", "2 cases")
    assert (flow.accepted.amount, flow.accepted.note) == ("12 cases", "1 case repaired")
    assert (flow.development.amount, flow.test.amount) == ("8 cases", "4 cases")
    assert flow.test.note == "4 subjects, opened"
    assert [box.note for box in flow.folds] == ["training and tuning"] * 2


def test_the_flow_of_simulated_subjects_starts_with_their_simulation(
    data: TrainedStudy, simulated: TrainedInputs
) -> None:
    assert flow_of(data).listed.title == "Listed"
    assert flow_of(read_study(simulated)).listed.title == "Simulated"


def test_a_fold_that_no_model_was_tuned_on_was_for_training_only(inputs: TrainedInputs) -> None:
    one = replace(inputs, models=tuple(replace(m, folds=m.folds[:1]) for m in inputs.models))
    data = read_study(one)
    assert [box.note for box in flow_of(data).folds] == ["tuning", "training"]
    assert _texts(counts_table(data))[0][3] == "tuning of the model of fold 0"


def test_the_cohort_has_volumes_sizes_and_differences(data: TrainedStudy) -> None:
    rows = {row[0]: row[1:] for row in _texts(cohort_table(data))}
    assert rows["cases"][:2] == ["8", "4"]
    assert "anterior volume (ml)" in rows
    grids = {row[0]: row[1:] for row in _texts(acquisition_table(data))}
    assert grids["image size posterior-anterior (voxels)"][:2] == ["50", "50"]
    assert grids["file orientation"][:2] == ["RAS", "RAS"]


def test_parts_that_differ_without_spread_have_no_standardised_difference() -> None:
    same, other = np.ones(10), np.full(8, 2.0)
    assert groups._differences([same, np.ones(8)]) == ("0.00",)
    assert groups._differences([same, other]) == ("not estimable",)


def test_the_cohort_says_where_age_and_sex_stand_or_that_they_are_unknown(
    data: TrainedStudy, simulated: TrainedInputs
) -> None:
    assert "not among the records" in cohort_table(data).note
    note = cohort_table(read_study(simulated)).note
    assert "Subjects are simulated" in note
    assert "not among the records" not in note


def test_image_sizes_follow_the_patient_not_the_file(data: TrainedStudy) -> None:
    turned = [replace(c, orientation="ASR", shape=(50, 35, 36)) for c in data.cases]
    table = acquisition_table(replace(data, cases=tuple(turned)))
    rows = {row[0]: row[1:] for row in _texts(table)}
    assert rows["image size left-right (voxels)"][0] == "36"
    assert rows["image size posterior-anterior (voxels)"][0] == "50"


def test_findings_are_counted_and_repairs_carry_their_size(data: TrainedStudy) -> None:
    by_rule, quarantined, repairs = quality_tables(data)
    assert [row[:3] for row in _texts(by_rule)] == [
        ["quarantined", "grids", "1"],
        ["quarantined", "truncated", "1"],
        ["repaired", "qform-sform", "1"],
        ["noted", "storage", "1"],
    ]
    assert [row[0] for row in _texts(quarantined)] == ["shape_900", "shape_901"]
    assert _texts(repairs)[0][3] == "0.01 mm"


def test_without_findings_there_are_no_tables(data: TrainedStudy) -> None:
    assert quality_tables(replace(data, findings=())) == ()


def test_long_lists_of_findings_are_cut_and_say_so(data: TrainedStudy) -> None:
    many = tuple(
        Finding(f"c{n:03d}", "fix", 17, "FIX", "told", "done", "1", "mm") for n in range(60)
    )
    repairs = quality_tables(replace(data, findings=many))[1]
    assert len(repairs.rows) == 40
    assert repairs.note == "20 more rows in findings.tsv."


def test_windows_of_ct_are_written_as_ranges() -> None:
    windows = {"normalisation": "ct", "windows_hu": [[0.0, 80.0], [80.0, 600.0]]}
    name, value, meaning = settings_lines(windows, None)[1]
    assert (name, value) == ("windows (HU)", "0 to 80, 80 to 600")
    assert "each is a channel" in meaning


def test_the_plan_gives_reasons(data: TrainedStudy) -> None:
    rows = _texts(plan_table(data))
    assert rows[0][0] == "spacing (mm)"
    assert all(reason for _, _, reason in rows)
    assert "fingerprint" not in [row[0] for row in rows]


def test_the_network_is_described_with_its_parameters(data: TrainedStudy) -> None:
    rows = {row[0]: row[1] for row in _texts(architecture_table(data.primary, NETWORKS))}
    assert rows["parameters"] == "1,412,345"
    assert rows["features by level"] == "16, 48, 96, 192"
    assert rows["initialisation"] == "He et al. 2015"


def test_every_entry_of_a_network_has_a_meaning(data: TrainedStudy) -> None:
    rows = _texts(architecture_table(data.primary, NETWORKS))
    assert [what for what, _, meaning in rows if not meaning] == ["parameters"]
    forest = {"kind": "ordinal", "classes": 3, "trees": 300, "nodes": 18620, "tree_depth": 18}
    assert all(meaning for *_, meaning in settings_lines(forest, NetworkRules))


def test_training_is_described_without_what_is_the_machine_s(data: TrainedStudy) -> None:
    rows = {
        row[0]: row[1]
        for row in _texts(training_table(data.primary, NETWORKS, selection=SELECTION))
    }
    assert rows["learning rate"] == "0.003"
    assert rows["budget"] == "steps 4000"
    assert not {"threads", "compile"} & set(rows)
    baseline = data.models[1]
    assert "learning rate" not in {
        row[0] for row in _texts(training_table(baseline, NETWORKS, selection=SELECTION))
    }
    assert augmentation_table(baseline, NETWORKS) is None


def test_where_a_model_starts_from_is_one_line_in_words(data: TrainedStudy) -> None:
    first = data.primary.folds[0]
    start = {
        "from": "before/unet, fold 0",
        "sha256": "ab" * 32,
        "trained_on": "other heads",
        "loaded": ["encoder0", "encoder1"],
        "adapted": {},
        "left_at_random": {"heads": "they answer another question"},
        "frozen": ["encoder0"],
        "thaw_step": None,
        "lineage": [{"dataset": "other heads", "split_sha256": "cd" * 32}],
    }
    training = {**first.record["training"], "start_from": start}
    begun = replace(first, record={**first.record, "training": training})
    model = replace(data.primary, folds=(begun,))
    rows = [
        row
        for row in _texts(training_table(model, NETWORKS, selection=SELECTION))
        if "start" in row[0]
    ]
    assert [row[:2] for row in rows] == [["starts from", "before/unet, fold 0"]]
    assert rows[0][2] == (
        "sha256 abababababab, trained on other heads; taken over: encoder0, encoder1; heads at "
        "random, because they answer another question; encoder0 frozen to the end"
    )


def test_augmentation_comes_from_the_record(data: TrainedStudy) -> None:
    table = augmentation_table(data.primary, NETWORKS)
    assert table is not None
    rows = {row[0]: row[1] for row in _texts(table)}
    assert rows["scale"] == "0.8 to 1.25"


def test_an_unknown_network_is_named_all_the_same(data: TrainedStudy) -> None:
    fold = data.primary.folds[0]
    record = fold.record | {"network": {"name": "other"}}
    model = replace(data.primary, folds=(replace(fold, record=record),))
    assert _texts(architecture_table(model, NETWORKS))[0] == [
        "network",
        "other",
        "see radflow.networks",
    ]


def test_the_tolerance_is_stated(data: TrainedStudy) -> None:
    assert any("1 mm" in name for name, _ in definitions(data))


def test_results_have_models_baseline_and_difference_for_each_class(data: TrainedStudy) -> None:
    rows = _texts(results_table(data, "test"))
    assert [row[1] for row in rows] == ["unet", "baseline", "difference"] * 3
    assert [row[0] for row in rows if row[0]] == ["anterior", "posterior", "mean over classes"]
    assert {row[-1] for row in rows} == {"4"}


def test_with_several_models_each_difference_is_named(data: TrainedStudy) -> None:
    unet, baseline = data.models
    wide = replace(unet, name="wide")
    summaries = data.metrics["models"] | {"wide": data.metrics["models"]["unet"]}
    rows = [row | {"model": "wide"} for row in data.metrics["comparisons"]]
    metrics = data.metrics | {
        "models": summaries,
        "comparisons": [*data.metrics["comparisons"], *rows],
    }
    several = replace(data, models=(unet, wide, baseline), metrics=metrics)
    names = [row[1] for row in _texts(results_table(several, "test"))]
    assert names[:3] == ["unet", "wide", "baseline"]
    assert names[3:5] == [f"unet {MINUS} baseline", f"wide {MINUS} baseline"]
    assert [panel.name for panel in agreement_panels(several)][4] == "agreement-wide-0"
    assert "wide" in inline_panels(dice_panels(several))[0]


def test_folds_are_listed_one_by_one(data: TrainedStudy) -> None:
    table = fold_table(data, data.primary)
    assert table is not None
    assert [row[:3] for row in _texts(table)] == [["0", "4", "3,100"], ["1", "4", "3,100"]]


def test_empties_are_counted_where_there_are_any(data: TrainedStudy) -> None:
    assert empties_table(data) is None
    unet, baseline = data.models
    scores = (replace(unet.scores["test"][0], empty="prediction"), *unet.scores["test"][1:])
    models = (replace(unet, scores={**unet.scores, "test": scores}), baseline)
    table = empties_table(replace(data, models=models))
    assert table is not None
    assert _texts(table)[0] == ["unet", "test", "anterior", "0", "0", "1", "0"]
