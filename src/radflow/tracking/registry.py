"""The model registry: a study's model by name, to serve and to fetch."""

import shutil
import tempfile
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radflow.errors import ModelError
from radflow.files import read_json, sha256_record
from radflow.tracking.store import connect, default_uri, redact, sqlite_path

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

ALIAS = "champion"
CARD, WEIGHTS = "model.json", "weights.safetensors"
_PACKAGE = Path(__file__).resolve().parents[1]
_COMMON = (
    "mlflow",
    "nibabel",
    "numpy",
    "pandas",
    "pydantic",
    "safetensors",
    "scipy",
    "torch",
    "tqdm",
)
# By task: the file that MLflow runs to serve a model, and what it imports.
_SERVED = {
    "segmentation": ("serving.py", _COMMON),
    "classification": ("serving_classifier.py", (*_COMMON, "monai", "pyarrow")),
}


def register_model(folds: Sequence[Path], name: str, *, run_id: str, uri: str) -> str:
    """Log a model to a run and register it, unless a version holds the same weights.

    It is logged as *models from code*: the artifacts are safetensors and JSON, and no pickle is
    needed to load or to serve it.

    Parameters
    ----------
    folds
        The model's ``fold-K`` folders; of each, description and weights are taken.
    name
        Registered name.
    run_id
        The run it belongs to.
    uri
        Address of the store.

    Returns
    -------
    str
        The version that the alias ``champion`` now names.
    """
    client = connect(uri)
    weights = sha256_record(sorted(read_json(fold / CARD)["weights_sha256"] for fold in folds))
    number = _version_with(client, name, weights)
    if number is None:
        with tempfile.TemporaryDirectory() as staging:
            for fold in folds:
                target = Path(staging) / "model" / fold.name
                target.mkdir(parents=True)
                for file in (CARD, WEIGHTS):
                    shutil.copyfile(fold / file, target / file)
            info = _log(Path(staging) / "model", run_id, task=read_json(folds[0] / CARD)["task"])
        number = _create_version(client, name, info, weights)
    if str(client.get_registered_model(name).aliases.get(ALIAS)) != number:
        client.set_registered_model_alias(name, ALIAS, number)
    return number


@contextmanager
def downloaded_model(address: str, *, uri: str | None = None) -> Generator[Path]:
    """Fetch a registered model's files, for `radflow.inference.model.load_model` or a classifier's.

    Its code is not run: only safetensors and JSON are used.

    Parameters
    ----------
    address
        ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.
    uri
        Address of the store; None takes `default_uri`.

    Yields
    ------
    Path
        The folder of the model, removed when the block ends.

    Raises
    ------
    ModelError
        If the store is away, has no such model, or the model is not radflow's.
    """
    uri = uri or default_uri()
    with tempfile.TemporaryDirectory() as folder:
        yield _download(address, uri, Path(folder))


def _download(address: str, uri: str, folder: Path) -> Path:
    database = sqlite_path(uri)
    if database is not None and not database.is_file():
        message = (
            f"{address}: there is no MLflow store at {database}; run this in the project's "
            "folder, or set MLFLOW_TRACKING_URI"
        )
        raise ModelError(message)
    try:
        connect(uri)
        import mlflow  # noqa: PLC0415 - takes seconds

        place = mlflow.artifacts.download_artifacts(
            artifact_uri=address, dst_path=str(folder), tracking_uri=uri
        )
    except Exception as error:
        message = f"{address} can't be fetched from {redact(uri)}: {redact(str(error))}"
        raise ModelError(message) from error
    found = {path.parent.parent for path in Path(place).rglob("fold-*/model.json")}
    if len(found) != 1:
        message = f"{address} is no model of radflow: it holds {len(found)} folders of folds, not 1"
        raise ModelError(message)
    return found.pop()


def _version_with(client: "MlflowClient", name: str, weights: str) -> str | None:
    versions = client.search_model_versions(f"name='{name}'")
    matching = [item for item in versions if item.tags.get("weights_sha256") == weights]
    newest = max(matching, key=lambda item: int(item.version), default=None)
    return None if newest is None else str(newest.version)


def _log(folder: Path, run_id: str, *, task: str) -> Any:
    import mlflow  # noqa: PLC0415

    file, requirements = _SERVED[task]
    with mlflow.start_run(run_id=run_id), warnings.catch_warnings():
        # MLflow warns of its own classes' type hints, and that it can't check an array's.
        warnings.simplefilter("ignore", UserWarning)
        return mlflow.pyfunc.log_model(
            name="model",
            python_model=str(_PACKAGE / file),
            artifacts={"model": str(folder)},
            signature=_signature(task),
            pip_requirements=_pinned(requirements),
            code_paths=[str(_PACKAGE)],
        )


def _signature(task: str) -> "ModelSignature":
    """Say which arrays a model takes and gives; see `radflow.serving`, `serving_classifier`."""
    import numpy as np  # noqa: PLC0415
    from mlflow.models import ModelSignature  # noqa: PLC0415
    from mlflow.types import Schema, TensorSpec  # noqa: PLC0415

    volumes, labels = (-1, -1, -1, -1), TensorSpec(np.dtype(np.uint8), (-1, -1, -1, -1))
    if task == "classification":
        volumes, labels = (-1, *volumes), TensorSpec(np.dtype(np.float64), (-1, -1))
    inputs = TensorSpec(np.dtype(np.float32), volumes)
    return ModelSignature(inputs=Schema([inputs]), outputs=Schema([labels]))


def _create_version(client: "MlflowClient", name: str, info: Any, weights: str) -> str:
    """Register what was logged, with the hash of its weights from the first moment."""
    if not client.search_registered_models(f"name='{name}'"):
        client.create_registered_model(name)
    created = client.create_model_version(
        name,
        info.model_uri,
        run_id=info.run_id,
        tags={"weights_sha256": weights},
        model_id=info.model_id,
    )
    return str(created.version)


def _pinned(requirements: Sequence[str]) -> list[str]:
    # A local label such as +cpu names a build that no registry has.
    return [f"{name}=={version(name).partition('+')[0]}" for name in requirements]
