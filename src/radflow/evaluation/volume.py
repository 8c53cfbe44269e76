"""Volumes in millilitres."""

from collections.abc import Sequence

import numpy as np

CUBIC_MM_PER_ML = 1000.0


def volume_ml(voxels: int, spacing_mm: Sequence[float]) -> float:
    """Volume of a number of voxels, ml.

    Parameters
    ----------
    voxels
        Number of voxels.
    spacing_mm
        Voxel size along each axis, mm; the axes are taken as orthogonal (intake bounds shear).

    Examples
    --------
    >>> volume_ml(500, (1.0, 1.0, 2.0))
    1.0
    """
    return voxels * float(np.prod(spacing_mm)) / CUBIC_MM_PER_ML
