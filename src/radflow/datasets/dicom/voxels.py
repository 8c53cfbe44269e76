"""The voxels of a series: decoded, checked against what the header says of them, made real."""

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels import get_decoder
from pydicom.pixels.utils import get_j2k_parameters
from pydicom.uid import (
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
)

from radflow.datasets.checks.finding import Check, Level, Problem
from radflow.datasets.dicom.header import Header
from radflow.datasets.dicom.reading import UnreadableDicomError, read_instance, told
from radflow.datasets.dicom.stack import Plane, Stack

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_HU = (-10_000.0, 40_000.0)
"""CT numbers beyond this come of a wrong sign: metal reaches 31,000 HU in extended scales."""
_HARD_UNITS = ("CT", "PT")
_MOST_RLE_RATIO = 64.0  # two bytes give at most 128
_WITH_EXTENTS = (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes)
_JPEG_LS_FRAME = re.compile(rb"\xff\xf7..(.{5})", re.DOTALL)
"""Start of a frame: length, then precision, rows and columns (ISO 14495-1, C.2.2)."""
_SIGN = "Correct PixelRepresentation and BitsStored at the source"


@dataclass(frozen=True)
class Decoded:
    """The voxels of a series.

    Attributes
    ----------
    stack
        Its frames in order.
    stored
        Stored values ``(slice, row, column)`` in the order of the stack.
    unused
        What the bits hold that the header calls unused: the range of the values if they counted.
    disagreeing
        How many codestreams name another sign or more bits than their header.
    """

    stack: Stack
    stored: npt.NDArray[Any]
    unused: tuple[int, int] | None
    disagreeing: int

    def real(self) -> Iterator[npt.NDArray[np.float64]]:
        """Give the real values of each slice ``(row, column)``, in the modality's units."""
        for plane, values in zip(self.stack.planes, self.stored, strict=True):
            frame, header = plane.frame, plane.header
            slope = 1.0 if frame.slope is None else frame.slope
            intercept = 0.0 if frame.intercept is None else frame.intercept
            numbers = values.astype(np.float64)
            if header.photometric == "MONOCHROME1" and header.modality not in _HARD_UNITS:
                least, most = stored_range(header)
                numbers = least + most - numbers
            yield numbers * slope + intercept

    @cached_property
    def span(self) -> tuple[float, float, bool]:
        """Least and largest real value, and whether all are whole numbers."""
        each = [
            (float(values.min()), float(values.max()), bool((values == np.rint(values)).all()))
            for values in self.real()
        ]
        least, most, whole = zip(*each, strict=True)
        return min(least), max(most), all(whole)


def stored_range(header: Header) -> tuple[int, int]:
    """Give the least and the largest value that the stored bits can hold."""
    stored = header.bits[1]
    return (-(1 << stored - 1), (1 << stored - 1) - 1) if header.signed else (0, (1 << stored) - 1)


def decode(stack: Stack) -> Decoded:
    """Read and decode the voxels of a series that passed the checks of its headers.

    Raises
    ------
    UnreadableDicomError
        When voxels are missing, truncated, or of another size than the header says.
    """
    arrays: dict[int, npt.NDArray[Any]] = {}
    ranges: list[tuple[int, int]] = []
    disagreeing = 0
    for header in stack.headers:
        dataset = read_instance(header.path, pixels=True)
        try:
            disagreeing += _check_encoded(header, dataset)
            arrays[id(header)] = _decoded(header, dataset)
            ranges += _unused_bits(header, dataset)
        except UnreadableDicomError:
            raise
        except Exception as error:  # damaged voxels make a decoder raise almost anything
            raise UnreadableDicomError(rule="dicom-voxels", message=told(error)) from error
    frames = [_frame_of(arrays, plane) for plane in stack.planes]
    lowest = min((least for least, _ in ranges), default=0)
    highest = max((most for _, most in ranges), default=0)
    return Decoded(stack, np.stack(frames), (lowest, highest) if ranges else None, disagreeing)


def _frame_of(arrays: dict[int, npt.NDArray[Any]], plane: Plane) -> npt.NDArray[Any]:
    return arrays[id(plane.header)][plane.frame.index]


def _decoded(header: Header, dataset: Dataset) -> npt.NDArray[Any]:
    """Decode a file to ``(frame, row, column)``."""
    decoder = cast("Any", get_decoder(header.syntax))  # its options are typed as one
    array, _ = decoder.as_array(dataset, raw=True, allow_excess_frames=False)
    shape = (header.claimed_frames, header.rows, header.columns)
    if array.size != np.prod(shape):
        message = f"{array.size} voxels were decoded, the header says {shape}"
        raise UnreadableDicomError(rule="dicom-voxels", message=message)
    return array.reshape(shape)


