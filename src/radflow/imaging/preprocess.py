"""From the files of a case to arrays on the study's grid, and from there back to the file's."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from radflow.errors import ImageError
from radflow.imaging.geometry import Geometry, PreprocessedCase, grid_distance_mm, voxel_size
from radflow.imaging.preparation import Preparation
from radflow.imaging.resample import (
    Floats,
    Labels,
    Shape,
    resample_argmax,
    resample_image,
    resample_labels,
    smoothed,
)
from radflow.imaging.volume import Volume, read_volume

# Two files of a case share a grid if no voxel lies further apart than this share of its size.
_SAME_GRID = 0.05


def preprocess_image(
    images: Sequence[Path],
    label: Path | None = None,
    *,
    plan: Preparation,
    case: str | None = None,
) -> PreprocessedCase:
    """Read a case, turn it to RAS+, normalise it, and resample it to a voxel size.

    Parameters
    ----------
    images
        One file per channel, in order, all on one grid.
    label
        Label map on the same grid.
    plan
        Voxel size, intensities, and whether to smooth (`radflow.imaging.resample.smoothed`).
    case
        Id; None takes the name of the first file.

    Raises
    ------
    ImageError
        If a file can't be read, the grids differ, a channel is constant, or a label is not a
        whole number from 0 to 255.
    """
    if not images:
        message = f"case {case or '?'}: there is no image to read"
        raise ImageError(message)
    name = case if case is not None else images[0].name.split(".nii")[0]
    volumes = [read_volume(path) for path in images]
    geometry = Geometry(_spatial_shape(volumes[0]), volumes[0].affine, plan.spacing_mm)
    for path, volume in zip(images, volumes, strict=True):
        _require_grid(volume, geometry, path, name)
    image = np.concatenate([_with_channels(volume.array) for volume in volumes])
    image = geometry.orientation.apply(image)
    image = plan.intensities(image, case=name)
    image = smoothed(image, geometry.change) if plan.smooth else image
    return PreprocessedCase(
        name,
        np.ascontiguousarray(resample_image(image, geometry.change)),
        None if label is None else _read_label(label, geometry, name),
        geometry,
    )


def to_native(probabilities: Floats, geometry: Geometry) -> Labels:
    """Bring class probabilities back to the source's grid and take the likeliest class.

    Parameters
    ----------
    probabilities
        ``(classes, i, j, k)`` on the preprocessed grid, RAS+.
    geometry
        Of the case.

    Returns
    -------
    ndarray
        ``(i, j, k)`` uint8 on the grid of the source, along the axes of its file. Where no
        resampling was needed, no voxel is interpolated.

    Raises
    ------
    ImageError
        If the probabilities are not on the preprocessed grid.
    """
    if probabilities.shape[1:] != geometry.grid_shape:
        message = (
            f"probabilities of shape {probabilities.shape} are not on the preprocessed grid "
            f"(classes, {', '.join(map(str, geometry.grid_shape))}) of this case"
        )
        raise ImageError(message)
    labels = resample_argmax(probabilities, geometry.change.inverse)
    return np.ascontiguousarray(geometry.orientation.undo(labels))


def _read_label(path: Path, geometry: Geometry, case: str) -> Labels:
    volume = read_volume(path)
    _require_grid(volume, geometry, path, case)
    array = volume.array
    whole = (array >= 0) & (array <= 255) & (array == np.floor(array))
    if array.ndim != 3 or not whole.all():
        wrong = np.unique(array[~whole])[:5].tolist()
        message = (
            f"case {case}: {path.name} of shape {array.shape} must be a 3D map of whole numbers "
            f"from 0 to 255, and holds {wrong}; correct the label map or leave the case out"
        )
        raise ImageError(message)
    label = geometry.orientation.apply(array.astype(np.uint8))
    return np.ascontiguousarray(resample_labels(label, geometry.change))


def _require_grid(volume: Volume, geometry: Geometry, path: Path, case: str) -> None:
    shape = _spatial_shape(volume)
    if shape != geometry.shape:
        message = (
            f"case {case}: {path.name} has {shape} voxels, the first image {geometry.shape}; "
            "all files of a case must share one grid"
        )
        raise ImageError(message)
    distance = grid_distance_mm(volume.affine, geometry.affine, shape)
    bound = _SAME_GRID * min(voxel_size(geometry.affine))
    if not distance <= bound:
        message = (
            f"case {case}: {path.name} lies up to {distance:.3g} mm from the first image (at most "
            f"{bound:.3g} mm); all files of a case must share one grid"
        )
        raise ImageError(message)


def _spatial_shape(volume: Volume) -> Shape:
    i, j, k = volume.array.shape[-3:]
    return i, j, k


def _with_channels(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array if array.ndim == 4 else array[None]
