"""Grad-CAM in 2D and 3D: where the maps of a stage speak for a class."""

from collections.abc import Callable, Sequence
from itertools import chain, combinations

import torch
from torch import Tensor
from torch.nn import functional

from radflow.errors import ModelError
from radflow.networks.image_classifier import ImageClassifier

Score = Callable[[Tensor], Tensor]
"""From logits ``(b, outputs)`` to the number of the class, ``(b,)``."""

_MODES = {2: "bilinear", 3: "trilinear"}


def grad_cam(
    network: ImageClassifier,
    images: Tensor,
    score: Score,
    *,
    stage: str = "",
    mirror_axes: Sequence[int] = (),
) -> Tensor:
    """Map where images speak for a class (Selvaraju et al. 2017, arXiv 1610.02391).

    Each map of the stage is weighed by the mean of the score's gradient over it; the sum, where
    it is above 0, is interpolated to the image's grid. Maps are not scaled to 1, so that those of
    several slices of a case can be compared.

    Parameters
    ----------
    network
        In evaluation mode.
    images
        ``(b, inputs, *grid)`` with 2 or 3 axes.
    score
        The class's number before softmax; see `radflow.explain.scores.class_score`.
    stage
        Whose maps are weighed; empty: the last.
    mirror_axes
        Of the grid; maps of all mirrored images are mirrored back and averaged, as answers are.

    Returns
    -------
    Tensor
        ``(b, *grid)`` float32, 0 or above; 0 everywhere where nothing speaks for the class.

    Raises
    ------
    ModelError
        If the network has no such stage.
    """
    name = stage_name(network, stage)
    axes = [axis + 2 for axis in mirror_axes]
    flips = list(chain.from_iterable(combinations(axes, n) for n in range(len(axes) + 1)))
    maps = [
        _one(network, images.flip(flip), score, name).flip([axis - 1 for axis in flip])
        for flip in flips
    ]
    return torch.stack(maps).mean(0)


def stage_name(network: ImageClassifier, stage: str) -> str:
    """Give the name of a stage, of the last one for an empty name.

    Raises
    ------
    ModelError
        If there is no such stage.
    """
    names = list(network.stages)
    if stage and stage not in names:
        message = f"the network has no stage {stage!r}; explain.stage may be {', '.join(names)}"
        raise ModelError(message)
    return stage or names[-1]


def _one(network: ImageClassifier, images: Tensor, score: Score, name: str) -> Tensor:
    maps = last = images
    with torch.enable_grad():
        for each, module in network.stages.items():
            last = module(last)
            if each == name:
                # Weights are frozen: gradients start here, and only the rest of the way is kept.
                maps = last = last.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(score(network.answer(last)).sum(), maps)
    weights = gradient.flatten(2).mean(2)
    weighed = torch.einsum("bf,bf...->b...", weights, maps.detach()).relu()
    size = images.shape[2:]
    return functional.interpolate(
        weighed[:, None].float(), size=size, mode=_MODES[len(size)], align_corners=False
    )[:, 0]
