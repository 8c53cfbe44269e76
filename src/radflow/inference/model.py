"""Trained folds, from safetensors and JSON to networks that predict."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from radflow.errors import ModelError
from radflow.imaging.normalise import Intensity
from radflow.inference.card import ModelCard
from radflow.inference.folds import LoadedFolds, fold_folders, load_networks
from radflow.inference.precision import Precision, autocast_dtype, best_device
from radflow.inference.window import WindowRules, window_probabilities
from radflow.networks.segmenters import build_segmenter

# The mean shape has no receptive field: it answers for the whole volume, about its centre.
_WHOLE_VOLUME = "mean_shape"


class LoadedModel(LoadedFolds[ModelCard]):
    """The folds of one segmentation."""

    def probabilities(self, image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Predict class probabilities of one preprocessed volume.

        Parameters
        ----------
        image
            ``(c, i, j, k)`` float32, RAS+, at the plan's spacing, normalised as the plan says.

        Returns
        -------
        ndarray
            ``(classes, i, j, k)`` float32 on the same grid; sums to 1 over the classes.

        Raises
        ------
        ModelError
            If the number of channels is not the model's, or the network answers with NaN.
        """
        channels = self.card.image_channels
        if image.ndim != 4 or image.shape[0] != len(channels):
            message = (
                f"model {self.card.name} takes (channel, i, j, k) with {len(channels)} "
                f"channels ({', '.join(channels)}), got an array of shape {image.shape}"
            )
            raise ModelError(message)
        rules = self._rules(image.shape[1:])
        result = torch.zeros((), device=self.device)
        for card, network in zip(self.cards, self.networks, strict=True):
            result = result + window_probabilities(network, self._tensor(image, card), rules)
        result = result / len(self.networks)
        if not bool(torch.isfinite(result).all()):
            message = (
                f"model {self.card.name} answers with NaN or infinity; are the intensities finite?"
            )
            raise ModelError(message)
        return result.cpu().numpy()

    def _tensor(self, image: npt.NDArray[np.float32], card: ModelCard) -> Tensor:
        """Standardise as the fold was trained; MR images are standardised already."""
        if card.intensity is not None:
            image = Intensity(**card.intensity).apply(image)
        return torch.from_numpy(np.ascontiguousarray(image, np.float32)).to(self.device)

    def _rules(self, shape: tuple[int, ...]) -> WindowRules:
        if self.card.network.get("name") == _WHOLE_VOLUME:
            return WindowRules((shape[0], shape[1], shape[2]))
        return WindowRules(
            patch_size=self.card.plan.patch_size,
            overlap=self.card.inference.overlap,
            mirror_axes=self.card.inference.mirror_axes,
            divisor=cast("int", self.networks[0].divisor),
            dtype=self.dtype,
        )


def load_model(
    folder: Path,
    *,
    folds: Sequence[int] | None = None,
    device: torch.device | None = None,
    precision: Precision = "auto",
) -> LoadedModel:
    """Load a model from its folder.

    Parameters
    ----------
    folder
        The folder of a model, which holds ``fold-K`` folders, or one such folder.
    folds
        Folds that must be there and alone are loaded; None loads every fold found.
    device
        Where the networks run; None takes the first GPU, else the CPU.
    precision
        See `radflow.inference.precision.autocast_dtype`.

    Raises
    ------
    ModelError
        If there is no fold, one is incomplete or damaged, or the folds do not belong together.
    """
    return load_folds(fold_folders(folder, folds), device=device, precision=precision)


def load_folds(
    folders: Sequence[Path],
    *,
    device: torch.device | None = None,
    precision: Precision = "auto",
) -> LoadedModel:
    """Load the folds in `folders`, each with its ``model.json`` and ``weights.safetensors``.

    Raises
    ------
    ModelError
        As `load_model`.
    """
    device = device or best_device()
    cards, networks = load_networks(folders, ModelCard, build_segmenter, device=device)
    return LoadedModel(cards, networks, device, autocast_dtype(device, precision))
