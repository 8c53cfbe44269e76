"""The weights that a training starts from: read, named, and held against the training's cases."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from radflow.config.transfer import StartRules
from radflow.errors import LeakError, ModelError
from radflow.files import read_json, sha256_file
from radflow.inference.card import CARD_NAME, WEIGHTS_NAME
from radflow.inference.folds import read_weights
from radflow.networks.torchvision_names import rename_torchvision
from radflow.training.job import Job

_UNKNOWN = "not known: no model.json tells it, so no leak could be looked for"
_SPLIT = "split.tsv"


@dataclass(frozen=True)
class Origin:
    """Weights to start from.

    Attributes
    ----------
    name
        Study, model and fold, or the file.
    tensors
        Name of our networks' layers to tensor.
    sha256
        Of the bytes they were read from.
    card
        Their ``model.json``; None where there is none.
    """

    name: str
    tensors: Mapping[str, Tensor]
    sha256: str
    card: Mapping[str, Any] | None

    @property
    def lineage(self) -> list[dict[str, Any]]:
        """The trained folds behind the weights, the nearest first: what they have seen."""
        if self.card is None:
            return []
        before = self.card["training"].get("start_from") or {}
        own = {key: self.card[key] for key in ("study", "model", "fold", "dataset")}
        split = self.card["inputs_sha256"].get(_SPLIT)
        return [{**own, "split_sha256": split}, *before.get("lineage", [])]

    @property
    def trained_on(self) -> str:
        """Say which datasets the weights have seen, as far as it is known."""
        names = dict.fromkeys(str(each["dataset"]) for each in self.lineage)
        return ", ".join(names) or _UNKNOWN


def read_origin(job: Job) -> Origin | None:
    """Read what a training starts from; None where it starts at random.

    Raises
    ------
    ModelError
        If the file is missing, of another hash, no safetensors or state dict.
    LeakError
        If the weights were trained on cases that tune or test here, or on a dataset that the split
        was not held against.
    """
    start = job.settings.rules.start_from
    if start is None:
        return None
    if start.study is not None:
        origin = _of_study(job)
    elif start.torchvision is not None:
        origin = _of_torchvision(start, job.settings.rules.network.name)
    else:
        origin = _of_file(start)
    _refuse_leaks(origin, job)
    return origin


def _of_study(job: Job) -> Origin:
    start, path = job.settings.rules.start_from, job.inputs.start
    if start is None or path is None:
        message = "a model that starts from a study's needs its model.json: pass --start"
        raise ModelError(message)
    card = _card(path)
    if (card["study"], card["model"]) != (start.study, start.model):
        message = (
            f"{path} is of {card['study']}/{card['model']}, and start_from names "
            f"{start.study}/{start.model}: pass that model's file"
        )
        raise ModelError(message)
    sha256 = str(card["weights_sha256"])
    tensors = read_weights(path.with_name(WEIGHTS_NAME), sha256)
    return Origin(f"{start.study}/{start.model}, fold {card['fold']}", tensors, sha256, card)


def _of_file(start: StartRules) -> Origin:
    path = Path(str(start.file))
    _check_hash(path, start)
    beside = path.with_name(CARD_NAME)
    card = _card(beside) if beside.is_file() else None
    if card is not None and card["weights_sha256"] != start.sha256:
        card = None  # it tells of other weights
    return Origin(str(start.file), _tensors(path), str(start.sha256), card)


def _of_torchvision(start: StartRules, network: str) -> Origin:
    path = Path(str(start.torchvision))
    _check_hash(path, start)
    tensors = rename_torchvision(_tensors(path), network)
    return Origin(f"torchvision, {path.name}", tensors, str(start.sha256), None)


def _check_hash(path: Path, start: StartRules) -> None:
    if not path.is_file():
        message = f"start_from: there is no file {path}; put it there, or mend the path"
        raise ModelError(message)
    found = sha256_file(path)
    if found != start.sha256:
        message = (
            f"start_from: {path} has the sha256 {found}, the study names {start.sha256}: "
            "get the file again, or name this one if it is the one that is meant"
        )
        raise ModelError(message)


def _tensors(path: Path) -> dict[str, Tensor]:
    """Read safetensors, or a state dict; of the latter nothing but tensors is unpickled."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what a broken file raises is not said by either reader
        message = f"start_from: {path} holds no weights that can be read safely: {error}"
        raise ModelError(message) from error
    if not isinstance(content, Mapping) or not all(
        isinstance(value, Tensor) for value in content.values()
    ):
        message = f"start_from: {path} is no state dict, a mapping of names to tensors"
        raise ModelError(message)
    return dict(content)


def _card(path: Path) -> dict[str, Any]:
    card = read_json(path)
    missing = {"study", "model", "fold", "dataset", "training", "weights_sha256"} - set(card)
    if missing:
        message = f"{path} describes no trained model: it lacks {', '.join(sorted(missing))}"
        raise ModelError(message)
    return {"inputs_sha256": {}, **card}


def _refuse_leaks(origin: Origin, job: Job) -> None:
    settings = job.settings
    apart = read_json(job.inputs.split_record).get("apart_from", {})
    problems: list[str] = []
    for seen in origin.lineage:
        name = f"{seen['study']}/{seen['model']}, fold {seen['fold']}"
        if seen["dataset"] != settings.dataset:
            if seen["dataset"] not in apart:
                problems.append(
                    f"{name} was trained on {seen['dataset']}, which the split was not held "
                    "against: name it under split.apart_from and make the split again"
                )
        elif seen["split_sha256"] != job.digests[_SPLIT]:
            problems.append(
                f"{name} was trained on another split of {seen['dataset']}: cases that tune or "
                "test here may have trained it; give both studies the same split, and train it "
                "again"
            )
        elif seen["fold"] != settings.fold:
            problems.append(
                f"{name} was trained on cases that tune fold {settings.fold} here: start from its "
                f"fold {settings.fold}"
            )
    if problems:
        message = f"{job.title} can't start from {origin.name}: {'; '.join(problems)}"
        raise LeakError(message)
