"""The numbers of one model in one part, with intervals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radflow.evaluation.classification.agreement import confusions
from radflow.evaluation.classification.calibration import reliability
from radflow.evaluation.classification.curves import precision_recall, roc, thinned
from radflow.evaluation.classification.delong import LEAST_CASES, area_interval, delong
from radflow.evaluation.classification.measures import (
    OVERALL,
    Measure,
    Terms,
    answered,
    class_measures,
    judged,
    overall_measures,
    shares_at,
)
from radflow.evaluation.classification.proportions import wilson
from radflow.evaluation.classification.resampling import Bounds, Draws, bounds_of, draw, mean_of
from radflow.evaluation.classification.statistics import Floats
from radflow.evaluation.classification.tables import PartAnswers
from radflow.evaluation.numbers import rounded, warnings_of
from radflow.targets import Target

AT_THRESHOLD = ("sensitivity", "specificity", "ppv", "npv")
MOST_POINTS = 400
"""Points of a curve that are kept to draw it by; areas are those of all."""

Thresholds = Mapping[str, float | None]


@dataclass(frozen=True)
class Measured:
    """Answers of one model in one part, and the draws of all their statistics."""

    answers: PartAnswers
    thresholds: Thresholds
    draws: Mapping[Measure, Draws]


def measure(answers: PartAnswers, terms: Terms, thresholds: Thresholds) -> Measured:
    """Compute all statistics of a part, and of the resamples of its subjects.

    Parameters
    ----------
    answers
        Of one model in one part.
    terms
        The classes; resamples and seed; prevalences and bins.
    thresholds
        Class: operating point, chosen on tuning cases; None where there is none.
    """
    rules, target = terms.compare, terms.target
    statistics = overall_measures(answers, terms) | class_measures(answers, terms, thresholds)
    draws = draw(statistics, answers.subjects, seed=rules.seed, samples=rules.bootstrap_samples)
    names = target.classes[1:] if target.rules.kind == "binary" else target.classes
    draws[OVERALL, "auc"] = mean_of([draws[name, "auc"] for name in names])
    return Measured(answers, thresholds, draws)


def summarise(measured: Measured, terms: Terms) -> dict[str, Any]:
    """Summarise one model in one part; `terms` as in `measure`.

    Returns
    -------
    dict
        Counts, warnings, metrics overall and of each class, the table of confusions, curves and
        reliability. Numbers have six significant digits; None is what can't be estimated, and its
        ``reason`` says why.
    """
    answers, target = measured.answers, terms.target
    subjects = len(set(answers.subjects))
    counts = dict(zip(target.classes, answers.truth.sum(axis=0).tolist(), strict=True))
    record: dict[str, Any] = {
        "n_cases": len(answers.cases),
        "n_subjects": subjects,
        "missing": [answers.cases[place] for place in np.flatnonzero(answers.missing)],
        "counts": counts,
        "overall": {
            metric: _overall(measured, metric, terms)
            for name, metric in measured.draws
            if name == OVERALL
        },
        "classes": {
            name: {"n": counts[name], **_of_class(measured, place, terms)}
            for place, name in enumerate(target.classes)
        },
        "confusion": _confusion(answers, target),
        **_curves(answers, target),
        "reliability": {
            "calibrated": _reliability(answers, answers.calibrated, terms),
            "raw": _reliability(answers, answers.raw, terms),
        },
    }
    record["warnings"] = [*warnings_of(subjects), *_warnings(record)]
    return record | ({"folds": list(answers.folds)} if answers.folds else {})


def _overall(measured: Measured, metric: str, terms: Terms) -> dict[str, Any]:
    target, confidence = terms.target, terms.compare.confidence
    draws, answers = measured.draws[OVERALL, metric], measured.answers
    n = len(answers.cases)
    if metric == "auc" and target.rules.kind == "binary" and answers.independent:
        return _area(measured, 1, draws, confidence)
    bounds = bounds_of(draws, confidence)
    if metric == "accuracy" or metric.startswith("top_"):
        bounds = _or_wilson(bounds, draws, len(set(answers.subjects)), confidence)
    held = answers.truth.sum(axis=0).tolist()
    absent = [name for name, count in zip(target.classes, held, strict=True) if not count]
    always = [name for name, count in zip(target.classes, held, strict=True) if count == n]
    why = f"no case has the class {', '.join(absent)}" if absent else "there is one class alone"
    if always and not absent:
        why = f"every case has the class {', '.join(always)}"
    return _number(draws.estimate, bounds, n, why)


def _of_class(measured: Measured, place: int, terms: Terms) -> dict[str, Any]:
    answers, name = measured.answers, terms.target.classes[place]
    confidence = terms.compare.confidence
    truth, n = answers.truth[:, place], len(answers.cases)
    draws = measured.draws[name, "auc"]
    found = {"auc": _area(measured, place, draws, confidence)}
    draws = measured.draws[name, "average_precision"]
    bounds = bounds_of(draws, confidence)
    found["average_precision"] = _number(draws.estimate, bounds, n, "no case has the class")
    threshold = measured.thresholds[name]
    if threshold is None:
        return found | {
            metric: _missing("no operating point: the tuning cases are not of both kinds")
            for metric in AT_THRESHOLD
        }
    called = answers.calibrated[:, place] >= threshold
    shares = shares_at(truth, called, terms.answers.prevalence.get(name))
    for metric in AT_THRESHOLD:
        draws = measured.draws[name, metric]
        if metric in shares:
            values, among = shares[metric]
            found[metric] = _share(draws, answers, (values, among), confidence)
        else:
            bounds = bounds_of(draws, confidence)
            found[metric] = _number(draws.estimate, bounds, n, _why_no_value(truth, metric))
    return found


def _why_no_value(truth: NDArray[np.bool_], metric: str) -> str:
    """Say why there is no PPV or NPV at a stated prevalence."""
    if truth.all() or not truth.any():
        return "no case is of one of the kinds"
    return "no case is called so" if metric == "ppv" else "every case is called so"


def _area(measured: Measured, place: int, draws: Draws, confidence: float) -> dict[str, Any]:
    """Give an AUC with DeLong's interval; where subjects have several cases, by resampling."""
    answers = measured.answers
    n, truth = len(answers.cases), answers.truth[:, place]
    why = "no case has the class" if not truth.any() else "every case has the class"
    if not answers.independent:
        return _number(draws.estimate, bounds_of(draws, confidence), n, why)
    areas = delong(truth, answers.calibrated[None, :, place])
    bounds = None if areas is None else area_interval(areas, 0, confidence)
    if bounds is None:
        reason = (
            f"needs at least {LEAST_CASES} cases of either kind"
            if areas is None
            else "DeLong's variance is 0: the kinds are wholly apart, or every score is equal"
        )
        return _number(draws.estimate, Bounds(None, None, None, reason), n, why)
    return _number(draws.estimate, Bounds(*bounds, "delong", ""), n, why)


