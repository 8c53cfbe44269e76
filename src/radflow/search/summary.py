"""All trials of a search, the best, and its spread over seeds, in one record."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from radflow.config.search import SearchRules
from radflow.files import read_json, write_json
from radflow.search.record import TrialRecord, best_of, read_records


def write_summary(
    trials: Sequence[Path],
    repetitions: Sequence[Path],
    output: Path,
    *,
    study: str,
    rules: SearchRules,
    model: Path,
) -> dict[str, Any]:
    """Write ``search.json``, and give it.

    Parameters
    ----------
    trials, repetitions
        Records of the trials, and of the best trained again with other seeds.
    output
        File to write.
    study
        Name of the study.
    rules
        Of the search.
    model
        ``model.json`` of the model as the study has it, trained on the same fold.

    Returns
    -------
    dict
        study, task, rules, trials, counts (trials by state), best (None where none was complete),
        repetitions, spread (n, mean, sd, lowest, highest of the repetitions' scores; sd is None
        of one; None without any) and present (score and steps with the study's own settings).
    """
    found, again = read_records(trials), read_records(repetitions)
    best = best_of(found)
    card = read_json(model)
    record = {
        "study": study,
        "task": card["task"],
        "rules": rules.model_dump(mode="json"),
        "trials": [_plain(each) for each in found],
        "counts": {
            state: sum(each.state == state for each in found)
            for state in ("complete", "pruned", "failed")
        },
        "best": None if best is None else {**_plain(best), "settings": nested(best.parameters)},
        "repetitions": [_plain(each) for each in again],
        "spread": _spread([each.score for each in again if each.score is not None]),
        "present": _present(card["training"]),
    }
    write_json(output, record)
    return record


def nested(parameters: dict[str, Any]) -> dict[str, Any]:
    """Write dotted keys as sections within sections, as a study's file has them.

    Examples
    --------
    >>> nested({"training.learning_rate": 0.01, "network.depth": 18})
    {'training': {'learning_rate': 0.01}, 'network': {'depth': 18}}
    """
    made: dict[str, Any] = {}
    for key, value in parameters.items():
        *sections, last = key.split(".")
        place = made
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    return made


def _plain(record: TrialRecord) -> dict[str, Any]:
    return record.model_dump(mode="json")


def _spread(scores: Sequence[float]) -> dict[str, float | int | None] | None:
    if not scores:
        return None
    return {
        "n": len(scores),
        "mean": statistics.fmean(scores),
        "sd": statistics.stdev(scores) if len(scores) > 1 else None,
        "lowest": min(scores),
        "highest": max(scores),
    }


def _present(training: dict[str, Any]) -> dict[str, Any]:
    return {"score": training["best_score"], "steps": training["steps_done"]}
