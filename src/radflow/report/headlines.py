"""The few numbers by which studies stand beside each other, from their metrics."""

from collections.abc import Mapping, Sequence
from typing import Any

from radflow.report.inputs import BASELINE, TEST, TUNING
from radflow.report.names import part_title
from radflow.report.numbers import interval, number
from radflow.report.tables import Cell, Table, table

MEAN = "mean"
MEAN_TITLE = "mean over classes"
CLASSIFICATION = "classification"

Metrics = Mapping[str, Any]

_OF_CLASSIFICATION = (("accuracy", "Accuracy"), ("auc", "AUC"))


def task_of(metrics: Metrics) -> str:
    """Tell the family of a study by its metrics."""
    return str(metrics.get("task", "segmentation"))


def headline_part(metrics: Metrics, model: str) -> str:
    """Choose the part whose numbers stand first: the test part where it was opened."""
    return TEST if TEST in metrics["models"][model] else TUNING


def headline_titles(task: str) -> tuple[str, ...]:
    """Name the numbers of `headline_cells`."""
    if task == CLASSIFICATION:
        return tuple(title for _, title in _OF_CLASSIFICATION)
    return (f"Dice, {MEAN_TITLE}",)


def headline_cells(metrics: Metrics, model: str) -> tuple[Cell, ...]:
    """Write a model's headline numbers with their intervals."""
    summary = metrics["models"][model].get(headline_part(metrics, model), {})
    if task_of(metrics) == CLASSIFICATION:
        overall = summary.get("overall", {})
        return tuple(number_cell(overall.get(key, {})) for key, _ in _OF_CLASSIFICATION)
    return (dice_cell(summary.get("classes", {}).get(MEAN, {}).get("dice", {})),)


def number_cell(record: Mapping[str, Any], digits: int = 3) -> Cell:
    """Write an estimate with its interval under it."""
    bounds = interval(record.get("low"), record.get("high"), digits)
    return Cell(number(record.get("estimate"), digits), (bounds,) if bounds else ())


def dice_cell(record: Mapping[str, Any]) -> Cell:
    """Write a mean with its interval under it."""
    bounds = interval(record.get("low"), record.get("high"))
    return Cell(number(record.get("mean")), (bounds,) if bounds else ())


def ordered_models(metrics: Metrics) -> Sequence[str]:
    """List the models of a study, the baseline last."""
    return sorted(metrics["models"], key=lambda name: (name == BASELINE, name))


def headline_table(metrics: Metrics) -> Table:
    """Draw the headline numbers of every model of a study."""
    models = ordered_models(metrics)
    opened = any(TEST in metrics["models"][model] for model in models)
    shown, level = part_title(TEST if opened else TUNING), f"{metrics['confidence']:.0%}"
    if task_of(metrics) == CLASSIFICATION:
        titles = headline_titles(CLASSIFICATION)
        return table(
            f"{shown[:1].upper()}{shown[1:]}: estimate ({level} interval)",
            ("Model", *titles),
            [(model, *headline_cells(metrics, model)) for model in models],
            numeric=range(1, 1 + len(titles)),
        )
    return table(
        f"Dice, {shown}: mean ({level} interval)",
        ("Model", "Class", "Dice"),
        [
            (model, MEAN_TITLE if name == MEAN else name, dice_cell(classes[name]["dice"]))
            for model in models
            for classes in [
                metrics["models"][model].get(headline_part(metrics, model), {}).get("classes", {})
            ]
            for name in sorted(classes, key=lambda name: (name == MEAN, name))
        ],
        numeric=(2,),
    )
