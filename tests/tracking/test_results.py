import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType
from toy_classifier import toy_record, write_classifier

from radflow.tracking.__main__ import main
from radflow.tracking.parents import find_runs, init
from radflow.tracking.results import log_study
from radflow.tracking.runs import Job, fold_run

JOB = Job("train", "c", "d", "e")


def interval(mean: float | None) -> dict[str, float | int | None]:
    low, high = (None, None) if mean is None else (mean - 0.1, mean + 0.1)
    return {"mean": mean, "low": low, "high": high, "sd": 0.1, "n": 5}


@pytest.fixture
def study(tmp_path: Path, model_folder: Path, baseline_folder: Path) -> Path:
    """Give ``results/toy`` with a trained model of two folds, a baseline, metrics and a report."""
    folder = tmp_path / "results" / "toy"
    folder.mkdir(parents=True)
    model_folder.parent.rename(folder / "models")
    history = "epoch,step,loss,score\n0,10,1.5,0.5\n1,20,1.25,\n"
    for fold in (0, 1):
        (folder / f"models/unet/fold-{fold}/history.csv").write_text(history)
    (folder / "report.html").write_text("<p>report</p>")
    (folder / "figures").mkdir()
    for name in ("curves.svg", "scores.svg", "agreement.svg"):
        (folder / "figures" / name).write_text("<svg/>")
    write_metrics(folder, 0.875)
    return folder


def write_metrics(folder: Path, dice: float, folds: Sequence[int] = (0, 1)) -> None:
    anterior = {"dice": interval(dice), "hd95_mm": interval(None)}
    part = {"folds": list(folds), "n_cases": 5, "classes": {"anterior": anterior}}
    models = {"unet": {"tuning": part}, "baseline": {"tuning": part}}
    (folder / "metrics.json").write_text(json.dumps({"study": "toy", "models": models}))


