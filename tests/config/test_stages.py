"""`dvc.yaml` says of studies and datasets what the files in `config/` say."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from radflow.config.stages import COMMAND, MARK, main, stages_text, write_stages
from radflow.errors import ConfigError

ROOT = Path(__file__).parents[2]
CARD = """
title: Toy
licence: CC0-1.0
citation: none
layout: msd
channels: [T1]
modality: MR
classes: {}
sources: [{path: /data/toy}]
"""
TABLE = CARD.replace("msd", "table") + "table: {file: a.csv, images: [image]}\npatients: {}\n"
DESCRIPTION = "{title: T, question: Q, dataset: toy, task: description}"
SEGMENTATION = (
    "{title: T, question: Q, dataset: sheet, task: segmentation, split: {key: k}, models: {a: {}}}"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a project of two studies; the one that describes its data runs."""
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    for path, text in {
        "config.yaml": "studies: [look]",
        "datasets/toy.yaml": CARD,
        "datasets/sheet.yaml": TABLE,
        "studies/look.yaml": DESCRIPTION,
        "studies/train.yaml": SEGMENTATION,
    }.items():
        file = tmp_path / "config" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def written(root: Path) -> dict[str, Any]:
    record = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))
    merged = {key: value for each in record["vars"] for key, value in each.items()}
    return {"index": record["stages"]["index"], "plots": record.get("plots"), **merged}


def test_the_stages_on_disk_are_those_of_the_configuration() -> None:
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    assert text == stages_text(ROOT), f"dvc.yaml is out of step: run `{COMMAND}`"


def test_studies_that_train_and_studies_that_describe_are_told_apart(root: Path) -> None:
    write_stages(root)
    record = written(root)
    assert record["studies"] == {
        "train": {
            **{"dataset": "sheet", "task": "segmentation", "target": "task", "input": "task"},
            **{"curve": "task", "search": "task", "explained": "results/train/headline.json"},
            **{f"start_{place}": "results/train/plan.json" for place in (1, 2)},
            **{f"apart_{place}": "data/cases/sheet" for place in (1, 2)},
            **{f"beside_{place}": "results/train/plan.json" for place in (1, 2)},
            "curve_json": "workflow/rules/curve.smk",
            "found": "workflow/rules/search.smk",
        }
    }
    assert record["curved"] == record["searched"] == record["explained"] == {}
    assert record["described"] == {"look": {"dataset": "toy"}}


def test_target_and_input_are_watched_where_the_study_has_them() -> None:
    studies = written(ROOT)["studies"]
    watched = {"task": "classification", "target": "target", "input": "input"}
    assert watched.items() <= studies["neuro-4way"].items()
    assert studies["hippocampus"]["target"] == "task"


def test_a_key_that_the_card_leaves_out_is_not_watched(root: Path) -> None:
    write_stages(root)
    datasets = written(root)["datasets"]
    assert datasets["toy"] == {
        "archives": "data/raw/toy.tar",
        "section": "layout",
        **dict.fromkeys(("targets", "pixel_mm", "patients", "archive", "intake"), "layout"),
    }
    assert datasets["sheet"]["section"] == "table"
    assert datasets["sheet"]["patients"] == "patients"


def test_simulated_datasets_are_no_downloads() -> None:
    record = written(ROOT)
    assert "phantom-tumour" in record["simulated"]
    assert "phantom-tumour" not in record["downloaded"]
    assert record["datasets"]["phantom-tumour"]["archives"] == "data/raw/phantom-tumour"
    assert record["datasets"]["phantom-tumour"]["section"] == "phantom"


def test_the_list_of_reports_is_made_from_the_studies_that_run(root: Path) -> None:
    write_stages(root)
    index = written(root)["index"]
    files = [name for name in index["deps"] if not name.startswith("workflow/")]
    assert files == ["results/look/report.html", "data/cases/toy/intake.json"]
    assert {"config/studies/look.yaml": ["title", "question", "task"]} in index["params"]
    (root / "config/config.yaml").write_text("studies: [look, train]", encoding="utf-8")
    write_stages(root)
    assert "results/train/metrics.json" in written(root)["index"]["deps"]


def test_two_studies_of_one_dataset_name_its_files_once(root: Path) -> None:
    (root / "config/studies/again.yaml").write_text(DESCRIPTION, encoding="utf-8")
    (root / "config/config.yaml").write_text("studies: [look, again]", encoding="utf-8")
    write_stages(root)
    index = written(root)["index"]
    assert index["deps"].count("data/cases/toy/intake.json") == 1
    assert index["params"].count({"config/datasets/toy.yaml": ["layout"]}) == 1


def test_curves_are_those_of_the_models_that_are_trained(root: Path) -> None:
    write_stages(root)
    curve = written(root)["plots"][0]["learning curve"]
    assert curve["y"] == {"results/train/models/a/fold-0/history.csv": ["score"]}
    (root / "config/studies/train.yaml").unlink()
    write_stages(root)
    assert written(root)["plots"] is None


def test_writing_twice_changes_nothing_and_keeps_what_is_written_by_hand(root: Path) -> None:
    main(root)
    once = (root / "dvc.yaml").read_text(encoding="utf-8")
    main(root)
    assert (root / "dvc.yaml").read_text(encoding="utf-8") == once
    by_hand = (ROOT / "dvc.yaml").read_text(encoding="utf-8").partition(MARK)[0]
    assert once.startswith(by_hand)


def test_a_study_that_is_to_run_and_has_no_file_is_refused(root: Path) -> None:
    (root / "config/config.yaml").write_text("studies: [loook]", encoding="utf-8")
    before = (root / "dvc.yaml").read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match=r"did you mean look.yaml"):
        write_stages(root)
    assert (root / "dvc.yaml").read_text(encoding="utf-8") == before


def test_a_file_without_the_mark_is_refused(root: Path) -> None:
    (root / "dvc.yaml").write_text("stages: {}", encoding="utf-8")
    with pytest.raises(ConfigError, match="has no line '# From here on written by"):
        write_stages(root)


BEFORE = """
{title: T, question: Q, dataset: toy, task: classification, split: {key: k},
 target: {kind: binary, classes: [a, b]}, models: {cnn: {network: {name: cnn}}}}
"""
AFTER = """
{title: T, question: Q, dataset: sheet, task: classification, split: {key: k},
 target: {kind: binary, classes: [a, b]}, curve: {models: [cnn]},
 models: {cnn: {network: {name: cnn}, start_from: {study: before, model: cnn}}}}
"""


def test_stages_wait_for_the_studies_that_models_start_from(root: Path) -> None:
    (root / "config/studies/before.yaml").write_text(BEFORE, encoding="utf-8")
    (root / "config/studies/after.yaml").write_text(AFTER, encoding="utf-8")
    write_stages(root)
    found = written(root)
    after, before = found["studies"]["after"], found["studies"]["before"]
    assert after["start_1"] == "results/before/models"
    assert after["start_2"] == "results/after/plan.json"
    assert (after["apart_1"], after["apart_2"]) == ("data/cases/toy", "data/cases/sheet")
    assert before["start_1"] == "results/before/plan.json"
    assert after["curve_json"] == "results/after/curve/curve.json"
    assert before["curve_json"] == "workflow/rules/curve.smk"
    assert list(found["curved"]) == ["after"]
    assert found["curved"]["after"]["start_1"] == "results/before/models"


def test_a_study_to_start_from_that_is_not_there_is_named(root: Path) -> None:
    (root / "config/studies/after.yaml").write_text(AFTER, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"there is no .*before\.yaml"):
        write_stages(root)
