"""Numbers of made-up answers in the form of ``metrics.json``, for the tests of a report.

Estimates are plain; intervals are those of nobody: a tenth to either side.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
REACH = 0.1
THRESHOLD = 0.4


def metrics_of(
    tables: Mapping[str, Mapping[str, pd.DataFrame]],
    classes: Sequence[str],
    *,
    kind: str,
    accesses: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Give the record of models, by part (``tuning``, ``test``), and their tables of answers."""
    models = {
        model: {part: _summary(table, classes, kind) for part, table in parts.items()}
        for model, parts in tables.items()
    }
    return {
        "study": "classes",
        "task": "classification",
        "kind": kind,
        "classes": list(classes),
        "confidence": 0.95,
        "bootstrap_samples": 1000,
        "methods": {"interval": "made up", "prevalence": "PPV and NPV are those of the sample"},
        "models": models,
        "comparisons": [
            _difference(models, model, part)
            for model, parts in models.items()
            for part in parts
            if model != "baseline"
        ],
        "test_accesses": list(accesses),
    }


def _summary(table: pd.DataFrame, classes: Sequence[str], kind: str) -> dict[str, Any]:
    truth = np.array([[name in ref.split(";") for name in classes] for ref in table["reference"]])
    p, raw = (table[[f"{k}:{name}" for name in classes]].to_numpy() for k in ("p", "raw"))
    several = kind == "multi-label"
    right = ((p > 0.5) == truth).all(1) if several else p.argmax(1) == truth.argmax(1)
    confusion = None
    if not several:
        confusion = [
            [int((truth[:, i] & (p.argmax(1) == j)).sum()) for j in range(len(classes))]
            for i in range(len(classes))
        ]
    areas = [_area(truth[:, place], p[:, place]) for place in range(len(classes))]
    overall = {
        "accuracy": right.mean(),
        "balanced_accuracy": right.mean(),
        "auc": float(np.mean([area for area in areas if area is not None])),
        "kappa": 0.5,
        **({"top_2": 0.9} if len(classes) > 2 and not several else {}),
        **{f"{key}{tail}": 0.3 for key in ("nll", "brier", "ece") for tail in ("", "_raw")},
    }
    n = len(table)
    return {
        "n_cases": n,
        "n_subjects": int(table["subject"].nunique()),
        "folds": [0, 1],
        "warnings": [],
        "counts": {name: int(truth[:, i].sum()) for i, name in enumerate(classes)},
        "overall": {key: _number(value, n) for key, value in overall.items()},
        "classes": {
            name: _of_class(truth[:, i], p[:, i], areas[i]) for i, name in enumerate(classes)
        },
        "operating_points": {
            name: {"threshold": THRESHOLD, "rule": "youden", "fitted_on": "tuning"}
            for name in classes
        },
        "confusion": confusion,
        "roc": {name: {"fpr": [0, 0.2, 1], "tpr": [0, 0.9, 1]} for name in classes},
        "pr": {name: {"recall": [0, 0.7, 1], "precision": [1, 0.8, 0.4]} for name in classes},
        "reliability": {
            "calibrated": _bins(p.max(1), right),
            "raw": _bins(raw.max(1), right),
        },
    }


def _of_class(truth: npt.NDArray[np.bool_], p: Floats, area: float | None) -> dict[str, Any]:
    called, n = p >= THRESHOLD, len(truth)
    shares = {
        "sensitivity": (called & truth, truth),
        "specificity": (~called & ~truth, ~truth),
        "ppv": (called & truth, called),
        "npv": (~called & ~truth, ~called),
    }
    return {
        "n": int(truth.sum()),
        "auc": _number(area, n),
        "average_precision": _number(0.8, n),
        **{
            key: _number(found.sum() / among.sum() if among.any() else None, n)
            for key, (found, among) in shares.items()
        },
    }


def _area(truth: npt.NDArray[np.bool_], p: Floats) -> float | None:
    if truth.all() or not truth.any():
        return None
    gaps = p[truth][:, None] - p[~truth][None, :]
    return float(((gaps > 0) + 0.5 * (gaps == 0)).mean())


def _number(value: float | None, n: int) -> dict[str, Any]:
    if value is None:
        nothing = dict.fromkeys(("estimate", "low", "high", "interval"))
        return {**nothing, "reason": "no case has the class", "n": 0}
    low, high = max(float(value) - REACH, 0), min(float(value) + REACH, 1)
    return {
        "estimate": float(value),
        "low": low,
        "high": high,
        "interval": "made up",
        "reason": "",
        "n": n,
    }


def _difference(models: Mapping[str, Any], model: str, part: str) -> dict[str, Any]:
    ours, theirs = (models[name][part]["overall"]["accuracy"] for name in (model, "baseline"))
    difference = ours["estimate"] - theirs["estimate"]
    return {
        "model": model,
        "reference": "baseline",
        "part": part,
        "metric": "accuracy",
        "class": "",
        "difference": difference,
        "low": difference - REACH,
        "high": difference + REACH,
        "p": 0.01,
        "p_holm": 0.02,
        "test": "McNemar, exact",
        "n": ours["n"],
    }


def _bins(p: Floats, right: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for low in np.linspace(0, 0.9, 10):
        inside = (p > low) & (p <= low + 0.1)
        held = bool(inside.any())
        rows.append(
            {
                "low": float(low),
                "high": float(low + 0.1),
                "n": int(inside.sum()),
                "mean_probability": float(p[inside].mean()) if held else None,
                "share_right": float(right[inside].mean()) if held else None,
            }
        )
    return rows
