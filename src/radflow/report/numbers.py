"""How the report writes numbers, and which metrics it knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NOT_ESTIMABLE = "not estimable"


@dataclass(frozen=True)
class Metric:
    """How a metric is named and written.

    Attributes
    ----------
    key
        Its name in the tables.
    name
        Its name for readers, with its unit.
    better
        Which way is better.
    digits
        Decimals shown.
    """

    key: str
    name: str
    better: str
    digits: int


METRICS = (
    Metric("dice", "Dice", "higher", 3),
    Metric("nsd", "NSD", "higher", 3),
    Metric("hd95_mm", "HD95 (mm)", "lower", 2),
    Metric("assd_mm", "ASSD (mm)", "lower", 2),
    Metric("volume_error_ml", "Volume error (ml)", "nearer to 0", 3),
)


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with fixed decimals and a true minus sign.

    Examples
    --------
    >>> number(0.89849)
    '0.898'
    >>> number(None)
    'not estimable'
    """
    if value is None:
        return NOT_ESTIMABLE
    text = f"{value:.{digits}f}"
    if float(text) == 0:  # -0.000 is 0.000
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """Write the bounds of an interval in parentheses; empty where there are none.

    "to" stands between the bounds where one is negative, so that no dash is read as a sign.

    Examples
    --------
    >>> interval(0.892, 0.903) == f"(0.892{DASH}0.903)"
    True
    """
    if low is None or high is None:
        return ""
    between = " to " if min(low, high) < 0 else DASH
    return f"({number(low, digits)}{between}{number(high, digits)})"


def estimate(record: Mapping[str, Any], digits: int = 3, *, key: str = "mean") -> str:
    """Write an estimate with its interval: ``0.898 (0.892-0.903)``, with an en dash."""
    value = number(record.get(key), digits)
    bounds = interval(record.get("low"), record.get("high"), digits)
    return f"{value} {bounds}" if bounds else value


def p_value(value: float | None) -> str:
    """Write a p value; very small ones as a bound.

    Examples
    --------
    >>> p_value(0.00001)
    '< 0.001'
    """
    if value is None:
        return NOT_ESTIMABLE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def times(numbers: "list[Any] | tuple[Any, ...]") -> str:
    """Write sizes along axes.

    Examples
    --------
    >>> times((48, 64.0, 1.5)).split()[0]
    '48'
    """
    return " \N{MULTIPLICATION SIGN} ".join(
        f"{value:g}".replace("-", MINUS) if isinstance(value, int | float) else str(value)
        for value in numbers
    )


def count(n: int, one: str, many: str = "") -> str:
    """Write a count with its noun, thousands separated.

    Examples
    --------
    >>> count(1, "case"), count(2, "case")
    ('1 case', '2 cases')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def short(digest: str, digits: int = 12) -> str:
    """Shorten a hash for running text."""
    return digest[:digits]
