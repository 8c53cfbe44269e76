"""The learning curve of a study: accuracy against cases, and whether a better start shows in it."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from radflow.config.transfer import CurveRules
from radflow.errors import EvaluationError
from radflow.evaluation.numbers import significant
from radflow.files import read_json, write_json
from radflow.progress import say
from radflow.randomness import keyed_generator

METRICS = {"accuracy": "accuracy", "auc": "AUC", "nll": "log loss"}
_MOST_FLIPS = 16  # seeds up to which all changes of sign are tried; beyond, so many at random
_DRAWS = 1 << _MOST_FLIPS
_DIGITS = 6
_NOISE_DIGITS = 9
_NOISE = 10.0**-_NOISE_DIGITS
_P_VALUES = frozenset({"p", "p_flip", "least_p_flip"})

METHODS = {
    "points": (
        "each point is one training: under a seed, every model sees the same training cases, a "
        "class-stratified subset of the fold's; a larger one holds the smaller"
    ),
    "scores": (
        "on the fold's tuning cases, which also choose the epoch (never on the test part), without "
        "temperature: fit to compare models, too good as a final result"
    ),
    "test": (
        "paired over seeds: mean difference with Student's t interval and p; beside it the "
        "permutation test that flips the signs of the differences"
    ),
    "scope": "the spread is that of seeds and subsets, not of tuning cases, which are the same",
}

Floats = npt.NDArray[np.float64]


def write_curve(
    points: Sequence[Path], output: Path, *, rules: CurveRules, confidence: float
) -> None:
    """Gather the points of a learning curve and test the models against the first.

    Parameters
    ----------
    points
        Records of `radflow.training.point.train_point`: each model, size and seed once.
    output
        ``curve.json``: "study", "fold", "tuning_cases", "models", "sizes", "seeds", "compare_at",
        "confidence", "methods", "points" (as read), "summary" (model, size, metric, mean, sd, n),
        "comparisons" (model, reference, size, metric, difference, low, high, p, p_flip,
        least_p_flip, n), "conclusions" (a sentence for each model but the first), "start_from"
        (model: what its first point says).
    rules
        Models, sizes, seeds, and the size of the test.
    confidence
        Level of the intervals.

    Raises
    ------
    EvaluationError
        When a point is missing, or points of one size and seed saw different cases.
    """
    records: list[dict[str, Any]] = [read_json(path) for path in points]
    by_key = {(each["model"], each["size"], each["seed"]): each for each in records}
    _check(by_key, rules)
    comparisons = [
        _compare(model, metric, by_key, rules=rules, confidence=confidence)
        for model in rules.models[1:]
        for metric in METRICS
    ]
    first = records[0]
    record: dict[str, Any] = {
        **{key: first[key] for key in ("study", "fold", "tuning_cases")},
        "models": list(rules.models),
        "sizes": list(rules.sizes),
        "seeds": rules.seeds,
        "compare_at": rules.compare_at,
        "confidence": confidence,
        "methods": METHODS,
        "points": [by_key[key] for key in sorted(by_key)],
        "summary": _summary(by_key, rules),
        "comparisons": comparisons,
        "conclusions": [
            conclusion(row, fold=first["fold"], confidence=confidence)
            for row in comparisons
            if row["metric"] == "accuracy"
        ],
        "start_from": {
            model: by_key[model, rules.sizes[0], 0].get("start_from") for model in rules.models
        },
    }
    write_json(output, record)
    for sentence in record["conclusions"]:
        say(f"curve: {sentence}")


def paired(differences: Floats, *, confidence: float) -> dict[str, float | None]:
    """Test paired differences against zero.

    Parameters
    ----------
    differences
        ``(n,)``, one per seed, n at least 2.
    confidence
        Level of the interval.

    Returns
    -------
    dict
        ``difference`` (mean), ``low`` and ``high`` (Student's t), ``p`` of the two-sided t-test,
        ``p_flip`` of the two-sided permutation test over the signs (Fisher 1935; exact up to 16
        seeds), and ``least_p_flip``, the smallest that so many seeds can give. Without any spread
        ``p`` is 1 for no difference and else None: then there is nothing to measure it by. What
        is smaller than 1e-9 is rounding, and counts as nothing.
    """
    n, differences = differences.size, differences.round(_NOISE_DIGITS)
    mean, spread = float(differences.mean()), float(differences.std(ddof=1)) / n**0.5
    spread = spread if spread > _NOISE else 0.0
    half = float(student.ppf((1 + confidence) / 2, n - 1)) * spread
    p: float | None = 1.0 if abs(mean) <= _NOISE else None
    if spread > 0:
        p = float(2 * student.sf(abs(mean) / spread, n - 1))
    signs = _signs(n)
    flipped = np.abs(signs @ differences) / n
    extreme = flipped >= abs(mean) - _NOISE
    return {
        "difference": mean,
        "low": mean - half,
        "high": mean + half,
        "p": p,
        "p_flip": float(extreme.mean()),
        "least_p_flip": 2 / len(signs),
    }


def conclusion(row: Mapping[str, Any], *, fold: int, confidence: float) -> str:
    """Say in one sentence whether a model beats the first; it does if the interval says so."""
    model, reference, n = row["model"], row["reference"], row["n"]
    beats = row["p"] is not None and row["low"] > 0
    worse = row["p"] is not None and row["high"] < 0
    said = "beats" if beats else "is worse than" if worse else "does not beat"
    p = "not estimable: no spread over seeds" if row["p"] is None else f"{row['p']:.2g}"
    level = f"{100 * confidence:g} %"
    return (
        f"Trained on {row['size']} cases, {model} {said} {reference} in accuracy on the tuning "
        f"cases of fold {fold}: {_signed(row['difference'])} ({level} interval "
        f"{_signed(row['low'])} to {_signed(row['high'])}; paired t-test over {n} seeds p = {p}; "
        f"sign-flip permutation p = {row['p_flip']:.2g}, of which {row['least_p_flip']:.2g} is the "
        f"least that {n} seeds can give)."
    )


def _compare(
    model: str,
    metric: str,
    points: Mapping[tuple[str, int, int], Mapping[str, Any]],
    *,
    rules: CurveRules,
    confidence: float,
) -> dict[str, Any]:
    reference, size = rules.models[0], rules.compare_at
    ours, theirs = (
        [points[name, size, seed][metric] for seed in range(rules.seeds)]
        for name in (model, reference)
    )
    head = {"model": model, "reference": reference, "size": size, "metric": metric}
    if None in ours or None in theirs:
        empty = dict.fromkeys(("difference", "low", "high", "p", "p_flip", "least_p_flip"))
        return {**head, **empty, "n": rules.seeds}
    tested = paired(np.array(ours) - np.array(theirs), confidence=confidence)
    kept = {k: significant(v) if k in _P_VALUES else _rounded(v) for k, v in tested.items()}
    return {**head, **kept, "n": rules.seeds}


def _summary(
    points: Mapping[tuple[str, int, int], Mapping[str, Any]], rules: CurveRules
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for model, size, metric in product(rules.models, rules.sizes, METRICS):
        values = [points[model, size, seed][metric] for seed in range(rules.seeds)]
        known = None not in values
        rows.append(
            {
                "model": model,
                "size": size,
                "metric": metric,
                "mean": _rounded(float(np.mean(values))) if known else None,
                "sd": _rounded(float(np.std(values, ddof=1))) if known else None,
                "n": len(values),
            }
        )
    return rows


def _check(points: Mapping[tuple[str, int, int], Mapping[str, Any]], rules: CurveRules) -> None:
    wanted = set(product(rules.models, rules.sizes, range(rules.seeds)))
    if missing := sorted(wanted - set(points)):
        message = f"{len(missing)} points of the curve are missing, first {missing[0]}: train them"
        raise EvaluationError(message)
    for size, seed in product(rules.sizes, range(rules.seeds)):
        seen = {points[model, size, seed]["cases_sha256"] for model in rules.models}
        if len(seen) > 1:
            message = (
                f"models of the curve saw different cases at size {size}, seed {seed}, so they "
                "can't be compared in pairs: delete the points and train them again"
            )
            raise EvaluationError(message)


def _signs(n: int) -> Floats:
    """Give all changes of sign ``(2^n, n)``; beyond 16 seeds so many, drawn, and the identity."""
    if n <= _MOST_FLIPS:
        return np.array(list(product((1.0, -1.0), repeat=n)))
    drawn = keyed_generator("flips", n).choice((1.0, -1.0), size=(_DRAWS, n))
    drawn[0] = 1.0
    return drawn


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")
