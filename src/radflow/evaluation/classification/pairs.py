"""Two models on the same cases: what differs, and whether by chance."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from radflow.evaluation.bootstrap import holm
from radflow.evaluation.classification.delong import delong, paired_difference
from radflow.evaluation.classification.measures import OVERALL, Measure, Terms, answered
from radflow.evaluation.classification.proportions import mcnemar_p
from radflow.evaluation.classification.resampling import bounds_of, two_sided_p
from radflow.evaluation.classification.summary import Measured
from radflow.evaluation.numbers import rounded, significant
from radflow.evaluation.pooling import TEST, TUNING

DELONG, MCNEMAR, BOOTSTRAP = "DeLong, paired", "McNemar, exact", "bootstrap of subjects"


def comparisons(
    models: Mapping[str, Mapping[str, Measured]],
    baseline: str,
    terms: Terms,
) -> list[dict[str, Any]]:
    """Compare each model with the baseline and with each other; Holm over all rows of a part.

    The baseline gives every case of a fold the same answer. Over pooled folds it ranks by fold
    alone, and against the truth: a fold with more of a class has fewer of it to learn from. There
    an AUC beyond the baseline's would prove nothing, so it is not compared.

    Parameters
    ----------
    models
        Model: part: what was measured, of all models on the same cases.
    baseline
        Name of the model that comes first as a reference.
    terms
        The classes, and the level of the intervals.
    """
    order = [baseline, *sorted(set(models) - {baseline})]
    rows: list[dict[str, Any]] = []
    for part in (TUNING, TEST):
        there = [name for name in order if part in models[name]]
        family: list[dict[str, Any]] = [
            {"model": model, "reference": reference, "part": part, **row}
            for place, reference in enumerate(there)
            for model in there[place + 1 :]
            for row in compare_pair(models[model][part], models[reference][part], terms)
            if not (
                row["metric"] == "auc"
                and reference == baseline
                and len(models[baseline][part].answers.folds) > 1
            )
        ]
        for row, corrected in zip(family, holm([row["p"] for row in family]), strict=True):
            rows.append(row | {"p": significant(row["p"]), "p_holm": significant(corrected)})
    return rows


def compare_pair(ours: Measured, theirs: Measured, terms: Terms) -> Iterator[dict[str, Any]]:
    """Compare accuracy, the mean AUC and, of more than two classes, the AUC of each.

    Parameters
    ----------
    ours, theirs
        Of the model and its reference, on the same cases in the same order.
    terms
        The classes, and the level of the intervals.
    """
    confidence = terms.compare.confidence
    yield _accuracy(ours, theirs, terms)
    if terms.target.rules.kind == "binary":
        yield _area(ours, theirs, (OVERALL, "auc"), terms, place=1)
        return
    yield _resampled(ours, theirs, (OVERALL, "auc"), confidence)
    for place, name in enumerate(terms.target.classes):
        yield _area(ours, theirs, (name, "auc"), terms, place=place)


def _accuracy(ours: Measured, theirs: Measured, terms: Terms) -> dict[str, Any]:
    row = _resampled(ours, theirs, (OVERALL, "accuracy"), terms.compare.confidence)
    if not ours.answers.independent:
        return row
    mine, other = (answered(each.answers, terms.target).right for each in (ours, theirs))
    p = mcnemar_p(int(np.count_nonzero(mine & ~other)), int(np.count_nonzero(other & ~mine)))
    return row | {"p": p, "test": MCNEMAR}


def _area(
    ours: Measured, theirs: Measured, measure: Measure, terms: Terms, *, place: int
) -> dict[str, Any]:
    confidence = terms.compare.confidence
    row = _resampled(ours, theirs, measure, confidence)
    if not ours.answers.independent:
        return row
    scores = np.stack([each.answers.calibrated[:, place] for each in (ours, theirs)])
    areas = delong(ours.answers.truth[:, place], scores)
    found = None if areas is None else paired_difference(areas, confidence)
    if found is None:
        return row
    bounds = {"low": rounded(found.low), "high": rounded(found.high)}
    return row | bounds | {"p": found.p, "test": DELONG}


def _resampled(
    ours: Measured, theirs: Measured, measure: Measure, confidence: float
) -> dict[str, Any]:
    difference = ours.draws[measure].minus(theirs.draws[measure])
    held = bool(np.isfinite(difference.estimate))
    bounds = bounds_of(difference, confidence)
    name, metric = measure
    return {
        "class": name,
        "metric": metric,
        "difference": rounded(difference.estimate) if held else None,
        "low": rounded(bounds.low),
        "high": rounded(bounds.high),
        "p": two_sided_p(difference) if held else None,
        "test": BOOTSTRAP,
        "n": len(ours.answers.cases),
    }
