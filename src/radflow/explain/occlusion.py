"""Occlusion sensitivity: what the answer loses where a box hides the image."""

from collections.abc import Callable, Sequence
from itertools import product

import torch
from torch import Tensor

from radflow.config.explain import OcclusionRules

Answer = Callable[[Tensor], Tensor]
"""From images ``(b, inputs, *grid)`` to the number of the class, ``(b,)``."""

Box = tuple[slice, ...]

_BATCH = 32


def occlusion_map(
    answer: Answer, image: Tensor, rules: OcclusionRules, *, groups: int = 1
) -> Tensor:
    """Map what hiding each place costs a class (Zeiler & Fergus 2014, arXiv 1311.2901).

    A box slides over the image; the last one along each axis ends at the edge. A voxel's value is
    the mean loss over the boxes that cover it: the answer of the whole image less the answer
    without what is in the box.

    Parameters
    ----------
    answer
        The class's logit or probability.
    image
        ``(inputs, *grid)``.
    rules
        Box and stride as shares of the grid, and what stands in the box.
    groups
        Of inputs that are occluded each by itself, in turn: the three planes of a view ``planes``
        show different places.

    Returns
    -------
    Tensor
        ``(groups, *grid)`` float32: above 0 where the image speaks for the class, below 0 where
        it speaks against it.
    """
    grid = image.shape[1:]
    lost, covered = torch.zeros(groups, *grid), torch.zeros(groups, *grid)
    fill = (image.flatten(1).amin(1) if rules.fill == "lowest" else image.flatten(1).mean(1)).view(
        -1, *[1] * len(grid)
    )
    width = len(image) // groups
    places = [(group, box) for group in range(groups) for box in boxes(grid, rules)]
    with torch.inference_mode():
        whole = float(answer(image[None])[0])
        for first in range(0, len(places), _BATCH):
            chosen = places[first : first + _BATCH]
            batch = image.expand(len(chosen), *image.shape).clone()
            for occluded, (group, box) in zip(batch, chosen, strict=True):
                inputs = slice(group * width, (group + 1) * width)
                occluded[(inputs, *box)] = fill[inputs]
            for (group, box), value in zip(chosen, answer(batch).tolist(), strict=True):
                lost[(group, *box)] += whole - value
                covered[(group, *box)] += 1
    return lost / covered


def boxes(grid: Sequence[int], rules: OcclusionRules) -> list[Box]:
    """List the boxes that together cover a grid, in voxels."""
    axes = [_axis(voxels, rules) for voxels in grid]
    return list(product(*axes))


def _axis(voxels: int, rules: OcclusionRules) -> list[slice]:
    size = min(max(round(rules.box * voxels), 1), voxels)
    # Wider strides than boxes would leave gaps.
    step = min(max(round(rules.stride * voxels), 1), size)
    starts = [*range(0, voxels - size, step), voxels - size]
    return [slice(start, start + size) for start in starts]
