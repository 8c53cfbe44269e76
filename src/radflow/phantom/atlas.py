"""The anatomy that every simulated subject is made from: the ICBM 152 average brain.

Grey and white matter probabilities and the brain's outline are those of the nonlinear symmetric
average of 152 adults, release 2009a (Fonov et al., NeuroImage 54, 2011,
doi:10.1016/j.neuroimage.2010.07.033), which nilearn carries in its package. The maps hold no
skull; `Atlas.depth` tells how far outside the brain a point lies, so that skull and scalp can be
laid around it as shells.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from nilearn.datasets import (
    load_mni152_brain_mask,
    load_mni152_gm_template,
    load_mni152_wm_template,
)
from scipy import ndimage

from radflow.phantom.fields import Floats, Mask, blurred, distance, read_at

_MARGIN_MM = 24  # room for skull and scalp around the brain's bounding box
_CLOSING_MM = 8.0  # the skull spans the sulci
_SMOOTHING_MM = 2.0
_SHARPNESS = 2.0
_VENTRICLE_DEPTH_MM = 22.0
_VENTRICLE_CSF = 0.5
_VENTRICLE_BOX_MM = ((-36, 36), (-58, 40), (-16, 34))  # leaves out deep sulci and cisterns
_HIPPOCAMPUS_MM = {"centre": (27.0, -22.0, -14.0), "radii": (8.0, 17.0, 7.0)}


@dataclass(frozen=True)
class Atlas:
    """Maps of the average head on one grid of 1 mm, MNI space, RAS+.

    Attributes
    ----------
    csf, grey, white
        Share of each voxel, ``(i, j, k)``, 0 to 1; they sum to 1 inside the brain's outline and to
        0 outside it.
    depth
        Signed distance to the smoothed inner table of the skull, mm: negative inside.
    ventricles
        1 in the ventricles, 0 elsewhere, smooth between.
    hippocampi
        1 in a region about both hippocampi, 0 elsewhere, smooth between.
    origin
        MNI coordinates of voxel (0, 0, 0), mm.
    """

    csf: Floats
    grey: Floats
    white: Floats
    depth: Floats
    ventricles: Floats
    hippocampi: Floats
    origin: npt.NDArray[np.float64]

    def sample(self, field: Floats, points: npt.NDArray[np.float32], *, outside: float) -> Floats:
        """Read a map at points ``(3, ...)`` in MNI mm, linearly; `outside` beyond its grid."""
        at = points - self.origin.astype(np.float32).reshape(3, *[1] * (points.ndim - 1))
        return read_at(field, at, outside=outside)


@lru_cache(maxsize=1)
def load_atlas() -> Atlas:
    """Build the atlas from nilearn's files; kept for the life of the program."""
    mask, corner = _read(load_mni152_brain_mask)
    box = _padded_box(mask > 0)
    origin = corner + np.array([low for low, _ in box])
    inside = _cut((mask > 0).astype(np.float32), box)
    grey = _cut(_read(load_mni152_gm_template)[0], box)
    white = _cut(_read(load_mni152_wm_template)[0], box)
    csf, grey, white = _sharpened(grey * inside, white * inside, inside)
    depth = _depth(inside > 0)
    return Atlas(
        csf=csf,
        grey=grey,
        white=white,
        depth=depth,
        ventricles=_ventricles(csf, inside > 0, origin),
        hippocampi=_hippocampi(inside.shape, origin),
        origin=origin,
    )


def _read(load: Callable[..., Any]) -> tuple[Floats, npt.NDArray[np.float64]]:
    """Read a map of nilearn at 1 mm, and the MNI coordinates of its first voxel."""
    image = load(resolution=1)
    return np.asarray(image.dataobj, np.float32), np.asarray(image.affine[:3, 3], np.float64)


def _padded_box(mask: Mask) -> list[tuple[int, int]]:
    """Bounds of the brain along each axis, with the margin; they may leave the array."""
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    return [(int(part.start) - _MARGIN_MM, int(part.stop) + _MARGIN_MM) for part in box]


def _cut(array: Floats, box: list[tuple[int, int]]) -> Floats:
    pads = [
        (max(-low, 0), max(high - size, 0))
        for (low, high), size in zip(box, array.shape, strict=True)
    ]
    padded = np.pad(array, pads)
    return padded[
        tuple(slice(low + pad, high + pad) for (low, high), (pad, _) in zip(box, pads, strict=True))
    ].copy()


def _sharpened(grey: Floats, white: Floats, inside: Floats) -> tuple[Floats, Floats, Floats]:
    """Turn averages over people into shares of one person: an average's edges are too soft."""
    csf = np.clip(inside - grey - white, 0, 1)
    powers = [share**_SHARPNESS for share in (csf, grey, white)]
    total = np.maximum(sum(powers), np.float32(1e-6))
    csf, grey, white = ((power / total * inside).astype(np.float32) for power in powers)
    return csf, grey, white


def _depth(brain: Mask) -> Floats:
    """Signed distance to the closed outline; on every second voxel, as it is smoothed anyway."""
    coarse = brain[::2, ::2, ::2]
    dilated = distance(~coarse) <= _CLOSING_MM / 2
    closed = coarse | (distance(dilated) > _CLOSING_MM / 2)
    signed = distance(~closed) - distance(closed)
    return blurred(_doubled(2 * signed, brain.shape), _SMOOTHING_MM)


def _ventricles(csf: Floats, brain: Mask, origin: npt.NDArray[np.float64]) -> Floats:
    """Fluid deep in the brain: the lateral and third ventricles."""
    inner = 2 * distance(brain[::2, ::2, ::2])
    deep = _doubled(inner, brain.shape) > _VENTRICLE_DEPTH_MM
    box = tuple(
        slice(int(low - start), int(high - start))
        for (low, high), start in zip(_VENTRICLE_BOX_MM, origin, strict=True)
    )
    fluid = np.zeros(csf.shape, np.float32)
    fluid[box] = deep[box] & (csf[box] > _VENTRICLE_CSF)
    return blurred(fluid, 1.0)


def _doubled(coarse: Floats, shape: tuple[int, ...]) -> Floats:
    fine = coarse.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    return fine[: shape[0], : shape[1], : shape[2]]


def _hippocampi(shape: tuple[int, ...], origin: npt.NDArray[np.float64]) -> Floats:
    axes = [np.arange(size) + start for size, start in zip(shape, origin, strict=True)]
    (x0, y0, z0), (rx, ry, rz) = _HIPPOCAMPUS_MM["centre"], _HIPPOCAMPUS_MM["radii"]
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    # The long axis falls forwards, so z follows y.
    radius = ((np.abs(x) - x0) / rx) ** 2 + ((y - y0) / ry) ** 2
    radius = radius + ((z - z0 - 0.4 * (y0 - y)) / rz) ** 2
    return (1 / (1 + np.exp(4 * (radius - 1).clip(-8, 8)))).astype(np.float32)
