"""Where a preprocessed case lies in space, and how to bring it back to its source's grid."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from radflow.imaging.orientation import Orientation
from radflow.imaging.resample import Floats, GridChange, Labels, Shape, Spacing

Affine = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Geometry:
    """The grid of a source image and the preprocessed grid made from it.

    Attributes
    ----------
    shape
        Voxels of the source, along the axes of its file.
    affine
        ``(4, 4)``, voxel indices of the source to RAS+ mm.
    spacing_mm
        Voxel size that preprocessing was asked for, mm along the RAS axes.
    """

    shape: Shape
    affine: Affine
    spacing_mm: Spacing

    @cached_property
    def orientation(self) -> Orientation:
        """How the source's axes become those of RAS+."""
        return Orientation.of(self.affine)

    @cached_property
    def change(self) -> GridChange:
        """From the source's voxels, in RAS+ order, to the preprocessed voxels."""
        return GridChange.to_spacing(
            self.orientation.shape(self.shape), voxel_size(self._canonical_affine), self.spacing_mm
        )

    @property
    def grid_shape(self) -> Shape:
        """Voxels of the preprocessed grid, along the RAS axes."""
        return self.change.target

    @property
    def grid_affine(self) -> Affine:
        """Affine ``(4, 4)`` of the preprocessed grid, voxel indices to RAS+ mm."""
        return self.change.affine(self._canonical_affine)

    @property
    def _canonical_affine(self) -> Affine:
        return self.orientation.affine(self.affine, self.shape)

    def to_dict(self) -> dict[str, Any]:
        """Turn into a JSON-able record; floats survive exactly."""
        return {
            "shape": list(self.shape),
            "affine": self.affine.tolist(),
            "spacing_mm": list(self.spacing_mm),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Geometry":
        """Read the record of `to_dict`."""
        i, j, k = (int(voxels) for voxels in record["shape"])
        size_i, size_j, size_k = (float(size) for size in record["spacing_mm"])
        affine = np.array(record["affine"], np.float64).reshape(4, 4)
        return cls((i, j, k), affine, (size_i, size_j, size_k))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Geometry) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.shape, self.affine.tobytes(), self.spacing_mm))


@dataclass(frozen=True)
class PreprocessedCase:
    """A case as the network sees it.

    Attributes
    ----------
    case
        Id.
    image
        ``(c, i, j, k)`` float32, RAS+; standard deviations, or HU under the scheme ``ct``.
    label
        ``(i, j, k)`` uint8 on the same grid, or None.
    geometry
        The way back to the source's grid.
    """

    case: str
    image: Floats
    label: Labels | None
    geometry: Geometry


def voxel_size(affine: Affine) -> Spacing:
    """Measure the voxel size in mm along each array axis of a ``(4, 4)`` affine."""
    i, j, k = np.linalg.norm(affine[:3, :3], axis=0).tolist()
    return i, j, k


def grid_distance_mm(one: Affine, other: Affine, shape: Shape) -> float:
    """Find how far apart two affines put the same voxel of a grid, at most, in mm.

    Parameters
    ----------
    one, other
        ``(4, 4)``, voxel indices to RAS+ mm.
    shape
        Voxels of the grid; the distance is largest at one of its corners.
    """
    corners = np.stack(np.meshgrid(*[(0, size - 1) for size in shape], indexing="ij"), -1)
    moved = corners.reshape(-1, 3) @ (one - other)[:3, :3].T + (one - other)[:3, 3]
    return float(np.linalg.norm(moved, axis=1).max())
