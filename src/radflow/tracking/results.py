"""After the report: the study's results, and its models, in MLflow."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radflow.files import read_json, sha256_file, sha256_record
from radflow.progress import say
from radflow.tracking.flat import flat_metrics, flat_params
from radflow.tracking.parents import FOLD, PARENT_TAG, find_runs, model_run, supersede
from radflow.tracking.registry import register_model
from radflow.tracking.runs import create_fold_run, log_params, log_rows
from radflow.tracking.store import Mirror, connect, experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_BASELINE = "baseline"
_OF_A_MODEL = ("dataset", "network", "plan", "inference", "target", "view", "mirror_axes")
# A segmentation's numbers are means over cases, a classification's estimates over all of them.
_BOUNDS = {"mean": "", "estimate": "", "low": ".low", "high": ".high"}


def log_study(folder: Path, *, uri: str, figures: Path | None = None) -> None:
    """Bring MLflow in step with the files of a study.

    On the run of each model: parameters, final metrics with their confidence intervals
    (``tuning.anterior.dice``, ``.low``, ``.high``; of all classes of a classification together
    ``tuning.accuracy``), the report and its figures. The model is registered as ``STUDY-MODEL``
    with the alias ``champion``. A fold whose run is missing or incomplete (the store was away, or
    the files came by `dvc pull`) is rebuilt from its files. What is there already is not written
    again.

    Parameters
    ----------
    folder
        ``results/STUDY``, with ``metrics.json``, ``report.html`` and ``models``.
    uri
        Address of the store.
    figures
        Folder of the report's figures, if they are kept as files.
    """
    mirror = Mirror(uri, "nothing is lost: the files are the record")
    mirror.attempt(_log_study, folder, uri, figures)


def _log_study(folder: Path, uri: str, figures: Path | None) -> None:
    metrics = read_json(folder / "metrics.json")
    study = metrics["study"]
    client = connect(uri)
    experiment = experiment_id(client, study, uri)
    for model, parts in sorted(metrics["models"].items()):
        cards = _cards(folder / "models" / model, parts)
        for fold, card in cards.items():
            _mirror_fold(client, uri, fold, card)
        run = _settled_run(client, experiment, study=study, model=model, params=_params(cards))
        _log_results(client, run, parts, _files(folder, figures))
        if model != _BASELINE and cards:
            register_model(list(cards), f"{study}-{model}", run_id=run.info.run_id, uri=uri)
    say(f"MLflow: results of study {study} logged")


def _cards(folder: Path, parts: Mapping[str, Any]) -> dict[Path, Any]:
    """Read the cards of the folds that the results are of; others are left from other studies."""
    ran = {fold for part in parts.values() for fold in part.get("folds", [])}
    cards = {path.parent: read_json(path) for path in sorted(folder.glob("fold-*/model.json"))}
    return {fold: card for fold, card in cards.items() if not ran or card["fold"] in ran}


def _params(cards: Mapping[Path, Mapping[str, Any]]) -> dict[str, str]:
    if not cards:
        return {}
    card = next(iter(cards.values()))
    chosen = {key: card[key] for key in _OF_A_MODEL if key in card}
    return flat_params({**chosen, "folds": [card["fold"] for card in cards.values()]})


def _files(folder: Path, figures: Path | None) -> list[Path]:
    candidates = [folder / "metrics.json", folder / "report.html"]
    if figures is not None:
        candidates += sorted(path for path in figures.iterdir() if path.is_file())
    return [path for path in candidates if path.is_file()]


def _mirror_fold(client: "MlflowClient", uri: str, folder: Path, card: Mapping[str, Any]) -> None:
    """Rebuild the run of a fold from its files, unless it ended with these weights."""
    tags = {
        "role": FOLD,
        "study": card["study"],
        "model": card["model"],
        "fold": str(card["fold"]),
        "weights_sha256": card["weights_sha256"],
    }
    experiment = experiment_id(client, card["study"], uri)
    known = {name: value for name, value in tags.items() if name != "study"}
    if any(run.info.status == "FINISHED" for run in find_runs(client, experiment, **known)):
        return
    params = {key: card[key] for key in (*_OF_A_MODEL[1:], "training") if key in card}
    run_id = create_fold_run(client, uri, {**tags, "rebuilt_from_files": "true"}, params)
    history = folder / "history.csv"
    if history.is_file():
        log_rows(client, run_id, _history(history))
    client.set_terminated(run_id)


def _history(path: Path) -> list[tuple[int, dict[str, Any]]]:
    import pandas as pd  # noqa: PLC0415

    rows: list[dict[str, Any]] = pd.read_csv(path).to_dict("records")
    return [(int(row["step"]), row) for row in rows]


def _settled_run(
    client: "MlflowClient", experiment: str, *, study: str, model: str, params: dict[str, str]
) -> "Run":
    """Give the model's run with these parameters; one with others is superseded, not changed."""
    run = model_run(client, experiment, study=study, model=model)
    if run.data.params == params:
        return run
    if run.data.params:
        supersede(client, [run])
        run = model_run(client, experiment, study=study, model=model)
        for child in find_runs(client, experiment, role=FOLD, model=model):
            client.set_tag(child.info.run_id, PARENT_TAG, run.info.run_id)
    log_params(client, run.info.run_id, params)
    return run


def _log_results(
    client: "MlflowClient", run: "Run", parts: Mapping[str, Any], files: list[Path]
) -> None:
    version = sha256_record([parts, [[path.name, sha256_file(path)] for path in files]])
    if run.data.tags.get("results_sha256") == version:
        return
    log_rows(client, run.info.run_id, [(0, _final_metrics(parts))])
    for path in files:
        folder = "figures" if path.suffix in {".png", ".svg"} else None
        client.log_artifact(run.info.run_id, str(path), folder)
    client.set_tag(run.info.run_id, "results_sha256", version)


def _final_metrics(parts: Mapping[str, Any]) -> dict[str, float]:
    """Name the numbers ``PART.METRIC`` of all classes together, ``PART.CLASS.METRIC`` of one."""
    numbers = {
        f"{part}.{name}": number
        for part, result in parts.items()
        for group in ({"": result.get("overall", {})}, result["classes"])
        for label, metrics in group.items()
        for metric, number in metrics.items()
        if isinstance(number, Mapping)
        for name in (f"{label}.{metric}" if label else metric,)
    }
    return flat_metrics(
        {
            f"{name}{suffix}": number.get(bound)
            for name, number in numbers.items()
            for bound, suffix in _BOUNDS.items()
            if bound in number
        }
    )
