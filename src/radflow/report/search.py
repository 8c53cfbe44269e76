"""What a random search tried, what was best, and how firm that is."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup

from radflow.files import read_json
from radflow.report.load import AnyTrained
from radflow.report.numbers import DASH, count, interval, number
from radflow.report.search_draw import Line, axis_of, parallel_coordinates
from radflow.report.sections import OptionalSection
from radflow.report.tables import Table, table

_DIGITS = 4
_WAYS = {
    "log_uniform": "evenly in the logarithm",
    "uniform": "evenly",
    "whole": "whole numbers, evenly",
}
_SCORES = {
    "segmentation": "the mean Dice",
    "classification": "minus the log loss before any calibration, so 0 is best",
}
NOT_TESTED = (
    "Trials were judged on the tuning cases of one fold alone: no case of the test part was read, "
    "neither for training nor for choosing."
)

Search = Mapping[str, Any]


def search_context(path: Path) -> dict[str, Any] | None:
    """Bring together what the section of a search shows.

    Parameters
    ----------
    path
        ``search.json`` of the study (`radflow.search.summary.write_summary`).

    Returns
    -------
    dict or None
        method, ends, found (sentences), not_tested, space, trials, repetitions (tables; the last
        None without any), figure (SVG, or None where no trial had a score), model and settings
        (YAML to copy, empty without a best); None where there is no such file.
    """
    if not path.exists():
        return None
    record: Search = read_json(path)
    best = record["best"]
    model = record["rules"]["model"]
    copied = {"models": {model: best["settings"]}} if best else {}
    return {
        "method": tuple(_method(record)),
        "ends": tuple(_ends(record)),
        "found": tuple(_found(record)),
        "not_tested": NOT_TESTED,
        "space": _space(record["rules"]["space"]),
        "trials": _trials(record),
        "repetitions": _repetitions(record["repetitions"]) if record["repetitions"] else None,
        "figure": _figure(record),
        "model": model,
        "settings": yaml.safe_dump(copied, sort_keys=False) if best else "",
    }


def _of_study(data: AnyTrained) -> dict[str, Any] | None:
    path = data.inputs.extras.get("search")
    return None if path is None else search_context(path)


SEARCH = OptionalSection("search", "Search of settings", after="training", context=_of_study)


def _method(record: Search) -> Iterator[str]:
    rules = record["rules"]
    drawn = count(len(rules["space"]), "setting")
    yield (
        f"{count(len(record['trials']), 'trial')} of the model {rules['model']} drew {drawn} at "
        f"random (Bergstra and Bengio 2012), with Optuna's random sampler; seed {rules['seed']} "
        "and the number of a trial decide what it draws."
    )
    budget = f"{rules['budget']:,} optimiser steps" if rules["budget"] else "the model's own budget"
    yield (
        f"Each trained with {budget} on fold {rules['fold']}, with the model's own seed. Its "
        f"tuning score is {_SCORES[record['task']]}, of the epoch whose weights a training keeps."
    )


def _ends(record: Search) -> Iterator[str]:
    prune, counts = record["rules"]["prune"], record["counts"]
    if prune is None:
        yield "No trial was ended early."
    elif prune["method"] == "median":
        yield (
            f"From epoch {prune['from_epoch']} on a trial ended early when its highest score so "
            "far was below the median of the complete trials before it at the same epoch, once "
            f"{prune['after_trials']} were complete (Optuna's median pruner)."
        )
    else:
        yield (
            f"At epoch {prune['from_epoch']} and at each {prune['factor']}-fold of it a trial "
            f"ended early unless it was among the best 1 in {prune['factor']} that had come so "
            "far (Optuna's asynchronous successive halving)."
        )
    steps = sum(each["steps"] for each in record["trials"])
    yield (
        f"{counts['complete']} ran to the end, {counts['pruned']} were pruned, {counts['failed']} "
        f"failed; together they took {steps:,} steps."
    )


def _found(record: Search) -> Iterator[str]:
    best, spread, present = record["best"], record["spread"], record["present"]
    if best is None:
        yield "No trial ran to its end, so there is no best."
        return
    yield (
        f"Trial {best['number']} had the highest tuning score, {number(best['score'], _DIGITS)}. "
        f"The highest of {record['counts']['complete']} scores is too hopeful an estimate, since "
        "it was chosen for being high."
    )
    if spread is not None:
        sd = "" if spread["sd"] is None else f"SD {number(spread['sd'], _DIGITS)}, "
        ends = interval(spread["lowest"], spread["highest"], _DIGITS)
        yield (
            f"Trained again with {count(spread['n'], 'other seed')}, its settings reached a mean "
            f"of {number(spread['mean'], _DIGITS)} ({sd}lowest and highest {ends[1:-1]}): these "
            "scores were not chosen, but the tuning cases are the same."
        )
    yield (
        f"With the study's own settings {record['rules']['model']} reached "
        f"{number(present['score'], _DIGITS)} in {present['steps']:,} steps on the same fold."
    )


def _space(space: Mapping[str, Any]) -> Table:
    rows = [(key, *_range(dimension), _condition(dimension)) for key, dimension in space.items()]
    return table("What was drawn", ("setting", "values", "how", "only where"), rows)


def _range(dimension: Mapping[str, Any]) -> tuple[str, str]:
    for way, how in _WAYS.items():
        if dimension[way] is not None:
            low, high = dimension[way]
            return f"{low:.4g} {DASH} {high:.4g}", how
    return ", ".join(json.dumps(value) for value in dimension["choice"]), "each as likely"


def _condition(dimension: Mapping[str, Any]) -> str:
    return "; ".join(f"{key} is {json.dumps(value)}" for key, value in dimension["when"].items())


def _trials(record: Search) -> Table:
    keys = list(record["rules"]["space"])
    best = record["best"]["number"] if record["best"] else None
    rows = [
        (
            f"{each['number']}{' (best)' if each['number'] == best else ''}",
            _score(each),
            each["state"],
            each["steps"],
            *(_value(each["parameters"], key) for key in keys),
        )
        for each in record["trials"]
    ]
    return table(
        "Every trial",
        ("trial", "tuning score", "state", "steps", *keys),
        rows,
        numeric={0, 1, 3},
        note="In brackets the highest score that a pruned trial had reached. A dash: not drawn.",
    )


def _repetitions(repetitions: Sequence[Search]) -> Table:
    rows = [(each["seed"], each["state"], each["steps"], _score(each)) for each in repetitions]
    return table(
        "The best settings with other seeds",
        ("seed", "state", "steps", "tuning score"),
        rows,
        numeric={0, 2, 3},
    )


def _score(trial: Search) -> str:
    reached = _reached(trial)
    if trial["state"] == "complete" and reached is not None:
        return number(reached, _DIGITS)
    return DASH if reached is None else f"({number(reached, _DIGITS)})"


def _reached(trial: Search) -> float | None:
    """Give a trial's score, or the highest it had reached when it ended early."""
    if trial["score"] is not None:
        return trial["score"]
    return max((score for score in trial["scores"] if score is not None), default=None)


def _value(parameters: Mapping[str, Any], key: str) -> str:
    if key not in parameters:
        return DASH
    value = parameters[key]
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value)


def _figure(record: Search) -> Markup | None:
    best = record["best"]["number"] if record["best"] else None
    lines = [
        Line(each["parameters"], score, each["state"] == "pruned", each["number"] == best)
        for each in record["trials"]
        if each["state"] != "failed" and (score := _reached(each)) is not None
    ]
    if not lines:
        return None
    axes = {key: axis_of(key, value) for key, value in record["rules"]["space"].items()}
    description = (
        f"Parallel coordinates of {count(len(lines), 'trial')}: one axis for each of "
        f"{', '.join(axes)}, and one for the tuning score, which is also the colour; pruned trials "
        "are dashed, the best is thick. The table of trials holds the numbers."
    )
    return Markup(parallel_coordinates(axes, lines, description=description))  # noqa: S704
