"""The figures of a study: training curves, every case's Dice, agreement of volumes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from radflow.files import write_text
from radflow.report.draw import (
    draw_agreement,
    draw_dice,
    draw_loss,
    draw_tuning,
    part_title,
)
from radflow.report.inputs import BASELINE, TrainedInputs
from radflow.report.load import TrainedStudy, read_study
from radflow.report.numbers import count
from radflow.report.svg import inline, render, style

_WIDTH, _HEIGHT = 4.3, 3.0


@dataclass(frozen=True)
class Panel:
    """One picture of a figure, with one pair of axes.

    Attributes
    ----------
    name
        Unique in the page; letters, digits and '-'.
    description
        What a reader who can't see it is told.
    draw
        Draws it on a pair of axes.
    """

    name: str
    description: str
    draw: Callable[[Axes], None]


def write_figures(inputs: TrainedInputs, folder: Path) -> None:
    """Write the figures as files: ``curves.svg``, ``scores.svg``, ``agreement.svg``.

    They are the same to the byte on every run. For `snakemake --report` and for MLflow; the page
    itself holds the same panels.

    Raises
    ------
    EvaluationError
        As `write_report`.
    """
    data = read_study(inputs)
    for name, panels in (
        ("curves", curve_panels(data)),
        ("dice", dice_panels(data)),
        ("agreement", agreement_panels(data)),
    ):
        write_text(folder / f"{name}.svg", _sheet(panels, name))


def inline_panels(panels: Sequence[Panel]) -> tuple[str, ...]:
    """Draw each panel as an SVG element for the page."""
    return tuple(
        inline(_sheet([panel], panel.name), name=panel.name, description=panel.description)
        for panel in panels
    )


def curve_panels(data: TrainedStudy) -> tuple[Panel, ...]:
    """Loss and tuning Dice of every model that was trained in epochs."""
    trained = [model for model in data.models if any(fold.history for fold in model.folds)]
    return tuple(
        panel
        for model in trained
        for panel in (
            Panel(
                f"curve-{model.name}-loss",
                f"Training loss of {model.name} over the steps, one line per fold.",
                lambda axes, model=model: draw_loss(axes, model),
            ),
            Panel(
                f"curve-{model.name}-dice",
                f"Mean tuning Dice of {model.name} over the steps, one line per fold; the best "
                "epoch of each fold is marked.",
                lambda axes, model=model: draw_tuning(axes, model),
            ),
        )
    )


def dice_panels(data: TrainedStudy) -> tuple[Panel, ...]:
    """Dice of every case, by class, models beside the baseline; a panel for each part."""
    return tuple(
        Panel(
            f"dice-{part}",
            f"Dice of every case by class, {part_title(part)}: "
            f"{', '.join(model.name for model in data.models)} side by side; "
            f"{count(data.summary(data.primary.name, part).get('n_cases', 0), 'case')}. "
            "The results table holds the numbers.",
            lambda axes, part=part: draw_dice(axes, data, part),
        )
        for part in data.parts
    )


def agreement_panels(data: TrainedStudy) -> tuple[Panel, ...]:
    """Bland-Altman plots of volume, for every model but the baseline, part and class."""
    return tuple(_agreement(data))


def _agreement(data: TrainedStudy) -> Iterator[Panel]:
    for model in data.models:
        for place, (part, name) in enumerate(
            (part, name) for part in data.parts for name in data.classes
        ):
            if model.name == BASELINE or part not in model.scores:
                continue
            yield Panel(
                f"agreement-{model.name}-{place}",
                f"Bland-Altman plot of the volume of {name}, {model.name}, {part_title(part)}: "
                "difference against mean, every case a dot, with bias and limits of agreement.",
                lambda axes, model=model, part=part, name=name: draw_agreement(
                    axes, data, model, part=part, name=name
                ),
            )


def _sheet(panels: Sequence[Panel], name: str) -> str:
    """Draw panels on one sheet, at most two in a row."""
    columns = min(2, len(panels)) or 1
    rows = -(-len(panels) // columns) or 1
    with style():
        figure = Figure(figsize=(_WIDTH * columns, _HEIGHT * rows))
        for place, panel in enumerate(panels):
            panel.draw(figure.add_subplot(rows, columns, place + 1))
        if not panels:
            figure.text(0.5, 0.5, "Nothing to draw: no model was trained in epochs.", ha="center")
        return render(figure, name=name)
