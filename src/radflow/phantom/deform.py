"""From a subject's space to the atlas: an affine, then a diffeomorphism.

The diffeomorphism is the exponential of a stationary velocity field, by scaling and squaring
(Arsigny et al., MICCAI 2006, doi:10.1007/11866565_113), so it is smooth and invertible. One field
holds all that shapes the subject: random variation, asymmetry of the hemispheres, atrophy, and
what a mass pushes aside. It maps *backwards*, from the subject to the atlas: where it points into
the ventricles, the subject's ventricles are larger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from radflow.errors import RadflowError
from radflow.phantom.atlas import load_atlas
from radflow.phantom.fields import Floats, blurred, read_at, smooth_noise

_NODE_MM = 4
_SQUARINGS = 6
_YIELDING_MM = 12.0  # how far from the skull a mass pushes as if there were none
_COARSE_MM, _COARSE_SD_MM = 16.0, 2.6
_FINE_MM, _FINE_SD_MM = 7.0, 0.7


class Mass(NamedTuple):
    """What pushes the brain aside: where in the atlas (MNI mm), how far around it, how strongly."""

    centre: npt.NDArray[np.float64]
    reach_mm: float
    strength: float


@dataclass(frozen=True)
class Shape:
    """How a subject's head differs from the average one.

    Attributes
    ----------
    size
        Factor of the head along the RAS axes.
    rotation_degrees, shift_mm
        Position in the scanner, about the brain's centre.
    asymmetry
        Signed: above 0 the right frontal and left occipital lobes are the larger ones.
    ventricles
        Growth of the ventricles: their walls move by about so many mm.
    hippocampus
        Shrinkage of the hippocampi, share of their radii.
    masses
        Lesions that take up room.
    """

    size: tuple[float, float, float]
    rotation_degrees: tuple[float, float, float]
    shift_mm: tuple[float, float, float]
    asymmetry: float
    ventricles: float
    hippocampus: float
    masses: Sequence[Mass] = ()


def atlas_points(
    shape: Shape, grid: Sequence[npt.NDArray[np.float32]], rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Map every voxel of a subject to the atlas.

    Parameters
    ----------
    shape
        The subject's head.
    grid
        Coordinates of the subject's voxels along the RAS axes, mm from the brain's centre, as three
        vectors.
    rng
        Draws the random variation.

    Returns
    -------
    ndarray
        ``(3, i, j, k)`` MNI mm.

    Raises
    ------
    RadflowError
        If the map is not invertible: its Jacobian is not above 0 in some voxel.
    """
    atlas = load_atlas()
    displacement = _exponential(_velocity(shape, rng))
    matrix, shift = _affine(shape)
    axes = np.meshgrid(*grid, indexing="ij", sparse=True)
    points = np.empty((3, *(len(axis) for axis in grid)), np.float32)
    for row in range(3):
        points[row] = shift[row]
        for column in range(3):
            points[row] += np.float32(matrix[row, column]) * axes[column]
    nodes = (points - atlas.origin.astype(np.float32).reshape(3, 1, 1, 1)) / _NODE_MM
    points += np.stack([read_at(part, nodes) for part in displacement])
    least = jacobian_determinant(points, float(grid[0][1] - grid[0][0])).min()
    if not least > 0:
        message = (
            f"the deformation folds (least Jacobian determinant {least:.3g}, it must be above 0): "
            f"lower the strength of {shape}"
        )
        raise RadflowError(message)
    return points


def jacobian_determinant(points: npt.NDArray[np.float32], spacing_mm: float) -> Floats:
    """Differentiate a map ``(3, i, j, k)`` in mm, and give the determinant in each voxel."""
    rows = [np.gradient(part, spacing_mm, axis=(0, 1, 2)) for part in points]
    (a, b, c), (d, e, f), (g, h, i) = rows
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def brain_centre() -> npt.NDArray[np.float64]:
    """MNI coordinates of the middle of the brain's bounding box, mm: (0, 0, 0) of a subject."""
    atlas = load_atlas()
    return atlas.origin + (np.array(atlas.csf.shape) - 1) / 2


