"""The runs of a search: one for the search, below it one for each trial and repetition."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from radflow.files import sha256_record
from radflow.tracking.parents import MODEL, find_runs, search_run, supersede
from radflow.tracking.runs import FoldRun, Job, create_below, log_rows, mirrored
from radflow.tracking.store import Mirror, connect, default_uri, experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRIAL, REPEAT = "trial", "repeat"
Role = Literal["trial", "repeat"]


@contextmanager
def trial_run(
    study: str,
    *,
    model: str,
    role: Role,
    number: int,
    job: Job,
    params: Mapping[str, Any],
    uri: str | None = None,
) -> Generator[FoldRun]:
    """Mirror a trial as a run below that of its search, finished when the block ends.

    Older runs of the same trial are superseded, so that there is one active run per trial however
    often its rule runs.

    Parameters
    ----------
    study, model
        Whose settings are searched.
    role, number
        A trial, or a repetition of the best, and which.
    job
        What decides the result.
    params
        What was drawn.
    uri
        Address of the store; None takes `default_uri`.

    Yields
    ------
    FoldRun
        To log to; it does nothing where the store is away, which one line says.
    """
    address = uri or default_uri()
    tags = {"role": role, "study": study, MODEL: model, "number": str(number), **job.tags}

    def create() -> tuple["MlflowClient", str]:
        client = connect(address)
        experiment = experiment_id(client, study, address)
        parent = search_run(client, experiment, study=study, model=model)
        older = find_runs(client, experiment, role=role, model=model, number=str(number))
        supersede(client, older)
        name = f"{model} {role} {number}"
        return client, create_below(client, parent, name=name, tags=tags, params=params)

    with mirrored(create, uri=address) as run:
        yield run


def log_search(record: Mapping[str, Any], file: Path, *, uri: str | None = None) -> None:
    """Bring the run of a search in step with its summary; a store that is away costs one line.

    Parameters
    ----------
    record
        As `radflow.search.summary.write_summary` gives it.
    file
        Where it lies; stored with the run.
    uri
        Address of the store; None takes `default_uri`.
    """
    address = uri or default_uri()
    mirror = Mirror(address, "nothing is lost: the files are the record")
    mirror.attempt(_log_search, record, file, address)


def _log_search(record: Mapping[str, Any], file: Path, uri: str) -> None:
    client = connect(uri)
    study, model = record["study"], record["rules"]["model"]
    experiment = experiment_id(client, study, uri)
    parent = search_run(client, experiment, study=study, model=model).info.run_id
    for role, kept in ((TRIAL, record["trials"]), (REPEAT, record["repetitions"])):
        numbers = {str(each["number"]) for each in kept}
        runs = find_runs(client, experiment, role=role, model=model)
        supersede(client, [run for run in runs if run.data.tags.get("number") not in numbers])
    version = sha256_record(record)
    if client.get_run(parent).data.tags.get("results_sha256") == version:
        return
    best, spread = record["best"] or {}, record["spread"] or {}
    log_rows(client, parent, [(0, {**record["counts"], "best": best.get("score"), **spread})])
    for key, value in best.get("parameters", {}).items():
        client.set_tag(parent, f"best.{key}", str(value))
    client.log_artifact(parent, str(file))
    client.set_tag(parent, "results_sha256", version)
