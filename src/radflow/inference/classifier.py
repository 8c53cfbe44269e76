"""A trained classifier: from the views of a case to the probabilities of its classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from radflow.errors import ModelError
from radflow.imaging.normalise import Intensity
from radflow.inference.card import ClassifierCard
from radflow.inference.folds import LoadedFolds, fold_folders, load_networks
from radflow.inference.precision import Precision, autocast_dtype, best_device
from radflow.networks.classifiers import build_classifier
from radflow.patches.store import ShardSet
from radflow.patches.views import ViewReader, Voxel
from radflow.targets import Target
from radflow.tasks.answers import probabilities

Floats = npt.NDArray[np.float64]

_BATCH = 32


@dataclass(frozen=True)
class Answer:
    """What a model says of one case.

    Attributes
    ----------
    calibrated, raw
        Probabilities ``(classes,)`` with and without the folds' temperatures.
    views
        How many views were averaged.
    """

    calibrated: Floats
    raw: Floats
    views: int


class LoadedClassifier(LoadedFolds[ClassifierCard]):
    """The folds of one classification."""

    @property
    def target(self) -> Target:
        """The classes."""
        return Target(self.card.target)

    def answer(self, shards: ShardSet, case: str, centres: Sequence[Voxel]) -> Answer:
        """Answer for a preprocessed case: over its views, then over the folds, the mean.

        Parameters
        ----------
        shards
            Preprocessed cases.
        case
            Id.
        centres
            Of the case's views (`radflow.patches.views.view_centres`).

        Raises
        ------
        ModelError
            If the network answers with NaN.
        """
        calibrated, raw = [], []
        for card, network in zip(self.cards, self.networks, strict=True):
            intensity = None if card.intensity is None else Intensity(**card.intensity)
            reader = ViewReader(shards, card.view, card.plan.patch_size, intensity=intensity)
            logits = case_logits(
                network,
                [torch.from_numpy(reader.read(case, centre)) for centre in centres],
                mirror_axes=card.mirror_axes,
                device=self.device,
                dtype=self.dtype,
            )
            raw.append(probabilities(logits, self.target).mean(0))
            sure = probabilities(logits, self.target, temperature=card.temperature)
            calibrated.append(sure.mean(0))
        means = [torch.stack(each).mean(0).double().cpu().numpy() for each in (calibrated, raw)]
        if not all(np.isfinite(each).all() for each in means):
            message = f"model {self.card.name} answers {case} with NaN; are its intensities finite?"
            raise ModelError(message)
        return Answer(means[0], means[1], len(centres))


def case_logits(
    network: nn.Module,
    views: Sequence[Tensor],
    *,
    mirror_axes: Sequence[int],
    device: torch.device,
    dtype: torch.dtype | None,
) -> Tensor:
    """Answer views, and their mirror images, and average the logits over these.

    Parameters
    ----------
    network
        In evaluation mode, on `device`.
    views
        Each ``(inputs, *grid)``.
    mirror_axes
        Of the grid; every combination of them is mirrored.
    device, dtype
        Where, and the autocast type; None for float32.

    Returns
    -------
    Tensor
        ``(views, outputs)`` float32.
    """
    axes = [axis + 2 for axis in mirror_axes]
    flips = list(chain.from_iterable(combinations(axes, n) for n in range(len(axes) + 1)))
    answers: list[Tensor] = []
    with torch.inference_mode(), torch.autocast(device.type, dtype, enabled=dtype is not None):
        for first in range(0, len(views), _BATCH):
            batch = torch.stack(list(views[first : first + _BATCH])).to(device)
            logits = [network(batch.flip(flip) if flip else batch).float() for flip in flips]
            answers.append(torch.stack(logits).mean(0))
    return torch.cat(answers)


def load_classifier(
    folder: Path,
    *,
    folds: Sequence[int] | None = None,
    device: torch.device | None = None,
    precision: Precision = "auto",
) -> LoadedClassifier:
    """Load a classifier from the folder of a model, which holds ``fold-K`` folders.

    Raises
    ------
    ModelError
        If there is no fold, one is incomplete or damaged, or the folds do not belong together.
    """
    return load_classifier_folds(fold_folders(folder, folds), device=device, precision=precision)


def load_classifier_folds(
    folders: Sequence[Path], *, device: torch.device | None = None, precision: Precision = "auto"
) -> LoadedClassifier:
    """Load the folds in `folders`; see `load_classifier`."""
    device = device or best_device()
    cards, networks = load_networks(folders, ClassifierCard, build_classifier, device=device)
    return LoadedClassifier(cards, networks, device, autocast_dtype(device, precision))
