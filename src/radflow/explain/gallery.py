"""Pictures of a case beside its maps, in one slice of the source image."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from radflow.config.classification import InputRules
from radflow.config.explain import Method
from radflow.datasets.cases import Case
from radflow.explain.pictures import (
    draw_grey,
    draw_map,
    grey,
    levels_of,
    picture_size,
    write_png,
)
from radflow.imaging.orientation import Orientation
from radflow.imaging.volume import read_volume

Volume = npt.NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)


def draw_case(
    case: Case,
    maps: Mapping[Method, Volume],
    rows: Sequence[Mapping[str, Any]],
    folder: Path,
    *,
    view: InputRules,
    lesion: npt.NDArray[np.bool_] | None,
) -> dict[str, str]:
    """Draw a slice of a case, and its maps over it, each as share of its largest value.

    The slice is the one through the maximum of the first map, across the axis of slices, of a flat
    image its own plane, else axial. Each map's cross stands where its maximum lies, if in this
    slice; the lesion has an outline.

    Parameters
    ----------
    case
        Its first channel is drawn.
    maps
        Method to map ``(i, j, k)`` on the source's grid.
    rows
        The case's rows of ``explained.tsv``, which tell the maxima.
    folder
        To write into, ``pictures/CASE.*.png``.
    view
        What the network sees.
    lesion
        On the source's grid.

    Returns
    -------
    dict
        ``image``, and each method, to the path of its picture relative to `folder`.
    """
    volume = read_volume(case.images[0])
    turn = Orientation.of(volume.affine)
    image = turn.apply(volume.array.astype(np.float32))
    spacing = [volume.spacing_mm[axis] for axis in turn.axes]
    peaks = {row["method"]: _turned(row, turn, case.shape) for row in rows}
    axis = _axis(image.shape, view)
    found = next((peak for peak in peaks.values() if peak), None)
    place = found[axis] if found else image.shape[axis] // 2
    kept = [n for n in range(3) if n != axis]
    low, high = levels_of(image)
    plane = grey(_plane(image, axis, place), low=low, high=high)
    size = picture_size(plane.shape, [spacing[n] for n in kept])
    names = {name: f"pictures/{case.case}.{name}.png" for name in ("image", *maps)}
    write_png(folder / names["image"], draw_grey(plane, size))
    outline = None if lesion is None else _plane(turn.apply(lesion), axis, place)
    for method, values in maps.items():
        top = float(values.max())
        share = _plane(turn.apply(values), axis, place) / (top if top > 0 else 1.0)
        peak = peaks[method]
        at = (peak[kept[0]], peak[kept[1]]) if peak and peak[axis] == place else None
        drawn = draw_map(plane, share, size=size, lesion=outline, at=at)
        write_png(folder / names[method], drawn)
    return names


def _plane(volume: npt.NDArray[Scalar], axis: int, place: int) -> npt.NDArray[Scalar]:
    return np.asarray(np.moveaxis(volume, axis, 0)[place])


def _axis(shape: Sequence[int], view: InputRules) -> int:
    if view.view in {"slices", "neighbours"}:
        return view.axis
    flat = [axis for axis in range(3) if shape[axis] == 1]
    return flat[0] if flat else 2


def _turned(
    row: Mapping[str, Any], turn: Orientation, shape: tuple[int, int, int]
) -> tuple[int, ...] | None:
    """Turn a voxel of the file into one along the RAS axes."""
    if row["i"] == "":
        return None
    voxel = [int(row[axis]) for axis in "ijk"]
    return tuple(
        shape[axis] - 1 - voxel[axis] if flip else voxel[axis]
        for axis, flip in zip(turn.axes, turn.flips, strict=True)
    )
