import os
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pytest

from radflow.tracking.store import (
    Mirror,
    connect,
    default_uri,
    experiment_id,
    prepare_environment,
    redact,
    sqlite_path,
)


def test_the_default_store_lies_in_the_project_whatever_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert default_uri() == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("RADFLOW_ROOT", str(tmp_path / "project"))
    assert default_uri() == f"sqlite:///{tmp_path}/project/mlflow.db"
    assert default_uri(tmp_path / "other") == f"sqlite:///{tmp_path}/other/mlflow.db"


def test_a_server_named_by_the_user_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:5000")
    assert default_uri() == "http://localhost:5000"


def test_passwords_are_hidden() -> None:
    text = (
        "at https://ann:secret@host:5000/x and postgresql://bob:pw@db/mlflow, not https://a.b/c@d"
    )
    hidden = "at https://***@host:5000/x and postgresql://***@db/mlflow, not https://a.b/c@d"
    assert redact(text) == hidden


def test_a_new_store_is_made_with_wal_beside_a_name_with_spaces(tmp_path: Path) -> None:
    path = tmp_path / "my project" / "mlflow.db"
    client = connect(f"sqlite:///{path}")
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()

    experiment = experiment_id(client, "study", f"sqlite:///{path}")
    run = client.create_run(experiment)
    client.log_text(run.info.run_id, "hello", "note.txt")
    stored = [item.path for item in client.list_artifacts(run.info.run_id)]
    assert stored == ["note.txt"]
    assert list((tmp_path / "my project" / "mlartifacts").rglob("note.txt"))


def test_processes_that_meet_a_new_store_at_once_all_get_it(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    program = f"from radflow.tracking.store import connect; connect({uri!r}).search_experiments()"
    jobs = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    assert [job.wait(timeout=120) for job in jobs] == [0, 0]


def test_an_experiment_is_made_once_and_restored_when_deleted(
    client: mlflow.MlflowClient, uri: str
) -> None:
    first = experiment_id(client, "study", uri)
    assert experiment_id(client, "study", uri) == first
    client.delete_experiment(first)
    assert experiment_id(client, "study", uri) == first
    assert client.get_experiment(first).lifecycle_stage == "active"


def test_only_sqlite_addresses_have_a_file() -> None:
    assert sqlite_path("sqlite:////a/mlflow.db") == Path("/a/mlflow.db")
    assert sqlite_path("http://localhost:5000") is None


def test_pickle_and_an_inherited_run_are_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "parent")
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    prepare_environment()
    assert "MLFLOW_RUN_ID" not in os.environ
    assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"


def test_a_closed_port_is_noticed_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        start = time.monotonic()
        with pytest.raises(OSError, match="refused"):
            connect(f"http://127.0.0.1:{port}")
    assert time.monotonic() - start < 5


def test_a_mirror_fails_once_with_one_redacted_line(capsys: pytest.CaptureFixture[str]) -> None:
    mirror = Mirror("https://ann:secret@host", "work goes on")
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        message = "no answer from https://ann:secret@host\nTraceback ..."
        raise ConnectionError(message)

    for _ in range(3):
        assert mirror.attempt(fail) is None
    assert mirror.away
    assert len(calls) == 1
    line = (
        "not mirrored to MLflow (https://***@host: no answer from https://***@host); work goes on\n"
    )
    assert capsys.readouterr().err == line


def test_a_mirror_hands_on_what_the_call_returns_but_lets_an_interrupt_through() -> None:
    mirror = Mirror("x", "y")
    assert mirror.attempt(max, 1, 2) == 2

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mirror.attempt(interrupted)
