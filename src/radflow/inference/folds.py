"""Folders of trained folds, read from safetensors and JSON; what does not fit is refused."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from radflow.errors import ModelError
from radflow.inference.card import CARD_NAME, WEIGHTS_NAME, Card, TaskCard, read_card

AnyCard = TypeVar("AnyCard", bound=Card)
Build = Callable[[Mapping[str, Any]], nn.Module]

_FOLD = re.compile(r"fold-(\d+)")
_MOST_NAMES = 5


@dataclass(frozen=True)
class LoadedFolds(Generic[AnyCard]):
    """The folds of one model, in evaluation mode; answers average over them.

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

    cards: tuple[AnyCard, ...]
    networks: tuple[nn.Module, ...]
    device: torch.device
    dtype: torch.dtype | None

    @property
    def card(self) -> AnyCard:
        """What all folds share (the card of the first one)."""
        return self.cards[0]

    @property
    def folds(self) -> tuple[int, ...]:
        """Numbers of the folds."""
        return tuple(card.fold for card in self.cards)


def load_networks(
    folders: Sequence[Path], kind: type[AnyCard], build: Build, *, device: torch.device
) -> tuple[tuple[AnyCard, ...], tuple[nn.Module, ...]]:
    """Load the folds of one model: their cards, and networks in evaluation mode.

    Parameters
    ----------
    folders
        Each with ``model.json`` and ``weights.safetensors``.
    kind
        Type of the cards, which says of which task the model must be.
    build
        Makes a network from its record.
    device
        Where the networks run.

    Raises
    ------
    ModelError
        If there is no fold, one is incomplete or damaged, or the folds do not belong together.
    """
    if not folders:
        message = "a model needs at least one fold; name a folder with fold-0, fold-1, ..."
        raise ModelError(message)
    cards = [read_card(folder / CARD_NAME, kind) for folder in folders]
    _check_together(folders, cards)
    pairs = zip(folders, cards, strict=True)
    networks = [_load_network(folder, card, build).to(device) for folder, card in pairs]
    return tuple(cards), tuple(networks)


def fold_folders(folder: Path, folds: Sequence[int] | None) -> list[Path]:
    """Find the folders of the folds in a model's folder, which may itself be that of one fold.

    Raises
    ------
    ModelError
        If a fold that is asked for, or any at all, is missing.
    """
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


def task_of(folder: Path) -> str:
    """Read which task a model is of: ``"segmentation"`` or ``"classification"``.

    Raises
    ------
    ModelError
        If there is no fold in the folder, or its description can't be read.
    """
    return read_card(fold_folders(folder, None)[0] / CARD_NAME, TaskCard).task


def _check_together(folders: Sequence[Path], cards: Sequence[Card]) -> None:
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


def _load_network(folder: Path, card: Card, build: Build) -> nn.Module:
    path = folder / WEIGHTS_NAME
    weights = read_weights(path, card.weights_sha256)
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
    return network.eval().requires_grad_(requires_grad=False)


def read_weights(path: Path, sha256: str) -> dict[str, Tensor]:
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
