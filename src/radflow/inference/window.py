"""Gaussian-weighted sliding windows: from a whole volume to class probabilities.

The weights (a Gaussian with a standard deviation of 1/8 of the window) and the overlap of half a
patch are nnU-Net's (Isensee et al. 2021, doi 10.1038/s41592-020-01008-z). What differs is the size
of the window. A fully convolutional network takes any size, so each axis gets the window between
one and one and a half patches that covers the volume with the fewest voxels, while neighbours
still share at least `overlap` patches. A volume up to one and a half patches large is thus one
forward pass; ``benchmarks/inference.py`` measures what that saves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, combinations, product
from math import ceil, prod

import torch
from torch import Tensor
from torch.nn import functional

OVERLAP = 0.5

_SIGMA_SHARE = 1 / 8
_LEAST_WEIGHT = 1e-3
_GROWTH = 1.5
# Voxels of one forward pass: bounds memory, and more is not faster.
_BATCH_VOXELS = {"cpu": 2**18, "cuda": 2**22}

Shape = tuple[int, int, int]
Forward = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class WindowRules:
    """How windows are laid over a volume.

    Attributes
    ----------
    patch_size
        Voxels the network was trained on, along the RAS axes.
    overlap
        Least share of a patch that two neighbouring windows share.
    mirror_axes
        RAS axes (0, 1, 2); predictions are averaged over all combinations of their flips.
    divisor
        Window sizes are multiples of it; ``2 ** (levels - 1)`` for a U-Net.
    dtype
        Autocast type of the forward passes; None for float32.
    """

    patch_size: Shape
    overlap: float = OVERLAP
    mirror_axes: tuple[int, ...] = ()
    divisor: int = 1
    dtype: torch.dtype | None = None


@dataclass(frozen=True)
class AxisWindows:
    """Windows along one axis: their `size` and where they start, in voxels of the padded axis."""

    size: int
    starts: tuple[int, ...]

    @property
    def padded(self) -> int:
        """Voxels of the axis once it is padded to hold its windows."""
        return self.starts[-1] + self.size


def lay_windows(length: int, *, patch: int, overlap: float, divisor: int) -> AxisWindows:
    """Cover one axis with equal windows at the least cost.

    Parameters
    ----------
    length
        Voxels of the axis.
    patch
        Voxels of the training patch along it; the window is at least that large (rounded up to a
        multiple of `divisor`), and at most one and a half times.
    overlap
        Least share of `patch` that neighbours share, in ``[0, 1)``.
    divisor
        The window is a multiple of it.

    Returns
    -------
    AxisWindows
        Evenly spread; the first starts at 0, and the last ends at the end of the axis, or beyond
        it where the axis is shorter than one window and must be padded.
    """
    least = ceil(patch / divisor) * divisor
    shared = ceil(overlap * patch)
    sizes = range(least, max(int(patch * _GROWTH), least) + 1, divisor)
    size = min(sizes, key=lambda size: size * _count(length, size, shared))
    count = _count(length, size, shared)
    room = length - size
    starts = tuple(round(room * index / (count - 1)) for index in range(count)) if count > 1 else ()
    return AxisWindows(size, starts or (0,))


def _count(length: int, size: int, shared: int) -> int:
    return ceil(max(length - size, 0) / max(size - shared, 1)) + 1


def gaussian_weights(size: Shape, device: torch.device | None = None) -> Tensor:
    """Compute the weight of each voxel of a window, ``(i, j, k)`` float32, 1 at the centre.

    No weight is below 0.001, so a corner that one window alone covers keeps its value.
    """
    axes: list[Tensor] = []
    for length in size:
        offset = torch.arange(length, dtype=torch.float32, device=device) - (length - 1) / 2
        axes.append(torch.exp(-0.5 * (offset / (length * _SIGMA_SHARE)) ** 2))
    weights = axes[0][:, None, None] * axes[1][:, None] * axes[2]
    return weights.clamp_min(_LEAST_WEIGHT)


@torch.no_grad()
def window_probabilities(network: Forward, image: Tensor, rules: WindowRules) -> Tensor:
    """Predict class probabilities of a whole volume.

    Parameters
    ----------
    network
        In evaluation mode; maps ``(b, c, i, j, k)`` to logits ``(b, classes, i, j, k)``.
    image
        ``(c, i, j, k)`` float32, RAS+, at the plan's spacing, on the network's device. A volume
        smaller than a window is zero-padded on both sides, as in training (of CT in windows 0 is
        the middle of each, not air).
    rules
        How windows are laid.

    Returns
    -------
    Tensor
        ``(classes, i, j, k)`` float32 on the grid of `image`; sums to 1 over the classes.
    """
    shape = tuple(image.shape[1:])
    axes = [
        lay_windows(length, patch=patch, overlap=rules.overlap, divisor=rules.divisor)
        for length, patch in zip(shape, rules.patch_size, strict=True)
    ]
    padding = [axis.padded - length for axis, length in zip(axes, shape, strict=True)]
    sides = [(total // 2, total - total // 2) for total in padding]
    padded = functional.pad(image, list(chain.from_iterable(reversed(sides))))
    probabilities = _over_windows(network, padded, axes, rules)
    inside = tuple(
        slice(before, before + length) for (before, _), length in zip(sides, shape, strict=True)
    )
    return probabilities[(slice(None), *inside)]


def _over_windows(
    network: Forward, image: Tensor, axes: list[AxisWindows], rules: WindowRules
) -> Tensor:
    size = (axes[0].size, axes[1].size, axes[2].size)
    corners = list(product(*(axis.starts for axis in axes)))
    if len(corners) == 1:
        return _forward(network, image[None], rules)[0]
    weights = gaussian_weights(size, image.device)
    boxes = [
        (slice(None), *(slice(at, at + n) for at, n in zip(corner, size, strict=True)))
        for corner in corners
    ]
    batch = max(_BATCH_VOXELS.get(image.device.type, 0) // prod(size), 1)
    total = image.new_zeros(0)
    norm = image.new_zeros(image.shape[1:])
    for first in range(0, len(boxes), batch):
        chosen = boxes[first : first + batch]
        windows = torch.stack([image[box] for box in chosen])
        predicted = _forward(network, windows, rules).mul_(weights)
        if not total.numel():
            total = image.new_zeros((predicted.shape[1], *image.shape[1:]))
        for box, window in zip(chosen, predicted, strict=True):
            total[box] += window
            norm[box[1:]] += weights
    return total.div_(norm)


def _forward(network: Forward, windows: Tensor, rules: WindowRules) -> Tensor:
    """Average probabilities ``(b, classes, i, j, k)`` over mirrored copies."""
    flips = [
        tuple(axis + 2 for axis in flip)
        for count in range(len(rules.mirror_axes) + 1)
        for flip in combinations(rules.mirror_axes, count)
    ]
    total = _probabilities(network, windows, rules)
    for flip in flips[1:]:
        total += _probabilities(network, windows.flip(flip), rules).flip(flip)
    return total.div_(len(flips))


def _probabilities(network: Forward, windows: Tensor, rules: WindowRules) -> Tensor:
    with torch.autocast(windows.device.type, rules.dtype, enabled=rules.dtype is not None):
        logits = network(windows)
    return logits.float().softmax(1)
