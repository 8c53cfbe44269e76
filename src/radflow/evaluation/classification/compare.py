"""Models of a classification side by side."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from radflow.config.classification import TargetRules
from radflow.config.evaluation import AnswerRules, CompareRules
from radflow.errors import EvaluationError
from radflow.evaluation.classification.measures import Terms
from radflow.evaluation.classification.methods import methods_of
from radflow.evaluation.classification.operating import choose_threshold
from radflow.evaluation.classification.pairs import comparisons
from radflow.evaluation.classification.summary import (
    Measured,
    Thresholds,
    measure,
    summarise,
)
from radflow.evaluation.classification.tables import PartAnswers, check_paired, read_model
from radflow.evaluation.ledger import read_ledger
from radflow.evaluation.pooling import TUNING, check_ledger
from radflow.files import write_json
from radflow.progress import say, track
from radflow.targets import Target


def compare(
    tables: Mapping[str, Mapping[str, Path]],
    output: Path,
    *,
    study: str,
    target: TargetRules,
    rules: CompareRules,
    points: AnswerRules,
    ledger: Path | None,
    baseline: str = "baseline",
) -> None:
    """Write every number of a study's models as one record, the same bytes on every run.

    Parameters
    ----------
    tables
        Model: part (``fold-K`` or ``test``): table of answers.
    output
        ``metrics.json``.
    study
        Name of the study.
    target
        The classes.
    rules
        Level, resamples and seed of the intervals.
    points
        How operating points are chosen, on tuning cases; stated prevalences; bins.
    ledger
        Ledger of accesses to the test part; None where the test part was never opened.
    baseline
        The model that every other one is compared with first, paired on the same cases.

    Raises
    ------
    EvaluationError
        When the baseline is missing, models answered for different cases, or the test part was read
        without an entry in the ledger.
    LeakError
        When a subject is in two parts.
    """
    if baseline not in tables:
        message = f"no tables of the baseline {baseline!r} among the models {sorted(tables)}"
        raise EvaluationError(message)
    terms = Terms(Target(target), rules, points)
    accesses = read_ledger(ledger) if ledger else []
    answers = {model: read_model(tables[model], terms.target) for model in sorted(tables)}
    check_ledger(answers, accesses)
    _check_parts(answers, baseline)
    models = _measure(answers, terms)
    compared = comparisons(models, baseline, terms)
    record: dict[str, Any] = {
        "study": study,
        "task": "classification",
        "kind": target.kind,
        "classes": list(target.classes),
        "confidence": rules.confidence,
        "bootstrap_samples": rules.bootstrap_samples,
        "seed": rules.seed,
        "methods": methods_of(terms.target, points),
        "models": {
            model: {part: _summary(each, terms) for part, each in parts.items()}
            for model, parts in models.items()
        },
        "comparisons": compared,
        "test_accesses": accesses,
    }
    write_json(output, record)
    say(f"compare: {len(models)} models, {len(compared)} comparisons -> {output}")


def _measure(
    answers: Mapping[str, Mapping[str, PartAnswers]], terms: Terms
) -> dict[str, dict[str, Measured]]:
    models: dict[str, dict[str, Measured]] = {model: {} for model in answers}
    todo = [(model, part) for model, parts in answers.items() for part in parts]
    for model, part in track(todo, "measure", unit="part"):
        thresholds = _thresholds(answers[model].get(TUNING), terms)
        models[model][part] = measure(answers[model][part], terms, thresholds)
    return models


def _thresholds(tuning: PartAnswers | None, terms: Terms) -> Thresholds:
    """Choose the operating point of each class on the tuning cases; None without them."""
    classes = terms.target.classes
    if tuning is None:
        return dict.fromkeys(classes)
    return {
        name: choose_threshold(tuning.truth[:, place], tuning.calibrated[:, place], terms.answers)
        for place, name in enumerate(classes)
    }


def _summary(measured: Measured, terms: Terms) -> dict[str, Any]:
    return summarise(measured, terms) | {
        "operating_points": {
            name: {"threshold": threshold, "rule": terms.answers.rule, "fitted_on": TUNING}
            for name, threshold in measured.thresholds.items()
        }
    }


def _check_parts(answers: Mapping[str, Mapping[str, PartAnswers]], baseline: str) -> None:
    """Hold every model against the baseline."""
    for model, parts in answers.items():
        for part, ours in parts.items():
            if part not in answers[baseline]:
                message = f"{model} has answers of {part}, the baseline {baseline!r} has none"
                raise EvaluationError(message)
            check_paired(model, ours, baseline, answers[baseline][part])
