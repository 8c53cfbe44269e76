"""Drawing the answers of a classification on a pair of axes; called inside `svg.style`."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from radflow.report.classification.answers import ClassifiedStudy
from radflow.report.draw import (
    DASHES,
    FURTHER,
    Curve,
    colours_of,
    draw_dots,
    draw_mean,
    label_groups,
    swarm,
)
from radflow.report.names import part_title, sentence
from radflow.report.numbers import number
from radflow.report.svg import ACCENT, INK, QUIET, RULE

TUNING_CURVES = (
    Curve("nll", "tuning NLL", "negative log-likelihood, nats"),
    Curve("accuracy", "tuning accuracy", "share of tuning cases right"),
)
_GROUP_WIDTH = 0.8
_DARK = 0.7  # share of a row from which its cell is dark
_LARGEST_DOT = 90.0

Record = Mapping[str, Any]


def draw_cases(axes: Axes, data: ClassifiedStudy, part: str) -> None:
    """Draw the probability that each case's true class got, by class and model, with the median."""
    models = [model for model in data.models if part in model.scores]
    colours = dict(zip((m.name for m in models), colours_of(models), strict=True))
    width = _GROUP_WIDTH / len(models)
    for place, name in enumerate(data.target.classes):
        for column, model in enumerate(models):
            centre = place + (column - (len(models) - 1) / 2) * width
            values = np.array(
                [
                    answer.probabilities.get(name, 0.0)
                    for answer in model.scores[part]
                    if name in answer.reference
                ]
            )
            x, y = swarm(values, step=1 / 60, width=width * 0.9)
            draw_dots(axes, centre + x, y, colour=colours[model.name])
            if len(values):
                median = {"mean": float(np.median(values))}
                draw_mean(axes, centre, median, half_width=width * 0.36)
    for model in models:
        axes.plot([], [], "o", markersize=4, color=colours[model.name], label=model.name)
    axes.plot([], [], color=INK, linewidth=1.4, label="median")
    label_groups(axes, data.target.classes)
    axes.set_ylim(0, 1)
    axes.set_ylabel("probability of the true class")
    axes.set_title(sentence(part_title(part)))


def draw_confusion(
    axes: Axes, table: Sequence[Sequence[int]], classes: Sequence[str], *, title: str
) -> None:
    """Draw the table of confusions: counts and shares of each row, darker where more."""
    counts = np.array(table, np.float64)
    rows = counts.sum(1, keepdims=True)
    shares = np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0)
    axes.imshow(shares, cmap=_shades(), vmin=0, vmax=1, aspect="auto")
    for i, j in np.ndindex(*counts.shape):
        axes.text(
            j,
            i,
            f"{counts[i, j]:.0f}\n{shares[i, j]:.0%}",
            ha="center",
            va="center",
            fontsize=8.5 if len(classes) <= 6 else 6.5,
            color="white" if shares[i, j] > _DARK else INK,
        )
    axes.set_xticks(range(len(classes)), list(classes), rotation=30 if len(classes) > 3 else 0)
    axes.set_yticks(range(len(classes)), list(classes))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title)
    axes.set_xlabel("answered")
    axes.set_ylabel("reference")


def draw_roc(axes: Axes, summary: Record, classes: Sequence[str], *, title: str) -> None:
    """Draw a ROC curve for each class against all others, with its AUC."""
    axes.plot([0, 1], [0, 1], color=RULE, linewidth=0.9, zorder=0)
    for name, curve, line in _curves(summary["roc"], classes):
        area = summary["classes"][name]["auc"]["estimate"]
        axes.plot(curve["fpr"], curve["tpr"], label=f"{name}: AUC {number(area)}", **line)
        _mark_point(axes, summary["classes"][name], line["color"])
    axes.plot([], [], "o", markersize=5, color=INK, markerfacecolor="none", label="operating point")
    _unit_square(axes, "1 \N{MINUS SIGN} specificity", "sensitivity")
    axes.set_title(f"ROC, {title}")
    axes.legend(loc="lower right")


def draw_pr(axes: Axes, summary: Record, classes: Sequence[str], *, title: str) -> None:
    """Draw a curve of precision over recall for each class, with its average precision."""
    for name, curve, line in _curves(summary["pr"], classes):
        average = summary["classes"][name]["average_precision"]["estimate"]
        axes.plot(curve["recall"], curve["precision"], label=f"{name}: {number(average)}", **line)
    _unit_square(axes, "recall (sensitivity)", "precision (PPV)")
    axes.set_title(f"Average precision, {title}")
    axes.legend(loc="lower left")


def draw_reliability(axes: Axes, reliability: Record, *, title: str) -> None:
    """Draw the share of right answers over their probability, without and with temperature."""
    axes.plot([0, 1], [0, 1], color=RULE, linewidth=0.9, zorder=0)
    styles = {
        "raw": (QUIET, "--", "without temperature"),
        "calibrated": (ACCENT, "-", "with temperature"),
    }
    most = max((row["n"] for rows in reliability.values() for row in rows), default=1) or 1
    for kind, (colour, dashes, label) in styles.items():
        rows = [row for row in reliability[kind] if row["n"]]
        x, y = ([row[key] for row in rows] for key in ("mean_probability", "share_right"))
        axes.plot(x, y, color=colour, linestyle=dashes, linewidth=1.2, label=label)
        sizes = [max(_LARGEST_DOT * row["n"] / most, 6) for row in rows]
        axes.scatter(x, y, s=sizes, color=colour, alpha=0.55, linewidths=0, clip_on=False)
    _unit_square(axes, "probability of the answer", "share of answers that are right")
    axes.set_title(title)
    axes.legend(loc="upper left")


def _curves(
    curves: Mapping[str, Record], classes: Sequence[str]
) -> list[tuple[str, Record, dict[str, Any]]]:
    """Give each class its curve and its line, told apart by colour and by dashes."""
    styles = zip(cycle((ACCENT, *FURTHER)), cycle(DASHES), strict=False)
    return [
        (name, curves[name], {"color": colour, "linestyle": dashes, "linewidth": 1.3})
        for name, (colour, dashes) in zip(classes, styles, strict=False)
    ]


def _mark_point(axes: Axes, of_class: Record, colour: str) -> None:
    sensitivity, specificity = (
        of_class.get(key, {}).get("estimate") for key in ("sensitivity", "specificity")
    )
    if sensitivity is not None and specificity is not None:
        axes.plot(
            [1 - specificity],
            [sensitivity],
            "o",
            markersize=6,
            color=colour,
            markerfacecolor="white",
            zorder=5,
            clip_on=False,
        )


def _unit_square(axes: Axes, across: str, up: str) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(across)
    axes.set_ylabel(up)


def _shades() -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("shares", [(1.0, 1.0, 1.0), to_rgb(ACCENT)])
