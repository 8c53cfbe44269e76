"""A NIfTI volume as it is stored: header, voxels, and what they mean in physical space."""

import gzip
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.nifti1 import Nifti1Header
from nibabel.nifti2 import Nifti2Header
from nibabel.spatialimages import HeaderDataError

from radflow.errors import ImageError
from radflow.files import replacing

HEADER_BYTES = {1: 348, 2: 540}
"""Size of the header by version of the format."""
MOST_EXTENSION_BYTES_KEPT = 1 << 20
"""How much of the header extensions is kept, to be looked through for names."""
_GZIP_LEVEL = 6
_LEAST_VOXEL_MM3 = 1e-12
_FORM_PRECISION_MM = 1e-3
_MOST_MM = 1e9


@dataclass(frozen=True)
class RawNifti:
    """A NIfTI-1 or NIfTI-2 file, read to its last byte.

    Attributes
    ----------
    header
        The header as on disk: slope, offset and codes are not normalised.
    data
        Voxels as stored: Fortran order, the file's byte order, not rescaled.
    extension_bytes
        Size of header extensions, which are never decoded; 0 where there are none.
    surplus_bytes
        Bytes behind the last voxel.
    compressed
        Whether the content is gzip, whatever the file is called.
    extensions
        The first of the bytes between header and voxels, as they stand; at most
        `MOST_EXTENSION_BYTES_KEPT`.
    """

    header: Nifti1Header
    data: bytearray
    extension_bytes: int
    surplus_bytes: int
    compressed: bool
    extensions: bytes = b""

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Extents as the header lists them, in voxels, e.g. ``(35, 51, 35, 1)``."""
        return dimensions(self.header)

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents ``(i, j, k)`` without trailing singletons, at least three axes."""
        shape = list(self.dimensions)
        while len(shape) > 3 and shape[-1] == 1:
            shape.pop()
        return tuple(shape + [1] * (3 - len(shape)))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a stored voxel, with the file's byte order."""
        return self.header.get_data_dtype()

    @property
    def codes(self) -> tuple[int, int]:
        """The codes (qform, sform); 0 means that the form says nothing."""
        return int(self.header["qform_code"]), int(self.header["sform_code"])

    @property
    def extension_codes(self) -> tuple[int, ...]:
        """What each header extension says it holds, e.g. 2 for DICOM; none where it is no list."""
        codes: list[int] = []
        place = 0
        while place + 8 <= len(self.extensions):
            size, code = struct.unpack_from(f"{self.header.endianness}ii", self.extensions, place)
            if size < 8:
                break
            codes.append(code)
            place += size
        return tuple(codes)

    def qform(self) -> np.ndarray:
        """Affine 4x4 of the qform, voxel to mm.

        Raises
        ------
        ImageError
            When quaternion or voxel sizes give no rotation and scaling.
        """
        header = self.header.copy()
        if float(header["pixdim"][0]) == 0:
            header["pixdim"][0] = 1  # the standard reads a qfac of 0 as 1
        try:
            with np.errstate(all="ignore"):
                return np.asarray(header.get_qform(), dtype=np.float64)
        except (HeaderDataError, ValueError) as error:
            message = f"the qform is no rotation: {error}"
            raise ImageError(message) from error

    def sform(self) -> np.ndarray:
        """Affine 4x4 of the sform, voxel to mm."""
        return np.asarray(self.header.get_sform(), dtype=np.float64)

    @cached_property
    def affine(self) -> np.ndarray:
        """Affine 4x4 float64, voxel to mm (RAS+): sform where it has a code, else qform.

        Raises
        ------
        ImageError
            When no form has a code, or the affine is not finite or has no volume.
        """
        qform_code, sform_code = self.codes
        if not qform_code and not sform_code:
            message = "no orientation: qform_code and sform_code are both 0"
            raise ImageError(message)
        affine = self.sform() if sform_code else self.qform()
        if not has_volume(affine):
            message = f"the affine has no volume: rows {affine[:3].tolist()}"
            raise ImageError(message)
        return affine

    @property
    def scaling(self) -> tuple[float, float] | None:
        """Slope and intercept that turn stored into real values, or None where there is none.

        Raises
        ------
        ImageError
            When the slope is a number and the intercept is not.
        """
        try:
            slope, inter = self.header.get_slope_inter()
        except HeaderDataError as error:
            message = f"the rescaling is not finite: {error}"
            raise ImageError(message) from error
        if slope is None or (slope == 1 and not inter):
            return None
        return float(slope), float(inter or 0.0)

    def array(self) -> np.ndarray:
        """Real voxel values ``(i, j, k)``: the stored type, or float64 where the file rescales."""
        stored = np.frombuffer(self.data, dtype=self.dtype).reshape(self.shape, order="F")
        native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
        scaling = self.scaling
        if scaling is None:
            return native
        slope, inter = scaling
        with np.errstate(all="ignore"):  # what overflows is infinite, as any reader finds
            return native.astype(np.float64) * slope + inter


def has_volume(affine: np.ndarray) -> bool:
    """Say whether an affine is 4x4, of sizes that exist, and gives a voxel a volume (in mm3)."""
    if affine.shape != (4, 4) or not (np.abs(affine) < _MOST_MM).all():
        return False
    return abs(float(np.linalg.det(affine[:3, :3]))) > _LEAST_VOXEL_MM3


def dimensions(header: Nifti1Header) -> tuple[int, ...]:
    """Extents as a header lists them, in voxels, e.g. ``(35, 51, 35, 1)``."""
    return tuple(int(n) for n in header["dim"][1 : 1 + int(header["dim"][0])])


def plain_header(
    shape: tuple[int, ...], dtype: np.dtype[Any], affine: np.ndarray, *, code: int
) -> Nifti1Header:
    """Make a header in mm without rescaling.

    The sform holds the affine; the qform holds the same, or has code 0 where the affine is sheared,
    which a qform can't express.

    Parameters
    ----------
    shape
        Voxels along the axes i, j, k.
    dtype
        Type of a stored voxel.
    affine
        4x4, voxel to mm (RAS+).
    code
        What the space is, as NIfTI codes it: 1 scanner, 2 aligned, 3 Talairach, 4 MNI.
    """
    header = Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(dtype)
    header.set_sform(affine, code=code)
    header.set_qform(affine, code=code, strip_shears=True)
    if not np.allclose(np.asarray(header.get_qform()), affine, rtol=0, atol=_FORM_PRECISION_MM):
        header["qform_code"] = 0
    header.set_xyzt_units("mm")
    header["scl_slope"], header["scl_inter"] = 1, 0
    header["magic"] = b"n+1"
    return header


def write_raw(path: Path, header: Nifti1Header, data: bytes | bytearray | memoryview) -> None:
    """Write header and stored voxels as gzip-compressed NIfTI: no extension, no time stamp.

    Equal arguments give equal bytes.
    """
    header = header.copy()
    version = 2 if isinstance(header, Nifti2Header) else 1
    header["vox_offset"] = HEADER_BYTES[version] + 4
    with (
        replacing(path) as temporary,
        temporary.open("wb") as target,
        gzip.GzipFile("", "wb", _GZIP_LEVEL, target, mtime=0) as stream,
    ):
        stream.write(header.binaryblock + b"\0\0\0\0")
        stream.write(data)
