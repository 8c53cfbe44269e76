"""Figures: pictures with one pair of axes each, in the page and as sheets on disk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from radflow.files import write_text
from radflow.report.draw import LOSS, Curve, draw_curve
from radflow.report.load import AnyTrained
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


def write_sheets(sheets: Mapping[str, Sequence[Panel]], folder: Path) -> None:
    """Write each sheet as ``NAME.svg``, the same to the byte on every run.

    For `snakemake --report` and for MLflow; the page itself holds the same panels.
    """
    for name, panels in sheets.items():
        write_text(folder / f"{name}.svg", _sheet(panels, name))


def inline_panels(panels: Sequence[Panel]) -> tuple[Markup, ...]:
    """Draw each panel as an SVG element for the page."""
    # The text of figures is escaped by matplotlib's writer and by `inline`.
    return tuple(
        Markup(  # noqa: S704
            inline(_sheet([panel], panel.name), name=panel.name, description=panel.description)
        )
        for panel in panels
    )


def curve_panels(data: AnyTrained, *curves: Curve) -> tuple[Panel, ...]:
    """Loss and tuning scores of every model that was trained in epochs."""
    trained = [model for model in data.models if any(fold.history for fold in model.folds)]
    marked = "; the epoch of each fold whose weights were kept is marked"
    return tuple(
        Panel(
            f"curve-{model.name}-{curve.column}",
            f"{curve.title.capitalize()} of {model.name} over the steps, one line per fold"
            f"{marked if curve.tuning else ''}.",
            lambda axes, model=model, curve=curve: draw_curve(axes, model, curve),
        )
        for model in trained
        for curve in (LOSS, *curves)
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
            figure.text(0.5, 0.5, "Nothing to draw.", ha="center")
        return render(figure, name=name)
