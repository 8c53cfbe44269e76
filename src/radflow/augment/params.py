"""Parameters of the augmentation of a batch: drawn once, from keyed randomness."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from radflow.config.training import AugmentationRules
from radflow.randomness import keyed_generator

Floats = npt.NDArray[np.float64]

_LEAST_SCALE = 1e-3


@dataclass(frozen=True)
class Parameters:
    """What happens to each of ``b`` patches; the neutral value leaves a patch as it is.

    Attributes
    ----------
    mirror
        ``(b, d)`` bool: flip along the axis; ``d`` is 3, or 2 of slices.
    spatial
        ``(b,)`` bool: `matrix`, `shift` and `elastic` apply.
    matrix
        ``(b, d, d)``: from output to input offsets from the patch centre, voxels.
    shift
        ``(b, d)``: added to the input position, voxels.
    elastic
        ``(b, d, *grid)``: displacements at control points, voxels.
    gamma, brightness, noise_sd
        ``(b,)``: exponent (neutral 1), factor (1), SD of added noise (0).
    noise_seed
        ``(b,)`` int: seed of the noise field.
    blur_sigma
        ``(b,)``: voxels (0).
    zoom
        ``(b,)``: share of the resolution kept (1).
    box
        ``(b, d, 2)``: first and last share of each axis that a box set to 0 covers (0, 0).
    """

    mirror: Tensor
    spatial: Tensor
    matrix: Tensor
    shift: Tensor
    elastic: Tensor
    gamma: Tensor
    brightness: Tensor
    noise_sd: Tensor
    noise_seed: tuple[int, ...]
    blur_sigma: Tensor
    zoom: Tensor
    box: Tensor


def draw(
    rules: AugmentationRules, samples: Sequence[int], shape: tuple[int, ...], *, seed: int
) -> Parameters:
    """Draw the parameters of a batch.

    Parameters
    ----------
    rules
        Probabilities and ranges.
    samples
        Running number of each patch in the training; with `seed` it keys the randomness, so a
        patch is augmented alike in any batch, process or resumed run.
    shape
        Voxels of a patch, along 2 or 3 axes.
    seed
        Seed of the training.
    """
    one = [_draw_one(rules, shape, keyed_generator(seed, "augment", sample)) for sample in samples]
    seeds = tuple(int(drawn.pop("noise_seed")) for drawn in one)
    stacked = {name: _stack([drawn[name] for drawn in one]) for name in one[0]}
    return Parameters(**stacked, noise_seed=seeds)


def _stack(values: list[npt.NDArray[Any]]) -> Tensor:
    array = np.stack(values)
    return torch.from_numpy(array if array.dtype == np.bool_ else array.astype(np.float32))


def _draw_one(
    rules: AugmentationRules, shape: tuple[int, ...], rng: np.random.Generator
) -> dict[str, npt.NDArray[Any]]:
    def chance(probability: float) -> bool:
        return bool(rng.random() < probability)

    def within(bounds: tuple[float, float], neutral: float, probability: float) -> Floats:
        value = rng.uniform(*bounds)
        return np.array(value if chance(probability) else neutral)

    mirror = np.array([chance(0.5) and axis in rules.mirror_axes for axis in range(len(shape))])
    elastic = _elastic(rules, shape, rng) * chance(rules.elastic)
    return {
        "mirror": mirror,
        "spatial": np.array(chance(rules.spatial)),
        "matrix": _matrix(rules, len(shape), rng),
        "shift": rng.uniform(-1, 1, len(shape)) * rules.translation * np.array(shape),
        "elastic": elastic,
        "gamma": _gamma(rules, rng),
        "brightness": within(rules.brightness_range, 1, rules.brightness),
        "noise_sd": within((0, rules.noise_sd), 0, rules.noise),
        "noise_seed": np.array(rng.integers(2**31)),
        "blur_sigma": within(rules.blur_sigma, 0, rules.blur),
        "zoom": within(rules.low_resolution_zoom, 1, rules.low_resolution),
        "box": _box(rules, len(shape), rng),
    }


def _matrix(rules: AugmentationRules, axes: int, rng: np.random.Generator) -> Floats:
    planes = [(1, 2), (2, 0), (0, 1)] if axes == 3 else [(0, 1)]
    angles = np.deg2rad(rng.uniform(-rules.rotation_degrees, rules.rotation_degrees, len(planes)))
    matrix = np.eye(axes)
    for plane, angle in zip(planes, angles, strict=True):
        matrix = matrix @ _rotation(axes, plane, angle)
    shear = np.eye(axes)
    above = np.triu_indices(axes, 1)
    shear[above] = rng.uniform(-rules.shear, rules.shear, len(above[0]))
    low, high = np.log(np.maximum(rules.scale, _LEAST_SCALE))
    return matrix @ shear / np.exp(rng.uniform(low, high))


def _rotation(axes: int, plane: tuple[int, int], angle: float) -> Floats:
    matrix = np.eye(axes)
    one, two = plane
    matrix[one, one] = matrix[two, two] = np.cos(angle)
    matrix[two, one] = np.sin(angle)
    matrix[one, two] = -matrix[two, one]
    return matrix


def _box(rules: AugmentationRules, axes: int, rng: np.random.Generator) -> Floats:
    start = rng.uniform(0, 1 - rules.cutout_share, axes)
    applies = rng.random() < rules.cutout
    return np.stack([start, start + rules.cutout_share], 1) * applies


def _elastic(rules: AugmentationRules, shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    points = [max(round(size / rules.elastic_grid) + 1, 2) for size in shape]
    return rng.normal(0, rules.elastic_voxels, (len(shape), *points))


def _gamma(rules: AugmentationRules, rng: np.random.Generator) -> Floats:
    """Draw an exponent, evenly below and above 1 where the range has both sides."""
    low, high = rules.gamma_range
    below = rng.random() < 0.5
    applies = rng.random() < rules.gamma
    bounds = (low, min(1.0, high)) if below and low < 1 else (max(1.0, low), high)
    return np.array(rng.uniform(*bounds) if applies else 1.0)
