"""Tables of results: means with intervals, paired differences, folds, empties, failures."""

from collections import Counter
from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any

from radflow.evaluation.empties import EMPTY_MEANING, EMPTY_VALUES
from radflow.report.draw import best_row
from radflow.report.headlines import MEAN, MEAN_TITLE
from radflow.report.inputs import BASELINE, TUNING
from radflow.report.names import part_title
from radflow.report.numbers import (
    METRICS,
    MINUS,
    Metric,
    count,
    estimate,
    interval,
    number,
    p_value,
)
from radflow.report.segmentation.scores import SegmentedModel, SegmentedStudy
from radflow.report.segmentation.selection import failures, kind_of, rank
from radflow.report.tables import Cell, Table, table


def results_table(data: SegmentedStudy, part: str) -> Table:
    """Every metric of every class: models, the baseline, and their paired differences."""
    level = f"{data.metrics['confidence']:.0%}"
    n = data.summary(data.primary.name, part)
    title = part_title(part)
    better = "; ".join(f"{metric.name.split(' (')[0]} {metric.better}" for metric in METRICS)
    return table(
        f"{title[:1].upper()}{title[1:]}: mean ({level} interval) over "
        f"{count(n['n_cases'], 'case')} of {count(n['n_subjects'], 'subject')}",
        ("Class", "Model", *(metric.name for metric in METRICS), "n"),
        _result_rows(data, part),
        numeric=range(2, 3 + len(METRICS)),
        note=f"Better: {better}. Differences: model minus {BASELINE}, paired over the same cases; "
        "p corrected by Holm's method over all differences of the part.",
    )


def _result_rows(data: SegmentedStudy, part: str) -> Iterator[list[str | int | Cell]]:
    scored = [model.name for model in data.models if part in model.scores]
    for name in (*data.classes, MEAN):
        title = MEAN_TITLE if name == MEAN else name
        for model in scored:
            record = data.summary(model, part).get("classes", {}).get(name, {})
            yield [
                title,
                model,
                *(_mean_cell(record.get(metric.key, {}), metric) for metric in METRICS),
                int(record.get("dice", {}).get("n", 0)),
            ]
            title = ""
        for model in scored:
            rows = _differences(data, model, part=part, name=name)
            if rows:
                yield [
                    "",
                    "difference" if len(scored) == 2 else f"{model} {MINUS} {BASELINE}",
                    *(_difference_cell(rows.get(metric.key), metric) for metric in METRICS),
                    max(int(row["n"]) for row in rows.values()),
                ]


def _mean_cell(record: Mapping[str, Any], metric: Metric) -> Cell:
    bounds = interval(record.get("low"), record.get("high"), metric.digits)
    return Cell(number(record.get("mean"), metric.digits), (bounds,) if bounds else ())


def _differences(
    data: SegmentedStudy, model: str, *, part: str, name: str
) -> dict[str, dict[str, Any]]:
    """Look up a model's differences from the baseline, by metric."""
    wanted = (model, part, name)
    return {
        row["metric"]: row
        for row in data.metrics["comparisons"]
        if (row["model"], row["part"], row["class"]) == wanted
    }


def _difference_cell(row: Mapping[str, Any] | None, metric: Metric) -> Cell:
    if row is None:
        return Cell("")
    sign = "+" if (row["difference"] or 0) > 0 else ""
    bounds = interval(row["low"], row["high"], metric.digits)
    p = p_value(row["p_holm"])
    notes = (bounds, f"p {p}" if p.startswith("<") else f"p = {p}")
    return Cell(sign + number(row["difference"], metric.digits), tuple(filter(None, notes)))


def fold_table(data: SegmentedStudy, model: SegmentedModel) -> Table | None:
    """Dice of each trained fold on its tuning cases; None for a model without tuning scores."""
    if TUNING not in model.scores:
        return None
    rows: list[list[str | int | Cell]] = []
    for fold in model.folds:
        held_out = [s for s in model.scores[TUNING] if s.part == f"fold-{fold.fold}"]
        if not held_out:
            continue
        best = best_row(fold)
        by_class = [[s.dice for s in held_out if s.name == name] for name in data.classes]
        rows.append(
            [
                str(fold.fold),
                len({score.case for score in held_out}),
                f"{best['step']:,.0f}" if best else "none",
                *(number(fmean(dice)) for dice in by_class),
                number(fmean(each.dice for each in rank(held_out))),
            ]
        )
    return table(
        f"{model.name}, fold by fold: mean Dice of the fold's tuning cases",
        ("Fold", "Cases", "Best epoch at step", *data.classes, MEAN_TITLE),
        rows,
        numeric=range(1, 4 + len(data.classes)),
        note="The spread over folds is that of training and cases together; it is not an interval.",
    )


def empties_table(data: SegmentedStudy) -> Table | None:
    """Count scores that the table of empties gave, by model, part and class; None without any."""
    kinds = tuple(EMPTY_VALUES)
    counted = Counter(
        (model.name, part, score.name, score.empty)
        for model in data.models
        for part, scores in model.scores.items()
        for score in scores
        if score.empty
    )
    if not counted:
        return None
    return table(
        "Scores with an empty mask, counted",
        ("Model", "Part", "Class", *kinds),
        [
            (model.name, part, name, *(counted[model.name, part, name, kind] for kind in kinds))
            for model in data.models
            for part in data.parts
            for name in data.classes
        ],
        numeric=range(3, 3 + len(kinds)),
        note="; ".join(f"{kind}: {EMPTY_MEANING[kind]}" for kind in kinds) + ".",
    )


def failure_table(model: SegmentedModel, part: str) -> Table:
    """List the scores with the lowest Dice, and what went wrong, by rule."""
    listed = failures(model.scores[part])
    return table(
        f"{model.name}, {part_title(part)}: the {count(len(listed), 'result')} of lowest Dice",
        ("Case", "Class", "Dice", "HD95 (mm)", "Reference (ml)", "Predicted (ml)", "What"),
        [
            (
                each.case,
                each.name,
                number(each.dice),
                number(each.hd95_mm, 2),
                number(each.reference_ml),
                number(each.predicted_ml),
                kind_of(each),
            )
            for each in listed
        ],
        numeric=range(2, 6),
    )


def agreement_table(data: SegmentedStudy) -> Table:
    """Bias and limits of agreement of volume."""
    rows: list[list[str | int | Cell]] = []
    for model in data.models:
        for part in data.parts:
            classes = data.summary(model.name, part).get("classes", {})
            for name in data.classes:
                found = classes.get(name, {}).get("volume_agreement", {})
                rows.append(
                    [
                        model.name,
                        part,
                        name,
                        *(number(found.get(key)) for key in ("bias_ml", "low_ml", "high_ml")),
                        int(found.get("n", 0)),
                    ]
                )
    return table(
        "Agreement of volume, predicted minus reference (ml)",
        ("Model", "Part", "Class", "Bias", "Lower limit", "Upper limit", "n"),
        rows,
        numeric=range(3, 7),
    )


def headline(data: SegmentedStudy) -> str:
    """Write the primary model's mean Dice over classes, in the headline part, with its interval."""
    classes = data.summary(data.primary.name, data.headline_part).get("classes", {})
    return estimate(classes.get(MEAN, {}).get("dice", {}))
