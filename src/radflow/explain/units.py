"""Units of each stage, and the patches of images that excite them most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from radflow.explain.receptive_field import Fields
from radflow.networks.image_classifier import ImageClassifier

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Box = tuple[tuple[int, int], ...]


@dataclass
class Peaks:
    """Where each unit of each stage is excited most in each case.

    Attributes
    ----------
    cases
        Ids, in the order of the rows.
    values
        Stage to ``(cases, units)``: the largest activation over the case's views and places.
    views
        Stage to ``(cases, units)``: in which of its views.
    places
        Stage to ``(cases, units, axes)``: at which place of the stage's map.
    """

    cases: list[str] = field(default_factory=list[str])
    values: dict[str, list[Floats]] = field(default_factory=dict[str, list[Floats]])
    views: dict[str, list[Ints]] = field(default_factory=dict[str, list[Ints]])
    places: dict[str, list[Ints]] = field(default_factory=dict[str, list[Ints]])

    def add(self, case: str, maps: Mapping[str, tuple[Floats, Ints]]) -> None:
        """Note a case: of each stage, maxima of its views ``(views, units)`` and their places.

        Places are ``(views, units, axes)``.
        """
        self.cases.append(case)
        for stage, (values, places) in maps.items():
            view = values.argmax(0)
            units = np.arange(values.shape[1])
            self.values.setdefault(stage, []).append(values[view, units])
            self.views.setdefault(stage, []).append(view.astype(np.int64))
            self.places.setdefault(stage, []).append(places[view, units])


@dataclass(frozen=True)
class Peak:
    """A place that excites a unit: case, number of its view, place on the map, activation."""

    case: str
    view: int
    place: tuple[int, ...]
    value: float


def stage_maxima(
    network: ImageClassifier, views: Tensor
) -> tuple[Tensor, dict[str, tuple[Floats, Ints]]]:
    """Run views ``(b, inputs, *grid)`` through the stages.

    Returns
    -------
    tuple
        Features before the last layer ``(b, features)``, and of each stage the maxima of its units
        ``(b, units)`` with their places on the stage's map ``(b, units, axes)``.
    """
    found: dict[str, tuple[Floats, Ints]] = {}
    maps = views
    with torch.inference_mode():
        for name, stage in network.stages.items():
            maps = stage(maps)
            values, flat = maps.flatten(2).max(2)
            places = np.stack(np.unravel_index(flat.cpu().numpy(), tuple(maps.shape[2:])), -1)
            found[name] = values.float().cpu().numpy(), places.astype(np.int64)
        return network.pooled(maps), found


def most_varied(peaks: Peaks, stage: str, count: int) -> list[int]:
    """Choose the units of a stage whose maxima vary most over the cases (SD), most first.

    Units that don't vary are none: fewer may be found, or none at all.
    """
    spread = np.stack(peaks.values[stage]).std(0)
    order: list[int] = np.argsort(-spread, kind="stable")[:count].tolist()
    return [unit for unit in order if spread[unit] > 0]


def strongest(peaks: Peaks, stage: str, unit: int, count: int) -> list[Peak]:
    """Find the places that excite a unit most, each of another case, most first."""
    values = np.stack(peaks.values[stage])[:, unit]
    rows: list[int] = np.argsort(-values, kind="stable")[:count].tolist()
    return [
        Peak(
            peaks.cases[row],
            int(peaks.views[stage][row][unit]),
            tuple(peaks.places[stage][row][unit].tolist()),
            float(values[row]),
        )
        for row in rows
    ]


def field_box(fields: Fields, place: Sequence[int], grid: Sequence[int]) -> Box:
    """Give first voxel and end along each axis of what a unit sees; at most the whole grid.

    A box smaller than the grid may reach beyond its edge, where the network saw padding.
    """
    boxes = [field.box(at) for field, at in zip(fields, place, strict=True)]
    return tuple(
        (0, n) if box is None or box[1] - box[0] >= n else box
        for box, n in zip(boxes, grid, strict=True)
    )


def cut(image: Floats, box: Box) -> Floats:
    """Cut a box out of ``(*grid)``; beyond the edge stands the lowest value."""
    size = [end - start for start, end in box]
    patch = np.full(size, image.min(), np.float32)
    inside = [(max(a, 0), max(min(b, n), a, 0)) for (a, b), n in zip(box, image.shape, strict=True)]
    there = tuple(
        slice(a - start, b - start) for (a, b), (start, _) in zip(inside, box, strict=True)
    )
    patch[there] = image[tuple(slice(a, b) for a, b in inside)]
    return patch
