"""The pointing game: how often the maximum of a map lies inside the lesion."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from radflow.datasets.cases import Case
from radflow.errors import IntakeError
from radflow.evaluation.classification.proportions import wilson
from radflow.files import sha256_file
from radflow.imaging.volume import read_volume

Mask = npt.NDArray[np.bool_]

_DIGITS = 6


@dataclass(frozen=True)
class Pointed:
    """One map of a correctly classified case with a lesion.

    Attributes
    ----------
    name
        Class of the case.
    inside
        Whether the map's maximum lies in the lesion.
    share
        Of what the network saw, that the lesion fills: how often a random voxel would be inside.
    """

    name: str
    inside: bool
    share: float


def lesion_mask(case: Case, labels: Sequence[int] = ()) -> Mask | None:
    """Mark the lesions of a case on its source's grid, ``(i, j, k)``; None where it has none.

    From the label map where there is one, else from the marked lesions: the voxels whose centre
    lies in a box or sphere; of a point its own voxel. Nothing is added around them.

    Parameters
    ----------
    case
        As intake accepted it.
    labels
        Values of the label map that are lesions; empty: all above 0.

    Raises
    ------
    IntakeError
        When the label map changed since intake.
    """
    if case.label is not None:
        if sha256_file(case.label) != case.label_sha256:
            message = f"{case.case}: {case.label} changed since intake; run intake again"
            raise IntakeError(message)
        array = read_volume(case.label).array
        mask = np.isin(array, labels) if labels else array > 0
    else:
        mask = _marked(case)
    return mask if mask.any() else None


def game(pointed: Sequence[Pointed], *, confidence: float = 0.95) -> dict[str, Any]:
    """Count the maxima inside lesions (Zhang et al. 2018, doi:10.1007/s11263-017-1059-x).

    Returns
    -------
    dict
        n, inside, share, low, high (Wilson's interval), chance (mean share of the lesion in what
        was seen), classes (the same for each); share, low, high and chance are None without a case.
    """
    names = sorted({each.name for each in pointed})
    of_classes = {name: [each for each in pointed if each.name == name] for name in names}
    return {
        **_counted(pointed, confidence),
        "classes": {name: _counted(own, confidence) for name, own in of_classes.items()},
    }


def _counted(pointed: Sequence[Pointed], confidence: float) -> dict[str, Any]:
    n, inside = len(pointed), sum(each.inside for each in pointed)
    if n == 0:
        return {"n": 0, "inside": 0, **dict.fromkeys(("share", "low", "high", "chance"))}
    low, high = wilson(inside, n, confidence)
    return {
        "n": n,
        "inside": inside,
        "share": round(inside / n, _DIGITS),
        "low": round(low, _DIGITS),
        "high": round(high, _DIGITS),
        "chance": round(float(np.mean([each.share for each in pointed])), _DIGITS),
    }


def _marked(case: Case) -> Mask:
    mask = np.zeros(case.shape, np.bool_)
    grid = np.indices(case.shape)
    for lesion in case.lesions:
        offsets = [abs(grid[axis] - lesion.centre[axis]) for axis in range(3)]
        if lesion.kind == "sphere":
            radii = [max(size / 2, 0.5) for size in lesion.extent]
            away = sum(
                (offset / radius) ** 2 for offset, radius in zip(offsets, radii, strict=True)
            )
            mask |= np.asarray(away) <= 1
        else:
            within = [
                offset <= max(size / 2, 0.5)
                for offset, size in zip(offsets, lesion.extent, strict=True)
            ]
            mask |= np.logical_and.reduce(within)
    return mask
