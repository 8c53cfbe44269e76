"""Overlap of two masks."""

import numpy as np
from numpy.typing import NDArray

from radflow.errors import EvaluationError
from radflow.evaluation.empties import emptiness, empty_value


def dice(reference: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> float:
    """Dice similarity coefficient of two masks: 2 |A ∩ B| / (|A| + |B|).

    Parameters
    ----------
    reference, prediction
        Boolean masks (i, j, k) on one grid.

    Returns
    -------
    float
        0 to 1; where a mask is empty, the value of `radflow.evaluation.empties.EMPTY_VALUES`.

    Raises
    ------
    EvaluationError
        When the shapes differ.

    Examples
    --------
    >>> dice(np.array([True, True, False]), np.array([True, False, False]))
    0.6666666666666666
    """
    if reference.shape != prediction.shape:
        message = (
            f"masks of {reference.shape} (reference) and {prediction.shape} voxels (prediction); "
            "bring the prediction to the grid of the reference first"
        )
        raise EvaluationError(message)
    both = int(np.count_nonzero(reference & prediction))
    return dice_from_counts(
        both, int(np.count_nonzero(reference)), int(np.count_nonzero(prediction))
    )


def dice_from_counts(both: int, reference: int, prediction: int) -> float:
    """Dice similarity coefficient from numbers of voxels.

    Parameters
    ----------
    both
        Voxels in the reference and the prediction.
    reference, prediction
        Voxels in each; where one is 0, the table of empties decides.
    """
    kind = emptiness(reference, prediction)
    if kind:
        return empty_value("dice", kind)
    return 2.0 * both / (reference + prediction)
