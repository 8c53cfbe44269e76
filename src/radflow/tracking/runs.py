"""One run per trained fold, below the run of its model."""

import os
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from radflow.files import sha256_record
from radflow.provenance import git_commit
from radflow.tracking.flat import flat_metrics, flat_params
from radflow.tracking.parents import FOLD, PARENT_TAG, find_runs, model_run, supersede
from radflow.tracking.store import Mirror, connect, default_uri, experiment_id, project_root

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

_AT_ONCE = 100  # most parameters MLflow takes in one call
_DIGEST_LETTERS = 36
_POSITION = ("epoch", "step")


@dataclass(frozen=True)
class Job:
    """What decides a run's result; runs with the same `key` are the same run.

    Attributes
    ----------
    rule
        Name of the Snakemake rule.
    configuration, data, code
        Hashes of the part of the study it depends on, of its inputs, and of its code.
    """

    rule: str
    configuration: str
    data: str
    code: str

    @property
    def key(self) -> str:
        """Hash of all four."""
        return sha256_record(asdict(self))

    @property
    def tags(self) -> dict[str, str]:
        """Tags of its run."""
        return {"job_key": self.key, **asdict(self)}


@dataclass(frozen=True)
class Manifest:
    """The training cases, for the dataset input of a run.

    Attributes
    ----------
    name
        Name of the dataset.
    source
        Path of the table relative to the project; no machine's path and no patient's name.
    digest
        Hash of the table's file.
    table
        One row per case; MLflow keeps its column types and size, not its content.
    """

    name: str
    source: str
    digest: str
    table: pd.DataFrame


class FoldRun:
    """The run of one fold in training. No method raises: the files are the record."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._client: MlflowClient | None = None
        self._monitor: SystemMetricsMonitor | None = None
        self.run_id: str | None = None

    def log_epoch(self, row: Mapping[str, Any], step: int) -> None:
        """Log the finite numbers of one row of ``history.csv`` at optimiser step `step`."""
        self.log_history([(step, row)])

    def log_history(self, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Log rows of epochs, each with its step; say, those before a training was resumed."""
        rows = list(rows)
        self._do(lambda client, run_id: log_rows(client, run_id, rows))

    def log_artifact(self, path: Path, folder: str | None = None) -> None:
        """Store a file, in `folder` of the run's artifacts."""
        self._do(lambda client, run_id: client.log_artifact(run_id, str(path), folder))

    def tag(self, **tags: str) -> None:
        """Set tags. ``weights_sha256`` tells `radflow.tracking.results` that the run is whole."""

        def set_tags(client: "MlflowClient", run_id: str) -> None:
            for name, value in tags.items():
                client.set_tag(run_id, name, value)

        self._do(set_tags)

    def start(self, action: Callable[[], tuple["MlflowClient", str]]) -> None:
        """Let `action` create the run, and switch MLflow's system metrics on."""
        self._client, self.run_id = self._mirror.attempt(action) or (None, None)
        self._do(self._watch)

    def log_manifest(self, manifest: Manifest) -> None:
        """Log the training cases as a dataset input."""
        self._do(lambda client, run_id: _log_manifest(client, run_id, manifest))

    def finish(self, status: str) -> None:
        """End the run: FINISHED, FAILED or KILLED."""
        if self._monitor is not None:
            self._monitor.finish()
        self._do(lambda client, run_id: client.set_terminated(run_id, status))

    def _watch(self, _: "MlflowClient", run_id: str) -> None:
        # Not `mlflow.start_run(log_system_metrics=True)`: ending that run needs the store, and
        # leaves its thread behind where the store is away.
        from mlflow.system_metrics.system_metrics_monitor import (  # noqa: PLC0415
            SystemMetricsMonitor,
        )

        self._monitor = SystemMetricsMonitor(run_id, tracking_uri=self._mirror.uri)
        self._monitor.start()

    def _do(self, action: Callable[["MlflowClient", str], None]) -> None:
        client, run_id = self._client, self.run_id
        if client is not None and run_id is not None:
            self._mirror.attempt(action, client, run_id)


