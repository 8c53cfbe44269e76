"""Transfer learning: a network takes over what fits of other weights, and parts are frozen.

Parts (stages) are taken over whole and in order: from the first that does not fit, the later ones
are left at random, too, because their features build on it. The first convolution alone is adapted
to another number of inputs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from radflow.config.transfer import StartRules
from radflow.errors import ModelError
from radflow.progress import say
from radflow.tasks.base import FittedTask
from radflow.tasks.freezing import Freezing
from radflow.training.job import Job
from radflow.training.origin import Origin, read_origin

_CONVOLUTIONS = (nn.Conv2d, nn.Conv3d)
_COUNTER = "num_batches_tracked"  # the only tensor that an old file may lack


class _InBlocks(Protocol):
    @property
    def blocks(self) -> dict[str, tuple[str, ...]]: ...


@dataclass(frozen=True)
class Fitting:
    """What of other weights a network takes over.

    Attributes
    ----------
    tensors
        Name to tensor, in the network's own shapes.
    loaded
        Parts that are taken over.
    adapted
        Tensors that were brought to another shape: name to how.
    left
        Parts that stay at random: name to why.
    """

    tensors: dict[str, Tensor]
    loaded: tuple[str, ...]
    adapted: dict[str, str]
    left: dict[str, str]


@dataclass(frozen=True)
class Start:
    """Where a training starts.

    Attributes
    ----------
    rules
        What the study says.
    origin
        The weights.
    fitting
        What of them is taken over.
    frozen
        Name to modules of the parts that are frozen at first.
    """

    rules: StartRules
    origin: Origin
    fitting: Fitting
    frozen: Mapping[str, tuple[str, ...]]

    def apply(self, task: FittedTask) -> None:
        """Give a task the weights, and tell it what to freeze."""
        weights = {**task.network.state_dict(), **self.fitting.tensors}
        task.start_with(weights, self._freezing(task.steps) if self.frozen else None)

    def record(self, steps: int) -> dict[str, Any]:
        """Describe it for ``model.json``, for a training of so many steps."""
        frozen = self._freezing(steps) if self.frozen else None
        return {
            "from": self.origin.name,
            "sha256": self.origin.sha256,
            "trained_on": self.origin.trained_on,
            "lineage": self.origin.lineage,
            "loaded": list(self.fitting.loaded),
            "adapted": self.fitting.adapted,
            "left_at_random": self.fitting.left,
            "frozen": list(self.frozen),
            "thaw_step": None if frozen is None else frozen.thaw_step,
            "thawed_rate": self.rules.thawed_rate if frozen and frozen.thaw_step else None,
        }

    def _freezing(self, steps: int) -> Freezing:
        at = self.rules.thaw_at
        return Freezing(
            self.frozen, None if at is None else round(at * steps), self.rules.thawed_rate
        )


def prepare_start(
    job: Job, network: nn.Module, *, same_answers: Callable[[Mapping[str, Any]], bool]
) -> Start | None:
    """Read what a training starts from, and fit it to the network; None: all at random.

    Parameters
    ----------
    job
        The training.
    network
        As it will be trained, with any weights; a convolutional one, with `blocks`.
    same_answers
        Tells of a ``model.json`` whether its last layer answers what this one shall.

    Raises
    ------
    ModelError
        If nothing fits, naming both sides, or a part that was not taken over shall be frozen.
    LeakError
        As `radflow.training.origin.read_origin`.
    """
    rules, origin = job.settings.rules.start_from, read_origin(job)
    if rules is None or origin is None:
        return None
    keep_last = origin.card is not None and same_answers(origin.card)
    fitting = fit_weights(network, origin.tensors, keep_last=keep_last)
    if not fitting.loaded:
        why = "; ".join(f"{name}: {reason}" for name, reason in fitting.left.items())
        message = (
            f"nothing of {origin.name} ({_named(origin)}) fits {job.settings.model} of "
            f"{job.settings.study} ({job.settings.rules.network.name}): {why}; name weights of the "
            "same network, or give the model its channels and depth"
        )
        raise ModelError(message)
    start = Start(rules, origin, fitting, _frozen(network, rules, fitting))
    say(f"{job.title}: {_sentence(start)}")
    return start


def fit_weights(network: nn.Module, weights: Mapping[str, Tensor], *, keep_last: bool) -> Fitting:
    """Find what of `weights` a network can take over; it is not changed.

    Parameters
    ----------
    network
        With `blocks`.
    weights
        Name to tensor.
    keep_last
        Whether the last part, which answers, may be taken over; where not, it stays at random.
    """
    expected: dict[str, Tensor] = network.state_dict()
    first = _first_convolution(network)
    found: dict[str, Tensor] = {}
    loaded: list[str] = []
    adapted: dict[str, str] = {}
    left: dict[str, str] = {}
    *stages, last = _blocks(network)
    for name, modules in _blocks(network).items():
        names = [key for key in expected if key.startswith(tuple(f"{m}." for m in modules))]
        source = {key: weights[key] for key in names if key in weights}
        if first in source and (how := _adaptable(source[first], expected[first])):
            source[first], adapted[first] = _spread(source[first], expected[first]), how
        if name == last and not keep_last:
            left[name] = "it answers another question"
        elif left:
            left[name] = f"it builds on {next(iter(left))}"
        elif problem := _problem(source, {key: expected[key] for key in names}):
            left[name] = problem
        else:
            loaded.append(name)
            found |= source
    if not set(loaded) & set(stages):
        return Fitting({}, (), {}, left)
    return Fitting(found, tuple(loaded), {k: v for k, v in adapted.items() if k in found}, left)


def _blocks(network: nn.Module) -> dict[str, tuple[str, ...]]:
    return cast("_InBlocks", network).blocks


def _first_convolution(network: nn.Module) -> str:
    convolutions = (n for n, m in network.named_modules() if isinstance(m, _CONVOLUTIONS))
    return f"{next(convolutions)}.weight"


def _adaptable(given: Tensor, wanted: Tensor) -> str:
    """Say how a first convolution is brought to another number of inputs; empty if it isn't."""
    alike = given.ndim == wanted.ndim and given.shape[2:] == wanted.shape[2:]
    if not alike or given.shape[0] != wanted.shape[0] or given.shape[1] == wanted.shape[1]:
        return ""
    return (
        f"summed over its {given.shape[1]} inputs and divided evenly among {wanted.shape[1]}, "
        "so that equal inputs give the same"
    )


