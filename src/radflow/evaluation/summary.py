"""The numbers of one model in one part: means with intervals, and agreement of volumes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from radflow.config.evaluation import CompareRules
from radflow.evaluation.bootstrap import Interval, mean_interval
from radflow.evaluation.columns import METRICS
from radflow.evaluation.empties import EMPTY_VALUES
from radflow.evaluation.numbers import rounded, warnings_of
from radflow.evaluation.tables import MEAN, ClassValues, PartScores

_MISSING = "missing"


def summarise(scores: PartScores, rules: CompareRules) -> dict[str, Any]:
    """Summarise one model in one part.

    Parameters
    ----------
    scores
        Scores per class and case.
    rules
        Level, resamples and seed of the intervals.

    Returns
    -------
    dict
        ``n_cases``, ``n_subjects``, ``folds`` (where folds are pooled), ``missing`` (cases without
        a prediction), ``warnings``, and ``classes``: for each class and `MEAN` the metrics, the
        numbers of empties, and (not for `MEAN`) ``volume_agreement``. Numbers have six significant
        digits; None is what can't be estimated.
    """
    every = scores.classes[MEAN]
    subjects = len(set(every.subjects))
    record: dict[str, Any] = {
        "n_cases": len(every.cases),
        "n_subjects": subjects,
        "missing": [
            case for case, kinds in zip(every.cases, every.empty, strict=True) if _MISSING in kinds
        ],
        "warnings": warnings_of(subjects),
        "classes": {
            name: _summarise_class(values, rules) for name, values in scores.classes.items()
        },
    }
    for name, values in scores.classes.items():
        if name != MEAN:
            record["classes"][name]["volume_agreement"] = volume_agreement(
                values.values["volume_error_ml"], rules.confidence
            )
    return record | ({"folds": list(scores.folds)} if scores.folds else {})


def volume_agreement(errors_ml: NDArray[np.float64], confidence: float) -> dict[str, Any]:
    """Bias and limits of agreement of volumes: mean difference ± z SD.

    Bland & Altman 1986 (doi:10.1016/S0140-6736(86)90837-8), z = 1.96 for 95 %. The limits take
    cases as independent, so with several cases of a subject they are approximate.

    Parameters
    ----------
    errors_ml
        (n,) predicted minus reference volume of each case, ml.
    confidence
        Share of differences between the limits.

    Returns
    -------
    dict
        ``bias_ml``, ``low_ml``, ``high_ml`` (None for a single case), ``n``.
    """
    bias = float(errors_ml.mean())
    spread = _sample_sd(errors_ml)
    half = None if spread is None else float(ndtri((1.0 + confidence) / 2.0)) * spread
    return {
        "bias_ml": rounded(bias),
        "low_ml": None if half is None else rounded(bias - half),
        "high_ml": None if half is None else rounded(bias + half),
        "n": errors_ml.size,
    }


def interval_of(
    values: NDArray[np.float64], subjects: tuple[str, ...], rules: CompareRules
) -> Interval:
    """Interval of a mean over cases, with the rules' level, resamples and seed."""
    return mean_interval(
        values,
        subjects,
        rng=np.random.default_rng(rules.seed),
        samples=rules.bootstrap_samples,
        confidence=rules.confidence,
    )


def interval_record(interval: Interval) -> dict[str, Any]:
    """Bounds of an interval, how they were found, and why not."""
    return {
        "low": rounded(interval.low),
        "high": rounded(interval.high),
        "interval": interval.method,
        "reason": interval.reason,
    }


def _summarise_class(scores: ClassValues, rules: CompareRules) -> dict[str, Any]:
    record: dict[str, Any] = {metric: _summarise(scores, metric, rules) for metric in METRICS}
    counts = {kind: sum(kind in held for held in scores.empty) for kind in EMPTY_VALUES}
    return record | {"empties": counts}


def _summarise(scores: ClassValues, metric: str, rules: CompareRules) -> dict[str, Any]:
    values = scores.values[metric]
    interval = interval_of(values, scores.subjects, rules)
    return {
        "mean": rounded(interval.estimate),
        "sd": rounded(_sample_sd(values)),
        "median": rounded(float(np.median(values))),
        "n": values.size,
        "undefined": _undefined(scores, metric),
    } | interval_record(interval)


def _undefined(scores: ClassValues, metric: str) -> int:
    """Count values that the table of empties gave, because the metric is not defined."""
    if metric == "volume_error_ml":
        return sum(_MISSING in kinds for kinds in scores.empty)
    return sum(bool(kinds) for kinds in scores.empty)


def _sample_sd(values: NDArray[np.float64]) -> float | None:
    return float(values.std(ddof=1)) if values.size > 1 else None
