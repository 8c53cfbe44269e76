"""One experiment per study, one run per model in it: the parents of the folds' runs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from radflow.files import sha256_record
from radflow.tracking.store import Mirror, connect, experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PARENT_TAG = "mlflow.parentRunId"
MODEL, FOLD, SEARCH = "model", "fold", "search"


def init(study: str, models: Sequence[str], *, uri: str, searched: str = "") -> None:
    """Make the store, the study's experiment and a run per model, where they do not exist.

    Called once before the workflow's jobs start: several processes that open a new sqlite store at
    once would break it. A store that is away costs one line.

    Parameters
    ----------
    study
        Name of the study, and of its experiment.
    models
        Names of its models.
    uri
        Address of the store.
    searched
        Model whose settings are searched: the search has a run, too.
    """
    mirror = Mirror(uri, "the workflow goes on, and its files are the record")
    mirror.attempt(_init, study, models, searched, uri=uri)


def _init(study: str, models: Sequence[str], searched: str, *, uri: str) -> None:
    client = connect(uri)
    experiment = experiment_id(client, study, uri)
    for model in models:
        model_run(client, experiment, study=study, model=model)
    if searched:
        search_run(client, experiment, study=study, model=searched)


def model_run(client: "MlflowClient", experiment: str, *, study: str, model: str) -> "Run":
    """Find the run of a model, or create it (finished: it only holds results and children)."""
    return _parent(client, experiment, {"role": MODEL, "study": study, "model": model}, name=model)


def search_run(client: "MlflowClient", experiment: str, *, study: str, model: str) -> "Run":
    """Find the run of a search over a model's settings, or create it, as `model_run` does."""
    tags = {"role": SEARCH, "study": study, "model": model}
    return _parent(client, experiment, tags, name=f"{model} search")


def _parent(
    client: "MlflowClient", experiment: str, tags: Mapping[str, str], *, name: str
) -> "Run":
    found = find_runs(client, experiment, role=tags["role"], model=tags["model"])
    if found:
        return found[0]
    key = sha256_record(dict(tags))
    run = client.create_run(experiment, run_name=name, tags={**tags, "job_key": key})
    client.set_terminated(run.info.run_id)
    return client.get_run(run.info.run_id)


def find_runs(client: "MlflowClient", experiment: str, **tags: str) -> list["Run"]:
    """List the active runs that carry all `tags`, newest first."""
    wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in sorted(tags.items()))
    return list(client.search_runs([experiment], wanted, order_by=["attributes.start_time DESC"]))


def supersede(client: "MlflowClient", runs: Sequence["Run"]) -> None:
    """Mark runs as superseded and delete them (MLflow keeps deleted runs until `mlflow gc`)."""
    for run in runs:
        client.set_tag(run.info.run_id, "superseded", "true")
        client.delete_run(run.info.run_id)
