"""Drawing on a pair of axes; called inside `radflow.report.svg.style`."""

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from radflow.report.inputs import BASELINE, TEST
from radflow.report.load import FoldData, ModelData, Row, Score, TrainedStudy
from radflow.report.numbers import number
from radflow.report.svg import ACCENT, INK, QUIET, RULE

Floats = npt.NDArray[np.float64]

# After the accent: further models of a study, told apart without red and green (Okabe & Ito 2008).
_FURTHER = ("#d55e00", "#009e73", "#cc79a7")
_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)), (0, (3, 1)))
_MOST_VECTOR_DOTS = 2000
_GROUP_WIDTH = 0.8
_MOST_UNBROKEN = 3  # classes whose names stand beside each other in one line
_DOTS_ACROSS = 40


def part_title(part: str) -> str:
    """Name a part for readers: tuning results are internal."""
    return "test part" if part == TEST else "tuning (internal, out of fold)"


def draw_loss(axes: Axes, model: ModelData) -> None:
    """Draw the training loss of each fold."""
    _draw_histories(axes, model, "loss")
    axes.set_title(f"{model.name}: training loss")
    axes.set_ylabel("loss, mean of an epoch")


def draw_tuning(axes: Axes, model: ModelData) -> None:
    """Draw the mean tuning Dice of each fold, and mark its best epoch."""
    _draw_histories(axes, model, "dice")
    for fold in model.folds:
        best = best_row(fold)
        if best is not None:
            axes.plot(
                [best["step"]],
                [best["dice"]],
                marker="o",
                markersize=5.5,
                color="white",
                markeredgecolor=ACCENT,
                markeredgewidth=1.4,
                linestyle="none",
                label="best epoch" if fold is model.folds[0] else None,
                zorder=5,
            )
    axes.set_title(f"{model.name}: mean tuning Dice")
    axes.set_ylabel("Dice, mean over classes")
    axes.legend(loc="lower right", ncols=2 if len(model.folds) > 2 else 1)


def best_row(fold: FoldData) -> Row | None:
    """Find the row of the epoch whose weights were kept; None for a model without epochs."""
    if not fold.history:
        return None
    best = fold.record.get("training", {}).get("best_epoch")
    kept = [row for row in fold.history if row["epoch"] == best]
    return kept[0] if kept else max(fold.history, key=lambda row: row["dice"])


def draw_dice(axes: Axes, data: TrainedStudy, part: str) -> None:
    """Draw the Dice of every case, by class and model, with the mean and its interval."""
    models = [model for model in data.models if part in model.scores]
    colours = dict(zip((m.name for m in models), _colours(models), strict=True))
    width = _GROUP_WIDTH / len(models)
    everything = [score.dice for model in models for score in model.scores[part]]
    bottom = max(0.0, np.floor((min(everything) - 0.02) * 10) / 10)
    for place, name in enumerate(data.classes):
        for column, model in enumerate(models):
            centre = place + (column - (len(models) - 1) / 2) * width
            values = _values(model.scores[part], name, lambda score: score.dice)
            x, y = swarm(values, step=(1 - bottom) / 60, width=width * 0.9)
            _dots(axes, centre + x, y, colour=colours[model.name])
            record = data.summary(model.name, part).get("classes", {}).get(name, {})
            _mean_bar(axes, centre, record.get("dice", {}), half_width=width * 0.36)
    for model in models:
        axes.plot([], [], "o", markersize=4, color=colours[model.name], label=model.name)
    axes.plot([], [], color=INK, linewidth=1.4, label="mean and interval")
    labels = list(data.classes)
    if len(labels) > _MOST_UNBROKEN:
        labels = [label.replace("-", "-\n") for label in labels]
    lines = max(label.count("\n") for label in labels)
    axes.set_xticks(range(len(labels)), labels)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.5, len(data.classes) - 0.5)
    axes.set_ylim(bottom, 1.0)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_ylabel("Dice of a case")
    axes.set_title(_sentence(part_title(part)))
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.1 - 0.06 * lines),
        ncols=3,
        handletextpad=0.4,
        columnspacing=1,
    )


def draw_agreement(
    axes: Axes, data: TrainedStudy, model: ModelData, *, part: str, name: str
) -> None:
    """Draw predicted minus reference volume against their mean, with bias and limits."""
    rows = model.scores[part]
    reference = _values(rows, name, lambda score: score.reference_ml)
    predicted = _values(rows, name, lambda score: score.predicted_ml)
    middle, difference = (reference + predicted) / 2, predicted - reference
    _dots(axes, middle, difference, colour=ACCENT)
    axes.axhline(0, color=RULE, linewidth=0.8, zorder=0)
    summary = data.summary(model.name, part).get("classes", {}).get(name, {})
    agreement = summary.get("volume_agreement", {})
    lines = (("high_ml", "upper limit"), ("bias_ml", "bias"), ("low_ml", "lower limit"))
    for key, label in lines:
        value = agreement.get(key)
        if value is not None:
            axes.axhline(
                value, color=INK, linewidth=1.1, linestyle="-" if key == "bias_ml" else "--"
            )
            _line_label(axes, value, f"{label} {number(value, 3)}")
    ends = [v for key, _ in lines if (v := agreement.get(key)) is not None]
    span = np.abs([*difference, *ends]).max() * 1.3 or 1.0
    axes.set_ylim(-span, span)
    axes.margins(x=0.08)
    axes.set_xlabel("mean of both volumes (ml)")
    axes.set_ylabel("predicted \N{MINUS SIGN} reference (ml)")
    axes.set_title(f"{name}, {'test' if part == TEST else 'tuning (internal)'}")


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


def _draw_histories(axes: Axes, model: ModelData, column: str) -> None:
    for fold, dashes in zip(model.folds, cycle(_DASHES), strict=False):
        if fold.history:
            axes.plot(
                [row["step"] for row in fold.history],
                [row[column] for row in fold.history],
                color=ACCENT,
                linewidth=1.2,
                linestyle=dashes,
                label=f"fold {fold.fold}",
            )
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("optimiser steps")
    axes.legend(loc="best")


def _dots(axes: Axes, x: Floats, y: Floats, *, colour: str) -> None:
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


def _mean_bar(axes: Axes, centre: float, record: dict[str, Any], *, half_width: float) -> None:
    mean, low, high = (record.get(key) for key in ("mean", "low", "high"))
    if mean is None:
        return
    ends = [centre - half_width, centre + half_width]
    axes.plot(ends, [mean, mean], color=INK, linewidth=1.6, zorder=4)
    if low is not None and high is not None:
        axes.plot([centre, centre], [low, high], color=INK, linewidth=1.2, zorder=4)


def _line_label(axes: Axes, value: float, text: str) -> None:
    axes.annotate(
        text,
        (1, value),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 2),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=8,
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.6},
    )


def _colours(models: Sequence[ModelData]) -> list[str]:
    further = cycle(_FURTHER)
    named = [model.name for model in models if model.name != BASELINE]
    return [
        QUIET if m.name == BASELINE else ACCENT if m.name == named[0] else next(further)
        for m in models
    ]


def _values(scores: Sequence[Score], name: str, of: Callable[[Score], float]) -> Floats:
    return np.array([of(score) for score in scores if score.name == name], dtype=np.float64)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