@contextmanager
def fold_run(
    study: str,
    *,
    model: str,
    fold: int,
    job: Job,
    params: Mapping[str, Any],
    manifest: Manifest | None = None,
    uri: str | None = None,
) -> Generator[FoldRun]:
    """Mirror the training of one fold as a run, finished when the block ends.

    Older runs of the same study, model and fold are superseded, so that there is one active run
    per fold however often its rule runs. In the further processes of a training on several
    devices nothing is logged.

    Parameters
    ----------
    study, model, fold
        What is trained.
    job
        What decides the result.
    params
        Nested record of parameters; flattened, long values cut.
    manifest
        The training cases.
    uri
        Address of the store; None takes `default_uri`.

    Yields
    ------
    FoldRun
        To log to; it does nothing where the store is away, which one line says.
    """
    address = uri or default_uri()
    tags = {"role": FOLD, "study": study, "model": model, "fold": str(fold), **job.tags}
    with mirrored(lambda: _create(address, tags, params), uri=address) as run:
        if manifest is not None:
            run.log_manifest(manifest)
        yield run


@contextmanager
def mirrored(create: Callable[[], tuple["MlflowClient", str]], *, uri: str) -> Generator[FoldRun]:
    """Mirror a training to the run that `create` makes; see `fold_run`."""
    run = FoldRun(Mirror(uri, "training goes on, and its files are the record"))
    if is_first_process():
        run.start(create)
    status = "FAILED"
    try:
        yield run
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        run.finish(status)


def create_fold_run(
    client: "MlflowClient", uri: str, tags: Mapping[str, str], params: Mapping[str, Any]
) -> str:
    """Create the run of a fold below its model's, supersede older ones, and give its id.

    `tags` holds at least role, study, model and fold.
    """
    experiment = experiment_id(client, tags["study"], uri)
    parent = model_run(client, experiment, study=tags["study"], model=tags["model"])
    older = find_runs(client, experiment, role=FOLD, model=tags["model"], fold=tags["fold"])
    supersede(client, older)
    name = f"{tags['model']} fold {tags['fold']}"
    return create_below(client, parent, name=name, tags=tags, params=params)


def create_below(
    client: "MlflowClient",
    parent: "Run",
    *,
    name: str,
    tags: Mapping[str, str],
    params: Mapping[str, Any],
) -> str:
    """Create a run below another, with the commit and its parameters, and give its id."""
    run = client.create_run(
        parent.info.experiment_id,
        run_name=name,
        tags={**tags, PARENT_TAG: parent.info.run_id, **_git_tags()},
    )
    log_params(client, run.info.run_id, flat_params(params))
    return run.info.run_id


def log_params(client: "MlflowClient", run_id: str, params: Mapping[str, str]) -> None:
    """Log flat parameters."""
    from mlflow.entities import Param  # noqa: PLC0415

    entries = [Param(name, value) for name, value in params.items()]
    for first in range(0, len(entries), _AT_ONCE):
        client.log_batch(run_id, params=entries[first : first + _AT_ONCE])


def log_rows(
    client: "MlflowClient", run_id: str, rows: Iterable[tuple[int, Mapping[str, Any]]]
) -> None:
    """Log the finite numbers of rows, each at its step."""
    from mlflow.entities import Metric  # noqa: PLC0415

    now = int(time.time() * 1000)
    metrics = [
        Metric(name, value, now, step)
        for step, row in rows
        for name, value in flat_metrics(row).items()
        if name not in _POSITION
    ]
    for first in range(0, len(metrics), _AT_ONCE):
        client.log_batch(run_id, metrics=metrics[first : first + _AT_ONCE])


def _create(
    uri: str, tags: Mapping[str, str], params: Mapping[str, Any]
) -> tuple["MlflowClient", str]:
    client = connect(uri)
    return client, create_fold_run(client, uri, tags, params)


def _log_manifest(client: "MlflowClient", run_id: str, manifest: Manifest) -> None:
    from mlflow.data.pandas_dataset import from_pandas  # noqa: PLC0415
    from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: PLC0415

    with warnings.catch_warnings():
        # MLflow registers its source for local paths twice, and warns that both fit.
        warnings.simplefilter("ignore", UserWarning)
        dataset = from_pandas(
            manifest.table,
            source=manifest.source,
            name=manifest.name,
            digest=manifest.digest[:_DIGEST_LETTERS],
        )
    context = InputTag("mlflow.data.context", "training")
    digest = InputTag("sha256", manifest.digest)
    entry = DatasetInput(Dataset(**dataset.to_dict()), [context, digest])
    client.log_inputs(run_id, [entry])


def _git_tags() -> dict[str, str]:
    commit, dirty = git_commit(project_root())
    return {"mlflow.source.git.commit": commit, "git_dirty": str(dirty).lower()} if commit else {}


def is_first_process() -> bool:
    """Tell whether this is the first of the processes that train on several devices together."""
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "LOCAL_RANK"))
