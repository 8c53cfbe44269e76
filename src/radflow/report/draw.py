"""Drawing on a pair of axes that every family of tasks shares; called inside `svg.style`."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from radflow.report.inputs import BASELINE
from radflow.report.load import FoldData, ModelData, Row, ScoredCase
from radflow.report.svg import ACCENT, INK, QUIET, RULE

Floats = npt.NDArray[np.float64]
AnyModel = ModelData[ScoredCase]

# After the accent: told apart without red and green (Okabe & Ito 2008).
FURTHER = ("#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)), (0, (3, 1)))
_MOST_VECTOR_DOTS = 2000
_MOST_UNBROKEN = 3  # names that stand beside each other in one line
_DOTS_ACROSS = 40


@dataclass(frozen=True)
class Curve:
    """A column of the history that is drawn over the steps.

    Attributes
    ----------
    column
        Its name in the history.
    title, unit
        Title of the picture, after the model's name; label of the axis.
    tuning
        Whether it is of tuning cases, so that the best epoch is marked.
    """

    column: str
    title: str
    unit: str
    tuning: bool = True


LOSS = Curve("loss", "training loss", "loss, mean of an epoch", tuning=False)


def draw_curve(axes: Axes, model: AnyModel, curve: Curve) -> None:
    """Draw a column of each fold's history, and mark the epochs whose weights were kept."""
    for fold, dashes in zip(model.folds, cycle(DASHES), strict=False):
        if fold.history:
            axes.plot(
                [row["step"] for row in fold.history],
                [row[curve.column] for row in fold.history],
                color=ACCENT,
                linewidth=1.2,
                linestyle=dashes,
                label=f"fold {fold.fold}",
            )
    if curve.tuning:
        _mark_best(axes, model, curve.column)
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("optimiser steps")
    axes.set_title(f"{model.name}: {curve.title}")
    axes.set_ylabel(curve.unit)
    axes.legend(loc="best", ncols=2 if len(model.folds) > 2 else 1)


def best_row(fold: FoldData) -> Row | None:
    """Find the row of the epoch whose weights were kept; None for a model without epochs."""
    if not fold.history:
        return None
    best = fold.record.get("training", {}).get("best_epoch")
    kept = [row for row in fold.history if row["epoch"] == best]
    return kept[0] if kept else max(fold.history, key=lambda row: row["score"])


def swarm(values: Floats, *, step: float, width: float) -> tuple[Floats, Floats]:
    """Place dots side by side where values are close, the same way every time.

    Parameters
    ----------
    values
        (n,) in any order.
    step
        Values that fall into one step of this height share a row.
    width
        Widest row; fuller rows are packed closer.

    Returns
    -------
    x, y
        (n,) offsets from the centre, and the values, sorted.
    """
    y = np.sort(values)
    rows = np.round(y / step)
    x = np.zeros_like(y)
    for row in np.unique(rows):
        places = np.flatnonzero(rows == row)
        gap = min(width / _DOTS_ACROSS * 4, width / len(places))
        x[places] = (np.arange(len(places)) - (len(places) - 1) / 2) * gap
    return x, y


def draw_dots(axes: Axes, x: Floats, y: Floats, *, colour: str) -> None:
    """Draw dots that lie half through each other; very many as one picture."""
    axes.scatter(
        x,
        y,
        s=9,
        color=colour,
        alpha=0.65,
        linewidths=0,
        zorder=2,
        clip_on=False,
        rasterized=len(x) > _MOST_VECTOR_DOTS,
    )


def colours_of(models: Sequence[AnyModel]) -> list[str]:
    """Choose a colour for each model: the first one's is the accent, the baseline's is quiet."""
    further = cycle(FURTHER)
    named = [model.name for model in models if model.name != BASELINE]
    return [
        QUIET if m.name == BASELINE else ACCENT if m.name == named[0] else next(further)
        for m in models
    ]


def label_groups(axes: Axes, labels: Sequence[str]) -> None:
    """Name groups of dots along the axis, with the legend below the names."""
    names = list(labels)
    if len(names) > _MOST_UNBROKEN:
        names = [name.replace("-", "-\n") for name in names]
    lines = max(name.count("\n") for name in names)
    axes.set_xticks(range(len(names)), names)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.1 - 0.06 * lines),
        ncols=3,
        handletextpad=0.4,
        columnspacing=1,
    )


def draw_mean(axes: Axes, centre: float, record: dict[str, Any], *, half_width: float) -> None:
    """Draw a mean as a horizontal bar, and its interval as a vertical one."""
    mean, low, high = (record.get(key) for key in ("mean", "low", "high"))
    if mean is None:
        return
    ends = [centre - half_width, centre + half_width]
    axes.plot(ends, [mean, mean], color=INK, linewidth=1.6, zorder=4)
    if low is not None and high is not None:
        axes.plot([centre, centre], [low, high], color=INK, linewidth=1.2, zorder=4)


def _mark_best(axes: Axes, model: AnyModel, column: str) -> None:
    for fold in model.folds:
        best = best_row(fold)
        if best is not None:
            axes.plot(
                [best["step"]],
                [best[column]],
                marker="o",
                markersize=5.5,
                color="white",
                markeredgecolor=ACCENT,
                markeredgewidth=1.4,
                linestyle="none",
                label="weights kept" if fold is model.folds[0] else None,
                zorder=5,
            )
