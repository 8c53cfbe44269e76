import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType

from radflow.tracking.parents import FOLD, find_runs, init
from radflow.tracking.runs import FoldRun, Job, Manifest, fold_run

JOB = Job(rule="train", configuration="c" * 64, data="d" * 64, code="e" * 12)
ROW = {"epoch": 0, "step": 100, "loss": 0.5, "score": 0.75, "best": 1, "dice_x": float("nan")}


@contextmanager
def training(uri: str, **changes: Any) -> Iterator[FoldRun]:
    arguments: dict[str, Any] = {
        "model": "unet",
        "fold": 0,
        "job": JOB,
        "params": {"training": {"learning_rate": 3e-3}},
        "uri": uri,
        **changes,
    }
    with fold_run("hippocampus", **arguments) as run:
        yield run


def folds(client: MlflowClient, view: int = ViewType.ACTIVE_ONLY) -> list[Run]:
    experiment = client.get_experiment_by_name("hippocampus")
    assert experiment is not None
    wanted = f"tags.role = '{FOLD}'"
    return list(client.search_runs([experiment.experiment_id], wanted, run_view_type=view))


def test_a_fold_is_a_finished_child_of_its_model(
    client: MlflowClient, uri: str, git_checkout: str
) -> None:
    init("hippocampus", ["unet"], uri=uri)
    with training(uri) as run:
        run.log_epoch(ROW, 100)
    [child] = folds(client)
    [parent] = find_runs(client, child.info.experiment_id, role="model", model="unet")
    tags = child.data.tags
    assert tags["mlflow.parentRunId"] == parent.info.run_id
    assert (tags["job_key"], tags["rule"], tags["fold"]) == (JOB.key, "train", "0")
    assert (tags["mlflow.source.git.commit"], tags["git_dirty"]) == (git_checkout, "false")
    assert child.info.status == "FINISHED"
    assert child.data.params == {"training.learning_rate": "0.003"}
    assert child.data.metrics == {"loss": 0.5, "score": 0.75, "best": 1.0}
    assert client.get_metric_history(child.info.run_id, "score")[0].step == 100
    assert mlflow.active_run() is None


def test_the_tags_do_not_tell_who_or_where(client: MlflowClient, uri: str, tmp_path: Path) -> None:
    with training(uri):
        pass
    tags = folds(client)[0].data.tags
    assert "mlflow.user" not in tags
    assert not [value for value in tags.values() if str(tmp_path) in value]


def test_the_training_cases_are_a_dataset_input(client: MlflowClient, uri: str) -> None:
    table = pd.DataFrame({"case": ["a", "b"], "voxels": [1, 2]})
    manifest = Manifest("toys", "data/cases/toys/cases.tsv", "f" * 64, table)
    with training(uri, manifest=manifest):
        pass
    [entry] = folds(client)[0].inputs.dataset_inputs
    tags = {tag.key: tag.value for tag in entry.tags}
    assert tags == {"mlflow.data.context": "training", "sha256": "f" * 64}
    assert (entry.dataset.name, entry.dataset.digest) == ("toys", "f" * 36)
    assert "data/cases/toys/cases.tsv" in entry.dataset.source
    assert '"num_rows": 2' in entry.dataset.profile
    assert '"a"' not in entry.dataset.profile + (entry.dataset.schema or "")


def test_system_metrics_are_logged(
    client: MlflowClient, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.02")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", "1")
    with training(uri) as run:
        assert run.run_id is not None
        for _ in range(2000):
            if "system/cpu_utilization_percentage" in client.get_run(run.run_id).data.metrics:
                break
    metrics = folds(client)[0].data.metrics
    assert "system/cpu_utilization_percentage" in metrics


def test_a_rerun_supersedes_and_never_duplicates(client: MlflowClient, uri: str) -> None:
    for job in (JOB, JOB, replace(JOB, configuration="f" * 64)):
        with training(uri, job=job):
            pass
    with training(uri, fold=1):
        pass
    active = folds(client)
    assert sorted(run.data.tags["fold"] for run in active) == ["0", "1"]
    deleted = folds(client, ViewType.DELETED_ONLY)
    assert len(deleted) == 2
    assert {run.data.tags["superseded"] for run in deleted} == {"true"}


def test_the_job_key_follows_rule_configuration_data_and_code() -> None:
    changed = [replace(JOB, **{name: "x"}) for name in ("rule", "configuration", "data", "code")]
    assert len({job.key for job in [JOB, *changed]}) == 5
    assert replace(JOB).key == JOB.key


