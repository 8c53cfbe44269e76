"""Whole images of cases: a 2D image as it is, a volume in three planes through its lesion."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radflow.datasets.cases import Case
from radflow.errors import EvaluationError
from radflow.imaging.orientation import Orientation
from radflow.imaging.volume import read_volume
from radflow.report.slices import (
    PLANES,
    Floats,
    Labels,
    Plane,
    PlanePicture,
    cut,
    frame,
    grey_levels,
    letter_height,
)

Voxel = tuple[int, int, int]


@dataclass(frozen=True)
class Directions:
    """What is known of an image's place in the patient: where its axes point, and millimetres."""

    known: bool
    scale: bool


@dataclass(frozen=True)
class _Whole:
    image: Floats
    marked: Labels | None
    centre: Voxel
    spacing_mm: tuple[float, float, float]


def draw_whole(
    case: Case, *, outlined: bool, directions: Directions, description: str
) -> tuple[PlanePicture, ...]:
    """Draw the whole image: of a volume the planes through the lesion, else through the middle.

    Parameters
    ----------
    case
        Its first channel is shown.
    outlined
        Whether its label map is of lesions, which are outlined and tell the planes.
    directions
        Without known directions there are no letters, without millimetres no scale bar.
    description
        What is shown, for readers who can't see it.

    Raises
    ------
    ImageError
        When a file can't be read as a volume.
    EvaluationError
        When image and label map have different shapes.
    """
    whole = _read(case, outlined=outlined)
    shape = whole.image.shape
    planes = [plane for plane in PLANES if shape[plane.across] > 1 and shape[plane.down] > 1]
    levels = grey_levels(whole.image)
    letter = letter_height(n * mm for n, mm in zip(shape, whole.spacing_mm, strict=True))
    return tuple(
        PlanePicture(
            plane.name,
            *frame(
                cut(
                    levels,
                    {} if whole.marked is None else {"reference": whole.marked},
                    plane,
                    kept=_kept(plane, whole.centre),
                    spacing_mm=whole.spacing_mm,
                ),
                plane.letters if directions.known else (),
                letter=letter,
                label=_label(plane, description, directions),
                scale=directions.scale,
            ),
        )
        for plane in planes
    )


def _read(case: Case, *, outlined: bool) -> _Whole:
    volume = read_volume(case.images[0])
    shape = volume.array.shape[-3:]
    orientation = Orientation.of(volume.affine)
    i, j, k = (volume.spacing_mm[axis] for axis in orientation.axes)
    image = orientation.apply(volume.array.reshape(-1, *shape)[0].astype(np.float64))
    marked = None
    if outlined and case.label is not None:
        found = read_volume(case.label).array
        if found.size != np.prod(shape):
            message = (
                f"{case.label} has {found.shape} voxels, its image {shape}; label maps must lie on "
                "the grid of the image: run intake again"
            )
            raise EvaluationError(message)
        marked = orientation.apply(found.reshape(shape).astype(np.uint8))
    return _Whole(image, marked, _centre(case, orientation, marked, image.shape), (i, j, k))


def _centre(
    case: Case, orientation: Orientation, marked: Labels | None, shape: tuple[int, ...]
) -> Voxel:
    """Find the voxel, RAS+ order, that the planes go through."""
    centre = [n // 2 for n in shape]
    if marked is not None and marked.any():
        voxels = np.argwhere(marked)
        centre = [round(at) for at in ((voxels.min(0) + voxels.max(0)) / 2).tolist()]
    elif case.lesions:
        middle: npt.NDArray[np.float64] = np.mean([each.centre for each in case.lesions], axis=0)
        stored = [float(middle[axis]) for axis in orientation.axes]
        turned = zip(stored, orientation.flips, shape, strict=True)
        centre = [round(n - 1 - at if flip else at) for at, flip, n in turned]
    i, j, k = (min(max(at, 0), n - 1) for at, n in zip(centre, shape, strict=True))
    return i, j, k


def _kept(plane: Plane, centre: Voxel) -> tuple[slice | int, ...]:
    return tuple(centre[axis] if axis == plane.axis else slice(None) for axis in range(3))


def _label(plane: Plane, description: str, directions: Directions) -> str:
    return f"{plane.name.capitalize()} plane. {description}" if directions.known else description
