"""Parallel coordinates of a search: one line a trial, through its values to its score."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from radflow.report.svg import INK, QUIET, inline, render, style

_NAME = "search-trials"
_INCHES_PER_AXIS, _LEAST_INCHES, _HEIGHT = 1.45, 4.3, 3.4
_NOT_DRAWN = -0.16
_COLOURS = "cividis"  # its order shows also to colour-blind readers
_LIGHTEST = 0.85  # the palest yellow does not show on white


@dataclass(frozen=True)
class Line:
    """A trial as it is drawn.

    Attributes
    ----------
    parameters
        Key to value; keys whose condition did not hold are absent.
    score
        Tuning score; of a pruned trial the highest it reached.
    pruned, best
        Drawn dashed; drawn thick.
    """

    parameters: Mapping[str, Any]
    score: float
    pruned: bool
    best: bool


@dataclass(frozen=True)
class Axis:
    """A vertical axis: where values stand between 0 and 1, and what is written beside it."""

    title: str
    ticks: tuple[tuple[float, str], ...]
    low: float = 0.0
    high: float = 1.0
    logarithmic: bool = False
    choices: tuple[str, ...] = ()
    conditional: bool = False

    def place(self, value: Any) -> float:
        """Give the height of a value, from 0 to 1."""
        if self.choices:
            return _height(self.choices.index(json.dumps(value)), len(self.choices))
        low, high, at = self.low, self.high, value
        if self.logarithmic:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return 0.5 if high == low else (at - low) / (high - low)


def axis_of(key: str, dimension: Mapping[str, Any]) -> Axis:
    """Make the axis of a key of the space, from its dimension as the study has it."""
    title, conditional = key.replace(".", ".\n", 1), bool(dimension["when"])
    if dimension["choice"] is not None:
        choices = tuple(json.dumps(value) for value in dimension["choice"])
        ticks = tuple((_height(n, len(choices)), text) for n, text in enumerate(choices))
        return Axis(title, ticks, choices=choices, conditional=conditional)
    logarithmic = dimension["log_uniform"] is not None
    bounds = dimension["log_uniform"] or dimension["uniform"] or dimension["whole"]
    low, high = bounds
    middle = math.sqrt(low * high) if logarithmic else (low + high) / 2
    ticks = ((0.0, f"{low:.3g}"), (0.5, f"{middle:.3g}"), (1.0, f"{high:.3g}"))
    return Axis(title, ticks, low=low, high=high, logarithmic=logarithmic, conditional=conditional)


def parallel_coordinates(
    axes: Mapping[str, Axis], lines: Sequence[Line], *, description: str
) -> str:
    """Draw trials as an SVG element for the page, the same to the byte on every run.

    Axes are logarithmic where values are drawn log-uniformly and have a step for each choice. The
    colour is the score; pruned trials are dashed, the best is thick, and a trial that did not draw
    a key passes below its axis.

    Parameters
    ----------
    axes
        Key to axis, in the order of drawing; the score's is added at the end.
    lines
        Trials with a score.
    description
        What a reader who can't see it is told.
    """
    scores = [line.score for line in lines]
    low, high = min(scores), max(scores)
    ends = tuple({0.0: f"{low:.3g}", 1.0: f"{high:.3g}"}.items()) if high > low else ()
    score = Axis("tuning\nscore", ends or ((0.5, f"{low:.3g}"),), low, high)
    width = max(_LEAST_INCHES, _INCHES_PER_AXIS * (len(axes) + 1))
    with style():
        figure = Figure(figsize=(width, _HEIGHT))
        place = figure.add_subplot()
        for line in sorted(lines, key=lambda each: (each.best, each.score)):
            _draw_line(place, [*axes.items()], line, score)
        for number, axis in enumerate([*axes.values(), score]):
            _draw_axis(place, number, axis)
        place.set_xlim(-0.35, len(axes) + 0.7)
        place.set_ylim(_NOT_DRAWN - 0.06, 1.3)
        place.set_axis_off()
        document = render(figure, name=_NAME)
    return inline(document, name=_NAME, description=description)


def _draw_line(place: Axes, axes: Sequence[tuple[str, Axis]], line: Line, score: Axis) -> None:
    heights = [
        axis.place(line.parameters[key]) if key in line.parameters else _NOT_DRAWN
        for key, axis in axes
    ]
    colour = mpl.colormaps[_COLOURS](_LIGHTEST * (1 - score.place(line.score)))
    place.plot(
        range(len(axes) + 1),
        [*heights, score.place(line.score)],
        color=colour,
        linewidth=2.6 if line.best else 1.1,
        linestyle=(0, (4, 2)) if line.pruned else "-",
        alpha=1.0 if line.best else 0.8,
        marker="o" if line.best else None,
        markersize=4,
        zorder=3 if line.best else 2,
    )


def _draw_axis(place: Axes, number: int, axis: Axis) -> None:
    place.plot([number, number], [0, 1], color=QUIET, linewidth=0.9, zorder=1)
    ticks = (*axis.ticks, *([(_NOT_DRAWN, "not drawn")] if axis.conditional else []))
    place.text(number, 1.08, axis.title, ha="center", va="bottom", fontsize=8.5, color=INK)
    for height, text in ticks:
        place.plot([number - 0.03, number], [height, height], color=QUIET, linewidth=0.9)
        place.text(
            number + 0.04,
            height,
            text,
            va="center",
            fontsize=7.5,
            color=INK,
            zorder=4,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.5},
        )


def _height(number: int, count: int) -> float:
    return 0.5 if count == 1 else number / (count - 1)
