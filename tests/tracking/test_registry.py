import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from toy_classifier import toy_record, write_classifier

from radflow.errors import ModelError
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.imaging.normalise import zscore
from radflow.inference.classifier import load_classifier
from radflow.inference.model import load_model
from radflow.inference.one_case import answer_case
from radflow.tracking.parents import model_run
from radflow.tracking.registry import downloaded_model, register_model
from radflow.tracking.store import connect, experiment_id

ADDRESS = "models:/toy-unet@champion"
SECONDS_TO_START = 90


def register(folder: Path, uri: str) -> str:
    client = connect(uri)
    experiment = experiment_id(client, "toy", uri)
    run = model_run(client, experiment, study="toy", model=folder.name)
    folds = sorted(folder.glob("fold-*"))
    return register_model(folds, f"toy-{folder.name}", run_id=run.info.run_id, uri=uri)


@pytest.fixture
def classifier_folder(tmp_path: Path) -> Path:
    return write_classifier(tmp_path / "models" / "cnn", toy_record())


@pytest.fixture
def volumes() -> np.ndarray:
    return np.random.default_rng(5).uniform(0, 900, (2, 9, 11, 7)).astype(np.float32)


@pytest.fixture
def expected(model_folder: Path, volumes: np.ndarray) -> np.ndarray:
    model = load_model(model_folder)
    images = [zscore(volume[None], case="x") for volume in volumes]
    return np.stack([model.probabilities(image).argmax(0) for image in images]).astype(np.uint8)


def test_a_registered_model_loads_without_pickle_and_labels(
    *,
    client: MlflowClient,
    uri: str,
    model_folder: Path,
    volumes: np.ndarray,
    expected: np.ndarray,
) -> None:
    assert register(model_folder, uri) == "1"
    assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = mlflow.pyfunc.load_model(ADDRESS)
        labels = model.predict(volumes)
    np.testing.assert_array_equal(labels, expected)
    assert labels.dtype == np.uint8
    inputs = model.metadata.signature.inputs.inputs
    assert [(spec.type, spec.shape) for spec in inputs] == [(np.float32, (-1, -1, -1, -1))]


def test_a_registered_classifier_loads_without_pickle_and_gives_probabilities(
    *, client: MlflowClient, uri: str, classifier_folder: Path, volumes: np.ndarray
) -> None:
    assert register(classifier_folder, uri) == "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = mlflow.pyfunc.load_model("models:/toy-cnn@champion")
        answers = model.predict(volumes[:, None])
    loaded = load_classifier(classifier_folder)
    grid = Geometry(volumes.shape[1:], np.eye(4), (1.0, 1.0, 1.0))
    for volume, answer in zip(volumes, answers, strict=True):
        case = PreprocessedCase("x", zscore(volume[None], case="x"), None, grid)
        np.testing.assert_array_equal(answer, answer_case(loaded, case).calibrated)
    [inputs], [outputs] = (
        side.inputs for side in (model.metadata.signature.inputs, model.metadata.signature.outputs)
    )
    assert (inputs.type, inputs.shape) == (np.float32, (-1, -1, -1, -1, -1))
    assert (outputs.type, outputs.shape) == (np.float64, (-1, -1))
    with downloaded_model("models:/toy-cnn@champion", uri=uri) as folder:
        assert load_classifier(folder).card == loaded.card


def test_only_safetensors_and_json_are_shipped_beside_the_code(
    client: MlflowClient, uri: str, model_folder: Path
) -> None:
    (model_folder / "fold-0" / "state").mkdir()
    (model_folder / "fold-0" / "state" / "last.ckpt").write_bytes(b"checkpoint")
    (model_folder / "fold-0" / "history.csv").write_text("epoch\n")
    register(model_folder, uri)
    with downloaded_model(ADDRESS, uri=uri) as folder:
        shipped = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
        everything = {path.suffix for path in folder.parent.parent.rglob("*") if path.is_file()}
        assert load_model(folder).folds == (0, 1)
    files = ("model.json", "weights.safetensors")
    assert shipped == {f"fold-{fold}/{name}" for fold in (0, 1) for name in files}
    assert not everything & {".pkl", ".pickle", ".ckpt", ".pt", ".pth", ".pyc"}
    assert not folder.exists()


