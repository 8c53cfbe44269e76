"""Pictures in one folder per class become predictions of classes, by the real Snakefile."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from project_copy import Project, copy_sources, small_study, write_yaml

from radflow.config.stages import write_stages
from radflow.files import read_tsv

pytestmark = pytest.mark.workflow

STUDY = "sides"
CASES = 24
CARD = {
    "title": "Bright squares",
    "licence": "CC0-1.0",
    "citation": "none",
    "layout": "images",
    "channels": ["grey"],
    "modality": "other",
    "classes": {},
    "targets": ["left", "right"],
    "pixel_mm": 1.0,
    "images": {"folders": {"left": "left", "right": "right"}},
    "sources": [{"path": "pictures"}],
    "archive": {},
    "intake": {"field_of_view_mm": [1, 3000]},
}
TRAINED = ("cnn", "baseline")
PARTS = ("fold-0", "test")


def write_pictures(folder: Path) -> None:
    """Write noise with a bright square, on its left or on its right."""
    rng = np.random.default_rng(0)
    for number in range(CASES):
        side = CARD["targets"][number % 2]
        pixels = rng.integers(0, 120, (20, 24))
        top, left = rng.integers(2, 10), rng.integers(1, 4)
        left = left if side == "left" else 24 - left - 7
        pixels[top : top + 7, left : left + 7] += 120
        (folder / side).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / side / f"{number:02d}.png")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make the study and run it."""
    home = tmp_path_factory.mktemp("classification")
    made = Project(home / "project", home / "nowhere")
    copy_sources(made.root)
    write_pictures(made.root / "pictures")
    model = {
        "network": {"name": "cnn", "channels": [4, 8], "dropout": 0.1},
        "augmentation": {"mirror_axes": [1]},
        "training": {
            **{"budget": {"steps": 60}, "steps_per_epoch": 20, "learning_rate": 0.01},
            **{"average_decay": 0.8, "balance": "sampling"},
        },
    }
    study = small_study(
        title="Left or right",
        dataset=STUDY,
        task="classification",
        target={"kind": "binary", "classes": ["left", "right"]},
        input={"view": "whole"},
        plan={},
        models={"cnn": model},
        evaluation={"test": "open"},
    )
    write_yaml(made.root / f"config/datasets/{STUDY}.yaml", CARD)
    write_yaml(made.root / f"config/studies/{STUDY}.yaml", study)
    write_yaml(made.root / "config/config.yaml", {"studies": [STUDY], "mirror": None})
    write_stages(made.root)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.snakemake("--cores", "2")
    return made


def test_every_picture_is_a_case_with_the_class_of_its_folder(project: Project) -> None:
    table = read_tsv(project.root / f"data/cases/{STUDY}/cases.tsv", ("case", "target"))
    assert len(table) == CASES
    assert all(row.case.startswith(row.target) for row in table.itertuples())


def test_the_plan_is_that_of_flat_images(project: Project) -> None:
    plan = json.loads((project.root / f"results/{STUDY}/plan.json").read_text(encoding="utf-8"))
    assert plan["patch_size"]["value"] == [32, 32, 1]
    assert plan["smooth"]["value"] is True


@pytest.mark.parametrize("model", TRAINED)
@pytest.mark.parametrize("part", PARTS)
def test_each_case_of_a_part_is_answered_once(project: Project, model: str, part: str) -> None:
    results = project.root / f"results/{STUDY}"
    split = read_tsv(results / "split.tsv", ("subject", "part"))
    table = read_tsv(results / f"predictions/{model}/{part}/predictions.tsv", ("case",))
    assert table["case"].tolist() == sorted(split.loc[split["part"] == part, "subject"])
    assert list(table.columns) == ["case", "views", "p:left", "p:right", "raw:left", "raw:right"]


def test_the_network_tells_sides_of_test_cases_apart_and_the_baseline_does_not(
    project: Project,
) -> None:
    results = project.root / f"results/{STUDY}/predictions"
    table = read_tsv(results / "cnn/test/predictions.tsv", ("case",))
    right = table["case"].str.startswith("right") == (table["p:right"] > 0.5)
    assert right.mean() > 0.8
    baseline = read_tsv(results / "baseline/test/predictions.tsv", ("case",))
    assert baseline["p:right"].nunique() == 1


def test_a_training_is_described_with_its_temperature(project: Project) -> None:
    file = project.root / f"results/{STUDY}/models/cnn/fold-0/model.json"
    card = json.loads(file.read_text(encoding="utf-8"))
    assert card["task"] == "classification"
    assert card["temperature"] > 0
    assert card["training"]["tuning"]["calibrated"] <= card["training"]["tuning"]["nll"]


def test_a_second_run_finds_nothing_to_do(project: Project) -> None:
    assert "Nothing to be done" in project.snakemake("--cores", "2")


STEPS = ("split", "plan", "preprocess", "patches", "train", "predict")


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        ("kind: binary", "kind: ordinal", "plan"),
        ("view: whole", "view: slices", "plan"),
        ("average_decay: 0.8", "average_decay: 0.9", "train"),
        ("title: Left", "title: Once more, left", None),
    ],
    ids=["target", "view", "training", "title"],
)
def test_an_edit_of_the_study_reruns_what_depends_on_it(
    project: Project, old: str, new: str, first: str | None
) -> None:
    with project.edited(f"config/studies/{STUDY}.yaml", old, new):
        run = set(project.would_run())
    expected = STEPS[STEPS.index(first) :] if first else ()
    assert run & set(STEPS) == set(expected)


def test_the_run_ends_with_numbers_and_a_report(project: Project) -> None:
    results = project.root / f"results/{STUDY}"
    metrics = json.loads((results / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["task"] == "classification"
    assert set(metrics["models"]) == set(TRAINED)
    assert metrics["models"]["cnn"]["test"]["overall"]["accuracy"]["estimate"] > 0.8
    assert [row["model"] for row in metrics["test_accesses"]] == ["baseline", "cnn"]
    assert json.loads((results / "headline.json").read_text(encoding="utf-8"))
    assert "Left or right" in (results / "report.html").read_text(encoding="utf-8")
    for figure in ("curves", "scores", "agreement"):
        assert (results / f"figures/{figure}.svg").is_file()


def test_dvc_knows_the_files_and_recomputes_nothing(project: Project) -> None:
    project.dvc("commit", "--force", "--quiet", "--with-deps", "index")
    assert "up to date" in project.dvc("status", "--with-deps", "index")
