"""A case in three planes: grey-scale slice and both outlines, around what is outlined."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from radflow.errors import EvaluationError
from radflow.imaging.orientation import Orientation
from radflow.imaging.volume import read_volume
from radflow.report.slices import (
    PLANES,
    Floats,
    Labels,
    PlanePicture,
    cut,
    frame,
    grey_levels,
    letter_height,
)

MARGIN_MM = 30.0
"""What is shown around the structure in each direction."""


@dataclass(frozen=True)
class CaseVolumes:
    """A case brought into RAS+ axis order; axes are not resampled.

    Attributes
    ----------
    image
        (i, j, k) intensities of the first channel.
    reference, prediction
        (i, j, k) label maps; a case without a prediction has none.
    spacing_mm
        Voxel size along the RAS axes, mm.
    """

    image: Floats
    reference: Labels
    prediction: Labels | None
    spacing_mm: tuple[float, float, float]


def read_case(image: Path, reference: Path, prediction: Path | None) -> CaseVolumes:
    """Read a case and bring it into RAS+ order by its affine.

    An oblique volume stays on its own grid: letters then name the nearest axis.

    Raises
    ------
    ImageError
        When a file can't be read as a volume.
    EvaluationError
        When the image and a label map have different shapes.
    """
    volume = read_volume(image)
    shape = volume.array.shape[-3:]
    orientation = Orientation.of(volume.affine)
    spacing_mm = volume.spacing_mm
    i, j, k = (spacing_mm[axis] for axis in orientation.axes)
    return CaseVolumes(
        image=orientation.apply(volume.array.reshape(-1, *shape)[0].astype(np.float64)),
        reference=orientation.apply(_labels(reference, shape)),
        prediction=None if prediction is None else orientation.apply(_labels(prediction, shape)),
        spacing_mm=(i, j, k),
    )


def draw_planes(case: CaseVolumes, *, description: str) -> tuple[PlanePicture, ...]:
    """Draw axial, coronal and sagittal slices where the reference is largest.

    Parameters
    ----------
    case
        Volumes in RAS+ order.
    description
        What is shown, for readers who can't see it; the plane's name is put before it.
    """
    present = case.reference > 0
    if case.prediction is not None:
        present = present | (case.prediction > 0)
    window = _window(present, case.spacing_mm)
    levels = grey_levels(case.image)
    extent = levels[window].shape
    letter = letter_height(n * mm for n, mm in zip(extent, case.spacing_mm, strict=True))
    outlines = {"reference": case.reference}
    if case.prediction is not None:
        outlines["prediction"] = case.prediction
    pictures: list[PlanePicture] = []
    for plane in PLANES:
        place = _largest(case, plane.axis)
        kept = tuple(window[axis] if axis != plane.axis else place for axis in range(3))
        pictures.append(
            PlanePicture(
                plane.name,
                *frame(
                    cut(levels, outlines, plane, kept=kept, spacing_mm=case.spacing_mm),
                    plane.letters,
                    letter=letter,
                    label=f"{plane.name.capitalize()} plane. {description}",
                ),
            )
        )
    return tuple(pictures)


def _labels(path: Path, shape: tuple[int, ...]) -> Labels:
    array = read_volume(path).array
    if array.shape[-3:] != shape or array.size != np.prod(shape):
        message = (
            f"{path} has {array.shape} voxels, its image {shape}; label maps must lie on the grid "
            "of the image: predict and evaluate again"
        )
        raise EvaluationError(message)
    return array.reshape(shape).astype(np.uint8)


def _largest(case: CaseVolumes, axis: int) -> int:
    """Find the slice with most voxels of the reference; else of the prediction; else the middle."""
    others = tuple(each for each in range(3) if each != axis)
    for labels in (case.reference, case.prediction):
        if labels is not None and labels.any():
            return int(np.argmax(np.count_nonzero(labels, axis=others)))
    return case.image.shape[axis] // 2


def _window(
    present: npt.NDArray[np.bool_], spacing_mm: tuple[float, float, float]
) -> tuple[slice, ...]:
    """Bound the structure with a margin in mm; the whole volume where there is none."""
    if not present.any():
        return (slice(None),) * 3
    window: list[slice] = []
    for axis, size in enumerate(spacing_mm):
        others = tuple(each for each in range(3) if each != axis)
        places = np.flatnonzero(present.any(axis=others))
        margin = round(MARGIN_MM / size)
        window.append(slice(max(int(places[0]) - margin, 0), int(places[-1]) + margin + 1))
    return tuple(window)
