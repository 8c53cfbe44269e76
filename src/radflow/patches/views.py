"""What a classifier sees of a case: whole images, slices, slices with their neighbours, planes."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from radflow.config.classification import InputRules
from radflow.datasets.cases import Case
from radflow.errors import LeakError
from radflow.imaging.geometry import Geometry
from radflow.imaging.normalise import Intensity
from radflow.patches.index import COLUMNS
from radflow.patches.store import Floats, ShardSet
from radflow.progress import track
from radflow.selections import TrainingCases

Voxel = tuple[int, int, int]

# A slice that varies less than this share of its volume shows nothing: air beside the head.
_BLANK = 0.1


class ViewReader:
    """Read views of preprocessed cases as arrays of the network's shape.

    Parameters
    ----------
    shards
        Preprocessed cases.
    rules
        Which views.
    patch_size
        Voxels along the RAS axes; beyond the volume a view repeats its lowest value.
    intensity
        CT normalisation fitted on the training cases; None leaves images as they are stored.
    """

    def __init__(
        self,
        shards: ShardSet,
        rules: InputRules,
        patch_size: Sequence[int],
        *,
        intensity: Intensity | None = None,
    ) -> None:
        i, j, k = patch_size
        self._shards, self._rules, self._intensity = shards, rules, intensity
        self._size = i, j, k

    def read(self, case: str, centre: Sequence[int]) -> Floats:
        """Read the view of a case about a voxel: ``(inputs, *grid)`` float32; see `view_shape`."""
        starts = [at - size // 2 for at, size in zip(centre, self._size, strict=True)]
        patch = self._padded(case, starts)
        match self._rules.view:
            case "whole":
                flat = tuple(axis + 1 for axis in range(3) if self._size[axis] == 1)
                return np.ascontiguousarray(patch.squeeze(flat))
            case "slices" | "neighbours":
                slices = np.moveaxis(patch, self._rules.axis + 1, 1)
                return np.ascontiguousarray(slices.reshape(-1, *slices.shape[2:]))
            case "planes":
                i, j, k = (size // 2 for size in self._size)
                planes = patch[:, i], patch[:, :, j], patch[:, :, :, k]
                return np.ascontiguousarray(np.concatenate(planes))

    def _padded(self, case: str, starts: Sequence[int]) -> Floats:
        shape = self._shards.shape(case)
        first = [min(max(at, 0), n - 1) for at, n in zip(starts, shape, strict=True)]
        last = [
            max(min(at + size, n), f + 1)
            for at, size, n, f in zip(starts, self._size, shape, first, strict=True)
        ]
        image = self._shards.image(case, first, [b - a for a, b in zip(first, last, strict=True)])
        if self._intensity is not None:
            image = self._intensity.apply(image)
        if first == list(starts) and image.shape[1:] == self._size:
            return image
        whole = np.empty((len(image), *self._size), np.float32)
        whole[:] = image.min(axis=(1, 2, 3), keepdims=True)
        # A view centred near the edge may lie beyond the volume altogether; then it stays blank.
        ends = zip(first, last, starts, self._size, strict=True)
        box = [(max(a - at, 0), min(b - at, size)) for a, b, at, size in ends]
        if all(low < high for low, high in box):
            whole[(slice(None), *(slice(*each) for each in box))] = image
        return whole


def view_shape(
    rules: InputRules, patch_size: Sequence[int], *, channels: int
) -> tuple[int, tuple[int, ...]]:
    """Tell the inputs of the network, and its grid of 2 or 3 axes.

    Parameters
    ----------
    rules
        Which views.
    patch_size
        Voxels along the RAS axes.
    channels
        Of a preprocessed image.

    Returns
    -------
    tuple
        Inputs: the channels of the image; for ``neighbours`` the slices of the first channel, then
        those of the next; for ``planes`` the channels of the plane across axis 0, then those of the
        planes across axes 1 and 2. Grid: the axes that are left, in order.
    """
    size = list(patch_size)
    if rules.view == "whole":
        return channels, tuple(n for n in size if n > 1)
    if rules.view == "planes":
        return channels * 3, (size[0], size[1])
    deep = size.pop(rules.axis)
    return channels * deep, tuple(size)


def build_views(
    shards: ShardSet, cases: Sequence[Case], codes: Mapping[str, int], rules: InputRules
) -> pd.DataFrame:
    """List the centres of the views of every case: the index of patches of a classification.

    Parameters
    ----------
    shards
        Preprocessed cases.
    cases
        Those of the shards that have a class; they tell the marked lesions.
    codes
        Case to the code of its classes (`radflow.targets.Target.code_of`).
    rules
        Which views.

    Returns
    -------
    DataFrame
        case (str), label (code), i, j, k (int32; voxel of the preprocessed grid), sorted by case
        and centre.
    """
    rows = [
        (case.case, codes[case.case], *centre)
        for case in track(sorted(cases, key=lambda each: each.case), "patches")
        for centre in view_centres(shards, case, rules)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype(dict.fromkeys(COLUMNS[1:], np.int32))


def view_centres(shards: ShardSet, case: Case, rules: InputRules) -> list[Voxel]:
    """List the centres of a case's views, voxels of the preprocessed grid."""
    centre = _centre(shards, case, rules)
    if rules.view in {"whole", "planes"}:
        return [centre]
    found = [_replaced(centre, rules.axis, at) for at in _slices(shards, case.case, rules)]
    return found or [centre]