def _check_encoded(header: Header, dataset: Dataset) -> int:
    """Look at voxels before memory is taken; count codestreams of another sign or depth."""
    present = [name for name in _PIXELS if name in dataset]
    if len(present) != 1:
        message = f"{len(present)} elements with voxels, one is needed: the file breaks off before"
        raise UnreadableDicomError(rule="dicom-voxels", message=message)
    size, expected = len(dataset[present[0]].value), header.voxels * header.bits[0] // 8
    least = 0.0 if dataset.file_meta.TransferSyntaxUID.is_encapsulated else float(expected)
    if header.syntax == RLELossless:
        least = expected / _MOST_RLE_RATIO
    if size < least:
        message = f"{size} bytes of voxels are there, the header asks for {expected}"
        raise UnreadableDicomError(rule="dicom-voxels", message=message)
    if header.syntax not in _WITH_EXTENTS:
        return 0
    frames = generate_frames(dataset.PixelData, number_of_frames=header.claimed_frames)
    return sum(_codestream_disagrees(header, frame) for frame in frames)


def _codestream_disagrees(header: Header, codestream: bytes) -> bool:
    """Say whether a compressed frame has another sign or more bits than its header.

    Raises
    ------
    UnreadableDicomError
        When its extents are not the header's: it could decode to any size.
    """
    if header.syntax in JPEGLSTransferSyntaxes:
        found = [struct.unpack(">BHH", match[1]) for match in _JPEG_LS_FRAME.finditer(codestream)]
        extents = {(columns, rows) for _, rows, columns in found}
        disagrees = any(precision > header.bits[1] for precision, _, _ in found)
    else:
        with Image.open(io.BytesIO(codestream)) as image:
            extents = {image.size}
        found = get_j2k_parameters(codestream)  # empty for JPEG, which has no sign
        disagrees = bool(found) and (
            bool(found["is_signed"]) != header.signed or int(found["precision"]) > header.bits[1]
        )
    if extents != {(header.columns, header.rows)}:
        shown, expected = sorted(extents)[:3], (header.columns, header.rows)
        message = f"a compressed frame has columns and rows {shown}, the header {expected}"
        raise UnreadableDicomError(rule="dicom-voxels", message=message)
    return disagrees


def _unused_bits(header: Header, dataset: Dataset) -> list[tuple[int, int]]:
    """Give the range of native voxels as if all allocated bits counted, where some do not."""
    allocated, stored, _ = header.bits
    native = not dataset.file_meta.TransferSyntaxUID.is_encapsulated
    if not native or header.overlays or header.floating or stored == allocated:
        return []
    order = "<" if cast("Any", dataset).original_encoding[1] else ">"
    kind = np.dtype(f"{order}{'i' if header.signed else 'u'}{allocated // 8}")
    words = np.frombuffer(dataset.PixelData, kind, count=header.voxels)
    return [(int(words.min()), int(words.max()))]


def _unused(decoded: Decoded) -> Problem | None:
    """Refuse values outside the stored bits: read with the wrong sign, or a wrong BitsStored."""
    if decoded.unused is None:
        return None
    least, most = decoded.unused
    bounds = [stored_range(header) for header in decoded.stack.headers]
    lowest, highest = min(low for low, _ in bounds), max(high for _, high in bounds)
    if lowest <= least and most <= highest:
        return None
    message = f"stored values {least} to {most} do not fit the header's {lowest} to {highest}"
    return Problem(Level.QUAR, message, _SIGN)


def _codestreams(decoded: Decoded) -> Problem | None:
    if not decoded.disagreeing:
        return None
    message = f"{decoded.disagreeing} compressed frames have another sign or depth than the header"
    return Problem(Level.QUAR, message, _SIGN)


def _hounsfield(decoded: Decoded) -> Problem | None:
    if decoded.stack.headers[0].modality != "CT":
        return None
    least, most, _ = decoded.span
    if _HU[0] <= least and most <= _HU[1]:
        return None
    message = f"CT numbers of {least:g} to {most:g} HU, possible are {_HU[0]:g} to {_HU[1]:g}"
    return Problem(Level.QUAR, message, _SIGN)


VOXEL_CHECKS: tuple[Check[Decoded], ...] = (
    Check("dicom-sign", 41, "values do not fit the header", _unused),
    Check("dicom-codestream", 41, "values do not fit the header", _codestreams),
    Check("dicom-range", 41, "impossible CT numbers", _hounsfield),
)