@pytest.fixture
def classes_study(tmp_path: Path) -> Path:
    """Give ``results/toy`` of a classification: metrics of all classes, and of each."""
    folder = tmp_path / "results" / "toy"
    write_classifier(folder / "models" / "cnn", toy_record())

    def number(estimate: float | None) -> dict[str, Any]:
        bounds = dict.fromkeys(("low", "high")) if estimate is None else {"low": 0.25, "high": 1.0}
        return {"estimate": estimate, **bounds, "interval": "BCa", "reason": "", "n": 5}

    summary = {
        "n_cases": 5,
        "folds": [0, 1],
        "counts": {"glioma": 3},
        "overall": {"accuracy": number(0.75), "kappa": number(None)},
        "classes": {"glioma": {"n": 3, "auc": number(0.875)}},
        "operating_points": {"glioma": {"threshold": 0.5}},
        "confusion": [[1, 0], [0, 1]],
    }
    metrics = {"study": "toy", "task": "classification", "models": {"cnn": {"tuning": summary}}}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace registration, which takes seconds and has tests of its own; gives the names."""
    names: list[str] = []
    monkeypatch.setattr(
        "radflow.tracking.results.register_model", lambda _, name, **__: names.append(name)
    )
    return names


def runs(client: MlflowClient, view: int = ViewType.ACTIVE_ONLY, **tags: str) -> list[Run]:
    experiment = client.get_experiment_by_name("toy")
    assert experiment is not None
    if view == ViewType.ACTIVE_ONLY:
        return find_runs(client, experiment.experiment_id, **tags)
    return list(client.search_runs([experiment.experiment_id], run_view_type=view))


def test_results_with_their_intervals_stand_on_the_run_of_the_model(
    client: MlflowClient, uri: str, study: Path, registered: list[str]
) -> None:
    init("toy", ["unet", "baseline"], uri=uri)
    log_study(study, uri=uri, figures=study / "figures")
    [run] = runs(client, role="model", model="unet")
    assert run.data.metrics == pytest.approx(
        {
            "tuning.anterior.dice": 0.875,
            "tuning.anterior.dice.low": 0.775,
            "tuning.anterior.dice.high": 0.975,
        }
    )
    assert run.data.params["network.channels"] == "[4]"
    assert run.data.params["folds"] == "[0, 1]"
    stored = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert stored == {"metrics.json", "report.html", "figures"}
    figures = {item.path for item in client.list_artifacts(run.info.run_id, "figures")}
    assert figures == {f"figures/{name}.svg" for name in ("curves", "scores", "agreement")}
    assert run.info.status == "FINISHED"
    assert registered == ["toy-unet"]


def test_a_classification_has_numbers_of_all_classes_together_and_of_each(
    client: MlflowClient, uri: str, classes_study: Path, registered: list[str]
) -> None:
    log_study(classes_study, uri=uri)
    [run] = runs(client, role="model", model="cnn")
    assert run.data.metrics == {
        "tuning.accuracy": 0.75,
        "tuning.accuracy.low": 0.25,
        "tuning.accuracy.high": 1.0,
        "tuning.glioma.auc": 0.875,
        "tuning.glioma.auc.low": 0.25,
        "tuning.glioma.auc.high": 1.0,
    }
    assert run.data.params["target.kind"] == "multi-class"
    assert run.data.params["view.view"] == "whole"
    assert "inference" not in run.data.params
    assert len(runs(client, role="fold", model="cnn")) == 2
    assert registered == ["toy-cnn"]


def test_folds_that_the_results_are_not_of_are_left_out(
    client: MlflowClient, uri: str, study: Path, registered: list[str]
) -> None:
    write_metrics(study, 0.5, folds=[1])
    log_study(study, uri=uri)
    assert [run.data.tags["fold"] for run in runs(client, role="fold", model="unet")] == ["1"]
    [run] = runs(client, role="model", model="unet")
    assert run.data.params["folds"] == "[1]"


def test_a_second_call_writes_nothing(
    client: MlflowClient, uri: str, study: Path, registered: list[str]
) -> None:
    for _ in range(2):
        log_study(study, uri=uri)
    [run] = runs(client, role="model", model="unet")
    history = client.get_metric_history(run.info.run_id, "tuning.anterior.dice")
    assert len(history) == 1
    assert len(runs(client)) == 2 + 4
    assert runs(client, ViewType.DELETED_ONLY) == []


def test_new_results_are_written_to_the_same_run(
    client: MlflowClient, uri: str, study: Path, registered: list[str]
) -> None:
    log_study(study, uri=uri)
    write_metrics(study, 0.5)
    log_study(study, uri=uri)
    [run] = runs(client, role="model", model="unet")
    assert run.data.metrics["tuning.anterior.dice"] == 0.5


def test_a_fold_that_was_not_mirrored_is_rebuilt_from_its_files(
    client: MlflowClient, uri: str, study: Path, registered: list[str]
) -> None:
    log_study(study, uri=uri)
    children = runs(client, role="fold", model="unet")
    assert sorted(run.data.tags["fold"] for run in children) == ["0", "1"]
    [parent] = runs(client, role="model", model="unet")
    for run in children:
        assert run.info.status == "FINISHED"
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.data.tags["rebuilt_from_files"] == "true"
        loss = client.get_metric_history(run.info.run_id, "loss")
        assert [(entry.step, entry.value) for entry in loss] == [(10, 1.5), (20, 1.25)]
        assert len(client.get_metric_history(run.info.run_id, "score")) == 1


@pytest.mark.parametrize("complete", [True, False])
def test_the_run_of_a_training_stays_if_it_ended_with_these_weights(
    *, client: MlflowClient, uri: str, study: Path, registered: list[str], complete: bool
) -> None:
    card = json.loads((study / "models/unet/fold-0/model.json").read_text())
    weights = card["weights_sha256"] if complete else "of another training"
    with fold_run("toy", model="unet", fold=0, job=JOB, params={}, uri=uri) as run:
        run.tag(weights_sha256=weights)
    log_study(study, uri=uri)
    [child] = runs(client, role="fold", model="unet", fold="0")
    assert (child.info.run_id == run.run_id) == complete


def test_other_parameters_make_a_new_run_that_takes_the_folds_over(
    client: MlflowClient, uri: str, study: Path, registered: list[str]
) -> None:
    log_study(study, uri=uri)
    [before] = runs(client, role="model", model="unet")
    for fold in (0, 1):
        path = study / f"models/unet/fold-{fold}/model.json"
        record: dict[str, Any] = json.loads(path.read_text())
        record["inference"]["overlap"] = 0.25
        path.write_text(json.dumps(record))
    log_study(study, uri=uri)
    [after] = runs(client, role="model", model="unet")
    assert after.info.run_id != before.info.run_id
    assert after.data.params["inference.overlap"] == "0.25"
    parents = {
        run.data.tags["mlflow.parentRunId"] for run in runs(client, role="fold", model="unet")
    }
    assert parents == {after.info.run_id}
    assert client.get_run(before.info.run_id).info.lifecycle_stage == "deleted"


def test_a_store_that_is_away_costs_one_line(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log_study(study, uri="sqlite:////proc/none/mlflow.db")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "nothing is lost: the files are the record" in lines[0]


def test_the_commands_of_the_workflow_use_the_default_store(
    client: MlflowClient, uri: str, study: Path, registered: list[str]
) -> None:
    assert main(["init", "toy", "unet", "baseline"]) == 0
    assert main(["log", "toy", "--figures", str(study / "figures")]) == 0
    assert len(runs(client, role="model")) == 2
    with pytest.raises(SystemExit, match="2"):
        main(["init", "toy"])