def _spread(given: Tensor, wanted: Tensor) -> Tensor:
    inputs = wanted.shape[1]
    return given.sum(1, keepdim=True).div(inputs).expand(-1, inputs, *given.shape[2:]).contiguous()


def _problem(source: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> str:
    """Say why tensors don't make a part; empty if they do."""
    missing = [name for name in expected if name not in source and not name.endswith(_COUNTER)]
    if missing:
        return f"no tensor {missing[0]}" + (f" and {len(missing) - 1} more" * (len(missing) > 1))
    for name, tensor in source.items():
        if tensor.shape != expected[name].shape:
            given, wanted = tuple(tensor.shape), tuple(expected[name].shape)
            return f"{name} has the shape {given}, the network {wanted}"
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            return f"{name} is not finite"
    return ""


def _frozen(network: nn.Module, rules: StartRules, fitting: Fitting) -> dict[str, tuple[str, ...]]:
    blocks = _blocks(network)
    *stages, _ = blocks
    if rules.freeze == "none":
        return {}
    chosen = stages if rules.freeze == "all-but-last" else list(rules.freeze)
    if unknown := [name for name in chosen if name not in stages]:
        message = f"start_from.freeze: {unknown} are no stages of the network; it has {stages}"
        raise ModelError(message)
    if random := [name for name in chosen if name not in fitting.loaded]:
        reasons = "; ".join(f"{name}: {fitting.left[name]}" for name in random)
        message = (
            f"start_from.freeze: {random} would stay at random for good, because they were not "
            f"taken over ({reasons}); freeze what is taken over alone: {list(fitting.loaded)}"
        )
        raise ModelError(message)
    return {name: blocks[name] for name in chosen}


def _named(origin: Origin) -> str:
    if origin.card is not None:
        return str(origin.card["network"].get("name"))
    return f"{len(origin.tensors)} tensors, first {next(iter(origin.tensors), 'none')}"


def _sentence(start: Start) -> str:
    fitting = start.fitting
    parts = [f"starts from {start.origin.name}", f"taken over: {', '.join(fitting.loaded)}"]
    parts.extend(f"{name} {how}" for name, how in fitting.adapted.items())
    parts.extend(f"{name} at random ({why})" for name, why in fitting.left.items())
    if start.frozen:
        parts.append(f"frozen: {', '.join(start.frozen)}")
    return "; ".join(parts)
