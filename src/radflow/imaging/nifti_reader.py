"""The only place that opens image files: every byte is read, and refused where it is not right.

Every byte, so that damage which a lazy reader passes over (a flipped byte behind a valid header)
is found. Extensions are never decoded: code 16 is pickled Python and some readers evaluate code 38.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np
from nibabel.nifti1 import Nifti1Header
from nibabel.nifti2 import Nifti2Header
from nibabel.spatialimages import HeaderDataError

from radflow.errors import ImageError
from radflow.imaging.nifti import (
    HEADER_BYTES,
    MOST_EXTENSION_BYTES_KEPT,
    RawNifti,
    dimensions,
)

_GZIP_MAGIC = b"\x1f\x8b"
_BLOCK_BYTES = 1 << 20
_MOST_SURPLUS_BYTES = 1 << 20
_MOST_EXTENSION_BYTES = 1 << 26
_MOST_VOXELS = 4_000_000_000


class UnreadableFileError(ImageError):
    """Raised when a file is not a whole NIfTI volume; `rule` is the short name of the fault."""

    def __init__(self, *, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def read_raw(path: Path, *, most_voxels: int = _MOST_VOXELS) -> RawNifti:
    """Read one NIfTI file completely, going by its content and not by its name.

    Parameters
    ----------
    path
        Single-file NIfTI, gzip-compressed or not.
    most_voxels
        Bound that is checked before memory is taken.

    Raises
    ------
    UnreadableFileError
        When the file is missing, damaged, too large or something else; nothing is guessed.
    """
    try:
        return _read_file(path, most_voxels)
    except UnreadableFileError as error:
        raise _paired(error, path) from error
    except (OSError, EOFError, zlib.error) as error:
        raise _explained(error, path) from error


def _read_file(path: Path, most_voxels: int) -> RawNifti:
    with path.open("rb") as stream:
        magic = stream.read(2)
        stream.seek(0)
        if not magic:
            raise UnreadableFileError(rule="empty-file", message="0 bytes")
        if magic != _GZIP_MAGIC:
            return _read_stream(stream, compressed=False, most_voxels=most_voxels)
        with gzip.open(stream) as inner:
            return _read_stream(cast("IO[bytes]", inner), compressed=True, most_voxels=most_voxels)


def _explained(error: Exception, path: Path) -> UnreadableFileError:
    if isinstance(error, FileNotFoundError):
        return UnreadableFileError(rule="missing-file", message=f"{path.name} is not there")
    if isinstance(error, EOFError):
        return UnreadableFileError(rule="truncated", message=f"the gzip stream breaks off: {error}")
    if isinstance(error, (gzip.BadGzipFile, zlib.error)):
        message = f"the gzip stream is damaged: {error}"
        return UnreadableFileError(rule="damaged-gzip", message=message)
    return UnreadableFileError(rule="unreadable", message=f"{path.name} can't be read: {error}")


def _paired(error: UnreadableFileError, path: Path) -> UnreadableFileError:
    """Say of a half of a .hdr/.img pair whether the other half is there."""
    other = path.with_suffix({".hdr": ".img", ".img": ".hdr"}.get(path.suffix.lower(), ""))
    is_header = error.rule in {"pair", "analyze"} and other.suffix == ".img"
    is_voxels = error.rule == "not-nifti" and other.suffix == ".hdr"
    if not is_header and not is_voxels:
        return error
    what = str(error) if is_header else "the voxels of a .hdr/.img pair"
    there = "lies beside it" if other.is_file() else "is missing"
    rule = error.rule if is_header else "pair"
    return UnreadableFileError(rule=rule, message=f"{what}; its other half {other.name!r} {there}")


def _read_stream(stream: IO[bytes], *, compressed: bool, most_voxels: int) -> RawNifti:
    head = stream.read(HEADER_BYTES[2])
    header, header_bytes = _parse_header(head)
    extents = dimensions(header)
    voxels = math.prod(extents)
    if voxels > most_voxels:
        message = f"the header claims {extents} = {voxels} voxels, the bound is {most_voxels}"
        raise UnreadableFileError(rule="voxel-budget", message=message)
    offset = _offset(header, header_bytes)
    size = voxels * _item_bytes(header)
    head += _read_exactly(stream, max(0, offset - len(head)))
    data = bytearray(head[offset:])[:size]
    surplus = max(0, len(head) - offset - size)
    if size > len(data):
        data += _read_exactly(stream, size - len(data))
    if len(head) < offset or len(data) < size:
        message = f"{max(0, len(head) - offset, len(data))} of {size} bytes of voxels are there"
        raise UnreadableFileError(rule="short", message=message)
    surplus += _read_rest(stream)
    between = bytes(head[header_bytes + 4 : offset])
    # Bytes that no flag announces are none of the image either, unless they are mere filling.
    extended = head[header_bytes] != 0 or any(between)
    kept = between[:MOST_EXTENSION_BYTES_KEPT] if extended else b""
    return RawNifti(header, data, len(between) if extended else 0, surplus, compressed, kept)


def _parse_header(head: bytes) -> tuple[Nifti1Header, int]:
    for version, kind, magic_at in ((1, Nifti1Header, 344), (2, Nifti2Header, 4)):
        size = HEADER_BYTES[version]
        magic = head[magic_at : magic_at + 4]
        for endianness in "<>":
            if head[:4] != struct.pack(f"{endianness}i", size):
                continue
            if len(head) < size:
                message = f"{len(head)} of {size} bytes of the header are there"
                raise UnreadableFileError(rule="short", message=message)
            if magic == f"ni{version}\0".encode():
                message = "the header of a .hdr/.img pair"
                raise UnreadableFileError(rule="pair", message=message)
            if magic == f"n+{version}\0".encode():
                return _checked_header(kind, head, size, endianness), size
            if version == 1:
                raise UnreadableFileError(
                    rule="analyze", message="Analyze 7.5, which has no orientation"
                )
    start = head.lstrip()[:64].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--")):
        raise UnreadableFileError(rule="web-page", message=f"a web page, it begins {head[:40]!r}")
    raise UnreadableFileError(rule="not-nifti", message=f"no NIfTI header, it begins {head[:16]!r}")


def _checked_header(
    kind: type[Nifti1Header], head: bytes, size: int, endianness: str
) -> Nifti1Header:
    header = kind(head[:size], endianness=endianness, check=False)
    axes = int(header["dim"][0])
    if not 1 <= axes <= 7 or min(dimensions(header)) < 1:
        message = f"dim is {[int(n) for n in header['dim']]}: extents must be at least 1"
        raise UnreadableFileError(rule="bad-header", message=message)
    return header


def _offset(header: Nifti1Header, header_bytes: int) -> int:
    offset = float(header["vox_offset"])
    if not header_bytes + 4 <= offset <= _MOST_EXTENSION_BYTES or offset != int(offset):
        message = f"vox_offset is {offset:g}: voxels begin at byte {header_bytes + 4} or later"
        raise UnreadableFileError(rule="bad-header", message=message)
    return int(offset)


def _item_bytes(header: Nifti1Header) -> int:
    """Bytes of a voxel; only real numbers are volumes (no RGB, complex, bit or quad types)."""
    code = int(header["datatype"])
    try:
        dtype = header.get_data_dtype()
    except (KeyError, HeaderDataError):
        dtype = np.dtype("V")
    if dtype.kind not in "iuf" or dtype.itemsize not in (1, 2, 4, 8):
        message = (
            f"voxels of shape {dimensions(header)} are of NIfTI type {code} ({dtype}), "
            f"intent {int(header['intent_code'])}: one real number per voxel is needed"
        )
        raise UnreadableFileError(rule="voxel-type", message=message)
    return dtype.itemsize


def _read_exactly(stream: IO[bytes], size: int) -> bytearray:
    """Read up to `size` bytes in blocks, so that a lying header takes no memory."""
    data = bytearray()
    while len(data) < size and (block := stream.read(min(_BLOCK_BYTES, size - len(data)))):
        data += block
    return data


def _read_rest(stream: IO[bytes]) -> int:
    """Read to the end, which makes gzip compare its checksum; count the bytes."""
    surplus = 0
    while block := stream.read(_BLOCK_BYTES):
        surplus += len(block)
        if surplus > _MOST_SURPLUS_BYTES:
            message = f"more than {_MOST_SURPLUS_BYTES} bytes follow the last voxel"
            raise UnreadableFileError(rule="surplus-bytes", message=message)
    return surplus
