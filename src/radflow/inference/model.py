"""Trained folds, from safetensors and JSON to networks that predict."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from radflow.errors import ModelError
from radflow.imaging.normalise import Intensity
from radflow.inference.card import CARD_NAME, WEIGHTS_NAME, ModelCard, read_card
from radflow.inference.precision import Precision, autocast_dtype, best_device
from radflow.inference.window import WindowRules, window_probabilities
from radflow.networks.build import build

_FOLD = re.compile(r"fold-(\d+)")
_MOST_NAMES = 5
# The mean shape has no receptive field: it answers for the whole volume, about its centre.
_WHOLE_VOLUME = "mean_shape"


@dataclass(frozen=True)
class LoadedModel:
    """The folds of one model, in evaluation mode; predictions average over them.

    Attributes
    ----------
    cards
        Description of each fold, in the order of `networks`.
    networks
        Networks on `device`.
    device
        Where they run.
    dtype
        Autocast type; None for float32.
    """

    cards: tuple[ModelCard, ...]
    networks: tuple[nn.Module, ...]
    device: torch.device
    dtype: torch.dtype | None

    @property
    def card(self) -> ModelCard:
        """What all folds share (the card of the first one)."""
        return self.cards[0]

    @property
    def folds(self) -> tuple[int, ...]:
        """Numbers of the folds."""
        return tuple(card.fold for card in self.cards)

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
        if image.ndim != 4 or image.shape[0] != len(self.card.channels):
            message = (
                f"model {self.card.name} takes (channel, i, j, k) with {len(self.card.channels)} "
                f"channels ({', '.join(self.card.channels)}), got an array of shape {image.shape}"
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
    return load_folds(_fold_folders(folder, folds), device=device, precision=precision)


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
    if not folders:
        message = "a model needs at least one fold; name a folder with fold-0, fold-1, ..."
        raise ModelError(message)
    device = device or best_device()
    cards = [read_card(folder / CARD_NAME) for folder in folders]
    _check_together(folders, cards)
    networks = [
        _load_network(folder, card, device) for folder, card in zip(folders, cards, strict=True)
    ]
    dtype = autocast_dtype(device, precision)
    return LoadedModel(tuple(cards), tuple(networks), device, dtype)


def _fold_folders(folder: Path, folds: Sequence[int] | None) -> list[Path]:
    if (folder / CARD_NAME).is_file() and folds is None:
        return [folder]
    found = {
        int(match[1]): path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if (match := _FOLD.fullmatch(path.name)) and (path / CARD_NAME).is_file()
    }
    missing = sorted(set(folds or ()) - set(found))
    if missing or not found:
        wanted = ", ".join(f"fold-{fold}" for fold in missing) or "fold-K"
        here = ", ".join(found[fold].name for fold in sorted(found)) or "no trained fold"
        message = (
            f"{folder} has no {wanted} with a {CARD_NAME} (it has {here}); "
            "train it, or name a folder of results/STUDY/models"
        )
        raise ModelError(message)
    return [found[fold] for fold in sorted(found if folds is None else folds)]


def _check_together(folders: Sequence[Path], cards: Sequence[ModelCard]) -> None:
    first = cards[0].shared()
    seen: dict[int, Path] = {}
    for folder, card in zip(folders, cards, strict=True):
        differing = [key for key, value in card.shared().items() if value != first[key]]
        if differing:
            message = (
                f"{folder} and {folders[0]} are not folds of one model: they differ in "
                f"{', '.join(differing)}; train all folds with one configuration"
            )
            raise ModelError(message)
        match = _FOLD.fullmatch(folder.name)
        if card.fold in seen or (match and int(match[1]) != card.fold):
            message = (
                f"{folder / CARD_NAME} describes fold {card.fold}"
                + (f", as {seen[card.fold]} does" if card.fold in seen else "")
                + "; restore the folder or train it again"
            )
            raise ModelError(message)
        seen[card.fold] = folder


def _load_network(folder: Path, card: ModelCard, device: torch.device) -> nn.Module:
    path = folder / WEIGHTS_NAME
    weights = _read_weights(path, card.weights_sha256)
    network = build(card.network)
    expected = network.state_dict()
    problems = [
        *_names("missing", expected.keys() - weights.keys()),
        *_names("unexpected", weights.keys() - expected.keys()),
        *_names(
            "of another shape",
            {
                key
                for key in expected.keys() & weights.keys()
                if expected[key].shape != weights[key].shape
            },
        ),
        *_names("not finite", {key for key, value in weights.items() if not _finite(value)}),
    ]
    if problems:
        message = (
            f"{path} does not fit network {card.network.get('name')!r} of {folder / CARD_NAME}: "
            f"{'; '.join(problems)}; the two files do not belong together, train the fold again"
        )
        raise ModelError(message)
    network.load_state_dict(weights, strict=True)
    return network.eval().requires_grad_(requires_grad=False).to(device)


def _read_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    """Read tensors, from the very bytes that were hashed."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        message = f"{path} is missing: run `dvc pull`, or train the fold again"
        raise ModelError(message) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        message = (
            f"{path} is damaged or from another training: its sha256 is {found[:12]}..., "
            f"{CARD_NAME} says {sha256[:12]}...; restore it (`dvc checkout`) or train again"
        )
        raise ModelError(message)
    try:
        return load_safetensors(content)
    except (SafetensorError, ValueError) as error:
        message = f"{path} is no safetensors file ({error}); train the fold again"
        raise ModelError(message) from error


def _finite(value: Tensor) -> bool:
    return not value.is_floating_point() or bool(torch.isfinite(value).all())


def _names(kind: str, keys: set[str]) -> list[str]:
    if not keys:
        return []
    shown = ", ".join(sorted(keys)[:_MOST_NAMES])
    more = f" and {len(keys) - _MOST_NAMES} more" if len(keys) > _MOST_NAMES else ""
    return [f"{kind}: {shown}{more}"]
