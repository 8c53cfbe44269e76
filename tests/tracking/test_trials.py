"""Trials are runs below that of their search: one each however often they run."""

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType

from radflow.files import write_json
from radflow.tracking.parents import SEARCH, find_runs, init
from radflow.tracking.runs import Job
from radflow.tracking.trials import REPEAT, TRIAL, log_search, trial_run

JOB = Job(rule="trial", configuration="c" * 64, data="d" * 64, code="e" * 12)
ROW = {"epoch": 0, "step": 100, "loss": 0.5, "score": 0.75}


def run_trial(uri: str, number: int, role: Any = TRIAL, **changes: Any) -> None:
    arguments: dict[str, Any] = {
        "model": "unet",
        "role": role,
        "number": number,
        "job": JOB,
        "params": {"training.learning_rate": 0.01, "network.channels": [8, 16]},
        "uri": uri,
        **changes,
    }
    with trial_run("hippocampus", **arguments) as run:
        run.log_epoch(ROW, 100)
        run.tag(state="complete")


def runs(client: MlflowClient, role: str, view: int = ViewType.ACTIVE_ONLY) -> list[Run]:
    experiment = client.get_experiment_by_name("hippocampus")
    assert experiment is not None
    wanted = f"tags.role = '{role}'"
    return list(client.search_runs([experiment.experiment_id], wanted, run_view_type=view))


def summary(trials: list[int], repeats: list[int], score: float = 0.75) -> dict[str, Any]:
    best = {"score": score, "parameters": {"training.learning_rate": 0.01}}
    return {
        "study": "hippocampus",
        "rules": {"model": "unet"},
        "trials": [{"number": number} for number in trials],
        "repetitions": [{"number": number} for number in repeats],
        "counts": {"complete": len(trials), "pruned": 0, "failed": 0},
        "best": best,
        "spread": {"n": len(repeats), "mean": 0.7, "sd": None},
    }


def test_a_trial_is_a_finished_child_of_the_search(client: MlflowClient, uri: str) -> None:
    init("hippocampus", ["unet"], uri=uri, searched="unet")
    run_trial(uri, 3)
    [parent] = runs(client, SEARCH)
    [child] = runs(client, TRIAL)
    tags = child.data.tags
    assert tags["mlflow.parentRunId"] == parent.info.run_id
    assert (tags["number"], tags["rule"], tags["job_key"]) == ("3", "trial", JOB.key)
    assert tags["state"] == "complete"
    assert child.data.params["network.channels"] == "[8, 16]"
    assert child.data.metrics == {"loss": 0.5, "score": 0.75}
    assert (child.info.status, parent.info.status) == ("FINISHED", "FINISHED")


def test_a_rerun_supersedes_its_trial_and_no_other(client: MlflowClient, uri: str) -> None:
    for number in (0, 1, 0):
        run_trial(uri, number)
    run_trial(uri, 0, REPEAT)
    assert sorted(run.data.tags["number"] for run in runs(client, TRIAL)) == ["0", "1"]
    assert len(runs(client, REPEAT)) == 1
    assert len(runs(client, SEARCH)) == 1
    [gone] = runs(client, TRIAL, ViewType.DELETED_ONLY)
    assert gone.data.tags["superseded"] == "true"


def test_a_trial_that_raises_ends_as_failed(client: MlflowClient, uri: str) -> None:
    with (
        pytest.raises(ValueError, match="no"),
        trial_run("hippocampus", model="unet", role=TRIAL, number=0, job=JOB, params={}, uri=uri),
    ):
        raise ValueError("no")
    assert runs(client, TRIAL)[0].info.status == "FAILED"


def test_the_search_s_run_holds_its_summary_once(
    client: MlflowClient, uri: str, tmp_path: Path
) -> None:
    run_trial(uri, 0)
    file = tmp_path / "search.json"
    write_json(file, summary([0], []))
    for score in (0.75, 0.75, 0.8):
        log_search(summary([0], [], score), file, uri=uri)
    [parent] = runs(client, SEARCH)
    assert parent.data.metrics["best"] == 0.8
    assert parent.data.metrics["complete"] == 1
    assert parent.data.tags["best.training.learning_rate"] == "0.01"
    history = client.get_metric_history(parent.info.run_id, "best")
    assert [metric.value for metric in history] == [0.75, 0.8]
    assert [entry.path for entry in client.list_artifacts(parent.info.run_id)] == ["search.json"]


def test_trials_that_the_search_no_longer_has_are_superseded(
    client: MlflowClient, uri: str, tmp_path: Path
) -> None:
    for number in range(3):
        run_trial(uri, number)
    run_trial(uri, 0, REPEAT)
    write_json(tmp_path / "search.json", {})
    log_search(summary([0, 1], []), tmp_path / "search.json", uri=uri)
    assert sorted(run.data.tags["number"] for run in runs(client, TRIAL)) == ["0", "1"]
    assert runs(client, REPEAT) == []


def test_a_store_that_is_away_costs_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    away = "sqlite:////proc/none/mlflow.db"
    run_trial(away, 0)
    log_search(summary([0], []), tmp_path / "search.json", uri=away)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" (")[0] for line in lines] == ["not mirrored to MLflow"] * 2


def test_a_search_and_a_model_of_one_name_are_two_runs(client: MlflowClient, uri: str) -> None:
    init("hippocampus", ["unet"], uri=uri, searched="unet")
    experiment = client.get_experiment_by_name("hippocampus")
    assert experiment is not None
    found = [
        run.info.run_id
        for role in (SEARCH, "model")
        for run in find_runs(client, experiment.experiment_id, role=role, model="unet")
    ]
    assert len(set(found)) == 2