def _share(
    draws: Draws,
    answers: PartAnswers,
    counted: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    confidence: float,
) -> dict[str, Any]:
    """Give a share with Wilson's interval; where subjects have several cases, by resampling."""
    values, among = counted
    n = int(np.count_nonzero(among))
    if answers.independent and n:
        low, high = wilson(int(np.count_nonzero(values & among)), n, confidence)
        bounds = Bounds(low, high, "wilson", "")
    else:
        subjects = {answers.subjects[place] for place in np.flatnonzero(among)}
        bounds = _or_wilson(bounds_of(draws, confidence), draws, len(subjects), confidence)
    return _number(draws.estimate, bounds, n, "no case is of the kind that it is a share of")


def _or_wilson(bounds: Bounds, draws: Draws, subjects: int, confidence: float) -> Bounds:
    """Take Wilson's interval over subjects for a share of 0 or 1, which does not vary."""
    if bounds.low is not None or draws.estimate not in {0.0, 1.0} or not subjects:
        return bounds
    low, high = wilson(round(draws.estimate * subjects), subjects, confidence)
    return Bounds(low, high, "wilson", f"of {subjects} subjects, as no resample differs")


def _number(estimate: float, bounds: Bounds, n: int, why: str) -> dict[str, Any]:
    """Write a number with its interval; where there is no estimate, `why`."""
    if not np.isfinite(estimate):
        return _missing(why) | {"n": n}
    return {
        "estimate": rounded(float(estimate)),
        "low": rounded(bounds.low),
        "high": rounded(bounds.high),
        "interval": bounds.method,
        "reason": bounds.reason,
        "n": n,
    }


def _missing(reason: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("estimate", "low", "high", "interval"))
    return {**nothing, "reason": reason, "n": 0}


def _confusion(answers: PartAnswers, target: Target) -> list[list[int]] | None:
    """Count answers by true class; cases without a prediction are in no column."""
    counted = answered(answers, target)
    if counted.truth is None or counted.chosen is None:
        return None
    held = ~answers.missing
    return confusions(counted.truth[held], counted.chosen[held], len(target.classes)).tolist()


def _curves(answers: PartAnswers, target: Target) -> dict[str, Any]:
    curves: dict[str, dict[str, Any]] = {"roc": {}, "pr": {}}
    for place, name in enumerate(target.classes):
        truth, scores = answers.truth[:, place], answers.calibrated[:, place]
        curves["roc"][name] = _points(("fpr", "tpr"), roc(truth, scores))
        curves["pr"][name] = _points(("recall", "precision"), precision_recall(truth, scores))
    return curves


def _points(axes: tuple[str, str], curve: tuple[Floats, Floats] | None) -> dict[str, Any]:
    """Write points of a curve; none where there is no curve."""
    if curve is None:
        return {axis: [] for axis in axes}
    kept = thinned(curve[0].size, MOST_POINTS)
    return {
        axis: [rounded(value) for value in values[kept].tolist()]
        for axis, values in zip(axes, curve, strict=True)
    }


def _reliability(answers: PartAnswers, probabilities: Floats, terms: Terms) -> list[dict[str, Any]]:
    values, right, _ = judged(answers, probabilities, terms.target)
    return [
        {key: value if key == "n" else rounded(value) for key, value in row.items()}
        for row in reliability(values, right, terms.answers.bins)
    ]


def _warnings(record: Mapping[str, Any]) -> list[str]:
    absent = [name for name, count in record["counts"].items() if not count]
    found = [
        f"no case has the class {name}: metrics that need it are not estimable" for name in absent
    ]
    if missing := record["missing"]:
        found.append(
            f"{len(missing)} of {record['n_cases']} cases have no prediction and count as worst "
            f"value: {', '.join(missing[:5])}"
        )
    return found