def _affine(shape: Shape) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Matrix and shift from the subject's mm to MNI mm."""
    matrix = np.diag(1 / np.array(shape.size))
    for axis, degrees in enumerate(shape.rotation_degrees):
        one, two = (axis + 1) % 3, (axis + 2) % 3
        cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        turn = np.eye(3)
        turn[[one, one, two, two], [one, two, one, two]] = cosine, -sine, sine, cosine
        matrix = matrix @ turn
    return matrix, brain_centre() - matrix @ np.array(shape.shift_mm)


def _velocity(shape: Shape, rng: np.random.Generator) -> Floats:
    """Sum all that moves the anatomy, ``(3, i, j, k)`` mm on the nodes."""
    terms = _terms()
    field = _random(terms.x.shape, rng, _COARSE_MM, _COARSE_SD_MM)
    field += _random(terms.x.shape, rng, _FINE_MM, _FINE_SD_MM)
    field += np.float32(shape.ventricles) * terms.ventricles
    field += np.float32(shape.hippocampus) * terms.hippocampi
    field[1] += np.float32(shape.asymmetry) * terms.torque
    for mass in shape.masses:
        away = np.stack([axis - at for axis, at in zip(terms[:3], mass.centre, strict=True)])
        fall = terms.inside * np.exp(-0.5 * (away**2).sum(0) / mass.reach_mm**2)
        field -= (mass.strength * away * fall).astype(np.float32)
    return field


class _Terms(NamedTuple):
    """What the velocity is made of: node coordinates (MNI mm), unit fields.

    `inside` falls to 0 towards the skull, which no mass can move.
    """

    x: Floats
    y: Floats
    z: Floats
    ventricles: Floats
    hippocampi: Floats
    torque: Floats
    inside: Floats


@lru_cache(maxsize=1)
def _terms() -> _Terms:
    atlas = load_atlas()
    axes = [
        (np.arange(0, size, _NODE_MM) + start).astype(np.float32)
        for size, start in zip(atlas.csf.shape, atlas.origin, strict=True)
    ]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    step = (slice(None, None, _NODE_MM),) * 3
    slopes = np.asarray(np.gradient(blurred(atlas.ventricles, 5.0)), np.float32)
    inwards = slopes[:, *step]
    # A wall moves by a share of its own slope; the steepest part of the wall by 1 mm.
    inwards /= np.sqrt((inwards**2).sum(0)).max()
    region = blurred(atlas.hippocampi, 3.0)[step]
    centre = np.stack([x - 27 * np.sign(x), y + 22, z + 14 + 0.4 * (y + 22)])
    # Petalia: the right frontal lobe reaches further forwards, the left occipital one backwards.
    torque = -np.tanh(x / 20) * np.exp(-0.5 * (z / 40) ** 2)
    hippocampi = (centre * region).astype(np.float32)
    inside = np.clip(-atlas.depth[step] / _YIELDING_MM, 0, 1)
    return _Terms(x, y, z, inwards, hippocampi, torque.astype(np.float32), inside)


def _random(
    shape: tuple[int, ...], rng: np.random.Generator, smooth_mm: float, sd_mm: float
) -> Floats:
    """Draw a smooth random field ``(3, *shape)`` with the standard deviation `sd_mm`."""
    parts = [smooth_noise(rng, shape, smooth_mm / _NODE_MM) for _ in range(3)]
    return np.float32(sd_mm) * np.stack(parts)


def _exponential(velocity: Floats) -> Floats:
    """Integrate a velocity field over unit time; displacement ``(3, i, j, k)``, mm."""
    displacement = velocity / np.float32(2**_SQUARINGS)
    nodes = np.indices(velocity.shape[1:], dtype=np.float32)
    for _ in range(_SQUARINGS):
        at = nodes + displacement / _NODE_MM
        displacement = displacement + np.stack([read_at(part, at) for part in displacement])
    return displacement
