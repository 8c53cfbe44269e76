"""The planes of a series as a stack in space."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from radflow.config.dataset import IntakeRules
from radflow.datasets.dicom.header import Frame, Header

Vectors = npt.NDArray[np.float64]

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Plane:
    """A frame and the header of its file."""

    header: Header
    frame: Frame


@dataclass(frozen=True)
class Stack:
    """The frames of a series, ordered along their normal where all have a place in space.

    Attributes
    ----------
    headers
        Of all files.
    rules
        Bounds of the card.
    """

    headers: tuple[Header, ...]
    rules: IntakeRules

    @cached_property
    def delivered(self) -> tuple[Plane, ...]:
        """Every frame of every file, in the order of the files."""
        return tuple(Plane(header, frame) for header in self.headers for frame in header.frames)

    @cached_property
    def placed(self) -> bool:
        """Whether every frame has position, orientation and spacing."""
        return all(
            plane.frame.position and plane.frame.orientation and plane.frame.spacing
            for plane in self.delivered
        )

    @property
    def unplaced_single(self) -> bool:
        """Whether it is one plane without a place in space, as a radiograph is."""
        (first, *others) = self.delivered
        return not others and first.frame.position is None and first.frame.orientation is None

    @cached_property
    def orientations(self) -> Vectors:
        """Directions along row and column of each delivered frame: ``(n, 2, 3)``, LPS+."""
        return np.array([plane.frame.orientation for plane in self.delivered]).reshape(-1, 2, 3)

    @cached_property
    def normal(self) -> Vectors:
        """Unit vector ``(3,)``, LPS+, that completes row and column to a right-handed system."""
        along_row, along_column = self.orientations[0]
        normal = np.cross(along_row, along_column)
        return normal / np.linalg.norm(normal)

    @cached_property
    def order(self) -> list[int]:
        """Numbers of the delivered frames along the normal; as delivered without a place."""
        if not self.placed:
            return list(range(len(self.delivered)))
        positions = np.array([plane.frame.position for plane in self.delivered])
        return [int(n) for n in np.argsort(positions @ self.normal, kind="stable")]

    @property
    def planes(self) -> tuple[Plane, ...]:
        """All frames in `order`."""
        return tuple(self.delivered[number] for number in self.order)

    @cached_property
    def positions(self) -> Vectors:
        """Centre of the first voxel of each frame, in `order`: ``(n, 3)``, LPS+, mm."""
        return np.array([plane.frame.position for plane in self.planes])

    @cached_property
    def offsets(self) -> Vectors:
        """Place of each frame along the normal, in mm: ``(n,)``, rising."""
        return self.positions @ self.normal

    @property
    def steps(self) -> Vectors:
        """Distances in mm between neighbours along the normal: ``(n - 1,)``."""
        return np.diff(self.offsets)

    @property
    def step_mm(self) -> float:
        """Usual distance of neighbours in mm; gaps of several slices do not count. 0 if single."""
        apart = self.steps[self.steps > 0]
        return float(np.median(apart[apart <= 1.5 * apart.min()])) if len(apart) else 0.0

    @property
    def spacing(self) -> tuple[float, float]:
        """Distance in mm between columns, then between rows."""
        between_rows, between_columns = self.delivered[0].frame.spacing or (0.0, 0.0)
        return between_columns, between_rows

    @cached_property
    def affine(self) -> Vectors:
        """Affine ``(4, 4)`` from voxels ``(column, row, slice)`` to RAS+ mm.

        The step between slices is the one from the first to the last, small shear included. A
        single slice is as thick as its header says, 1 mm where it is silent.
        """
        across, down = self.spacing
        thickness = self.delivered[0].frame.thickness or 1.0
        affine = np.eye(4)
        if not self.placed:
            affine[:3, :3] = np.diag([across, down, thickness])
            return affine
        along_row, along_column = self.orientations[self.order[0]]
        affine[:3, 0], affine[:3, 1] = along_row * across, along_column * down
        affine[:3, 2] = self.normal * thickness
        if len(self.positions) > 1:
            affine[:3, 2] = (self.positions[-1] - self.positions[0]) / (len(self.positions) - 1)
        affine[:3, 3] = self.positions[0]
        return _LPS_TO_RAS @ affine

    def largest_shift_mm(self, affine: npt.NDArray[Any]) -> float:
        """Largest distance in mm between where an affine and a frame's own header put a corner.

        Parameters
        ----------
        affine
            ``(4, 4)``, from voxels ``(column, row, slice)`` to RAS+ mm.
        """
        return max(_shift_mm(affine, plane, number) for number, plane in enumerate(self.planes))


def _shift_mm(affine: npt.NDArray[Any], plane: Plane, number: int) -> float:
    frame, header = plane.frame, plane.header
    if frame.position is None or frame.orientation is None or frame.spacing is None:
        return 0.0
    between_rows, between_columns = frame.spacing
    along_row, along_column = np.array(frame.orientation).reshape(2, 3)
    shifts: list[float] = []
    for column in (0, header.columns - 1):
        for row in (0, header.rows - 1):
            right = np.array(frame.position) + along_row * between_columns * column
            right = right + along_column * between_rows * row
            placed = affine @ np.array([column, row, number, 1.0])
            shifts.append(float(np.linalg.norm(_LPS_TO_RAS[:3, :3] @ right - placed[:3])))
    return max(shifts)


def values_of(items: Sequence[Any]) -> list[Any]:
    """Give distinct values in the order in which they come."""
    return list(dict.fromkeys(items))
