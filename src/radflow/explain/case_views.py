"""The views of a case as the network of a fold sees them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from radflow.datasets.cases import Case
from radflow.errors import ModelError
from radflow.imaging.normalise import Intensity
from radflow.inference.card import ClassifierCard
from radflow.inference.classifier import load_classifier_folds
from radflow.networks.image_classifier import ImageClassifier
from radflow.patches.store import Floats, ShardSet
from radflow.patches.views import ViewReader, Voxel, view_centres
from radflow.targets import Target


@dataclass(frozen=True)
class FoldNetwork:
    """The network of a fold, its description, and how it reads views."""

    card: ClassifierCard
    network: ImageClassifier
    shards: ShardSet
    reader: ViewReader
    device: torch.device

    @property
    def target(self) -> Target:
        """The classes."""
        return Target(self.card.target)

    def centres(self, case: Case) -> list[Voxel]:
        """List the centres of a case's views, voxels of the preprocessed grid."""
        return view_centres(self.shards, case, self.card.view)

    def shown(self, view: Floats) -> Floats:
        """Give the one input ``(*grid)`` of a view ``(inputs, *grid)`` that stands for it.

        It is of the first channel; of several slices or planes it is the middle one.
        """
        channels = len(self.card.image_channels)
        middle = len(view) // channels // 2
        return view[middle * channels if self.card.view.view == "planes" else middle]

    def views(self, case: str, centres: Sequence[Voxel], *, batch: int = 16) -> Iterator[Tensor]:
        """Read views ``(b, inputs, *grid)``, on the device, a batch at a time."""
        for first in range(0, len(centres), batch):
            read = [self.reader.read(case, centre) for centre in centres[first : first + batch]]
            yield torch.stack([torch.from_numpy(each) for each in read]).to(self.device)


def load_fold_networks(folders: Sequence[Path], shards: ShardSet) -> dict[int, FoldNetwork]:
    """Load the networks of a model's folds, by fold, in evaluation mode and float32.

    Raises
    ------
    ModelError
        If a fold can't be loaded, or the model is no network of stages.
    """
    model = load_classifier_folds(folders, precision="float32")
    found: dict[int, FoldNetwork] = {}
    for card, network in zip(model.cards, model.networks, strict=True):
        if not isinstance(network, ImageClassifier):
            message = f"model {card.name} is no network of stages: there is nothing to explain"
            raise ModelError(message)
        intensity = None if card.intensity is None else Intensity(**card.intensity)
        reader = ViewReader(shards, card.view, card.plan.patch_size, intensity=intensity)
        found[card.fold] = FoldNetwork(card, network, shards, reader, model.device)
    return found
