"""Patches as tensors, for a `DataLoader` with any number of workers."""

import torch
from torch import Tensor
from torch.utils.data import Dataset

from radflow.patches.sampler import PatchSampler


class PatchDataset(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Map a sample's number to its patch.

    An item is image ``(c, *patch)`` float32, label ``(*patch)`` uint8, and the sample's number
    (int64), which keys its augmentation. No state changes between items, so the number and kind of
    workers changes nothing.

    Parameters
    ----------
    sampler
        Draws the patches.
    first, last
        Item 0 is sample `first`; samples end before `last`. With None they never end, and the
        loader needs a sampler of its own.
    """

    def __init__(self, sampler: PatchSampler, *, first: int = 0, last: int | None = None) -> None:
        self._sampler, self._first, self._last = sampler, first, last

    def __len__(self) -> int:
        if self._last is None:
            message = "patches never end: give `last`, or the loader a sampler"
            raise TypeError(message)
        return max(self._last - self._first, 0)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        sample = self._first + number
        if number < 0 or (self._last is not None and sample >= self._last):
            message = f"item {number}: samples run from {self._first} to before {self._last}"
            raise IndexError(message)
        patch = self._sampler.draw(sample)
        return torch.from_numpy(patch.image), torch.from_numpy(patch.label), torch.tensor(sample)
