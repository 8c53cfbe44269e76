"""Distances between the surfaces of two masks, in mm.

Definition. The surface of a mask is the set of its **boundary voxels**: voxels of the mask with at
least one of their six face neighbours outside it (what lies beyond the image counts as outside). A
distance goes from the centre of a boundary voxel of one mask to the centre of the nearest
boundary voxel of the other, Euclidean, in mm. Each boundary voxel has the same weight.

This is the definition of MONAI's `compute_surface_dice` (without subvoxels),
`compute_hausdorff_distance` and `compute_average_surface_distance`, which the tests hold this
module against. Nikolov et al. 2018 (arXiv 1809.04430, DeepMind's surface-distance) weigh surface
elements by their area instead: on strongly anisotropic voxels the two give different numbers, so
figures of the two definitions must not be put beside each other (arXiv 2410.02630).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from radflow.errors import EvaluationError

_SLACK_MM = 1e-5
"""Far below any voxel: headers hold spacing as float32, so 0.7 mm is read as 0.69999999 mm."""

_LEAF_SIZE = 32


@dataclass(frozen=True)
class SurfaceDistances:
    """Distances of every boundary voxel of each mask to the other mask's boundary, mm.

    Attributes
    ----------
    to_prediction
        (n,) one per boundary voxel of the reference.
    to_reference
        (m,) one per boundary voxel of the prediction.
    """

    to_prediction: NDArray[np.float64]
    to_reference: NDArray[np.float64]

    def nsd(self, tolerance_mm: float) -> float:
        """Normalised surface Dice: share of both boundaries within a tolerance of the other.

        Nikolov et al. 2018 (arXiv 1809.04430), with boundary voxels as surface elements.
        """
        within = sum(
            int(np.count_nonzero(side <= tolerance_mm + _SLACK_MM)) for side in self._sides()
        )
        return within / sum(side.size for side in self._sides())

    def hd95(self) -> float:
        """95th percentile Hausdorff distance, mm: the larger of the two directed percentiles.

        Percentiles are taken within each direction, with linear interpolation.
        """
        return max(float(np.percentile(side, 95)) for side in self._sides())

    def assd(self) -> float:
        """Average symmetric surface distance, mm: mean over the boundary voxels of both masks."""
        return float(np.concatenate(self._sides()).mean())

    def _sides(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self.to_prediction, self.to_reference


def surface_distances(
    reference: NDArray[np.bool_], prediction: NDArray[np.bool_], spacing_mm: Sequence[float]
) -> SurfaceDistances:
    """Distances between the surfaces of two masks, worked out on a crop around both.

    Parameters
    ----------
    reference, prediction
        Boolean masks (i, j, k) on one grid; neither may be empty.
    spacing_mm
        Voxel size along i, j, k, mm.

    Raises
    ------
    EvaluationError
        When the shapes differ, a mask is empty (a distance to nothing is not defined: see
        `radflow.evaluation.empties`), or a spacing is not a positive number.
    """
    _check(reference, prediction, spacing_mm)
    around = _bounding_box(reference | prediction)
    scale = np.asarray(spacing_mm, dtype=np.float64)
    points = [np.argwhere(boundary(mask[around])) * scale for mask in (reference, prediction)]
    trees = [KDTree(each, leafsize=_LEAF_SIZE) for each in points]
    return SurfaceDistances(
        to_prediction=np.asarray(trees[1].query(points[0])[0]),
        to_reference=np.asarray(trees[0].query(points[1])[0]),
    )


def boundary(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Voxels of a mask (any number of axes) with a face neighbour outside it or the image.

    Returns
    -------
    ndarray
        Boolean, of the mask's shape.
    """
    padded = np.pad(mask, 1)
    middle = (slice(1, -1),) * mask.ndim
    inside = padded[middle].copy()
    for axis in range(mask.ndim):
        for shifted in (slice(0, -2), slice(2, None)):
            inside &= padded[(*middle[:axis], shifted, *middle[axis + 1 :])]
    return mask & ~inside


def diagonal_mm(shape: Sequence[int], spacing_mm: Sequence[float]) -> float:
    """Diagonal of an image's field of view, mm: no distance inside the image is longer.

    Parameters
    ----------
    shape
        Voxels along i, j, k.
    spacing_mm
        Voxel size along i, j, k, mm.
    """
    return float(np.linalg.norm(np.multiply(shape, spacing_mm)))


def _bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    box: list[slice] = []
    for axis in range(mask.ndim):
        others = tuple(each for each in range(mask.ndim) if each != axis)
        used = np.flatnonzero(mask.any(axis=others))
        box.append(slice(int(used[0]), int(used[-1]) + 1))
    return tuple(box)


def _check(
    reference: NDArray[np.bool_], prediction: NDArray[np.bool_], spacing_mm: Sequence[float]
) -> None:
    if reference.shape != prediction.shape:
        message = (
            f"masks of {reference.shape} (reference) and {prediction.shape} voxels (prediction); "
            "bring the prediction to the grid of the reference first"
        )
        raise EvaluationError(message)
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    if spacing.shape != (reference.ndim,) or not (np.isfinite(spacing) & (spacing > 0)).all():
        message = f"spacing must be {reference.ndim} positive numbers in mm, got {spacing_mm}"
        raise EvaluationError(message)
    for name, mask in (("reference", reference), ("prediction", prediction)):
        if not mask.any():
            message = (
                f"the {name} is empty, so no surface distance is defined; "
                "use the table of empties (radflow.evaluation.empties)"
            )
            raise EvaluationError(message)
