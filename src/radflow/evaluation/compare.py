"""Models of a study side by side: means with intervals, and paired comparisons."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from radflow.config.evaluation import CompareRules
from radflow.errors import EvaluationError
from radflow.evaluation.bootstrap import holm, signed_rank_p
from radflow.evaluation.columns import METRICS
from radflow.evaluation.ledger import read_ledger
from radflow.evaluation.numbers import rounded, significant
from radflow.evaluation.pooling import TEST, TUNING, check_ledger
from radflow.evaluation.summary import interval_of, interval_record, summarise
from radflow.evaluation.tables import PartScores, check_paired, read_model
from radflow.files import write_json
from radflow.progress import say, track

INTERVAL = (
    "bootstrap of the mean over cases, resampling subjects with all their cases; BCa (Efron 1987), "
    "percentile where BCa is not estimable; none for medians"
)
PAIRED_TEST = (
    "Wilcoxon signed-rank test of subject means (zeros ranked: Pratt 1959), two-sided; Holm 1979 "
    "over all comparisons of a part"
)


def compare(
    tables: Mapping[str, Mapping[str, Path]],
    output: Path,
    *,
    study: str,
    rules: CompareRules,
    ledger: Path | None,
    baseline: str = "baseline",
) -> None:
    """Write every number of a study's models as one record, the same bytes on every run.

    Parameters
    ----------
    tables
        Model: part (``fold-K`` or ``test``): table of scores per case and class.
    output
        ``metrics.json``.
    study
        Name of the study.
    rules
        Level, resamples and seed of the intervals.
    ledger
        Ledger of accesses to the test part; None where the test part was never opened.
    baseline
        The model that every other one is compared with, paired on the same cases.

    Raises
    ------
    EvaluationError
        When the baseline is missing, models were scored on different cases, or the test part was
        read without an entry in the ledger.
    LeakError
        When a subject is in two parts.
    """
    if baseline not in tables:
        message = f"no tables of the baseline {baseline!r} among the models {sorted(tables)}"
        raise EvaluationError(message)
    accesses = read_ledger(ledger) if ledger else []
    scores = {model: read_model(tables[model]) for model in sorted(tables)}
    check_ledger(scores, accesses)
    _check_parts(scores, baseline)
    comparisons = _comparisons(scores, baseline, rules)
    record: dict[str, Any] = {
        "study": study,
        "confidence": rules.confidence,
        "bootstrap_samples": rules.bootstrap_samples,
        "methods": {"interval": INTERVAL, "paired_test": PAIRED_TEST},
        "models": _summaries(scores, rules),
        "comparisons": comparisons,
        "test_accesses": accesses,
    }
    write_json(output, record)
    say(f"compare: {len(scores)} models, {len(comparisons)} comparisons -> {output}")


def _summaries(
    scores: Mapping[str, Mapping[str, PartScores]], rules: CompareRules
) -> dict[str, dict[str, Any]]:
    todo = [(model, part) for model, parts in scores.items() for part in parts]
    summaries: dict[str, dict[str, Any]] = {model: {} for model in scores}
    for model, part in track(todo, "summarise", unit="part"):
        summaries[model][part] = summarise(scores[model][part], rules)
    return summaries


def _comparisons(
    scores: Mapping[str, Mapping[str, PartScores]], baseline: str, rules: CompareRules
) -> list[dict[str, Any]]:
    """Compare models with the baseline; Holm's family is all comparisons of a part."""
    rows: list[dict[str, Any]] = []
    for part in (TUNING, TEST):
        family: list[dict[str, Any]] = [
            {"model": model, "reference": baseline, "part": part, **row}
            for model, parts in scores.items()
            if model != baseline and part in parts
            for row in _compare_part(parts[part], scores[baseline][part], rules)
        ]
        for row, corrected in zip(family, holm([row["p"] for row in family]), strict=True):
            rows.append(row | {"p": significant(row["p"]), "p_holm": significant(corrected)})
    return rows


def _compare_part(
    scores: PartScores, reference: PartScores, rules: CompareRules
) -> Iterator[dict[str, Any]]:
    """Compare two models on the same cases; both are ordered by case."""
    for name, ours in scores.classes.items():
        for metric in METRICS:
            differences = ours.values[metric] - reference.classes[name].values[metric]
            interval = interval_of(differences, ours.subjects, rules)
            yield {
                "class": name,
                "metric": metric,
                "difference": rounded(interval.estimate),
                "p": signed_rank_p(differences, ours.subjects),
                "n": differences.size,
                **interval_record(interval),
            }


def _check_parts(scores: Mapping[str, Mapping[str, PartScores]], baseline: str) -> None:
    """Hold every model against the baseline."""
    for model, parts in scores.items():
        for part, ours in parts.items():
            if part not in scores[baseline]:
                message = f"{model} has scores of {part}, the baseline {baseline!r} has none"
                raise EvaluationError(message)
            check_paired(model, ours, baseline, scores[baseline][part])
