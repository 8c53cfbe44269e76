"""What a table of probabilities must be."""

from collections.abc import Iterator, Sequence

from radflow.evaluation.classification.statistics import Floats
from radflow.targets import Target

BOUND_TOLERANCE = 1e-6
SUM_TOLERANCE = 1e-5
"""Rounding of probabilities that were added in single precision and written with nine digits."""


def problems_of(
    cases: Sequence[str], probabilities: Floats, target: Target, *, prefix: str
) -> Iterator[str]:
    """Name the cases whose probabilities are none.

    Parameters
    ----------
    cases
        ``(n,)`` ids.
    probabilities
        ``(n, classes)``.
    target
        The classes; their probabilities sum to 1, but where a case may have several at once.
    prefix
        Of their columns, to name them.
    """
    for case, row in zip(cases, probabilities, strict=True):
        names = [f"{prefix}{name}" for name in target.classes]
        outside = {
            name: float(value)
            for name, value in zip(names, row, strict=True)
            if not -BOUND_TOLERANCE <= value <= 1.0 + BOUND_TOLERANCE
        }
        total = float(row.sum())
        if outside:
            yield f"case {case} has probabilities outside 0 to 1: {outside}"
        elif not target.several and abs(total - 1.0) > SUM_TOLERANCE:
            yield f"case {case} has probabilities {prefix}... that sum to {total:.6g}, not 1"