def _slices(shards: ShardSet, case: str, rules: InputRules) -> Iterator[int]:
    image = shards.image(case)
    # Channel by channel: windows of CT may give air a value of its own in each.
    spread = image.std(axis=(1, 2, 3))
    for at in range(rules.every // 2, shards.shape(case)[rules.axis], rules.every):
        if (image.take(at, rules.axis + 1).std(axis=(1, 2)) > _BLANK * spread).any():
            yield at


def _centre(shards: ShardSet, case: Case, rules: InputRules) -> Voxel:
    i, j, k = (n // 2 for n in shards.shape(case.case))
    if rules.region == "image":
        return i, j, k
    marked = _outlined(shards, case.case)
    if marked is None and case.lesions:
        marked = _marked(shards.geometry(case.case), case)
    if marked is None:
        return i, j, k
    i, j, k = (
        min(max(round(at), 0), n - 1)
        for at, n in zip(marked.tolist(), shards.shape(case.case), strict=True)
    )
    return i, j, k


def _outlined(shards: ShardSet, case: str) -> npt.NDArray[np.float64] | None:
    """Find the middle of the outlined lesions' bounding box; None without an outline."""
    if not shards.labelled(case):
        return None
    voxels = np.argwhere(shards.label(case) > 0)
    return (voxels.min(0) + voxels.max(0)) / 2 if len(voxels) else None


def _marked(geometry: Geometry, case: Case) -> npt.NDArray[np.float64]:
    """Find the mean of the marked lesions' centres, on the preprocessed grid."""
    source = np.array([[*lesion.centre, 1.0] for lesion in case.lesions])
    to_grid = np.linalg.inv(geometry.grid_affine) @ geometry.affine
    return (source @ to_grid.T)[:, :3].mean(0)


def _replaced(centre: Voxel, axis: int, at: int) -> Voxel:
    i, j, k = (at if n == axis else voxel for n, voxel in enumerate(centre))
    return i, j, k


class ViewCentres:
    """The views of a fold's training cases, by the code of their classes.

    Raises
    ------
    LeakError
        When a training case has no view in the index.
    """

    def __init__(self, index: pd.DataFrame, training: TrainingCases) -> None:
        names = [case.case for case in TrainingCases.require(training, what="the network")]
        own = pd.DataFrame(index[index["case"].isin(names)]).sort_values(by=list(COLUMNS))
        missing = sorted(set(names) - set(own["case"]))
        if missing:
            message = (
                f"{len(missing)} of {len(names)} training cases have no view in the patch index "
                f"(first: {missing[0]}): run the rule patches again"
            )
            raise LeakError(message)
        self.cases: list[str] = own["case"].tolist()
        self.codes = own["label"].to_numpy(np.int64)
        self.centres = own[["i", "j", "k"]].to_numpy(np.int64)

    def __len__(self) -> int:
        return len(self.cases)
