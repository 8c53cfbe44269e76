"""Networks whose weights are drawn anew, from the last layer down: maps must not survive that."""

import copy
from collections.abc import Iterator

import torch
from torch import nn

from radflow.networks.image_classifier import ImageClassifier, initialise_classifier
from radflow.randomness import keyed_seed

_SEED_BITS = 63
HEAD = "head"


def cascade(network: ImageClassifier, *, seed: int) -> Iterator[tuple[str, ImageClassifier]]:
    """Yield copies of a network, each with one more part drawn anew, from the last to the first.

    That is the cascading randomisation of Adebayo et al. 2018 (arXiv 1810.03292); the last copy
    is random throughout. Weights are drawn as before a training; normalisations start anew.

    Parameters
    ----------
    network
        Left as it is.
    seed
        Keys the draws, with the part's name.

    Yields
    ------
    tuple
        Name of the part that was drawn last (`HEAD`, then the stages from the last to the first),
        and the network, in evaluation mode.
    """
    made = copy.deepcopy(network)
    stages: list[tuple[str, nn.Module]] = list(made.stages.items())
    parts: list[tuple[str, nn.Module]] = [(HEAD, made.head), *stages[::-1]]
    for name, part in parts:
        draw = keyed_seed(seed, "randomised weights", name) % 2**_SEED_BITS
        _restart(part)
        device = next(part.parameters()).device if any(True for _ in part.parameters()) else None
        part.cpu()
        initialise_classifier(part, torch.Generator().manual_seed(draw))
        if device is not None:
            part.to(device)
        yield name, copy.deepcopy(made).eval().requires_grad_(requires_grad=False)


def _restart(part: nn.Module) -> None:
    for module in part.modules():
        restart = getattr(module, "reset_running_stats", None)
        if restart is not None:
            restart()
            for name, value in (("weight", 1.0), ("bias", 0.0)):
                parameter = getattr(module, name, None)
                if parameter is not None:
                    nn.init.constant_(parameter, value)
