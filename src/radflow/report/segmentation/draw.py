"""Drawing the scores of a segmentation on a pair of axes; called inside `svg.style`."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes

from radflow.report.draw import (
    Curve,
    Floats,
    colours_of,
    draw_dots,
    draw_mean,
    label_groups,
    swarm,
)
from radflow.report.inputs import TEST
from radflow.report.names import part_title, sentence
from radflow.report.numbers import number
from radflow.report.segmentation.scores import Score, SegmentedModel, SegmentedStudy
from radflow.report.svg import ACCENT, INK, RULE

TUNING_DICE = Curve("score", "mean tuning Dice", "Dice, mean over classes")
_GROUP_WIDTH = 0.8


def draw_dice(axes: Axes, data: SegmentedStudy, part: str) -> None:
    """Draw the Dice of every case, by class and model, with the mean and its interval."""
    models = [model for model in data.models if part in model.scores]
    colours = dict(zip((m.name for m in models), colours_of(models), strict=True))
    width = _GROUP_WIDTH / len(models)
    everything = [score.dice for model in models for score in model.scores[part]]
    bottom = max(0.0, np.floor((min(everything) - 0.02) * 10) / 10)
    for place, name in enumerate(data.classes):
        for column, model in enumerate(models):
            centre = place + (column - (len(models) - 1) / 2) * width
            values = _values(model.scores[part], name, lambda score: score.dice)
            x, y = swarm(values, step=(1 - bottom) / 60, width=width * 0.9)
            draw_dots(axes, centre + x, y, colour=colours[model.name])
            record = data.summary(model.name, part).get("classes", {}).get(name, {})
            draw_mean(axes, centre, record.get("dice", {}), half_width=width * 0.36)
    for model in models:
        axes.plot([], [], "o", markersize=4, color=colours[model.name], label=model.name)
    axes.plot([], [], color=INK, linewidth=1.4, label="mean and interval")
    label_groups(axes, data.classes)
    axes.set_ylim(bottom, 1.0)
    axes.set_ylabel("Dice of a case")
    axes.set_title(sentence(part_title(part)))


def draw_agreement(
    axes: Axes, data: SegmentedStudy, model: SegmentedModel, *, part: str, name: str
) -> None:
    """Draw predicted minus reference volume against their mean, with bias and limits."""
    rows = model.scores[part]
    reference = _values(rows, name, lambda score: score.reference_ml)
    predicted = _values(rows, name, lambda score: score.predicted_ml)
    middle, difference = (reference + predicted) / 2, predicted - reference
    draw_dots(axes, middle, difference, colour=ACCENT)
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


def _values(scores: Sequence[Score], name: str, of: Callable[[Score], float]) -> Floats:
    return np.array([of(score) for score in scores if score.name == name], dtype=np.float64)