def test_the_same_weights_make_no_second_version(
    client: MlflowClient, uri: str, model_folder: Path, tmp_path: Path
) -> None:
    assert [register(model_folder, uri) for _ in range(2)] == ["1", "1"]
    shutil.rmtree(model_folder / "fold-1")
    assert register(model_folder, uri) == "2"
    assert client.get_model_version_by_alias("toy-unet", "champion").version == 2
    assert len(client.search_model_versions("name='toy-unet'")) == 2


def test_older_weights_become_champion_again(
    client: MlflowClient, uri: str, model_folder: Path
) -> None:
    register(model_folder, uri)
    client.delete_registered_model_alias("toy-unet", "champion")
    assert register(model_folder, uri) == "1"
    assert client.get_model_version_by_alias("toy-unet", "champion").version == 1


def test_requirements_are_pinned_to_what_a_registry_has(
    client: MlflowClient, uri: str, model_folder: Path
) -> None:
    register(model_folder, uri)
    path = mlflow.artifacts.download_artifacts(f"{ADDRESS}/requirements.txt", tracking_uri=uri)
    lines = Path(path).read_text().split()
    assert all(line.count("==") == 1 and "+" not in line for line in lines)
    assert any(line.startswith("torch==") for line in lines)


def test_a_model_that_is_not_registered_is_told(client: MlflowClient, uri: str) -> None:
    with (
        pytest.raises(ModelError, match=r"models:/none@champion can't be fetched from sqlite"),
        downloaded_model("models:/none@champion", uri=uri),
    ):
        pass


def test_a_store_that_does_not_exist_is_told_and_not_made(tmp_path: Path) -> None:
    with (
        pytest.raises(ModelError, match=r"no MLflow store at .*set MLFLOW_TRACKING_URI"),
        downloaded_model(ADDRESS),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_away_is_told_without_its_password() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        uri = f"http://ann:secret@127.0.0.1:{unused.getsockname()[1]}"
        with (
            pytest.raises(ModelError, match="can't be fetched") as caught,
            downloaded_model(ADDRESS, uri=uri),
        ):
            pass
    assert "secret" not in str(caught.value)


def test_a_model_of_something_else_is_refused(
    client: MlflowClient, uri: str, tmp_path: Path
) -> None:
    run = client.create_run(client.create_experiment("other"))
    client.log_text(run.info.run_id, "hello", "model/note.txt")
    client.create_registered_model("foreign")
    client.create_model_version("foreign", f"runs:/{run.info.run_id}/model", run.info.run_id)
    with (
        pytest.raises(ModelError, match="no model of radflow: it holds 0 folders"),
        downloaded_model("models:/foreign/1", uri=uri),
    ):
        pass


@contextmanager
def serving(uri: str, log: Path, address: str = ADDRESS) -> Iterator[int]:
    """Start `mlflow models serve`; give its port once it answers."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    }
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", address]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as stream:
        server = subprocess.Popen(
            command, env=environment, stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        wait_for(port, server, log)
        yield port
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        try:
            assert ask(port, "GET", "/ping")[0] == 200
        except OSError:
            # Waits for the server to end, for a moment: it should not.
            try:
                server.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
            break
        else:
            return
    pytest.fail(f"the server did not start:\n{log.read_text()}")


def ask(port: int, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def invoke(port: int, volumes: np.ndarray) -> tuple[int, bytes]:
    return ask(port, "POST", "/invocations", json.dumps({"inputs": volumes.tolist()}))


@pytest.mark.workflow
def test_a_registered_model_is_served_without_pickle(
    *,
    client: MlflowClient,
    uri: str,
    model_folder: Path,
    tmp_path: Path,
    volumes: np.ndarray,
    expected: np.ndarray,
) -> None:
    register(model_folder, uri)
    with serving(uri, tmp_path / "serve.log") as port:
        status, body = invoke(port, volumes)
        assert status == 200
        np.testing.assert_array_equal(json.loads(body)["predictions"], expected)
        assert invoke(port, volumes[0])[0] == 400


@pytest.mark.workflow
def test_a_registered_classifier_is_served_without_pickle(
    *,
    client: MlflowClient,
    uri: str,
    classifier_folder: Path,
    tmp_path: Path,
    volumes: np.ndarray,
) -> None:
    register(classifier_folder, uri)
    with serving(uri, tmp_path / "serve.log", "models:/toy-cnn@champion") as port:
        status, body = invoke(port, volumes[:, None])
        assert status == 200
        answers = np.array(json.loads(body)["predictions"])
        assert answers.shape == (2, 3)
        np.testing.assert_allclose(answers.sum(1), 1, atol=1e-6)
        assert invoke(port, volumes)[0] == 400
