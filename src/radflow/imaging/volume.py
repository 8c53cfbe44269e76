"""The one strict reader of volumes, and the writer of label maps."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from radflow.errors import ImageError
from radflow.imaging.nifti import has_volume, plain_header, write_raw
from radflow.imaging.nifti_reader import read_raw


@dataclass(frozen=True)
class Volume:
    """An array in physical space.

    Attributes
    ----------
    array
        Voxels ``(i, j, k)``, or ``(c, i, j, k)`` for several channels, in the file's axis order.
    affine
        4x4 float64: voxel index ``(i, j, k, 1)`` to mm in RAS+ (x to the right, y to the front,
        z upwards).
    code
        What the space is, as NIfTI codes it: 1 scanner, 2 aligned, 3 Talairach, 4 MNI.
    """

    array: np.ndarray
    affine: np.ndarray
    code: int = 1

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of voxel centres along i, j, k, in mm."""
        i, j, k = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(i), float(j), float(k)


def read_volume(path: Path) -> Volume:
    """Read a single-file NIfTI volume completely, rescaled, without changing its axes.

    Trailing axes of length 1 are dropped. Values keep the stored type, in native byte order, or
    become float64 where the file rescales; NaN voxels stay NaN.

    Returns
    -------
    Volume
        Array ``(i, j, k)`` and the affine of the sform, or of the qform where only that has a code.

    Raises
    ------
    ImageError
        When the file is not a whole, real-valued, three-dimensional volume with an orientation.
        Nothing is guessed: no affine is invented where both form codes are 0.
    """
    try:
        raw = read_raw(path)
        if len(raw.shape) != 3:
            message = f"shape {raw.dimensions}: three axes are needed"
            raise ImageError(message)  # noqa: TRY301 - the file is named in one place, below
        qform_code, sform_code = raw.codes
        return Volume(raw.array(), raw.affine, sform_code or qform_code)
    except ImageError as error:
        message = f"{path}: {error}"
        raise ImageError(message) from error


def write_labels(path: Path, labels: np.ndarray, affine: np.ndarray, *, code: int = 1) -> None:
    """Write a label map as gzip-compressed uint8 NIfTI-1 without rescaling, in mm.

    Equal arguments give equal bytes. The sform holds the affine; the qform holds the same, or has
    code 0 where the affine is sheared, which a qform can't express.

    Parameters
    ----------
    path
        Ends in ``.nii.gz``.
    labels
        uint8 ``(i, j, k)``, 0 is background.
    affine
        4x4, voxel to mm (RAS+): that of the image which was labelled.
    code
        What the space is (`Volume.code` of the image).

    Raises
    ------
    ImageError
        When `labels` is not a three-dimensional uint8 array or the affine has no volume.
    """
    _check_labels(path, labels, affine)
    header = plain_header(labels.shape, labels.dtype, affine, code=code)
    write_raw(path, header, labels.tobytes(order="F"))


def _check_labels(path: Path, labels: np.ndarray, affine: np.ndarray) -> None:
    if labels.dtype != np.uint8 or labels.ndim != 3 or labels.size == 0:
        message = f"{path}: labels are uint8 (i, j, k), got {labels.dtype} {labels.shape}"
        raise ImageError(message)
    if not str(path).endswith(".nii.gz"):
        message = f"{path}: label maps are written as .nii.gz; choose such a name"
        raise ImageError(message)
    if not has_volume(affine):
        message = f"{path}: the affine has no volume: {affine.tolist()}"
        raise ImageError(message)
