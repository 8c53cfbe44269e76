"""Balanced patches of a fold's training cases, each a pure function of its running number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from radflow.errors import LeakError, RadflowError
from radflow.imaging.normalise import Intensity
from radflow.patches.index import COLUMNS
from radflow.patches.store import Floats, Labels, ShardSet
from radflow.randomness import keyed_generator

Shape = tuple[int, int, int]

_BACKGROUND = 0


class Patch(NamedTuple):
    """One training example.

    Attributes
    ----------
    image
        ``(c, *patch)`` float32, RAS+; beyond the volume 0: the mean of a standardised image, the
        middle of a window of CT.
    label
        ``(*patch)`` uint8; 0 beyond the volume.
    case
        Id.
    start
        The patch's first voxel in the preprocessed volume; negative where the volume is padded.
    """

    image: Floats
    label: Labels
    case: str
    start: Shape


@dataclass(frozen=True)
class _Centres:
    """The centres of one class, case after case."""

    cases: tuple[str, ...]
    bounds: npt.NDArray[np.int64]  # centres of case n are those from bounds[n] to bounds[n + 1]
    voxels: npt.NDArray[np.int64]  # (n, 3)


class PatchSampler:
    """Draw patches of a fold's training cases; no other case can be drawn.

    With probability `target_share` the centre lies in a target class, each as likely, else in
    the background; then each training case that has the class is as likely, then each of its
    centres. Where the volume is larger than the patch, the patch is shifted to lie inside it, as
    nnU-Net does; where it is smaller, it is centred and padded with 0.

    Parameters
    ----------
    index
        From `radflow.patches.index`; may hold other cases, which are dropped here.
    shards
        Preprocessed cases; likewise.
    cases
        Ids of the fold's training cases; their order does not matter.
    patch_size
        Voxels along the RAS axes.
    target_share
        Share of patches centred on a target class, 0 to 1.
    seed
        Keys all draws, with the sample's number.
    intensity
        CT normalisation fitted on the same cases; None leaves the image as it is stored.

    Raises
    ------
    LeakError
        If a training case is not among the preprocessed cases or has no centre in the index.
    RadflowError
        If no training case has a class that is to be drawn.
    """

    def __init__(
        self,
        index: pd.DataFrame,
        shards: ShardSet,
        cases: Sequence[str],
        *,
        patch_size: Sequence[int],
        target_share: float,
        seed: int,
        intensity: Intensity | None = None,
    ) -> None:
        self.cases = frozenset(cases)
        strangers = sorted(self.cases - (set(shards.cases) & set(index["case"])))
        if strangers:
            message = (
                f"{len(strangers)} of {len(self.cases)} training cases are not in the shards and "
                f"the patch index (first: {strangers[0]}); these belong to another part of the "
                "split, or preprocess and patches must run again"
            )
            raise LeakError(message)
        i, j, k = (int(size) for size in patch_size)
        self.patch_size: Shape = (i, j, k)
        self._shards, self._target_share, self._seed = shards, target_share, seed
        self._intensity = intensity
        own = pd.DataFrame(index[index["case"].isin(sorted(self.cases))])
        own = own.sort_values(by=list(COLUMNS))
        labels = own["label"].to_numpy(np.int64)
        self._centres = {
            label: _group(pd.DataFrame(own[labels == label]))
            for label in np.unique(labels).tolist()
        }
        self._targets = [label for label in self._centres if label != _BACKGROUND]
        self._require_classes()

    def draw(self, sample: int) -> Patch:
        """Draw the patch of a running number: the same for the same seed, number and cases."""
        rng = keyed_generator(self._seed, "patch", sample)
        label = _BACKGROUND
        if rng.random() < self._target_share:
            label = self._targets[rng.integers(len(self._targets))]
        centres = self._centres[label]
        number = rng.integers(len(centres.cases))
        row = rng.integers(centres.bounds[number], centres.bounds[number + 1])
        return self.read(centres.cases[number], centres.voxels[row].tolist())

    def read(self, case: str, centre: Sequence[int]) -> Patch:
        """Read the patch around a voxel of a training case.

        Raises
        ------
        LeakError
            If the case is not one of the fold's training cases.
        """
        if case not in self.cases:
            message = f"case {case} is not one of the {len(self.cases)} training cases of this fold"
            raise LeakError(message)
        shape = self._shards.shape(case)
        windows = [_window(*axis) for axis in zip(centre, shape, self.patch_size, strict=True)]
        first = [max(start, 0) for start in windows]
        size = [min(n, whole) for n, whole in zip(self.patch_size, shape, strict=True)]
        image = self._shards.image(case, first, size)
        if self._intensity is not None:
            image = self._intensity.apply(image)
        label = self._shards.label(case, first, size)
        if tuple(size) != self.patch_size:
            image, label = self._pad(image, label, [-min(start, 0) for start in windows])
        i, j, k = windows
        return Patch(image, label, case, (i, j, k))

    def _pad(self, image: Floats, label: Labels, before: Sequence[int]) -> tuple[Floats, Labels]:
        box = tuple(slice(at, at + n) for at, n in zip(before, label.shape, strict=True))
        whole_image = np.zeros((len(image), *self.patch_size), np.float32)
        whole_label = np.zeros(self.patch_size, np.uint8)
        whole_image[(slice(None), *box)] = image
        whole_label[box] = label
        return whole_image, whole_label

    def _require_classes(self) -> None:
        wanted = {
            "a target class": self._target_share > 0 and not self._targets,
            "background": self._target_share < 1 and _BACKGROUND not in self._centres,
        }
        for name, missing in wanted.items():
            if missing:
                message = (
                    f"none of the {len(self.cases)} training cases has a voxel of {name}, with "
                    f"training.target_share {self._target_share:g}: change it, or check the labels"
                )
                raise RadflowError(message)


def _group(table: pd.DataFrame) -> _Centres:
    cases, firsts = np.unique(table["case"].to_numpy(str), return_index=True)
    bounds = np.append(firsts, len(table))
    voxels = table[["i", "j", "k"]].to_numpy(np.int64)
    return _Centres(tuple(cases.tolist()), bounds, voxels)


def _window(centre: int, whole: int, size: int) -> int:
    """Place a patch of `size` along an axis of `whole` voxels; returns its first voxel."""
    if whole < size:
        return -((size - whole) // 2)
    return min(max(centre - size // 2, 0), whole - size)
