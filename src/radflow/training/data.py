"""Batches of patches for training, whole volumes for tuning."""

import os
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from radflow.imaging.normalise import Intensity
from radflow.patches.store import ShardSet

_MOST_WORKERS = 8


class EpochSamples(Sampler[int]):
    """Running numbers of an epoch's patches: a resumed training draws what it would have drawn.

    Over several devices each takes every other batch.

    Parameters
    ----------
    steps
        Steps per epoch.
    batch_size
        Patches per step and device.
    rank, world
        Number of this device, and of all.
    """

    def __init__(self, steps: int, batch_size: int, *, rank: int = 0, world: int = 1) -> None:
        self._steps, self._batch_size, self._rank, self._world = steps, batch_size, rank, world
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Move to an epoch, counted from 0; the training loop calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._steps * self._batch_size

    def __iter__(self) -> Iterator[int]:
        for step in range(self._epoch * self._steps, (self._epoch + 1) * self._steps):
            first = (step * self._world + self._rank) * self._batch_size
            yield from range(first, first + self._batch_size)


class TuningVolumes(Dataset[tuple[Tensor, Tensor]]):
    """Whole preprocessed volumes: image ``(c, i, j, k)`` float32 and label ``(i, j, k)`` uint8.

    Parameters
    ----------
    shards
        Where the volumes lie.
    cases
        Which of them, in this order.
    intensity
        CT normalisation fitted on the training cases; None leaves images as they are stored.
    """

    def __init__(
        self, shards: ShardSet, cases: Sequence[str], *, intensity: Intensity | None = None
    ) -> None:
        self._shards, self._cases, self._intensity = shards, tuple(cases), intensity

    def __len__(self) -> int:
        return len(self._cases)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        case = self._cases[number]
        image, label = self._shards.image(case), self._shards.label(case)
        if self._intensity is not None:
            image = self._intensity.apply(image)
        return torch.from_numpy(image), torch.from_numpy(label)


def training_loader(
    dataset: Dataset[tuple[Tensor, Tensor, Tensor]],
    samples: EpochSamples,
    *,
    batch_size: int,
    workers: int,
) -> DataLoader[tuple[Tensor, Tensor, Tensor]]:
    """Load batches: images ``(b, c, *patch)``, labels, sample numbers ``(b,)``."""
    return DataLoader(
        dataset,
        batch_size=batch_size,
        sampler=samples,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
    )


def most_workers() -> int:
    """Count the processes that read batches beside a GPU.

    On a CPU the network takes every core: workers would only take turns with it.
    """
    return min(os.cpu_count() or 1, _MOST_WORKERS) if torch.cuda.is_available() else 0