@pytest.mark.parametrize(
    ("error", "status"), [(RuntimeError("no"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_a_training_that_stops_says_so_and_its_error_gets_through(
    client: MlflowClient, uri: str, error: BaseException, status: str
) -> None:
    with pytest.raises(type(error)), training(uri):
        raise error
    assert folds(client)[0].info.status == status


def test_files_and_tags_are_kept(client: MlflowClient, uri: str, tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("epoch\n")
    with training(uri) as run:
        run.log_artifact(tmp_path / "history.csv")
        run.tag(weights_sha256="abc")
    [child] = folds(client)
    assert [item.path for item in client.list_artifacts(child.info.run_id)] == ["history.csv"]
    assert child.data.tags["weights_sha256"] == "abc"


def test_a_long_history_is_logged_in_one_go(client: MlflowClient, uri: str) -> None:
    with training(uri) as run:
        run.log_history([(step, {"loss": step / 2}) for step in range(150)])
    history = client.get_metric_history(folds(client)[0].info.run_id, "loss")
    assert [entry.step for entry in history] == list(range(150))


def test_further_processes_of_a_training_log_nothing(
    client: MlflowClient, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    with training(uri) as run:
        run.log_epoch(ROW, 100)
    assert run.run_id is None
    assert client.get_experiment_by_name("hippocampus") is None


def test_an_inherited_run_id_does_not_capture_the_run(
    client: MlflowClient, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = client.create_experiment("hippocampus")
    other = client.create_run(experiment).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", other)
    with training(uri) as run:
        run.log_epoch(ROW, 100)
    assert run.run_id not in (None, other)
    assert client.get_run(other).data.metrics == {}


def test_training_goes_on_when_no_server_answers(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        uri = f"http://ann:secret@127.0.0.1:{unused.getsockname()[1]}"
        with training(uri) as run:
            for step in range(3):
                run.log_epoch(ROW, step)
            run.log_artifact(Path("missing.csv"))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "training goes on, and its files are the record" in lines[0]
    assert "secret" not in lines[0]


def test_training_goes_on_when_the_server_goes_away_half_way(
    client: MlflowClient, uri: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    with training(uri) as run:
        run.log_epoch(ROW, 1)

        def cut(*_: object, **__: object) -> None:
            message = "connection lost"
            raise ConnectionError(message)

        monkeypatch.setattr(MlflowClient, "log_batch", cut)
        run.log_epoch(ROW, 2)
        run.log_epoch(ROW, 3)
    assert capsys.readouterr().err.count("not mirrored to MLflow") == 1


def test_training_goes_on_when_the_store_is_locked(
    uri: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("radflow.tracking.store._SECONDS_TO_ANSWER", 0.05)
    done = threading.Event()
    with sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with training(uri) as run:
            run.log_epoch(ROW, 1)
            done.set()
        other.execute("ROLLBACK")
    other.close()
    assert done.is_set()
    assert "database is locked); training goes on" in capsys.readouterr().err


def test_a_resumed_training_replaces_the_run_of_the_killed_one(
    client: MlflowClient, uri: str
) -> None:
    program = f"""
import os, signal
from radflow.tracking.runs import Job, fold_run
job = Job("train", "{JOB.configuration}", "{JOB.data}", "{JOB.code}")
with fold_run("hippocampus", model="unet", fold=0, job=job, params={{}}, uri={uri!r}) as run:
    run.log_epoch({{"loss": 1.0}}, 1)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    assert killed.returncode < 0
    assert folds(client)[0].info.status == "RUNNING"
    with training(uri) as run:
        run.log_history([(1, {"loss": 1.0}), (2, {"loss": 0.5})])
    [child] = folds(client)
    assert child.info.status == "FINISHED"
    assert child.data.metrics == {"loss": 0.5}


def test_folds_that_train_at_once_in_two_processes_share_one_parent(
    client: MlflowClient, uri: str
) -> None:
    init("hippocampus", ["unet"], uri=uri)
    program = """
import sys
from radflow.tracking.runs import Job, fold_run
job = Job("train", "c", sys.argv[1], "e")
with fold_run("hippocampus", model="unet", fold=int(sys.argv[1]), job=job, params={}) as run:
    for step in range(20):
        run.log_epoch({"loss": 1.0 / (step + 1)}, step)
"""
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    jobs = [
        subprocess.Popen([sys.executable, "-c", program, fold], env=environment) for fold in "01"
    ]
    assert [job.wait(timeout=120) for job in jobs] == [0, 0]
    runs = folds(client)
    assert sorted(run.data.tags["fold"] for run in runs) == ["0", "1"]
    assert len({run.data.tags["mlflow.parentRunId"] for run in runs}) == 1
    for run in runs:
        assert len(client.get_metric_history(run.info.run_id, "loss")) == 20
