"""The figures of a classification: curves of training, every case, ROC, confusions, reliability."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from radflow.report.classification.answers import ClassifiedStudy, read_study
from radflow.report.classification.draw import (
    TUNING_CURVES,
    draw_cases,
    draw_confusion,
    draw_pr,
    draw_reliability,
    draw_roc,
)
from radflow.report.figures import Panel, curve_panels, write_sheets
from radflow.report.inputs import ClassifiedInputs
from radflow.report.names import part_title
from radflow.report.numbers import count, number

Panels = tuple[Panel, ...]


def write_figures(inputs: ClassifiedInputs, folder: Path) -> None:
    """Write the figures as files: ``curves.svg``, ``scores.svg``, ``agreement.svg``.

    Raises
    ------
    EvaluationError
        As `radflow.report.classification.page.write_report`.
    """
    panels = all_panels(read_study(inputs))
    write_sheets(
        {
            "curves": panels["curves"],
            "scores": (*panels["every_case"], *panels["discrimination"]),
            "agreement": (*panels["confusions"], *panels["reliability"]),
        },
        folder,
    )


def all_panels(data: ClassifiedStudy) -> Mapping[str, Panels]:
    """Give the pictures of each figure of the page by its name."""
    return {
        "curves": curve_panels(data, *TUNING_CURVES),
        "every_case": _every_case(data),
        "discrimination": tuple(_discrimination(data)),
        "confusions": tuple(_confusions(data)),
        "reliability": tuple(_reliability(data)),
    }


def _every_case(data: ClassifiedStudy) -> Panels:
    return tuple(
        Panel(
            f"cases-{part}",
            f"Probability of the true class of every case by class, {part_title(part)}: "
            f"{', '.join(model.name for model in data.models)} side by side; "
            f"{count(data.summary(data.primary.name, part).get('n_cases', 0), 'case')}. "
            "The tables hold the numbers.",
            lambda axes, part=part: draw_cases(axes, data, part),
        )
        for part in data.parts
    )


def _discrimination(data: ClassifiedStudy) -> Iterator[Panel]:
    model, classes = data.primary.name, data.target.classes
    for part in data.parts:
        summary = data.summary(model, part)
        areas, title = _estimates(summary, "auc", classes), f"{model}, {_short(part)}"
        yield Panel(
            f"roc-{part}",
            f"ROC curves of {model}, {part_title(part)}, a line for each class against the others; "
            f"AUC: {areas}.",
            lambda axes, summary=summary, title=title: draw_roc(
                axes, summary, classes, title=title
            ),
        )
        yield Panel(
            f"pr-{part}",
            f"Precision over recall of {model}, {part_title(part)}, a line for each class; average "
            f"precision: {_estimates(summary, 'average_precision', classes)}.",
            lambda axes, summary=summary, title=title: draw_pr(axes, summary, classes, title=title),
        )


def _confusions(data: ClassifiedStudy) -> Iterator[Panel]:
    for model in data.real_models:
        for part in data.parts:
            found = data.summary(model.name, part).get("confusion")
            if not found:
                continue
            title = f"{model.name}, {_short(part)}"
            yield Panel(
                f"confusion-{model.name}-{part}",
                f"Confusion matrix of {model.name}, {part_title(part)}: "
                f"{_confused(found, data.target.classes)}.",
                lambda axes, found=found, title=title: draw_confusion(
                    axes, found, data.target.classes, title=title
                ),
            )


def _reliability(data: ClassifiedStudy) -> Iterator[Panel]:
    model = data.primary.name
    for part in data.parts:
        summary = data.summary(model, part)
        errors, title = summary["overall"], f"{model}, {_short(part)}"
        yield Panel(
            f"reliability-{part}",
            f"Reliability of {model}, {part_title(part)}: share of right answers over their "
            "probability, without and with temperature; expected calibration error "
            f"{number(errors['ece_raw']['estimate'])} and {number(errors['ece']['estimate'])}.",
            lambda axes, rows=summary["reliability"], title=title: draw_reliability(
                axes, rows, title=title
            ),
        )


def _short(part: str) -> str:
    return "test" if part == "test" else "tuning (internal)"


def _estimates(summary: Mapping[str, Any], metric: str, classes: Sequence[str]) -> str:
    found = summary["classes"]
    return ", ".join(f"{name} {number(found[name][metric]['estimate'])}" for name in classes)


def _confused(table: Sequence[Sequence[int]], classes: Sequence[str]) -> str:
    return "; ".join(
        f"{name} answered as "
        + ", ".join(f"{answer} {n}" for answer, n in zip(classes, row, strict=True) if n)
        for name, row in zip(classes, table, strict=True)
        if any(row)
    )
