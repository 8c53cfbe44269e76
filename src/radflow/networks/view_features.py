"""Simple features of a view, each with a name: what classifiers without convolutions look at.

They are first-order statistics of intensity and coarse looks at where it lies, of each input by
itself:

====================  ==========================================================================
mean, sd, skewness    of all voxels (skewness 0 where all are alike)
percentile P          1, 5, 25, 50, 75, 95, 99; linear between voxels
share above, below    of the voxels above 1, 2, 3 and below -1
histogram A to B      share of the voxels in bins 0.5 wide from -2 to 4, and beyond either end
mean at cell I-J(-K)  of a grid of 4 x 4 (x 4) equal cells, counted from 0
asymmetry             mean absolute difference to the mirror image along the first axis, which is
                      left-right unless slices are cut across it; and the mean of its lower half
                      less that of its upper half
gradient energy A     mean squared difference of neighbours along axis A of the view
====================  ==========================================================================

Intensities are those that a network would see: standard deviations from the mean, or, of a window
of CT, -1 at its lower bound to 1 at its higher.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional

_PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
_ABOVE, _BELOW = (1.0, 2.0, 3.0), (-1.0,)
_EDGES = tuple(edge / 2 for edge in range(-4, 9))
_CELLS = 4


def feature_names(inputs: Sequence[str], dimensions: int) -> list[str]:
    """Name the features of `view_features`, in their order.

    Parameters
    ----------
    inputs
        Name of each input.
    dimensions
        Axes of the grid, 2 or 3.
    """
    return [f"{name}: {feature}" for name in inputs for feature in _names(dimensions)]


def feature_count(inputs: int, dimensions: int) -> int:
    """Count the features of views of `inputs` inputs on a grid of `dimensions` axes."""
    return inputs * len(list(_names(dimensions)))


def view_features(views: Tensor) -> Tensor:
    """Compute the features of views.

    Parameters
    ----------
    views
        ``(b, inputs, *grid)``, grids of 2 or 3 axes.

    Returns
    -------
    Tensor
        ``(b, features)`` float64, in the order of `feature_names`.
    """
    # Double precision: the same view has the same features in whatever batch it stands.
    views = views.double()
    parts = [*_statistics(views.flatten(2)), _cells(views), *_asymmetry(views), *_gradients(views)]
    return torch.cat(parts, 2).flatten(1)


def _names(dimensions: int) -> Iterator[str]:
    yield from ("mean", "sd", "skewness")
    yield from (f"percentile {percent}" for percent in _PERCENTILES)
    yield from (f"share above {bound:g}" for bound in _ABOVE)
    yield from (f"share below {bound:g}" for bound in _BELOW)
    yield f"histogram below {_EDGES[0]:g}"
    yield from (f"histogram {low:g} to {low + 0.5:g}" for low in _EDGES[:-1])
    yield f"histogram from {_EDGES[-1]:g}"
    places = torch.cartesian_prod(*[torch.arange(_CELLS)] * dimensions).tolist()
    yield from (f"mean at cell {'-'.join(map(str, place))}" for place in places)
    yield from ("asymmetry", "asymmetry of means")
    yield from (f"gradient energy {axis}" for axis in range(1, dimensions + 1))


def _statistics(voxels: Tensor) -> Iterator[Tensor]:
    """Describe the intensities of ``(b, inputs, n)``; each part is ``(b, inputs, features)``."""
    mean = voxels.mean(2, keepdim=True)
    apart = voxels - mean
    variance = apart.square().mean(2, keepdim=True)
    skewness = (apart**3).mean(2, keepdim=True) / variance.clamp_min(1e-12) ** 1.5
    yield from (mean, variance.sqrt(), skewness)
    yield _percentiles(voxels)
    yield torch.stack([(voxels > bound).double().mean(2) for bound in _ABOVE], 2)
    yield torch.stack([(voxels < bound).double().mean(2) for bound in _BELOW], 2)
    reached = [(voxels >= edge).double().mean(2) for edge in _EDGES]
    ends = torch.ones_like(reached[0]), torch.zeros_like(reached[0])
    yield -torch.stack([ends[0], *reached, ends[1]], 2).diff(dim=2)


def _percentiles(voxels: Tensor) -> Tensor:
    # `torch.quantile` refuses as many voxels as a batch of volumes has.
    ordered = voxels.sort(2).values
    place = torch.tensor(_PERCENTILES, device=voxels.device).double() / 100 * (voxels.shape[2] - 1)
    low, high = ordered[..., place.floor().long()], ordered[..., place.ceil().long()]
    return low + (high - low) * place.frac()


def _cells(views: Tensor) -> Tensor:
    pool = functional.adaptive_avg_pool2d if views.ndim == 4 else functional.adaptive_avg_pool3d
    return pool(views, _CELLS).flatten(2)


def _asymmetry(views: Tensor) -> Iterator[Tensor]:
    half = max(views.shape[2] // 2, 1)
    yield (views - views.flip(2)).abs().flatten(2).mean(2, keepdim=True)
    lower, upper = views[:, :, :half], views[:, :, -half:]
    yield (lower.flatten(2).mean(2) - upper.flatten(2).mean(2))[..., None]


def _gradients(views: Tensor) -> Iterator[Tensor]:
    for axis in range(2, views.ndim):
        steps = views.diff(dim=axis).square().flatten(2)
        yield steps.sum(2, keepdim=True) / max(steps.shape[2], 1)
