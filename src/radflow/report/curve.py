"""The section of the learning curve: what more cases give, and what another start gives."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from radflow.files import read_json
from radflow.report.load import AnyTrained
from radflow.report.methods import start_words
from radflow.report.numbers import count, number, p_value
from radflow.report.sections import OptionalSection
from radflow.report.svg import ACCENT, QUIET, RULE, inline, render, style
from radflow.report.tables import Table, table

# Told apart without red and green (Okabe and Ito 2008), and by the shape of the dots.
_COLOURS = (QUIET, ACCENT, "#d55e00", "#009e73", "#cc79a7")
_MARKERS = ("o", "s", "^", "D", "v")
_SPREAD = 0.03  # models stand beside each other, this share of n apart
_METRICS = {"accuracy": "Accuracy", "auc": "AUC", "nll": "Log loss"}


def curve_context(path: Path | None) -> dict[str, Any] | None:
    """Build what the section shows; None without a learning curve.

    Parameters
    ----------
    path
        ``results/STUDY/curve/curve.json``.

    Returns
    -------
    dict or None
        ``conclusions`` (sentences), ``figure`` (SVG), ``table``, ``comparisons`` (tables),
        ``starts`` (of each model: where it starts), ``methods`` (sentences).
    """
    if path is None or not path.is_file():
        return None
    record: dict[str, Any] = read_json(path)
    return {
        "conclusions": tuple(record["conclusions"]),
        "figure": _figure(record),
        "caption": _caption(record),
        "table": _summary(record),
        "comparisons": _comparisons(record),
        "starts": tuple(_starts(record)),
        "methods": tuple(record["methods"].values()),
    }


def draw_curve(axes: Axes, record: Mapping[str, Any]) -> None:
    """Draw accuracy against the number of training cases: every seed a dot, the means joined."""
    models: list[str] = record["models"]
    for place, model in enumerate(models):
        colour, marker = _COLOURS[place % 5], _MARKERS[place % 5]
        shift = 1 + _SPREAD * (place - (len(models) - 1) / 2)
        dots = [each for each in record["points"] if each["model"] == model]
        axes.scatter(
            [each["size"] * shift for each in dots],
            [each["accuracy"] for each in dots],
            s=14,
            color=colour,
            marker=marker,
            alpha=0.6,
            linewidths=0,
        )
        means = [
            (row["size"] * shift, row["mean"])
            for row in record["summary"]
            if row["model"] == model and row["metric"] == "accuracy"
        ]
        sizes, values = zip(*means, strict=True)
        axes.plot(
            sizes, values, color=colour, marker=marker, markersize=5, linewidth=1.4, label=model
        )
    axes.set_xscale("log")
    axes.set_xticks(record["sizes"], [str(size) for size in record["sizes"]])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("training cases (log scale)")
    axes.set_ylabel("accuracy on tuning cases")
    axes.legend(loc="best")


def _figure(record: Mapping[str, Any]) -> Markup:
    with style():
        figure = Figure(figsize=(5.2, 3.4))
        draw_curve(figure.add_subplot(), record)
        document = render(figure, name="learning-curve")
    description = f"{_caption(record)} The table holds the numbers."
    # The text of figures is escaped by matplotlib's writer and by `inline`.
    return Markup(inline(document, name="learning-curve", description=description))  # noqa: S704


def _caption(record: Mapping[str, Any]) -> str:
    return (
        f"Accuracy on the {count(record['tuning_cases'], 'tuning case')} of fold {record['fold']} "
        f"against the number of training cases: each dot a training ({record['seeds']} seeds), "
        "lines join the means."
    )


def _summary(record: Mapping[str, Any]) -> Table:
    rows = {(row["model"], row["size"], row["metric"]): row for row in record["summary"]}
    return table(
        f"Tuning scores by number of training cases: mean (SD) over {record['seeds']} seeds",
        ("Model", "Cases", *_METRICS.values()),
        [
            (model, size, *(_spread(rows[model, size, metric]) for metric in _METRICS))
            for model in record["models"]
            for size in record["sizes"]
        ],
        numeric=range(1, 2 + len(_METRICS)),
    )


def _spread(row: Mapping[str, Any]) -> str:
    if row["mean"] is None:
        return number(None)
    return f"{number(row['mean'])} ({number(row['sd'])})"


def _comparisons(record: Mapping[str, Any]) -> Table | None:
    if not record["comparisons"]:
        return None
    level = f"{100 * record['confidence']:g} %"
    return table(
        f"Difference at {count(record['compare_at'], 'training case')}, paired over seeds",
        ("Model", "Against", "Score", "Difference", f"{level} interval", "p (t)", "p (sign flip)"),
        [
            (
                row["model"],
                row["reference"],
                _METRICS[row["metric"]],
                number(row["difference"]),
                "" if row["low"] is None else f"{number(row['low'])} to {number(row['high'])}",
                p_value(row["p"]),
                p_value(row["p_flip"]),
            )
            for row in record["comparisons"]
        ],
        numeric=range(3, 7),
        note=_least(record["comparisons"][0]),
    )


def _least(row: Mapping[str, Any]) -> str:
    least = row["least_p_flip"]
    if least is None:
        return ""
    return f"The sign-flip test of {row['n']} seeds can give no p below {number(least)}."


def _starts(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each model and where it starts."""
    for model in record["models"]:
        start = record["start_from"][model]
        if start is None:
            yield model, "from random weights (scratch)"
            continue
        yield model, f"from {start['from']} ({start_words(start)})"


def _of_study(data: AnyTrained) -> dict[str, Any] | None:
    return curve_context(data.inputs.extras.get("curve"))


CURVE = OptionalSection("curve", "Learning curve", after="results", context=_of_study)
