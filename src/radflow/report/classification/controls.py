"""Models that were trained on shuffled labels: whether they do no better than chance."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from radflow.report.classification.answers import ClassifiedStudy
from radflow.report.headlines import number_cell
from radflow.report.names import part_title
from radflow.report.numbers import interval, number
from radflow.report.tables import Table, table

_HALF = Fraction(1, 2)
_ROUNDING = 1e-6  # of bounds in the record


@dataclass(frozen=True)
class Control:
    """A control's number beside what chance gives.

    Attributes
    ----------
    model, part
        Whose, and on which cases.
    metric
        Its name for readers.
    chance
        What an answer that knows nothing gets.
    record
        The number with its interval.
    """

    model: str
    part: str
    metric: str
    chance: Fraction
    record: Mapping[str, Any]

    @property
    def includes_chance(self) -> bool | None:
        """Whether the interval holds chance; None where there is no interval."""
        low, high = self.record.get("low"), self.record.get("high")
        if low is None or high is None:
            return None
        return bool(low - _ROUNDING <= self.chance <= high + _ROUNDING)


def controls(data: ClassifiedStudy) -> tuple[Control, ...]:
    """Give the primary number of every control first, then the others."""
    return tuple(
        Control(model.name, part, name, chance, data.summary(model.name, part)["overall"][key])
        for model in data.controls
        for part in data.parts
        for key, name, chance in _measured(data)
    )


def verdicts(data: ClassifiedStudy) -> tuple[str, ...]:
    """Say of each control and part whether its primary number is that of chance."""
    primary = _measured(data)[0][1]
    return tuple(map(_verdict, (each for each in controls(data) if each.metric == primary)))


def controls_table(data: ClassifiedStudy) -> Table | None:
    """Show every number of the controls beside chance; None without controls."""
    found = controls(data)
    if not found:
        return None
    words = {True: "yes", False: "NO", None: "no interval"}
    return table(
        f"Trained on shuffled labels: estimate ({data.metrics['confidence']:.0%} interval)",
        ("Model", "Part", "Metric", "Estimate", "Chance", "Interval includes chance"),
        [
            (
                each.model,
                each.part,
                each.metric,
                number_cell(each.record),
                str(each.chance),
                words[each.includes_chance],
            )
            for each in found
        ],
        numeric=(3, 4),
        note="Chance of accuracy is that of guessing without a preference; where classes differ in "
        "size, one who always names the largest gets its share, and balanced accuracy is the one "
        "to read.",
    )


def _measured(data: ClassifiedStudy) -> tuple[tuple[str, str, Fraction], ...]:
    if data.target.several:
        return (("auc", "AUC", _HALF),)
    even = Fraction(1, len(data.target.classes))
    return (
        ("accuracy", "Accuracy", even),
        ("balanced_accuracy", "Balanced accuracy", even),
        ("auc", "AUC", _HALF),
    )


def _verdict(control: Control) -> str:
    record = control.record
    bounds = interval(record.get("low"), record.get("high"))
    found = f"{control.metric.lower() if control.metric != 'AUC' else 'AUC'} " + " ".join(
        filter(None, (number(record.get("estimate")), bounds))
    )
    begin = f"{control.model}, {part_title(control.part)}: {found}"
    if control.includes_chance is None:
        return f"{begin}; there is no interval to hold against chance, {control.chance}."
    if control.includes_chance:
        return (
            f"{begin}; the interval includes chance, {control.chance}. Trained on labels that mean "
            "nothing, it knows nothing, as it should: no leak shows here."
        )
    return f"{begin}; the interval does NOT include chance, {control.chance}. {_why(control)}"


def _why(control: Control) -> str:
    if float(control.record["estimate"]) < control.chance:
        return "It is below chance, as a model can be that learnt a preference by chance."
    return (
        "A model that was trained on labels that mean nothing does better than chance: classes of "
        "different sizes can do that (read balanced accuracy), and so can a leak."
    )


def failed(data: ClassifiedStudy) -> Iterator[Control]:
    """Yield the controls that do better than chance, by their primary number."""
    primary = _measured(data)[0][1]
    for each in controls(data):
        better = float(each.record.get("estimate") or 0) > each.chance
        if each.metric == primary and each.includes_chance is False and better:
            yield each
