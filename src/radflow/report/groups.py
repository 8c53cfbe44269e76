"""Groups of cases that stand beside each other in a table, and how their values are written."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import isfinite, sqrt

import numpy as np
import numpy.typing as npt

from radflow.datasets.cases import Case
from radflow.report.inputs import TEST
from radflow.report.load import DescribedStudy, TrainedStudy
from radflow.report.numbers import DASH, number

Floats = npt.NDArray[np.float64]
Group = Sequence[Case]

_MOST_VALUES = 6
_MOST_NUMBERS = 3


def groups_of(data: DescribedStudy) -> dict[str, tuple[Case, ...]]:
    """Give the cases by title: the development and the test part, or all where there is no test."""
    if not isinstance(data, TrainedStudy):
        return {"All cases": data.cases}
    of = data.parts_of_cases
    groups = {
        "Development": tuple(case for case in data.cases if of[case.case] != TEST),
        "Test": tuple(case for case in data.cases if of[case.case] == TEST),
    }
    return groups if data.has_test_part else {"All cases": groups["Development"]}


def measured(groups: Sequence[Group], measure: Callable[[Case], float]) -> tuple[str, ...]:
    """Write mean (SD) and range of each group; of two groups the standardised difference too."""
    values = [np.array([measure(case) for case in group]) for group in groups]
    return (*map(_spread, values), *_differences([each[~np.isnan(each)] for each in values]))


def counted(group: Group, value: Callable[[Case], str], *, unstated: str) -> str:
    """Count the cases of each value: ``F 12, M 9``; `unstated` where no case has one."""
    found = Counter(value(case) for case in group)
    missing = found.pop("", 0)
    if not found:
        return unstated
    if len(found) > _MOST_VALUES:
        text = f"{len(found)} different"
    elif len(found) == 1 and not missing:
        text = next(iter(found))
    else:
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        text = ", ".join(f"{name}: {times:,}" for name, times in ordered)
    return f"{text}; not stated: {missing:,}" if missing else text


def summarised(group: Group, value: Callable[[Case], str], *, unstated: str) -> str:
    """Write numbers as ``median (range)`` and other values as counts; numbers are few: counts."""
    texts = [text for case in group if (text := value(case))]
    numbers = numbers_in(texts)
    if numbers is None or few(numbers, _MOST_NUMBERS):
        return counted(group, value, unstated=unstated)
    missing = len(group) - len(texts)
    middle, low, high = map(_four_digits, (float(np.median(numbers)), min(numbers), max(numbers)))
    text = f"{middle} ({low}{DASH}{high})"
    return f"{text}; not stated: {missing:,}" if missing else text


def few(numbers: Sequence[float], most: int = _MOST_VALUES) -> bool:
    """Tell whether so few different numbers come again and again that they are to be counted."""
    return len(set(numbers)) <= min(most, len(numbers) // 2 or 1)


def _four_digits(value: float) -> str:
    """Write four digits, and whole thousands as they are spoken: ``10,000``, not ``1e+04``."""
    return f"{value:.4g}" if abs(value) < 10**4 else f"{value:,.0f}"


def numbers_in(texts: Sequence[str]) -> list[float] | None:
    """Read texts as finite numbers; None where one is none, or there are no texts."""
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return None
    return numbers if numbers and all(map(isfinite, numbers)) else None


def _differences(values: Sequence[Floats]) -> tuple[str, ...]:
    if len(values) != 2:
        return ()
    if min(map(len, values)) < 2:
        return ("",)
    pooled = sqrt(sum(float(each.var(ddof=1)) for each in values) / 2)
    difference = float(values[1].mean() - values[0].mean())
    if pooled > 0:
        return (number(difference / pooled, 2),)
    return (number(None) if difference else number(0.0, 2),)


def _spread(all_values: Floats) -> str:
    values = all_values[~np.isnan(all_values)]
    missing = len(all_values) - len(values)
    tail = f"; not stated: {missing:,}" if missing else ""
    if not len(values):
        return "none" if not missing else "not stated"
    low, high = float(values.min()), float(values.max())
    whole = not (values % 1).any()
    if low == high:
        return number(low, 0 if whole else 2) + tail
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    digits = 1 if whole else 2
    ends = f"{number(low, 0 if whole else 2)}{DASH}{number(high, 0 if whole else 2)}"
    return f"{number(mean, digits)} ({number(spread, digits)}), {ends}{tail}"
