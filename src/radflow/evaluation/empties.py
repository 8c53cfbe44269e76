"""What a metric is worth where a mask is empty: one declared table."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from radflow.errors import EvaluationError

Emptiness = Literal["", "reference", "prediction", "both", "missing"]

DIAGONAL = "diagonal"
"""Stands for the longest distance inside the image: the diagonal of its field of view, in mm."""

_AGREE: Mapping[str, float | str] = MappingProxyType(
    {"dice": 1.0, "nsd": 1.0, "hd95_mm": 0.0, "assd_mm": 0.0}
)
_WORST: Mapping[str, float | str] = MappingProxyType(
    {"dice": 0.0, "nsd": 0.0, "hd95_mm": DIAGONAL, "assd_mm": DIAGONAL}
)

EMPTY_VALUES: Mapping[str, Mapping[str, float | str]] = MappingProxyType(
    {
        "both": _AGREE,  # nothing to find, nothing found
        "reference": _WORST,  # the reference is empty: all that was predicted is wrong
        "prediction": _WORST,  # the prediction is empty: all of the structure was missed
        "missing": _WORST,  # there is no prediction, whatever the reference holds
    }
)
"""Value of each metric in each kind of emptiness; rows with such values are counted and shown."""

EMPTY_MEANING: Mapping[str, str] = MappingProxyType(
    {
        "both": "neither the reference nor the prediction holds the class",
        "reference": "only the prediction holds the class",
        "prediction": "only the reference holds the class",
        "missing": "the model gave no prediction for the case",
    }
)


def emptiness(reference_voxels: int, predicted_voxels: int) -> Emptiness:
    """Name which of two masks is empty: ``""`` where neither is."""
    if reference_voxels and predicted_voxels:
        return ""
    if reference_voxels:
        return "prediction"
    return "reference" if predicted_voxels else "both"


def empty_value(metric: str, kind: Emptiness, *, diagonal_mm: float = float("nan")) -> float:
    """Look a metric up in the table of empties.

    Parameters
    ----------
    metric
        ``dice``, ``nsd``, ``hd95_mm`` or ``assd_mm``.
    kind
        Which mask is empty; not ``""``.
    diagonal_mm
        Diagonal of the image's field of view, mm: the worst value of a distance.

    Raises
    ------
    EvaluationError
        For a pair that the table does not hold.
    """
    if metric not in EMPTY_VALUES.get(kind, {}):
        message = f"the table of empties holds no value of {metric!r} for {kind!r}"
        raise EvaluationError(message)
    value = EMPTY_VALUES[kind][metric]
    return diagonal_mm if isinstance(value, str) else value
